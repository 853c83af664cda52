"""What cannot be written as BTF, or what the kernel would not load; type by type.

The format's own bounds are in ``include/uapi/linux/btf.h``; what the kernel asks
for beyond them is what the ``*_check_meta`` and ``*_resolve`` functions of
``kernel/bpf/btf.c`` (6.18) refuse.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from uapigen.ir.references import references
from uapigen.ir.types import (
    Array,
    DeclTag,
    Enum,
    Float,
    Forward,
    Func,
    FuncProto,
    Int,
    Pointer,
    Qualifier,
    Section,
    Struct,
    Type,
    Typedef,
    TypeId,
    TypeTag,
    Union,
    Unknown,
    Var,
    Void,
)

__all__ = ["described", "refused", "without"]

_MAX_NAME = 1024
"""Bytes, of our own reader (``strings.py``)."""
_MAX_KERNEL_NAME = 512
"""``KSYM_NAME_LEN`` (``__btf_name_valid``)."""
_MAX_VLEN = 0xFFFFFF
_MAX_KERNEL_VLEN = 0xFFFF
_MAX_WORD = 0xFFFFFFFF
_MAX_FIELD_OFFSET = 0xFFFFFF
_MAX_CHAIN = 32
"""Typedefs and qualifiers in a row (``btf_check_type_tags``)."""
_FLOAT_SIZES = (2, 4, 8, 12, 16)
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_SECTION_NAME = re.compile(r"[A-Za-z_.][\w.]*", re.ASCII)
_TAGGED = (Struct, Union, Func, Var, Typedef)
_ALIASES = (Typedef, Qualifier, TypeTag)
_SIZED = (Int, Float, Enum, Pointer, Struct, Union, Array)

Nodes = Mapping[TypeId, Type]


def refused(nodes: Nodes, *, loadable: bool) -> dict[TypeId, str]:
    """What cannot be written, with the reason; also what embeds such a type.

    ``loadable``: or what the kernel would refuse. ``nodes`` refer to each other
    by their ids; 0 is void.
    """
    found: dict[TypeId, str] = {}
    for type_id, node in nodes.items():
        problem = _beyond_format(node)
        if not problem and loadable:
            problem = _beyond_kernel(node, nodes)
        if problem:
            found[type_id] = problem
    if loadable:
        for type_id in _on_circles(nodes, (Struct, Union, Array, FuncProto, *_ALIASES)):
            found.setdefault(type_id, "contains itself by value")
        for type_id in _on_circles(nodes, (Pointer, *_ALIASES)):
            found.setdefault(type_id, "is a pointer to itself")
    if found:
        _spread(nodes, found)
    return found


def without(nodes: Nodes, dropped: Mapping[TypeId, str]) -> dict[TypeId, Type]:
    """The nodes that are left: pointers to what is dropped point to void."""
    if not dropped:
        return dict(nodes)
    left: dict[TypeId, Type] = {}
    for type_id, node in nodes.items():
        if type_id in dropped:
            continue
        if isinstance(node, Pointer) and node.target in dropped:
            node = Pointer(0)
        elif isinstance(node, Section):
            node = node._replace(vars=tuple([v for v in node.vars if v.var not in dropped]))
        left[type_id] = node
    return left


def described(node: Type, type_id: TypeId) -> str:
    """A type by its C name, where it has one."""
    name = getattr(node, "name", "")
    if not name:
        return f"type {type_id}"
    if isinstance(node, (Struct, Union, Enum)):
        return f"{type(node).__name__.lower()} {name}"
    return f"{node.keyword} {name}" if isinstance(node, Forward) else str(name)


def _spread(nodes: Nodes, found: dict[TypeId, str]) -> None:
    """Add what cannot be without a refused type: all that refers to it but by a pointer."""
    users: dict[TypeId, list[TypeId]] = {}
    for type_id, node in nodes.items():
        if not isinstance(node, (Pointer, Section)):
            for target in references(node):
                users.setdefault(target, []).append(type_id)
    todo = list(found)
    while todo:
        target = todo.pop()
        for user in users.get(target, ()):
            if user not in found:
                found[user] = f"needs {described(nodes[target], target)}: {found[target]}"[:300]
                todo.append(user)


def _on_circles(nodes: Nodes, kinds: tuple[type, ...]) -> list[TypeId]:
    """On each way from a type to itself over types of these kinds, one of them."""
    state: dict[TypeId, bool] = {}  # False: what it refers to is being looked at
    found = []
    for root in nodes:
        todo = [root]
        while todo:
            type_id = todo[-1]
            if type_id in state or not isinstance(nodes.get(type_id), kinds):
                if state.get(type_id) is False:
                    state[type_id] = True
                todo.pop()
                continue
            state[type_id] = False
            for target in references(nodes[type_id]):
                if state.get(target) is False:
                    found.append(type_id)
                elif target not in state:
                    todo.append(target)
    return found


# What the format can hold


def _beyond_format(node: Type) -> str:
    name = getattr(node, "name", "")
    if "\0" in name or len(name.encode("utf-8", "backslashreplace")) > _MAX_NAME:
        return "BTF has no such name"
    check = _FORMAT.get(type(node))
    return check(node) if check else ""


def _composite(node: Struct | Union) -> str:
    if len(node.members) > _MAX_VLEN or node.byte_size > _MAX_WORD:
        return "is larger than BTF can say"
    bitfields = any(member.bit_width for member in node.members)
    last = _MAX_FIELD_OFFSET if bitfields else _MAX_WORD
    for member in node.members:
        if not 0 <= member.bit_offset <= last or not 0 <= member.bit_width <= 255:
            return f"BTF cannot say where member {member.name or '(anonymous)'} lies"
        if problem := _inner_name(member.name):
            return problem
    return ""


def _enum(node: Enum) -> str:
    if len(node.enumerators) > _MAX_VLEN:
        return "is larger than BTF can say"
    low, high = (-(1 << 63), 1 << 63) if node.signed else (0, 1 << 64)
    for name, value in node.enumerators:
        if not low <= value < high:
            return f"BTF has no constant of {value}"
        if problem := _inner_name(name):
            return problem
    return ""


def _proto(node: FuncProto) -> str:
    problems = [_inner_name(param.name) for param in node.params]
    if node.params and node.params[-1] == ("", 0):
        return "its last parameter would be read as an ellipsis"
    return next(filter(None, problems), "")


def _inner_name(name: str) -> str:
    return "BTF has no such name as one in it has" if "\0" in name or len(name) > _MAX_NAME else ""


def _forward(node: Forward) -> str:
    return "is a name without a declaration" if node.keyword == "typedef" else ""


_FORMAT: dict[type, Callable[..., str]] = {
    Struct: _composite,
    Union: _composite,
    Enum: _enum,
    FuncProto: _proto,
    Forward: _forward,
    Unknown: lambda node: f"is of a kind ({node.kind}) that is not known",
    Array: lambda node: "" if node.nelems <= _MAX_WORD else "has more elements than BTF can say",
}


# What the kernel refuses


def _beyond_kernel(node: Type, nodes: Nodes) -> str:
    name = getattr(node, "name", "")
    pattern = _SECTION_NAME if isinstance(node, (Section, Var)) else _NAME
    free = isinstance(node, (Int, Float, TypeTag, DeclTag))
    if (name and not free) or isinstance(node, (Typedef, Forward, Func, Var, Section)):
        if not pattern.fullmatch(name):
            return "the kernel takes identifiers only"
        if len(name) > _MAX_KERNEL_NAME:
            return "the kernel takes no name that long"
    check = _KERNEL.get(type(node))
    return check(node, nodes) if check else ""


def _end(nodes: Nodes, type_id: TypeId) -> Type:
    """What is behind typedefs and qualifiers; void also where they have no end."""
    for _ in range(_MAX_CHAIN):
        node = nodes.get(type_id, Void())
        if not isinstance(node, _ALIASES):
            return node
        type_id = node.target
    return Void()


def _kernel_composite(node: Struct | Union, nodes: Nodes) -> str:
    if len(node.members) > _MAX_KERNEL_VLEN:
        return "has more members than the kernel takes"
    for name, target, bit_offset, bit_width in node.members:
        shown = name or "(anonymous)"
        if name and not _NAME.fullmatch(name):
            return f"member {shown}: the kernel takes identifiers only"
        end = _end(nodes, target)
        if not isinstance(end, _SIZED):
            return f"member {shown} is of a type without a size"
        if isinstance(node, Union) and bit_offset:
            return f"member {shown} is not at the union's start"
        bits = bit_width or (8 * end.byte_size if isinstance(end, (Int, Float, Enum)) else 0)
        if bit_offset + bits > 8 * node.byte_size:
            return f"member {shown} ends behind the type"
        if bit_width and not isinstance(end, (Int, Enum)):
            return f"bitfield {shown} is of no integer type"
        if isinstance(end, (Int, Enum)) and bit_width > (
            32 if isinstance(end, Enum) else 8 * end.byte_size
        ):
            return f"bitfield {shown} is wider than its type"
        if bit_offset % 8 and not bit_width:
            return f"member {shown} starts inside a byte"
        if bit_width and bit_offset % 8 + bit_width > 128:
            return f"bitfield {shown} is wider than the kernel takes"
    return ""


def _kernel_enum(node: Enum, _nodes: Nodes) -> str:
    if len(node.enumerators) > _MAX_KERNEL_VLEN:
        return "has more constants than the kernel takes"
    if node.byte_size not in (1, 2, 4, 8):
        return f"an enum of {node.byte_size} bytes"
    odd = next((name for name, _ in node.enumerators if not _NAME.fullmatch(name)), None)
    return "" if odd is None else f"{odd!r}: the kernel takes identifiers only"


def _kernel_array(node: Array, nodes: Nodes) -> str:
    if not isinstance(_end(nodes, node.element), _SIZED):
        return "its elements are of a type without a size"
    return "is too large for the kernel" if _size(nodes, node) > _MAX_WORD else ""


def _size(nodes: Nodes, node: Type) -> int:
    """In bytes; of arrays of arrays, the product."""
    count = 1
    for _ in range(_MAX_CHAIN):
        if not isinstance(node, Array):
            break
        count *= node.nelems
        node = _end(nodes, node.element)
    return count * (node.byte_size if isinstance(node, (Struct, Union, Int, Float, Enum)) else 8)


def _kernel_proto(node: FuncProto, nodes: Nodes) -> str:
    if len(node.params) > _MAX_KERNEL_VLEN:
        return "has more parameters than the kernel takes"
    if node.returns and not isinstance(_end(nodes, node.returns), _SIZED):
        return "what it returns has no size"
    for name, target in node.params:
        if not isinstance(_end(nodes, target), _SIZED):
            return f"parameter {name or '(unnamed)'} is of a type without a size"
        if name and not _NAME.fullmatch(name):
            return f"parameter {name!r}: the kernel takes identifiers only"
    return ""


def _kernel_func(node: Func, nodes: Nodes) -> str:
    if node.linkage == "extern":
        return "the kernel takes no function that is defined elsewhere"
    proto = nodes.get(node.proto)
    if not isinstance(proto, FuncProto):
        return "is a function without a function's type"
    return "" if all(p.name for p in proto.params) else "has a parameter without a name"


def _kernel_var(node: Var, nodes: Nodes) -> str:
    if node.linkage == "extern":
        return "the kernel takes no variable that is defined elsewhere"
    return "" if isinstance(_end(nodes, node.type), _SIZED) else "is of a type without a size"


def _kernel_section(node: Section, nodes: Nodes) -> str:
    if not node.byte_size:
        return "has no size before it is linked"
    end = 0
    for var, byte_offset, byte_size in node.vars:
        if not isinstance(nodes.get(var), Var):
            return "holds something else than variables"
        if not byte_size or byte_offset < end or byte_offset + byte_size > node.byte_size:
            return "its variables overlap, have no size or lie outside of it"
        end = byte_offset + byte_size
    return ""


def _kernel_decl_tag(node: DeclTag, nodes: Nodes) -> str:
    target = nodes.get(node.target)
    if not node.name or not isinstance(target, _TAGGED):
        return "tags something that the kernel takes no tag of"
    if isinstance(target, Func):
        target = nodes.get(target.proto)
    count = (
        len(target.members)
        if isinstance(target, (Struct, Union))
        else len(target.params)
        if isinstance(target, FuncProto)
        else 0
    )
    return "" if node.component < count else "tags a component that is not there"


def _kernel_reference(node: Pointer | Typedef | Qualifier | TypeTag, nodes: Nodes) -> str:
    is_type = not isinstance(nodes.get(node.target), (Func, Var, Section, DeclTag))
    return "" if is_type else "refers to something that is no type"


def _kernel_type_tag(node: TypeTag, nodes: Nodes) -> str:
    return _kernel_reference(node, nodes) if node.name else "is a tag without a text"


_KERNEL: dict[type, Callable[..., str]] = {
    Pointer: _kernel_reference,
    Typedef: _kernel_reference,
    Qualifier: _kernel_reference,
    Struct: _kernel_composite,
    Union: _kernel_composite,
    Enum: _kernel_enum,
    Array: _kernel_array,
    FuncProto: _kernel_proto,
    Func: _kernel_func,
    Var: _kernel_var,
    Section: _kernel_section,
    DeclTag: _kernel_decl_tag,
    TypeTag: _kernel_type_tag,
    Float: lambda node, _: (
        "" if node.byte_size in _FLOAT_SIZES else "is of a size that no float has"
    ),
}

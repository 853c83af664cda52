"""Type stubs: what an editor completes and a type checker accepts.

A stub needs names and kinds but no layout, so it can be made beside the tables;
types that turned out to have no layout (``Plan.failed``) are left out.

A stub's class has the members as annotations. Inside a class body an
annotation that names a type is looked up among the members first, so a type
whose name is also a member's is reached by an alias, ``_t_name``.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Collection, Container, Iterable, Sequence
from enum import EnumMeta, IntEnum

from uapigen.emit.support.names import attribute_name
from uapigen.emit.text import LINE_LENGTH, assigned, bracketed, class_line
from uapigen.ir.graph import resolve
from uapigen.ir.naming import keyword_of
from uapigen.ir.types import (
    Array,
    Enum,
    Float,
    Int,
    Member,
    Pointer,
    Qualifier,
    Struct,
    Typedef,
    TypeId,
    TypeTag,
    Union,
)
from uapigen.layout.plan import Plan, scalar_code

__all__ = ["StubNames", "api_stub", "constants_stub", "is_free", "types_stub"]

_SCALAR_STUBS = {"f": "Float", "b": "Bool", "c": "Char", "C": "Char", "i": "Int", "u": "Int"}


_MAX_REACHED = 1 << 19
"""Members reached through unnamed ones, in a whole stub, each time; 22,000 in a kernel's.

A few of them that contain each other twice have any number. A class behind the
last one lets a checker accept any member.
"""


class _Stubs:
    """Stub texts for one plan; remembers how each type is annotated."""

    def __init__(
        self,
        plan: Plan,
        prefix: str,
        foreign: Callable[[TypeId], str] | None = None,
        names: StubNames | None = None,
    ) -> None:
        self.plan = plan
        self.foreign = foreign
        self.graph = plan.graph
        self.prefix = prefix
        self.names = names or StubNames(plan)
        self.aliased: set[str] = set()
        self.types = {*self.names.records.values()}
        self.texts = _Made(self._text)
        self.bits = _Made(self._bits)
        self._arguments: dict[TypeId, str] = {}
        self._attributes = _Attributes()
        self._plain: set[str] = set()
        self._reached = 0

    def _text(self, type_id: TypeId) -> str:
        """A member's annotation; notes the record that it names."""
        kind, argument = self._annotate(type_id)
        if not argument:
            return f"{self.prefix}{kind}"
        innermost = argument.rpartition("[")[2].rstrip("]")
        if not innermost.startswith(self.prefix):
            self._arguments[type_id] = innermost
        return f"{self.prefix}{kind}[{argument}]"

    def _bits(self, type_id: TypeId) -> str:
        kind, _ = self._annotate(type_id)
        return f"{self.prefix}{'BoolBits' if kind == 'Bool' else 'Bits'}"

    def _annotate(self, type_id: TypeId) -> tuple[str, str]:
        target = resolve(self.graph, type_id)
        node = self.graph.nodes[target]
        if isinstance(node, (Struct, Union)):
            return "Sub", self._record(target)
        if isinstance(node, Enum):
            return "Int", ""
        if isinstance(node, (Int, Float)):
            code = scalar_code(node)
            # A long double reads as a float only on a machine that has the same.
            return "Value" if code == "f" and node.byte_size > 8 else _SCALAR_STUBS[code], ""
        if isinstance(node, Pointer):
            pointee = self.graph.nodes[self._behind(node.target)]
            named = isinstance(pointee, (Struct, Union))
            return "Ptr", self._record(self._behind(node.target) if named else 0)
        if isinstance(node, Array):
            return self._array(node)
        return "Value", ""

    def _array(self, node: Array) -> tuple[str, str]:
        inner, argument = self._annotate(node.element)
        if inner == "Char":
            return "Chars", ""
        if inner == "Sub":
            return "Items", argument
        if argument:
            return "Items", f"{self.prefix}{_ELEMENTS[inner]}[{argument}]"
        return "Items", f"{self.prefix}{_ELEMENTS.get(inner, 'Any')}"

    def _behind(self, type_id: TypeId) -> TypeId:
        for _ in range(64):
            node = self.graph.nodes[type_id]
            if not isinstance(node, (Typedef, Qualifier, TypeTag)):
                break
            type_id = node.target
        return type_id

    def _record(self, type_id: TypeId) -> str:
        """The name of a struct or union in the stub, or ``Any``."""
        keys = self.plan.keys
        key = keys.of.get(keys.same.get(type_id, type_id))
        name = self.names.records.get(key, "") if key else ""
        if not name and self.foreign is not None:
            name = self.foreign(type_id) if type_id else ""
        return name if is_free(name, ()) else f"{self.prefix}Any"

    def members(self, members: Sequence[Member], own: set[str]) -> list[str]:
        """Annotated members of a record, those of its anonymous parts among them.

        ``own``: the names of the record around them all.
        """
        texts, bits, attributes = self.texts, self.bits, self._attributes
        if own.isdisjoint(self.types) and self._are_plain({member[0] for member in members}):
            lines = [
                f"    {name}: {bits[t] if width else texts[t]}\n" for name, t, _, width in members
            ]
            if max(map(len, lines), default=0) <= LINE_LENGTH + 1:
                return lines
        checked = [
            line
            for member in members
            for line in self._checked(
                member,
                f"    {attributes[member[0]]}: {(bits if member[3] else texts)[member[1]]}\n",
                own,
            )
        ]
        # A member ``from_`` beside ``from``, whose attribute would be the same.
        by_name: dict[str, str] = {}
        for line in checked:
            attribute = line.partition(":")[0]
            if attribute not in by_name or attribute.strip() in own:
                by_name[attribute] = line
        return list(by_name.values())

    def _are_plain(self, names: set[str]) -> bool:
        """Whether all are names, of attributes that are called the same."""
        if names <= self._plain:
            return True
        if "" in names or any(self._attributes[name] != name for name in names):
            return False
        self._plain |= names
        return True

    def _checked(self, member: Member, line: str, own: set[str]) -> list[str]:
        """A member's line made right in the cases that need a closer look."""
        if not member.name:
            lines = self.members(self._inner(member), own)
            self._reached += len(lines)
            return lines
        if not self._attributes[member.name]:
            return []  # only getattr() reaches it
        argument = self._arguments.get(member.type, "")
        if argument in own and not member.bit_width:
            self.aliased.add(argument)
            line = line.replace(f"[{argument}]", f"[_t_{argument}]")
        if len(line) > LINE_LENGTH + 1:
            line = bracketed(line.strip(), 4)
        return [line]

    def _inner(self, member: Member) -> Sequence[Member]:
        """The members reached through an unnamed one; none through padding."""
        node = self.graph.nodes[resolve(self.graph, member.type)]
        if member.bit_width or not isinstance(node, (Struct, Union)):
            return ()
        self._reached += 1 + len(node.members)
        return node.members if self._reached < _MAX_REACHED else ()

    def record(self, node: Struct | Union, name: str) -> str:
        """The class of a struct or union."""
        own = {member[0] for member in node.members}
        if unnamed := "" in own:
            own = self._own_names(node.members)
        lines = self.members(node.members, own)
        if unnamed and self._reached >= _MAX_REACHED:
            lines.append(f"    __getattr__: {self.prefix}Any  # type: ignore\n")
        base = f"{self.prefix}{'Struct' if isinstance(node, Struct) else 'Union'}"
        head = class_line(name, [base])
        if not lines:
            if len(head) + len(" ...") > LINE_LENGTH + 1:
                head = f"class {name}(\n    {base}\n):\n"
            return f"{head[:-1]} ...\n"
        return head + "".join(lines)

    def _own_names(self, members: Sequence[Member]) -> set[str]:
        names = set()
        for member in members:
            if member.name:
                names.add(member.name)
            else:
                names |= self._own_names(self._inner(member))
        return names


class _Made(dict[TypeId, str]):
    """Annotations by type id, made when first asked for."""

    def __init__(self, make: Callable[[TypeId], str]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, type_id: TypeId) -> str:
        text = self[type_id] = self._make(type_id)
        return text


class _Attributes(dict[str, str]):
    """A member's attribute in a stub, or "" for one that only getattr() reaches."""

    def __missing__(self, name: str) -> str:
        attribute = f"{name}_" if keyword.iskeyword(name) else attribute_name(name)
        if not (attribute.isidentifier() and attribute.isascii()):
            attribute = ""
        self[name] = attribute
        return attribute


# What an array's elements read as, by the annotation of such a member.
_ELEMENTS = {"Int": "int", "Bool": "bool", "Float": "float", "Ptr": "Pointer", "Items": "Array"}


# What an IntEnum class has already.
_ENUM_OWN = frozenset([*dir(IntEnum), *dir(EnumMeta), "name", "value"])
# Whether a name is a plain word is seen at once of all those that start with a letter.
_UNCOMMON = re.compile(r"^(?![A-Za-z]\w*$).*$", re.ASCII | re.MULTILINE)
_KEYWORDS = frozenset(keyword.kwlist)
OPS = "ops"
"""The module or attribute with the interfaces of operation tables."""
# A package's own names; a C name that is one of them is reached by ctype() alone.
_API = {
    "__abi__": "Abi",
    "ctype": "Ctype",
    "asdict": "Asdict",
    "flexible": "Flexible",
    "functions": "Functions",
    "variables": "Variables",
}


class StubNames:
    """Names in a stub's one namespace: typedefs first, then records, enums, constants."""

    def __init__(self, plan: Plan) -> None:
        self.typedefs = plan.typedefs
        taken = {name for name in self.typedefs if name.isidentifier()} | _API.keys() | {OPS}
        self.records: dict[str, str] = {}
        self.enums: dict[str, str] = {}
        nodes, failed = plan.graph.nodes, plan.failed
        for type_id, key in plan.keys.of.items():
            if type_id in failed:
                continue
            node = nodes[type_id]
            names = self.enums if isinstance(node, Enum) else self.records
            name = key
            if key in taken:
                word = keyword_of(node)  # type: ignore[arg-type]
                if self.typedefs.get(key) != f"{word} {key}":
                    name = f"{word}_{key}"
            names[key] = name
            taken.add(name)
        self.taken = taken


def api_stub(prefix: str) -> str:
    """The names that all bindings have."""
    return "".join(f"{name}: {prefix}{kind}\n" for name, kind in _API.items())


def constants_stub(
    plan: Plan, prefix: str, api: str | None = None, names: StubNames | None = None
) -> str:
    """The package's own names, the constants and the enums.

    ``prefix`` stands before the names of ``typing.pyi``; ``api`` is what is said
    of the package's own names, if that is something else than what they are.
    """
    names = names or StubNames(plan)
    lines = [api_stub(prefix) if api is None else api]
    constants, ioctls = plan.constants, plan.ioctl_arguments
    left_out = (names.taken | _API.keys()) & constants.keys() | _unsayable(constants)
    for name in sorted(constants):
        value = constants[name]
        if name not in left_out and not isinstance(value, tuple):
            kind = f"{prefix}{'Ioctl' if name in ioctls else type(value).__name__}"
            line = f"{name}: {kind}\n"
            if len(line) > LINE_LENGTH + 1:
                line = assigned(f"{name}: ", kind)
            lines.append(line)
    # Type checkers take _x_ for Python's own and __x for a private name.
    left_out = _unsayable(constants) | _ENUM_OWN
    left_out |= {n for n in constants if n[:1] == "_" and (n[:2] == "__" or n[-1:] == "_")}
    blocks = []
    for enum in plan.enums():
        enum_name = names.enums[enum.key]
        if not is_free(enum_name, ()):
            continue
        members = [
            f"    {name} = {value}\n" for name, value in enum.enumerators if name not in left_out
        ]
        if members:
            blocks.append(class_line(enum_name, [f"{prefix}Enum"]) + "".join(members))
        else:
            blocks.append(assigned(f"{enum_name}: ", f"{prefix}Any"))
    return "\n".join(part for part in ("".join(lines), _blocks(blocks)) if part)


def types_stub(
    plan: Plan,
    prefix: str,
    foreign: Callable[[TypeId], str] | None = None,
    names: StubNames | None = None,
) -> str:
    """The structs, unions and typedefs; goes behind ``constants_stub``.

    ``foreign`` gives the name of a struct or union that is not the plan's, or "".
    """
    stubs = _Stubs(plan, prefix, foreign, names)
    names, nodes = stubs.names, plan.graph.nodes
    blocks = []
    unsayable = _unsayable(names.records.values())
    for key, type_id in sorted((key, i) for i, key in plan.keys.of.items()):
        node = nodes[type_id]
        if isinstance(node, (Struct, Union)) and type_id not in plan.failed:
            name = names.records[key]
            if name not in unsayable:
                blocks.append(stubs.record(node, name))
    typedefs = _typedef_lines(stubs, prefix)
    aliases = [assigned(f"_t_{name} = ", name) for name in sorted(stubs.aliased)]
    return "\n".join(part for part in (_blocks(blocks), "".join(typedefs + aliases)) if part)


def _unsayable(names: Collection[str]) -> set[str]:
    """Those names that a stub cannot say at all: ``is_free`` for many at once."""
    text = "\n".join(names)
    if text.count("\n") != len(names) - 1:
        looked_at: Iterable[str] = names  # a name of several lines
    else:
        looked_at = [*_UNCOMMON.findall(text), *_KEYWORDS.intersection(names)]
    return {name for name in looked_at if not is_free(name, ())}


def is_free(name: str, taken: Container[str]) -> bool:
    """Whether a stub can say the name: a word, not Python's own (``__doc__``), not taken."""
    return (
        name.isidentifier()
        and not keyword.iskeyword(name)
        and not (name[:2] == "__" == name[-2:])
        and name not in taken
    )


def _typedef_lines(stubs: _Stubs, prefix: str) -> list[str]:
    """Typedefs of records and enums as aliases, of anything else as ctypes' types."""
    lines = []
    names = stubs.names
    for name, c_type in sorted(names.typedefs.items()):
        if not is_free(name, _API) or name == OPS:
            continue
        target = _final_target(names.typedefs, c_type)
        word, _, key = target.partition(" ")
        found = (names.enums if word == "enum" else names.records).get(key) if key else None
        undefined = not found and word in ("struct", "union", "enum") and key.isidentifier()
        if found == name or undefined:
            continue
        if found:
            lines.append(assigned(f"{name} = ", found))
        else:
            lines.append(assigned(f"{name}: ", f"{prefix}Any"))
    return lines


def _final_target(typedefs: dict[str, str], c_type: str) -> str:
    for _ in range(64):
        if c_type not in typedefs:
            break
        c_type = typedefs[c_type]
    return c_type


def _blocks(parts: Iterable[str]) -> str:
    """Classes as black sets them in a stub: blank lines around those with a body."""
    text: list[str] = []
    previous_short = True
    for part in parts:
        short = part.count("\n") == 1
        if text and not (short and previous_short):
            text.append("\n")
        text.append(part)
        previous_short = short
    return "".join(text)

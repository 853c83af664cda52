"""C that calls every function pointer of tables, and C that stands behind every one.

For each member there are two functions. ``drive_N(table, at, first, result)`` calls
``table->member`` with arguments whose bytes are ``first``, ``first + 1`` and so on, argument by
argument, and copies what it returns to ``result``. ``implement_N(at)`` gives a table with a
function behind that member alone, which copies its arguments to ``seen``, one behind the other,
and returns what ``answer`` says. The types are C declarations that uapigen made, which hold
themselves against the source by asserts.

What the arguments and results must look like in Python is told from the source's types (``Facts``),
without asking the code that is tested.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from conftest import require

from uapigen.emit.c_declarations import CDeclarations, c_declarations
from uapigen.emit.c_names import member_name
from uapigen.ir.graph import TypeGraph, resolve
from uapigen.ir.types import (
    Array,
    Enum,
    Float,
    FuncProto,
    Int,
    Pointer,
    Struct,
    TypeId,
    Union,
    Void,
)
from uapigen.layout.records import Layout
from uapigen.sources import Opened

__all__ = ["Facts", "compile_program", "facts_of"]

Facts = dict[str, Any]
"""Of a table or member, for JSON: another Python reads it."""

_PRELUDE = """\
#define EXPORT __attribute__((visibility("default")))
#define memcpy __builtin_memcpy
#define memset __builtin_memset

EXPORT unsigned char seen[1 << 16];
/* What a result is filled with; or the negative error that it is, if that is not 0. */
EXPORT unsigned char answer;
EXPORT int given_error;

"""


class _Pointer(NamedTuple):
    """A function pointer of a table."""

    name: str
    byte_offset: int
    proto: FuncProto
    count: int | None


def compile_program(opened: Opened, tables: dict[str, TypeId], directory: Path) -> list[Facts]:
    """``program.so`` with both functions for each member of these tables; the facts."""
    require("gcc")
    graph = opened.graph
    pointers = {name: list(_pointers(graph, type_id)) for name, type_id in tables.items()}
    protos = [pointer.proto for found in pointers.values() for pointer in found]
    values = {t for p in protos for t in (p.returns, *(param.type for param in p.params))}
    made = c_declarations(graph, opened.model, [*tables.values(), *sorted(values - {0})])
    assert made.failures == []
    parts, facts = [made.text, _PRELUDE], []
    for name, type_id in tables.items():
        table, instance = made.names[type_id], f"table_{len(parts)}"
        parts.append(f"static {table} {instance};\n")
        members = []
        for pointer in pointers[name]:
            member = {"name": pointer.name, "offset": pointer.byte_offset, "count": pointer.count}
            member |= facts_of(opened, pointer.proto)
            if not member["variadic"]:
                member["number"] = number = len(parts)
                parts.append(_functions(made, table, instance, pointer, member, number))
            members.append(member)
        facts.append({"name": name, "members": members})
    source, library = directory / "program.c", directory / "program.so"
    source.write_text("".join(parts), encoding="utf-8")
    flags = ["-std=gnu11", "-O0", "-w", "-fPIC", "-shared", "-fvisibility=hidden", "-ffreestanding"]
    done = subprocess.run(
        ["gcc", *flags, source, "-o", library], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[:3000]
    return facts


def _pointers(graph: TypeGraph, type_id: TypeId, begin: int = 0) -> Iterator[_Pointer]:
    """The function pointers of a struct, those in unnamed parts and in arrays among them."""
    node = graph[type_id]
    assert isinstance(node, (Struct, Union))
    for member in node.members:
        byte_offset = begin + member.bit_offset // 8
        target = resolve(graph, member.type)
        inner = graph[target]
        if not member.name and isinstance(inner, (Struct, Union)):
            yield from _pointers(graph, target, byte_offset)
            continue
        count = None
        if isinstance(inner, Array) and inner.nelems:
            count = inner.nelems
            inner = graph[resolve(graph, inner.element)]
        if isinstance(inner, Pointer):
            proto = graph[resolve(graph, inner.target)]
            if isinstance(proto, FuncProto):
                yield _Pointer(member.name, byte_offset, proto, count)


def _functions(
    made: CDeclarations, table: str, instance: str, pointer: _Pointer, facts: Facts, number: int
) -> str:
    """The two functions of a member."""
    types = [f"__typeof__({made.names[param.type]})" for param in pointer.proto.params]
    names = [f"a{at}" for at in range(len(types))]
    arguments = list(zip(types, names, facts["arguments"], strict=True))
    returns = (
        f"__typeof__({made.names[pointer.proto.returns]})" if pointer.proto.returns else "void"
    )
    member = member_name(pointer.name) + ("" if pointer.count is None else "[at]")
    listed = ", ".join(f"{c_type} {name}" for c_type, name, _ in arguments) or "void"
    lines = [f"EXPORT void drive_{number}({table} *table, unsigned at, unsigned char first,"]
    lines += ["\tvoid *result)", "{"]
    for at, (c_type, name, value) in enumerate(arguments):
        lines += [f"\t{c_type} {name};", _filled(name, value, f"first + {at}")]
    call = f"table->{member}({', '.join(names)})"
    if pointer.proto.returns:
        lines += [f"\t{returns} r = {call};", "\tmemcpy(result, &r, sizeof(r));"]
    else:
        lines.append(f"\t{call};")
    lines += ["}", f"static {returns} behind_{number}({listed})", "{"]
    lines.append("\tunsigned char *to = seen;")
    lines += [f"\tmemcpy(to, &{n}, sizeof({n})), to += sizeof({n});" for n in names]
    if pointer.proto.returns:
        lines += [f"\t{returns} r;", _filled("r", facts["returns"], "answer")]
        if facts["returns"]["kind"] in ("int", "pointer"):
            lines.append(f"\tif (given_error) r = ({returns})(long)given_error;")
        lines.append("\treturn r;")
    lines += ["}", f"EXPORT void *implement_{number}(unsigned at)", "{"]
    lines.append(f"\tmemset(&{instance}, 0, sizeof({instance}));")
    lines.append(f"\t*(void **)&{instance}.{member} = behind_{number};  /* const, in some */")
    lines += [f"\treturn &{instance};", "}", ""]
    return "\n".join(lines)


def _filled(name: str, value: Facts, byte: str) -> str:
    """Give a variable bytes that are all the same; a ``_Bool`` may only be 0 or 1."""
    byte = f"({byte}) & 1" if value["kind"] == "bool" else byte
    return f"\tmemset((void *)&{name}, {byte}, sizeof({name}));"


# Facts


def facts_of(opened: Opened, proto: FuncProto) -> Facts:
    """What the arguments and the result of a prototype are."""
    layout = Layout(opened.graph, opened.model)
    values = [
        _value(opened.graph, layout, t) for t in (proto.returns, *(p.type for p in proto.params))
    ]
    return {"returns": values[0], "arguments": values[1:], "variadic": proto.variadic}


def _value(graph: TypeGraph, layout: Layout, type_id: TypeId) -> Facts:
    """Kind, size in bytes and signedness of a value."""
    target = resolve(graph, type_id)
    node = graph[target]
    if isinstance(node, Void):
        return {"kind": "void", "size": 0}
    if isinstance(node, (Pointer, Array, FuncProto)):
        return {"kind": "pointer", "size": layout.model.pointer_size}
    size = layout.size_align(target).byte_size
    match node:
        case Struct() | Union():
            return {"kind": "record", "size": size}
        case Float():
            return {"kind": "float", "size": size}
        case Int(boolean=True):
            return {"kind": "bool", "size": size}
        case Int() | Enum():
            return {"kind": "int", "size": size, "signed": node.signed}
    raise AssertionError(node)

"""Operation tables as a person or a program reads them: members, places, signatures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from uapigen.emit.support.names import c_name
from uapigen.errors import InputError
from uapigen.ir.graph import TypeGraph
from uapigen.ir.operations import DataMember, Operation, OperationTable, ParameterNames
from uapigen.ir.spelling import Speller
from uapigen.ir.types import FuncProto, Struct

__all__ = ["Listed", "as_data", "as_text", "summary"]

_WIDTH = 100


class Listed(NamedTuple):
    """A table with what is told of it; ``candidates`` is None where nobody asked."""

    spelling: str
    table: OperationTable
    names: Sequence[ParameterNames]
    candidates: Sequence[Sequence[str]] | None


def summary(graph: TypeGraph, listed: Sequence[Listed]) -> str:
    """A line for each table."""
    rows = [(_byte_size(graph, one), len(one.table.operations), one.spelling) for one in listed]
    lines = [f"{size:6}  {count:3}  {spelling}\n" for size, count, spelling in rows]
    return "".join([" bytes  functions\n", *lines])


def as_text(graph: TypeGraph, listed: Sequence[Listed]) -> str:
    """Each table as C has it, byte offsets in front."""
    speller = Speller(graph)
    return "\n".join([_table_text(graph, speller, one) for one in listed])


def _table_text(graph: TypeGraph, speller: Speller, one: Listed) -> str:
    size, count = _byte_size(graph, one), len(one.table.operations)
    lines = [f"{one.spelling} {{  /* {size} bytes, {count} function pointers */"]
    rows: list[tuple[int, list[str]]] = []
    for member in one.table.data:
        rows.append((member.bit_offset, [f"{_place(member)}  {_data(speller, member)};"]))
    for index, (operation, names) in enumerate(zip(one.table.operations, one.names, strict=True)):
        text = [f"{operation.byte_offset:6}  {_declared(graph, speller, operation, names)};"]
        if one.candidates is not None:
            text += _candidate_lines(one.candidates[index])
        rows.append((8 * operation.byte_offset, text))
    rows.sort(key=lambda row: row[0])
    return "\n".join([*lines, *(line for _, text in rows for line in text), "};", ""])


def _candidate_lines(names: Sequence[str]) -> list[str]:
    lines, line = [], f"{'':10}candidates:"
    for name in names or ["none"]:
        if len(line) + len(name) + 1 > _WIDTH:
            lines.append(line)
            line = f"{'':14}"
        line += f" {name}"
    return [*lines, line]


def _place(member: DataMember) -> str:
    return f"{member.bit_offset >> 3:6}"


def _data(speller: Speller, member: DataMember) -> str:
    try:
        spelled = speller.spell(member.type, member.name)
    except InputError as error:
        return f"{member.name} /* {error.problem} */"
    return f"{spelled} : {member.bit_width}" if member.bit_width else spelled


def _declared(
    graph: TypeGraph, speller: Speller, operation: Operation, names: ParameterNames
) -> str:
    """A function pointer's declaration, with names for its parameters."""
    proto = graph.nodes[operation.proto]
    assert isinstance(proto, FuncProto)
    try:
        before, after = speller.halves(proto.returns)
        listed = [
            speller.spell(param.type, c_name(name))
            for param, name in zip(proto.params, names.names, strict=True)
        ]
    except InputError as error:
        return f"(*{operation.name}) /* {error.problem} */"
    inside = ", ".join([*listed, *["..."] * proto.variadic]) or "void"
    count = "" if operation.nelems is None else f"[{operation.nelems}]"
    return f"{before}(*{operation.name}{count})({inside}){after}"


def _byte_size(graph: TypeGraph, one: Listed) -> int:
    node = graph.nodes[one.table.type]
    assert isinstance(node, Struct)
    return node.byte_size


def as_data(graph: TypeGraph, listed: Sequence[Listed]) -> list[dict[str, Any]]:
    """The same as plain data for JSON; offsets and sizes in bytes, of bitfields in bits."""
    speller = Speller(graph)
    return [_table_data(graph, speller, one) for one in listed]


def _table_data(graph: TypeGraph, speller: Speller, one: Listed) -> dict[str, Any]:
    operations = []
    for index, (operation, names) in enumerate(zip(one.table.operations, one.names, strict=True)):
        proto = graph.nodes[operation.proto]
        assert isinstance(proto, FuncProto)
        about: dict[str, Any] = {
            "name": operation.name,
            "byte_offset": operation.byte_offset,
            "declaration": _declared(graph, speller, operation, names),
            "parameters": [c_name(name) for name in names.names],
            "named_by": names.named_by,
            "named_closely": names.closely,
            "variadic": proto.variadic,
        }
        if operation.nelems is not None:
            about["elements"] = operation.nelems
        if one.candidates is not None:
            about["candidates"] = list(one.candidates[index])
        operations.append(about)
    data = [
        {
            "name": member.name,
            "declaration": _data(speller, member),
            **(
                {"bit_offset": member.bit_offset, "bit_width": member.bit_width}
                if member.bit_width
                else {"byte_offset": member.bit_offset >> 3}
            ),
        }
        for member in one.table.data
    ]
    return {
        "spelling": one.spelling,
        "byte_size": _byte_size(graph, one),
        "operations": operations,
        "data": data,
    }

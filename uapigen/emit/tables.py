"""The generated tables: records, enums, typedefs, constants, functions, variables.

Each is Python text in the form that ``support/tables.py`` reads: one ``class``
statement or one dict entry for a record, sorted by name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import compress, count, repeat
from operator import add, is_not, ne

from uapigen.emit.columns import Made, long_lines, woven
from uapigen.emit.support.tables import escaped
from uapigen.emit.text import (
    class_line,
    entries,
    expression_entries,
    item_tuple,
    literal,
    row,
    text_entries,
)
from uapigen.ir.columns import Members, in_columns
from uapigen.ir.naming import KEYWORDS
from uapigen.ir.types import Struct, TypeId, Union
from uapigen.layout.plan import Plan
from uapigen.layout.planned import EnumPlan, RecordPlan
from uapigen.layout.record_columns import RecordColumns

__all__ = [
    "constants_text",
    "enums_text",
    "facts",
    "functions_text",
    "ioctls_text",
    "records_text",
    "typedefs_text",
    "value_text",
    "variables_text",
]


def record_text(plan: RecordPlan) -> str:
    """The ``class`` statement of one struct or union."""
    key, keyword, spelling, byte_size, byte_align, members, c_types = plan
    found = Struct if keyword == "struct" else Union
    head = _odd_head(key, found, spelling, byte_size, byte_align)
    return woven([_block(head, len(members))], *_lines(in_columns([members]), c_types))


def records_text(plan: Plan) -> str:
    """All structs and unions, each behind two blank lines."""
    records = plan.columns
    if records is None:
        return "".join([f"\n\n{record_text(record)}" for record in plan.records()])
    counts = records.members.counts
    lines = _lines(records.members, plan.c_types)
    blocks = list(map(_block, map("\n\n".__add__, _record_heads(plan, records)), counts))
    for at in records.odd:
        record = plan.planned(records.ids[at])
        blocks[at] = (f"\n\n{record_text(record)}" if record else "", counts[at], "")
    for at in records.lines_of(records.odd):
        for column in lines:
            column[at] = ""
    return woven(blocks, *lines)


def _record_heads(plan: Plan, records: RecordColumns) -> list[str]:
    """The first lines of all records' statements."""
    ids, sizes, aligns, _, _ = records
    classes = list(map(plan.keys.class_of.__getitem__, ids))
    said = Made[tuple[type, int, int]](
        lambda facts: f"({_BASES[facts[0]]}, size={facts[1]}, align={facts[2]}):\n"
    )
    return _heads(
        plan,
        ids,
        list(map(said.__getitem__, zip(classes, sizes, aligns, strict=True))),
        lambda at, key, spelling: _odd_head(key, classes[at], spelling, sizes[at], aligns[at]),
    )


def _heads(
    plan: Plan,
    ids: Sequence[TypeId],
    arguments: Sequence[str],
    made: Callable[[int, str, str], str],
) -> list[str]:
    """The first lines of these types' statements.

    ``made`` makes one of which the line is too long or the spelling is another than by its key.
    """
    keys = list(map(plan.keys.of.__getitem__, ids))
    spellings = list(map(plan.keys.spelling.__getitem__, ids))
    odd = {*long_lines(keys, arguments, beside=len("class "))}
    odd.update(compress(count(), map(ne, spellings, plan.keys.spelled(ids))))
    heads = list(map(add, map("class ".__add__, keys), arguments))
    for at in odd:
        heads[at] = made(at, keys[at], spellings[at])
    return heads


_BASES: dict[type, str] = {Struct: "Struct", Union: "Union"}


def _odd_head(key: str, found: type, spelling: str, byte_size: int, byte_align: int) -> str:
    """The first line of a struct's or union's statement, whatever they are called."""
    arguments = [_BASES[found], f"size={byte_size}", f"align={byte_align}"]
    if spelling != f"{KEYWORDS[found]} {key}":
        arguments.append(f'name="{literal(spelling)}"')
    return class_line(key, arguments)


def _block(head: str, lines: int, opens: str = "[", closes: str = "]") -> tuple[str, int, str]:
    """What stands around the members of a record or an enum."""
    if lines:
        return f"{head}    _members_ = {opens}\n", lines, f"    {closes}\n"
    return f"{head}    _members_ = {opens}{closes}\n", 0, ""


def _lines(members: Members, c_types: Mapping[TypeId, str]) -> list[list[str]]:
    """The parts of members' lines: what is before the name, name, offset, type.

    ``c_types`` has all types but those of records that cannot be spelled.
    """
    _, names, types, bit_offsets, bit_widths = members
    offset_of = {bits: f'", {bits >> 3}, "' for bits in set(bit_offsets)}
    type_of = {target: f'{c_types.get(target)}"),\n' for target in set(types)}
    columns = [
        ['        ("'] * len(names),
        [*names],
        list(map(offset_of.__getitem__, bit_offsets)),
        list(map(type_of.__getitem__, types)),
    ]
    for at in compress(count(), bit_widths):
        columns[2][at] = f'", {bit_offsets[at]}, "'
        columns[3][at] = f'{c_types.get(types[at])}", {bit_widths[at]}),\n'
    odd = set(long_lines(*columns))
    if literal("".join(names)) != "".join(names):
        odd.update(at for at, name in enumerate(names) if literal(name) != name)
    for at in odd:
        bits = bit_widths[at]
        place = [str(bit_offsets[at])] if bits else [str(bit_offsets[at] >> 3)]
        width = [str(bits)] if bits else []
        line = row([f'"{literal(names[at])}"', *place, f'"{c_types.get(types[at])}"', *width], 8)
        for column, text in zip(columns, (line, "", "", ""), strict=True):
            column[at] = text
    return columns


def enum_text(plan: EnumPlan) -> str:
    """The ``class`` statement of one enum."""
    key, spelling, byte_size, signed, constants = plan
    head = _enum_head(key, spelling, byte_size, signed)
    names, values = [name for name, _ in constants], [value for _, value in constants]
    return woven([_block(head, len(names), "{", "}")], *_constant_lines(names, values))


def enums_text(plan: Plan) -> str:
    """All enums, each behind two blank lines."""
    byte_sizes, signed, counts, names, values = plan.enum_columns
    said = Made[tuple[int, bool]](lambda facts: f"(Enum, size={facts[0]}, signed={facts[1]}):\n")
    arguments = list(map(said.__getitem__, zip(byte_sizes, signed, strict=True)))
    heads = _heads(
        plan,
        plan.enum_ids,
        arguments,
        lambda at, key, spelling: _enum_head(key, spelling, byte_sizes[at], signed[at]),
    )
    blocks = map(_block, map("\n\n".__add__, heads), counts, repeat("{"), repeat("}"))
    return woven(blocks, *_constant_lines(names, values))


def _enum_head(key: str, spelling: str, byte_size: int, signed: bool) -> str:
    """The first line of an enum's statement."""
    arguments = ["Enum", f"size={byte_size}", f"signed={signed}"]
    if spelling != f"enum {key}":
        arguments.append(f'name="{literal(spelling)}"')
    return class_line(key, arguments)


def _constant_lines(names: Sequence[str], values: Sequence[int]) -> list[list[str]]:
    """The parts of constants' lines: what is before the name, name, value."""
    if literal("".join(names)) != "".join(names):
        names = list(map(literal, names))
    said = {value: f'": {value},\n' for value in set(values)}
    return [['        "'] * len(names), [*names], list(map(said.__getitem__, values))]


def typedefs_text(plan: Plan) -> str:
    """Typedef -> what it names."""
    return text_entries("TYPEDEFS", list(plan.typedefs), list(plan.typedefs.values()))


def constants_text(plan: Plan) -> str:
    """Enumerator or macro -> value, or a tuple of the enums that differ about it."""
    names, values = list(plan.constants), list(plan.constants.values())
    texts = list(map(str, values))
    for at in compress(count(), map(is_not, map(type, values), repeat(int))):
        value = values[at]
        if isinstance(value, tuple):
            texts[at] = item_tuple(names[at], [f'"{literal(enum)}"' for enum in value])
        else:
            texts[at] = value_text(value)
    return expression_entries("CONSTANTS", names, texts)


def value_text(value: int | float | str | bytes) -> str:
    """A constant as black sets it; an infinity is ``1e999``, which reads as one."""
    if isinstance(value, str):
        return f'"{literal(value)}"'
    if isinstance(value, bytes):
        inner = "".join(map(escaped, value.decode("latin-1")))
        return f'b"{inner}"'
    if isinstance(value, float) and not math.isfinite(value):
        return "1e999 - 1e999" if math.isnan(value) else f"{'-' * (value < 0)}1e999"
    return repr(value)


def ioctls_text(plan: Plan) -> str:
    """ioctl number -> the type that it is made for."""
    pairs = ((name, f'"{literal(s)}"') for name, s in plan.ioctl_arguments.items())
    return entries("IOCTLS", pairs)


def functions_text(plan: Plan) -> str:
    """Function -> its type."""
    return text_entries("FUNCTIONS", *plan.function_columns())


def variables_text(plan: Plan) -> str:
    """Variable -> (type, section, offset in it, size, linkage)."""
    pairs = []
    for name, (c_type, section, byte_offset, byte_size, linkage) in plan.variables().items():
        items = [f'"{c_type}"', f'"{literal(section)}"', str(byte_offset), str(byte_size)]
        pairs.append((name, item_tuple(name, [*items, f'"{linkage}"'])))
    return entries("VARIABLES", pairs)


def facts(plan: Plan) -> dict[str, object]:
    """The small tables that the support code wants whole.

    All but ``incomplete`` types, which are known once all is spelled.
    """
    return {
        "scalars": plan.scalars(),
        "aliases": plan.aliases(),
        "function_tags": plan.function_tags(),
    }

"""The generated tables: records, enums, typedefs, constants, functions, variables.

Each is Python text in the form that ``support/tables.py`` reads: one ``class``
statement or one dict entry for a record, sorted by name.
"""

from __future__ import annotations

import math
from functools import cache

from uapigen.emit.support.tables import escaped
from uapigen.emit.text import (
    LINE_LENGTH,
    class_line,
    entries,
    item_tuple,
    literal,
    row,
    text_entries,
)
from uapigen.layout.plan import EnumPlan, Plan, PlannedMember, RecordPlan

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


_quotable = cache(literal)


def record_text(plan: RecordPlan) -> str:
    """The ``class`` statement of one struct or union."""
    arguments = [plan.keyword.capitalize(), f"size={plan.byte_size}", f"align={plan.byte_align}"]
    if plan.spelling != f"{plan.keyword} {plan.key}":
        arguments.append(f'name="{literal(plan.spelling)}"')
    head = class_line(plan.key, arguments)
    lines = _member_lines(plan)
    if not lines:
        return f"{head}    _members_ = []\n"
    return f"{head}    _members_ = [\n{''.join(lines)}    ]\n"


def _member_lines(plan: RecordPlan) -> list[str]:
    c_types = plan.c_types
    lines = [
        f'        ("{_quotable(name)}", {bit_offset}, "{c_types[target]}", {bit_width}),\n'
        if bit_width
        else f'        ("{_quotable(name)}", {bit_offset >> 3}, "{c_types[target]}"),\n'
        for name, target, bit_offset, bit_width in plan.source_members
    ]
    if lines and max(map(len, lines)) > LINE_LENGTH + 1:
        lines = [
            line if len(line) <= LINE_LENGTH + 1 else _long_member(member)
            for line, member in zip(lines, plan.members, strict=True)
        ]
    return lines


def _long_member(member: PlannedMember) -> str:
    name, offset, c_type, bit_width, _ = member
    items = [f'"{literal(name)}"', str(offset), f'"{c_type}"', str(bit_width)]
    return row(items if bit_width else items[:3], 8)


def records_text(plan: Plan) -> str:
    """All structs and unions, each behind two blank lines."""
    return "".join([f"\n\n{record_text(record)}" for record in plan.records()])


def enum_text(plan: EnumPlan) -> str:
    """The ``class`` statement of one enum."""
    arguments = ["Enum", f"size={plan.byte_size}", f"signed={plan.signed}"]
    if plan.spelling != f"enum {plan.key}":
        arguments.append(f'name="{literal(plan.spelling)}"')
    head = class_line(plan.key, arguments)
    lines = [f'        "{_quotable(name)}": {value},\n' for name, value in plan.enumerators]
    if not lines:
        return f"{head}    _members_ = {{}}\n"
    return f"{head}    _members_ = {{\n{''.join(lines)}    }}\n"


def enums_text(plan: Plan) -> str:
    """All enums, each behind two blank lines."""
    return "".join([f"\n\n{enum_text(enum)}" for enum in plan.enums()])


def typedefs_text(plan: Plan) -> str:
    """Typedef -> what it names."""
    return text_entries("TYPEDEFS", plan.typedefs.items())


def constants_text(plan: Plan) -> str:
    """Enumerator or macro -> value, or a tuple of the enums that differ about it."""
    pairs = []
    for name, value in plan.constants.items():
        if isinstance(value, int):
            pairs.append((name, str(value)))
        elif isinstance(value, tuple):
            pairs.append((name, item_tuple(name, [f'"{literal(enum)}"' for enum in value])))
        else:
            pairs.append((name, value_text(value)))
    return entries("CONSTANTS", pairs)


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
    return text_entries("FUNCTIONS", plan.functions().items())


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

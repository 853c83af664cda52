"""The generated tables: records, enums, typedefs, constants, functions, variables.

Each is Python text in the form that ``support/tables.py`` reads: one ``class``
statement or one dict entry for a record, sorted by name.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import chain, compress, count
from operator import itemgetter

from uapigen.emit.columns import Made, long_lines, woven
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
from uapigen.ir.types import TypeId
from uapigen.layout.plan import Plan
from uapigen.layout.planned import EnumPlan, RecordPlan

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
    return _record_texts([plan], "")


def records_text(plan: Plan) -> str:
    """All structs and unions, each behind two blank lines."""
    return _record_texts(plan.records(), "\n\n")


def _record_texts(plans: Sequence[RecordPlan], between: str) -> str:
    """The ``class`` statements of structs and unions, each behind ``between``."""
    blocks = []
    for plan in plans:
        key, keyword, spelling, byte_size, byte_align, members, _ = plan
        head = f"class {key}({_BASES[keyword]}, size={byte_size}, align={byte_align}):\n"
        if len(head) > LINE_LENGTH + 1 or spelling != f"{keyword} {key}":
            head = _odd_head(plan)
        if members:
            head = f"{between}{head}    _members_ = [\n"
            blocks.append((head, len(members), "    ]\n"))
        else:
            blocks.append((f"{between}{head}    _members_ = []\n", 0, ""))
    return woven(blocks, *_member_columns(plans))


_BASES = {"struct": "Struct", "union": "Union"}


def _odd_head(plan: RecordPlan) -> str:
    arguments = [_BASES[plan.keyword], f"size={plan.byte_size}", f"align={plan.byte_align}"]
    if plan.spelling != f"{plan.keyword} {plan.key}":
        arguments.append(f'name="{literal(plan.spelling)}"')
    return class_line(plan.key, arguments)


def _member_columns(plans: Sequence[RecordPlan]) -> list[list[str]]:
    """The parts of the members' lines: indentation, name, offset, type."""
    members = list(chain.from_iterable([plan.source_members for plan in plans]))
    c_types: Mapping[TypeId, str] = plans[0].c_types if plans else {}
    names = list(map(itemgetter(0), members))
    types = map(itemgetter(1), members)
    bit_offsets = map(itemgetter(2), members)
    columns = [
        ['        ("'] * len(members),
        names,
        list(map(Made(lambda bits: f'", {bits >> 3}, "').__getitem__, bit_offsets)),
        list(map(Made(lambda target: f'{c_types[target]}"),\n').__getitem__, types)),
    ]
    odd = {*long_lines(*columns), *compress(count(), map(itemgetter(3), members))}
    if literal("".join(names)) != "".join(names):
        odd.update(at for at, name in enumerate(names) if literal(name) != name)
    for at in odd:
        name, target, bit_offset, bit_width = members[at]
        place = [str(bit_offset)] if bit_width else [str(bit_offset >> 3)]
        width = [str(bit_width)] if bit_width else []
        line = row([f'"{literal(name)}"', *place, f'"{c_types[target]}"', *width], 8)
        for column, text in zip(columns, (line, "", "", ""), strict=True):
            column[at] = text
    return columns


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

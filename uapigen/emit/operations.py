"""The table of operation tables: names of parameters, which is all that a struct does not say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from uapigen.emit.text import LINE_LENGTH, entries, literal, row
from uapigen.ir.operations import Operation, OperationTable, ParameterNames
from uapigen.layout.plan import Plan
from uapigen.operations import find_tables, name_parameters

__all__ = ["PlannedTable", "facts_of", "operations_text", "planned_tables"]


class PlannedTable(NamedTuple):
    """An operation table of a plan, under its struct's key."""

    key: str
    table: OperationTable
    names: Sequence[ParameterNames]

    @property
    def operations(self) -> list[tuple[Operation, ParameterNames]]:
        return list(zip(self.table.operations, self.names, strict=True))


def planned_tables(plan: Plan) -> list[PlannedTable]:
    """The operation tables among a plan's structs, sorted by key."""
    graph, keys = plan.graph, plan.keys.of
    ids = [type_id for type_id in keys if type_id not in plan.failed]
    found = find_tables(graph, ids, plan.operation_patterns, plan.holders_of_functions)
    tables = _spelled(plan, list(found))
    named = name_parameters(graph, tables)
    made = [PlannedTable(keys[t.type], t, n) for t, n in zip(tables, named, strict=True)]
    return sorted(made)


def _spelled(plan: Plan, tables: Sequence[OperationTable]) -> Sequence[OperationTable]:
    """Those whose types can all be spelled; else the struct is left out, and says why."""
    failed = plan.c_types.spell_all({one.type for table in tables for one in table.operations})
    if not failed:
        return tables
    return [t for t in tables if failed.isdisjoint([one.type for one in t.operations])]


def facts_of(planned: PlannedTable) -> tuple[tuple[str, str, str], ...]:
    """What the table says of one."""
    return tuple(
        (operation.name, " ".join(names.names), _origin(names))
        for operation, names in planned.operations
    )


def _origin(names: ParameterNames) -> str:
    return names.named_by if names.closely else f"like {names.named_by}"


def operations_text(tables: Sequence[PlannedTable]) -> str:
    """Table -> its function pointers."""
    facts = list(map(facts_of, tables))
    # Hardly any name has anything to escape.
    every = "".join([f"{name}{origin}" for table in facts for name, _, origin in table])
    escape = str if literal(every) == every else literal
    values = [_value(t.key, rows, escape) for t, rows in zip(tables, facts, strict=True)]
    keys = [table.key for table in tables]
    return entries("OPERATIONS", zip(keys, values, strict=True))


def _value(key: str, facts: Sequence[tuple[str, str, str]], escape: Callable[[str], str]) -> str:
    lines = []
    for name, parameters, origin in facts:
        items = f'"{escape(name)}"', f'"{parameters}"', f'"{escape(origin)}"'
        line = f"        ({', '.join(items)}),\n"
        lines.append(line if len(line) <= LINE_LENGTH + 1 else row(items, 8))
    if len(lines) == 1:
        line = f"({lines[0].strip()})"
        if len(f'    "{key}": {line},') <= LINE_LENGTH and "\n" not in line:
            return line
    return "(\n" + "".join(lines) + "    )"

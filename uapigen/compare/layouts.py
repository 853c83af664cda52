"""Whole layouts, for reports that show them beside each other."""

from __future__ import annotations

from uapigen.compare.facts import Facts, Slot
from uapigen.compare.findings import Layout, Row
from uapigen.errors import InputError
from uapigen.ir.types import Struct, Typedef, TypeId, Union

__all__ = ["layout_of", "record_named"]

_KINDS: dict[str, type] = {"struct": Struct, "union": Union}


def record_named(facts: Facts, subject: str) -> TypeId | None:
    """A record by its name, where it has not changed or only followed another's change."""
    keyword = subject.partition(" ")[0]
    if keyword in _KINDS:
        found = facts.find(subject, _KINDS[keyword])
        return found[0] if found else None
    for type_id in facts.find(subject, Typedef):
        node = facts.graph[type_id]
        if isinstance(node, Typedef) and isinstance(facts.graph[node.target], (Struct, Union)):
            return node.target
    return None


def layout_of(facts: Facts, type_id: TypeId, subject: str) -> Layout | None:
    node = facts.graph[type_id]
    if not isinstance(node, (Struct, Union)):
        return None
    try:
        slots = facts.slots(type_id)
    except InputError:
        return None
    rows = tuple(map(_row, slots))
    packed = facts.is_packed(type_id)
    return Layout(subject, node.byte_size, facts.byte_align(type_id), packed, rows)


def _row(slot: Slot) -> Row:
    return Row(slot.path, slot.text, len(slot.groups), slot.bit_offset, slot.bit_size, slot.group)

"""Two versions of a struct or union: what was done to it, and what follows from that."""

from __future__ import annotations

from collections.abc import Sequence

from uapigen.compare.causes import RecordChanges, Root, Sources
from uapigen.compare.facts import Slot
from uapigen.compare.match import is_under
from uapigen.compare.members import added_root, member_changes, name_changes, removed_root
from uapigen.compare.placement import consume, place_added
from uapigen.compare.record_pair import RecordPair, both_facts
from uapigen.compare.shifts import find_alignment, find_attributes, walk
from uapigen.ir.types import TypeId

__all__ = ["compare_records"]


def compare_records(sources: Sources, subject: str, before: TypeId, after: TypeId) -> RecordChanges:
    """Compare two versions of a struct or union."""
    pair = RecordPair(sources, subject, before, after)
    matched = pair.matched
    for a, b in matched.pairs:
        if pair.is_reserved(a) and pair.is_reserved(b):
            kind = "reserved-changed" if a.name == b.name else "reserved-renamed"
            change = pair.change(kind, b.path, *both_facts(a, b))
            pair.reserved[b.path] = Root(change, b.bit_size - a.bit_size)
    name_changes(pair)
    for a, b in matched.pairs:
        if b.path not in pair.reserved:
            member_changes(pair, a, b)
    matched.removed = _whole(matched.removed, [a.path for a, _ in matched.pairs])
    matched.added = _whole(matched.added, [b.path for _, b in matched.pairs])
    pair.gone = {slot.path: removed_root(pair, slot) for slot in matched.removed}
    pair.come = {slot.path: added_root(pair, slot) for slot in matched.added}
    find_attributes(pair)
    walk(pair)
    find_alignment(pair)
    place_added(pair)
    consume(pair)
    return pair.found


def _whole(slots: Sequence[Slot], matched: Sequence[str]) -> list[Slot]:
    """Unmatched members without the parts of others of them.

    A part without a tag of which something is matched is not itself new or gone: its
    members came from elsewhere, or went there.
    """
    found: list[Slot] = []
    inside: list[str] = []
    for slot in slots:
        if any(is_under(slot.path, path) for path in inside):
            continue
        if slot.group:
            if any(is_under(path, slot.path) for path in matched):
                continue
            inside.append(slot.path)
        found.append(slot)
    return found

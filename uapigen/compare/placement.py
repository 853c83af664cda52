"""Where added members came to lie, and what became of the reserved ones there."""

from __future__ import annotations

from collections.abc import Sequence

from uapigen.compare.causes import Cause, Root
from uapigen.compare.facts import Slot
from uapigen.compare.record_pair import RecordPair
from uapigen.ir.types import Union

__all__ = ["consume", "place_added"]


def place_added(pair: RecordPair) -> None:
    for slot in pair.matched.added:
        root = pair.come[slot.path]
        if root.change.kind == "operation-added":
            _note_versioned(pair, root)
            continue
        moved = any(change.kind == "member-moved" for change in root.effects)
        kind, reason = _placement(pair, slot, moved=moved)
        root.change = root.change._replace(kind=kind)
        root.reason = reason
        _note_versioned(pair, root)


def _placement(pair: RecordPair, slot: Slot, *, moved: bool) -> tuple[str, str]:
    """(kind, reason) of an added member; ``moved``: others gave way."""
    in_union = slot.groups[-1][1] == "union" if slot.groups else _is_union(pair)
    if in_union:
        return "member-in-union", ""
    if moved:
        return "member-inserted", ""
    old_end = 8 * pair.sizes[0]
    reserved = pair.is_reserved(slot)
    if not slot.bit_size:
        return ("reserved-added" if reserved else "member-in-padding"), ""
    if slot.bit_offset >= old_end:
        return "member-appended", ""
    if reserved and slot.bit_end <= old_end:
        return "reserved-added", ""
    under = pair.under(slot)
    if any(not pair.is_reserved(other) for other in under):
        return "member-inserted", ""
    if under:
        names = ", ".join(other.path for other in under)
        return "member-in-reserved", f"in place of the reserved {names}"
    return ("member-appended" if slot.bit_end > old_end else "member-in-padding"), ""


def _is_union(pair: RecordPair) -> bool:
    return isinstance(pair.sources.new.facts.graph.nodes[pair.after], Union)


def _note_versioned(pair: RecordPair, root: Root) -> None:
    """A type that is told its size, or says it, may grow at its end."""
    kind = root.change.kind
    if kind not in ("member-appended", "member-in-union") or not pair.versioned:
        return
    if kind == "member-appended":
        root.change = root.change._replace(kind="member-appended-versioned")
    root.reason = root.reason or "the type says its size, or is passed with it"
    root.effects = [
        effect._replace(kind="size-grown-versioned") if effect.kind == "size-grown" else effect
        for effect in root.effects
    ]


def consume(pair: RecordPair) -> None:
    """Give what became of reserved members to what took their place."""
    takers = [(slot, pair.come[slot.path]) for slot in pair.matched.added]
    takers += [(b, pair.of_pair[b.path]) for _, b in pair.matched.pairs if b.path in pair.of_pair]
    left = [(slot, pair.gone[slot.path]) for slot in pair.matched.removed]
    left = [(slot, root) for slot, root in left if root.change.kind == "reserved-removed"]
    for a, b in pair.matched.pairs:
        unchanged = (a.path, a.text, a.bit_offset) == (b.path, b.text, b.bit_offset)
        if b.path in pair.reserved and not unchanged:
            pair.found.roots.append(pair.reserved[b.path])
            left.append((a, pair.reserved[b.path]))
    taken: dict[int, Cause] = {}
    for slot, root in left:
        taker = pair.explained.get(id(root)) or _taker(slot, takers)
        if taker is None or taker is root:
            continue
        if id(root) not in pair.explained:
            kind = root.change.kind
            kind = "reserved-consumed" if kind == "reserved-removed" else kind
            root.effects.insert(0, root.change._replace(kind=kind))
        taken[id(root)] = taker
    for root in [root for _, root in left if id(root) in taken]:
        final = _final(root, taken)
        if final is root:
            continue
        for effect in root.effects:
            pair.attribute(final, effect)
        pair.found.roots.remove(root)
        if pair.found.size_cause is root:
            pair.found.size_cause = final
        if pair.found.align_cause is root:
            pair.found.align_cause = final
    for root in pair.found.roots:
        if root.change.kind == "array-became-flexible":
            root.effects = [
                e._replace(kind="size-shrunk-flexible") if e.kind == "size-shrunk" else e
                for e in root.effects
            ]


def _final(cause: Cause, taken: dict[int, Cause]) -> Cause:
    """What took the place of what took the place, and so on."""
    seen: set[int] = set()
    while isinstance(cause, Root) and id(cause) in taken and id(cause) not in seen:
        seen.add(id(cause))
        cause = taken[id(cause)]
    return cause


def _taker(slot: Slot, takers: Sequence[tuple[Slot, Root]]) -> Root | None:
    """What lies now where a reserved member was."""
    for other, root in takers:
        if other.bit_offset < slot.bit_end and other.bit_end > slot.bit_offset:
            return root
    return None

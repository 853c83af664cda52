"""What moved in a record, and why; its size and alignment.

A declaration that changes moves what lies behind it. So the members that both
versions have are walked in memory order with their *shift*, new offset minus old. As
long as it stays the same, nothing new has happened. Where it changes, something
between here and the member before made it change: a member that was added, removed
or resized, or one whose type has another size now. That is the cause, and members with that
shift are its effects. The end of the record is walked like one more member: its shift is
the difference in size.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import TypeAlias

from uapigen.compare.causes import Cause, Root
from uapigen.compare.facts import Slot
from uapigen.compare.findings import Fact
from uapigen.compare.match import Pair, in_order
from uapigen.compare.record_pair import RecordPair, both_facts, size_fact

__all__ = ["find_alignment", "find_attributes", "walk"]


_Shift: TypeAlias = tuple[Cause, int]
"""Something that may shift what follows, and by how many bits."""


def find_attributes(pair: RecordPair) -> None:
    """Packing, where nothing else can be why it differs."""
    old, new = pair.sources.old.facts, pair.sources.new.facts
    packed = old.is_packed(pair.before), new.is_packed(pair.after)
    if packed[0] == packed[1] or pair.gone or pair.come:
        return
    if any(root.growth for root in pair.found.roots):
        return
    if any(pair.embedded_cause(a, b, also_align=True) for a, b in pair.matched.pairs):
        return
    before, after = (Fact("packed" if one else "not packed") for one in packed)
    pair.attributes = pair.root("packing-changed", "", before, after)


def walk(pair: RecordPair) -> None:
    ordered, others = in_order(pair.matched.pairs)
    pending = _structural(pair, ordered, others)
    shift = 0
    active: Cause | None = None
    waiting: list[_Shift] = []
    loose: Root | None = None
    for number, (a, b) in enumerate(ordered):
        waiting += pending[number]
        new_shift = b.bit_offset - a.bit_offset
        if new_shift != shift:
            cause = _pick(waiting, new_shift - shift) or _why_here(pair, a, b) or active
            cause = cause or pair.attributes or loose
            if cause is None:
                cause = loose = pair.root("member-moved", b.path, *both_facts(a, b))
            elif new_shift or cause is loose:
                _moved(pair, cause, a, b)
            active, waiting, shift = cause, [], new_shift
        elif shift:
            assert active is not None
            _moved(pair, active, a, b)
        if b.path in pair.of_pair:
            root = pair.of_pair[b.path]
            waiting.append((root, root.growth))
        elif b.path in pair.reserved and a.c_type != b.c_type:
            waiting.append((pair.reserved[b.path], pair.reserved[b.path].growth))
        elif cause_name := pair.embedded_cause(a, b):
            waiting.append((cause_name, b.bit_size - a.bit_size))
    waiting += pending[len(ordered)]
    _size(pair, waiting, active)


def _structural(
    pair: RecordPair,
    ordered: Sequence[Pair],
    others: Sequence[Pair],
) -> list[list[_Shift]]:
    """What was added, removed or put elsewhere, by the number of the pair behind it."""
    pending: list[list[_Shift]] = [[] for _ in range(len(ordered) + 1)]
    old_offsets = [a.bit_offset for a, _ in ordered]
    new_offsets = [b.bit_offset for _, b in ordered]
    if others:
        first, second = others[0]
        reordered = pair.root("members-reordered", second.path, *both_facts(first, second))
        for number, (a, b) in enumerate(others):
            if number:
                _moved(pair, reordered, a, b)
            removed_from = bisect_right(old_offsets, a.bit_offset)
            pending[removed_from].append((reordered, -a.bit_size))
            pending[bisect_right(new_offsets, b.bit_offset)].append((reordered, b.bit_size))
            if cause_name := pair.embedded_cause(a, b):
                pending[bisect_right(new_offsets, b.bit_offset)].append(
                    (cause_name, b.bit_size - a.bit_size)
                )
    for slot in pair.matched.removed:
        at = bisect_right(old_offsets, slot.bit_offset)
        pending[at].append((pair.gone[slot.path], -slot.bit_size))
    for slot in pair.matched.added:
        at = bisect_right(new_offsets, slot.bit_offset)
        pending[at].append((pair.come[slot.path], slot.bit_size))
    return pending


def _why_here(pair: RecordPair, a: Slot, b: Slot) -> Cause | None:
    """Why a member may have moved by itself: its type's alignment is another one."""
    if a.c_type == b.c_type:
        return pair.embedded_cause(a, b, also_align=True) or None
    before, after = pair.sources.aligns(a.type, b.type)
    return pair.of_pair.get(b.path) if before != after else None


def _moved(pair: RecordPair, cause: Cause, a: Slot, b: Slot) -> None:
    root = pair.reserved.get(b.path)
    if root is not None:
        pair.attribute(cause, root.change)
        pair.explained[id(root)] = cause
    elif a.bit_offset != b.bit_offset:
        pair.attribute(cause, pair.change("member-moved", b.path, *both_facts(a, b)))


def _size(pair: RecordPair, waiting: list[_Shift], active: Cause | None) -> None:
    old_size, new_size = pair.sizes
    if old_size == new_size:
        return
    kind = "size-grown" if new_size > old_size else "size-shrunk"
    facts = size_fact(old_size), size_fact(new_size)
    cause = _pick(waiting, 8 * (new_size - old_size)) or active or pair.attributes
    cause = cause or _alignment_cause(pair)
    if cause is None:
        cause = pair.root(kind, "", *facts)
    else:
        pair.attribute(cause, pair.change(kind, "", *facts))
    pair.found.size_cause = cause


def _alignment_cause(pair: RecordPair) -> Cause | None:
    """An attribute of the record itself, where its alignment differs for no other reason."""
    before, after = pair.aligns()
    if before == after or pair.found.roots or pair.found.embedded:
        return None
    root = pair.root("alignment-changed", "", _align_fact(before), _align_fact(after))
    pair.found.align_cause = root
    return root


def find_alignment(pair: RecordPair) -> None:
    before, after = pair.aligns()
    if before == after or pair.found.align_cause is not None:
        return
    change = pair.change("alignment-changed", "", _align_fact(before), _align_fact(after))
    cause = pair.attributes or _aligner(pair) or pair.found.size_cause
    if cause is None and pair.found.roots:
        cause = pair.found.roots[-1]
    if cause is None:
        cause = _alignment_cause(pair) or next(iter(pair.found.embedded), None)
        if isinstance(cause, Root):
            return
    if cause is None:
        cause = Root(change)
        pair.found.roots.append(cause)
    else:
        pair.attribute(cause, change)
    pair.found.align_cause = cause


def _aligner(pair: RecordPair) -> Cause | None:
    """The change that brought the alignment: of a member whose own is another one."""
    for a, b in pair.matched.pairs:
        before, after = pair.sources.aligns(a.type, b.type)
        if before != after:
            root = pair.of_pair.get(b.path)
            if root is not None:
                return root
            if name := pair.embedded_cause(a, b, also_align=True):
                return name
    wanted, sources = max(pair.aligns()), pair.sources
    for root in pair.found.roots:
        slots = [
            s for s in (*pair.matched.added, *pair.matched.removed) if s.path == root.change.place
        ]
        for slot in slots:
            facts = (sources.new if root.change.after else sources.old).facts
            if facts.byte_align(slot.type, said=facts.says_aligns) == wanted:
                return root
    return None


def _pick(waiting: Sequence[_Shift], shift: int) -> Cause | None:
    """Of what may have shifted what follows: the last that did it in this direction."""
    for cause, growth in reversed(waiting):
        if growth * shift > 0:
            return cause
    return next((cause for cause, growth in reversed(waiting) if growth), None)


def _align_fact(byte_align: int) -> Fact:
    return Fact(f"aligned to {byte_align}", value=byte_align)

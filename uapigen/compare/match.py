"""Which members of two records correspond.

In this order: the same path; the same name elsewhere in the record, at the same
place or with the same type; the same place and type under another name. The parts of
a record without a tag that got another name go with it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from uapigen.compare.facts import Slot

__all__ = ["Matched", "Pair", "in_order", "is_under", "match"]

Pair: TypeAlias = tuple[Slot, Slot]

Alike: TypeAlias = Callable[[Slot, Slot], bool]
"""Whether two members' types mean the same."""


@dataclass
class Matched:
    """The members of two records by what became of them."""

    pairs: list[Pair] = field(default_factory=list)
    """In the new record's order."""
    removed: list[Slot] = field(default_factory=list)
    added: list[Slot] = field(default_factory=list)
    renamed: list[Pair] = field(default_factory=list)
    """Of the pairs, those whose name differs; of a group its parts are not listed."""
    regrouped: list[Pair] = field(default_factory=list)
    """Of the pairs, those with the same name at the end of another path; likewise."""


def match(old: Sequence[Slot], new: Sequence[Slot], alike: Alike) -> Matched:
    """Match the members that have names."""
    left = {slot.path: slot for slot in reversed(old) if slot.path}
    right = {slot.path: slot for slot in reversed(new) if slot.path}
    matched = Matched()
    partner: dict[str, Slot] = {}
    """Of the new members, by path."""
    for path in right:
        if path in left:
            partner[path] = left[path]
    taken = set(partner)

    def pair(a: Slot, b: Slot) -> None:
        partner[b.path] = a
        taken.add(a.path)
        if a.group and b.group:
            for path, part in left.items():
                rest = path.removeprefix(a.path)
                moved = b.path + rest
                if rest != path and rest[:1] in ".[" and moved in right and moved not in partner:
                    partner[moved] = part
                    taken.add(path)

    def unmatched(slots: Iterable[Slot], known: Iterable[str]) -> list[Slot]:
        known = set(known)
        return [slot for slot in slots if slot.path and slot.path not in known]

    by_name: dict[str, list[Slot]] = {}
    for slot in unmatched(old, taken):
        by_name.setdefault(slot.name, []).append(slot)
    names = [slot.name for slot in unmatched(new, partner)]
    for b in unmatched(new, partner):
        candidates = by_name.get(b.name, ())
        if b.path in partner or len(candidates) != 1 or names.count(b.name) != 1:
            continue
        (a,) = candidates
        if a.path not in taken and (a.bit_offset == b.bit_offset or alike(a, b)):
            pair(a, b)
            matched.regrouped.append((a, b))
    by_place: dict[tuple[int, int, int], list[Slot]] = {}
    for slot in unmatched(old, taken):
        if slot.bit_size:
            place = slot.bit_offset, slot.bit_size, slot.bit_width
            by_place.setdefault(place, []).append(slot)
    for b in unmatched(new, partner):
        if b.path in partner:
            continue
        for a in by_place.get((b.bit_offset, b.bit_size, b.bit_width), ()):
            if a.path not in taken and a.group == b.group and alike(a, b):
                pair(a, b)
                matched.renamed.append((a, b))
                break
    matched.pairs = [(partner[s.path], s) for s in _first(new, right) if s.path in partner]
    matched.removed = unmatched(_first(old, left), taken)
    matched.added = unmatched(_first(new, right), partner)
    return matched


def _first(slots: Iterable[Slot], by_path: dict[str, Slot]) -> list[Slot]:
    """Those that have a path, each once."""
    return [slot for slot in slots if by_path.get(slot.path) is slot]


def in_order(pairs: Sequence[Pair]) -> tuple[list[Pair], list[Pair]]:
    """(pairs that kept their order, the few others), by a longest common subsequence."""
    ordered = sorted(pairs, key=lambda pair: (pair[0].bit_offset, pair[1].bit_offset))
    tails: list[int] = []
    """Of the subsequences of each length, the smallest last offset."""
    lengths = []
    for _, b in ordered:
        at = bisect_right(tails, b.bit_offset)
        tails[at : at + 1] = [b.bit_offset]
        lengths.append(at)
    kept: list[Pair] = []
    others: list[Pair] = []
    wanted = len(tails) - 1
    limit = None
    for pair, length in zip(reversed(ordered), reversed(lengths), strict=True):
        if length == wanted and (limit is None or pair[1].bit_offset <= limit):
            kept.append(pair)
            limit = pair[1].bit_offset
            wanted -= 1
        else:
            others.append(pair)
    return kept[::-1], others[::-1]


def is_under(path: str, outer: str) -> bool:
    """Whether a path leads into what another one leads to."""
    rest = path.removeprefix(outer)
    return rest != path and rest[:1] in (".", "[")

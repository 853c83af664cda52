"""A list's order, with exceptions: some items come after others that are listed behind them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from heapq import heapify, heappop, heappush
from typing import TypeVar

__all__ = ["needed_pairs", "sorted_with"]

_Item = TypeVar("_Item", bound=Hashable)
_MAX_ROUNDS = 16
"""Of adding what is missing, before all is said; a kernel takes 2."""


def sorted_with(items: Sequence[_Item], after: Mapping[_Item, Iterable[_Item]]) -> list[_Item]:
    """The items as listed, but each behind those that it is ``after``.

    What is after itself, directly or not, comes last.
    """
    if not after:
        return list(items)
    place = {item: at for at, item in enumerate(items)}
    waiting = {item: {o for o in others if o in place} for item, others in after.items()}
    followers: dict[_Item, list[_Item]] = {}
    for item, others in waiting.items():
        for other in others:
            followers.setdefault(other, []).append(item)
    ready = [at for item, at in place.items() if not waiting.get(item)]
    heapify(ready)
    found: list[_Item] = []
    while ready:
        item = items[heappop(ready)]
        found.append(item)
        for follower in followers.get(item, ()):
            waiting[follower].discard(item)
            if not waiting[follower] and follower in place:
                heappush(ready, place[follower])
    done = set(found)
    return found + [item for item in items if item not in done]


def needed_pairs(
    items: Sequence[_Item], pairs: Iterable[tuple[_Item, _Item]]
) -> dict[_Item, list[_Item]]:
    """What ``after`` must say for each pair's first to come first; as little as does it."""
    unmet = list(dict.fromkeys(pairs))
    after: dict[_Item, list[_Item]] = {}
    every = unmet
    for _ in range(_MAX_ROUNDS):
        if not unmet:
            return after
        place = {item: at for at, item in enumerate(sorted_with(items, after))}
        unmet = [(a, b) for a, b in every if place[a] > place[b] and a not in after.get(b, ())]
        for a, b in unmet:
            after.setdefault(b, []).append(a)
    return {b: [a for a, other in every if other == b] for _, b in every} if unmet else after

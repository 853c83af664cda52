"""Members that C reaches from structs and unions by name, through their anonymous parts."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import accumulate, chain, compress, count, repeat
from operator import not_
from typing import TypeVar

from uapigen.ir.columns import Members
from uapigen.ir.graph import TypeGraph, resolve
from uapigen.ir.types import Struct, TypeId, Union

__all__ = ["Reached", "reached_members"]

_Item = TypeVar("_Item")


class Reached:
    """The members of records, those of their anonymous parts in these' place, as columns.

    ``joined``: by their places, the records that have such parts, and where in ``members`` the
    members reached from each are; ``odd`` are the places of those with a part that is none of the
    records; ``counted`` is how many members were reached through parts.
    """

    def __init__(
        self, members: Members, joined: Mapping[int, Sequence[int]], counted: int, odd: set[int]
    ) -> None:
        self.joined, self.counted, self.odd = joined, counted, odd
        counts = self.counts = list(members.counts)
        ends = list(accumulate(members.counts))
        spans = [(ends[at] - counts[at], ends[at], joined[at]) for at in sorted(joined)]
        self.names = _spliced(members.names, spans)
        self.types = _spliced(members.types, spans)
        self.bit_widths = _spliced(members.bit_widths, spans)
        for at, lines in joined.items():
            counts[at] = len(lines)
        self._stops = list(accumulate(counts))

    @cached_property
    def owner(self) -> list[int]:
        """For each member, the place of its record."""
        return list(chain.from_iterable(map(repeat, count(), self.counts)))

    def lines_of(self, at: int) -> range:
        """Where in the columns the members of a record are."""
        return range(self._stops[at] - self.counts[at], self._stops[at])


def _spliced(
    column: Sequence[_Item], spans: Iterable[tuple[int, int, Iterable[int]]]
) -> list[_Item]:
    """A column with other lines of it in the place of the spans."""
    found: list[_Item] = []
    at = 0
    for start, stop, lines in spans:
        found += column[at:start]
        found += map(column.__getitem__, lines)
        at = stop
    found += column[at:]
    return found


def reached_members(
    graph: TypeGraph, ids: Sequence[TypeId], members: Members, limit: int
) -> Reached:
    """What C reaches from the structs and unions ``ids``, whose own members these are.

    Parts are followed until ``limit`` members have been reached through them.
    """
    stops = list(accumulate(members.counts))
    lines = list(map(range, [0, *stops], stops))
    unnamed = compress(count(), map(not_, members.names))
    walk = _Walk(graph, dict(zip(ids, lines, strict=True)), members, limit)
    joined, odd = {}, set()
    for at in sorted({bisect_right(stops, at) for at in unnamed}):
        walk.incomplete = False
        joined[at] = walk.through(lines[at])
        if walk.incomplete:
            odd.add(at)
    return Reached(members, joined, walk.counted, odd)


class _Walk:
    """Follows anonymous parts down to members with names."""

    def __init__(
        self,
        graph: TypeGraph,
        lines_of: Mapping[TypeId, Sequence[int]],
        members: Members,
        limit: int,
    ) -> None:
        self.graph, self.lines_of, self.members, self.limit = graph, lines_of, members, limit
        self.counted = 0
        self.incomplete = False

    def through(self, lines: Sequence[int]) -> list[int]:
        """These lines of members, with those of anonymous parts in the parts' place."""
        names = self.members.names
        found = []
        for at in lines:
            if names[at]:
                found.append(at)
            elif not self.members.bit_widths[at]:
                found += self._inside(self.members.types[at])
        return found

    def _inside(self, type_id: TypeId) -> list[int]:
        inner = self.lines_of.get(type_id)
        if inner is None:
            target = resolve(self.graph, type_id)
            inner = self.lines_of.get(target)
            if inner is None:
                self.incomplete |= isinstance(self.graph.nodes[target], (Struct, Union))
                return []
        self.counted += 1 + len(inner)
        return self.through(inner) if self.counted < self.limit else []

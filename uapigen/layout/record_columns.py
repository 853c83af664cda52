"""A plan's structs and unions as columns: few steps for each of a kernel's 67,000 members."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate, chain, compress, count, islice
from operator import itemgetter, not_
from typing import TYPE_CHECKING, NamedTuple

from uapigen.errors import InputError
from uapigen.ir.columns import Members
from uapigen.ir.types import Enum, TypeId
from uapigen.layout.extents import Told

if TYPE_CHECKING:
    from uapigen.layout.plan import Plan

__all__ = ["RecordColumns", "record_columns"]


class RecordColumns(NamedTuple):
    """Structs and unions, sorted by key, and their members, which are in memory order."""

    ids: Sequence[TypeId]
    byte_sizes: Sequence[int]
    byte_aligns: Sequence[int]
    members: Members
    odd: Sequence[int]
    """The places of those that take a closer look: what ``Plan.planned`` says of them holds."""

    def lines_of(self, places: Iterable[int]) -> Iterable[int]:
        """Where in the columns the members of the records at these places are."""
        stops = list(accumulate(self.members.counts))
        counts = self.members.counts
        return chain.from_iterable([range(stops[at] - counts[at], stops[at]) for at in places])


def record_columns(plan: Plan) -> RecordColumns | None:
    """The columns of all chosen structs and unions; None if a member of one is malformed."""
    ids = plan.record_ids()
    try:
        members = plan.graph.members(ids)
    except InputError:
        return None
    layouts = plan.layout.layouts(ids)
    odd = _with_odd_members(plan, members)
    known = [layout or _NO_LAYOUT for layout in layouts]
    sizes, aligns, in_order = (list(map(itemgetter(at), known)) for at in (0, 1, 3))
    odd.update(compress(count(), map(not_, in_order)))
    return RecordColumns(ids, sizes, aligns, members, sorted(odd))


_NO_LAYOUT: Told = (0, 0, False, False)
"""Of what has no layout."""


def _with_odd_members(plan: Plan, members: Members) -> set[int]:
    """The places of records of which a member cannot be spelled, is padding, or there twice."""
    counts, names, types, _, bit_widths = members
    stops = list(accumulate(counts))
    column = iter(names)
    odd = set()
    alike = [at for at, number in enumerate(counts) if len({*islice(column, number)}) < number]
    for at in alike:
        named = list(filter(None, names[stops[at] - counts[at] : stops[at]]))
        if len({*named}) < len(named):
            odd.add(at)
    class_of = plan.keys.class_of
    unnamed = compress(count(), map(not_, names))
    lines = [at for at in unnamed if bit_widths[at] or class_of.get(types[at], Enum) is Enum]
    unspelled = plan.c_types.spell_all(set(types))
    if unspelled:
        lines += compress(count(), map(unspelled.__contains__, types))
    odd.update([bisect_right(stops, at) for at in lines])
    return odd

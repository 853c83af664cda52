"""A plan's structs and unions as columns: few steps for each of a kernel's 67,000 members."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate, chain, compress, count, islice, repeat
from operator import not_
from typing import TYPE_CHECKING, NamedTuple

from uapigen.errors import InputError
from uapigen.ir.columns import Members
from uapigen.ir.types import Enum, TypeId

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
    odd = {at for at, layout in enumerate(layouts) if layout is None or not layout[3]}
    odd |= _with_odd_members(plan, members)
    sizes = [0 if layout is None else layout[0] for layout in layouts]
    aligns = [0 if layout is None else layout[1] for layout in layouts]
    return RecordColumns(ids, sizes, aligns, members, sorted(odd))


def _with_odd_members(plan: Plan, members: Members) -> set[int]:
    """The places of records of which a member cannot be spelled, is padding, or there twice."""
    counts, names, types, _, bit_widths = members
    column = iter(names)
    odd = {at for at, number in enumerate(counts) if len({*islice(column, number)}) < number}
    class_of = plan.keys.class_of
    unnamed = list(compress(count(), map(not_, names)))
    unspelled = plan.c_types.spell_all(set(types))
    odd_lines = [at for at in unnamed if bit_widths[at] or class_of.get(types[at], Enum) is Enum]
    if unspelled:
        odd_lines += compress(count(), map(unspelled.__contains__, types))
    if odd_lines or (odd and unnamed):
        owner = list(chain.from_iterable(map(repeat, count(), counts)))
        odd -= _alike_for_unnamed(names, owner, unnamed, odd)
        odd.update(map(owner.__getitem__, odd_lines))
    return odd


def _alike_for_unnamed(
    names: Sequence[str], owner: Sequence[int], unnamed: Iterable[int], alike: set[int]
) -> set[int]:
    """Those of the records with members of one name where these are unnamed ones only."""
    named: dict[int, list[str]] = {owner[at]: [] for at in unnamed if owner[at] in alike}
    lines = map(named.__contains__, owner)
    for at, name in compress(zip(owner, names, strict=True), lines):
        if name:
            named[at].append(name)
    return {at for at, found in named.items() if len({*found}) == len(found)}

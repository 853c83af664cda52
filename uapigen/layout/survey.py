"""Where all members of a source lie, and what that says of its structs and unions.

For layouts of all of them at once (``at_once.py``): as far as it takes no order. Sizes take
none, since a source says those of its structs. So each member's place is held against the end
of the one before it, and against the alignment of its type where that embeds no struct.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from itertools import accumulate, chain, compress, count, repeat
from operator import add, and_, not_, sub
from typing import TYPE_CHECKING, NamedTuple

from uapigen.ir.types import TypeId
from uapigen.layout.coded import ALIGNS, EMBEDS, LEVELS, MASKS, OTHERS, CodedTypes

if TYPE_CHECKING:
    from uapigen.ir.columns import Columns

__all__ = ["Survey", "survey"]


class Survey(NamedTuple):
    """Members and records by their numbers, in the source's order."""

    numbers: dict[TypeId, int]
    """Of records, by id."""
    unions: set[int]
    with_bitfields: set[int]
    """Records that may have some."""
    cuts: list[slice]
    """Of records: where their members are. Of those without, one that does not exist."""
    ends: list[int]
    """Of records: where the last member ends, of a union the longest; in bits."""
    aligns: bytes
    """Of members: in bytes; 1 where they embed a record."""
    levels: bytes
    """Of members, likewise: forms around each other; 0 where they embed a record."""
    offsets: array[int]
    """Of members: in bits."""
    widths: dict[int, int]
    """Of bitfields: in bits."""
    gaps: list[int]
    """Of members: the bits between the end of the one before, or the record's start, and it."""
    odd: set[int]
    """Records that are not laid out as C does it without attributes and bitfields."""
    holed: set[int]
    """Records with a gap between members."""
    unclear: set[int]
    """Records where a gap may not be all that lies between a member and those before it: members
    overlap, or one without a size lies between."""
    embedding: list[int]
    """Members that embed a record."""
    owners: list[int]
    """Of each of those: in which record it is."""


def survey(columns: Columns, types: CodedTypes) -> Survey:
    """Raises IndexError where a member's type is none of the source's."""
    vlens, bits = columns.vlens, list(map(types.bits.__getitem__, columns.member_types))
    codes = bytes(map(types.codes.__getitem__, columns.member_types))
    numbers = dict(zip(columns.records, count(), strict=False))
    unions = set(map(numbers.__getitem__, columns.unions))
    with_bitfields = set(map(numbers.__getitem__, columns.with_bitfields))
    stops = list(accumulate(vlens))
    cuts = list(map(slice, chain((0,), stops), stops))
    offsets, widths = _unpack(columns.member_offsets, map(cuts.__getitem__, with_bitfields))
    for member, width in widths.items():
        bits[member] = width
    befores = [0, *map(add, offsets, bits)]  # where the member before each one ends
    ends = list(map(befores.__getitem__, stops))
    for stop in stops:
        befores[stop] = 0
    for number in unions:
        cut = cuts[number]
        befores[cut] = [0] * vlens[number]
        ends[number] = max(bits[cut], default=0)
    for number in compress(count(), map(not_, vlens)):
        cuts[number], ends[number] = slice(len(bits), len(bits) + 1), 0
    gaps = list(map(sub, offsets, befores))
    whose = list(chain.from_iterable(map(repeat, count(), vlens)))
    masks, embeds = codes.translate(MASKS), codes.translate(EMBEDS)
    found = Survey(
        numbers,
        unions,
        with_bitfields,
        cuts,
        ends,
        codes.translate(ALIGNS) + b"\1",
        codes.translate(LEVELS) + b"\0",
        offsets,
        widths,
        gaps,
        odd=set(compress(whose, map(and_, offsets, masks))).union(with_bitfields),
        holed=set(),
        unclear=set(),
        embedding=list(compress(count(), embeds)),
        owners=list(compress(whose, embeds)),
    )
    for member in compress(count(), gaps):
        gap, number = gaps[member], whose[member]
        if gap < 0 or number in unions or (gap > masks[member] and not embeds[member]):
            found.odd.add(number)
        else:
            found.holed.add(number)
        if gap < 0 or not bits[member]:
            found.unclear.add(number)
    for code in OTHERS:
        member = codes.find(code)
        while member >= 0:
            found.odd.add(whose[member])
            found.unclear.add(whose[member])
            member = codes.find(code, member + 1)
    return found


def _unpack(packed: array[int], cuts: Iterable[slice]) -> tuple[array[int], dict[int, int]]:
    """(members' bit offsets, bit widths of bitfields) from a copy with both in one word.

    ``cuts`` are where that is so.
    """
    offsets, widths = packed[:], {}
    for cut in cuts:
        for member, word in enumerate(packed[cut], cut.start):
            if word >> 24:
                widths[member], offsets[member] = word >> 24, word & 0xFFFFFF
    return offsets, widths

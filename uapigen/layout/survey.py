"""Where all members of a source lie, and what that says of its structs and unions.

For layouts of all of them at once (``at_once.py``): as far as it takes no order. Sizes take
none, since a source says those of its structs. So each member's place is held against the end
of the one before it, and against the alignment of its type where that embeds no struct.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain, compress, count, repeat
from operator import add, not_, sub
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
    gaps: list[int]
    """Of members: the bits between the end of the one before, or the record's start, and it."""
    odd: set[int]
    """Records that are not laid out as C does it without attributes and bitfields."""
    unclear: set[int]
    """Records of which gaps tell nothing: members overlap or have no known size, or a union's
    do not all lie at its start."""
    wider: dict[int, int]
    """Gaps before a member, or several, without a size, of those that begin in the same place."""
    embedding: list[int]
    """Members that embed a record."""
    owners: list[int]
    """Of each of those: in which record it is."""


def survey(columns: Columns, types: CodedTypes) -> Survey:
    """Raises IndexError where a member's type is none of the source's."""
    vlens, member_types = columns.vlens, columns.member_types
    bits = list(map(types.bits.__getitem__, member_types))
    codes = bytes(list(map(types.codes.__getitem__, member_types)))
    numbers = dict(zip(columns.records, count(), strict=False))
    unions = set(map(numbers.__getitem__, columns.unions))
    with_bitfields = set(map(numbers.__getitem__, columns.with_bitfields))
    stops = list(accumulate(vlens))
    cuts = list(map(slice, chain((0,), stops), stops))
    offsets, widths = _unpack(columns.member_offsets, map(cuts.__getitem__, with_bitfields))
    for member, width in widths.items():
        bits[member] = width
    gaps, ends = _measure_gaps(offsets, bits, vlens, stops)
    for number in unions:
        cut = cuts[number]
        gaps[cut], ends[number] = offsets[cut], max(bits[cut], default=0)
    for number in compress(count(), map(not_, vlens)):
        cuts[number], ends[number] = slice(len(bits), len(bits) + 1), 0
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
        gaps,
        odd=set(compress(whose, _in_common(offsets, masks))).union(with_bitfields),
        unclear=set(),
        wider={},
        embedding=list(compress(count(), embeds)),
        owners=list(compress(whose, embeds)),
    )
    for number in set(map(whose.__getitem__, _where(codes, OTHERS))):
        found.odd.add(number)
        found.unclear.add(number)
    _check_gaps(found, masks, embeds, bits, whose)
    return found


def _measure_gaps(
    offsets: array[int], bits: list[int], vlens: Sequence[int], stops: list[int]
) -> tuple[list[int], list[int]]:
    """(gaps before members, ends of records), as if all were structs with members."""
    lasts = list(map(sub, stops, repeat(1)))
    ends = list(map(add, map(offsets.__getitem__, lasts), map(bits.__getitem__, lasts)))
    # First as if all members were one struct's.
    gaps = [0, *map(sub, offsets[1:], map(add, offsets, bits))]
    for start in compress(chain((0,), stops), vlens):
        gaps[start] = offsets[start]
    return gaps, ends


def _check_gaps(
    found: Survey, masks: bytes, embeds: bytes, bits: list[int], whose: list[int]
) -> None:
    """Find records that are odd or unclear for their gaps, and what is behind wider ones."""
    gaps, offsets, unions = found.gaps, found.offsets, found.unions
    for member in compress(count(), gaps):
        gap, number = gaps[member], whose[member]
        if gap < 0 or number in unions:
            found.odd.add(number)
            found.unclear.add(number)
        elif gap > masks[member] and not embeds[member]:
            found.odd.add(number)
        if not bits[member]:
            for after in range(member + 1, found.cuts[number].stop):
                if offsets[after] != offsets[member]:
                    break
                found.wider[after] = gap


def _where(codes: bytes, wanted: Iterable[int]) -> Iterator[int]:
    for code in wanted:
        place = codes.find(code)
        while place >= 0:
            yield place
            place = codes.find(code, place + 1)


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


def _in_common(offsets: array[int], masks: bytes) -> bytes:
    """Of each offset, the bits of its mask that are set; as the bits of one large number."""
    first = 0 if sys.byteorder == "little" else offsets.itemsize - 1
    low = offsets.tobytes()[first :: offsets.itemsize]
    common = int.from_bytes(low, "little") & int.from_bytes(masks, "little")
    return common.to_bytes(len(masks), "little")

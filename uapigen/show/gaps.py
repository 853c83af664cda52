"""Where no member lies: holes, padding, and the attributes that explain them.

What is left of the storage unit of a bitfield (as large as its declared type)
is counted in bits, since more bits of that type would fit there; all else is
whole bytes that anything would fit into.
"""

from __future__ import annotations

from collections.abc import Iterable

from uapigen.show.model import BIT_HOLE, BIT_PADDING, HOLE, PADDING, Field, Gap, Totals

__all__ = ["explaining_align", "gaps_before", "storage_unit", "totals"]


def storage_unit(bit_offset: int, bit_width: int, unit_bits: int) -> tuple[int, int]:
    """Where the storage of a bitfield begins and ends, in bits: one unit, or where packed, more."""
    unit = unit_bits or 8
    stop = bit_offset + bit_width
    return bit_offset // unit * unit, -(-stop // unit) * unit


def gaps_before(
    bit_offset: int, unit_start: int, end: int, unit_end: int, *, last: bool = False
) -> list[Gap]:
    """What lies unused between ``end`` and ``bit_offset``.

    ``end`` is where the members so far end, ``unit_end`` where the storage of
    the last one does; ``unit_start`` is where the storage of the next one
    begins. ``last`` says that ``bit_offset`` is the record's end.
    """
    if end >= bit_offset:
        return []
    in_bits, in_bytes = (BIT_PADDING, PADDING) if last else (BIT_HOLE, HOLE)
    split = min(max(end, unit_end), bit_offset)
    whole = min(max(split, unit_start), bit_offset)
    if split == whole:  # nothing lies outside the two storage units
        return [Gap(in_bits, end, bit_offset - end)]
    parts = ((in_bits, end, split), (in_bytes, split, whole), (in_bits, whole, bit_offset))
    return [Gap(kind, start, stop - start) for kind, start, stop in parts if stop > start]


def explaining_align(begin: int, byte_offset: int) -> int:
    """The smallest alignment that moves a member from ``begin`` to ``byte_offset``; 0 if none."""
    align = 1
    while align <= byte_offset:
        if -(-begin // align) * align == byte_offset:
            return align
        align *= 2
    return 0


def totals(rows: Iterable[Field | Gap], *, overlap: bool) -> Totals:
    """Sums over a record's members and gaps; ``overlap``: it is a union."""
    members = member_bytes = bitfield_bits = 0
    count = dict.fromkeys((HOLE, BIT_HOLE, PADDING, BIT_PADDING), 0)
    bits = dict(count)
    for row in rows:
        if isinstance(row, Gap):
            count[row.kind] += 1
            bits[row.kind] += row.bit_width
            continue
        members += 1
        if not overlap:
            bitfield_bits += row.bit_width
            member_bytes += 0 if row.bit_width else row.byte_size or 0
    return Totals(
        members,
        member_bytes,
        bitfield_bits,
        count[HOLE],
        bits[HOLE] // 8,
        count[BIT_HOLE],
        bits[BIT_HOLE],
        bits[PADDING] // 8,
        bits[BIT_PADDING],
    )

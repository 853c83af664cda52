"""Where no member lies: holes, padding, and the attributes that explain them.

A gap behind a bitfield is split at the end of the bitfield's storage unit (as
large as its declared type): up to there more bits of that type would fit, so
it is counted in bits; the rest is whole bytes that anything would fit into.
"""

from __future__ import annotations

from collections.abc import Iterable

from uapigen.show.model import BIT_HOLE, BIT_PADDING, HOLE, PADDING, Field, Gap, Totals

__all__ = ["explaining_align", "gaps_before", "storage_end", "totals"]


def storage_end(bit_stop: int, unit_bits: int) -> int:
    """The end of the storage unit that holds the last bit of a bitfield, in bits."""
    return -(-bit_stop // unit_bits) * unit_bits if unit_bits else bit_stop


def gaps_before(bit_offset: int, end: int, unit_end: int, *, last: bool = False) -> list[Gap]:
    """What lies unused between ``end`` and ``bit_offset``.

    ``end`` is where the members so far end, ``unit_end`` where the storage unit
    of the last one does; ``last`` says that ``bit_offset`` is the record's end.
    """
    if end >= bit_offset:
        return []
    in_bits, in_bytes = (BIT_PADDING, PADDING) if last else (BIT_HOLE, HOLE)
    split = min(max(end, unit_end), bit_offset)
    whole = max(split, bit_offset // 8 * 8)  # the last bits before a bitfield in mid-byte
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

"""Holes and padding: what the members leave over, to the bit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uapigen.btf.reader import BtfGraph
from uapigen.layout.targets import find_target
from uapigen.show.gaps import explaining_align, gaps_before, storage_unit
from uapigen.show.model import BIT_HOLE, BIT_PADDING, HOLE, PADDING, Field, Gap, Record
from uapigen.show.view import Viewer

from .btf import BtfWriter


@pytest.mark.parametrize(
    ("bit_offset", "unit_start", "end", "unit_end", "expected"),
    [
        (32, 32, 32, 32, []),
        (64, 64, 8, 8, [(HOLE, 8, 56)]),
        (32, 32, 3, 32, [(BIT_HOLE, 3, 29)]),
        (8, 8, 3, 32, [(BIT_HOLE, 3, 5)]),
        (64, 64, 3, 32, [(BIT_HOLE, 3, 29), (HOLE, 32, 32)]),
        (31, 0, 0, 0, [(BIT_HOLE, 0, 31)]),
        (69, 64, 8, 8, [(HOLE, 8, 56), (BIT_HOLE, 64, 5)]),
        (69, 64, 3, 8, [(BIT_HOLE, 3, 5), (HOLE, 8, 56), (BIT_HOLE, 64, 5)]),
        (8, 8, 16, 16, []),  # overlapping members leave no gap
    ],
)
def test_gap_is_counted_in_bits_inside_a_storage_unit(
    bit_offset, unit_start, end, unit_end, expected
):
    assert gaps_before(bit_offset, unit_start, end, unit_end) == [Gap(*gap) for gap in expected]


def test_gap_at_the_end_is_padding():
    assert gaps_before(64, 64, 3, 32, last=True) == [
        Gap(BIT_PADDING, 3, 29),
        Gap(PADDING, 32, 32),
    ]


@pytest.mark.parametrize(
    ("bit_offset", "bit_width", "unit_bits", "expected"),
    [(3, 4, 32, (0, 32)), (33, 4, 32, (32, 64)), (30, 4, 32, (0, 64)), (9, 3, 0, (8, 16))],
)
def test_storage_unit_is_as_large_as_the_declared_type(bit_offset, bit_width, unit_bits, expected):
    assert storage_unit(bit_offset, bit_width, unit_bits) == expected


@pytest.mark.parametrize(
    ("begin", "byte_offset", "align"), [(1, 4, 4), (1, 64, 64), (60, 64, 8), (4, 12, 0), (0, 0, 1)]
)
def test_smallest_alignment_explains_a_hole(begin, byte_offset, align):
    if byte_offset:
        assert explaining_align(begin, byte_offset) == align


INT_SIZES = (1, 2, 4, 8)


@st.composite
def structs(draw: st.DrawFn) -> tuple[int, list[tuple[int, int, int]]]:
    """Size in bytes, and (size of the type, bit offset, bit width) of each member, in order."""
    members: list[tuple[int, int, int]] = []
    end = 0
    for _ in range(draw(st.integers(0, 12))):
        size = draw(st.sampled_from(INT_SIZES))
        if draw(st.booleans()):
            start = end + draw(st.integers(0, 40))
            width = draw(st.integers(1, 8 * size))
            end = start + width
        else:
            start = (end + 7) // 8 * 8 + 8 * draw(st.integers(0, 9))
            width = 0
            end = start + 8 * size
        members.append((size, start, width))
    return (end + 7) // 8 + draw(st.integers(0, 9)), members


@given(structs())
def test_members_and_gaps_cover_every_bit_of_a_struct_once(case):
    byte_size, members = case
    record = _view(byte_size, members)
    covered = []
    for row in record.rows:
        width = row.bit_width
        if isinstance(row, Field) and not width:
            width = 8 * (row.byte_size or 0)
        covered += range(row.bit_offset, row.bit_offset + width)
    assert covered == list(range(8 * byte_size))
    total = record.totals
    assert 8 * byte_size == (
        8 * (total.member_bytes + total.hole_bytes + total.padding_bytes)
        + total.bitfield_bits
        + total.bit_hole_bits
        + total.padding_bits
    )


def _view(byte_size: int, members: list[tuple[int, int, int]]) -> Record:
    writer = BtfWriter()
    ids = {size: writer.int(f"u{8 * size}", size, signed=False) for size in INT_SIZES}
    shown = writer.struct(
        "shown",
        byte_size,
        *((f"m{i}", ids[size], at | width << 24) for i, (size, at, width) in enumerate(members)),
        bitfields=True,
    )
    graph = BtfGraph(writer.bytes(), "hand.btf")
    record = Viewer(graph, find_target("x86_64")).body(shown, "struct shown")
    assert isinstance(record, Record)
    return record

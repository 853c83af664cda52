"""Layouts as they are drawn: every bit once a lane, to scale."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from uapigen.compare.findings import Layout, Row
from uapigen.report.drawing import CACHE_LINE, WORD, Drawing, Word, draw

from .comparisons import thing


def words(drawing: Drawing) -> list[Word]:
    return [word for line in drawing.lines for word in line.words]


def spans(drawing: Drawing, name: str) -> list[tuple[int, int]]:
    """Where a member is drawn: bits from the start of the layout."""
    return [
        (word.byte_offset * 8 + cell.begin, word.byte_offset * 8 + cell.end)
        for word in words(drawing)
        for lane in word.lanes
        for cell in lane
        if f" {name}" in cell.title and not cell.hole
    ]


def test_bitfields_have_their_own_bits() -> None:
    drawing = draw(thing(False), {})
    assert spans(drawing, "low:3") == [(32, 35)]
    assert spans(drawing, "high:5") == [(35, 40)]


def test_members_of_a_union_lie_in_lanes_of_their_own() -> None:
    (word,) = (w for w in words(draw(thing(False), {})) if w.byte_offset == 8)
    assert [[c.label for c in lane] for lane in word.lanes] == [["r", "big"], ["s"]]


def test_middle_of_a_large_array_is_omitted_and_counted() -> None:
    drawn = words(draw(thing(False), {}))
    assert sum(8 + word.omitted for word in drawn) == 312
    assert [word.omitted for word in drawn if word.omitted] == [248]


def test_unused_bits_are_holes() -> None:
    (word,) = (w for w in words(draw(thing(True), {})) if w.byte_offset == 16)
    assert [(c.begin, c.end) for lane in word.lanes for c in lane if c.hole] == [(8, 32)]


def test_member_without_a_size_is_named_below() -> None:
    assert draw(thing(False), {}).flexible == ("long tail[]",)


@st.composite
def layouts(draws: st.DrawFn) -> Layout:
    """Members anywhere, also over each other."""
    byte_size = draws(st.integers(0, 300))
    rows = []
    for number in range(draws(st.integers(0, 8)) if byte_size else 0):
        begin = draws(st.integers(0, byte_size * 8 - 1))
        end = draws(st.integers(begin + 1, byte_size * 8))
        rows.append(Row(f"m{number}", f"int m{number}", 0, begin, end - begin, False))
    return Layout("struct any", byte_size, 1, False, tuple(rows))


@given(layouts())
def test_every_drawn_bit_is_a_members_or_a_hole_and_lanes_never_overlap(layout: Layout) -> None:
    drawing = draw(layout, {})
    at = 0
    for line in drawing.lines:
        for word in line.words:
            assert word.byte_offset // CACHE_LINE == line.number
            assert word.byte_offset == at
            at += WORD // 8 + word.omitted
            covered = set()
            for lane in word.lanes:
                end = 0
                for cell in lane:
                    assert end <= cell.begin < cell.end <= WORD
                    end = cell.end
                    covered |= set(range(cell.begin, cell.end))
            own = min(WORD, layout.byte_size * 8 - word.byte_offset * 8)
            assert covered == set(range(own))
    assert at >= layout.byte_size
    for row in layout.rows:
        for begin, end in spans(drawing, f"m{row.path[1:]}:"):
            assert row.bit_offset <= begin < end <= row.bit_offset + row.bit_size

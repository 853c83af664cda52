"""A layout as it is drawn: words of eight bytes, eight of them a cache line of 64 bytes.

A word has lanes. The first holds what lies there; members that share its
bytes, as those of a union do, lie in further lanes, so that within a lane
nothing overlaps. Cells are in bits, so that bitfields are to scale, too.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from uapigen.compare.findings import Layout, Row

__all__ = ["CACHE_LINE", "WORD", "Cell", "Drawing", "Line", "Mark", "Word", "draw"]

WORD = 64
"""Bits in a word."""
CACHE_LINE = 64
"""Bytes in a cache line."""
_WORDS_SHOWN = 6
"""Of a member that fills more than this and two words, the first ones and the last are drawn."""


class Mark(NamedTuple):
    """What happened to a member: a class of the drawing, and the sign before its name."""

    name: str
    sign: str


class Cell(NamedTuple):
    """A part of a member, or of a hole, within one word; bits count from the word's start."""

    begin: int
    end: int
    label: str
    """The member's name; "" where it goes on from the word before, and for holes."""
    title: str
    """What there is to say of it: declaration, offset and size."""
    mark: Mark | None
    hole: bool = False


class Word(NamedTuple):
    """Eight bytes; ``omitted``: how many bytes of the member above are not drawn after it."""

    byte_offset: int
    lanes: tuple[tuple[Cell, ...], ...]
    omitted: int = 0


class Line(NamedTuple):
    """A cache line."""

    number: int
    words: tuple[Word, ...]


class Drawing(NamedTuple):
    """A layout, and what is said above it."""

    heading: str
    lines: tuple[Line, ...]
    flexible: tuple[str, ...]
    """Declarations of members without a size."""


class _Part(NamedTuple):
    """What is drawn as one: a member, or a hole (``row`` None)."""

    begin: int
    end: int
    row: Row | None
    lane: int


def draw(layout: Layout, marks: Mapping[str, Mark]) -> Drawing:
    """The drawing of a layout; ``marks`` by the path of the member."""
    leaves = [row for row in layout.rows if not row.group]
    parts = _in_lanes([row for row in leaves if row.bit_size])
    parts += _holes(parts, layout.byte_size * 8)
    words = _words(parts, layout.byte_size * 8, marks)
    per_line = CACHE_LINE * 8 // WORD
    lines: dict[int, list[Word]] = {}
    for word in words:
        lines.setdefault(word.byte_offset * 8 // WORD // per_line, []).append(word)
    packed = ", packed" if layout.packed else ""
    heading = f"{layout.byte_size} bytes, aligned to {layout.byte_align}{packed}"
    return Drawing(
        heading,
        tuple(Line(number, tuple(words)) for number, words in lines.items()),
        tuple(row.text for row in leaves if not row.bit_size),
    )


def _in_lanes(rows: Sequence[Row]) -> list[_Part]:
    """Each member in the first lane where its bits are free."""
    lanes: list[list[tuple[int, int]]] = []
    parts = []
    for row in rows:
        begin, end = row.bit_offset, row.bit_offset + row.bit_size
        free = (
            number
            for number, taken in enumerate(lanes)
            if all(end <= other or begin >= stop for other, stop in taken)
        )
        lane = next(free, len(lanes))
        if lane == len(lanes):
            lanes.append([])
        lanes[lane].append((begin, end))
        parts.append(_Part(begin, end, row, lane))
    return parts


def _holes(parts: Sequence[_Part], bit_size: int) -> list[_Part]:
    """What no member covers."""
    found, at = [], 0
    for part in [*sorted(parts), _Part(bit_size, bit_size, None, 0)]:
        if part.begin > at:
            found.append(_Part(at, part.begin, None, 0))
        at = max(at, part.end)
    return found


def _words(parts: Sequence[_Part], bit_size: int, marks: Mapping[str, Mark]) -> list[Word]:
    drawn = sorted({number for part in parts for number in _ends(part)})
    lanes: dict[int, dict[int, list[Cell]]] = {number: {} for number in drawn}
    for part in parts:
        first, last = _word(part.begin), _word(part.end - 1)
        for number in drawn[bisect_left(drawn, first) : bisect_right(drawn, last)]:
            lanes[number].setdefault(part.lane, []).append(_cell(part, number, marks))
    found = []
    for number, following in pairwise([*drawn, -(-bit_size // WORD)]):
        cells = tuple(tuple(sorted(lane)) for _, lane in sorted(lanes[number].items()))
        found.append(Word(number * WORD // 8, cells, (following - number - 1) * WORD // 8))
    return found


def _ends(part: _Part) -> Iterable[int]:
    """The words that must be drawn for a part: all, or the first ones and the last."""
    first, last = _word(part.begin), _word(part.end - 1)
    if last - first <= _WORDS_SHOWN + 1:
        return range(first, last + 1)
    return (*range(first, first + _WORDS_SHOWN), last)


def _word(bit_offset: int) -> int:
    return bit_offset // WORD


def _cell(part: _Part, number: int, marks: Mapping[str, Mark]) -> Cell:
    """A part's cell in the word of that number."""
    base = number * WORD
    begin, end = max(part.begin, base) - base, min(part.end, base + WORD) - base
    if part.row is None:
        return Cell(begin, end, "", f"{_amount(part.end - part.begin)} unused", None, True)
    row = part.row
    name = (row.path.rpartition(".")[2] or row.text) if part.begin >= base else ""
    title = f"{row.text}: {_place(row.bit_offset)}, {_amount(row.bit_size)}"
    return Cell(begin, end, name, title, marks.get(row.path) if row.path else None)


def _amount(bits: int) -> str:
    if bits % 8:
        return f"{bits} bit{'s' if bits > 1 else ''}"
    return f"{bits // 8} byte{'s' if bits > 8 else ''}"


def _place(bit_offset: int) -> str:
    byte, bit = divmod(bit_offset, 8)
    return f"byte {byte}, bit {bit}" if bit else f"byte {byte}"

"""BTF's header: sections that lie about where they are."""

from __future__ import annotations

import struct

import pytest

from uapigen.btf.format import parse_header
from uapigen.btf.reader import BtfGraph
from uapigen.errors import InputError

from .builder import Btf

TYPES = struct.pack("<4I", 1, 1 << 24, 4, 32)
STRINGS = b"\0int\0"


def header(*sections: int, size: int = 24, magic: int = 0xEB9F, version: int = 1) -> bytes:
    """A little-endian header; ``sections`` are offset and length of each."""
    return struct.pack(f"<HBBI{len(sections)}I", magic, version, 0, size, *sections)


@pytest.mark.parametrize("size", range(24))
def test_header_that_is_cut_short_is_refused(size: int) -> None:
    with pytest.raises(InputError, match=f"truncated: {size} bytes, a header has 24"):
        parse_header((header(0, 16, 16, 5) + TYPES + STRINGS)[:size], "x")


@pytest.mark.parametrize(
    ("start", "problem"),
    [
        (header(0, 16, 16, 5, magic=0xEB9E), "header: magic is 0xeb9e, not 0xeb9f"),
        (header(0, 16, 16, 5, magic=0), "header: magic is 0x0000, not 0xeb9f"),
        (header(0, 16, 16, 5, version=2), "header: BTF version 2 is not supported"),
        (header(0, 16, 16, 5, size=23), "header: header length 23 is impossible"),
        (header(0, 16, 16, 5, size=0), "header: header length 0 is impossible"),
        (header(0, 16, 16, 5, size=46), "header: header length 46 is impossible"),
        (header(0, 16, 16, 5, size=0xFFFFFFFF), "header: header length 4294967295 is impossible"),
        (header(0, 20, 16, 5), "string section: overlaps the type section"),
        (header(0, 24, 24, 5), "type section: 24 bytes at 24 run past the end (45 bytes)"),
        (header(0, 16, 16, 6), "string section: 6 bytes at 40 run past the end (45 bytes)"),
        (
            header(0, 16, 0xFFFFFFFF, 5),
            "string section: 5 bytes at 4294967319 run past the end (45 bytes)",
        ),
        (
            header(0, 0xFFFFFFFC, 16, 5),
            "type section: 4294967292 bytes at 24 run past the end (45 bytes)",
        ),
        (header(8, 8, 0, 16), "type section: overlaps the string section"),
        (header(2, 12, 16, 5), "type section: offset or length is not a multiple of 4"),
        (header(0, 15, 16, 5), "type section: offset or length is not a multiple of 4"),
    ],
)
def test_lying_header_is_refused(start: bytes, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_header(start + TYPES + STRINGS, "x")
    assert str(caught.value) == f"x: {problem}"


@pytest.mark.parametrize(
    ("layout", "problem"),
    [
        ((0, 4), "type section: overlaps the layout section"),
        ((8, 8), "layout section: overlaps the type section"),
        ((16, 4), "string section: overlaps the layout section"),
        ((100, 4), "layout section: 4 bytes at 132 run past the end (53 bytes)"),
        ((0, 0xFFFFFFFF), "layout section: 4294967295 bytes at 32 run past the end (53 bytes)"),
    ],
)
def test_lying_layout_section_is_refused(layout: tuple[int, int], problem: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_header(header(0, 16, 16, 5, *layout, size=32) + TYPES + STRINGS, "x")
    assert str(caught.value) == f"x: {problem}"


@pytest.mark.parametrize("size", [24, 28, 31])
def test_short_header_has_no_layout_section(size: int) -> None:
    start = header(0, 16, 16, 5, 0xFFFFFFFF, 0xFFFFFFFF, size=size)[:size]
    found = parse_header(start + TYPES + STRINGS, "x")
    assert (found.type_start, found.str_end, found.layout) == (size, size + 21, {})


def test_sections_may_lie_in_any_order_with_gaps_between_and_bytes_behind() -> None:
    data = header(8, 16, 0, 5) + STRINGS + b"???" + TYPES + b"more"
    graph = BtfGraph(data, "x")
    assert len(graph) == 2
    assert graph[1].name == "int"  # type: ignore[union-attr]


def test_empty_sections_overlap_nothing() -> None:
    assert len(BtfGraph(header(0, 0, 0, 1) + b"\0", "x")) == 1
    assert len(BtfGraph(header(0, 0, 0, 0), "x")) == 1


def test_layout_describes_kinds_up_to_its_end() -> None:
    btf = Btf()
    layout = btf.described({21: (4, 8)})
    found = parse_header(btf.dump(header_size=32, layout=layout + b"\1\2"), "x")
    assert found.layout == {20: (0, 0), 21: (4, 8)}

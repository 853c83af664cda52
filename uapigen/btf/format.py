"""BTF's wire format as data: header, kinds, record sizes, bit positions.

Follows ``include/uapi/linux/btf.h`` and ``Documentation/bpf/btf.rst``. The
32-byte header with a layout section, 24-bit vlen and 7-bit kind came with
Linux 7.1; older encoders leave those bits zero, so one way of taking ``info``
apart serves both.
"""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import NamedTuple

from uapigen.btf.blob import Content
from uapigen.errors import InputError

__all__ = [
    "INT_BOOL",
    "INT_CHAR",
    "INT_SIGNED",
    "KINDS",
    "MAGIC",
    "REFERENCES",
    "Header",
    "Kind",
    "RecordSize",
    "References",
    "parse_header",
]

MAGIC = 0xEB9F
_VERSION = 1
_FIXED = struct.Struct("=HBBI")
_SECTIONS = struct.Struct("=IIII")
_LAYOUT = struct.Struct("=II")

INT_SIGNED = 1 << 0
INT_CHAR = 1 << 1
INT_BOOL = 1 << 2


class Kind:
    """``BTF_KIND_*``."""

    VOID = 0
    INT = 1
    PTR = 2
    ARRAY = 3
    STRUCT = 4
    UNION = 5
    ENUM = 6
    FWD = 7
    TYPEDEF = 8
    VOLATILE = 9
    CONST = 10
    RESTRICT = 11
    FUNC = 12
    FUNC_PROTO = 13
    VAR = 14
    DATASEC = 15
    FLOAT = 16
    DECL_TAG = 17
    TYPE_TAG = 18
    ENUM64 = 19


class RecordSize(NamedTuple):
    """What follows a kind's 12-byte ``struct btf_type``, in bytes."""

    fixed: int
    per_element: int


KINDS: dict[int, RecordSize] = {
    Kind.INT: RecordSize(4, 0),
    Kind.PTR: RecordSize(0, 0),
    Kind.ARRAY: RecordSize(12, 0),
    Kind.STRUCT: RecordSize(0, 12),
    Kind.UNION: RecordSize(0, 12),
    Kind.ENUM: RecordSize(0, 8),
    Kind.FWD: RecordSize(0, 0),
    Kind.TYPEDEF: RecordSize(0, 0),
    Kind.VOLATILE: RecordSize(0, 0),
    Kind.CONST: RecordSize(0, 0),
    Kind.RESTRICT: RecordSize(0, 0),
    # A function's vlen is its linkage, not a count.
    Kind.FUNC: RecordSize(0, 0),
    Kind.FUNC_PROTO: RecordSize(0, 8),
    Kind.VAR: RecordSize(4, 0),
    Kind.DATASEC: RecordSize(0, 12),
    Kind.FLOAT: RecordSize(0, 0),
    Kind.DECL_TAG: RecordSize(4, 0),
    Kind.TYPE_TAG: RecordSize(0, 0),
    Kind.ENUM64: RecordSize(0, 12),
}


class References(NamedTuple):
    """Which words of a record hold type ids: counted from its start, and from each element's."""

    fixed: tuple[int, ...] = ()
    per_element: tuple[int, ...] = ()


REFERENCES: dict[int, References] = {
    Kind.PTR: References((2,)),
    Kind.ARRAY: References((3, 4)),
    Kind.STRUCT: References((), (1,)),
    Kind.UNION: References((), (1,)),
    Kind.TYPEDEF: References((2,)),
    Kind.VOLATILE: References((2,)),
    Kind.CONST: References((2,)),
    Kind.RESTRICT: References((2,)),
    Kind.FUNC: References((2,)),
    Kind.FUNC_PROTO: References((2,), (1,)),
    Kind.VAR: References((2,)),
    Kind.DATASEC: References((), (0,)),
    Kind.DECL_TAG: References((2,)),
    Kind.TYPE_TAG: References((2,)),
}


class Header(NamedTuple):
    """Where the sections of a BTF blob lie: byte offsets from its first byte."""

    big_endian: bool
    type_start: int
    type_end: int
    str_start: int
    str_end: int
    layout: dict[int, RecordSize]
    """Record sizes of kinds that this module does not know but the blob describes."""


def parse_header(data: Content, source: str) -> Header:
    """Read and check the header of raw BTF.

    Raises :class:`InputError` for a wrong magic or version and for sections
    that do not lie inside ``data``, overlap, or are misaligned.
    """
    if len(data) < _FIXED.size + _SECTIONS.size:
        raise InputError(source, "header", f"truncated: {len(data)} bytes, a header has 24")
    magic = int.from_bytes(data[:2], "little")
    if magic == MAGIC:
        big_endian, order = False, "<"
    elif magic == int.from_bytes(MAGIC.to_bytes(2, "little"), "big"):
        big_endian, order = True, ">"
    else:
        raise InputError(source, "header", f"magic is {magic:#06x}, not {MAGIC:#06x}")
    _, version, _flags, hdr_len = struct.unpack_from(order + _FIXED.format[1:], data)
    if version != _VERSION:
        raise InputError(source, "header", f"BTF version {version} is not supported")
    if hdr_len < 24 or hdr_len > len(data):
        raise InputError(source, "header", f"header length {hdr_len} is impossible")
    type_off, type_len, str_off, str_len = struct.unpack_from(
        order + _SECTIONS.format[1:], data, _FIXED.size
    )
    spans = {"type": (type_off, type_len), "string": (str_off, str_len)}
    if hdr_len >= 32:
        layout_off, layout_len = struct.unpack_from(order + _LAYOUT.format[1:], data, 24)
        if layout_len:
            spans["layout"] = (layout_off, layout_len)
    for section, (off, length) in spans.items():
        if hdr_len + off + length > len(data):
            raise InputError(
                source,
                f"{section} section",
                f"{length} bytes at {hdr_len + off} run past the end ({len(data)} bytes)",
            )
    ordered = sorted((off, off + length, section) for section, (off, length) in spans.items())
    for (_, end, before), (start, stop, after) in pairwise(ordered):
        if start < end and stop > start:
            raise InputError(source, f"{after} section", f"overlaps the {before} section")
    if type_off % 4 or type_len % 4:
        raise InputError(source, "type section", "offset or length is not a multiple of 4")
    layout: dict[int, RecordSize] = {}
    if "layout" in spans:
        layout = _parse_layout(data, hdr_len + layout_off, layout_len)
    return Header(
        big_endian,
        hdr_len + type_off,
        hdr_len + type_off + type_len,
        hdr_len + str_off,
        hdr_len + str_off + str_len,
        layout,
    )


def _parse_layout(data: Content, start: int, length: int) -> dict[int, RecordSize]:
    """``struct btf_layout { u8 info_sz; u8 elem_sz; u16 flags; }``, one a kind, from kind 0 on.

    The flags are advice for writers; a reader that skips needs the sizes only.
    """
    return {
        kind: RecordSize(data[start + 4 * kind], data[start + 4 * kind + 1])
        for kind in range(length // 4)
        if kind and kind not in KINDS
    }

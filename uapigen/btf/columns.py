"""Most types of a source decoded at once, column by column: few steps for each.

What takes a closer look (bitfields, kinds with more than a name, a size and
references) is left to the reader, and so is whatever is malformed, which the
reader then says with its place.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import accumulate, compress, repeat
from typing import Any

from uapigen.btf.format import Kind
from uapigen.btf.index import RecordIndex, kind_set
from uapigen.btf.strings import StringTable
from uapigen.errors import InputError
from uapigen.ir.columns import Enums, Members
from uapigen.ir.types import (
    Array,
    Member,
    Pointer,
    Qualifier,
    Struct,
    Type,
    Typedef,
    TypeId,
    Union,
)

__all__ = ["ENUM_SIZES", "QUALIFIERS", "composites", "enumerators", "enums", "forms", "members"]

ENUM_SIZES = frozenset({1, 2, 4, 8})
"""In bytes."""
QUALIFIERS = {Kind.CONST: "const", Kind.VOLATILE: "volatile", Kind.RESTRICT: "restrict"}

_FORMS = (Kind.PTR, Kind.ARRAY, Kind.TYPEDEF, *QUALIFIERS)
_CLASSES: dict[int, type[Type]] = {
    Kind.PTR: Pointer,
    Kind.ARRAY: Array,
    Kind.TYPEDEF: Typedef,
}
_VLEN = 0xFFFFFF
_KIND_FLAG = 1 << 31
_new = tuple.__new__  # what a named tuple's own constructor calls, without the call


def forms(index: RecordIndex, strings: StringTable) -> dict[TypeId, Type]:
    """Pointers, arrays, typedefs and qualified types."""
    words = index.words
    nodes: dict[TypeId, Type] = {}
    for kind in _FORMS:
        kinds = kind_set(kind)
        starts = index.starts(kinds)
        targets = index.gather(starts, 3 if kind == Kind.ARRAY else 2)
        if max(targets, default=0) >= index.last_id:
            continue
        node: type[Type] = _CLASSES.get(kind, Qualifier)
        with suppress(InputError):  # a name that is nowhere
            if kind == Kind.PTR:
                columns: Iterator[tuple[object, ...]] = zip(targets, strict=True)
            elif kind == Kind.ARRAY:
                columns = zip(targets, [words[start + 5] for start in starts], strict=True)
            elif kind == Kind.TYPEDEF:
                names = strings.cut(index.gather(starts, 0))
                columns = zip(names, targets, repeat(None), strict=False)
            else:
                columns = zip(repeat(QUALIFIERS[kind]), targets, strict=False)
            nodes.update(zip(index.ids(kinds), map(_new, repeat(node), columns), strict=True))
    return nodes


def members(index: RecordIndex, strings: StringTable, type_ids: Sequence[TypeId]) -> Members:
    """The members of these own structs and unions, where ``kind_flag`` says which are bitfields.

    Raises :class:`InputError` where a name or a type is out of bounds.
    """
    words = index.words
    starts = index.starts_of(type_ids)
    infos = index.gather(starts, 1)
    counts = [info & _VLEN for info in infos]
    elements = array("I")
    for start, vlen in zip(starts, counts, strict=True):
        elements += words[start + 3 : start + 3 + 3 * vlen]
    types, bit_offsets = elements[1::3], elements[2::3]
    if max(types, default=0) >= index.last_id:
        raise InputError(index.source, "type section", f"refers to type {max(types)}")
    bit_widths = bytearray(len(types))
    flagged = map(_KIND_FLAG.__le__, infos)
    for vlen, stop in compress(zip(counts, accumulate(counts), strict=True), flagged):
        if max(bit_offsets[stop - vlen : stop], default=0) >> 24:
            for at in range(stop - vlen, stop):
                bit_widths[at] = bit_offsets[at] >> 24
                bit_offsets[at] &= 0xFFFFFF
    names = strings.each(elements[::3])
    return Members(counts, names, types, bit_offsets, bit_widths)


def enums(index: RecordIndex, strings: StringTable, type_ids: Sequence[TypeId]) -> Enums:
    """These own enums. Raises :class:`InputError` where a name or a size is malformed."""
    words, starts = index.words, index.starts_of(type_ids)
    infos, byte_sizes = index.gather(starts, 1), index.gather(starts, 2)
    if not ENUM_SIZES.issuperset(byte_sizes):
        raise InputError(index.source, "type section", "an enum of another size")
    name_offs, values = array("I"), list[int]()
    for info, start in zip(infos, starts, strict=True):
        found = enumerators(words, info, start + 3)
        name_offs += found[0]
        values += found[1]
    return Enums(
        byte_sizes,
        [info >> 31 != 0 for info in infos],
        [info & _VLEN for info in infos],
        strings.cut(name_offs),
        values,
    )


def enumerators(words: array[int], info: int, start: int) -> tuple[array[int], Sequence[int]]:
    """The names' string offsets and the values of an enum's constants, which start there."""
    vlen, signed = info & _VLEN, info >> 31
    if info >> 24 & 0x7F == Kind.ENUM:
        end = start + 2 * vlen
        values = words[start + 1 : end : 2]
        return words[start:end:2], array("i", values.tobytes()) if signed else values
    end = start + 3 * vlen
    sign = 1 << 63 if signed else 0
    halves = zip(words[start + 1 : end : 3], words[start + 2 : end : 3], strict=True)
    return words[start:end:3], [((high << 32 | low) ^ sign) - sign for low, high in halves]


def composites(
    index: RecordIndex, strings: StringTable, type_ids: Sequence[TypeId]
) -> dict[TypeId, Type]:
    """These own structs and unions; none of them if one is malformed."""
    starts = index.starts_of(type_ids)
    with suppress(InputError):
        counts, *columns = members(index, strings, type_ids)
        every = tuple(map(_new, repeat(Member), zip(*columns, strict=True)))
        stops = accumulate(counts)
        records = zip(
            map(strings.__getitem__, index.gather(starts, 0)),
            index.gather(starts, 2),
            [every[stop - count : stop] for count, stop in zip(counts, stops, strict=True)],
            repeat(None),
            strict=False,
        )
        kinds: list[type[Any]] = [
            Union if info >> 24 & 0x7F == Kind.UNION else Struct for info in index.gather(starts, 1)
        ]
        return dict(zip(type_ids, map(_new, kinds, records), strict=False))
    return {}

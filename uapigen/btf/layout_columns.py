"""What layout asks of all types of a BTF source, as columns of its words."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import partial
from itertools import compress, repeat
from operator import add, and_

from uapigen.btf.format import Kind
from uapigen.btf.index import ALIASES, ARRAYS, COMPOSITES, TYPEDEFS, RecordIndex, kind_set
from uapigen.btf.strings import StringTable
from uapigen.ir.columns import FORM, NONE, POINTER, RECORD, Columns
from uapigen.ir.types import TypeId

__all__ = ["for_layout"]

_ENUMS = kind_set(Kind.ENUM, Kind.ENUM64)
_POINTERS = kind_set(Kind.PTR)
_UNIONS = kind_set(Kind.UNION)
_VLEN = 0xFFFFFF
_KIND_FLAG = 1 << 31
_START = 8
"""Bytes of names that are compared first."""


def for_layout(index: RecordIndex, strings: StringTable) -> Columns:
    """What layout asks of all types."""
    name_offs, types, bit_offsets = index.members
    column, ids = index.column, index.ids
    targets, elements = column(ALIASES, 2), column(ARRAYS, 3)
    classes = bytearray([NONE]) * 256
    for kinds, found in (
        (COMPOSITES, RECORD),
        (_POINTERS, POINTER),
        (ALIASES, FORM),
        (ARRAYS, FORM),
    ):
        for kind in compress(range(256), kinds):
            classes[kind] = found
    infos = column(COMPOSITES, 1)
    return Columns(
        classes=b"\0" + index.kinds.translate(classes),
        records=list(ids(COMPOSITES)),
        sizes=column(COMPOSITES, 2),
        vlens=list(map(and_, infos, repeat(_VLEN))),
        unions=list(ids(_UNIONS)),
        with_bitfields=list(compress(ids(COMPOSITES), map(_KIND_FLAG.__le__, infos))),
        member_types=types,
        member_offsets=bit_offsets,
        have_names=partial(_have_names, name_offs, strings),
        enums=zip(ids(_ENUMS), column(_ENUMS, 2), strict=True),
        forms=[*ids(ALIASES), *ids(ARRAYS)],
        form_targets=targets + elements,
        form_counts=[*repeat(1, len(targets)), *column(ARRAYS, 5)],
        typedefs_named=partial(_typedefs_named, index, strings),
    )


def _typedefs_named(
    index: RecordIndex, strings: StringTable, names: Collection[str]
) -> Iterator[TypeId]:
    """Own typedefs of these names; most others are told from them by their first bytes."""
    starts = {(name.encode() + b"\0")[:_START] for name in names}
    name_offs, data = index.column(TYPEDEFS, 0), strings.data
    cuts = map(slice, name_offs, map(add, name_offs, repeat(_START)))
    hits = map(starts.__contains__, map(data.__getitem__, cuts))
    for type_id, name_off in compress(zip(index.ids(TYPEDEFS), name_offs, strict=True), hits):
        if strings[name_off] in names:
            yield type_id


def _have_names(name_offs: Sequence[int], strings: StringTable, cut: slice) -> Sequence[int]:
    try:
        return [strings.data[name_off] for name_off in name_offs[cut]]
    except IndexError:  # the string table says which
        return [len(strings[name_off]) for name_off in name_offs[cut]]

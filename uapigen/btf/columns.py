"""Most types of a source decoded at once, column by column: few steps for each.

What takes a closer look (bitfields, kinds with more than a name, a size and
references) is left to the reader, and so is whatever is malformed, which the
reader then says with its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import accumulate, chain, compress, repeat
from typing import TYPE_CHECKING, Any

from uapigen.btf.format import Kind
from uapigen.btf.index import ALIASES, ARRAYS, COMPOSITES, RecordIndex, kind_set
from uapigen.btf.strings import StringTable
from uapigen.errors import InputError
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

if TYPE_CHECKING:
    from uapigen.ir.columns import Columns

__all__ = ["QUALIFIERS", "composites", "for_layout", "forms"]

QUALIFIERS = {Kind.CONST: "const", Kind.VOLATILE: "volatile", Kind.RESTRICT: "restrict"}

_FORMS = (Kind.PTR, Kind.ARRAY, Kind.TYPEDEF, *QUALIFIERS)
_ENUMS = kind_set(Kind.ENUM, Kind.ENUM64)
_VLEN = 0xFFFFFF
_new = tuple.__new__  # what a named tuple's own constructor calls, without the call


def forms(index: RecordIndex, strings: StringTable) -> dict[TypeId, Type]:
    """Pointers, arrays, typedefs and qualified types."""
    words = index.words
    nodes: dict[TypeId, Type] = {}
    mask = index.kinds.translate(kind_set(*_FORMS))
    ids, starts_of_all = list(index.ids(kind_set(*_FORMS))), list(compress(index.offsets, mask))
    kinds = bytes(compress(index.kinds, mask))

    def add(kind: int, node: type[Type], columns: Iterator[tuple[object, ...]]) -> None:
        chosen = compress(ids, kinds.translate(kind_set(kind)))
        nodes.update(zip(chosen, map(_new, repeat(node), columns), strict=True))

    for kind in _FORMS:
        starts = list(compress(starts_of_all, kinds.translate(kind_set(kind))))
        first = 3 if kind == Kind.ARRAY else 2
        targets = index.gather(starts, first)
        if max(targets, default=0) >= index.last_id:
            continue
        if kind == Kind.PTR:
            add(kind, Pointer, zip(targets, strict=True))
        elif kind == Kind.ARRAY:
            add(kind, Array, zip(targets, [words[start + 5] for start in starts], strict=True))
        elif kind == Kind.TYPEDEF:
            names = map(strings.__getitem__, [words[start] for start in starts])
            with suppress(InputError):
                add(kind, Typedef, zip(names, targets, repeat(None), strict=False))
        else:
            add(kind, Qualifier, zip(repeat(QUALIFIERS[kind]), targets, strict=False))
    return nodes


def composites(index: RecordIndex, strings: StringTable) -> dict[TypeId, Type]:
    """Structs and unions without bitfields, where ``kind_flag`` alone says which have any."""
    nodes: dict[TypeId, Type] = {}
    _, name_offs, types, offsets = index.members
    if max(types, default=0) >= index.last_id:
        return nodes
    names = strings.__getitem__
    column = index.column
    infos = column(COMPOSITES, 1)
    stops = list(accumulate([info & _VLEN for info in infos]))
    with suppress(InputError):
        columns = zip(map(names, name_offs), types, offsets, repeat(0), strict=False)
        members = tuple(map(_new, repeat(Member), columns))
        records = zip(
            map(names, column(COMPOSITES, 0)),
            column(COMPOSITES, 2),
            [members[start:stop] for start, stop in zip(chain((0,), stops), stops, strict=False)],
            repeat(None),
            strict=False,
        )
        kinds: list[type[Any]] = [
            Union if info >> 24 & 0x7F == Kind.UNION else Struct for info in infos
        ]
        nodes.update(zip(index.ids(COMPOSITES), map(_new, kinds, records), strict=False))
    for type_id, info, stop in zip(index.ids(COMPOSITES), infos, stops, strict=True):
        if info >> 31 and max(offsets[stop - (info & _VLEN) : stop], default=0) >> 24:
            nodes.pop(type_id, None)  # it has bitfields
    return nodes


def for_layout(
    index: RecordIndex, strings: StringTable, users: Mapping[TypeId, object]
) -> Columns | None:
    """What layout asks of all types; None if a reference is malformed."""
    from uapigen.ir.columns import Columns

    column = index.column
    infos = column(COMPOSITES, 1)
    stops = list(accumulate([info & _VLEN for info in infos]))
    _, _, types, bit_offsets = index.members
    forms, targets = index.references(ALIASES)
    if max(max(types, default=0), max(targets, default=0)) >= index.last_id:
        return None
    names = map(strings.__getitem__, column(ALIASES, 0))
    return Columns(
        records=zip(
            index.ids(COMPOSITES),
            [info >> 24 & 0x7F == Kind.UNION for info in infos],
            [info >> 31 for info in infos],
            column(COMPOSITES, 2),
            chain((0,), stops),
            stops,
            strict=False,
        ),
        member_types=types,
        member_offsets=bit_offsets,
        used=users,
        pointers=index.ids(kind_set(Kind.PTR)),
        enums=zip(index.ids(_ENUMS), column(_ENUMS, 2), strict=True),
        aliases=zip(forms, targets, names, strict=False),
        arrays=zip(index.ids(ARRAYS), column(ARRAYS, 3), column(ARRAYS, 5), strict=True),
    )

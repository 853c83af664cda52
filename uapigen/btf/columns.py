"""Most types of a source decoded at once, column by column: few steps for each.

What takes a closer look (bitfields, kinds with more than a name, a size and
references) is left to the reader, and so is whatever is malformed, which the
reader then says with its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import compress, repeat

from uapigen.btf.format import Kind
from uapigen.btf.index import COMPOSITES, RecordIndex, kind_set
from uapigen.btf.strings import StringTable
from uapigen.errors import InputError
from uapigen.ir.types import Array, Member, Pointer, Qualifier, Struct, Type, Typedef, TypeId, Union

__all__ = ["QUALIFIERS", "composites", "forms"]

QUALIFIERS = {Kind.CONST: "const", Kind.VOLATILE: "volatile", Kind.RESTRICT: "restrict"}

_FORMS = (Kind.PTR, Kind.ARRAY, Kind.TYPEDEF, *QUALIFIERS)
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
        targets = [words[start + first] for start in starts]
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
    words = index.words
    with suppress(InputError):
        columns = zip(map(strings.__getitem__, name_offs), types, offsets, repeat(0), strict=False)
        members = list(map(_new, repeat(Member), columns))
        end = 0
        for type_id, start in index.records(COMPOSITES):
            name_off, info, byte_size = words[start : start + 3]
            begin, end = end, end + (info & _VLEN)
            if info >> 31 and end > begin and max(offsets[begin:end]) >> 24:
                continue
            node = Union if info >> 24 & 0x7F == Kind.UNION else Struct
            nodes[type_id] = node(strings[name_off], byte_size, tuple(members[begin:end]))
    return nodes

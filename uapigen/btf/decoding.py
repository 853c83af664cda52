"""One record of BTF's type section as a node.

Every count, id and string offset is checked here, and a count is always bounded by the
bytes that are really there.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from itertools import repeat
from typing import Any

from uapigen.btf import columns
from uapigen.btf.format import INT_BOOL, INT_SIGNED, Kind
from uapigen.btf.strings import StringTable
from uapigen.errors import InputError
from uapigen.ir.graph import TypeGraph, resolve
from uapigen.ir.types import (
    Array,
    DeclTag,
    Enum,
    Enumerator,
    Float,
    Forward,
    Func,
    FuncProto,
    Int,
    Member,
    Param,
    Pointer,
    Qualifier,
    Section,
    SectionVar,
    Struct,
    Type,
    Typedef,
    TypeId,
    TypeTag,
    Union,
    Unknown,
    Var,
)

__all__ = ["NODE_CLASSES", "Decoder"]

_new = tuple.__new__  # what a named tuple's own constructor calls, without the call
_LINKAGE = ("static", "global", "extern")
_MAX_INT_BYTES = 16


class Decoder:
    """Makes nodes of the records of one source's own types.

    ``words`` is the type section in this machine's byte order, ``last_id`` is one behind the
    last type's id. ``graph`` has all types; with ``odd_ints``, what describes a bitfield may be
    an integer type (the encoding before ``kind_flag``).
    """

    def __init__(
        self,
        graph: TypeGraph,
        words: array[int],
        strings: StringTable,
        *,
        source: str,
        last_id: TypeId,
        odd_ints: bool,
    ) -> None:
        self._graph = graph
        self.words = words
        self.strings = strings
        self._source = source
        self._last_id = last_id
        self._odd_ints = odd_ints

    def decode(self, type_id: TypeId, offset: int) -> Type:
        """The node of the record that starts at that word."""
        name_off, info, size_or_type = self.words[offset : offset + 3]
        decode = _DECODERS.get(info >> 24 & 0x7F)
        name = self.strings[name_off]
        if decode is None:
            return Unknown(name, info >> 24 & 0x7F)
        return decode(self, type_id, name, info, size_or_type, offset + 3)

    def _malformed(self, type_id: TypeId, problem: str) -> InputError:
        return InputError(self._source, f"type {type_id}", problem)

    def reference(self, type_id: TypeId, target: int) -> TypeId:
        """The type that a record refers to; raises :class:`InputError` where there is none."""
        if target >= self._last_id:
            raise self._malformed(
                type_id, f"refers to type {target}, the last is {self._last_id - 1}"
            )
        return target

    def _columns(self, start: int, vlen: int, width: int) -> list[array[int]]:
        """The ``vlen`` elements of ``width`` words from word ``start`` on, by column."""
        end = start + width * vlen
        return [self.words[start + column : end : width] for column in range(width)]

    def _int(self, type_id: TypeId, name: str, _info: int, byte_size: int, start: int) -> Type:
        encoding = self.words[start]
        flags = encoding >> 24 & 0xF
        bit_offset, bit_width = encoding >> 16 & 0xFF, encoding & 0xFF
        if not 0 < byte_size <= _MAX_INT_BYTES:
            raise self._malformed(type_id, f"an integer of {byte_size} bytes")
        if bit_offset + bit_width > 8 * byte_size:
            raise self._malformed(type_id, f"{bit_width} bits at {bit_offset} of {byte_size} bytes")
        return Int(
            name, byte_size, bool(flags & INT_SIGNED), bool(flags & INT_BOOL), bit_offset, bit_width
        )

    def _float(self, type_id: TypeId, name: str, _info: int, byte_size: int, _start: int) -> Type:
        if byte_size not in (2, 4, 8, 10, 12, 16):
            raise self._malformed(type_id, f"a floating point type of {byte_size} bytes")
        return Float(name, byte_size)

    def _pointer(self, type_id: TypeId, _name: str, _info: int, target: int, _start: int) -> Type:
        return Pointer(self.reference(type_id, target))

    def _array(self, type_id: TypeId, _name: str, _info: int, _size: int, start: int) -> Type:
        element, _index_type, nelems = self.words[start : start + 3]
        return Array(self.reference(type_id, element), nelems)

    def _composite(self, type_id: TypeId, name: str, info: int, byte_size: int, start: int) -> Type:
        vlen = info & 0xFFFFFF
        node = Union if info >> 24 & 0x7F == Kind.UNION else Struct
        if not vlen:
            return node(name, byte_size, ())
        end = start + 3 * vlen
        words = self.words
        name_offs, types = words[start:end:3], words[start + 1 : end : 3]
        offsets = words[start + 2 : end : 3]
        if max(types) >= self._last_id:
            self.reference(type_id, max(types))
        names = map(self.strings.__getitem__, name_offs)
        widths: Iterable[int] = repeat(0)
        if info >> 31 and max(offsets) >> 24:
            widths = [packed >> 24 for packed in offsets]
            offsets = array("I", [packed & 0xFFFFFF for packed in offsets])
        elif self._odd_ints and not info >> 31:
            return node(name, byte_size, tuple(map(self._old_member, names, types, offsets)))
        members = zip(names, types, offsets, widths, strict=False)
        return node(name, byte_size, tuple([_new(Member, member) for member in members]))

    def _old_member(self, name: str, target: TypeId, bit_offset: int) -> Member:
        """A member without kind_flag: its integer type may say that it is a bitfield."""
        node = self._graph[resolve(self._graph, target)]
        if isinstance(node, Int) and (
            node.bit_offset or node.bit_width not in (0, 8 * node.byte_size)
        ):
            return Member(name, target, bit_offset + node.bit_offset, node.bit_width)
        return Member(name, target, bit_offset)

    def _enum(self, type_id: TypeId, name: str, info: int, byte_size: int, start: int) -> Type:
        if byte_size not in columns.ENUM_SIZES:
            raise self._malformed(type_id, f"an enum of {byte_size} bytes")
        name_offs, values = columns.enumerators(self.words, info, start)
        pairs = zip(map(self.strings.__getitem__, name_offs), values, strict=True)
        enumerators = tuple(map(_new, repeat(Enumerator), pairs))
        return Enum(name, byte_size, info >> 31 != 0, enumerators)

    def _forward(self, _type_id: TypeId, name: str, info: int, _size: int, _start: int) -> Type:
        return Forward(name, "union" if info >> 31 else "struct")

    def _typedef(self, type_id: TypeId, name: str, _info: int, target: int, _start: int) -> Type:
        return Typedef(name, self.reference(type_id, target))

    def _qualifier(self, type_id: TypeId, _name: str, info: int, target: int, _start: int) -> Type:
        return Qualifier(columns.QUALIFIERS[info >> 24 & 0x7F], self.reference(type_id, target))

    def _type_tag(self, type_id: TypeId, name: str, info: int, target: int, _start: int) -> Type:
        return TypeTag(name, self.reference(type_id, target), bool(info >> 31))

    def _decl_tag(self, type_id: TypeId, name: str, info: int, target: int, start: int) -> Type:
        component = self.words[start]
        return DeclTag(
            name,
            self.reference(type_id, target),
            -1 if component == 0xFFFFFFFF else component,
            bool(info >> 31),
        )

    def _func(self, type_id: TypeId, name: str, info: int, target: int, _start: int) -> Type:
        return Func(name, self.reference(type_id, target), self._linkage(type_id, info & 0xFFFFFF))

    def _func_proto(self, type_id: TypeId, _name: str, info: int, returns: int, start: int) -> Type:
        end = start + 2 * (info & 0xFFFFFF)
        name_offs, types = self.words[start:end:2], self.words[start + 1 : end : 2]
        if types and max(types) >= self._last_id:
            self.reference(type_id, max(types))
        names = map(self.strings.__getitem__, name_offs)
        params = tuple([_new(Param, param) for param in zip(names, types, strict=True)])
        # A last parameter without name and type stands for the ellipsis.
        variadic = bool(params) and params[-1] == ("", 0)
        return FuncProto(
            self.reference(type_id, returns), params[:-1] if variadic else params, variadic
        )

    def _var(self, type_id: TypeId, name: str, _info: int, target: int, start: int) -> Type:
        return Var(name, self.reference(type_id, target), self._linkage(type_id, self.words[start]))

    def _linkage(self, type_id: TypeId, linkage: int) -> str:
        if linkage >= len(_LINKAGE):
            raise self._malformed(type_id, f"linkage {linkage} is unknown")
        return _LINKAGE[linkage]

    def _section(self, type_id: TypeId, name: str, info: int, byte_size: int, start: int) -> Type:
        columns = self._columns(start, info & 0xFFFFFF, 3)
        if columns[0] and max(columns[0]) >= self._last_id:
            self.reference(type_id, max(columns[0]))
        return Section(name, byte_size, tuple(map(SectionVar, *columns)))


_Decoder = Callable[[Decoder, TypeId, str, int, int, int], Type]
"""(decoder, type id, name, info word, size or type word, first word after the record)."""

_DECODERS: dict[int, _Decoder] = {
    Kind.INT: Decoder._int,
    Kind.PTR: Decoder._pointer,
    Kind.ARRAY: Decoder._array,
    Kind.STRUCT: Decoder._composite,
    Kind.UNION: Decoder._composite,
    Kind.ENUM: Decoder._enum,
    Kind.FWD: Decoder._forward,
    Kind.TYPEDEF: Decoder._typedef,
    Kind.VOLATILE: Decoder._qualifier,
    Kind.CONST: Decoder._qualifier,
    Kind.RESTRICT: Decoder._qualifier,
    Kind.FUNC: Decoder._func,
    Kind.FUNC_PROTO: Decoder._func_proto,
    Kind.VAR: Decoder._var,
    Kind.DATASEC: Decoder._section,
    Kind.FLOAT: Decoder._float,
    Kind.DECL_TAG: Decoder._decl_tag,
    Kind.TYPE_TAG: Decoder._type_tag,
    Kind.ENUM64: Decoder._enum,
}

NODE_CLASSES: dict[int, type[Any]] = {
    Kind.INT: Int,
    Kind.PTR: Pointer,
    Kind.ARRAY: Array,
    Kind.STRUCT: Struct,
    Kind.UNION: Union,
    Kind.ENUM: Enum,
    Kind.ENUM64: Enum,
    Kind.FWD: Forward,
    Kind.TYPEDEF: Typedef,
    Kind.VOLATILE: Qualifier,
    Kind.CONST: Qualifier,
    Kind.RESTRICT: Qualifier,
    Kind.FUNC: Func,
    Kind.FUNC_PROTO: FuncProto,
    Kind.VAR: Var,
    Kind.DATASEC: Section,
    Kind.FLOAT: Float,
    Kind.DECL_TAG: DeclTag,
    Kind.TYPE_TAG: TypeTag,
}
"""The class of each kind's nodes."""

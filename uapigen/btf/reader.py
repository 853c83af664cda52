"""BTF's type section as a :class:`~uapigen.ir.graph.TypeGraph`.

The index (``index.py``) knows where each type's record starts; a type is
decoded when first asked for. Nothing relies on the order of types: recent encoders
sort them by name, and a tenth of the references then point forward.

Every count, id and string offset is checked where it is used, and a count is
always bounded by the bytes that are really there.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import repeat
from typing import TYPE_CHECKING, Any

from uapigen.btf import columns
from uapigen.btf.format import INT_BOOL, INT_SIGNED, Kind, parse_header
from uapigen.btf.index import (
    ALIASES,
    COMPOSITES,
    FEW,
    FORMS,
    FUNCS,
    POINTERS,
    RecordIndex,
    Relocation,
    kind_set,
)
from uapigen.btf.prototypes import callbacks, functions_of_few, prototypes
from uapigen.btf.strings import StringTable
from uapigen.errors import InputError
from uapigen.ir.graph import (
    Nodes,
    SourceInfo,
    add_outer,
    enums_of,
    functions_like,
    members_of,
    resolve,
    tags_of,
)
from uapigen.ir.prototypes import FunctionsLike, Prototypes
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

if TYPE_CHECKING:
    from uapigen.ir.columns import Columns, Enums, Members

__all__ = ["BtfGraph"]

_LONG = ("long unsigned int", "long int", "unsigned long", "long")
_new = tuple.__new__  # what a named tuple's own constructor calls, without the call
_LINKAGE = ("static", "global", "extern")
_MAX_INT_BYTES = 16
_MAX_FORMS = 128
"""Arrays, typedefs and qualifiers in a row; more than any that can be laid out."""


class BtfGraph:
    """The types of one BTF blob, over those of its base where it is split BTF.

    ``data`` is raw BTF; ``digest``, ``machine`` and ``release`` go into
    :attr:`info` as they are. Raises :class:`InputError` at once for a
    malformed header or type section, and on decoding for a malformed type.
    """

    def __init__(
        self,
        data: bytes,
        name: str,
        *,
        base: BtfGraph | None = None,
        relocation: Relocation | None = None,
        digest: Callable[[], str] | None = None,
        machine: str | None = None,
        release: str | None = None,
    ) -> None:
        header = parse_header(data, name)
        self.name = name
        self._base = base
        self.big_endian = header.big_endian
        if base is not None and base.big_endian != header.big_endian:
            raise InputError(name, "header", f"byte order differs from its base's, {base.name}")
        self.words = array("I")
        self.words.frombytes(memoryview(data)[header.type_start : header.type_end])
        if header.big_endian != (sys.byteorder == "big"):
            self.words.byteswap()
        strings_base = base.strings if base else None
        if relocation is not None:
            strings_base = relocation.strings
        self.strings: StringTable = StringTable(
            data[header.str_start : header.str_end], name, strings_base
        )
        if base is None and self.strings.data[:1] not in (b"", b"\0"):
            raise InputError(
                name,
                "string section",
                "does not start with an empty name: this is split BTF and needs its base (--base)",
            )
        self._first_id = len(base) if base is not None else 1
        self.index = RecordIndex(self.words, header, self._first_id, name)
        self._offsets = self.index.offsets
        self._last_id = self.index.last_id
        self._odd_ints: bool = self.index.has_odd_ints() or (base is not None and base._odd_ints)
        if relocation is not None:
            self.index.relocate(relocation, header)
        self.nodes = Nodes(self._decode)
        self._preloaded = False
        self._sought: dict[str, list[TypeId]] = {}
        self._pointer_size: int | None = None
        self._machine, self._release = machine, release
        self._digest = digest or (lambda: "")

    @property
    def info(self) -> SourceInfo:
        return SourceInfo(
            self.name,
            self._digest,
            self.big_endian,
            self.pointer_size,
            self._machine or (self._base._machine if self._base else None),
            self._release or (self._base._release if self._base else None),
        )

    @property
    def sources(self) -> list[SourceInfo]:
        return [self.info]

    @property
    def base(self) -> BtfGraph | None:
        return self._base

    @property
    def first_id(self) -> TypeId:
        return self._first_id

    def __len__(self) -> int:
        return self._last_id

    def __getitem__(self, type_id: TypeId) -> Type:
        return self.nodes[type_id]

    def ids_of(self, *kinds: type) -> Iterator[TypeId]:
        wanted = (kind for kind, node in _NODE_CLASSES.items() if node in kinds)
        return iter(self.index.ids(kind_set(*wanted)))

    def ids_named(self, name: str) -> list[TypeId]:
        if self._preloaded:
            return self._by_name.get(name, [])
        found = self._sought.get(name)
        return self.index.named(self.strings.offsets_of(name)) if found is None else found

    def seek(self, names: Iterable[str]) -> None:
        if self._preloaded:
            return
        if self._base is not None:
            self._base.seek(names)
        self._sought = {name: [] for name in names}
        offsets = self.strings.offsets_of_all(self._sought)
        for type_id, name_off in self.index.among(offsets):
            self._sought[offsets[name_off]].append(type_id)

    @cached_property
    def _by_name(self) -> dict[str, list[TypeId]]:
        found: dict[str, list[TypeId]] = {}
        named = list(self.index.names())
        names = self.strings.cut([name_off for _, name_off in named])
        for (type_id, _), name in zip(named, names, strict=True):
            found.setdefault(name, []).append(type_id)
        return found

    def names_fit(self) -> bool:
        """Whether most names are whole strings: over another's base, split BTF's are not."""
        starts = [self.strings.is_start(name_off) for _, name_off in self.index.names()]
        return 2 * sum(starts) >= len(starts)

    def holders(
        self,
        type_ids: Iterable[TypeId],
        max_chain: int,
        *,
        typedefs: bool = False,
        parts: bool = False,
    ) -> dict[TypeId, int]:
        found = self.index.holders(type_ids, max_chain, FORMS if typedefs else POINTERS)
        if parts:
            add_outer(found, self.index.unnamed_members(max_chain))
        return found

    def byte_size(self, type_id: TypeId) -> int:
        if type_id < self._first_id and self._base is not None:
            return self._base.byte_size(type_id)
        return self.words[self._offsets[type_id - self._first_id] + 2]

    def users(self, type_id: TypeId) -> list[tuple[TypeId, int]]:
        return self._users.get(type_id, [])

    @cached_property
    def _users(self) -> dict[TypeId, list[tuple[TypeId, int]]]:
        # A member matters if its type is a composite, or an array, typedef or
        # qualified form that leads to one.
        return self.index.users(self._embeddable())

    def _embeddable(self) -> set[TypeId]:
        """Structs and unions, and the forms of them that are as large, its bases' among them."""
        found = self._base._embeddable() if self._base is not None else set()
        found.update(self.index.ids(COMPOSITES))
        return self.index.leading_to(found, ALIASES, _MAX_FORMS)

    def preload(self) -> None:
        self._preloaded = True
        self.nodes.update(columns.forms(self.index, self.strings))
        self.nodes.update(callbacks(self.index, self.strings))

    def decode(self, type_ids: Iterable[TypeId]) -> None:
        nodes, first = self.nodes, self._first_id
        missing = [i for i in type_ids if i not in nodes and i >= first]
        if not self._odd_ints:
            nodes.update(columns.composites(self.index, self.strings, missing))

    def tags(self, type_ids: Sequence[TypeId]) -> tuple[list[type], list[str]]:
        if not self._all_own(type_ids):
            return tags_of(self, type_ids)
        kinds = map(self.index.kinds.__getitem__, [i - self._first_id for i in type_ids])
        name_offs = self.index.gather(self.index.starts_of(type_ids), 0)
        names = self.strings.cut(name_offs)
        return list(map(_NODE_CLASSES.__getitem__, kinds)), names

    def untagged(self, type_ids: Sequence[TypeId]) -> list[TypeId]:
        name_offs = self.index.gather(self.index.starts_of(type_ids), 0)
        is_empty = self.strings.is_empty
        return [i for i, name_off in zip(type_ids, name_offs, strict=True) if is_empty(name_off)]

    def members(self, type_ids: Sequence[TypeId]) -> Members:
        if self._odd_ints or not self._all_own(type_ids):
            return members_of(self, type_ids)
        try:
            return columns.members(self.index, self.strings, type_ids)
        except InputError:
            return members_of(self, type_ids)  # which says where it is malformed

    def enums(self, type_ids: Sequence[TypeId]) -> Enums:
        with suppress(InputError):
            if self._all_own(type_ids):
                return columns.enums(self.index, self.strings, type_ids)
        return enums_of(self, type_ids)  # which says where it is malformed

    def _all_own(self, type_ids: Sequence[TypeId]) -> bool:
        return self._base is None or min(type_ids, default=self._first_id) >= self._first_id

    def columns(self) -> Columns | None:
        if self._base is not None or self._odd_ints:
            return None
        from uapigen.btf.layout_columns import for_layout

        return for_layout(self.index, self.strings)

    def functions(self) -> tuple[Sequence[TypeId], Sequence[str], Sequence[TypeId]]:
        return self._functions

    @cached_property
    def _functions(self) -> tuple[Sequence[TypeId], Sequence[str], Sequence[TypeId]]:
        ids = self.index.ids(FUNCS)
        starts = self.index.starts(FUNCS)
        names = self.strings.cut(self.index.gather(starts, 0))
        protos = self.index.gather(starts, 2)
        for position, proto in enumerate(protos) if max(protos, default=0) >= len(self) else ():
            self._reference(ids[position], proto)
        return ids, names, protos

    def prototypes(self) -> Prototypes:
        return self._prototypes

    @cached_property
    def _prototypes(self) -> Prototypes:
        return prototypes(self.index, self.strings)

    def functions_like(self, shapes: Collection[tuple[TypeId, ...]]) -> FunctionsLike:
        if len(shapes) > FEW:
            return functions_like(self, shapes)
        return functions_of_few(self.index, self.strings, shapes)

    @property
    def pointer_size(self) -> int:
        """In bytes: the size of ``long``, which is a pointer's on every Linux ABI.

        0 where there is no ``long``, as in many BPF objects.
        """
        if self._pointer_size is None:
            self._pointer_size = self._find_pointer_size()
        return self._pointer_size

    def _find_pointer_size(self) -> int:
        if self._base is not None:
            return self._base.pointer_size
        for type_id in self.ids_of(Int):
            node = self[type_id]
            assert isinstance(node, Int)
            if node.name in _LONG and node.byte_size in (4, 8):
                return node.byte_size
        return 0

    # Decoding

    def _malformed(self, type_id: TypeId, problem: str) -> InputError:
        return InputError(self.name, f"type {type_id}", problem)

    def _decode(self, type_id: TypeId) -> Type:
        if not self._first_id <= type_id < self._last_id:
            if self._base is not None and 0 <= type_id < self._first_id:
                return self._base[type_id]
            raise self._malformed(type_id, f"no such type; the last is {self._last_id - 1}")
        offset = self._offsets[type_id - self._first_id]
        name_off, info, size_or_type = self.words[offset : offset + 3]
        decode = _DECODERS.get(info >> 24 & 0x7F)
        name = self.strings[name_off]
        if decode is None:
            return Unknown(name, info >> 24 & 0x7F)
        return decode(self, type_id, name, info, size_or_type, offset + 3)

    def _reference(self, type_id: TypeId, target: int) -> TypeId:
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
        return Pointer(self._reference(type_id, target))

    def _array(self, type_id: TypeId, _name: str, _info: int, _size: int, start: int) -> Type:
        element, _index_type, nelems = self.words[start : start + 3]
        return Array(self._reference(type_id, element), nelems)

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
            self._reference(type_id, max(types))
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
        node = self[resolve(self, target)]
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
        return Typedef(name, self._reference(type_id, target))

    def _qualifier(self, type_id: TypeId, _name: str, info: int, target: int, _start: int) -> Type:
        return Qualifier(columns.QUALIFIERS[info >> 24 & 0x7F], self._reference(type_id, target))

    def _type_tag(self, type_id: TypeId, name: str, info: int, target: int, _start: int) -> Type:
        return TypeTag(name, self._reference(type_id, target), bool(info >> 31))

    def _decl_tag(self, type_id: TypeId, name: str, info: int, target: int, start: int) -> Type:
        component = self.words[start]
        return DeclTag(
            name,
            self._reference(type_id, target),
            -1 if component == 0xFFFFFFFF else component,
            bool(info >> 31),
        )

    def _func(self, type_id: TypeId, name: str, info: int, target: int, _start: int) -> Type:
        return Func(name, self._reference(type_id, target), self._linkage(type_id, info & 0xFFFFFF))

    def _func_proto(self, type_id: TypeId, _name: str, info: int, returns: int, start: int) -> Type:
        end = start + 2 * (info & 0xFFFFFF)
        name_offs, types = self.words[start:end:2], self.words[start + 1 : end : 2]
        if types and max(types) >= self._last_id:
            self._reference(type_id, max(types))
        names = map(self.strings.__getitem__, name_offs)
        params = tuple([_new(Param, param) for param in zip(names, types, strict=True)])
        # A last parameter without name and type stands for the ellipsis.
        variadic = bool(params) and params[-1] == ("", 0)
        return FuncProto(
            self._reference(type_id, returns), params[:-1] if variadic else params, variadic
        )

    def _var(self, type_id: TypeId, name: str, _info: int, target: int, start: int) -> Type:
        return Var(
            name, self._reference(type_id, target), self._linkage(type_id, self.words[start])
        )

    def _linkage(self, type_id: TypeId, linkage: int) -> str:
        if linkage >= len(_LINKAGE):
            raise self._malformed(type_id, f"linkage {linkage} is unknown")
        return _LINKAGE[linkage]

    def _section(self, type_id: TypeId, name: str, info: int, byte_size: int, start: int) -> Type:
        columns = self._columns(start, info & 0xFFFFFF, 3)
        if columns[0] and max(columns[0]) >= self._last_id:
            self._reference(type_id, max(columns[0]))
        return Section(name, byte_size, tuple(map(SectionVar, *columns)))


_Decoder = Callable[[BtfGraph, TypeId, str, int, int, int], Type]
"""(graph, type id, name, info word, size or type word, first word after the record)."""

_DECODERS: dict[int, _Decoder] = {
    Kind.INT: BtfGraph._int,
    Kind.PTR: BtfGraph._pointer,
    Kind.ARRAY: BtfGraph._array,
    Kind.STRUCT: BtfGraph._composite,
    Kind.UNION: BtfGraph._composite,
    Kind.ENUM: BtfGraph._enum,
    Kind.FWD: BtfGraph._forward,
    Kind.TYPEDEF: BtfGraph._typedef,
    Kind.VOLATILE: BtfGraph._qualifier,
    Kind.CONST: BtfGraph._qualifier,
    Kind.RESTRICT: BtfGraph._qualifier,
    Kind.FUNC: BtfGraph._func,
    Kind.FUNC_PROTO: BtfGraph._func_proto,
    Kind.VAR: BtfGraph._var,
    Kind.DATASEC: BtfGraph._section,
    Kind.FLOAT: BtfGraph._float,
    Kind.DECL_TAG: BtfGraph._decl_tag,
    Kind.TYPE_TAG: BtfGraph._type_tag,
    Kind.ENUM64: BtfGraph._enum,
}

_NODE_CLASSES: dict[int, type[Any]] = {
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

"""Nodes as the bytes of BTF: header, records, strings."""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Mapping, Sequence

from uapigen.btf.dedup import representatives
from uapigen.btf.format import INT_BOOL, INT_SIGNED, MAGIC, Kind
from uapigen.errors import InputError
from uapigen.ir.types import (
    Array,
    DeclTag,
    Enum,
    Float,
    Forward,
    Func,
    FuncProto,
    Int,
    Pointer,
    Qualifier,
    Section,
    Struct,
    Type,
    Typedef,
    TypeId,
    TypeTag,
    Union,
    Var,
)

__all__ = ["encode_nodes"]

_HEADER = "HBBIIIII"
_HEADER_SIZE = 24
_MAX_TYPE_ID = 0xFFFFF
_MAX_STRINGS = 0xFFFFFF
"""``BTF_MAX_TYPE``, ``BTF_MAX_NAME_OFFSET``."""
_INDEX_TYPE = Int("__ARRAY_SIZE_TYPE__", 4, signed=False)
"""What clang and pahole call the type of an array's index."""
_QUALIFIERS = {"const": Kind.CONST, "volatile": Kind.VOLATILE, "restrict": Kind.RESTRICT}
_LINKAGE = {"static": 0, "global": 1, "extern": 2}
_FLAG = 1 << 31
_WORD = 0xFFFFFFFF


def encode_nodes(
    nodes: Mapping[TypeId, Type], source: str, *, big_endian: bool
) -> tuple[bytes, dict[TypeId, TypeId]]:
    """BTF of these nodes, and the id that each has there.

    ``nodes`` refer to each other by their ids, 0 is void; they get ids in the
    order in which they come. What ``limits.py`` refuses is not among them.
    """
    first = representatives(nodes)
    written = [type_id for type_id in nodes if first[type_id] == type_id]
    ids = {type_id: position for position, type_id in enumerate(written, 1)}
    ids.update({type_id: ids[first[type_id]] for type_id in nodes})
    ids[0] = 0
    records = _Records(ids)
    has_array = any(isinstance(node, Array) for node in nodes.values())
    index = _index_type(nodes, written) if has_array else 0
    records.index_type = ids[index] if index is not None else len(written) + 1
    for type_id in written:
        records.add(nodes[type_id])
    if index is None:
        records.add(_INDEX_TYPE)
    if len(written) >= _MAX_TYPE_ID or len(records.strings) > _MAX_STRINGS:
        raise InputError(source, "", "has more types or names than BTF can hold")
    return records.to_bytes(big_endian), ids


def _index_type(nodes: Mapping[TypeId, Type], written: Sequence[TypeId]) -> TypeId | None:
    """An integer that can be the type of arrays' indexes; which one does not matter to C."""
    best = None
    for type_id in written:
        node = nodes[type_id]
        if isinstance(node, Int) and not node.boolean and node.byte_size in (4, 8):
            if node.name == _INDEX_TYPE.name:
                return type_id
            best = best or type_id
    return best


class _Records:
    """The type and string sections in the making."""

    def __init__(self, ids: Mapping[TypeId, TypeId]) -> None:
        self.ids = ids
        self.index_type = 0
        self.words = array("I")
        self.strings = bytearray(b"\0")
        self._offsets = {"": 0}

    def to_bytes(self, big_endian: bool) -> bytes:
        words, order = self.words, ">" if big_endian else "<"
        if big_endian != (sys.byteorder == "big"):
            words = words[:]
            words.byteswap()
        types, strings = words.tobytes(), bytes(self.strings)
        header = (MAGIC, 1, 0, _HEADER_SIZE, 0, len(types), len(types), len(strings))
        return struct.pack(order + _HEADER, *header) + types + strings

    def name(self, name: str) -> int:
        offset = self._offsets.get(name)
        if offset is None:
            offset = self._offsets[name] = len(self.strings)
            self.strings += name.encode("utf-8", "backslashreplace") + b"\0"
        return offset

    def _record(
        self,
        kind: int,
        name: str,
        size_or_type: int,
        *words: int,
        vlen: int = 0,
        flag: bool = False,
    ) -> None:
        info = kind << 24 | vlen | (_FLAG if flag else 0)
        self.words.extend((self.name(name), info, size_or_type, *words))

    def add(self, node: Type) -> None:
        """The record of a node."""
        ids = self.ids
        match node:
            case Int():
                encoding = INT_BOOL if node.boolean else INT_SIGNED if node.signed else 0
                # One that describes a bitfield: the members say so themselves by now.
                self._record(
                    Kind.INT, node.name, node.byte_size, encoding << 24 | 8 * node.byte_size
                )
            case Pointer():
                self._record(Kind.PTR, "", ids[node.target])
            case Array():
                self._record(Kind.ARRAY, "", 0, ids[node.element], self.index_type, node.nelems)
            case Struct() | Union():
                self._composite(node)
            case Enum():
                self._enum(node)
            case Forward(name, "enum"):
                self._record(Kind.ENUM, name, 4)
            case Forward():
                self._record(Kind.FWD, node.name, 0, flag=node.keyword == "union")
            case Typedef():
                self._record(Kind.TYPEDEF, node.name, ids[node.target])
            case Qualifier():
                self._record(_QUALIFIERS[node.keyword], "", ids[node.target])
            case Func():
                self._record(Kind.FUNC, node.name, ids[node.proto], vlen=_LINKAGE[node.linkage])
            case FuncProto():
                words = [word for p in node.params for word in (self.name(p.name), ids[p.type])]
                words += (0, 0) if node.variadic else ()
                self._record(Kind.FUNC_PROTO, "", ids[node.returns], *words, vlen=len(words) // 2)
            case Var():
                self._record(Kind.VAR, node.name, ids[node.type], _LINKAGE[node.linkage])
            case Section():
                words = [word for v in node.vars for word in (ids[v.var], *v[1:])]
                self._record(Kind.DATASEC, node.name, node.byte_size, *words, vlen=len(node.vars))
            case Float():
                self._record(Kind.FLOAT, node.name, node.byte_size)
            case DeclTag(name, target, component, attribute):
                self._record(Kind.DECL_TAG, name, ids[target], component & _WORD, flag=attribute)
            case TypeTag(name, target, attribute):
                self._record(Kind.TYPE_TAG, name, ids[target], flag=attribute)
            case _:
                raise AssertionError(node)

    def _composite(self, node: Struct | Union) -> None:
        kind = Kind.STRUCT if isinstance(node, Struct) else Kind.UNION
        name, ids = self.name, self.ids
        bitfields = any(member[3] for member in node.members)
        words: list[int] = []
        for member_name, target, bit_offset, bit_width in node.members:
            words += (name(member_name), ids[target], bit_width << 24 | bit_offset)
        self._record(
            kind, node.name, node.byte_size, *words, vlen=len(node.members), flag=bitfields
        )

    def _enum(self, node: Enum) -> None:
        low, high = (-(1 << 31), 1 << 31) if node.signed else (0, 1 << 32)
        wide = node.byte_size > 4 or not all(low <= value < high for _, value in node.enumerators)
        words: list[int] = []
        for name, value in node.enumerators:
            words += (self.name(name), value & _WORD)
            if wide:
                words.append(value >> 32 & _WORD)
        self._record(
            Kind.ENUM64 if wide else Kind.ENUM,
            node.name,
            node.byte_size,
            *words,
            vlen=len(node.enumerators),
            flag=node.signed,
        )

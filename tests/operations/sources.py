"""Hand-made sources with operation tables, and what reads them without the project's reader."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from btf.builder import Btf

__all__ = ["Raw", "RawTable", "device_source"]


def device_source() -> bytes:
    """A table of each kind of member, and functions that might be in it."""
    btf = Btf()
    number, long, boolean = (
        btf.int(),
        btf.int("long int", 8),
        btf.int("_Bool", 1, signed=False, boolean=True),
    )
    word, byte = btf.int("unsigned int", 4, signed=False), btf.int("char", 1)
    text, chars = btf.ptr(btf.const(byte)), btf.ptr(byte)
    ssize = btf.typedef("ssize_t", long)
    device = btf.struct("device", 16, ("flags", word, 0), ("data", btf.ptr(0), 64))
    pointer = btf.ptr(device)
    pair = btf.struct("pair", 8, ("a", number, 0), ("b", number, 32))
    large = btf.struct("large", 24, ("a", long, 0), ("b", long, 64), ("c", long, 128))
    wide = btf.struct("wide", 16, ("a", long, 0), ("b", long, 64))
    protos = {
        "open": btf.func_proto(number, ("", pointer)),
        "read": btf.func_proto(ssize, ("", pointer), ("", chars), ("", long)),
        "find": btf.func_proto(pointer, ("", pointer), ("", text)),
        "ready": btf.func_proto(boolean, ("", pointer)),
        "release": btf.func_proto(0, ("", pointer)),
        "mask": btf.func_proto(word, ("", pointer)),
        "swap": btf.func_proto(pair, ("", pair)),
        "grow": btf.func_proto(large, ("", large), ("", number)),
        "span": btf.func_proto(wide, ("", number)),
        "log": btf.func_proto(number, ("", text), ("", 0)),
    }
    walker = btf.typedef("walk_fn", btf.ptr(btf.func_proto(number, ("", pointer))))
    protos["each"] = btf.func_proto(number, ("", pointer), ("", walker))
    pointers = {name: btf.ptr(proto) for name, proto in protos.items()}
    inner = btf.union("", 8, ("probe", pointers["open"], 0), ("attach", pointers["open"], 0))
    members = [("owner", btf.ptr(0), 0)]
    members += [(name, target, 0) for name, target in pointers.items()]
    members += [("", inner, 0), ("walk", walker, 0)]
    members += [("class", pointers["open"], 0), ("vtable", pointers["release"], 0)]
    placed = [(name, target, 64 * at) for at, (name, target, _) in enumerate(members)]
    end = 64 * len(placed)
    placed += [("handlers", btf.array(pointers["mask"], 3), end), ("level", number, end + 192)]
    btf.struct("device_ops", end // 8 + 32, *placed)
    btf.struct("plain", 8, ("a", number, 0), ("b", number, 32))
    functions = {
        "net_open": ("open", "dev"),
        "disk_open": ("open", "dev"),
        "other_open": ("open", "d"),
        "unrelated": ("open", "dev"),
        "disk_read": ("read", "dev", "buf", "len"),
        "find_child": ("find", "parent", "name"),
        "find_other": ("find", "parent", "name"),
    }
    shapes = {
        "open": (number, pointer),
        "read": (ssize, pointer, chars, long),
        "find": (pointer, pointer, text),
    }
    for name, (shape, *params) in functions.items():
        returns, *types = shapes[shape]
        btf.func(name, btf.func_proto(returns, *zip(params, types, strict=True)))
    return btf.dump()


class RawTable(NamedTuple):
    """A struct with (name, byte offset, return type id, parameters' type ids) of its pointers."""

    type_id: int
    name: str
    functions: list[tuple[str, int, int, tuple[int, ...]]]
    members: int


class Raw:
    """BTF by ``struct.unpack`` alone, as ``Documentation/bpf/btf.rst`` has it."""

    def __init__(self, blob: bytes) -> None:
        self.order = "<" if blob[:2] == b"\x9f\xeb" else ">"
        header = struct.unpack_from(f"{self.order}HBBIIIII", blob)
        start, (types, types_size, strings) = header[3], header[4:7]
        self.strings = blob[start + strings : start + strings + header[7]]
        section = blob[start + types : start + types + types_size]
        self.types: list[tuple[int, int, int, int, tuple[int, ...]]] = [(0, 0, 0, 0, ())]
        extra = {1: 1, 3: 3, 14: 1, 17: 1}
        each = {4: 3, 5: 3, 6: 2, 13: 2, 15: 3, 19: 3}
        at = 0
        while at < len(section):
            name, info, word = struct.unpack_from(f"{self.order}III", section, at)
            kind, vlen = info >> 24 & 0x1F, info & 0xFFFF
            count = extra.get(kind, 0) + each.get(kind, 0) * vlen
            rest = struct.unpack_from(f"{self.order}{count}I", section, at + 12)
            self.types.append((kind, name, info, word, rest))
            at += 12 + 4 * count

    def text(self, offset: int) -> str:
        return self.strings[offset : self.strings.index(b"\0", offset)].decode()

    def behind(self, type_id: int) -> int:
        """Behind typedefs, qualifiers and type tags."""
        while self.types[type_id][0] in (8, 9, 10, 11, 18):
            type_id = self.types[type_id][3]
        return type_id

    def function(self, type_id: int) -> int:
        """The prototype behind a function pointer or an array of them; 0 for other types."""
        kind, _, _, word, rest = self.types[self.behind(type_id)]
        if kind == 3:
            return self.function(rest[0]) if rest[2] else 0
        if kind != 2:
            return 0
        proto = self.behind(word)
        return proto if self.types[proto][0] == 13 else 0

    def members(self, type_id: int, start: int = 0) -> Iterator[tuple[str, int, int]]:
        """(name, type or 0 of a bitfield, bit offset), those of anonymous parts among them."""
        _, _, info, _, rest = self.types[self.behind(type_id)]
        for at in range(0, len(rest), 3):
            name, target, offset = rest[at : at + 3]
            width, offset = (offset >> 24, offset & 0xFFFFFF) if info >> 31 else (0, offset)
            if name:
                yield self.text(name), 0 if width else target, start + offset
            elif self.types[self.behind(target)][0] in (4, 5):
                yield from self.members(target, start + offset)

    def tables(self) -> Iterator[RawTable]:
        """Every struct that has function pointers."""
        for type_id, (kind, name, _, _, _) in enumerate(self.types):
            if kind != 4:
                continue
            members = list(self.members(type_id))
            functions = []
            for member, target, offset in members:
                proto = self.function(target)
                if proto:
                    _, _, _, returns, rest = self.types[proto]
                    functions.append((member, offset // 8, returns, rest[1::2]))
            if functions:
                yield RawTable(type_id, self.text(name), functions, len(members))

"""An object file's sections, with debug information relocated, for any of the targets.

Of relocations only those matter that put an offset into another debug section: 32 bits each, a
symbol's value plus an addend, whatever their number is called on that machine. (pyelftools, which
knows them by number, does not know riscv's.) `include/uapi/linux/elf.h` is the format.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Sections", "read_sections"]

_REL, _RELA, _NOBITS = 9, 4, 8


@dataclass(frozen=True)
class Sections:
    """An object file: `order` is "<" or ">" as struct has it."""

    order: str
    data: dict[str, bytes]


def read_sections(path: Path) -> Sections:
    image = path.read_bytes()
    assert image[:4] == b"\x7fELF", path
    wide, order = image[4] == 2, "<" if image[5] == 1 else ">"
    if wide:
        (table,), (count, names) = _at(order + "Q", image, 40), _at(order + "HH", image, 60)
        record, size = struct.Struct(order + "IIQQQQIIQQ"), 64
    else:
        (table,), (count, names) = _at(order + "I", image, 32), _at(order + "HH", image, 48)
        record, size = struct.Struct(order + "IIIIIIIIII"), 40
    heads = [record.unpack_from(image, table + number * size) for number in range(count)]
    contents = [b"" if head[1] == _NOBITS else image[head[4] : head[4] + head[5]] for head in heads]
    titles = contents[names]
    data = {}
    for head, content in zip(heads, contents, strict=True):
        data[titles[head[0] : titles.index(b"\0", head[0])].decode()] = content
    for head, content in zip(heads, contents, strict=True):
        if head[1] in (_REL, _RELA):
            title = heads[head[7]][0]
            name = titles[title : titles.index(b"\0", title)].decode()
            if name in (".debug_info", ".debug_line"):
                symbols = contents[head[6]]
                data[name] = _relocated(data[name], content, symbols, order, wide, head[1] == _RELA)
    return Sections(order, data)


def _relocated(
    data: bytes, relocations: bytes, symbols: bytes, order: str, wide: bool, addends: bool
) -> bytes:
    patched = bytearray(data)
    word = struct.Struct(order + "I")
    values = [
        value
        for *_, value in struct.Struct(order + ("8xQ8x" if wide else "4xI8x")).iter_unpack(symbols)
    ]
    shift = 32 if wide else 8
    layout = order + ("Q" if wide else "I") * 2 + ({True: "q", False: "i"}[wide] * addends)
    for offset, info, *addend in struct.iter_unpack(layout, relocations):
        (start,) = addend or word.unpack_from(patched, offset)
        word.pack_into(patched, offset, (values[info >> shift] + start) & 0xFFFFFFFF)
    return bytes(patched)


def _at(layout: str, image: bytes, offset: int) -> tuple[int, ...]:
    return struct.unpack_from(layout, image, offset)

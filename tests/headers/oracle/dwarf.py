"""Debug information as gcc writes it with -gdwarf-4, read as far as types need it.

pyelftools reads all of DWARF, at a tenth of this speed, which a thousand headers make felt. The
format is the DWARF Debugging Information Format, version 4, chapter 7.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass, field
from typing import Any

from .elf import Sections

__all__ = ["Entry", "entries"]

# Tags and attributes that mean something here (section 7.5.4); others are skipped.
TAGS = {
    0x01: "array",
    0x04: "enumeration",
    0x0D: "member",
    0x0F: "pointer",
    0x13: "struct",
    0x15: "subroutine",
    0x16: "typedef",
    0x17: "union",
    0x21: "subrange",
    0x24: "base",
    0x26: "const",
    0x28: "enumerator",
    0x35: "volatile",
    0x37: "restrict",
    0x47: "atomic",
}
ATTRIBUTES = {
    0x03: "name",
    0x0B: "byte_size",
    0x0C: "bit_offset",
    0x0D: "bit_size",
    0x1C: "const_value",
    0x2F: "upper_bound",
    0x37: "count",
    0x38: "data_member_location",
    0x3A: "decl_file",
    0x3C: "declaration",
    0x3E: "encoding",
    0x49: "type",
    0x6B: "data_bit_offset",
}

# Forms of a fixed size, by their number
_FIXED = {0x05: "H", 0x06: "I", 0x07: "Q", 0x0B: "B", 0x0C: "B", 0x11: "B", 0x12: "H", 0x13: "I"}
_FIXED |= {0x14: "Q", 0x17: "I"}
_ADDR, _BLOCK1, _STRING, _SDATA, _STRP = 0x01, 0x0A, 0x08, 0x0D, 0x0E
_UDATA, _REF_UDATA, _EXPRLOC, _FLAG_PRESENT = 0x0F, 0x15, 0x18, 0x19


@dataclass
class Entry:
    """One debugging information entry. `type` in its attributes is an entry, too."""

    tag: str
    attributes: dict[str, Any]
    children: list[Entry] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.attributes.get("name", "")

    @property
    def type(self) -> Entry | None:
        return self.attributes.get("type")


def entries(sections: Sections) -> list[Entry]:
    """What stands at the outermost level of the one compilation unit.

    `decl_file` is the path of the file.
    """
    reader = _Reader(sections)
    files = _file_names(sections)
    found = reader.read()
    for entry in reader.by_offset.values():
        attributes = entry.attributes
        if "type" in attributes:
            attributes["type"] = reader.by_offset[attributes["type"]]
        if "decl_file" in attributes:
            attributes["decl_file"] = files[attributes["decl_file"]]
    return found


class _Reader:
    def __init__(self, sections: Sections) -> None:
        self.order = sections.order
        self.info = sections.data[".debug_info"]
        self.strings = sections.data.get(".debug_str", b"")
        length, version, abbreviations, self.address_size = struct.unpack_from(
            self.order + "IHIB", self.info
        )
        assert version == 4, version
        assert length + 4 == len(self.info), "more than one compilation unit"
        self.abbreviations = _abbreviations(sections.data[".debug_abbrev"], abbreviations)
        self.by_offset: dict[int, Entry] = {}

    def read(self) -> list[Entry]:
        info, position = self.info, 11
        root = Entry("root", {})
        stack = [root]
        while position < len(info):
            start = position
            code, position = _unsigned(info, position)
            if not code:
                stack.pop()
                continue
            tag, has_children, specifications = self.abbreviations[code]
            attributes: dict[str, Any] = {}
            for name, form in specifications:
                value, position = self._value(form, position)
                if name is not None:
                    attributes[name] = value
            entry = Entry(tag, attributes)
            self.by_offset[start] = entry
            stack[-1].children.append(entry)
            if has_children:
                stack.append(entry)
        (unit,) = root.children
        return unit.children

    def _value(self, form: int, position: int) -> tuple[Any, int]:
        info = self.info
        if form in _FIXED:
            code = self.order + _FIXED[form]
            return struct.unpack_from(code, info, position)[0], position + struct.calcsize(code)
        if form == _STRP:
            (offset,) = struct.unpack_from(self.order + "I", info, position)
            return _string(self.strings, offset)[0], position + 4
        if form == _STRING:
            return _string(info, position)
        if form == _FLAG_PRESENT:
            return True, position
        if form == _SDATA:
            return _signed(info, position)
        if form in (_UDATA, _REF_UDATA):
            return _unsigned(info, position)
        if form == _ADDR:
            return None, position + self.address_size
        if form == _EXPRLOC:
            length, position = _unsigned(info, position)
            return None, position + length
        if form == _BLOCK1:
            length = info[position]
            block = info[position + 1 : position + 1 + length]
            order = "little" if self.order == "<" else "big"
            return int.from_bytes(block, order), position + 1 + length
        raise AssertionError(f"form {form:#x} at {position:#x}")


def _abbreviations(
    data: bytes, position: int
) -> dict[int, tuple[str, bool, list[tuple[str | None, int]]]]:
    found = {}
    while True:
        code, position = _unsigned(data, position)
        if not code:
            return found
        tag, position = _unsigned(data, position)
        has_children = bool(data[position])
        position += 1
        specifications: list[tuple[str | None, int]] = []
        while True:
            attribute, position = _unsigned(data, position)
            form, position = _unsigned(data, position)
            if not form:
                break
            specifications.append((ATTRIBUTES.get(attribute), form))
        found[code] = (TAGS.get(tag, ""), has_children, specifications)


def _file_names(sections: Sections) -> list[str]:
    """The paths that `decl_file` counts, from 1 (section 6.2.4)."""
    data = sections.data[".debug_line"]
    version, header_length = struct.unpack_from(sections.order + "4xHI", data)
    assert version in (2, 3, 4), version
    position = 10 + (5 if version < 4 else 6)
    position += data[position - 1] - 1  # the lengths of standard opcodes
    directories = [b""]
    while data[position]:
        end = data.index(b"\0", position)
        directories.append(data[position:end])
        position = end + 1
    position += 1
    files = [""]
    while data[position]:
        end = data.index(b"\0", position)
        name = data[position:end]
        directory, position = _unsigned(data, end + 1)
        _, position = _unsigned(data, position)
        _, position = _unsigned(data, position)
        files.append(os.path.realpath(os.path.join(directories[directory], name)).decode())
    assert position + 1 == 10 + header_length, "file names end elsewhere"
    return files


def _string(data: bytes, position: int) -> tuple[str, int]:
    end = data.index(b"\0", position)
    return data[position:end].decode("utf-8", "surrogateescape"), end + 1


def _unsigned(data: bytes, position: int) -> tuple[int, int]:
    byte = data[position]
    position += 1
    if byte < 0x80:
        return byte, position
    value, shift = byte & 0x7F, 7
    while byte & 0x80:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
    return value, position


def _signed(data: bytes, position: int) -> tuple[int, int]:
    start = position
    value, position = _unsigned(data, position)
    bits = 7 * (position - start)
    return value - ((value >> (bits - 1)) << bits), position

"""Read a few named sections of an ELF file that nobody vouches for.

Follows the System V gABI (chapters "ELF Header" and "Sections"): both classes, both byte orders,
extended section numbering, ``SHF_COMPRESSED``.

This is a reader of our own, not pyelftools, because it is all that uapigen needs of ELF, costs no
import, goes through the headers of a file with 100,000 sections in one sweep, and holds every
offset against the file before use; a general parser raises whatever it stumbles over.
"""

from __future__ import annotations

import struct
from collections.abc import Collection
from dataclasses import dataclass

from uapigen.btf.compression import OutputBudget, inflate_section
from uapigen.errors import InputError

__all__ = [
    "EM_386",
    "EM_AARCH64",
    "EM_ARM",
    "EM_BPF",
    "EM_LOONGARCH",
    "EM_RISCV",
    "EM_S390",
    "EM_X86_64",
    "ET_REL",
    "MAGIC",
    "ElfFile",
    "Section",
    "read_elf",
    "section_contents",
    "section_view",
]

MAGIC = b"\x7fELF"

# include/uapi/linux/elf.h, include/uapi/linux/elf-em.h
ET_REL = 1
EM_386 = 3
EM_S390 = 22
EM_ARM = 40
EM_X86_64 = 62
EM_AARCH64 = 183
EM_RISCV = 243
EM_BPF = 247
EM_LOONGARCH = 258

_SHN_UNDEF = 0
_SHN_XINDEX = 0xFFFF
_SHT_NOBITS = 8
_SHF_COMPRESSED = 0x800
_SECTION_CODECS = {1: "zlib", 2: "zstd"}  # ELFCOMPRESS_ZLIB, ELFCOMPRESS_ZSTD

_BITS = {1: 32, 2: 64}  # e_ident[EI_CLASS]
_BYTE_ORDERS = {1: "<", 2: ">"}  # e_ident[EI_DATA]
_IDENT_SIZE = 16

# By class: the ELF header after e_ident, a section header, a compression header. Both classes
# have the same fields in the same order (but for a reserved word in Elf64_Chdr, skipped here).
_EHDR = {32: "HHIIIIIHHHHHH", 64: "HHIQQQIHHHHHH"}
_SHDR = {32: "IIIIIIIIII", 64: "IIQQQQIIQQ"}
_CHDR = {32: "III", 64: "I4xQQ"}


@dataclass(frozen=True, slots=True)
class Section:
    """A section header: ``byte_size`` bytes at ``offset``, not yet held against the file."""

    name: str
    type: int
    flags: int
    offset: int
    byte_size: int


@dataclass(frozen=True, slots=True)
class ElfFile:
    """What an ELF header says, and those sections that were asked for, in the file's order."""

    type: int
    machine: int
    bits: int  # 32 or 64
    big_endian: bool
    has_section_headers: bool
    sections: tuple[Section, ...]


def read_elf(data: bytes | bytearray, source: str, names: Collection[str]) -> ElfFile:
    """Read the ELF header of ``data`` and find the sections called ``names``.

    A file without section headers (as ``sstrip`` leaves it) is no error: it has no sections.
    Raises InputError where a header or table is malformed or reaches beyond the end of ``data``.
    """
    if len(data) < _IDENT_SIZE:
        raise InputError(source, "ELF header", "is cut short")
    bits = _BITS.get(data[4])
    byte_order = _BYTE_ORDERS.get(data[5])
    if bits is None or byte_order is None:
        raise InputError(source, "ELF header", "has an unknown class or byte order")
    header = struct.Struct(byte_order + _EHDR[bits])
    if len(data) < _IDENT_SIZE + header.size:
        raise InputError(source, "ELF header", "is cut short")
    (e_type, e_machine, _, _, _, e_shoff, _, _, _, _, e_shentsize, e_shnum, e_shstrndx) = (
        header.unpack_from(data, _IDENT_SIZE)
    )
    headers = memoryview(b"")
    sections: tuple[Section, ...] = ()
    if e_shoff:
        entry = struct.Struct(byte_order + _SHDR[bits])
        if e_shentsize != entry.size:
            problem = f"says that section headers have {e_shentsize} bytes, not {entry.size}"
            raise InputError(source, "ELF header", problem)
        headers = _section_headers(data, source, entry, e_shoff, e_shnum)
        sections = _find_sections(data, source, entry, headers, e_shstrndx, names)
    return ElfFile(e_type, e_machine, bits, byte_order == ">", bool(headers), sections)


def section_view(data: bytes | bytearray, section: Section, source: str) -> memoryview:
    """Give the bytes of ``section`` as they are; raise InputError if not all are in ``data``."""
    place = f"section {section.name}"
    if section.type == _SHT_NOBITS:
        problem = "has no contents in this file; is it a separate debug file?"
        raise InputError(source, place, problem)
    return _part(data, source, place, section.offset, section.byte_size)


def section_contents(
    data: bytes | bytearray, elf: ElfFile, section: Section, source: str, budget: OutputBudget
) -> bytes:
    """Give a copy of the bytes of ``section``, decompressed where it is SHF_COMPRESSED.

    Raises InputError if they are not all in ``data``, or do not decompress within ``budget``.
    """
    view = section_view(data, section, source)
    if not section.flags & _SHF_COMPRESSED:
        return bytes(view)
    place = f"section {section.name}"
    header = struct.Struct((">" if elf.big_endian else "<") + _CHDR[elf.bits])
    if len(view) < header.size:
        raise InputError(source, place, "is too short for its compression header")
    ch_type, ch_size, _ = header.unpack_from(view)
    codec = _SECTION_CODECS.get(ch_type)
    if codec is None:
        raise InputError(source, place, f"is compressed in an unknown way ({ch_type})")
    return inflate_section(view[header.size :], codec, ch_size, source, place, budget)


def _section_headers(
    data: bytes | bytearray, source: str, entry: struct.Struct, e_shoff: int, e_shnum: int
) -> memoryview:
    """Give the bytes of all section headers, a whole number of ``entry``."""
    if e_shnum == 0:  # 65,280 or more: the number stands in the first one's sh_size
        first = _part(data, source, "section header 0", e_shoff, entry.size)
        e_shnum = entry.unpack(first)[5]
    return _part(data, source, "section headers", e_shoff, e_shnum * entry.size)


def _find_sections(
    data: bytes | bytearray,
    source: str,
    entry: struct.Struct,
    headers: memoryview,
    e_shstrndx: int,
    names: Collection[str],
) -> tuple[Section, ...]:
    """Pick the sections called ``names`` out of ``headers``."""
    if not headers:
        return ()
    if e_shstrndx == _SHN_XINDEX:  # it stands in the first one's sh_link
        e_shstrndx = entry.unpack_from(headers)[6]
    if (e_shstrndx + 1) * entry.size > len(headers):
        raise InputError(source, "ELF header", f"names section {e_shstrndx}, which is not there")
    _, sh_type, _, _, offset, size, *_ = entry.unpack_from(headers, e_shstrndx * entry.size)
    if e_shstrndx == _SHN_UNDEF or sh_type == _SHT_NOBITS:
        return ()  # the sections have no names
    strings = bytes(_part(data, source, "section name strings", offset, size))

    wanted = {name.encode() + b"\0": name for name in names}
    longest = max(map(len, wanted))
    found = []
    for sh_name, sh_type, flags, _, offset, size, _, _, _, _ in entry.iter_unpack(headers):
        tail = strings[sh_name : sh_name + longest]
        name = wanted.get(tail[: tail.find(b"\0") + 1])
        if name is not None:
            found.append(Section(name, sh_type, flags, offset, size))
    return tuple(found)


def _part(
    data: bytes | bytearray, source: str, place: str, offset: int, byte_size: int
) -> memoryview:
    """Give ``byte_size`` bytes from ``offset`` on; raise InputError if not all are in ``data``."""
    end = offset + byte_size
    if end > len(data):
        problem = f"reaches to byte {end:#x} of a file that ends at {len(data):#x}"
        raise InputError(source, place, problem)
    return memoryview(data)[offset:end]

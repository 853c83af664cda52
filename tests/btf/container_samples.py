"""Small BTF, ELF files, compressed streams and kernel images with correct headers, made here.

The layouts are written down a second time, from the same documents as in the reader: a slip in
one of the two fails a test. Real compilers and packers have their own tests beside these.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import struct
import subprocess
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import lz4.block
import lz4.frame
import pytest
import zstandard

from uapigen.btf.container import unwrap
from uapigen.errors import InputError

EM_386, EM_S390, EM_ARM, EM_X86_64 = 3, 22, 40, 62
EM_AARCH64, EM_RISCV, EM_BPF, EM_LOONGARCH = 183, 243, 247, 258

RELEASE = "6.9.0-test+1"
BANNER = f"Linux version {RELEASE} (someone@somewhere) (gcc 14) #1 SMP\n\0".encode()


def btf(order: str = "<", *, header_size: int = 24, ints: int = 1) -> bytes:
    """Raw BTF of ``ints`` times ``int``, with a 24- or 32-byte header."""
    strings = b"\0int\0"
    types = struct.pack(order + "IIII", 1, 1 << 24, 4, 0x01000020) * ints
    fields = [0, len(types), len(types), len(strings)]
    if header_size == 32:
        fields += [len(types), 0]
    header = struct.pack(f"{order}HBBI{len(fields)}I", 0xEB9F, 1, 0, header_size, *fields)
    return header + types + strings


@dataclass(frozen=True)
class Section:
    """A section to put into an ELF file; ``size`` stands in the header instead of the true one."""

    name: str
    contents: bytes
    type: int = 1  # SHT_PROGBITS
    flags: int = 0
    size: int | None = None


def elf(
    sections: Sequence[Section] = (),
    *,
    bits: int = 64,
    order: str = "<",
    machine: int = 62,
    file_type: int = 1,
    extended_numbering: bool = False,
) -> bytes:
    """An ELF file: header, sections, section names, section headers."""
    ehdr_size = 64 if bits == 64 else 52
    shdr_size = 64 if bits == 64 else 40
    sections = [*sections, Section(".shstrtab", b"", type=3)]
    names = b"\0" + b"".join(section.name.encode() + b"\0" for section in sections)
    sections[-1] = Section(".shstrtab", names, type=3)

    body = b""
    headers = []
    for section in sections:
        name_offset = names.index(b"\0" + section.name.encode() + b"\0") + 1
        size = len(section.contents) if section.size is None else section.size
        offset = ehdr_size + len(body)
        headers.append((name_offset, section.type, section.flags, 0, offset, size, 0, 0, 1, 0))
        body += section.contents
    count, names_index = len(headers) + 1, len(headers)
    if extended_numbering:
        headers.insert(0, (0, 0, 0, 0, 0, count, names_index, 0, 0, 0))
        count, names_index = 0, 0xFFFF
    else:
        headers.insert(0, (0,) * 10)

    ident = b"\x7fELF" + bytes((2 if bits == 64 else 1, 1 if order == "<" else 2, 1)) + bytes(9)
    ehdr = ident + struct.pack(
        order + ("HHIQQQIHHHHHH" if bits == 64 else "HHIIIIIHHHHHH"),
        *(file_type, machine, 1, 0, 0, ehdr_size + len(body), 0),
        *(ehdr_size, 0, 0, shdr_size, count, names_index),
    )
    shdr_layout = order + ("IIQQQQIIQQ" if bits == 64 else "IIIIIIIIII")
    return ehdr + body + b"".join(struct.pack(shdr_layout, *header) for header in headers)


def without_section_headers(file: bytes) -> bytes:
    """The 64-bit little-endian ELF ``file`` as sstrip leaves it."""
    return file[:0x28] + bytes(8) + file[0x30:0x3C] + bytes(4) + file[0x40:]


def lz4_legacy(data: bytes) -> bytes:
    """What ``lz4 -l`` writes."""
    blocks = [
        lz4.block.compress(data[start : start + (8 << 20)], store_size=False)
        for start in range(0, len(data), 8 << 20)
    ]
    return b"\x02\x21\x4c\x18" + b"".join(struct.pack("<I", len(block)) + block for block in blocks)


CODECS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "xz": lzma.compress,
    "zstd": zstandard.ZstdCompressor(write_checksum=True).compress,
    "bzip2": bz2.compress,
    "lzma": lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE),
    "lz4": lambda data: lz4.frame.compress(data, content_checksum=True),
    "legacy lz4": lz4_legacy,
}

PACKERS = {
    "gzip": ("gzip", "-9"),
    "xz": ("xz", "--check=crc32", "--x86", "--lzma2=dict=32MiB"),  # scripts/xz_wrap.sh
    "zstd": ("zstd", "-22", "--ultra"),
    "bzip2": ("bzip2", "-9"),
    "lzma": ("xz", "--format=lzma", "-9"),
    "lz4": ("lz4", "-9"),
    "legacy lz4": ("lz4", "-l", "-9"),
}


def kernel_payload(codec: str | None, kernel: bytes) -> bytes:
    """``kernel`` as scripts/Makefile.lib packs it: all but gzip get the size appended."""
    if codec is None:
        return kernel
    packed = CODECS[codec](kernel)
    return packed if codec == "gzip" else packed + struct.pack("<I", len(kernel))


def bzimage(payload: bytes, *, protocol: int = 0x20F, is_64_bit: bool = True) -> bytes:
    """An x86 bzImage: boot sector and 2 setup sectors, 100 bytes of code, the payload, a tail."""
    setup = bytearray(3 * 512)
    setup[:2] = b"MZ"
    setup[0x1F1] = 2
    setup[0x1FE:0x200] = b"\x55\xaa"
    setup[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", setup, 0x206, protocol)
    struct.pack_into("<H", setup, 0x20E, 0x300 - 0x200)
    struct.pack_into("<H", setup, 0x236, 1 if is_64_bit else 0)
    struct.pack_into("<II", setup, 0x248, 100, len(payload))
    version = f"{RELEASE} (someone@somewhere) #1 SMP\0".encode()
    setup[0x300 : 0x300 + len(version)] = version
    return bytes(setup) + b"\x90" * 100 + payload + b"\xcc" * 64


def flat_image(kernel: bytes, magic: bytes = b"ARM\x64", pe_machine: int = 0xAA64) -> bytes:
    """An arm64, riscv or loongarch Image: a 64-byte header, a PE header, then ``kernel``."""
    header = b"MZ" + bytes(0x36) + magic + struct.pack("<I", 0x40)
    return header + b"PE\0\0" + struct.pack("<H", pe_machine) + bytes(0x3A) + kernel


def memory(blob: bytes, *, with_banner: bool = True) -> bytes:
    """Kernel memory: code, perhaps the banner, ``blob`` and two things that look like BTF."""
    cut_short = btf(ints=999)[:30]
    no_strings = btf()[:-1] + b"x"
    return b"".join(
        (b"\x90" * 333, BANNER if with_banner else b"", no_strings, blob, bytes(77), cut_short)
    )


def zboot_image(payload: bytes, pe_machine: int = 0xAA64) -> bytes:
    header = struct.pack("<4s4sIIII", b"MZ", b"zimg", 0x80, len(payload), 0, 0)
    header = header.ljust(0x38, b"\0") + b"\xcd\x23\x82\x81" + struct.pack("<I", 0x40)
    header += b"PE\0\0" + struct.pack("<H", pe_machine)
    return header.ljust(0x80, b"\0") + payload + bytes(50)


def zimage(payload: bytes) -> bytes:
    """A 32-bit arm zImage, with chance hits of gzip's magic number before the payload."""
    code = b"\x00\x00\xa0\xe1" * 9 + b"\x18\x28\x6f\x01" + bytes(20)
    return code + b"\x1f\x8b\x08 code \x1f\x8b\x08\x00 more" + payload + bytes(9)


def s390_image(payload: bytes) -> bytes:
    return bytes(0x10008) + b"S390EP\0\1" + b"\x28\xb5\x2f\xfd code" + payload + bytes(9)


def compressed_section(
    contents: bytes, *, bits: int, order: str, codec: str = "zlib", size: int | None = None
) -> Section:
    """``.BTF`` as ``objcopy`` would compress it; ``size`` is declared instead of the true one."""
    number, pack = {"zlib": (1, zlib.compress), "zstd": (2, CODECS["zstd"]), "?": (9, bytes)}[codec]
    declared = len(contents) if size is None else size
    layout = order + ("II" + "QQ" if bits == 64 else "III")
    fields = (number, 0, declared, 1) if bits == 64 else (number, declared, 1)
    return Section(".BTF", struct.pack(layout, *fields) + pack(contents), flags=0x800)


VMLINUX = elf([Section(".rodata", BANNER), Section(".BTF", btf())], file_type=2)
MODULE = elf(
    [Section(".modinfo", b"license=GPL\0vermagic=6.1.0 SMP mod_unload \0"), Section(".BTF", btf())]
)


def needs(*tools: str) -> None:
    """Skip the calling test if one of ``tools`` is not installed."""
    for tool in tools:
        if shutil.which(tool) is None:
            pytest.skip(f"needs {tool}")


def run(*command: str | Path, stdin: bytes | None = None) -> bytes:
    """Run ``command`` and return its standard output."""
    return subprocess.run(command, input=stdin, capture_output=True, check=True).stdout


PROGRAM = """
struct pair {{ int first; unsigned long second : 3; }} a_pair;
const char linux_banner[] = "{banner}";
int entry(void) {{ return a_pair.first + linux_banner[0]; }}
"""


def build(directory: Path, prefix: str, *link: str) -> tuple[Path, bytes]:
    """Compile `PROGRAM` and add BTF; give the file, and the section as objcopy sees it."""
    needs(f"{prefix}-gcc", "pahole")
    source, file, section = (directory / name for name in ("a.c", "a.elf", "a.btf"))
    source.write_text(PROGRAM.format(banner=f"Linux version {RELEASE} (x)"))
    run(f"{prefix}-gcc", "-g", "-O1", "-ffreestanding", *link, source, "-o", file)
    run("pahole", "-J", file)
    run(f"{prefix}-objcopy", "--dump-section", f".BTF={section}", file, directory / "copy")
    return file, section.read_bytes()


def refusal(data: bytes) -> str:
    """The message that ``data`` is refused with."""
    with pytest.raises(InputError) as caught:
        unwrap(data, "file")
    message = str(caught.value)
    assert message.startswith("file: ")
    assert "\n" not in message
    return message.removeprefix("file: ")

"""Streams and ELF files come off by their content, and the BTF inside comes out whole."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from uapigen.btf.container import BtfBlob, is_btf_container, unwrap

from .container_samples import (
    BANNER,
    CODECS,
    EM_AARCH64,
    EM_BPF,
    EM_S390,
    MODULE,
    PACKERS,
    PROGRAM,
    RELEASE,
    VMLINUX,
    Section,
    btf,
    build,
    compressed_section,
    elf,
    memory,
    needs,
    refusal,
    run,
    without_section_headers,
)

# Raw BTF and ELF


@pytest.mark.parametrize("header_size", [24, 32])
@pytest.mark.parametrize("order", ["<", ">"])
def test_raw_btf_of_either_byte_order_is_told_by_its_magic(order: str, header_size: int) -> None:
    raw = btf(order, header_size=header_size)
    assert is_btf_container(raw)
    assert unwrap(raw, "x") == BtfBlob("x", raw, None, None, None, order == ">", None)


@pytest.mark.parametrize("extended_numbering", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bits", [32, 64])
def test_elf_of_any_class_and_byte_order(bits: int, order: str, extended_numbering: bool) -> None:
    raw = btf(order)
    file = elf(
        [Section(".text", b"\x90" * 7), Section(".BTF.ext", b"no"), Section(".BTF", raw)],
        bits=bits,
        order=order,
        machine=EM_S390,
        extended_numbering=extended_numbering,
    )
    assert is_btf_container(file)
    assert unwrap(file, "x") == BtfBlob("x", raw, None, EM_S390, bits, order == ">", None)


@pytest.mark.parametrize("codec", ["zlib", "zstd"])
@pytest.mark.parametrize(("bits", "order"), [(64, "<"), (64, ">"), (32, "<"), (32, ">")])
def test_compressed_section_is_inflated(bits: int, order: str, codec: str) -> None:
    section = compressed_section(btf(order, ints=99), bits=bits, order=order, codec=codec)
    assert unwrap(elf([section], bits=bits, order=order), "x").btf == btf(order, ints=99)


def test_distilled_base_comes_along() -> None:
    file = elf([Section(".BTF.base", btf()), Section(".BTF", btf(ints=2))])
    blob = unwrap(file, "x")
    assert (blob.btf, blob.base) == (btf(ints=2), btf())


def test_module_knows_its_release_from_vermagic() -> None:
    assert unwrap(MODULE, "x").release == "6.1.0"


def test_vmlinux_knows_its_release_from_the_banner() -> None:
    assert unwrap(VMLINUX, "x").release == RELEASE


def test_bpf_object_says_nothing_of_its_target() -> None:
    sections = [Section(".rodata", BANNER), Section(".modinfo", b"vermagic=6.1.0 \0")]
    for file_type in (1, 2):
        file = elf([*sections, Section(".BTF", btf())], machine=EM_BPF, file_type=file_type)
        blob = unwrap(file, "x")
        assert (blob.elf_machine, blob.elf_class, blob.release) == (None, 64, None)


def test_vmlinux_without_section_headers_is_searched() -> None:
    raw = btf(ints=5)
    file = elf([Section(".text", memory(raw))], file_type=2, machine=EM_AARCH64)
    assert unwrap(without_section_headers(file), "x") == BtfBlob(
        "x", raw, None, EM_AARCH64, 64, False, RELEASE
    )


@pytest.mark.parametrize(
    ("file", "message"),
    [
        (b"", "is empty"),
        (b"#define A 1\n", "is not BTF, nor an ELF file, a kernel image or a compressed one"),
        (b"\x7fELF", "ELF header: is cut short"),
        (elf()[:40], "ELF header: is cut short"),
        (b"\x7fELF\x03" + elf()[5:], "ELF header: has an unknown class or byte order"),
        (elf(), "no .BTF section; was the kernel built with CONFIG_DEBUG_INFO_BTF?"),
        (without_section_headers(elf()), "no whole BTF inside; was the kernel"),
        (elf()[:-1], "section headers: reaches to byte 0xcb of a file that ends at 0xca"),
        (
            elf([Section(".BTF", btf(), size=1 << 40)]),
            "section .BTF: reaches to byte 0x10000000040 of a file that ends at 0x13d",
        ),
        (
            elf([Section(".BTF", b"", type=8, size=99)]),
            "section .BTF: has no contents in this file; is it a separate debug file?",
        ),
        (elf([Section(".BTF", b"")]), "section .BTF: does not begin with the magic number"),
        (elf([Section(".BTF", btf())] * 2), "section .BTF: is there more than once"),
        (
            elf([compressed_section(btf(), bits=64, order="<", size=1)]),
            "section .BTF: does not decompress to the 1 bytes it declares",
        ),
        (
            elf([compressed_section(btf(), bits=64, order="<", size=1 << 60)]),
            "section .BTF: decompresses to more than a file of this size may hold",
        ),
        (
            elf([compressed_section(btf(), bits=64, order="<", codec="?")]),
            "section .BTF: is compressed in an unknown way (9)",
        ),
        (
            elf([Section(".BTF", b"\1\0\0", flags=0x800)]),
            "section .BTF: is too short for its compression header",
        ),
        (
            elf([Section(".BTF", b"\1" + bytes(7) + b"\x09" + bytes(20), flags=0x800)]),
            "section .BTF: its zlib stream is damaged",
        ),
    ],
)
def test_refusal_says_what_is_wrong_where(file: bytes, message: str) -> None:
    assert refusal(file).startswith(message)


# Compression


@pytest.mark.parametrize("codec", CODECS)
def test_compressed_elf(codec: str) -> None:
    packed = CODECS[codec](MODULE)
    assert is_btf_container(packed)
    assert unwrap(packed, "x") == unwrap(MODULE, "x")


@pytest.mark.parametrize("codec", PACKERS)
def test_compressed_by_the_real_tool(codec: str) -> None:
    command = PACKERS[codec]
    needs(command[0])
    size = 9 << 20 if codec == "legacy lz4" else 1 << 20  # its blocks have 8 MiB
    raw = btf() + random.Random(0).randbytes(size)
    packed = run(*command, "-c", stdin=raw)
    assert unwrap(packed, "x").btf == raw


@pytest.mark.parametrize("codec", CODECS)
def test_what_follows_a_stream_is_ignored(codec: str) -> None:
    assert unwrap(CODECS[codec](btf()) + b"\x28\0\0\0 padding", "x").btf == btf()


@pytest.mark.parametrize("codec", [codec for codec in CODECS if codec != "lzma"])
def test_streams_back_to_back_are_one(codec: str) -> None:
    pack, half = CODECS[codec], len(btf()) // 2
    assert unwrap(pack(btf()[:half]) + pack(btf()[half:]), "x").btf == btf()


def test_skippable_frame_is_skipped() -> None:
    frame = b"\x52\x2a\x4d\x18\x03\0\0\0abc"
    assert unwrap(frame + CODECS["zstd"](btf()) + frame, "x").btf == btf()


def test_nested_streams_come_off_to_a_bounded_depth() -> None:
    data = btf()
    for codec in ("gzip", "xz", "zstd", "bzip2", "lz4"):
        data = CODECS[codec](data)
    assert unwrap(data, "x").btf == btf()
    assert refusal(CODECS["lzma"](data)) == (
        "lzma stream: lz4 stream: bzip2 stream: zstd stream: xz stream: gzip stream: "
        "is wrapped more than 5 times"
    )


@pytest.mark.parametrize("codec", CODECS)
def test_damage_is_reported_with_the_way_to_it(codec: str) -> None:
    noise = random.Random(0).randbytes(4096)
    packed = bytearray(CODECS[codec](elf([Section(".BTF", btf()), Section(".noise", noise)])))
    assert refusal(bytes(packed[:-600])) == f"{codec} stream: is cut short"
    if codec != "legacy lz4":  # it has no checksum
        packed[len(packed) // 2] ^= 0x55
        assert refusal(bytes(packed)).startswith(f"{codec} stream: is damaged (")
    inner = refusal(CODECS[codec](elf()))
    assert inner.startswith(f"{codec} stream: no .BTF section")


def test_what_is_not_decoded_is_refused_by_name() -> None:
    assert refusal(b"\x89LZO\0\r\n\x1a\n....") == (
        "lzop stream: is not supported; decompress it first"
    )


def test_compressed_c_header_is_refused() -> None:
    assert refusal(CODECS["gzip"](b"struct a;\n")).startswith("gzip stream: is not BTF, nor")
    assert refusal(CODECS["gzip"](b"")) == "gzip stream: is empty"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */\n",
        b"BZh9 is how a bzip2 file begins */",
        b"]\n",
        b"MZ".ljust(0x38) + b"ARMd" + b" " * 0x1C6 + b"HdrS",
        "\ufeffstruct größe;".encode(),
    ],
)
def test_c_source_is_no_container(text: bytes) -> None:
    assert not is_btf_container(text)


# What real compilers, linkers and pahole make

TOOLCHAINS = [
    ("x86_64-linux-gnu", 62, 64, False),
    ("i686-linux-gnu", 3, 32, False),
    ("aarch64-linux-gnu", 183, 64, False),
    ("s390x-linux-gnu", 22, 64, True),
    ("powerpc64le-linux-gnu", 21, 64, False),
    ("riscv64-linux-gnu", 243, 64, False),
]


@pytest.mark.parametrize(("prefix", "machine", "bits", "big_endian"), TOOLCHAINS)
def test_object_of_a_real_compiler(
    tmp_path: Path, prefix: str, machine: int, bits: int, big_endian: bool
) -> None:
    file, section = build(tmp_path, prefix, "-c")
    expected = BtfBlob("a.o", section, None, machine, bits, big_endian, None)
    assert unwrap(file.read_bytes(), "a.o") == expected


@pytest.mark.parametrize("order", ["el", "eb"])
def test_bpf_object_of_clang(tmp_path: Path, order: str) -> None:
    needs("clang", "llvm-objcopy")
    source, file, section = (tmp_path / name for name in ("a.c", "a.o", "a.btf"))
    source.write_text(PROGRAM.format(banner="x"))
    run("clang", f"--target=bpf{order}", "-g", "-O1", "-c", source, "-o", file)
    run("llvm-objcopy", "--dump-section", f".BTF={section}", file, tmp_path / "copy")
    expected = BtfBlob("a.o", section.read_bytes(), None, None, 64, order == "eb", None)
    assert unwrap(file.read_bytes(), "a.o") == expected


def test_running_kernel() -> None:
    path = Path("/sys/kernel/btf/vmlinux")
    if not path.exists():
        pytest.skip("needs a kernel with BTF")
    data = path.read_bytes()
    assert unwrap(data, str(path)).btf == data

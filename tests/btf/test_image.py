"""Kernel images give the BTF of the kernel inside, and what they say of it."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from uapigen.btf.container import BtfBlob, is_btf_container, unwrap

from .container_samples import (
    CODECS,
    EM_386,
    EM_AARCH64,
    EM_ARM,
    EM_LOONGARCH,
    EM_RISCV,
    EM_S390,
    EM_X86_64,
    PACKERS,
    RELEASE,
    VMLINUX,
    Section,
    btf,
    build,
    bzimage,
    elf,
    flat_image,
    kernel_payload,
    memory,
    needs,
    refusal,
    run,
    s390_image,
    zboot_image,
    zimage,
)


@pytest.mark.parametrize("codec", [*CODECS, None])
def test_bzimage_with_each_payload_compression(codec: str | None) -> None:
    image = bzimage(kernel_payload(codec, VMLINUX))
    assert is_btf_container(image)
    assert unwrap(image, "x") == BtfBlob("x", btf(), None, EM_X86_64, 64, False, RELEASE)


def test_bzimage_says_what_its_stripped_kernel_does_not() -> None:
    kernel = elf([Section(".text", b"\x90"), Section(".BTF", btf())], file_type=2)
    assert unwrap(bzimage(kernel), "x").release == RELEASE
    kernel = elf([Section(".BTF", btf())], bits=32, machine=EM_386, file_type=2)
    blob = unwrap(bzimage(kernel, is_64_bit=False), "x")
    assert (blob.elf_machine, blob.elf_class) == (EM_386, 32)


@pytest.mark.parametrize(("is_64_bit", "machine"), [(True, EM_X86_64), (False, EM_386)])
def test_bzimage_knows_the_machine_where_its_payload_does_not(
    is_64_bit: bool, machine: int
) -> None:
    blob = unwrap(bzimage(CODECS["zstd"](btf()), is_64_bit=is_64_bit), "x")
    assert (blob.elf_machine, blob.elf_class, blob.release) == (machine, None, RELEASE)


FLAT_IMAGES = [
    (b"ARM\x64", 0xAA64, EM_AARCH64),
    (b"RSC\x05", 0x5064, EM_RISCV),
    (b"\xcd\x23\x82\x81", 0x6264, EM_LOONGARCH),
    (b"\xcd\x23\x82\x81", 0x0EBC, None),  # EFI byte code: no machine that Linux knows
]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("magic", "pe_machine", "machine"), FLAT_IMAGES)
def test_flat_image_is_searched(
    magic: bytes, pe_machine: int, machine: int | None, order: str
) -> None:
    raw = btf(order, header_size=32, ints=7)
    expected = BtfBlob("x", raw, None, machine, None, order == ">", RELEASE)
    image = flat_image(memory(raw), magic, pe_machine)
    assert is_btf_container(image)
    assert unwrap(image, "x") == expected
    assert unwrap(CODECS["gzip"](image), "x") == expected
    assert unwrap(zboot_image(kernel_payload("zstd", image), pe_machine), "x") == expected


def test_flat_image_gives_the_largest_btf() -> None:
    image = flat_image(btf(ints=3) + memory(btf(ints=9)) + btf(ints=8))
    assert unwrap(image, "x").btf == btf(ints=9)


@pytest.mark.parametrize("codec", CODECS)
def test_self_extracting_images_are_searched_for_their_kernel(codec: str) -> None:
    payload = kernel_payload(codec, memory(btf(">")))
    assert unwrap(zimage(payload), "x") == BtfBlob("x", btf(">"), None, EM_ARM, None, True, RELEASE)
    blob = unwrap(s390_image(payload), "x")
    assert (blob.btf, blob.elf_machine) == (btf(">"), EM_S390)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (bzimage(b"")[:0x220], "bzImage header: is cut short"),
        (bzimage(b"", protocol=0x207), "bzImage header: boot protocol 2.07 is older than 2.08"),
        (
            bzimage(bytes(99))[:-80],
            "bzImage header: the payload reaches to byte 0x6c7 of a file that ends at 0x6b7",
        ),
        (bzimage(b"?"), "x86 bzImage: is not BTF, nor"),
        (bzimage(CODECS["xz"](elf())), "x86 bzImage: xz stream: no .BTF section"),
        (zboot_image(b"")[:12], "EFI zboot header: is cut short"),
        (zboot_image(bytes(99))[:0x90], "EFI zboot header: the payload reaches to byte 0xe3"),
        (flat_image(b""), "arm64 Image: no whole BTF inside; was the kernel built with"),
        (flat_image(btf()[:-1]), "arm64 Image: no whole BTF inside"),
        (flat_image(btf()[:8] * 20_000), "arm64 Image: byte 0x13900: too many BTF headers"),
        (zimage(b""), "arm zImage: no whole BTF inside"),
        (s390_image(CODECS["xz"](bytes(99))), "s390 bzImage: no whole BTF inside"),
    ],
)
def test_image_refusal_says_what_is_wrong_where(image: bytes, message: str) -> None:
    assert refusal(image).startswith(message)


def test_image_that_carries_itself_ends() -> None:
    image = bytearray(zboot_image(b""))
    struct.pack_into("<II", image, 8, 0, len(image))
    assert refusal(bytes(image)).endswith("is wrapped more than 5 times")


@pytest.mark.parametrize("codec", PACKERS)
def test_image_of_a_linked_kernel_packed_by_the_real_tool(tmp_path: Path, codec: str) -> None:
    needs(PACKERS[codec][0])
    file, section = build(
        tmp_path, "x86_64-linux-gnu", "-static", "-nostdlib", "-Wl,-e,entry", "-fno-pie", "-no-pie"
    )
    payload = run(*PACKERS[codec], "-c", stdin=file.read_bytes())
    image = bzimage(payload + (b"" if codec == "gzip" else b"\1\2\3\4"))
    expected = BtfBlob("vmlinuz", section, None, EM_X86_64, 64, False, RELEASE)
    assert unwrap(image, "vmlinuz") == expected

"""Find the kernel, and the BTF, in the images that boot loaders load.

=============================  ==================================================================
image                          what is inside, and which text says so
=============================  ==================================================================
x86 bzImage                    a compressed vmlinux; Documentation/arch/x86/boot.rst
EFI zboot image                a compressed Image (arm64, riscv, loongarch);
                               drivers/firmware/efi/libstub/zboot-header.S
arm64, riscv, loongarch Image  the kernel's memory as it is; Documentation/arch/arm64/booting.rst,
                               Documentation/arch/riscv/boot-image-header.rst,
                               arch/loongarch/kernel/head.S
arm zImage, s390 bzImage       a program that decompresses the kernel it carries, at a place that
                               no header tells; arch/arm/boot/compressed/head.S,
                               arch/s390/boot/head.S
=============================  ==================================================================

Only the x86 image carries an ELF file with a ``.BTF`` section. In the others, BTF is found by its
header (``struct btf_header`` of include/uapi/linux/btf.h), the release by the banner
(init/version.c).
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from uapigen.btf import elf
from uapigen.errors import InputError

__all__ = [
    "KernelImage",
    "banner_release",
    "find_btf",
    "image_kind",
    "read_image",
]

_BZIMAGE = "x86 bzImage"
_ZBOOT = "EFI zboot image"

# (offset, magic, kind, e_machine where the kind implies it). The first that fits counts: kernels
# of several kinds also have the last magic, LINUX_PE_MAGIC of include/linux/pe.h.
_MAGICS: tuple[tuple[int, bytes, str, int | None], ...] = (
    (0x202, b"HdrS", _BZIMAGE, None),
    (0x04, b"zimg", _ZBOOT, None),
    (0x38, b"ARM\x64", "arm64 Image", elf.EM_AARCH64),
    (0x38, b"RSC\x05", "riscv Image", elf.EM_RISCV),
    (0x24, b"\x18\x28\x6f\x01", "arm zImage", elf.EM_ARM),
    (0x10008, b"S390EP", "s390 bzImage", elf.EM_S390),
    (0x38, b"\xcd\x23\x82\x81", "EFI kernel image", None),
)
_SELF_EXTRACTING = frozenset({"arm zImage", "s390 bzImage"})

# Protocol 2.08 (Linux 2.6.26) brought payload_offset, 2.12 (3.8) xloadflags.
_BOOT_PROTOCOL_WITH_PAYLOAD = 0x208
_BOOT_PROTOCOL_WITH_XLOADFLAGS = 0x20C
_XLF_KERNEL_64 = 1
_SETUP_HEADER_END = 0x250
_SECTOR = 512

# IMAGE_FILE_HEADER.Machine (include/linux/pe.h) to e_machine
_PE_MACHINES = {
    0x014C: elf.EM_386,
    0x01C2: elf.EM_ARM,
    0x5032: elf.EM_RISCV,
    0x5064: elf.EM_RISCV,
    0x6232: elf.EM_LOONGARCH,
    0x6264: elf.EM_LOONGARCH,
    0x8664: elf.EM_X86_64,
    0xAA64: elf.EM_AARCH64,
}

# struct btf_header: magic, version, flags, hdr_len; then offset and length of types, of strings
# and, in the 32-byte header, of the layout section. Offsets count from the header's end.
_BTF_HEADER_SIZES = (24, 32)
_BTF_PREAMBLES = tuple(
    (order, struct.pack(order + "HBBI", 0xEB9F, 1, 0, size), size)
    for order in "<>"
    for size in _BTF_HEADER_SIZES
)
_BTF_MIN_TYPE_SIZE = 12  # struct btf_type
# A kernel holds its own BTF and a handful more (preloaded BPF programs); a million is an attack.
_MAX_BTF_CANDIDATES = 10_000

_BANNER = re.compile(rb"Linux version ([0-9]+\.[0-9]+[!-~]{0,57})[ \n]")  # UTS_RELEASE: < 64
_RELEASE = re.compile(rb"[0-9]+\.[0-9]+[!-~]{0,57}")


@dataclass(frozen=True, slots=True)
class KernelImage:
    """What an image's own header says of the kernel inside.

    ``payload`` is the compressed kernel; it is None where the image is the kernel's memory
    itself, and where it ``hides_payload``.
    """

    kind: str
    machine: int | None  # e_machine
    release: str | None = None
    payload: memoryview | None = None
    hides_payload: bool = False


def image_kind(data: bytes | bytearray) -> str | None:
    """Name the kind of kernel image that ``data`` is, or None; 66 KiB of it are enough."""
    header = _find_magic(data)
    return header[0] if header else None


def read_image(data: bytes | bytearray, source: str) -> KernelImage:
    """Read the header of a kernel image, of a kind that `image_kind` knows.

    Raises InputError where the header is cut short or points beyond the end of ``data``.
    """
    header = _find_magic(data)
    if header is None:
        raise InputError(source, "", "is no kernel image of a known kind")
    kind, machine = header
    if kind == _BZIMAGE:
        return _read_bzimage(data, source)
    if kind == _ZBOOT:
        return _read_zboot(data, source)
    hides_payload = kind in _SELF_EXTRACTING
    return KernelImage(kind, machine or _pe_machine(data), hides_payload=hides_payload)


def find_btf(data: bytes | bytearray, source: str) -> tuple[int, int] | None:
    """Find raw BTF of either byte order in ``data``: the offset and size of the largest, or None.

    Only headers whose sections lie within ``data``, with types and with strings between two NULs,
    count. Raises InputError if there are too many to be a kernel.
    """
    best: tuple[int, int] | None = None
    candidates = 0
    for order, preamble, header_size in _BTF_PREAMBLES:
        offset = data.find(preamble)
        while offset >= 0:
            candidates += 1
            if candidates > _MAX_BTF_CANDIDATES:
                raise InputError(source, f"byte {offset:#x}", "too many BTF headers for a kernel")
            size = _btf_size(data, offset, header_size, order)
            if size is not None and (best is None or size > best[1]):
                best = (offset, size)
            offset = data.find(preamble, offset + 1)
    return best


def banner_release(data: bytes | bytearray | memoryview) -> str | None:
    """Find the kernel release in the banner ("Linux version 6.1.0 (...") in ``data``."""
    match = _BANNER.search(data)
    return match[1].decode("ascii") if match else None


def _btf_size(data: bytes | bytearray, offset: int, header_size: int, order: str) -> int | None:
    """Measure the BTF at ``offset`` in bytes; None if it is no BTF, or not all of it is there."""
    start = offset + header_size
    if start > len(data):
        return None
    layout = f"{order}{(header_size - 8) // 4}I"
    fields: tuple[int, ...] = struct.unpack_from(layout, data, offset + 8)
    type_off, type_len, str_off, str_len = fields[:4]
    end = start + max(off + length for off, length in zip(fields[::2], fields[1::2], strict=True))
    if end > len(data) or any(field % 4 for field in (*fields[:2], *fields[4:])):
        return None
    if type_len < _BTF_MIN_TYPE_SIZE or type_off + type_len > str_off or str_len < 2:
        return None
    strings = start + str_off
    if data[strings] != 0 or data[strings + str_len - 1] != 0:
        return None
    return end - offset


def _find_magic(data: bytes | bytearray) -> tuple[str, int | None] | None:
    """Give the kind and e_machine of the image that ``data`` begins, or None."""
    # No text (such as a C header) holds a NUL; the start of every image does.
    if data.find(b"\0", 0, 64) < 0:
        return None
    for offset, magic, kind, machine in _MAGICS:
        if data[offset : offset + len(magic)] == magic:
            return kind, machine
    return None


def _read_bzimage(data: bytes | bytearray, source: str) -> KernelImage:
    """Read ``struct setup_header`` (arch/x86/include/uapi/asm/bootparam.h), from 0x1f1 on."""
    place = "bzImage header"
    if len(data) < _SETUP_HEADER_END:
        raise InputError(source, place, "is cut short")
    (version,) = struct.unpack_from("<H", data, 0x206)
    if version < _BOOT_PROTOCOL_WITH_PAYLOAD:
        problem = f"boot protocol {version >> 8}.{version & 0xFF:02} is older than 2.08"
        raise InputError(source, place, problem)
    (kernel_version,) = struct.unpack_from("<H", data, 0x20E)
    (xloadflags,) = struct.unpack_from("<H", data, 0x236)
    payload_offset, payload_length = struct.unpack_from("<II", data, 0x248)
    machine = None
    if version >= _BOOT_PROTOCOL_WITH_XLOADFLAGS:
        machine = elf.EM_X86_64 if xloadflags & _XLF_KERNEL_64 else elf.EM_386
    release = _RELEASE.match(data, 0x200 + kernel_version) if kernel_version else None
    setup_sectors = data[0x1F1] or 4
    protected_mode_code = (1 + setup_sectors) * _SECTOR
    return KernelImage(
        _BZIMAGE,
        machine,
        release[0].decode("ascii") if release else None,
        _payload(data, source, place, protected_mode_code + payload_offset, payload_length),
    )


def _read_zboot(data: bytes | bytearray, source: str) -> KernelImage:
    """Read the words after the magic: where the compressed Image lies, and its size."""
    place = "EFI zboot header"
    if len(data) < 16:
        raise InputError(source, place, "is cut short")
    payload_offset, payload_size = struct.unpack_from("<II", data, 8)
    payload = _payload(data, source, place, payload_offset, payload_size)
    return KernelImage(_ZBOOT, _pe_machine(data), payload=payload)


def _payload(
    data: bytes | bytearray, source: str, place: str, offset: int, byte_size: int
) -> memoryview:
    """Give the payload that a header at ``place`` points to, once it is known to be there."""
    end = offset + byte_size
    if end > len(data):
        problem = f"the payload reaches to byte {end:#x} of a file that ends at {len(data):#x}"
        raise InputError(source, place, problem)
    return memoryview(data)[offset:end]


def _pe_machine(data: bytes | bytearray) -> int | None:
    """Give the e_machine that the PE header of an EFI image means, None if it says nothing."""
    if len(data) < 0x40:
        return None
    (pe_offset,) = struct.unpack_from("<I", data, 0x3C)
    if data[pe_offset : pe_offset + 4] != b"PE\0\0" or len(data) < pe_offset + 6:
        return None
    machine: int = struct.unpack_from("<H", data, pe_offset + 4)[0]
    return _PE_MACHINES.get(machine)

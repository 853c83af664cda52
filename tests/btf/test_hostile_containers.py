"""Damaged and hostile sources end in InputError, soon and within memory."""

from __future__ import annotations

import contextlib
import lzma
import struct
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uapigen.btf.container import unwrap
from uapigen.errors import InputError

from .container_samples import (
    CODECS,
    MODULE,
    VMLINUX,
    Section,
    btf,
    bzimage,
    compressed_section,
    elf,
    flat_image,
    kernel_payload,
    memory,
    run,
    without_section_headers,
    zboot_image,
    zimage,
)

SAMPLES = {
    "vmlinux": VMLINUX,
    "module": MODULE,
    "compressed section": elf([compressed_section(btf(), bits=64, order="<")]),
    "32-bit": elf([Section(".BTF", btf(">"))], bits=32, order=">", extended_numbering=True),
    "no section headers": without_section_headers(elf([Section(".text", memory(btf()))])),
    "arm64": flat_image(memory(btf())),
    "zboot": zboot_image(kernel_payload("zstd", flat_image(memory(btf())))),
    "zImage": zimage(kernel_payload("xz", memory(btf()))),
    **{codec: pack(MODULE) for codec, pack in CODECS.items()},
    **{f"bzImage {codec}": bzimage(kernel_payload(codec, VMLINUX)) for codec in CODECS},
}


@pytest.mark.parametrize("sample", SAMPLES)
def test_truncation_at_every_byte_is_refused_or_harmless(sample: str) -> None:
    whole = SAMPLES[sample]
    expected = unwrap(whole, "x").btf
    for size in range(len(whole)):
        with contextlib.suppress(InputError):
            assert unwrap(whole[:size], "x").btf == expected


@settings(max_examples=1500, deadline=2000)
@given(st.sampled_from(sorted(SAMPLES)), st.lists(st.tuples(st.integers(0), st.integers(1, 255))))
def test_flipped_bits_raise_nothing_but_input_errors(
    sample: str, flips: list[tuple[int, int]]
) -> None:
    data = bytearray(SAMPLES[sample])
    for position, mask in flips:
        data[position % len(data)] ^= mask
    with contextlib.suppress(InputError):
        unwrap(bytes(data), "x")


def deflated_zeros(start: bytes, mebibytes: int) -> bytes:
    """``start`` and that many MiB of zeros as gzip would write them, but for the checksum."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = packer.compress(start) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08" + bytes(7) + head + block * mebibytes


def zstd_of_runs(start: bytes, mebibytes: int) -> bytes:
    """A zstd frame of ``start``, then blocks of four bytes that each stand for 128 KiB."""
    header = b"\x28\xb5\x2f\xfd\x00\x58"  # a window of 2 MiB, no size, no checksum
    raw_block = struct.pack("<I", len(start) << 3)[:3] + start
    run_block = struct.pack("<I", (128 << 10) << 3 | 2)[:3] + b"\0"
    return header + raw_block + run_block * (mebibytes * 8) + b"\1\0\0"


def write_bombs(directory: Path) -> int:
    """Write files that decompress to zeros, with and without a plausible start; count them."""
    for kind, start in (("zeros", bytes(64)), ("elf", elf()[:64])):
        zeros = start + bytes(24 << 20)
        for name, data in {
            "gzip": deflated_zeros(start, 1 << 10),
            "gzip.gzip": CODECS["gzip"](deflated_zeros(start, 10 << 10)),
            "zstd": zstd_of_runs(start, 10 << 10),
            "zstd-1KiB": zstd_of_runs(start, 31),
            "xz": lzma.compress(zeros, preset=9),
            **{codec: CODECS[codec](zeros) for codec in ("bzip2", "lzma", "lz4", "legacy lz4")},
        }.items():
            (directory / f"{name}-{kind}").write_bytes(data)
            (directory / f"bzImage-{name}-{kind}").write_bytes(bzimage(data))
            (directory / f"zImage-{name}-{kind}").write_bytes(zimage(data))
    return len(list(directory.iterdir()))


# Unwraps every bomb, and prints its name, its bytes, the seconds it took, the process's peak so far
# in KiB, and the refusal.
DEFUSE = """
import pathlib, sys, time
from uapigen.btf.container import unwrap
from uapigen.errors import InputError

def peak_kib():
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])

idle = peak_kib()
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    data = path.read_bytes()
    start = time.perf_counter()
    try:
        unwrap(data, path.name)
    except InputError as error:
        seconds = time.perf_counter() - start
        print(path.name, len(data), seconds, peak_kib() - idle, error, sep="\\t")
"""


def test_bombs_end_within_two_seconds_and_100_mb(tmp_path: Path) -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("needs /proc")
    count = write_bombs(tmp_path)
    lines = run(sys.executable, "-c", DEFUSE, tmp_path).decode().splitlines()
    assert len(lines) == count
    for line in lines:
        _, byte_size, seconds, peak_kib, _ = line.split("\t")
        assert float(seconds) < 2, line
        assert int(peak_kib) * 1024 < 100_000_000 + int(byte_size), line

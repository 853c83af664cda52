"""Decompress what kernels, modules and BTF dumps are shipped in, within a bound.

The formats are those of the kernel's own ``scripts/Makefile.lib`` (gzip, xz, zstd, bzip2, legacy
lzma, legacy lz4) and the frame format that ``lz4`` itself writes. A stream is told by its magic
number. All decoding is in chunks, so that a bomb is stopped when it passes the bound, not after.

The decoders of all formats but gzip are imported on first use: a run over
``/sys/kernel/btf/vmlinux`` needs none of them.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Protocol

from uapigen.errors import InputError

__all__ = ["OutputBudget", "codec_of", "decompress", "find_streams", "inflate_section"]

_MIB = 1 << 20

# What one source may decompress to, all its layers together. Kernels and debug files come out at
# 3 to 10 times their size, so 32 refuses none that is real; the floor lets tiny sources through
# whatever their ratio, the cap is above the largest vmlinux with DWARF that distributions ship.
# A decoder's window may need as much memory again as the output.
_OUTPUT_PER_INPUT_BYTE = 32
_OUTPUT_FLOOR = 16 * _MIB
_OUTPUT_CAP = 2048 * _MIB

# Input and output of one decoder call. zlib copies the input that a call leaves unread, so
# feeding it whole files would be quadratic.
_FEED = 64 << 10
_CHUNK = _MIB

# Kernels are packed with dictionaries and windows of up to 128 MiB (scripts/xz_wrap.sh, zstd
# --ultra -22). A decoder's window takes memory only as far as output fills it.
_XZ_MEMORY_LIMIT = 192 * _MIB
_ZSTD_WINDOW_LIMIT = 128 * _MIB

# Concatenated streams are one file in most formats (bgzip makes one of each 64 KiB), and a zstd
# frame is made of blocks of 128 KiB or less. More than these would hold more than 2 GiB, or are
# empty and there to take time.
_MAX_STREAMS = 1 << 15
_MAX_ZSTD_BLOCKS = 1 << 18

# For each magic number, the hits that `find_streams` looks at, and those that it lists.
_MAX_HITS = 4096
_MAX_LISTED = 8

_LZ4_LEGACY_MAGIC = b"\x02\x21\x4c\x18"
_LZ4_LEGACY_BLOCK = 8 * _MIB
_LZ4_LEGACY_PACKED_BLOCK = _LZ4_LEGACY_BLOCK + _LZ4_LEGACY_BLOCK // 255 + 16

_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"

_MAGICS = {
    b"\x1f\x8b\x08": "gzip",
    b"\xfd7zXZ\x00": "xz",
    _ZSTD_MAGIC: "zstd",
    b"\x04\x22\x4d\x18": "lz4",
    _LZ4_LEGACY_MAGIC: "legacy lz4",
    b"\x89LZO\x00\r\n\x1a\n": "lzop",
}
# bzip2 and lzma need a second look behind these.
_BZIP2_MAGIC = b"BZh"
_LZMA_MAGIC = b"\x5d\x00\x00"  # lc=3 lp=0 pb=2, a dictionary of whole 64 KiB
_BZIP2_BLOCK_MAGICS = (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90")


class _StreamError(Exception):
    """The stream is damaged; the text says how, as the end of a sentence."""


class _Decoder(Protocol):
    """What ``bz2``, ``lzma`` and ``lz4.frame`` offer alike."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes | None: ...
    def decompress(self, data: memoryview, max_length: int, /) -> bytes: ...


class OutputBudget:
    """The bytes that decompression may still make for one source.

    One budget serves all layers (a gzip file of a bzImage of a zstd stream), so that nesting
    multiplies nothing: at most 32 times the size of the file, but 16 MiB for the smallest and
    2 GiB for the largest.
    """

    __slots__ = ("_remaining", "_source")

    def __init__(self, source: str, input_size: int) -> None:
        wanted = max(_OUTPUT_FLOOR, input_size * _OUTPUT_PER_INPUT_BYTE)
        self._remaining = min(wanted, _OUTPUT_CAP)
        self._source = source

    def spend(self, byte_size: int, place: str) -> None:
        """Take ``byte_size`` bytes; raise InputError at ``place`` if fewer are left."""
        if byte_size > self._remaining:
            raise InputError(
                self._source, place, "decompresses to more than a file of this size may hold"
            )
        self._remaining -= byte_size


def codec_of(data: bytes | bytearray | memoryview) -> str | None:
    """Name the compression format that ``data`` begins in, or None.

    16 bytes are enough. "lzop" is known only to be refused by name.
    """
    start = bytes(data[:16])
    for magic, codec in _MAGICS.items():
        if start.startswith(magic):
            return codec
    # Skippable frames (RFC 8878, 3.1.2) may come before a zstd frame; lz4 writes none there.
    if len(start) >= 4 and start[0] & 0xF0 == 0x50 and start[1:4] == b"\x2a\x4d\x18":
        return "zstd"
    if start.startswith(_BZIP2_MAGIC) and start[4:10] in _BZIP2_BLOCK_MAGICS:
        return "bzip2"
    if start.startswith(_LZMA_MAGIC) and _is_lzma_size(start[5:13]):
        return "lzma"
    return None


def _is_lzma_size(field: bytes) -> bool:
    """Tell if ``field`` can be the 8-byte size in an lzma header: unknown, or below 1 TiB."""
    return field == b"\xff" * 8 or field[5:] == b"\0\0\0"


def find_streams(data: bytes | bytearray) -> list[tuple[int, str]]:
    """List what may be compressed streams inside ``data``: offset and codec, by offset.

    Magic numbers are short, so that some hits are chance and decompress to an error. Of each
    codec, 8 are listed; a kernel image has a handful in all.
    """
    view = memoryview(data)
    streams: list[tuple[int, str]] = []
    for magic in (*_MAGICS, _BZIP2_MAGIC, _LZMA_MAGIC):
        hits = (match.start() for match in islice(re.finditer(re.escape(magic), data), _MAX_HITS))
        codecs = ((offset, codec_of(view[offset : offset + 16])) for offset in hits)
        streams += islice(((offset, codec) for offset, codec in codecs if codec), _MAX_LISTED)
    return sorted(streams)


def decompress(view: memoryview, codec: str, source: str, budget: OutputBudget) -> Iterator[bytes]:
    """Yield the contents of the stream that ``view`` begins with, in chunks of up to 8 MiB.

    ``codec`` is what `codec_of` says. Streams of one format back to back are one; other bytes
    after the end are ignored, since kernel images append the decompressed size. Raises
    InputError where the stream is cut short or damaged, or goes beyond ``budget``.
    """
    place = f"{codec} stream"
    if codec not in _CODECS:
        raise InputError(source, place, "is not supported; decompress it first")
    try:
        for chunk in _CODECS[codec](view):
            budget.spend(len(chunk), place)
            yield chunk
    except _StreamError as error:
        raise InputError(source, place, str(error)) from error


def inflate_section(
    view: memoryview, codec: str, byte_size: int, source: str, place: str, budget: OutputBudget
) -> bytes:
    """Give the ``byte_size`` bytes that an ELF section holds compressed by "zlib" or "zstd".

    Raises InputError at ``place`` if they are not exactly that many, or beyond ``budget``.
    """
    budget.spend(byte_size, place)
    contents = bytearray()
    try:
        for chunk in _CODECS[codec](view):
            contents += chunk
            if len(contents) > byte_size:
                break
    except _StreamError as error:
        raise InputError(source, place, f"its {codec} stream {error}") from error
    if len(contents) != byte_size:
        raise InputError(source, place, f"does not decompress to the {byte_size} bytes it declares")
    return bytes(contents)


# Each of these yields the decoded stream in chunks, and raises _StreamError.


def _zlib_chunks(view: memoryview) -> Iterator[bytes]:
    return _decoded(lambda: _ZlibDecoder(zlib.MAX_WBITS), zlib.error, view, None)


def _gzip_chunks(view: memoryview) -> Iterator[bytes]:
    return _decoded(lambda: _ZlibDecoder(16 + zlib.MAX_WBITS), zlib.error, view, "gzip")


def _xz_chunks(view: memoryview) -> Iterator[bytes]:
    import lzma

    def decoder() -> lzma.LZMADecompressor:
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY_LIMIT)

    return _decoded(decoder, lzma.LZMAError, view, "xz")


def _lzma_chunks(view: memoryview) -> Iterator[bytes]:
    import lzma

    def decoder() -> lzma.LZMADecompressor:
        return lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=_XZ_MEMORY_LIMIT)

    return _decoded(decoder, lzma.LZMAError, view, None)


def _bzip2_chunks(view: memoryview) -> Iterator[bytes]:
    import bz2

    return _decoded(bz2.BZ2Decompressor, OSError, view, "bzip2")


def _lz4_chunks(view: memoryview) -> Iterator[bytes]:
    import lz4.frame

    return _decoded(lz4.frame.LZ4FrameDecompressor, RuntimeError, view, "lz4")


def _lz4_legacy_chunks(view: memoryview) -> Iterator[bytes]:
    """Decode ``lz4 -l``: the magic, then blocks of 8 MiB, each after its packed size (LE32).

    The format has no end mark: a block that decodes to less than 8 MiB is the last. In a kernel
    image the decompressed size follows it; where streams were concatenated, the next magic does
    (lib/decompress_unlz4.c).
    """
    import lz4.block

    position = 0
    streams = 0
    is_last = True
    while len(view) - position > 4:
        size_field = view[position : position + 4]
        position += 4
        if size_field == _LZ4_LEGACY_MAGIC:
            streams += 1
            if streams > _MAX_STREAMS:
                raise _StreamError(f"is made of more than {_MAX_STREAMS} streams")
            is_last = False
            continue
        packed_size = int.from_bytes(size_field, "little")
        if is_last or packed_size == 0 or packed_size > _LZ4_LEGACY_PACKED_BLOCK:
            return
        block = view[position : position + packed_size]
        position += packed_size
        if len(block) < packed_size:
            raise _StreamError("is cut short")
        try:
            chunk: bytes = lz4.block.decompress(block, uncompressed_size=_LZ4_LEGACY_BLOCK)
        except lz4.block.LZ4BlockError as error:
            raise _StreamError(f"is damaged ({error})") from error
        is_last = len(chunk) < _LZ4_LEGACY_BLOCK
        yield chunk


def _zstd_chunks(view: memoryview) -> Iterator[bytes]:
    import zstandard

    position = 0
    for _ in range(_MAX_STREAMS):
        # zstandard's reader takes the end of its input for the end of the frame: a frame cut
        # short would pass. So the frame's extent is found first, and handed over alone.
        frame_size = _zstd_frame_size(view[position:])
        frame = view[position : position + frame_size]
        decoder = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_LIMIT)
        try:
            reader = decoder.stream_reader(frame)
            while chunk := reader.read(_CHUNK):
                yield chunk
        except zstandard.ZstdError as error:
            raise _StreamError(f"is damaged ({error})") from error
        position += frame_size
        if codec_of(view[position : position + 16]) != "zstd":
            return
    raise _StreamError(f"is made of more than {_MAX_STREAMS} frames")


def _zstd_frame_size(view: memoryview) -> int:
    """Measure the zstd or skippable frame at the start of ``view``, in bytes (RFC 8878, 3.1)."""
    import zstandard

    if bytes(view[:4]) != _ZSTD_MAGIC:
        size = 8 + int.from_bytes(view[4:8], "little")
        if len(view) < max(size, 8):
            raise _StreamError("is cut short")
        return size
    try:
        header_size = zstandard.frame_header_size(view[:18])
        has_checksum = zstandard.get_frame_parameters(view[:18]).has_checksum
    except zstandard.ZstdError as error:
        raise _StreamError(f"is damaged ({error})") from error
    position = header_size
    for _ in range(_MAX_ZSTD_BLOCKS):
        block_header = int.from_bytes(view[position : position + 3], "little")
        is_last = block_header & 1
        is_run = block_header >> 1 & 3 == 1  # one byte stands for all
        position += 3 + (1 if is_run else block_header >> 3)
        if is_last:
            position += 4 if has_checksum else 0
        if position > len(view):
            raise _StreamError("is cut short")
        if is_last:
            return position
    raise _StreamError(f"is made of more than {_MAX_ZSTD_BLOCKS} blocks")


_CODECS: dict[str, Callable[[memoryview], Iterator[bytes]]] = {
    "gzip": _gzip_chunks,
    "xz": _xz_chunks,
    "zstd": _zstd_chunks,
    "bzip2": _bzip2_chunks,
    "lzma": _lzma_chunks,
    "lz4": _lz4_chunks,
    "legacy lz4": _lz4_legacy_chunks,
    "zlib": _zlib_chunks,
}


class _ZlibDecoder:
    """zlib's decompressor under the interface of bz2's and lzma's."""

    def __init__(self, wbits: int) -> None:
        self._zlib = zlib.decompressobj(wbits)

    @property
    def eof(self) -> bool:
        return self._zlib.eof

    @property
    def needs_input(self) -> bool:
        return not self._zlib.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._zlib.unused_data

    def decompress(self, data: memoryview, max_length: int, /) -> bytes:
        return self._zlib.decompress(self._zlib.unconsumed_tail or data, max_length)


def _decoded(
    make_decoder: Callable[[], _Decoder],
    decoder_error: type[Exception],
    view: memoryview,
    codec: str | None,
) -> Iterator[bytes]:
    """Run decoders over the stream in ``view``, and over those of ``codec`` that follow it."""
    position = 0
    for _ in range(_MAX_STREAMS):
        decoder = make_decoder()
        idle_calls = 0
        while not decoder.eof:
            feed = view[position : position + _FEED] if decoder.needs_input else memoryview(b"")
            position += len(feed)
            try:
                chunk = decoder.decompress(feed, _CHUNK)
            except decoder_error as error:
                raise _StreamError(f"is damaged ({error})") from error
            if chunk:
                yield chunk
            # A decoder may hold back output once its input is used up: ask a second time.
            idle_calls = 0 if chunk or feed else idle_calls + 1
            if idle_calls == 2:
                raise _StreamError("is cut short")
        position -= len(decoder.unused_data or b"")
        if codec is None or codec_of(view[position : position + 16]) != codec:
            return
    raise _StreamError(f"is made of more than {_MAX_STREAMS} streams")

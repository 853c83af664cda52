"""Unwrap a source: from whatever BTF is shipped in to the raw BTF bytes.

A source is raw BTF, an ELF file with a ``.BTF`` section, a kernel image, or one of these
compressed; content tells, never a file's name. The formats themselves are in the modules beside
this one (`compression`, `elf`, `image`); here is only what wraps what. The BTF is not parsed:
what comes out is untrusted still.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from uapigen.btf import elf, image
from uapigen.btf.blob import BtfBlob
from uapigen.btf.compression import OutputBudget, codec_of, decompress, find_streams
from uapigen.errors import InputError

__all__ = ["BtfBlob", "is_btf_container", "unwrap"]

_BTF_MAGIC_LITTLE = b"\x9f\xeb"
_BTF_MAGIC_BIG = b"\xeb\x9f"

# A gzip stream, of a bzImage, with a zstd stream, of an ELF file is three deep.
_MAX_DEPTH = 5

# The start of a stream is looked at before the rest is decoded: enough for every magic number.
_SNIFFED_SIZE = 72 << 10

_NOT_A_CONTAINER = "is not BTF, nor an ELF file, a kernel image or a compressed one of these"
_NO_BTF_SECTION = "no .BTF section; was the kernel built with CONFIG_DEBUG_INFO_BTF?"
_NO_BTF_IN_IMAGE = "no whole BTF inside; was the kernel built with CONFIG_DEBUG_INFO_BTF?"

_SECTIONS = (".BTF", ".BTF.base", ".modinfo", ".rodata")
_VERMAGIC = re.compile(rb"(?:^|\0)vermagic=([!-~]{1,64})[ \0]")


Also = Callable[[bytes | bytearray], bool]
"""Tells of something else than BTF, by how it begins, that it may be wrapped as BTF is."""


def _only_btf(_data: bytes | bytearray) -> bool:
    return False


def unwrap(data: bytes, name: str, also: Also = _only_btf) -> BtfBlob:
    """Give the BTF in ``data``, the contents of the source called ``name``.

    What ``also`` knows is given in its place, unwrapped from compression only.

    Raises InputError if there is none, or if a wrapping is damaged, cut short, or decompresses
    beyond all proportion (`compression.OutputBudget`).
    """
    return _unwrap(data, name, OutputBudget(name, len(data)), 0, also)


def is_btf_container(data: bytes) -> bool:
    """Tell by magic numbers if ``data`` is something to `unwrap`, rather than C source.

    The first 72 KiB of a file are enough.
    """
    return _is_container(data)


def _is_container(data: bytes | bytearray) -> bool:
    return (
        data[:2] in (_BTF_MAGIC_LITTLE, _BTF_MAGIC_BIG)
        or data[:4] == elf.MAGIC
        or codec_of(data) is not None
        or image.image_kind(data) is not None
    )


def _unwrap(
    data: bytes | bytearray, name: str, budget: OutputBudget, depth: int, also: Also
) -> BtfBlob:
    """Unwrap ``data``, which lies inside ``depth`` wrappings."""
    if not data:
        raise InputError(name, "", "is empty")
    if depth > _MAX_DEPTH:
        raise InputError(name, "", f"is wrapped more than {_MAX_DEPTH} times")
    if data[:2] in (_BTF_MAGIC_LITTLE, _BTF_MAGIC_BIG) or also(data):
        return _blob(name, bytes(data))
    if data[:4] == elf.MAGIC:
        return _unwrap_elf(data, name, budget)
    if codec := codec_of(data):
        return _unwrap_stream(memoryview(data), codec, name, budget, depth, also)
    if image.image_kind(data):
        return _unwrap_image(data, name, budget, depth)
    raise InputError(name, "", _NOT_A_CONTAINER)


def _unwrap_stream(
    view: memoryview, codec: str, name: str, budget: OutputBudget, depth: int, also: Also
) -> BtfBlob:
    chunks = decompress(view, codec, name, budget)
    contents = bytearray()
    for chunk in chunks:
        contents += chunk
        if len(contents) >= _SNIFFED_SIZE:
            break
    # A bomb of zeros ends here: only what looks like a container is decoded to its end.
    if contents and not (_is_container(contents) or also(contents)):
        raise InputError(name, f"{codec} stream", _NOT_A_CONTAINER)
    for chunk in chunks:
        contents += chunk
    with _inside(f"{codec} stream"):
        return _unwrap(contents, name, budget, depth + 1, also)


def _unwrap_elf(data: bytes | bytearray, name: str, budget: OutputBudget) -> BtfBlob:
    file = elf.read_elf(data, name, _SECTIONS)
    machine = None if file.machine == elf.EM_BPF else file.machine
    if not file.has_section_headers:
        blob = _search_memory(data, name)
        return blob._replace(elf_machine=machine, elf_class=file.bits)

    sections: dict[str, elf.Section] = {}
    for section in file.sections:
        if section.name in sections:
            raise InputError(name, f"section {section.name}", "is there more than once")
        sections[section.name] = section
    if ".BTF" not in sections:
        raise InputError(name, "", _NO_BTF_SECTION)
    btf = elf.section_contents(data, file, sections[".BTF"], name, budget)
    if btf[:2] not in (_BTF_MAGIC_LITTLE, _BTF_MAGIC_BIG):
        raise InputError(name, "section .BTF", "does not begin with the magic number of BTF")
    base = None
    if ".BTF.base" in sections:
        base = elf.section_contents(data, file, sections[".BTF.base"], name, budget)

    # Whatever a BPF object has in these sections is its own program's data.
    release = None
    if file.machine != elf.EM_BPF and file.type == elf.ET_REL and ".modinfo" in sections:
        match = _VERMAGIC.search(elf.section_view(data, sections[".modinfo"], name))
        release = match[1].decode("ascii") if match else None
    elif file.machine != elf.EM_BPF and file.type != elf.ET_REL and ".rodata" in sections:
        release = image.banner_release(elf.section_view(data, sections[".rodata"], name))
    return _blob(name, btf, base=base, elf_machine=machine, elf_class=file.bits, release=release)


def _unwrap_image(data: bytes | bytearray, name: str, budget: OutputBudget, depth: int) -> BtfBlob:
    kernel = image.read_image(data, name)
    with _inside(kernel.kind):
        if kernel.hides_payload:
            blob = _search_streams(data, name, budget)
        elif kernel.payload is None:
            blob = _search_memory(data, name)
        elif codec := codec_of(kernel.payload):
            blob = _unwrap_stream(kernel.payload, codec, name, budget, depth + 1, _only_btf)
        else:
            blob = _unwrap(bytes(kernel.payload), name, budget, depth + 1, _only_btf)
    return blob._replace(
        elf_machine=blob.elf_machine or kernel.machine,
        release=blob.release or kernel.release,
    )


def _search_streams(data: bytes | bytearray, name: str, budget: OutputBudget) -> BtfBlob:
    """Find BTF in the memory image that one of the compressed streams in ``data`` holds."""
    for offset, codec in find_streams(data):
        contents = bytearray()
        try:
            for chunk in decompress(memoryview(data)[offset:], codec, name, budget):
                contents += chunk
            return _search_memory(contents, name)
        except InputError:
            continue  # three bytes of code can look like a stream's magic number
    raise InputError(name, "", _NO_BTF_IN_IMAGE)


def _search_memory(data: bytes | bytearray, name: str) -> BtfBlob:
    """Find the BTF and the banner in the memory image of a kernel."""
    found = image.find_btf(data, name)
    if found is None:
        raise InputError(name, "", _NO_BTF_IN_IMAGE)
    offset, size = found
    btf = bytes(memoryview(data)[offset : offset + size])
    return _blob(name, btf, release=image.banner_release(data))


def _blob(
    name: str,
    btf: bytes,
    *,
    base: bytes | None = None,
    elf_machine: int | None = None,
    elf_class: int | None = None,
    release: str | None = None,
) -> BtfBlob:
    big_endian = btf[:2] == _BTF_MAGIC_BIG
    return BtfBlob(name, btf, base, elf_machine, elf_class, big_endian, release)


@contextmanager
def _inside(layer: str) -> Iterator[None]:
    """Put ``layer`` before the place of an InputError, so that the message walks inwards."""
    try:
        yield
    except InputError as error:
        place = f"{layer}: {error.place}" if error.place else layer
        raise InputError(error.source, place, error.problem) from error

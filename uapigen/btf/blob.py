"""What comes out of whatever BTF is shipped in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    import mmap

__all__ = ["BtfBlob", "Content"]

Content: TypeAlias = "bytes | mmap.mmap"
"""What is in a file: read, or mapped where nobody else changes it."""


class BtfBlob(NamedTuple):
    """The raw BTF of one source, and what its wrapping says of the target.

    ``name`` is the source as the user gave it. ``btf`` is of either byte order
    (``big_endian``), with a header of any size, and may be split BTF; ``base`` is the distilled
    base beside it (``.BTF.base``), if there is one.

    ``elf_machine`` (``e_machine``) comes from the ELF header or from the kind of kernel image,
    ``elf_class`` (32 or 64) from the ELF header alone. BPF objects leave the machine None: EM_BPF
    says nothing of the kernel they are for.

    ``release`` is the kernel's (``uname -r``), from a kernel's banner or a module's vermagic.
    """

    name: str
    btf: Content
    base: bytes | None
    elf_machine: int | None
    elf_class: int | None
    big_endian: bool
    release: str | None

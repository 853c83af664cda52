"""What the targets' C ABIs say of sizes and alignment: one table.

Sources: the psABI documents of each architecture and GCC's
``gcc/config/*`` (``BIGGEST_ALIGNMENT``, ``ADJUST_FIELD_ALIGN``,
``PCC_BITFIELD_TYPE_MATTERS``, ``TARGET_ALIGN_ANON_BITFIELD``). Sizes and
alignments are bytes, and alignments are those of a *member of a struct*
(i386 aligns a lone ``long long`` variable to 8, a member to 4).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import NamedTuple

from uapigen.errors import UsageError

__all__ = [
    "ALIASES",
    "TARGETS",
    "DataModel",
    "find_target",
    "guess_target",
    "host_arch",
    "machine_of_elf",
]

_NATURAL = {1: 1, 2: 2, 4: 4, 8: 8, 10: 16, 12: 4, 16: 16}


class DataModel(NamedTuple):
    """One target's answers. ``aligns`` maps a scalar's size to its alignment."""

    arch: str
    pointer_size: int
    big_endian: bool
    aligns: Mapping[int, int]
    typedef_aligns: Mapping[str, int]
    """Kernel typedefs whose ``aligned`` attribute BTF does not record
    (``include/uapi/linux/types.h``, ``include/linux/types.h``,
    ``include/asm-generic/compat.h``)."""
    long_double_size: int = 16
    biggest_align: int = 16
    """What ``__attribute__((aligned))`` without a number asks for."""
    char_signed: bool = True
    """Whether plain ``char`` is."""
    bitfields_align: bool = True
    """A bitfield's declared type aligns the struct, and bounds where the bitfield may lie."""
    unnamed_bitfields_align: bool = False
    """Unnamed bitfields, also those of width 0, align the struct as named ones do."""


_ALIGNED_U64 = {
    f"{prefix}aligned_{base}64": 8 for prefix in ("__", "") for base in ("u", "s", "be", "le")
}
# On x86-64 the compat ABI is i386's, where 64-bit members align to 4
# (CONFIG_COMPAT_FOR_U64_ALIGNMENT); no other target has that difference.
_X86_COMPAT = {"compat_u64": 4, "compat_s64": 4}


def _model(
    arch: str,
    pointer_size: int,
    byteorder: str,
    *,
    typedefs: Mapping[str, int] | None = None,
    long_double_size: int = 16,
    biggest_align: int = 16,
    char_signed: bool = True,
    bitfields_align: bool = True,
    unnamed_bitfields_align: bool = False,
    **aligns: int,
) -> DataModel:
    changed = {int(size.removeprefix("size")): align for size, align in aligns.items()}
    return DataModel(
        arch,
        pointer_size,
        byteorder == "big",
        _NATURAL | changed,
        _ALIGNED_U64 | dict(typedefs or {}),
        long_double_size,
        biggest_align,
        char_signed,
        bitfields_align,
        unnamed_bitfields_align,
    )


TARGETS: dict[str, DataModel] = {
    model.arch: model
    for model in (
        _model("x86_64", 8, "little", typedefs=_X86_COMPAT),
        _model("x32", 4, "little"),
        _model("i386", 4, "little", size8=4, long_double_size=12),
        _model("aarch64", 8, "little", char_signed=False, unnamed_bitfields_align=True),
        _model(
            "arm",
            4,
            "little",
            long_double_size=8,
            biggest_align=8,
            char_signed=False,
            unnamed_bitfields_align=True,
        ),
        _model("riscv64", 8, "little", char_signed=False),
        _model("riscv32", 4, "little", char_signed=False),
        _model("s390x", 8, "big", size16=8, biggest_align=8, char_signed=False),
        _model("s390", 4, "big", size16=8, biggest_align=8, char_signed=False),
        _model("ppc64le", 8, "little", char_signed=False),
        _model("ppc64", 8, "big", char_signed=False),
        _model("ppc", 4, "big", char_signed=False),
        _model("mips64el", 8, "little"),
        _model("mips64", 8, "big"),
        _model("mipsn32el", 4, "little"),
        _model("mipsn32", 4, "big"),
        _model("mipsel", 4, "little", long_double_size=8, biggest_align=8),
        _model("mips", 4, "big", long_double_size=8, biggest_align=8),
        _model("loongarch64", 8, "little"),
        _model("sparc64", 8, "big"),
        _model("sparc", 4, "big", size16=8, biggest_align=8),
        _model("parisc", 4, "big", long_double_size=8, biggest_align=8),
        _model("alpha", 8, "little"),
        _model("sh", 4, "little", size8=4, long_double_size=8, biggest_align=4),
        _model(
            "m68k",
            4,
            "big",
            size4=2,
            size8=2,
            size10=2,
            size12=2,
            size16=2,
            long_double_size=12,
            biggest_align=2,
            bitfields_align=False,
        ),
    )
}

ALIASES: dict[str, str] = {
    "amd64": "x86_64",
    "x86-64": "x86_64",
    "i486": "i386",
    "i586": "i386",
    "i686": "i386",
    "x86": "i386",
    "arm64": "aarch64",
    "armhf": "arm",
    "armel": "arm",
    "armv6l": "arm",
    "armv7l": "arm",
    "armv8l": "arm",
    "ppc64el": "ppc64le",
    "powerpc64le": "ppc64le",
    "powerpc64": "ppc64",
    "powerpc": "ppc",
    "riscv": "riscv64",
    "loong64": "loongarch64",
}

# (e_machine, ELF class, big-endian) of <elf.h>
_ELF_MACHINES: dict[tuple[int, int, bool], str] = {
    (62, 64, False): "x86_64",
    (62, 32, False): "x32",
    (3, 32, False): "i386",
    (183, 64, False): "aarch64",
    (40, 32, False): "arm",
    (243, 64, False): "riscv64",
    (243, 32, False): "riscv32",
    (22, 64, True): "s390x",
    (22, 32, True): "s390",
    (21, 64, False): "ppc64le",
    (21, 64, True): "ppc64",
    (20, 32, True): "ppc",
    # Of mips n32, class and machine are those of o32; only the flags tell (EF_MIPS_ABI2).
    (8, 64, False): "mips64el",
    (8, 64, True): "mips64",
    (8, 32, False): "mipsel",
    (8, 32, True): "mips",
    (258, 64, False): "loongarch64",
    (43, 64, True): "sparc64",
    (2, 32, True): "sparc",
    (15, 32, True): "parisc",
    (0x9026, 64, False): "alpha",
    (42, 32, False): "sh",
    (4, 32, True): "m68k",
}


# Types that only one architecture's kernel has, for raw BTF, which names none.
_KERNEL_MARKERS: dict[str, tuple[str, ...]] = {
    "cpuinfo_x86": ("x86_64", "i386"),
    "cpuinfo_arm64": ("aarch64",),
    "cpuinfo_arm": ("arm",),
    "riscv_isa_ext_data": ("riscv64", "riscv32"),
    "riscv_cacheinfo_ops": ("riscv64", "riscv32"),
    "lowcore": ("s390x", "s390"),
    "paca_struct": ("ppc64le", "ppc64"),
    "machdep_calls": ("ppc64le", "ppc64", "ppc"),
    "cpuinfo_mips": ("mips64el", "mips64", "mipsel", "mips"),
    "cpuinfo_loongarch": ("loongarch64",),
    "mac_booter_data": ("m68k",),
    "sparc_cacheops": ("sparc",),
    "cpuinfo_sparc": ("sparc64",),
    "cpuinfo_parisc": ("parisc",),
    "sh_cpuinfo": ("sh",),
}
# Where nothing else tells: the most common architecture of that kind.
_COMMON = {
    (8, False): "x86_64",
    (4, False): "arm",
    (8, True): "s390x",
    (4, True): "ppc",
}


def guess_target(pointer_size: int, big_endian: bool, has_type: Callable[[str], bool]) -> DataModel:
    """The target of BTF that does not name it.

    By the types that only one architecture's kernel has; else this machine's
    architecture, if pointer size (bytes; 0 = unknown) and byte order are its;
    else the most common one that has them.
    """

    def fits(arch: str) -> bool:
        model = TARGETS[arch]
        return model.big_endian == big_endian and pointer_size in (0, model.pointer_size)

    for marker, archs in _KERNEL_MARKERS.items():
        possible = [arch for arch in archs if fits(arch)]
        if possible and has_type(marker):
            return TARGETS[possible[0]]
    host = host_arch()
    if host is not None and fits(host):
        return TARGETS[host]
    return TARGETS[_COMMON[pointer_size or 8, big_endian]]


def machine_of_elf(e_machine: int, elf_class: int, big_endian: bool) -> str | None:
    """The architecture's name, or None where the triple is not in the table."""
    return _ELF_MACHINES.get((e_machine, elf_class, big_endian))


def host_arch() -> str | None:
    """This machine's architecture, or None where the table lacks it."""
    machine = os.uname().machine
    name = ALIASES.get(machine, machine)
    return name if name in TARGETS else None


def find_target(arch: str) -> DataModel:
    """The data model of an architecture, by name or alias.

    Raises :class:`UsageError` for a name that is not in the table.
    """
    model = TARGETS.get(ALIASES.get(arch, arch))
    if model is None:
        raise UsageError(f"unknown architecture {arch!r}; known: {', '.join(sorted(TARGETS))}")
    return model

"""Which kernel an ABI's entries are looked for in: the directory, the word size, its choices.

From ``arch/*/Kconfig``, as far as it decides among several definitions of one entry.
"""

from __future__ import annotations

from typing import NamedTuple

from uapigen.errors import UsageError

__all__ = ["KERNELS", "Kernel", "find_kernel"]

_SELECTS = {
    "CLONE_BACKWARDS": "i386 arm aarch64 mips mipsel mips64 mips64el mipsn32 mipsn32el parisc ppc "
    "ppc64 ppc64le riscv32 riscv64 sparc sparc64",
    "CLONE_BACKWARDS2": "s390 s390x",
    "CLONE_BACKWARDS3": "",
    "OLD_SIGSUSPEND": "alpha ppc ppc64 ppc64le sh sparc sparc64",
    "OLD_SIGSUSPEND3": "i386 arm m68k s390 s390x",
    "OLD_SIGACTION": "i386 arm m68k ppc s390 s390x sh sparc sparc64",
    "ODD_RT_SIGACTION": "alpha sparc sparc64",
    # i386, parisc and ppc do select it: their fanotify_mark takes its mask in halves. That is how
    # it lies in registers, which lowering.py says.
    "ARCH_SPLIT_ARG64": "",
    "TRAD_SIGNALS": "mips mipsel",
    "MMU": "*",
}
"""Kconfig symbols, and for which ABIs' own kernels ``arch/*/Kconfig`` selects them.

sparc selects nothing for ``clone``: its own code (``arch/sparc/kernel/process.c``) reads the
arguments in the order of ``CLONE_BACKWARDS``.
"""


class Kernel(NamedTuple):
    """The kernel that serves an ABI."""

    abi: str
    directory: str
    """In ``arch/``."""
    bits: int
    """Of a ``long`` of the ABI's programs, or 64 where no kernel of 32 bits has the ABI."""
    kernel_bits: int
    """Of the largest kernel that has it: the one with compat entries."""
    big_endian: bool

    @property
    def has_compat(self) -> bool:
        """Whether a 64-bit kernel serves the ABI beside one of its own."""
        return self.bits != self.kernel_bits

    def serves(self, other: Kernel) -> bool:
        """Whether this ABI's kernel has the other ABI's entries, in the other ABI's types."""
        return self[1:3] == other[1:3] and self.big_endian == other.big_endian

    def defined(self, *, compat: bool = False) -> dict[str, bool]:
        """Which macros the kernel's code finds defined, of those that matter.

        ``compat``: for the entries of a 64-bit kernel for 32-bit programs.
        """
        bits = self.kernel_bits if compat else self.bits
        found = {
            f"CONFIG_{symbol}": abis == "*" or self.abi in abis.split()
            for symbol, abis in _SELECTS.items()
        }
        found |= {"CONFIG_COMPAT": bits == 64}
        for word in (32, 64):
            names = [f"{word}BIT", f"X86_{word}", f"PPC{word}", f"SPARC{word}"]
            found |= {f"CONFIG_{name}": bits == word for name in names}
        for name in ("CONFIG_CPU_BIG_ENDIAN", "__BIG_ENDIAN", "__MIPSEB__", "__AARCH64EB__",
                     "__ARMEB__"):  # fmt: skip
            found[name] = self.big_endian
        for name in (
            "CONFIG_CPU_LITTLE_ENDIAN",
            "__LITTLE_ENDIAN",
            "__MIPSEL__",
            "__LITTLE_ENDIAN__",
        ):
            found[name] = not self.big_endian
        return found


# ABI, directory, bits, the largest kernel's bits, byte order
_TABLE = """
    x86_64       x86        64 64 little
    x32          x86        64 64 little
    i386         x86        32 64 little
    aarch64      arm64      64 64 little
    arm          arm        32 32 little
    riscv64      riscv      64 64 little
    riscv32      riscv      32 64 little
    s390x        s390       64 64 big
    s390         s390       64 64 big
    ppc64le      powerpc    64 64 little
    ppc64        powerpc    64 64 big
    ppc          powerpc    32 64 big
    mips64el     mips       64 64 little
    mips64       mips       64 64 big
    mipsn32el    mips       64 64 little
    mipsn32      mips       64 64 big
    mipsel       mips       32 64 little
    mips         mips       32 64 big
    loongarch64  loongarch  64 64 little
    m68k         m68k       32 32 big
    sh           sh         32 32 little
    parisc       parisc     32 64 big
    sparc64      sparc      64 64 big
    sparc        sparc      32 64 big
    alpha        alpha      64 64 little
"""
KERNELS: dict[str, Kernel] = {
    abi: Kernel(abi, directory, int(bits), int(kernel_bits), order == "big")
    for abi, directory, bits, kernel_bits, order in map(str.split, _TABLE.strip().splitlines())
}


def find_kernel(abi: str) -> Kernel:
    """The kernel of an ABI; raises :class:`UsageError` for a name that is not in the table."""
    if abi not in KERNELS:
        raise UsageError(f"unknown ABI {abi!r}; known: {', '.join(KERNELS)}")
    return KERNELS[abi]

"""The ABIs of syscalls as one table: numbers, registers, and how 64-bit arguments travel.

Sources are named by their path in the kernel's tree (6.1 and 6.18); registers
beside that in ``man 2 syscall``. What single calls do otherwise than their ABI
says is in ``quirks.py``.
"""

from __future__ import annotations

from typing import NamedTuple

from uapigen.errors import UsageError
from uapigen.layout.targets import ALIASES

__all__ = ["ABIS", "SyscallAbi", "find_abi"]


class SyscallAbi(NamedTuple):
    """How a process of one ABI asks the kernel for something."""

    name: str
    """Also that of its data model (``layout/targets.py``)."""
    instruction: str
    """As its assembler takes it."""
    number_register: str
    argument_registers: tuple[str, ...]
    """In order. ``stack+16`` is the word that many bytes above the stack pointer."""
    return_register: str
    audit_arch: int
    """``AUDIT_ARCH_*`` of ``include/uapi/linux/audit.h``: ``seccomp_data.arch``."""
    error_flag: str = ""
    """What is set where the returned value is a (positive) errno; "" where an error is returned as
    a negative errno."""
    register_size: int = 4
    """Bytes of an argument register; x32 and mips n32 have 32-bit pointers in 64-bit registers."""
    number_base: int = 0
    """What all numbers of the ABI have in common: added by mips, a bit of x32's."""
    private_base: int | None = None
    """Where numbers of calls private to the architecture begin (``__ARM_NR_BASE``)."""
    aligned_pairs: bool = False
    """A 64-bit argument begins with an even-numbered argument register (0, 2, 4), as its C calling
    convention has it; the register before is left unused."""
    clone: str = ""
    """The order of ``clone``'s arguments: a key of ``quirks.CLONE_ORDERS``."""
    multiplexers: tuple[str, ...] = ()
    """``socketcall`` and ``ipc``, where the ABI has them."""
    entry_prefix: str = "sys_"
    """Of the kernel's entry symbols."""
    compat_prefix: str = ""
    """Of the entry symbols by which a 64-bit kernel serves this ABI, where these differ from its
    own; "" where no 64-bit kernel in Linus' tree does."""

    def symbol(self, entry: str) -> str:
        """The entry symbol of what a kernel's table calls ``sys_newfstat``: ``__x64_sys_newfstat``.

        Others (``alpha_clone``) are called so in the kernel as well.
        """
        for kind, prefix in (("sys_", self.entry_prefix), ("compat_sys_", self.compat_prefix)):
            if entry.startswith(kind):
                return prefix + entry.removeprefix(kind)
        return entry

    @property
    def splits_64_bits(self) -> bool:
        """Whether a 64-bit argument takes two registers."""
        return self.register_size < 8


_MULTIPLEXERS = ("socketcall", "ipc")


def _x86() -> tuple[SyscallAbi, ...]:
    # arch/x86/entry/entry_64.S, entry_32.S; entry symbols: arch/x86/include/asm/syscall_wrapper.h
    return (
        SyscallAbi(
            "x86_64",
            "syscall",
            "rax",
            ("rdi", "rsi", "rdx", "r10", "r8", "r9"),
            "rax",
            0xC000003E,
            register_size=8,
            entry_prefix="__x64_sys_",
        ),
        SyscallAbi(
            "x32",
            "syscall",
            "rax",
            ("rdi", "rsi", "rdx", "r10", "r8", "r9"),
            "rax",
            0xC000003E,  # the same: only the number tells x32 (arch/x86/include/asm/syscall.h)
            register_size=8,
            number_base=0x40000000,  # __X32_SYSCALL_BIT, arch/x86/include/uapi/asm/unistd.h
            entry_prefix="__x64_sys_",
            compat_prefix="__x64_compat_sys_",
        ),
        SyscallAbi(
            "i386",
            "int $0x80",
            "eax",
            ("ebx", "ecx", "edx", "esi", "edi", "ebp"),
            "eax",
            0x40000003,
            clone="CLONE_BACKWARDS",
            multiplexers=_MULTIPLEXERS,
            entry_prefix="__ia32_sys_",
            compat_prefix="__ia32_compat_sys_",
        ),
    )


def _arm() -> tuple[SyscallAbi, ...]:
    return (
        # arch/arm64/kernel/entry.S, arch/arm64/include/asm/syscall_wrapper.h
        SyscallAbi(
            "aarch64",
            "svc #0",
            "x8",
            ("x0", "x1", "x2", "x3", "x4", "x5"),
            "x0",
            0xC00000B7,
            register_size=8,
            clone="CLONE_BACKWARDS",
            entry_prefix="__arm64_sys_",
        ),
        # arch/arm/kernel/entry-common.S; pairs: the AAPCS' rule C.3; private calls:
        # arch/arm/include/uapi/asm/unistd.h
        SyscallAbi(
            "arm",
            "svc #0",
            "r7",
            ("r0", "r1", "r2", "r3", "r4", "r5"),
            "r0",
            0x40000028,
            private_base=0x0F0000,
            aligned_pairs=True,
            clone="CLONE_BACKWARDS",
            compat_prefix="__arm64_compat_sys_",
        ),
    )


def _riscv() -> tuple[SyscallAbi, ...]:
    # arch/riscv/kernel/entry.S, arch/riscv/include/asm/syscall_wrapper.h. The psABI aligns pairs
    # for variadic functions only: compat_arg_u64 (include/asm-generic/compat.h) has no padding.
    arguments = ("a0", "a1", "a2", "a3", "a4", "a5")
    return (
        SyscallAbi(
            "riscv64",
            "ecall",
            "a7",
            arguments,
            "a0",
            0xC00000F3,
            register_size=8,
            clone="CLONE_BACKWARDS",
            entry_prefix="__riscv_sys_",
        ),
        SyscallAbi(
            "riscv32",
            "ecall",
            "a7",
            arguments,
            "a0",
            0x400000F3,
            clone="CLONE_BACKWARDS",
            entry_prefix="__riscv_sys_",
            compat_prefix="__riscv_compat_sys_",
        ),
    )


def _s390() -> tuple[SyscallAbi, ...]:
    # arch/s390/kernel/syscall.c, arch/s390/include/asm/syscall_wrapper.h; the number may also be
    # the instruction's operand, if it is below 256. Linux 7.0 has no 31-bit processes any more.
    arguments = ("r2", "r3", "r4", "r5", "r6", "r7")
    return (
        SyscallAbi(
            "s390x",
            "svc 0",
            "r1",
            arguments,
            "r2",
            0x80000016,
            register_size=8,
            clone="CLONE_BACKWARDS2",
            multiplexers=_MULTIPLEXERS,
            entry_prefix="__s390x_sys_",
        ),
        SyscallAbi(
            "s390",
            "svc 0",
            "r1",
            arguments,
            "r2",
            0x00000016,
            clone="CLONE_BACKWARDS2",
            multiplexers=_MULTIPLEXERS,
            entry_prefix="__s390_sys_",
            compat_prefix="__s390_compat_sys_",
        ),
    )


def _powerpc() -> tuple[SyscallAbi, ...]:
    # Documentation/powerpc/syscall64-abi.rst; pairs of 32-bit processes:
    # arch/powerpc/kernel/sys_ppc32.c (ppc_pread64's reg6)
    def abi(name: str, audit_arch: int, size: int) -> SyscallAbi:
        return SyscallAbi(
            name,
            "sc",
            "r0",
            ("r3", "r4", "r5", "r6", "r7", "r8"),
            "r3",
            audit_arch,
            error_flag="cr0.SO",
            register_size=size,
            aligned_pairs=size == 4,
            clone="CLONE_BACKWARDS",
            multiplexers=_MULTIPLEXERS,
            compat_prefix="compat_sys_" if size == 4 else "",
        )

    return (abi("ppc64le", 0xC0000015, 8), abi("ppc64", 0x80000015, 8), abi("ppc", 0x00000014, 4))


def _mips() -> tuple[SyscallAbi, ...]:
    # arch/mips/kernel/scall32-o32.S, scall64-n32.S, scall64-n64.S; bases:
    # arch/mips/include/uapi/asm/unistd.h; pairs of o32: arch/mips/kernel/linux32.c
    def wide(name: str, audit_arch: int, base: int, compat_prefix: str = "") -> SyscallAbi:
        return SyscallAbi(
            name,
            "syscall",
            "v0",
            ("a0", "a1", "a2", "a3", "a4", "a5"),
            "v0",
            audit_arch,
            error_flag="a3",
            register_size=8,
            number_base=base,
            clone="CLONE_BACKWARDS",
            compat_prefix=compat_prefix,
        )

    def o32(name: str, audit_arch: int) -> SyscallAbi:
        # The first 16 bytes of the stack are where the callee may save a0 to a3.
        return SyscallAbi(
            name,
            "syscall",
            "v0",
            ("a0", "a1", "a2", "a3", "stack+16", "stack+20", "stack+24", "stack+28"),
            "v0",
            audit_arch,
            error_flag="a3",
            number_base=4000,
            aligned_pairs=True,
            clone="CLONE_BACKWARDS",
            multiplexers=_MULTIPLEXERS,
            compat_prefix="compat_sys_",
        )

    return (
        wide("mips64el", 0xC0000008, 5000),
        wide("mips64", 0x80000008, 5000),
        wide("mipsn32el", 0xE0000008, 6000, "compat_sys_"),
        wide("mipsn32", 0xA0000008, 6000, "compat_sys_"),
        o32("mipsel", 0x40000008),
        o32("mips", 0x00000008),
    )


def _sparc() -> tuple[SyscallAbi, ...]:
    # arch/sparc/kernel/entry.S, syscalls.S; pairs: arch/sparc/kernel/sys_sparc32.c; clone:
    # sparc_clone in arch/sparc/kernel/process.c, which reads the registers itself
    def abi(name: str, instruction: str, audit_arch: int, size: int, flag: str) -> SyscallAbi:
        return SyscallAbi(
            name,
            instruction,
            "g1",
            ("o0", "o1", "o2", "o3", "o4", "o5"),
            "o0",
            audit_arch,
            error_flag=flag,
            register_size=size,
            clone="CLONE_BACKWARDS",
            multiplexers=_MULTIPLEXERS,
            compat_prefix="compat_sys_" if size == 4 else "",
        )

    return (
        abi("sparc64", "t 0x6d", 0x8000002B, 8, "xcc.carry"),
        abi("sparc", "t 0x10", 0x00000002, 4, "psr.carry"),
    )


def _others() -> tuple[SyscallAbi, ...]:
    return (
        # arch/loongarch/kernel/syscall.c
        SyscallAbi(
            "loongarch64",
            "syscall 0",
            "a7",
            ("a0", "a1", "a2", "a3", "a4", "a5"),
            "a0",
            0xC0000102,
            register_size=8,
        ),
        # arch/m68k/kernel/entry.S
        SyscallAbi(
            "m68k",
            "trap #0",
            "d0",
            ("d1", "d2", "d3", "d4", "d5", "a0"),
            "d0",
            0x00000004,
            multiplexers=_MULTIPLEXERS,
        ),
        # arch/sh/kernel/entry-common.S; little-endian: AUDIT_ARCH_SHEL
        SyscallAbi(
            "sh",
            "trapa #0x16",
            "r3",
            ("r4", "r5", "r6", "r7", "r0", "r1"),
            "r0",
            0x4000002A,
            multiplexers=_MULTIPLEXERS,
        ),
        # arch/parisc/kernel/syscall.S; pairs: arch/parisc/kernel/sys_parisc.c
        SyscallAbi(
            "parisc",
            "ble 0x100(%sr2, %r0)",
            "r20",
            ("r26", "r25", "r24", "r23", "r22", "r21"),
            "r28",
            0x0000000F,
            clone="CLONE_BACKWARDS",
            compat_prefix="compat_sys_",
        ),
        # arch/alpha/kernel/entry.S
        SyscallAbi(
            "alpha",
            "callsys",
            "v0",
            ("a0", "a1", "a2", "a3", "a4", "a5"),
            "v0",
            0xC0009026,
            error_flag="a3",
            register_size=8,
        ),
    )


ABIS: dict[str, SyscallAbi] = {
    abi.name: abi
    for family in (_x86, _arm, _riscv, _s390, _powerpc, _mips, _sparc, _others)
    for abi in family()
}


def find_abi(arch: str) -> SyscallAbi:
    """The ABI of an architecture, by name or alias.

    Raises :class:`UsageError` for a name that is not in the table.
    """
    abi = ABIS.get(ALIASES.get(arch, arch))
    if abi is None:
        raise UsageError(f"no syscall ABI is known for {arch!r}; known: {', '.join(sorted(ABIS))}")
    return abi

"""Registers of arguments, against what the kernel's own entry points for split ones say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uapigen.errors import InputError
from uapigen.ir.syscalls import SyscallParam
from uapigen.layout.targets import TARGETS
from uapigen.syscalls.abis import ABIS
from uapigen.syscalls.lowering import arrange, lower
from uapigen.syscalls.quirks import CLONE_ORDERS

GENERIC = {
    # include/linux/syscalls.h
    "clone": "unsigned long clone_flags, unsigned long newsp, int *parent_tidptr, "
    "int *child_tidptr, unsigned long tls",
    "fadvise64_64": "int fd, loff_t offset, loff_t len, int advice",
    "fadvise64": "int fd, loff_t offset, size_t len, int advice",
    "fallocate": "int fd, int mode, loff_t offset, loff_t len",
    "fanotify_mark": "int fanotify_fd, unsigned int flags, u64 mask, int fd, const char *pathname",
    "mmap": "unsigned long addr, unsigned long len, unsigned long prot, unsigned long flags, "
    "unsigned long fd, unsigned long off",
    "openat": "int dfd, const char *filename, int flags, umode_t mode",
    "pipe": "int *fildes",
    "pread64": "unsigned int fd, char *buf, size_t count, loff_t pos",
    "readahead": "int fd, loff_t offset, size_t count",
    "sync_file_range": "int fd, loff_t offset, loff_t nbytes, unsigned int flags",
    "sync_file_range2": "int fd, unsigned int flags, loff_t offset, loff_t nbytes",
    "truncate64": "const char *path, loff_t length",
}
GENERIC["arm_fadvise64_64"] = GENERIC["fadvise64_64"]
GENERIC["mmap2"] = GENERIC["mmap"]


def params(text: str) -> tuple[SyscallParam, ...]:
    """``int fd, char *buf``, as parameters."""
    found = []
    for declaration in text.split(", "):
        c_type, name = declaration.rsplit(" ", 1)
        stars = len(name) - len(name.lstrip("*"))
        found.append(SyscallParam(name.lstrip("*"), c_type + " " * bool(stars) + "*" * stars))
    return tuple(found)


# Pairs are written low+high; a parameter that the ABI does not have is "-"
CASES = [
    ("x86_64", "pread64", "rdi rsi rdx r10"),
    ("x86_64", "fadvise64", "rdi rsi rdx r10"),
    ("x86_64", "clone", "rdi rsi rdx r10 r8"),
    ("x86_64", "mmap", "rdi rsi rdx r10 r8 r9"),
    ("x32", "pread64", "rdi rsi rdx r10"),
    ("aarch64", "clone", "x0 x1 x2 x4 x3"),
    ("aarch64", "openat", "x0 x1 x2 x3"),
    # arch/x86/kernel/sys_ia32.c
    ("i386", "pread64", "ebx ecx edx esi+edi"),
    ("i386", "truncate64", "ebx ecx+edx"),
    ("i386", "fadvise64_64", "ebx ecx+edx esi+edi ebp"),
    ("i386", "fadvise64", "ebx ecx+edx esi edi"),
    ("i386", "sync_file_range", "ebx ecx+edx esi+edi ebp"),
    ("i386", "fanotify_mark", "ebx ecx edx+esi edi ebp"),
    ("i386", "clone", "ebx ecx edx edi esi"),
    ("i386", "mmap", "ebx[0] ebx[4] ebx[8] ebx[12] ebx[16] ebx[20]"),
    ("i386", "mmap2", "ebx ecx edx esi edi ebp"),
    # arch/arm/kernel/sys_arm.c and the AAPCS
    ("arm", "pread64", "r0 r1 r2 r4+r5"),
    ("arm", "truncate64", "r0 r2+r3"),
    ("arm", "readahead", "r0 r2+r3 r4"),
    ("arm", "fallocate", "r0 r1 r2+r3 r4+r5"),
    ("arm", "arm_fadvise64_64", "r0 r2+r3 r4+r5 r1"),
    ("arm", "sync_file_range2", "r0 r1 r2+r3 r4+r5"),
    ("arm", "fanotify_mark", "r0 r1 r2+r3 r4 r5"),
    # arch/mips/kernel/linux32.c
    ("mipsel", "pread64", "a0 a1 a2 stack+16+stack+20"),
    ("mips", "pread64", "a0 a1 a2 stack+20+stack+16"),
    ("mips", "truncate64", "a0 a3+a2"),
    ("mips", "sync_file_range", "a0 a3+a2 stack+20+stack+16 stack+24"),
    ("mipsel", "fadvise64_64", "a0 a2+a3 stack+16+stack+20 stack+24"),
    ("mips", "pipe", "-"),
    ("mipsn32", "pread64", "a0 a1 a2 a3"),
    ("mips64", "fallocate", "a0 a1 a2 a3"),
    # arch/powerpc/kernel/sys_ppc32.c
    ("ppc", "pread64", "r3 r4 r5 r8+r7"),
    ("ppc", "truncate64", "r3 r6+r5"),
    ("ppc", "readahead", "r3 r6+r5 r7"),
    ("ppc", "fadvise64", "r3 r6+r5 r7 r8"),
    ("ppc", "fadvise64_64", "r3 r6+r5 r8+r7 r4"),
    ("ppc", "sync_file_range2", "r3 r4 r6+r5 r8+r7"),
    ("ppc64", "pread64", "r3 r4 r5 r6"),
    # arch/s390/kernel/compat_linux.c
    ("s390", "pread64", "r2 r3 r4 r6+r5"),
    ("s390", "sync_file_range", "r2 r4+r3 r6+r5 r7"),
    ("s390", "fadvise64", "r2 r4+r3 r5 r6"),
    ("s390", "fadvise64_64", "r2[0] r2[12]+r2[8] r2[20]+r2[16] r2[24]"),
    ("s390", "mmap2", "r2[0] r2[4] r2[8] r2[12] r2[16] r2[20]"),
    ("s390x", "mmap", "r2[0] r2[8] r2[16] r2[24] r2[32] r2[40]"),
    ("s390x", "clone", "r3 r2 r4 r5 r6"),
    ("s390x", "fallocate", "r2 r3 r4 r5"),
    # arch/parisc/kernel/sys_parisc.c
    ("parisc", "pread64", "r26 r25 r24 r22+r23"),
    ("parisc", "fadvise64_64", "r26 r24+r25 r22+r23 r21"),
    ("parisc", "readahead", "r26 r24+r25 r23"),
    # arch/sparc/kernel/sys_sparc32.c
    ("sparc", "pread64", "o0 o1 o2 o4+o3"),
    ("sparc", "fadvise64_64", "o0 o2+o1 o4+o3 o5"),
    ("sparc", "clone", "o0 o1 o2 o4 o3"),
    # arch/sh/kernel/sys_sh32.c
    ("sh", "pread64", "r4 r5 r6 r0+r1"),
    ("sh", "fadvise64_64", "r4 r5+r6 r7+r0 r1"),
    ("sh", "truncate64", "r4 r5+r6"),
    # arch/m68k/kernel/entry.S
    ("m68k", "pread64", "d1 d2 d3 d5+d4"),
    ("m68k", "sync_file_range", "d1 d3+d2 d5+d4 a0"),
    ("m68k", "mmap", "d1[0] d1[4] d1[8] d1[12] d1[16] d1[20]"),
    # arch/riscv/kernel/compat_syscall_table.c
    ("riscv32", "pread64", "a0 a1 a2 a3+a4"),
    ("riscv32", "fadvise64_64", "a0 a1+a2 a3+a4 a5"),
    ("riscv64", "clone", "a0 a1 a2 a4 a3"),
    ("loongarch64", "clone", "a0 a1 a2 a3 a4"),
    ("alpha", "fallocate", "a0 a1 a2 a3"),
]


def written(abi: str, name: str, given_params: tuple[SyscallParam, ...]) -> str:
    lowered = lower(ABIS[abi], name, given_params, TARGETS[abi])
    return " ".join("+".join(one.registers) or "-" for one in lowered)


@pytest.mark.parametrize(("abi", "name", "registers"), CASES)
def test_generic_prototype_is_lowered_as_the_kernel_takes_it(
    abi: str, name: str, registers: str
) -> None:
    assert written(abi, name, params(GENERIC[name])) == registers


# Entry points whose parameters are the halves already
SPLIT = [
    ("i386", "pread64", "unsigned int fd, char *ubuf, u32 count, u32 poslo, u32 poshi",
     "ebx ecx edx esi edi"),
    ("ppc", "truncate64", "const char *path, u32 reg4, unsigned long len1, unsigned long len2",
     "r3 r4 r5 r6"),
    ("sh", "pread64", "unsigned int fd, char *buf, size_t count, long dummy, loff_t pos",
     "r4 r5 r6 r7 r0+r1"),
    ("i386", "clone", "unsigned long clone_flags, unsigned long newsp, int *parent_tidptr, "
     "unsigned long tls_val, int *child_tidptr", "ebx ecx edx esi edi"),
    ("i386", "mmap", "struct mmap_arg_struct32 *arg", "ebx"),
    ("s390", "fadvise64_64", "struct fadvise64_64_args *args", "r2"),
]  # fmt: skip


@pytest.mark.parametrize(("abi", "name", "declared", "registers"), SPLIT)
def test_entry_points_own_parameters_keep_their_order(
    abi: str, name: str, declared: str, registers: str
) -> None:
    assert arrange(ABIS[abi], name, params(declared)) == params(declared)
    assert written(abi, name, params(declared)) == registers


@pytest.mark.parametrize("abi", ABIS)
def test_arranged_parameters_are_lowered_the_same_way(abi: str) -> None:
    generic = params(GENERIC["clone"])
    arranged = arrange(ABIS[abi], "clone", generic)
    assert tuple(param.name for param in arranged) == CLONE_ORDERS[ABIS[abi].clone]
    assert arrange(ABIS[abi], "clone", arranged) == arranged
    registers = dict(zip(arranged, lower(ABIS[abi], "clone", arranged, TARGETS[abi]), strict=True))
    assert [registers[param] for param in generic] == list(
        lower(ABIS[abi], "clone", generic, TARGETS[abi])
    )


@pytest.mark.parametrize("abi", ["mips", "mips64el", "alpha", "sh", "sparc", "sparc64"])
def test_pipe_takes_nothing_where_it_returns_both_descriptors(abi: str) -> None:
    assert arrange(ABIS[abi], "pipe", params(GENERIC["pipe"])) == ()


WIDE = [
    "loff_t", "u64", "__u64", "s64", "uint64_t", "long long", "unsigned long long int",
    "const loff_t", "compat_u64",
]  # fmt: skip
NARROW = ["long", "unsigned long", "loff_t *", "u64 *", "size_t", "off_t", "aio_context_t", "int"]


@pytest.mark.parametrize("c_type", WIDE + NARROW)
def test_what_takes_two_registers(c_type: str) -> None:
    (lowered,) = lower(ABIS["i386"], "any", [SyscallParam("x", c_type)], TARGETS["i386"])
    assert lowered.registers == (("ebx", "ecx") if c_type in WIDE else ("ebx",))


def test_too_many_arguments_fail_by_the_parameters_name() -> None:
    with pytest.raises(InputError, match="arm: fadvise64_64: no register is left for advice"):
        lower(ABIS["arm"], "fadvise64_64", params(GENERIC["fadvise64_64"]), TARGETS["arm"])


@given(abi=st.sampled_from(sorted(ABIS)), wide=st.lists(st.booleans(), max_size=5))
def test_registers_are_taken_in_order_and_once(abi: str, wide: list[bool]) -> None:
    record = ABIS[abi]
    given_params = [
        SyscallParam(f"p{index}", "loff_t" if one else "int") for index, one in enumerate(wide)
    ]
    try:
        lowered = lower(record, "any", given_params, TARGETS[abi])
    except InputError:
        assert record.splits_64_bits
        assert len(wide) + sum(wide) * (2 if record.aligned_pairs else 1) > 6
        return
    ordered = []
    for one, is_pair in zip(lowered, wide, strict=True):
        registers = one.registers[::-1] if TARGETS[abi].big_endian else one.registers
        indexes = [record.argument_registers.index(register) for register in registers]
        assert len(indexes) == (2 if is_pair and record.splits_64_bits else 1)
        if len(indexes) == 2:
            assert indexes[1] == indexes[0] + 1
            assert not (record.aligned_pairs and indexes[0] % 2)
        ordered += indexes
    assert ordered == sorted(set(ordered))
    if not record.aligned_pairs:
        assert ordered == list(range(len(ordered)))

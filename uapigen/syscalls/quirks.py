"""What single syscalls do otherwise than their ABI says, as tables.

Sources are named by their path in the kernel's tree. Parameters are named as
the generic entry point names them (``include/linux/syscalls.h``).
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = [
    "ARGUMENT_BLOCKS",
    "ARGUMENT_ORDERS",
    "CLONE_ORDERS",
    "MMAP2_UNIT",
    "MULTIPLEXED",
    "PAIR_STARTS",
    "SECOND_RESULTS",
    "argument_order",
]

CLONE_ORDERS: Mapping[str, tuple[str, ...]] = {
    # kernel/fork.c, by what arch/*/Kconfig selects
    "": ("clone_flags", "newsp", "parent_tidptr", "child_tidptr", "tls"),
    "CLONE_BACKWARDS": ("clone_flags", "newsp", "parent_tidptr", "tls", "child_tidptr"),
    "CLONE_BACKWARDS2": ("newsp", "clone_flags", "parent_tidptr", "child_tidptr", "tls"),
    # microblaze alone
    "CLONE_BACKWARDS3": (
        "clone_flags",
        "newsp",
        "stack_size",
        "parent_tidptr",
        "child_tidptr",
        "tls",
    ),
}

_ADVICE_SECOND = ("fd", "advice", "offset", "len")

ARGUMENT_ORDERS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    # By ABI and name, the parameters in the order in which the ABI has them. Beside clone:
    # six registers do not hold two aligned pairs and, before and after them, an int each
    "arm": {"arm_fadvise64_64": _ADVICE_SECOND},  # arch/arm/kernel/sys_arm.c
    "ppc": {"fadvise64_64": _ADVICE_SECOND},  # arch/powerpc/kernel/syscalls.c
    # Both descriptors are returned (SECOND_RESULTS): nothing is passed
    "alpha": {"pipe": ()},  # arch/alpha/kernel/osf_sys.c
    "mips": {"pipe": ()},  # arch/mips/kernel/syscall.c
    "mipsel": {"pipe": ()},
    "mips64": {"pipe": ()},
    "mips64el": {"pipe": ()},
    "mipsn32": {"pipe": ()},
    "mipsn32el": {"pipe": ()},
    "sh": {"pipe": ()},  # arch/sh/kernel/sys_sh32.c
    "sparc": {"pipe": ()},  # arch/sparc/kernel/sys_sparc_32.c
    "sparc64": {"pipe": ()},  # arch/sparc/kernel/sys_sparc_64.c
}

_MIPS_RESULTS = {"pipe": "v1"}
_SPARC_RESULTS = {"pipe": "o1", "fork": "o1", "vfork": "o1", "clone": "o1"}

SECOND_RESULTS: Mapping[str, Mapping[str, str]] = {
    # By ABI and name, the register with a second result: pipe's second descriptor; alpha's parent
    # or effective id; on sparc, 1 in the child and 0 in the parent (arch/sparc/kernel/process*.c)
    "alpha": {"pipe": "a4", "getxpid": "a4", "getxuid": "a4", "getxgid": "a4"},
    "mips": _MIPS_RESULTS,
    "mipsel": _MIPS_RESULTS,
    "mips64": _MIPS_RESULTS,
    "mips64el": _MIPS_RESULTS,
    "mipsn32": _MIPS_RESULTS,
    "mipsn32el": _MIPS_RESULTS,
    "sh": {"pipe": "r1"},
    "sparc": _SPARC_RESULTS,
    "sparc64": _SPARC_RESULTS,
}

ARGUMENT_BLOCKS: Mapping[str, frozenset[str]] = {
    # By ABI, the calls whose only argument points to a struct with all of them
    "i386": frozenset({"mmap", "select"}),  # mm/mmap.c: old_mmap; fs/select.c: old_select
    "m68k": frozenset({"mmap", "select"}),
    "ppc": frozenset({"select"}),
    "s390x": frozenset({"mmap"}),  # arch/s390/kernel/syscall.c
    "s390": frozenset({"mmap", "mmap2", "fadvise64_64"}),  # arch/s390/kernel/compat_linux.c
}

PAIR_STARTS: Mapping[str, Mapping[str, int]] = {
    # By ABI and name, the argument register (from 0) with which the 64-bit argument begins, where
    # pairs are not aligned: gcc for sh passes no half in a register and the other on the stack
    "sh": {"pread64": 4, "pwrite64": 4},  # arch/sh/kernel/sys_sh32.c
}

MMAP2_UNIT = 4096
"""Bytes that ``mmap2``'s offset counts, whatever the page size (m68k: pages, which are 4096 bytes
long but on a Sun 3 and a ColdFire)."""

MULTIPLEXED: Mapping[str, Mapping[str, int]] = {
    # By multiplexer, the calls behind it and its first argument for each.
    # include/uapi/linux/net.h; the second argument points to an array of words, the arguments
    "socketcall": {
        "socket": 1,
        "bind": 2,
        "connect": 3,
        "listen": 4,
        "accept": 5,
        "getsockname": 6,
        "getpeername": 7,
        "socketpair": 8,
        "send": 9,
        "recv": 10,
        "sendto": 11,
        "recvfrom": 12,
        "shutdown": 13,
        "setsockopt": 14,
        "getsockopt": 15,
        "sendmsg": 16,
        "recvmsg": 17,
        "accept4": 18,
        "recvmmsg": 19,
        "sendmmsg": 20,
    },
    # include/uapi/linux/ipc.h; how the arguments are placed: ipc/syscall.c
    "ipc": {
        "semop": 1,
        "semget": 2,
        "semctl": 3,
        "semtimedop": 4,
        "msgsnd": 11,
        "msgrcv": 12,
        "msgget": 13,
        "msgctl": 14,
        "shmat": 21,
        "shmdt": 22,
        "shmget": 23,
        "shmctl": 24,
    },
}


def argument_order(abi: str, clone: str, name: str) -> tuple[str, ...] | None:
    """The names of a call's parameters in the ABI's order; None where that is the generic one."""
    if name == "clone":
        return CLONE_ORDERS[clone]
    return ARGUMENT_ORDERS.get(abi, {}).get(name)

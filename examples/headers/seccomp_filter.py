"""Take a system call away from a process: a seccomp filter, written as BPF instructions.

    python seccomp_filter.py

The filter is loaded in a child, for good; the parent goes on as before.
"""

from __future__ import annotations

import errno
import os
import platform
from typing import Any

from uapi import bindings, syscall

m = bindings("linux/seccomp.h", "linux/filter.h", "linux/audit.h", "linux/prctl.h", "asm/unistd.h")

ARCH = {
    "x86_64": m.AUDIT_ARCH_X86_64,
    "aarch64": m.AUDIT_ARCH_AARCH64,
    "riscv64": m.AUDIT_ARCH_RISCV64,
    "s390x": m.AUDIT_ARCH_S390X,
    "ppc64le": m.AUDIT_ARCH_PPC64LE,
}


def load(member: str) -> Any:
    """Load a member of ``struct seccomp_data``; classic BPF loads 32 bits."""
    offset = getattr(m.seccomp_data, member).offset
    return m.sock_filter(code=m.BPF_LD | m.BPF_W | m.BPF_ABS, k=offset)


def skip_unless_equal(value: int, count: int) -> Any:
    return m.sock_filter(code=m.BPF_JMP | m.BPF_JEQ | m.BPF_K, jf=count, k=value)


def answer(action: int) -> Any:
    return m.sock_filter(code=m.BPF_RET | m.BPF_K, k=action)


def refuse(number: int, error: int) -> None:
    """From now on, let one system call fail with this error in this process."""
    program = [
        load("arch"),
        skip_unless_equal(ARCH[platform.machine()], 3),  # to "allow": its numbers mean others
        load("nr"),
        skip_unless_equal(number, 1),
        answer(m.SECCOMP_RET_ERRNO | error),
        answer(m.SECCOMP_RET_ALLOW),
    ]
    # The pointer is set from the array, and keeps it alive.
    filter_ = m.sock_fprog(len=len(program), filter=(m.sock_filter * len(program))(*program))
    syscall(m.__NR_prctl, m.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    syscall(m.__NR_seccomp, m.SECCOMP_SET_MODE_FILTER, 0, filter_)


def attempt() -> str:
    try:
        os.close(os.memfd_create("attempt"))
    except OSError as error:
        return errno.errorcode[error.errno]
    return "works"


def main() -> None:
    print("before, memfd_create", attempt(), flush=True)
    child = os.fork()
    if not child:
        refuse(m.__NR_memfd_create, errno.EUCLEAN)
        print("in the child,", attempt(), "and getpid works:", os.getpid() > 0, flush=True)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print("in the parent, it", attempt())
    raise SystemExit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()

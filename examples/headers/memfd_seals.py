"""Hand out memory that nobody can change any more: seals on a memfd.

python memfd_seals.py
"""

from __future__ import annotations

import fcntl
import os

from uapi import bindings, syscall

m = bindings("linux/memfd.h", "linux/fcntl.h", "asm/unistd.h")

SEALS = ("F_SEAL_SEAL", "F_SEAL_SHRINK", "F_SEAL_GROW", "F_SEAL_WRITE")


def sealed(content: bytes) -> int:
    """A descriptor of a file in memory whose content and size are final."""
    fd = syscall(m.__NR_memfd_create, b"example", m.MFD_CLOEXEC | m.MFD_ALLOW_SEALING)
    os.write(fd, content)
    fcntl.fcntl(fd, m.F_ADD_SEALS, sum(getattr(m, name) for name in SEALS))
    return fd


def main() -> None:
    fd = sealed(b"as it is")
    seals = fcntl.fcntl(fd, m.F_GET_SEALS)
    print("sealed:", *(name for name in SEALS if seals & getattr(m, name)))
    for what, change in {
        "write": lambda: os.pwrite(fd, b"X", 0),
        "grow": lambda: os.ftruncate(fd, 100),
        "shrink": lambda: os.ftruncate(fd, 1),
    }.items():
        try:
            change()
        except PermissionError as error:
            print(what, "refused:", error.strerror)
    print("it still reads", os.pread(fd, 100, 0).decode())
    os.close(fd)


if __name__ == "__main__":
    main()

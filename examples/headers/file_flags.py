"""Read and set a file's attributes, as lsattr and chattr do, through ioctl().

    python file_flags.py [DIRECTORY]

The numbers of these ioctls differ between architectures; the header's macros know.
"""

from __future__ import annotations

import sys
import tempfile

from uapi import bindings

m = bindings("linux/fs.h")


def get_flags(fd: int) -> int:
    return m.ioctl(fd, m.FS_IOC_GETFLAGS)


def set_flags(fd: int, flags: int) -> None:
    m.ioctl(fd, m.FS_IOC_SETFLAGS, flags)


def names(flags: int) -> list[str]:
    """The flags' names, those of single bits."""
    every = {n: getattr(m, n) for n in dir(m) if n.startswith("FS_") and n.endswith("_FL")}
    return [name for name, bit in every.items() if bit & flags and bit.bit_count() == 1]


def main(directory: str | None = None) -> None:
    with tempfile.NamedTemporaryFile(dir=directory) as file:
        before = get_flags(file.fileno())
        set_flags(file.fileno(), before | m.FS_NODUMP_FL | m.FS_NOATIME_FL)
        changed = get_flags(file.fileno()) & ~before
        print("set:", *names(changed))
        set_flags(file.fileno(), before)
        print("as before:", get_flags(file.fileno()) == before)


if __name__ == "__main__":
    main(*sys.argv[1:])

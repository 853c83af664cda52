"""Open files below a directory, and nothing else: openat2() with RESOLVE_BENEATH.

    python openat2.py

A path from a stranger may say ``../`` or go through a symbolic link; the kernel refuses to leave
the directory, without a race between looking and opening.
"""

from __future__ import annotations

import ctypes
import os
import tempfile
from pathlib import Path

from uapi import bindings, syscall

m = bindings("linux/openat2.h", "linux/fcntl.h", "asm/unistd.h")


def open_below(directory: int, path: str) -> int:
    """A descriptor of a file below the directory, for reading; raises OSError."""
    how = m.open_how(flags=os.O_RDONLY | os.O_CLOEXEC, resolve=m.RESOLVE_BENEATH)
    return syscall(m.__NR_openat2, directory, os.fsencode(path), how, ctypes.sizeof(how))


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        Path(name, "page").write_text("hello")
        Path(name, "escape").symlink_to("/etc")
        directory = os.open(name, os.O_PATH | os.O_DIRECTORY)
        for path in ("page", "./page", "../page", "escape/passwd", "/etc/passwd"):
            try:
                opened = open_below(directory, path)
            except OSError as error:
                print(path, "refused:", error.strerror)
            else:
                print(path, "says", os.read(opened, 100).decode())
                os.close(opened)
        os.close(directory)


if __name__ == "__main__":
    main()

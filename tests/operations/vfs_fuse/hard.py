"""memfs with names that make trouble: a bug, a method that waits, an error without a number."""

from __future__ import annotations

import errno
import sys
from typing import Any

import memfs
import vfs


def hook(unraisable: Any) -> None:
    """What ``sys.unraisablehook`` is while the file system is mounted."""
    told = f"HOOK {unraisable.exc_type.__name__}: {unraisable.exc_value}"
    print(told, file=sys.stderr, flush=True)


sys.unraisablehook = hook


class Directories(memfs.Directories):
    def lookup(self, dir: Any, dentry: Any, flags: int) -> None:
        name = vfs.d_name(dentry)
        if name == b"bug":
            raise ZeroDivisionError("a bug in lookup")
        if name == b"exit":
            raise SystemExit("no way out")
        if name == b"numberless":
            raise OSError("an error without a number")
        if name == b"wait":
            print("WAITING", file=sys.stderr, flush=True)
            if vfs.msleep_interruptible(600_000):
                raise OSError(errno.EINTR, "interrupted")
        super().lookup(dir, dentry, flags)


class FileIO(memfs.FileIO):
    def read_iter(self, iocb: Any, to: Any) -> int:  # noqa: ARG002
        raise RuntimeError("a bug in read_iter")


class HardFS(memfs.MemFS):
    def fill_super(self, sb: Any) -> None:
        memfs.DIRECTORY, memfs.FILE_IO = vfs.table(Directories()), vfs.table(FileIO())
        super().fill_super(sb)

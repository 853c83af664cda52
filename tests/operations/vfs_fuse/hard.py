"""memfs with names that make trouble: a bug, a method that waits, an error without a number."""

# Methods take what the kernel gives, needed or not.
# ruff: noqa: ARG002
from __future__ import annotations

import ctypes
import errno
import stat
import sys
from typing import Any

import memfs
import vfs
from generated_types import kernel


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

    def create(self, idmap: Any, dir: Any, dentry: Any, mode: int, excl: bool) -> int:
        super().create(idmap, dir, dentry, mode, excl)
        if vfs.d_name(dentry) == b"plain":
            vfs.d_inode(dentry).i_fop = vfs.d_inode(dentry).space.plain
        return 0


class FileIO(memfs.FileIO):
    def read_iter(self, iocb: Any, to: Any) -> int:
        raise RuntimeError("a bug in read_iter")


class Files(memfs.Inodes):
    def getattr(
        self, idmap: Any, path: Any, kstat: Any, request_mask: int, query_flags: int
    ) -> int:
        inode = vfs.d_inode(vfs.instance(path.dentry))
        vfs.generic_fillattr(idmap, request_mask, inode, kstat)
        kstat.blksize = 65536
        return query_flags


class PlainIO(kernel.ops.file_operations):
    """Reading and writing by buffer and position, and an ioctl."""

    def read(self, file: Any, buf: Any, count: int, ppos: Any) -> int:
        content = vfs.file_inode(file).xattrs.get(b"content", b"")
        part = content[ppos.contents.value :][:count]
        buf[: len(part)] = part
        return len(part)

    def write(self, filp: Any, ubuf: Any, cnt: int, ppos: Any) -> int:
        inode, start = vfs.file_inode(filp), ppos.contents.value
        content = inode.xattrs.get(b"content", b"").ljust(start, b"\0")
        inode.xattrs[b"content"] = content[:start] + bytes(ubuf) + content[start + cnt :]
        inode.i_size = len(inode.xattrs[b"content"])
        return cnt

    def unlocked_ioctl(self, file: Any, cmd: int, arg: int) -> int:
        if cmd != DOUBLE:
            raise OSError(errno.ENOTTY, "another ioctl")
        number = ctypes.c_uint32.from_address(arg)
        number.value *= 2
        return 7


DOUBLE = 3 << 30 | 4 << 16 | 0x7561
"""_IOWR('u', 'a', __u32)"""


class HardFS(memfs.MemFS):
    def fill_super(self, sb: Any) -> None:
        _, directory_io = memfs.TABLES[stat.S_IFDIR]
        memfs.TABLES[stat.S_IFDIR] = vfs.table(Directories()), directory_io
        memfs.TABLES[stat.S_IFREG] = vfs.table(Files()), vfs.table(FileIO())
        self.plain = vfs.table(PlainIO())
        super().fill_super(sb)

"""An in-memory file system by mfusepy (ctypes over libfuse), set as fast as the library goes.

python by_mfusepy.py MOUNTPOINT
"""

# Methods take what the library gives, needed or not.
# ruff: noqa: ARG002
from __future__ import annotations

import errno
import os
import stat
import sys
import time
from typing import Any

import mfusepy

FOREVER = 24 * 3600.0
MAX_WRITE = 1 << 20
WRITEBACK_CACHE = 1 << 16  # FUSE_CAP_WRITEBACK_CACHE


class Inode:
    def __init__(self, mode: int, number: int) -> None:
        self.mode, self.number, self.data = mode, number, bytearray()
        self.uid, self.gid, _ = mfusepy.fuse_get_context()
        self.entries: dict[str, Inode] = {}
        self.links = 1
        self.atime = self.mtime = self.ctime = time.time_ns()

    def modified(self) -> None:
        self.mtime = self.ctime = time.time_ns()


class Memory(mfusepy.Operations):
    use_ns = True

    def __init__(self) -> None:
        self.inodes: dict[str, Inode] = {"/": Inode(stat.S_IFDIR | 0o755, 1)}
        self.opened: dict[int, Inode] = {}
        self.last = 1

    def init_with_config(self, conn_info: Any, config_3: Any) -> None:
        conn_info.max_write = conn_info.max_readahead = MAX_WRITE
        conn_info.want |= conn_info.capable & WRITEBACK_CACHE
        config_3.entry_timeout = config_3.attr_timeout = config_3.negative_timeout = FOREVER
        config_3.kernel_cache = config_3.hard_remove = 1
        config_3.use_ino = 1

    def make(self, path: str, mode: int) -> Inode:
        self.last += 1
        made = self.inodes[path] = Inode(mode, self.last)
        folder, _, name = path.rpartition("/")
        parent = self.inodes[folder or "/"]
        parent.entries[name] = made
        parent.modified()
        return made

    def found(self, path: str | None, fh: int | None = None) -> Inode:
        inode = self.opened.get(fh) if fh else self.inodes.get(path or "")
        if inode is None:
            raise mfusepy.FuseOSError(errno.ENOENT)
        return inode

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        inode = self.found(path, fh)
        return {
            "st_ino": inode.number, "st_mode": inode.mode, "st_nlink": inode.links,
            "st_uid": inode.uid, "st_gid": inode.gid, "st_size": len(inode.data),
            "st_atime": inode.atime, "st_mtime": inode.mtime, "st_ctime": inode.ctime,
            "st_blocks": -(-len(inode.data) // 512),
        }  # fmt: skip

    def create(self, path: str, mode: int, fi: Any = None) -> int:
        made = self.make(path, mode | stat.S_IFREG)
        self.opened[made.number] = made
        return made.number

    def mkdir(self, path: str, mode: int) -> int:
        self.make(path, mode | stat.S_IFDIR)
        return 0

    def open(self, path: str, flags: int) -> int:
        inode = self.found(path)
        self.opened[inode.number] = inode
        return inode.number

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        return bytes(memoryview(self.opened[fh].data)[offset : offset + size])

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        content = self.opened[fh].data
        if offset > len(content):
            content.extend(bytes(offset - len(content)))
        content[offset : offset + len(data)] = data
        self.opened[fh].modified()
        return len(data)

    def truncate(self, path: str, length: int, fh: int | None = None) -> int:
        content = self.found(path, fh).data
        del content[length:]
        content.extend(bytes(length - len(content)))
        return 0

    def utimens(self, path: str, times: tuple[int, int] | None = None) -> int:
        inode = self.found(path)
        inode.atime, inode.mtime = times or (time.time_ns(),) * 2
        inode.ctime = time.time_ns()
        return 0

    def unlink(self, path: str) -> int:
        removed = self.inodes.pop(path)
        folder, _, name = path.rpartition("/")
        parent = self.inodes[folder or "/"]
        del parent.entries[name]
        parent.modified()
        removed.links -= 1
        removed.ctime = parent.ctime
        return 0

    def release(self, path: str, fh: int) -> int:
        if not self.opened[fh].links:
            del self.opened[fh]
        return 0

    def readdir(self, path: str, fh: int) -> list[str]:
        return [".", "..", *self.inodes[path].entries]


if __name__ == "__main__":
    mfusepy.FUSE(
        Memory(), sys.argv[1], foreground=True, nothreads=True, allow_other=True,
        default_permissions=True, fsname=os.path.basename(__file__),
    )  # fmt: skip

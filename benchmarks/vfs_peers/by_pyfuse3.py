"""An in-memory file system by pyfuse3 (Cython over libfuse, answers by trio).

python by_pyfuse3.py MOUNTPOINT
"""

# Methods take what the library gives, needed or not.
# ruff: noqa: ARG002
from __future__ import annotations

import errno
import itertools
import os
import stat
import sys
import time
from typing import Any

import pyfuse3
import trio

FOREVER = 24 * 3600.0


class Inode:
    def __init__(self, mode: int, ctx: Any) -> None:
        self.mode, self.data = mode, bytearray()
        self.uid, self.gid = (ctx.uid, ctx.gid) if ctx else (0, 0)
        self.entries: dict[bytes, int] = {}
        self.links = 1
        self.atime = self.mtime = self.ctime = time.time_ns()

    def modified(self) -> None:
        self.mtime = self.ctime = time.time_ns()


class Memory(pyfuse3.Operations):
    enable_writeback_cache = True

    def __init__(self) -> None:
        super().__init__()
        self.inodes = {pyfuse3.ROOT_INODE: Inode(stat.S_IFDIR | 0o755, None)}
        self.numbers = itertools.count(pyfuse3.ROOT_INODE + 1)

    async def getattr(self, inode: int, ctx: Any = None) -> Any:
        found, attr = self.inodes[inode], pyfuse3.EntryAttributes()
        attr.st_ino, attr.st_mode, attr.st_nlink = inode, found.mode, found.links
        attr.st_uid, attr.st_gid, attr.st_size = found.uid, found.gid, len(found.data)
        attr.st_atime_ns, attr.st_mtime_ns = found.atime, found.mtime
        attr.st_ctime_ns, attr.st_blocks = found.ctime, -(-len(found.data) // 512)
        attr.entry_timeout = attr.attr_timeout = FOREVER
        return attr

    async def lookup(self, parent_inode: int, name: bytes, ctx: Any = None) -> Any:
        number = self.inodes[parent_inode].entries.get(name)
        if number is None:
            nothing = pyfuse3.EntryAttributes()
            nothing.st_ino, nothing.entry_timeout = 0, FOREVER
            return nothing
        return await self.getattr(number)

    def make(self, parent: int, name: bytes, mode: int, ctx: Any) -> int:
        number = next(self.numbers)
        self.inodes[number] = Inode(mode, ctx)
        self.inodes[parent].entries[name] = number
        self.inodes[parent].modified()
        return number

    async def create(self, parent_inode: int, name: bytes, mode: int, flags: int, ctx: Any) -> Any:
        number = self.make(parent_inode, name, mode | stat.S_IFREG, ctx)
        return pyfuse3.FileInfo(fh=number, keep_cache=True), await self.getattr(number)

    async def mkdir(self, parent_inode: int, name: bytes, mode: int, ctx: Any) -> Any:
        return await self.getattr(self.make(parent_inode, name, mode | stat.S_IFDIR, ctx))

    async def open(self, inode: int, flags: int, ctx: Any) -> Any:
        return pyfuse3.FileInfo(fh=inode, keep_cache=True)

    async def read(self, fh: int, off: int, size: int) -> bytes:
        return bytes(memoryview(self.inodes[fh].data)[off : off + size])

    async def write(self, fh: int, off: int, buf: bytes) -> int:
        found = self.inodes[fh]
        if off > len(found.data):
            found.data.extend(bytes(off - len(found.data)))
        found.data[off : off + len(buf)] = buf
        found.modified()
        return len(buf)

    async def setattr(self, inode: int, attr: Any, fields: Any, fh: Any, ctx: Any) -> Any:
        found = self.inodes[inode]
        if fields.update_size:
            del found.data[attr.st_size :]
            found.data.extend(bytes(attr.st_size - len(found.data)))
        if fields.update_mtime:
            found.mtime = attr.st_mtime_ns
        return await self.getattr(inode)

    async def unlink(self, parent_inode: int, name: bytes, ctx: Any) -> None:
        parent = self.inodes[parent_inode]
        number = parent.entries.pop(name)
        parent.modified()
        self.inodes[number].ctime = parent.ctime
        self.inodes[number].links -= 1

    async def forget(self, inode_list: Any) -> None:
        for number, _ in inode_list:
            if number in self.inodes and not self.inodes[number].links:
                del self.inodes[number]

    async def opendir(self, inode: int, ctx: Any) -> int:
        return inode

    async def readdir(self, fh: int, start_id: int, token: Any) -> None:
        for at, (name, number) in enumerate(list(self.inodes[fh].entries.items())):
            if at >= start_id and not pyfuse3.readdir_reply(
                token, name, await self.getattr(number), at + 1
            ):
                return

    async def getxattr(self, inode: int, name: bytes, ctx: Any) -> bytes:
        raise pyfuse3.FUSEError(errno.ENOSYS)


if __name__ == "__main__":
    options = {*pyfuse3.default_options, "allow_other"}
    pyfuse3.init(Memory(), os.path.abspath(sys.argv[1]), options)
    try:
        trio.run(pyfuse3.main)
    finally:
        pyfuse3.close(unmount=False)

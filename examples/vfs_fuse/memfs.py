"""A file system in memory, written as in the kernel: against its operation tables, nothing else.

    python mount.py memfs.py /mnt

Directories are its own; the bytes of files are in their pages, as those of ramfs are.
"""

# A method takes what the kernel gives, needed or not.
# ruff: noqa: ARG002
from __future__ import annotations

import bisect
import ctypes
import errno
import itertools
import os
import stat
import threading
from typing import Any

import filemap
import vfs
import xattrs
from kernel import ops
from uapi.linux import falloc, fs, magic
from vfs import d_inode, d_name, file_inode

PAGE, DIRENT, NAME_MAX = 4096, 20, 255
ZEROING = falloc.FALLOC_FL_PUNCH_HOLE | falloc.FALLOC_FL_ZERO_RANGE
POSITIONS = itertools.count(2)  # of directory entries, after those of "." and ".."


def failure(number: int) -> OSError:
    return OSError(number, os.strerror(number))


class MemInode(vfs.Inode):
    """An inode, with a directory's entries by name: (position, inode), positions in order."""

    def __init__(self, space: MemFS) -> None:
        super().__init__()
        self.space = space
        self.entries: dict[bytes, tuple[int, MemInode]] = {}
        self.xattrs: dict[bytes, bytes] = {}

    def charge(self, pages: int) -> None:
        self.space.charge(pages)
        super().charge(pages)

    def modified(self, growth: int = 0) -> vfs.Time:
        self.i_size += growth
        return vfs.inode_set_mtime_to_ts(self, vfs.inode_set_ctime_current(self))


def make_inode(sb: Any, dir: Any, mode: int, rdev: int = 0) -> MemInode:
    inode: MemInode = vfs.new_inode(sb)
    vfs.inode_init_owner(None, inode, dir, mode)
    vfs.simple_inode_init_ts(inode)
    inode.i_rdev = rdev
    inode.i_op, inode.i_fop = TABLES.get(stat.S_IFMT(mode), (OTHER, 0))
    if stat.S_ISDIR(mode):
        vfs.inc_nlink(inode)
    return inode


class Inodes(ops.inode_operations):
    """What inodes of all types have in common."""

    def listxattr(self, dentry: Any, buffer: Any, buffer_size: int) -> int:
        return xattrs.simple_xattr_list(d_inode(dentry).xattrs, buffer, buffer_size)


class Symlinks(Inodes):
    def get_link(self, dentry: Any, inode: Any, done: Any) -> int:
        return vfs.simple_get_link(dentry, inode, done)


class Directories(Inodes):
    def lookup(self, dir: Any, dentry: Any, flags: int) -> None:
        if len(d_name(dentry)) > NAME_MAX:
            raise failure(errno.ENAMETOOLONG)
        found = dir.entries.get(d_name(dentry))
        vfs.d_add(dentry, found and vfs.igrab(found[1]))

    def enter(self, dir: Any, dentry: Any, inode: MemInode) -> int:
        dir.entries[d_name(dentry)] = next(POSITIONS), inode
        dir.modified(DIRENT)
        vfs.d_instantiate(dentry, inode)
        return 0

    def mknod(self, idmap: Any, dir: Any, dentry: Any, mode: int, rdev: int) -> int:
        return self.enter(dir, dentry, make_inode(dir.sb, dir, mode, rdev))

    def create(self, idmap: Any, dir: Any, dentry: Any, mode: int, excl: bool) -> int:
        return self.mknod(idmap, dir, dentry, mode | stat.S_IFREG, 0)

    def mkdir(self, idmap: Any, dir: Any, dentry: Any, mode: int) -> None:
        self.mknod(idmap, dir, dentry, mode | stat.S_IFDIR, 0)
        vfs.inc_nlink(dir)

    def symlink(self, idmap: Any, dir: Any, dentry: Any, symname: Any) -> int:
        inode = make_inode(dir.sb, dir, stat.S_IFLNK | 0o777)
        inode.target = ctypes.create_string_buffer(symname)
        inode.i_link, inode.i_size = ctypes.addressof(inode.target), len(symname)
        return self.enter(dir, dentry, inode)

    def link(self, old_dentry: Any, dir: Any, dentry: Any) -> int:
        inode = d_inode(old_dentry)
        vfs.inode_set_ctime_current(inode)
        vfs.inc_nlink(inode)
        return self.enter(dir, dentry, vfs.igrab(inode))

    def tmpfile(self, idmap: Any, dir: Any, file: Any, mode: int) -> int:
        vfs.d_tmpfile(file, make_inode(dir.sb, dir, mode | stat.S_IFREG))
        return vfs.finish_open_simple(file, 0)

    def unlink(self, dir: Any, dentry: Any) -> int:
        inode = d_inode(dentry)
        del dir.entries[d_name(dentry)]
        vfs.inode_set_ctime_to_ts(inode, dir.modified(-DIRENT))
        vfs.drop_nlink(inode)
        return 0

    def rmdir(self, dir: Any, dentry: Any) -> int:
        if d_inode(dentry).entries:
            raise failure(errno.ENOTEMPTY)
        vfs.drop_nlink(d_inode(dentry))
        vfs.drop_nlink(dir)
        return self.unlink(dir, dentry)

    def rename(
        self, idmap: Any, old_dir: Any, old_dentry: Any, new_dir: Any, new_dentry: Any, flags: int
    ) -> int:
        if flags & ~(fs.RENAME_NOREPLACE | fs.RENAME_EXCHANGE):
            raise failure(errno.EINVAL)
        old, new = d_inode(old_dentry), d_inode(new_dentry)
        old_name, new_name = d_name(old_dentry), d_name(new_dentry)
        links = int(stat.S_ISDIR(old.i_mode))
        if flags & fs.RENAME_EXCHANGE:
            old_dir.entries[old_name] = old_dir.entries[old_name][0], new
            new_dir.entries[new_name] = new_dir.entries[new_name][0], old
            links -= stat.S_ISDIR(new.i_mode)
        else:
            if new is not None:
                (self.rmdir if links else self.unlink)(new_dir, new_dentry)
            del old_dir.entries[old_name]
            new_dir.entries[new_name] = next(POSITIONS), old
            old_dir.i_size -= DIRENT
            new_dir.i_size += DIRENT
        old_dir.i_nlink -= links
        new_dir.i_nlink += links
        vfs.simple_rename_timestamp(old_dir, old_dentry, new_dir, new_dentry)
        return 0


class DirectoryIO(ops.file_operations):
    def iterate_shared(self, file: Any, ctx: Any) -> int:
        entries = file_inode(file).entries
        if file.private is None or not ctx.pos:  # what is renamed is not met again and again
            file.private = list(entries.items())
        if not vfs.dir_emit_dots(file, ctx):
            return 0
        listed = file.private
        first = bisect.bisect_left(listed, ctx.pos, key=lambda item: item[1][0])
        for at in range(first, len(listed)):
            name, (ctx.pos, _) = listed[at]
            _, inode = entries.get(name, (0, None))
            if inode and not vfs.dir_emit(ctx, name, inode.i_ino, stat.S_IFMT(inode.i_mode) >> 12):
                return 0
            ctx.pos += 1
        return 0


class FileIO(ops.file_operations):
    def read_iter(self, iocb: Any, to: Any) -> int:
        return vfs.generic_file_read_iter(iocb, to)

    def write_iter(self, iocb: Any, from_: Any) -> int:
        return vfs.generic_file_write_iter(iocb, from_)

    def llseek(self, file: Any, offset: int, whence: int) -> int:
        inode = file_inode(file)
        with inode.lock:
            return filemap.mapping_seek_hole_data(inode, offset, inode.i_size, whence)

    def fallocate(self, file: Any, mode: int, offset: int, len: int) -> int:
        inode, end = file_inode(file), offset + len
        if mode & ~(falloc.FALLOC_FL_KEEP_SIZE | ZEROING):
            raise failure(errno.EOPNOTSUPP)
        with inode.lock:
            if mode & ZEROING:
                filemap.truncate_inode_pages_range(inode, offset, end)
            if not mode & falloc.FALLOC_FL_PUNCH_HOLE:
                filemap.filemap_alloc(inode, offset, end)
            if not mode & falloc.FALLOC_FL_KEEP_SIZE:
                inode.i_size = max(inode.i_size, end)
            inode.modified()
        return 0


class Xattrs(ops.xattr_handler):
    """Extended attributes whose names begin with a prefix."""

    def __init__(self, prefix: bytes) -> None:
        self.prefix = prefix

    def get(self, handler: Any, dentry: Any, inode: Any, name: Any, buffer: Any, size: int) -> int:
        return xattrs.simple_xattr_get(inode.xattrs, self.prefix + name, buffer, size)

    def set(
        self, handler: Any, idmap: Any, dentry: Any, inode: Any, name: Any, value: Any,
        size: int, flags: int,
    ) -> int:  # fmt: skip
        xattrs.simple_xattr_set(inode.xattrs, self.prefix + name, value, size, flags)
        vfs.inode_set_ctime_current(inode)
        return 0


class MemFS(ops.super_operations):
    """The mounted file system, which takes at most half of the machine's memory."""

    name = b"memfs"

    def __init__(self) -> None:
        self.total = self.free = os.sysconf("SC_PHYS_PAGES") // 2
        self.inodes = 0
        self.lock = threading.Lock()

    def charge(self, pages: int, inodes: int = 0) -> None:
        with self.lock:
            if pages > self.free:
                raise failure(errno.ENOSPC)
            self.free -= pages
            self.inodes += inodes

    def fill_super(self, sb: Any) -> None:
        sb.s_op, sb.s_magic = vfs.table(self), magic.RAMFS_MAGIC
        sb.s_xattr = xattrs.xattr_handlers(*map(Xattrs, (b"user.", b"trusted.", b"security.")))
        sb.root = vfs.d_make_root(make_inode(sb, None, stat.S_IFDIR | 0o755))

    def alloc_inode(self, sb: Any) -> MemInode:
        self.charge(0, inodes=1)
        return MemInode(self)

    def evict_inode(self, inode: Any) -> None:
        filemap.truncate_inode_pages_final(inode)
        self.charge(0, inodes=-1)

    def statfs(self, dentry: Any, buf: Any) -> int:
        buf.f_type, buf.f_bsize, buf.f_namelen = magic.RAMFS_MAGIC, PAGE, NAME_MAX
        buf.f_blocks, buf.f_bfree, buf.f_bavail = self.total, self.free, self.free
        buf.f_files, buf.f_ffree = self.inodes, self.free
        return 0


OTHER = vfs.table(Inodes())
TABLES = {
    stat.S_IFREG: (OTHER, vfs.table(FileIO())),
    stat.S_IFDIR: (vfs.table(Directories()), vfs.table(DirectoryIO())),
    stat.S_IFLNK: (vfs.table(Symlinks()), 0),
}

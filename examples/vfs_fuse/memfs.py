"""A file system in memory, written as in the kernel: against its operation tables, nothing else.

    python mount.py memfs.py /mnt

What the kernel guards by an inode's ``i_rwsem``, an inode's lock guards here.
"""

# A method takes what the kernel gives, needed or not.
# ruff: noqa: ARG002
from __future__ import annotations

import ctypes
import errno
import os
import stat
import threading
from typing import Any

import vfs
from content import Entries, SparseBytes
from kernel import ops
from uapi.linux import falloc, fs, magic, xattr
from vfs import d_inode, d_name, file_inode, inode_set_ctime_to_ts, inode_set_mtime_to_ts

PAGE, DIRENT, NAME_MAX = 4096, 20, 255


def failure(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def give(data: bytes, buffer: Any, size: int) -> int:
    """Data to somebody who, by the size 0, may only ask for its length."""
    if size:
        if size < len(data):
            raise failure(errno.ERANGE)
        buffer[: len(data)] = data
    return len(data)


class MemInode(vfs.Inode):
    """An inode, and its content: the bytes of a file, or the entries of a directory."""

    def __init__(self, space: MemFS) -> None:
        super().__init__()
        self.space = space
        self.lock = threading.RLock()
        self.data = SparseBytes(self.charge)
        self.entries: Any = None
        """Of a directory: :class:`content.Entries`."""
        self.xattrs: dict[bytes, bytes] = {}

    def charge(self, pages: int) -> None:
        self.space.charge(pages)
        self.i_blocks += pages * (PAGE // 512)

    def modified(self) -> vfs.Time:
        return inode_set_mtime_to_ts(self, vfs.inode_set_ctime_current(self))


class Inodes(ops.inode_operations):
    """What files, directories and symbolic links have in common."""

    def setattr(self, idmap: Any, dentry: Any, attr: Any) -> int:
        inode = d_inode(dentry)
        with inode.lock:
            if attr.ia_valid & vfs.ATTR_SIZE:
                inode.data.zero(attr.ia_size, 1 << 63)
                inode.i_size = attr.ia_size
            vfs.setattr_copy(idmap, inode, attr)
        return 0

    def listxattr(self, dentry: Any, buffer: Any, buffer_size: int) -> int:
        return give(b"".join(name + b"\0" for name in d_inode(dentry).xattrs), buffer, buffer_size)


class Symlinks(Inodes):
    def get_link(self, dentry: Any, inode: Any, done: Any) -> int:
        return vfs.simple_get_link(dentry, inode, done)


class Directories(Inodes):
    def lookup(self, dir: Any, dentry: Any, flags: int) -> None:
        if len(d_name(dentry)) > NAME_MAX:
            raise failure(errno.ENAMETOOLONG)
        inode = dir.entries.get(d_name(dentry))
        vfs.d_add(dentry, inode and vfs.igrab(inode))

    def make(self, idmap: Any, dir: Any, mode: int) -> MemInode:
        inode: MemInode = vfs.new_inode(vfs.instance(dir.i_sb))
        vfs.inode_init_owner(idmap, inode, dir, mode)
        vfs.simple_inode_init_ts(inode)
        inode.i_op = FILE
        return inode

    def enter(self, dir: Any, dentry: Any, inode: MemInode) -> int:
        dir.entries.add(d_name(dentry), inode)
        dir.i_size += DIRENT
        dir.modified()
        vfs.d_instantiate(dentry, inode)
        return 0

    def mknod(self, idmap: Any, dir: Any, dentry: Any, mode: int, rdev: int) -> int:
        inode = self.make(idmap, dir, mode)
        inode.i_rdev = rdev
        if stat.S_ISREG(mode):
            inode.i_fop = FILE_IO
        return self.enter(dir, dentry, inode)

    def create(self, idmap: Any, dir: Any, dentry: Any, mode: int, excl: bool) -> int:
        return self.mknod(idmap, dir, dentry, mode | stat.S_IFREG, 0)

    def mkdir(self, idmap: Any, dir: Any, dentry: Any, mode: int) -> None:
        inode = self.make(idmap, dir, mode | stat.S_IFDIR)
        inode.i_op, inode.i_fop, inode.entries = DIRECTORY, DIRECTORY_IO, Entries()
        vfs.inc_nlink(inode)
        vfs.inc_nlink(dir)
        self.enter(dir, dentry, inode)

    def symlink(self, idmap: Any, dir: Any, dentry: Any, symname: Any) -> int:
        inode = self.make(idmap, dir, stat.S_IFLNK | 0o777)
        inode.target = ctypes.create_string_buffer(symname)
        inode.i_op, inode.i_link = SYMLINK, ctypes.addressof(inode.target)
        inode.i_size = len(symname)
        return self.enter(dir, dentry, inode)

    def link(self, old_dentry: Any, dir: Any, dentry: Any) -> int:
        inode = d_inode(old_dentry)
        vfs.inode_set_ctime_current(inode)
        vfs.inc_nlink(inode)
        return self.enter(dir, dentry, vfs.igrab(inode))

    def tmpfile(self, idmap: Any, dir: Any, file: Any, mode: int) -> int:
        inode = self.make(idmap, dir, mode | stat.S_IFREG)
        inode.i_fop = FILE_IO
        vfs.d_tmpfile(file, inode)
        return vfs.finish_open_simple(file, 0)

    def unlink(self, dir: Any, dentry: Any) -> int:
        inode = d_inode(dentry)
        dir.entries.remove(d_name(dentry))
        dir.i_size -= DIRENT
        inode_set_ctime_to_ts(inode, dir.modified())
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
        links = int(stat.S_ISDIR(old.i_mode))
        if flags & fs.RENAME_EXCHANGE:
            old_dir.entries.replace(d_name(old_dentry), new)
            new_dir.entries.replace(d_name(new_dentry), old)
            links -= stat.S_ISDIR(new.i_mode)
        else:
            if new is not None:
                (self.rmdir if links else self.unlink)(new_dir, new_dentry)
            old_dir.entries.remove(d_name(old_dentry))
            new_dir.entries.add(d_name(new_dentry), old)
            old_dir.i_size -= DIRENT
            new_dir.i_size += DIRENT
        old_dir.i_nlink -= links
        new_dir.i_nlink += links
        vfs.simple_rename_timestamp(old_dir, old_dentry, new_dir, new_dentry)
        return 0


class DirectoryIO(ops.file_operations):
    def iterate_shared(self, file: Any, ctx: Any) -> int:
        entries = file_inode(file).entries
        if ctx.pos < Entries.FIRST:
            file.private = entries.end  # what is renamed meanwhile is not met again and again
            if not vfs.dir_emit_dots(file, ctx):
                return 0
        for position, name, inode in entries.after(ctx.pos, file.private):
            ctx.pos = position
            if not vfs.dir_emit(ctx, name, inode.i_ino, stat.S_IFMT(inode.i_mode) >> 12):
                return 0
            ctx.pos += 1
        return 0


class FileIO(ops.file_operations):
    def read_iter(self, iocb: Any, to: Any) -> int:
        inode, start = file_inode(iocb.ki_filp), iocb.ki_pos
        with inode.lock:
            end = max(start, min(start + to.count, inode.i_size))
            for data, zeros in inode.data.parts(start, end):
                vfs.copy_to_iter(data, to)
                vfs.iov_iter_zero(zeros, to)
        vfs.file_accessed(inode)
        return end - start

    def write_iter(self, iocb: Any, from_: Any) -> int:
        inode, start, size = file_inode(iocb.ki_filp), iocb.ki_pos, from_.count
        with inode.lock:
            inode.data.store(start, vfs.iov_iter_next(from_, size))
            inode.i_size = max(inode.i_size, start + size)
            inode.modified()
        return size

    def llseek(self, file: Any, offset: int, whence: int) -> int:
        inode, data = file_inode(file), whence == os.SEEK_DATA
        if not data and whence != os.SEEK_HOLE:
            raise failure(errno.EINVAL)
        with inode.lock:
            found = inode.data.seek(offset, inode.i_size, data=data)
            if offset >= inode.i_size or (data and found == inode.i_size):
                raise failure(errno.ENXIO)
            return found

    def fallocate(self, file: Any, mode: int, offset: int, len: int) -> int:
        inode, end = file_inode(file), offset + len
        if mode & ~(falloc.FALLOC_FL_KEEP_SIZE | ZEROING):
            raise failure(errno.EOPNOTSUPP)
        with inode.lock:
            if mode & ZEROING:
                inode.data.zero(offset, end)
            if not mode & falloc.FALLOC_FL_PUNCH_HOLE:
                inode.data.reserve(offset, end)
            if not mode & falloc.FALLOC_FL_KEEP_SIZE:
                inode.i_size = max(inode.i_size, end)
            inode.modified()
        return 0


class Xattrs(ops.xattr_handler):
    """Extended attributes whose names begin with a prefix."""

    def __init__(self, prefix: bytes) -> None:
        self.prefix = prefix

    def get(self, handler: Any, dentry: Any, inode: Any, name: Any, buffer: Any, size: int) -> int:
        value = inode.xattrs.get(self.prefix + name)
        if value is None:
            raise failure(errno.ENODATA)
        return give(value, buffer, size)

    def set(
        self, handler: Any, idmap: Any, dentry: Any, inode: Any, name: Any, value: Any,
        size: int, flags: int,
    ) -> int:  # fmt: skip
        name = self.prefix + name
        if flags & xattr.XATTR_CREATE and name in inode.xattrs:
            raise failure(errno.EEXIST)
        if (flags & xattr.XATTR_REPLACE or value is None) and name not in inode.xattrs:
            raise failure(errno.ENODATA)
        if value is None:
            del inode.xattrs[name]
        else:
            inode.xattrs[name] = bytes(value[:size])
        vfs.inode_set_ctime_current(inode)
        return 0


class MemFS(ops.super_operations):
    """The mounted file system, which takes at most half of the machine's memory."""

    name = b"memfs"

    def __init__(self) -> None:
        self.total = os.sysconf("SC_PHYS_PAGES") // 2
        self.free = self.total
        self.inodes = 0
        self.lock = threading.Lock()

    def charge(self, pages: int) -> None:
        with self.lock:
            if pages > self.free:
                raise failure(errno.ENOSPC)
            self.free -= pages

    def fill_super(self, sb: Any) -> None:
        sb.s_op, sb.s_magic = vfs.table(self), magic.RAMFS_MAGIC
        sb.s_xattr = vfs.xattr_handlers(*map(Xattrs, (b"user.", b"trusted.", b"security.")))
        root = vfs.new_inode(sb)
        vfs.inode_init_owner(None, root, None, stat.S_IFDIR | 0o755)
        vfs.simple_inode_init_ts(root)
        root.i_op, root.i_fop, root.entries = DIRECTORY, DIRECTORY_IO, Entries()
        vfs.inc_nlink(root)
        sb.root = vfs.d_make_root(root)

    def alloc_inode(self, sb: Any) -> MemInode:
        self.inodes += 1
        return MemInode(self)

    def evict_inode(self, inode: Any) -> None:
        if inode.i_blocks:
            inode.data.zero(0, 1 << 63)
        self.inodes -= 1

    def statfs(self, dentry: Any, buf: Any) -> int:
        buf.f_type, buf.f_bsize, buf.f_namelen = magic.RAMFS_MAGIC, PAGE, NAME_MAX
        buf.f_blocks, buf.f_bfree, buf.f_bavail = self.total, self.free, self.free
        buf.f_files, buf.f_ffree = self.inodes, self.free
        return 0


ZEROING = falloc.FALLOC_FL_PUNCH_HOLE | falloc.FALLOC_FL_ZERO_RANGE
FILE, DIRECTORY, SYMLINK = map(vfs.table, (Inodes(), Directories(), Symlinks()))
FILE_IO, DIRECTORY_IO = map(vfs.table, (FileIO(), DirectoryIO()))

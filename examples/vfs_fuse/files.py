"""Requests about open files: opening, reading, writing, and what else a descriptor is good for."""

from __future__ import annotations

import ctypes
import errno
import os

import vfs
from context import failure, required
from generated_types import kernel
from members import Members
from names import NameRequests
from objects import Dentry, File, Inode, forget, instance
from protocol import OUT_HEADER
from tables import i_fop, i_op
from uapi.linux import fuse

__all__ = ["FileRequests"]

KIOCB = Members(kernel.kiocb, "ki_filp", "ki_pos")
OPEN_OUT = Members(fuse.fuse_open_out, "fh", "open_flags", "padding")
OPEN_SIZE = ctypes.sizeof(fuse.fuse_open_out)
KEEP = fuse.FOPEN_KEEP_CACHE
KEEP_DIRECTORY = fuse.FOPEN_KEEP_CACHE | fuse.FOPEN_CACHE_DIR
LAST_BYTE = (1 << 63) - 1


class FileRequests(NameRequests):
    """What the client asks of open files."""

    def opened(self, inode: Inode, dentry: Dentry, flags: int) -> File:
        """Open an inode (do_dentry_open)."""
        mode = (flags + 1) & (vfs.FMODE_READ | vfs.FMODE_WRITE)  # OPEN_FMODE of linux/fs.h
        found = i_fop(inode)
        if not inode.i_fop:
            raise failure(errno.ENXIO)
        file = File(vfs.igrab(inode), dentry, mode | vfs.FMODE_OPENED, flags)
        file.methods = found
        if found.open:
            try:
                found.open(inode, file)
            except BaseException:
                self.let_go(file)
                raise
        return file

    def handle(self, file: File, at: int, flags: int) -> int:
        OPEN_OUT.write(self.reply, at, file.address, flags, 0)
        return OPEN_SIZE

    def do_open(self, node: int) -> int:
        inode = self.inode(node)
        file = self.opened(inode, vfs.d_find_any_alias(inode), self.args[fuse.FUSE_OPEN].flags)
        return self.handle(file, OUT_HEADER, KEEP)

    def do_opendir(self, node: int) -> int:
        inode = self.inode(node)
        file = self.opened(inode, inode.aliases[0], self.args[fuse.FUSE_OPENDIR].flags)
        return self.handle(file, OUT_HEADER, KEEP_DIRECTORY)

    def do_create(self, node: int) -> int:
        directory, name = self.inode(node), self.channel.text(fuse.FUSE_CREATE)
        args = self.args[fuse.FUSE_CREATE]
        flags, mode, create = args.flags, args.mode, i_op(directory).create
        dentry = self.dentry(directory, name, making=True)
        if dentry.inode is None:
            required(create, errno.EACCES)
            dentry = self.fill(directory, dentry, create, mode, bool(flags & os.O_EXCL))
        elif flags & os.O_EXCL:
            raise failure(errno.EEXIST)
        file = self.opened(dentry.inode, dentry, flags)
        size = self.entry(dentry.inode)
        return size + self.handle(file, OUT_HEADER + size, KEEP)

    def do_tmpfile(self, node: int) -> int:
        directory, args = self.inode(node), self.args[fuse.FUSE_TMPFILE]
        tmpfile = required(i_op(directory).tmpfile, errno.EOPNOTSUPP)
        flags = args.flags
        dentry = Dentry(directory.aliases[0], b"#tmpfile", self.sb)
        file = File(directory, dentry, vfs.FMODE_READ | vfs.FMODE_WRITE, flags)
        try:
            tmpfile(None, directory, file, args.mode)
        finally:
            forget(file)
        file = self.opened(dentry.inode, dentry, flags)
        size = self.entry(dentry.inode)
        return size + self.handle(file, OUT_HEADER + size, KEEP)

    def do_release(self, _node: int) -> int:
        file = instance(self.args[fuse.FUSE_RELEASE].fh)
        try:
            if file.methods.release:
                file.methods.release(file.inode, file)
        finally:
            self.let_go(file)
        return 0

    do_releasedir = do_release

    def do_flush(self, _node: int) -> int:
        args = self.args[fuse.FUSE_FLUSH]
        file = instance(args.fh)
        required(file.methods.flush, errno.ENOSYS)(file, args.lock_owner)
        return 0

    def do_fsync(self, _node: int) -> int:
        args = self.args[fuse.FUSE_FSYNC]
        file = instance(args.fh)
        only_data = args.fsync_flags & fuse.FUSE_FSYNC_FDATASYNC
        required(file.methods.fsync, errno.ENOSYS)(file, 0, LAST_BYTE, only_data)
        return 0

    do_fsyncdir = do_fsync

    # Content

    def do_read(self, _node: int) -> int:
        args = self.args[fuse.FUSE_READ]
        file, size = instance(args.fh), args.size
        memory = self.out[OUT_HEADER : OUT_HEADER + size]
        if file.methods.read_iter:
            KIOCB.write(self.iocb, 0, file.address, args.offset)
            self.iter.span(memory, self.channel.payload, source=False)
            done = file.methods.read_iter(self.iocb, self.iter)
        else:
            read = required(file.methods.read, errno.EINVAL)
            done = read(file, memory, size, ctypes.pointer(ctypes.c_int64(args.offset)))
        return int(done)

    def do_write(self, _node: int) -> int:
        args = self.args[fuse.FUSE_WRITE]
        file, size = instance(args.fh), args.size
        if args.write_flags & fuse.FUSE_WRITE_KILL_SUIDGID:
            self.remove_privs(file.inode)
        memory = self.channel.rest(fuse.FUSE_WRITE)[:size]
        if file.methods.write_iter:
            KIOCB.write(self.iocb, 0, file.address, args.offset)
            self.iter.span(memory, self.channel.data, source=True)
            done = file.methods.write_iter(self.iocb, self.iter)
        else:
            write = required(file.methods.write, errno.EINVAL)
            done = write(file, memory, size, ctypes.pointer(ctypes.c_int64(args.offset)))
        WRITE_OUT.write(self.reply, OUT_HEADER, done, 0)
        return WRITE_SIZE

    def do_lseek(self, _node: int) -> int:
        args = self.args[fuse.FUSE_LSEEK]
        file = instance(args.fh)
        if not self.mounted.write_through:
            # The client asks without writing back first: data that only it has would be a hole.
            raise failure(errno.ENOSYS)
        llseek = required(file.methods.llseek, errno.ENOSYS)
        LSEEK_OUT.write(self.reply, OUT_HEADER, llseek(file, args.offset, args.whence))
        return ctypes.sizeof(fuse.fuse_lseek_out)

    def do_fallocate(self, _node: int) -> int:
        args = self.args[fuse.FUSE_FALLOCATE]
        file = instance(args.fh)
        fallocate = required(file.methods.fallocate, errno.EOPNOTSUPP)
        fallocate(file, args.mode, args.offset, args.length)
        return 0

    def do_ioctl(self, _node: int) -> int:
        """The argument is memory of this process, as many bytes as the number says."""
        args = self.args[fuse.FUSE_IOCTL]
        file = instance(args.fh)
        ioctl = required(file.methods.unlocked_ioctl, errno.ENOTTY)
        at = OUT_HEADER + IOCTL_SIZE
        self.out[at : at + max(args.in_size, args.out_size)] = bytes(
            self.channel.rest(fuse.FUSE_IOCTL)[: args.in_size]
        ).ljust(max(args.in_size, args.out_size), b"\0")
        where = args.arg if not args.in_size + args.out_size else self.channel.payload + IOCTL_SIZE
        IOCTL_OUT.write(self.reply, OUT_HEADER, ioctl(file, args.cmd, where), 0, 0, 0)
        return IOCTL_SIZE + int(args.out_size)


WRITE_OUT = Members(fuse.fuse_write_out, "size", "padding")
WRITE_SIZE = ctypes.sizeof(fuse.fuse_write_out)
LSEEK_OUT = Members(fuse.fuse_lseek_out, "offset")
IOCTL_OUT = Members(fuse.fuse_ioctl_out, "result", "flags", "in_iovs", "out_iovs")
IOCTL_SIZE = ctypes.sizeof(fuse.fuse_ioctl_out)

"""Requests about names: lookup, making, moving, removing, listing (fs/namei.c, fs/readdir.c)."""

from __future__ import annotations

import ctypes
import errno
import stat
from typing import Any

import vfs
from context import VALID, Context, failure, required
from objects import Dentry, DirContext, Inode, forget, instance
from protocol import ENTRY_OUT, OUT_HEADER, Dirents, to_dev
from tables import i_op
from uapi.linux import fs, fuse

__all__ = ["NameRequests"]

ENTRY_SIZE = fuse.fuse_direntplus.dirent.offset
NOTHING = (0,) * (len(ENTRY_OUT.names) - 4)


class NameRequests(Context):
    """What the client asks of directories."""

    def dentry(self, directory: Inode, name: bytes, *, making: bool = False) -> Dentry:
        """A name's dentry, looked up where the name is not known yet; negative if there is none.

        Who is ``making`` something has looked the name up just before, and found nothing; the
        client holds the directory's lock from then on.
        """
        parent = directory.aliases[0]
        dentry = parent.children.get(name)
        if dentry is None:
            dentry, self.spare = self.spare, None
            if dentry is not None:
                if making and dentry.name == name and dentry.parent is parent:
                    return dentry
                vfs.d_kill(dentry)
            lookup = required(i_op(directory).lookup, errno.ENOTDIR)
            dentry = Dentry(parent, name, self.sb)
            dentry = instance(lookup(directory, dentry, 0)) or dentry
            with vfs.lock:
                first = parent.children.get(name, dentry)
                if first is not dentry:  # somebody else has looked it up meanwhile
                    vfs.d_kill(dentry)
                    dentry = first
        return dentry

    def positive(self, directory: Inode, name: bytes) -> Dentry:
        """The dentry of a name that is there."""
        dentry = self.dentry(directory, name)
        if dentry.inode is None:
            vfs.d_kill(dentry)
            raise failure(errno.ENOENT)
        return dentry

    def negative(self, directory: Inode, name: bytes) -> Dentry:
        """The dentry of a name that is free."""
        dentry = self.dentry(directory, name, making=True)
        if dentry.inode is not None:
            raise failure(errno.EEXIST)
        return dentry

    def make(self, directory: Inode, name: bytes, method: Any, number: int, *args: Any) -> Dentry:
        """Let a method make something; ``None, directory, dentry`` come before ``args``."""
        required(method, number)
        return self.fill(directory, self.negative(directory, name), method, *args)

    def fill(self, directory: Inode, dentry: Dentry, method: Any, *args: Any) -> Dentry:
        """Let a method make what a negative dentry is to lead to."""
        try:
            made = instance(method(None, directory, dentry, *args))
        except BaseException:
            vfs.d_kill(dentry)
            raise
        return made if isinstance(made, Dentry) else dentry

    def do_lookup(self, node: int) -> int:
        directory, name = self.inode(node), self.channel.text(fuse.FUSE_LOOKUP)
        dentry = self.dentry(directory, name)
        if dentry.inode is not None:
            return self.entry(dentry.inode)
        self.spare = dentry
        ENTRY_OUT.write(self.reply, OUT_HEADER, 0, 0, VALID, 0, *NOTHING)
        return ctypes.sizeof(fuse.fuse_entry_out)

    def do_forget(self, node: int) -> None:
        self.forget(self.inode(node), self.args[fuse.FUSE_FORGET].nlookup)

    def do_batch_forget(self, _node: int) -> None:
        one, rest = fuse.fuse_forget_one, self.channel.rest(fuse.FUSE_BATCH_FORGET)
        for at in range(self.args[fuse.FUSE_BATCH_FORGET].count):
            forgotten = one.from_buffer_copy(rest, at * ctypes.sizeof(one))
            self.forget(self.inode(forgotten.nodeid), forgotten.nlookup)

    def do_mknod(self, node: int) -> int:
        directory, args = self.inode(node), self.args[fuse.FUSE_MKNOD]
        name, mode, operations = (
            self.channel.text(fuse.FUSE_MKNOD),
            args.mode,
            i_op(directory),
        )
        if stat.S_ISREG(mode):
            made = self.make(directory, name, operations.create, errno.EACCES, mode, True)
        else:
            dev = to_dev(args.rdev)
            made = self.make(directory, name, operations.mknod, errno.EPERM, mode, dev)
        return self.entry(made.inode)

    def do_mkdir(self, node: int) -> int:
        directory, name = self.inode(node), self.channel.text(fuse.FUSE_MKDIR)
        mode, mkdir = self.args[fuse.FUSE_MKDIR].mode, i_op(directory).mkdir
        return self.entry(self.make(directory, name, mkdir, errno.EPERM, mode).inode)

    def do_symlink(self, node: int) -> int:
        directory, (name, target) = self.inode(node), self.channel.texts(fuse.FUSE_SYMLINK)
        symlink = i_op(directory).symlink
        return self.entry(self.make(directory, name, symlink, errno.EPERM, target).inode)

    def do_link(self, node: int) -> int:
        directory, name = self.inode(node), self.channel.text(fuse.FUSE_LINK)
        inode = self.inode(self.args[fuse.FUSE_LINK].oldnodeid)
        link = required(i_op(directory).link, errno.EPERM)
        old = vfs.d_find_any_alias(inode)
        self.make(directory, name, lambda _, where, dentry: link(old, where, dentry), errno.EPERM)
        return self.entry(inode)

    def do_unlink(self, node: int) -> int:
        directory, name = self.inode(node), self.channel.text(fuse.FUSE_UNLINK)
        unlink = required(i_op(directory).unlink, errno.EPERM)
        dentry = self.positive(directory, name)
        unlink(directory, dentry)
        vfs.d_drop(dentry)
        return 0

    def do_rmdir(self, node: int) -> int:
        directory, name = self.inode(node), self.channel.text(fuse.FUSE_RMDIR)
        rmdir = required(i_op(directory).rmdir, errno.EPERM)
        dentry = self.positive(directory, name)
        rmdir(directory, dentry)
        vfs.d_drop(dentry)
        return 0

    def do_rename(self, node: int) -> int:
        return self.rename(node, self.args[fuse.FUSE_RENAME].newdir, fuse.FUSE_RENAME, 0)

    def do_rename2(self, node: int) -> int:
        args = self.args[fuse.FUSE_RENAME2]
        return self.rename(node, args.newdir, fuse.FUSE_RENAME2, args.flags)

    def rename(self, node: int, new_node: int, opcode: int, flags: int) -> int:
        old_dir, new_dir = self.inode(node), self.inode(new_node)
        old_name, new_name = self.channel.texts(opcode)
        rename = required(i_op(old_dir).rename, errno.EPERM)
        dentry = self.positive(old_dir, old_name)
        exchange = bool(flags & fs.RENAME_EXCHANGE)
        target = (self.positive if exchange else self.dentry)(new_dir, new_name)
        if flags & fs.RENAME_NOREPLACE and target.inode is not None:
            raise failure(errno.EEXIST)
        if dentry.inode is target.inode:
            return 0  # two names of one file: POSIX has both stay (vfs_rename)
        try:
            rename(None, old_dir, dentry, new_dir, target, flags)
        except BaseException:
            if target.inode is None:
                vfs.d_kill(target)
            raise
        vfs.d_move(dentry, target, exchange=exchange)
        if target.inode is None:
            vfs.d_kill(target)
        return 0

    # Listing

    def do_readdir(self, _node: int) -> int:
        args = self.args[fuse.FUSE_READDIR]
        return self.listed(args, Dirents(self.out, args.size, 0), None)

    def do_readdirplus(self, node: int) -> int:
        args = self.args[fuse.FUSE_READDIRPLUS]
        return self.listed(args, Dirents(self.out, args.size, ENTRY_SIZE), self.inode(node))

    def listed(self, args: Any, dirents: Dirents, directory: Inode | None) -> int:
        """Entries from the position on that the client asks for, as many as it has room for."""
        opened = instance(args.fh)
        iterate = required(opened.methods.iterate_shared, errno.ENOTDIR)

        def take(name: bytes, position: int, ino: int, kind: int) -> bool:
            at = dirents.add(name, position, ino, kind)
            if at is not None and directory is not None:
                self.described(directory, name, at)
            return at is not None

        ctx = DirContext(take)
        ctx.pos = args.offset
        try:
            iterate(opened, ctx)
        finally:
            forget(ctx)
        dirents.known(ctx.pos)
        return dirents.used

    def described(self, directory: Inode, name: bytes, at: int) -> None:
        """What a lookup of an entry would tell; nothing of ``.`` and ``..``."""
        dentry = None if name in (b".", b"..") else self.dentry(directory, name)
        if dentry is None:
            ENTRY_OUT.write(self.reply, at, 0, 0, 0, 0, *NOTHING)
        elif dentry.inode is None:
            vfs.d_kill(dentry)
            ENTRY_OUT.write(self.reply, at, 0, 0, 0, 0, *NOTHING)
        else:
            self.entry(dentry.inode, at)

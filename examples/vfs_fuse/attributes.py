"""Requests about attributes: stat, chmod, utimes, extended attributes, statfs, readlink."""

from __future__ import annotations

import ctypes
import errno
import functools
import operator
import stat
from typing import Any

import vfs
from context import Context, failure, required
from generated_types import kernel
from members import Members
from objects import Inode
from protocol import HEADER, OUT_HEADER
from tables import i_op, methods, s_op
from uapi.linux import fuse, xattr

__all__ = ["AttributeRequests"]

MEANT = (
    (fuse.FATTR_MODE, vfs.ATTR_MODE),
    (fuse.FATTR_UID, vfs.ATTR_UID),
    (fuse.FATTR_GID, vfs.ATTR_GID),
    (fuse.FATTR_SIZE, vfs.ATTR_SIZE | vfs.ATTR_MTIME),
    (fuse.FATTR_ATIME, vfs.ATTR_ATIME),
    (fuse.FATTR_MTIME, vfs.ATTR_MTIME),
    (fuse.FATTR_FH, vfs.ATTR_FILE),
)
GIVEN_MTIME = fuse.FATTR_MTIME | fuse.FATTR_MTIME_NOW
GIVEN_TIMES = fuse.FATTR_MTIME | fuse.FATTR_CTIME
TIMES = GIVEN_TIMES | fuse.FATTR_ATIME_NOW | fuse.FATTR_MTIME_NOW
"""Of these, only GIVEN_TIMES: no time is that of now."""
KILLING = fuse.FATTR_UID | fuse.FATTR_GID | fuse.FATTR_KILL_SUIDGID
SETATTR_IN = Members(fuse.fuse_setattr_in, "valid", "fh", "size", "mode", "uid", "gid")
SETATTR_TIMES = Members(
    fuse.fuse_setattr_in, "atime", "atimensec", "mtime", "mtimensec", "ctime", "ctimensec",
    signed=True,
)  # fmt: skip
IATTR = Members(
    kernel.iattr, "ia_valid", "ia_mode", "ia_uid", "ia_gid", "ia_size", "ia_atime.tv_sec",
    "ia_atime.tv_nsec", "ia_mtime.tv_sec", "ia_mtime.tv_nsec", "ia_ctime.tv_sec",
    "ia_ctime.tv_nsec", "ia_file",
)  # fmt: skip
GETXATTR_OUT = Members(fuse.fuse_getxattr_out, "size", "padding")
GETXATTR_SIZE = ctypes.sizeof(fuse.fuse_getxattr_out)
CAPABILITY = b"security.capability"


@functools.cache
def meant(valid: int) -> int:
    """``ia_valid`` for the ``valid`` of a fuse_setattr_in; the change itself is one of ctime."""
    return functools.reduce(
        operator.or_, (ia for fattr, ia in MEANT if valid & fattr), vfs.ATTR_CTIME
    )


class AttributeRequests(Context):
    """What the client asks of inodes."""

    def do_getattr(self, node: int) -> int:
        return self.attr(self.inode(node))

    def do_setattr(self, node: int) -> int:
        inode, attr = self.inode(node), self.iattr
        request = self.channel.request
        valid, file, size, mode, uid, gid = SETATTR_IN.read(request, HEADER)
        times = SETATTR_TIMES.read(request, HEADER)
        if valid & TIMES != GIVEN_TIMES:
            now = vfs.current_time(inode)
            atime = now if valid & fuse.FATTR_ATIME_NOW else times[:2]
            mtime = times[2:4] if valid & GIVEN_MTIME == fuse.FATTR_MTIME else now
            times = (*atime, *mtime, *(times[4:] if valid & fuse.FATTR_CTIME else now))
        file = file if valid & fuse.FATTR_FH else 0
        IATTR.write(attr, 0, meant(valid), mode, uid, gid, size, *times, file)
        if valid & KILLING and not stat.S_ISDIR(inode.i_mode):
            self.kill_privileges(inode, attr)
        self.notify_change(inode, attr)
        return self.attr(inode)

    def notify_change(self, inode: Inode, attr: Any) -> None:
        dentry = vfs.d_find_any_alias(inode)
        setattr_ = i_op(inode).setattr or vfs.simple_setattr
        with inode.lock:
            setattr_(None, dentry, attr)

    def remove_privs(self, inode: Inode) -> None:
        """Who writes to a program takes its privileges away (file_remove_privs)."""
        self.iattr.ia_valid = vfs.ATTR_FORCE
        if self.kill_privileges(inode, self.iattr):
            self.notify_change(inode, self.iattr)

    def kill_privileges(self, inode: Inode, attr: Any) -> bool:
        """Let the change of attributes also take set-user-ID, set-group-ID and capabilities away.

        The client leaves this to us (FUSE_HANDLE_KILLPRIV_V2); returns whether the mode changes.
        """
        mode = attr.ia_mode if attr.ia_valid & vfs.ATTR_MODE else inode.i_mode
        killed = stat.S_ISUID | (stat.S_ISGID if mode & stat.S_IXGRP else 0)
        handler = next(
            (h for prefix, h in self.mounted.handlers if CAPABILITY.startswith(prefix)), 0
        )
        if handler:
            try:
                self.set_xattr(inode, CAPABILITY, None, 0)
            except OSError as error:
                if error.errno not in (errno.ENODATA, errno.EOPNOTSUPP):
                    raise
        if not mode & killed:
            return False
        attr.ia_valid |= vfs.ATTR_MODE
        attr.ia_mode = mode & ~killed
        return True

    # Extended attributes

    def handler(self, name: bytes) -> tuple[Any, int, bytes]:
        """(methods, address of the handler, rest of the name) for an attribute's name."""
        for prefix, handler in self.mounted.handlers:
            if name.startswith(prefix):
                return methods(handler), handler, name[len(prefix) :]
        # Where there are no attributes at all the client shall not ask again.
        raise failure(errno.EOPNOTSUPP if self.mounted.handlers else errno.ENOSYS)

    def do_getxattr(self, node: int) -> int:
        inode, size = self.inode(node), self.args[fuse.FUSE_GETXATTR].size
        found, handler, rest = self.handler(self.channel.text(fuse.FUSE_GETXATTR))
        get, dentry = required(found.get, errno.EOPNOTSUPP), vfs.d_find_any_alias(inode)
        return self.given(get(handler, dentry, inode, rest, self.room(size), size), size)

    def do_listxattr(self, node: int) -> int:
        inode, size = self.inode(node), self.args[fuse.FUSE_LISTXATTR].size
        listxattr = required(i_op(inode).listxattr, errno.EOPNOTSUPP)
        return self.given(listxattr(vfs.d_find_any_alias(inode), self.room(size), size), size)

    def room(self, size: int) -> memoryview | None:
        return self.out[OUT_HEADER : OUT_HEADER + size] if size else None

    def given(self, length: int, size: int) -> int:
        """The reply with a value, or with its length, if that was the question."""
        if size:
            return length
        GETXATTR_OUT.write(self.reply, OUT_HEADER, length, 0)
        return GETXATTR_SIZE

    def do_setxattr(self, node: int) -> int:
        args = self.args[fuse.FUSE_SETXATTR]
        name, _, value = bytes(self.channel.rest(fuse.FUSE_SETXATTR)).partition(b"\0")
        self.set_xattr(self.inode(node), name, memoryview(value)[: args.size], args.flags)
        return 0

    def do_removexattr(self, node: int) -> int:
        name = self.channel.text(fuse.FUSE_REMOVEXATTR)
        self.set_xattr(self.inode(node), name, None, xattr.XATTR_REPLACE)
        return 0

    def set_xattr(self, inode: Inode, name: bytes, value: memoryview | None, flags: int) -> None:
        found, handler, rest = self.handler(name)
        size = 0 if value is None else len(value)
        dentry = vfs.d_find_any_alias(inode)
        required(found.set, errno.EOPNOTSUPP)(
            handler, None, dentry, inode, rest, value, size, flags
        )

    # The rest

    def do_readlink(self, node: int) -> int:
        inode = self.inode(node)
        target = inode.i_link
        if not target:
            get_link = required(i_op(inode).get_link, errno.EINVAL)
            target = get_link(vfs.d_find_any_alias(inode), inode, self.delayed)
        text = target if isinstance(target, bytes) else ctypes.string_at(target)
        self.out[OUT_HEADER : OUT_HEADER + len(text)] = text
        return len(text)

    def do_statfs(self, _node: int) -> int:
        buffer = self.statfs
        ctypes.memset(ctypes.addressof(buffer), 0, ctypes.sizeof(buffer))
        required(s_op(self.sb).statfs, errno.ENOSYS)(self.sb.root, buffer)
        values = (getattr(buffer, f"f_{name}") for name in STATFS)
        STATFS_OUT.write(self.reply, OUT_HEADER, *values)
        return ctypes.sizeof(fuse.fuse_statfs_out)


STATFS = ("blocks", "bfree", "bavail", "files", "ffree", "bsize", "namelen", "frsize")
STATFS_OUT = Members(fuse.fuse_statfs_out, *(f"st.{name}" for name in STATFS))

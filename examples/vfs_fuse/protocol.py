"""The FUSE protocol, version 7 (linux/fuse.h): requests that are read, replies that are written.

A :class:`Channel` has a buffer for a request and one for its reply, and the generated structures
lie over both, made once.
"""

from __future__ import annotations

import ctypes
import errno
import os
from typing import Any

from generated_types import kernel
from members import Members
from uapi.linux import fuse

__all__ = [
    "ENTRY_OUT", "HEADER", "INODE", "KSTAT", "MAX_PAGES", "MAX_WRITE", "OUT_HEADER", "PAGE",
    "WANTED", "Channel", "Dirents", "from_dev", "to_dev",
]  # fmt: skip

PAGE = 4096
MAX_PAGES = 256
"""Pages that one request may carry (/proc/sys/fs/fuse/max_pages_limit)."""
MAX_WRITE = MAX_PAGES * PAGE
HEADER, OUT_HEADER = ctypes.sizeof(fuse.fuse_in_header), ctypes.sizeof(fuse.fuse_out_header)
WANTED = (
    fuse.FUSE_ASYNC_READ
    | fuse.FUSE_BIG_WRITES
    | fuse.FUSE_MAX_PAGES
    | fuse.FUSE_DO_READDIRPLUS
    | fuse.FUSE_READDIRPLUS_AUTO
    | fuse.FUSE_CACHE_SYMLINKS
    | fuse.FUSE_HANDLE_KILLPRIV_V2
    | fuse.FUSE_PARALLEL_DIROPS
    | fuse.FUSE_SETXATTR_EXT
    | fuse.FUSE_INIT_EXT
)
"""What of the client's abilities is used (INIT flags)."""
ARGUMENTS = {
    fuse.FUSE_INIT: fuse.fuse_init_in,
    fuse.FUSE_FORGET: fuse.fuse_forget_in,
    fuse.FUSE_BATCH_FORGET: fuse.fuse_batch_forget_in,
    fuse.FUSE_GETATTR: fuse.fuse_getattr_in,
    fuse.FUSE_SETATTR: fuse.fuse_setattr_in,
    fuse.FUSE_MKNOD: fuse.fuse_mknod_in,
    fuse.FUSE_MKDIR: fuse.fuse_mkdir_in,
    fuse.FUSE_RENAME: fuse.fuse_rename_in,
    fuse.FUSE_RENAME2: fuse.fuse_rename2_in,
    fuse.FUSE_LINK: fuse.fuse_link_in,
    fuse.FUSE_OPEN: fuse.fuse_open_in,
    fuse.FUSE_OPENDIR: fuse.fuse_open_in,
    fuse.FUSE_CREATE: fuse.fuse_create_in,
    fuse.FUSE_TMPFILE: fuse.fuse_create_in,
    fuse.FUSE_READ: fuse.fuse_read_in,
    fuse.FUSE_READDIR: fuse.fuse_read_in,
    fuse.FUSE_READDIRPLUS: fuse.fuse_read_in,
    fuse.FUSE_WRITE: fuse.fuse_write_in,
    fuse.FUSE_RELEASE: fuse.fuse_release_in,
    fuse.FUSE_RELEASEDIR: fuse.fuse_release_in,
    fuse.FUSE_FLUSH: fuse.fuse_flush_in,
    fuse.FUSE_FSYNC: fuse.fuse_fsync_in,
    fuse.FUSE_FSYNCDIR: fuse.fuse_fsync_in,
    fuse.FUSE_SETXATTR: fuse.fuse_setxattr_in,
    fuse.FUSE_GETXATTR: fuse.fuse_getxattr_in,
    fuse.FUSE_LISTXATTR: fuse.fuse_getxattr_in,
    fuse.FUSE_FALLOCATE: fuse.fuse_fallocate_in,
    fuse.FUSE_LSEEK: fuse.fuse_lseek_in,
    fuse.FUSE_IOCTL: fuse.fuse_ioctl_in,
    fuse.FUSE_INTERRUPT: fuse.fuse_interrupt_in,
}
_ATTR = (
    "ino", "size", "blocks", "atime", "mtime", "ctime", "atimensec", "mtimensec", "ctimensec",
    "mode", "nlink", "uid", "gid", "rdev", "blksize",
)  # fmt: skip
# A time before 1970 travels as it lies in memory.
INODE = Members(
    kernel.inode, "i_ino", "i_size", "i_blocks", "i_atime_sec", "i_mtime_sec", "i_ctime_sec",
    "i_atime_nsec", "i_mtime_nsec", "i_ctime_nsec", "i_mode", "i_nlink", "i_uid", "i_gid",
    "i_rdev", "i_blkbits", signed=False,
)  # fmt: skip
KSTAT = Members(
    kernel.kstat, "ino", "size", "blocks", "atime.tv_sec", "mtime.tv_sec", "ctime.tv_sec",
    "atime.tv_nsec", "mtime.tv_nsec", "ctime.tv_nsec", "mode", "nlink", "uid", "gid", "rdev",
    "blksize", signed=False,
)  # fmt: skip
ENTRY_OUT = Members(
    fuse.fuse_entry_out, "nodeid", "generation", "entry_valid", "attr_valid",
    *(f"attr.{name}" for name in _ATTR),
)  # fmt: skip
ATTR_OUT = Members(fuse.fuse_attr_out, "attr_valid", *(f"attr.{name}" for name in _ATTR))
DIRENT = Members(fuse.fuse_dirent, "ino", "off", "namelen", "type")
_REPLY = Members(fuse.fuse_out_header, "len", "error", "unique")


def to_dev(number: int) -> int:
    """The kernel's dev_t of a device number as user space has it (new_decode_dev)."""
    return (number & 0xFFF00) << 12 | number & 0xFF | number >> 12 & 0xFFF00


def from_dev(dev: int) -> int:
    """new_encode_dev."""
    major, minor = dev >> 20, dev & 0xFFFFF
    return minor & 0xFF | major << 8 | (minor & ~0xFF) << 12


class Channel:
    """A descriptor of /dev/fuse, with room for one request and one reply."""

    def __init__(self, device: int) -> None:
        self.device = device
        self.request = bytearray(MAX_WRITE + PAGE)
        self.reply = bytearray(MAX_WRITE + PAGE)
        self.incoming = [self.request]
        self.view, self.out = memoryview(self.request), memoryview(self.reply)
        self.header = fuse.fuse_in_header.from_buffer(self.request)
        self.args = {op: args.from_buffer(self.request, HEADER) for op, args in ARGUMENTS.items()}
        self.sizes = {op: HEADER + ctypes.sizeof(args) for op, args in ARGUMENTS.items()}
        base = ctypes.addressof(self.header)
        self.data = base + self.sizes[fuse.FUSE_WRITE]
        """Where the bytes of a WRITE begin."""
        self.payload = ctypes.addressof(ctypes.c_char.from_buffer(self.reply)) + OUT_HEADER

    def receive(self) -> bool:
        """Read a request into the buffer; False when the file system is unmounted."""
        while True:
            try:
                os.readv(self.device, self.incoming)
            except OSError as error:
                if error.errno in (errno.ENODEV, errno.ECONNABORTED):
                    return False
                if error.errno not in (errno.ENOENT, errno.EAGAIN, errno.EINTR):
                    raise  # these: the request was interrupted before it got here
            else:
                return True

    def rest(self, opcode: int) -> memoryview:
        """What comes after the opcode's arguments."""
        return self.view[self.sizes.get(opcode, HEADER) : self.header.len]

    def text(self, opcode: int) -> bytes:
        """The name after the arguments, without its NUL."""
        return bytes(self.view[self.sizes.get(opcode, HEADER) : self.header.len - 1])

    def texts(self, opcode: int) -> list[bytes]:
        """The two names after the arguments."""
        return self.text(opcode).split(b"\0", 1)

    def send(self, size: int, failed: int = 0) -> bool:
        """Answer with what lies in the reply's buffer after the header, or with an errno.

        False if nobody waits for it any more.
        """
        unique = self.header.unique
        _REPLY.write(self.reply, 0, OUT_HEADER + size, -failed, unique)
        try:
            os.write(self.device, self.out[: OUT_HEADER + size])
        except OSError as error:
            # The caller was killed, or the file system is unmounted.
            if error.errno not in (errno.ENOENT, errno.ENODEV, errno.ECONNABORTED):
                raise
            return False
        return True

    def attr(self, attributes: tuple[Any, ...], valid: int) -> int:
        """Lay a fuse_attr_out into the reply; returns its size."""
        ATTR_OUT.write(self.reply, OUT_HEADER, valid, *attributes)
        return ctypes.sizeof(fuse.fuse_attr_out)


class Dirents:
    """Directory entries as they are laid into the reply, each with the next one's position."""

    def __init__(self, out: memoryview, room: int, plus: int) -> None:
        """``plus``: bytes of a fuse_entry_out before each entry, or 0."""
        self.out, self.room, self.plus = out, room, plus
        self.used = 0
        self.last: int | None = None
        """Where the entry lies that does not know its successor's position yet."""

    def add(self, name: bytes, position: int, ino: int, kind: int) -> int | None:
        """Append an entry; returns where its fuse_entry_out lies, None if there is no room."""
        head = self.used + self.plus
        end = head + (fuse.FUSE_NAME_OFFSET + len(name) + 7 & ~7)
        if end > self.room:
            return None
        self.known(position)
        start = OUT_HEADER + head
        DIRENT.write(self.out, start, ino, 0, len(name), kind)
        start += fuse.FUSE_NAME_OFFSET
        self.out[start : OUT_HEADER + end] = name.ljust(OUT_HEADER + end - start, b"\0")
        self.last, at = OUT_HEADER + head, OUT_HEADER + self.used
        self.used = end
        return at

    def known(self, position: int) -> None:
        """The last entry's successor is at this position."""
        if self.last is not None:
            _OFF.write(self.out, self.last, position)


_OFF = Members(fuse.fuse_dirent, "off")

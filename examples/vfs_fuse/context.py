"""What all requests share: the mounted file system, buffers, attributes for a reply."""

from __future__ import annotations

import ctypes
import errno
import os
import threading
from collections.abc import Callable
from typing import Any

import vfs
from generated_types import kernel
from objects import (
    INSTANCES,
    Dentry,
    File,
    Inode,
    IovIter,
    Super,
    forget,
    living,
    remember,
)  # fmt: skip
from protocol import ATTR_OUT, ENTRY_OUT, INODE, KSTAT, OUT_HEADER, Channel, from_dev
from tables import i_op, s_op
from uapi.linux import fuse
from xattrs import xattr_handlers_at

__all__ = ["VALID", "Context", "Mounted", "failure", "required"]

VALID = 24 * 3600
"""Seconds for which the client may believe a name or attributes: nobody else changes them."""
STATX_BASIC_STATS = 0x7FF


def failure(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def required(method: Callable[..., Any] | None, number: int) -> Callable[..., Any]:
    """A method, or what the VFS answers where the pointer is NULL."""
    if method is None:
        raise failure(number)
    return method


class Mounted:
    """A mounted file system, and the requests that are being answered."""

    def __init__(self, file_system: Any, device: int, *, write_through: bool = False) -> None:
        """``write_through``: the client shall not keep what is written to itself for a while."""
        self.device, self.write_through = device, write_through
        self.sb = Super()
        file_system.fill_super(self.sb)
        remember(self.sb.root.inode, fuse.FUSE_ROOT_ID)
        self.handlers = xattr_handlers_at(self.sb.s_xattr)
        self.active: dict[int, threading.Event] = {}
        """The requests that a signal may interrupt: what to set."""
        self.events: list[threading.Event] = []
        """What any worker may be waiting for."""
        self.lock = threading.Lock()

    def interrupt(self, unique: int) -> bool:
        """Tell a request that its caller got a signal; False if it is not being answered."""
        with self.lock:
            event = self.active.get(unique)
            if event is not None:
                event.set()
        return event is not None

    def interrupt_all(self) -> None:
        """Nobody waits for answers any more."""
        for event in self.events:
            event.set()

    def close(self) -> None:
        """The file system is unmounted: all inodes end, then itself (generic_shutdown_super)."""
        for kind in (File, Dentry):
            for thing in living(kind):
                forget(thing)
        for inode in living(Inode):
            vfs.evict(inode)
        put_super = s_op(self.sb).put_super
        if put_super:
            put_super(self.sb)
        forget(self.sb)


class Context:
    """A worker's buffers and structures, used again for each request."""

    def __init__(self, mounted: Mounted) -> None:
        self.mounted, self.sb = mounted, mounted.sb
        self.channel = Channel(mounted.device)
        self.args = self.channel.args
        self.reply, self.out = self.channel.reply, self.channel.out
        self.told: list[Inode] = []
        """Inodes that the reply tells the client of."""
        self.spare: Dentry | None = None
        """The negative dentry of the last lookup that found nothing."""
        self.interrupted = threading.Event()
        mounted.events.append(self.interrupted)
        self.iocb, self.iter = kernel.kiocb(), IovIter()
        self.stat, self.iattr = kernel.kstat(), kernel.iattr()
        self.statfs, self.path = kernel.kstatfs(), kernel.path()
        self.delayed = kernel.delayed_call()

    def inode(self, nodeid: int) -> Any:
        """The inode of a node id, which is its address, or that of the root."""
        try:
            return INSTANCES[nodeid]
        except KeyError:
            raise failure(errno.ESTALE) from None

    def attributes(self, inode: Inode) -> tuple[int, ...]:
        """What a fuse_attr says of an inode, by its ``getattr`` if it has one (vfs_getattr)."""
        getattr_ = i_op(inode).getattr
        if getattr_ is None:
            *values, rdev, bits = INODE.read(inode, 0)
            return (*values, rdev and from_dev(rdev), 1 << bits)
        ctypes.memset(ctypes.addressof(self.stat), 0, ctypes.sizeof(self.stat))
        self.path.dentry = vfs.d_find_any_alias(inode).address
        getattr_(None, self.path, self.stat, STATX_BASIC_STATS, 0)
        *values, rdev, size = KSTAT.read(self.stat, 0)
        return (*values, from_dev(rdev), size)

    def entry(self, inode: Inode, at: int = OUT_HEADER) -> int:
        """Lay a fuse_entry_out into the reply and count that the client knows of the inode."""
        node = inode.address if inode is not self.sb.root.inode else fuse.FUSE_ROOT_ID
        ENTRY_OUT.write(
            self.reply, at, node, inode.i_generation, VALID, VALID, *self.attributes(inode)
        )
        inode.nlookup += 1
        self.told.append(inode)
        return ctypes.sizeof(fuse.fuse_entry_out)

    def attr(self, inode: Inode) -> int:
        """Lay a fuse_attr_out into the reply."""
        ATTR_OUT.write(self.reply, OUT_HEADER, VALID, *self.attributes(inode))
        return ctypes.sizeof(fuse.fuse_attr_out)

    def forget(self, inode: Inode, count: int) -> None:
        """The client does not know of the inode any more, so many times."""
        with vfs.lock:
            inode.nlookup -= count
            if inode.nlookup <= 0 and inode is not self.sb.root.inode:
                for dentry in list(inode.aliases):
                    vfs.d_kill(dentry)

    def let_go(self, opened: File) -> None:
        """An open file's end."""
        forget(opened)
        vfs.iput(opened.inode)

"""The kernel's objects in this process's memory: made, and found by their address.

An inode, a dentry, a file is the generated structure, filled as the kernel fills it; a subclass
carries what Python wants to know beside it. A pointer in one is another's address, by which
:func:`instance` finds the Python object.
"""

from __future__ import annotations

import ctypes
import struct
import threading
import types
from collections.abc import Callable
from typing import Any

from generated_types import kernel
from members import Members

__all__ = [
    "INSTANCES", "PAGE",
    "Dentry", "DirContext", "File", "Inode", "IovIter", "Super", "Task",
    "current", "forget", "instance", "living", "lock", "remember",
]  # fmt: skip

PAGE = 4096
INSTANCES: dict[int, Any] = {}
"""The objects by their addresses."""
lock = threading.RLock()
"""Held where references are counted and where the tree of dentries changes."""


def instance(pointer: Any) -> Any:
    """The object that a pointer is the address of; None for NULL. An object is itself."""
    if not isinstance(pointer, int):
        return pointer
    return INSTANCES[pointer] if pointer else None


def remember(thing: Any, address: int = 0) -> int:
    """Let the object be found by its address, which is returned, until :func:`forget`."""
    address = address or ctypes.addressof(thing)
    INSTANCES[address] = thing
    return address


def forget(thing: Any) -> None:
    INSTANCES.pop(thing.address, None)


def living(kind: type) -> list[Any]:
    """All objects of a kind that have an address."""
    found = list(INSTANCES.items())
    return [thing for at, thing in found if isinstance(thing, kind) and at == thing.address]


class Task(threading.local):
    """Who makes the call that is being answered: ``current`` in the kernel."""

    header: Any = types.SimpleNamespace(uid=0, gid=0, pid=0)
    """What says whose call it is: ``uid``, ``gid`` and ``pid`` are members of it."""
    interrupted: threading.Event = threading.Event()
    """Set when a signal waits for the caller."""


current = Task()


class Super(kernel.super_block):
    """``struct super_block``: the mounted file system."""

    def __init__(self) -> None:
        self.s_blocksize, self.s_blocksize_bits = PAGE, 12
        self.s_maxbytes, self.s_time_gran = (1 << 63) - 1, 1
        self.root: Any = None
        self.address = remember(self)


class Inode(kernel.inode):
    """``struct inode``. A file system derives its own, and makes it in ``alloc_inode``."""

    __setattr__ = object.__setattr__  # without a look for mangled names: half the time

    def __init__(self) -> None:
        self.address = remember(self)
        self.aliases: list[Dentry] = []
        """The dentries that lead here: ``i_dentry``."""
        self.pages: dict[int, bytearray] = {}
        """Of ``i_data``: see :mod:`filemap`."""
        self.lock = threading.RLock()
        """For what ``i_rwsem`` is in the kernel; held where attributes change."""
        self.sb: Any = None
        self.nlookup = 0
        """How often the client has been told of this inode, and has not forgotten it."""

    def charge(self, pages: int) -> None:
        """Its content takes so many pages more, or less; who overrides it may raise OSError."""
        self.i_blocks += pages * (PAGE // 512)


_NAME = Members(kernel.dentry, "d_parent", "__d_name.len", "__d_name.name")
_LEADS_TO = Members(kernel.dentry, "d_inode")
_DENTRY_SB = Members(kernel.dentry, "d_sb")
_SHORT_NAME = kernel.dentry.d_shortname.offset
_SHORT_SIZE = kernel.dentry.d_shortname.size
_put_short_name = struct.Struct(f"{_SHORT_SIZE}s").pack_into


class Dentry(kernel.dentry):
    """``struct dentry``: a name in a directory, and the inode that it leads to, or none."""

    __setattr__ = object.__setattr__

    def __init__(self, parent: Dentry | None, name: bytes, sb: Super) -> None:
        self.address = remember(self)
        self.inode: Inode | None = None
        self.children: dict[bytes, Dentry] = {}
        """Those that are found by their names here."""
        self.place(parent or self, name)
        _DENTRY_SB.write(self, 0, sb.address)

    def place(self, parent: Dentry, name: bytes) -> None:
        """Give it a parent and a name, which lies in the dentry if it is short (__d_alloc)."""
        self.parent, self.name = parent, name
        if len(name) < _SHORT_SIZE:
            place = self.address + _SHORT_NAME
            _put_short_name(self, _SHORT_NAME, name)
        else:
            self.long_name = ctypes.create_string_buffer(name)
            place = ctypes.addressof(self.long_name)
        _NAME.write(self, 0, parent.address, len(name), place)

    def lead_to(self, inode: Inode | None) -> None:
        """Let it lead to an inode, or to none, whose references are the caller's business."""
        if self.inode is not None:
            self.inode.aliases.remove(self)
        self.inode = inode
        if inode is not None:
            inode.aliases.append(self)
        _LEADS_TO.write(self, 0, 0 if inode is None else inode.address)


_FILE = Members(
    kernel.file, "f_mode", "f_op", "f_mapping", "f_inode", "f_flags", "__f_path.mnt",
    "__f_path.dentry",
)  # fmt: skip
_IN_INODE = Members(kernel.inode, "i_fop", "i_mapping")


class File(kernel.file):
    """``struct file``: an inode that somebody has opened."""

    def __init__(self, inode: Inode, dentry: Dentry | None, mode: int, flags: int) -> None:
        self.address = remember(self)
        self.inode, self.dentry = inode, dentry
        self.private: Any = None
        """For the file system's use, beside ``private_data``."""
        place = dentry.address if dentry is not None else 0
        operations, mapping = _IN_INODE.read(inode, 0)
        _FILE.write(self, 0, mode, operations, mapping, inode.address, flags, 0, place)


class IovIter(kernel.iov_iter):
    """``struct iov_iter`` of kind ITER_UBUF over bytes of this process."""

    def __init__(self) -> None:
        self.address = remember(self)
        self.iter_type = kernel.ITER_UBUF
        self.memory = memoryview(b"")

    def span(self, memory: memoryview, address: int, *, source: bool) -> None:
        """Lie over these bytes, which begin at ``address``, from their first to their last."""
        self.memory = memory
        _ITER.write(self, 0, kernel.ITER_UBUF, source, 0, address, len(memory), 1)


_ITER = Members(
    kernel.iov_iter, "iter_type", "data_source", "iov_offset", "ubuf", "count", "nr_segs"
)


class DirContext(kernel.dir_context):
    """``struct dir_context``: who takes a directory's entries, and from which position on."""

    def __init__(self, actor: Callable[[bytes, int, int, int], bool]) -> None:
        self.address = remember(self)
        self.take = actor

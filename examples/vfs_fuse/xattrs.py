"""Extended attributes, with the functions of fs/xattr.c."""

from __future__ import annotations

import ctypes
import errno
import os
from typing import Any

from generated_types import kernel
from tables import table
from uapi.linux import xattr

__all__ = [
    "simple_xattr_get", "simple_xattr_list", "simple_xattr_set", "xattr_handlers",
    "xattr_handlers_at",
]  # fmt: skip


def xattr_handlers(*handlers: Any) -> int:
    """What ``s_xattr`` points to, for objects with a ``prefix`` of the names that are theirs."""
    prefixes = [ctypes.create_string_buffer(handler.prefix) for handler in handlers]
    made = [
        table(handler, prefix=ctypes.addressof(prefix))
        for handler, prefix in zip(handlers, prefixes, strict=True)
    ]
    array = (ctypes.c_void_p * (len(made) + 1))(*made)
    _kept.append((array, prefixes))
    return ctypes.addressof(array)


_kept: list[Any] = []
"""What only its address is known of elsewhere."""


def xattr_handlers_at(address: int) -> list[tuple[bytes, int]]:
    """(prefix, address) of the handlers that ``s_xattr`` lists up to a NULL."""
    found: list[tuple[bytes, int]] = []
    while address and (handler := ctypes.c_void_p.from_address(address).value):
        entry = kernel.xattr_handler.from_address(handler)
        found.append((ctypes.string_at(entry.prefix or entry.name), handler))
        address += ctypes.sizeof(ctypes.c_void_p)
    return found


# Attributes that an inode keeps in memory, as a dictionary of full names


def simple_xattr_get(
    xattrs: dict[bytes, bytes], name: bytes, buffer: memoryview | None, size: int
) -> int:
    """Copy a value; returns its length. Raises OSError: ENODATA if there is none, ERANGE."""
    value = xattrs.get(name)
    if value is None:
        raise OSError(errno.ENODATA, os.strerror(errno.ENODATA))
    return _given(value, buffer, size)


def simple_xattr_set(
    xattrs: dict[bytes, bytes], name: bytes, value: memoryview | None, size: int, flags: int
) -> None:
    """Keep a value, or remove it if it is None. Raises OSError: EEXIST or ENODATA, by flags."""
    if flags & xattr.XATTR_CREATE and name in xattrs:
        raise OSError(errno.EEXIST, os.strerror(errno.EEXIST))
    if (flags & xattr.XATTR_REPLACE or value is None) and name not in xattrs:
        raise OSError(errno.ENODATA, os.strerror(errno.ENODATA))
    if value is None:
        del xattrs[name]
    else:
        xattrs[name] = bytes(value[:size])


def simple_xattr_list(xattrs: dict[bytes, bytes], buffer: memoryview | None, size: int) -> int:
    """Copy the names, each with a NUL; returns their length. Raises OSError (ERANGE)."""
    return _given(b"".join(name + b"\0" for name in xattrs), buffer, size)


def _given(data: bytes, buffer: memoryview | None, size: int) -> int:
    """Data to somebody who, by the size 0, may only ask for its length."""
    if buffer is not None and size:
        if size < len(data):
            raise OSError(errno.ERANGE, os.strerror(errno.ERANGE))
        buffer[: len(data)] = data
    return len(data)

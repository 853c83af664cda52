"""What pointers are set from, and what they keep alive.

A pointer that is set from an object of this process keeps the object alive as
long as the memory that the pointer lies in. ctypes has a place for that: the
``_objects`` of whatever owns the memory, a dict that goes along when a struct
is assigned by value. What is kept lies in it under ``KEPT``, by the pointer's
offset: the address and the object.

Memory that Python got the address of but does not own, behind a pointer that came
with a call, is :data:`LOCAL`'s: what is put into it is kept, by its address, until
something else is put there.
"""

from __future__ import annotations

import ctypes
import sys

from .members import Pointer

TYPE_CHECKING = False  # typing itself takes longer to import than all of this
if TYPE_CHECKING:
    from typing import Any

    from .bindings import Bindings

KEPT = "kept"  # ctypes' own keys are hexadecimal numbers
HOLDER = "holder"
ADDRESSES = (
    bytes,
    ctypes._Pointer,
    ctypes._CFuncPtr,  # type: ignore[attr-defined]
    ctypes.c_void_p,
    ctypes.c_char_p,
    ctypes.c_wchar_p,
    type(ctypes.byref(ctypes.c_int())),
)


class Everything(ctypes.Structure):
    """All memory of this process; a member lets ctypes keep objects for it."""

    _fields_ = (("first", ctypes.c_void_p),)


LOCAL: Any = Everything.from_address(0)
"""Owns all of this process's memory that no other object here is known to own."""


def address_of(bindings: Bindings, value: Any) -> tuple[int, Any]:
    """(address, object to keep alive or None) of what a pointer is set from."""
    if value is None:
        return 0, None
    if isinstance(value, int):
        return int(value), value.kept if isinstance(value, Pointer) else None
    from numbers import Integral

    if isinstance(value, Integral):  # numpy's
        return int(value), None
    native = bindings.big_endian == (sys.byteorder == "big")
    if not native or bindings.pointer_size != ctypes.sizeof(ctypes.c_void_p):
        arch = bindings.abi["arch"]
        raise TypeError(f"a pointer of {arch} is set from an int or None here")
    if isinstance(value, ADDRESSES):
        address: Any = value
        return ctypes.cast(address, ctypes.c_void_p).value or 0, value
    if hasattr(value, "_b_base_"):
        return ctypes.addressof(value), value
    try:
        view = memoryview(value)
    except TypeError:
        kind = type(value).__name__
        raise TypeError(
            f"{kind} is no int, None, ctypes object or buffer to set a pointer from"
        ) from None
    if view.readonly:
        raise TypeError("a pointer needs a writable buffer, or bytes")
    return address_of_buffer(view), (value, view)


def address_of_buffer(view: memoryview) -> int:
    """Where a writable buffer begins; it may be empty."""
    return ctypes.addressof((ctypes.c_char * 0).from_buffer(view))


def root_of(obj: Any) -> Any:
    """The object that owns the memory ``obj`` lies in."""
    while True:
        held = obj._objects
        if obj._b_base_ is not None:
            obj = obj._b_base_
        elif type(held) is dict and hasattr(held.get(HOLDER), "_b_base_"):
            obj = held[HOLDER]
        else:
            return obj


def objects_of(obj: Any) -> Any:
    """The dict of what ``obj``'s memory needs; None for what has no parts."""
    if obj._objects is None:
        ctypes.pointer(obj)  # makes the dict, to share it
    return obj._objects


def keep(obj: Any, offset: int, address: int, kept: Any) -> None:
    """Note what the pointer at that offset of ``obj`` needs now, or None."""
    root = root_of(obj)
    if kept is None and not (root._objects and KEPT in root._objects):
        return
    noted = objects_of(root).setdefault(KEPT, {})
    at: object = ctypes.addressof(obj) - ctypes.addressof(root) + offset
    before = noted.pop(at, None)
    if before is not None and sys.getrefcount(root._objects) > 2:
        noted[object()] = before  # memory that was assigned from here relies on it
    if kept is not None:
        noted[at] = address, kept


def kept_at(obj: Any, offset: int, address: int) -> Any:
    """What the pointer at that offset, which holds that address, keeps alive."""
    root = root_of(obj)
    at = ctypes.addressof(obj) - ctypes.addressof(root) + offset
    if root is LOCAL:
        held = (root._objects or {}).get(KEPT, {}).get(at)
        return held[1] if held is not None and held[0] == address else LOCAL
    todo, seen = [root._objects], set()
    while todo:
        held = todo.pop()
        if type(held) is not dict or id(held) in seen:
            continue
        seen.add(id(held))
        noted = held.get(KEPT, {})
        for found in (noted.get(at), *noted.values()):
            if found is not None and found[0] == address:
                return found[1]
        todo += [value for key, value in held.items() if key != KEPT]
    return None


def hold(view: Any, holder: Any) -> None:
    """Let a view of ``holder``'s memory keep it alive; ``holder`` keeps for both."""
    held = objects_of(view)
    if held is None:
        view._holder = holder
    else:
        held[HOLDER] = holder


def copied(obj: Any) -> Any:
    """A struct or union of the same bytes, whose pointers keep what they kept."""
    twin = type(obj).from_buffer_copy(obj)
    root = root_of(obj)
    held = root._objects
    if type(held) is dict:
        start = ctypes.addressof(obj) - ctypes.addressof(root)
        objects = objects_of(twin)
        objects[KEPT] = {
            at - start if isinstance(at, int) else at: found
            for at, found in held.get(KEPT, {}).items()
        }
        objects["copied"] = {
            key: value
            for key, value in held.items()
            if type(value) is dict and key != KEPT
        }
    return twin

"""Values as C text and as plain data; flexible arrays."""

from __future__ import annotations

import ctypes

from .names import attribute_name

TYPE_CHECKING = False  # typing itself takes longer to import than all of this
if TYPE_CHECKING:
    from typing import Any

REPR_DEPTH = 3
REPR_ITEMS = 16


def designated(value: Any, depth: int) -> str:
    """C's initialiser for a value: ``{.next = 0x0, .comm = "init"}``."""
    if hasattr(type(value), "_leaves_"):
        if not depth:
            return "{...}"
        parts = []
        for name, storage, _, _ in value._leaves_:
            member = getattr(value, attribute_name(name))
            if storage is ctypes.c_char:
                shown = quoted(member, "'")
            else:
                shown = designated(member, depth - 1)
            parts.append(f".{name} = {shown}")
        return "{" + ", ".join(parts) + "}"
    if isinstance(value, ctypes.Array) and value._type_ is not ctypes.c_char:
        if not depth and len(value):
            return "{...}"
        items = [
            designated(value[i], depth - 1) for i in range(min(len(value), REPR_ITEMS))
        ]
        return "{" + ", ".join(items + ["..."] * (len(value) > REPR_ITEMS)) + "}"
    value = getattr(value, "value", value)
    if isinstance(value, bytes):
        return quoted(value, '"')
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)


def quoted(text: bytes, quote: str) -> str:
    """A C string or character literal."""
    inner = "".join(
        chr(b) if 32 <= b < 127 and chr(b) not in f"{quote}\\" else f"\\x{b:02x}"
        for b in text
    )
    return f"{quote}{inner}{quote}"


def asdict(value: Any) -> Any:
    """A struct, union or array as plain dicts, lists, ints, floats and bytes.

    Members of anonymous parts stand beside the others; pointers become ints.
    """
    if hasattr(type(value), "_leaves_"):
        return {
            name: asdict(getattr(value, attribute_name(name)))
            for name, *_ in value._leaves_
        }
    if isinstance(value, ctypes.Array) and value._type_ is not ctypes.c_char:
        return [asdict(item) for item in value]
    if isinstance(value, int) and type(value) not in (int, bool):
        return int(value)
    return getattr(value, "value", value)


def flexible(obj: Any, name: str, count: int | None = None) -> Any:
    """The ``count`` trailing elements of ``obj``'s flexible array ``name``, in place.

    ``obj`` must lie at the front of a larger buffer (``T.from_buffer(buf)``);
    without ``count``, as many elements as that buffer holds. Raises ValueError
    where the buffer is too short, and for a count that is missing because the
    buffer's end is not known (``T.from_address``).
    """
    leaves = [leaf for leaf in type(obj)._leaves_ if name in (leaf[0], f"{leaf[0]}_")]
    if not leaves:
        raise AttributeError(f"{type(obj).__name__!r} has no member {name!r}")
    _, kind, offset, _ = leaves[0]
    if kind is None or not issubclass(kind, ctypes.Array) or kind._length_:
        raise TypeError(f"{name} is not a flexible array")
    size = ctypes.sizeof(kind._type_)
    room = _room_behind(obj, offset)
    if count is None:
        if room is None:
            raise ValueError("the buffer's end is not known: give count")
        count = room // size if size else 0
    elif count < 0 or (room is not None and count * size > room):
        raise ValueError(
            f"{count} elements of {size} bytes do not fit into {room} bytes"
        )
    from .keeping import hold

    array = kind._of_(count) if hasattr(kind, "_of_") else kind._type_ * count
    found = array.from_address(ctypes.addressof(obj) + offset)
    hold(found, obj)
    return found


def _room_behind(obj: Any, offset: int) -> int | None:
    """Bytes from ``offset`` of ``obj`` to the end of its buffer; None if unknown."""
    from .keeping import address_of_buffer, root_of

    start = ctypes.addressof(obj) + offset
    root = root_of(obj)
    held = root._objects
    views = held.values() if isinstance(held, dict) else [held]
    for view in views:
        if isinstance(view, memoryview):
            return address_of_buffer(view) + view.nbytes - start
    if root._b_needsfree_:
        return ctypes.addressof(root) + ctypes.sizeof(root) - start
    return None

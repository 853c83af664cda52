"""Values as C text, as plain data, as numpy dtypes; flexible arrays."""

from __future__ import annotations

import ctypes

from .members import Opaque, root_of
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
        parts = [
            f".{name} = {designated(getattr(value, attribute_name(name)), depth - 1)}"
            for name, *_ in value._leaves_
        ]
        return "{" + ", ".join(parts) + "}"
    if isinstance(value, ctypes.Array):
        if not depth and len(value):
            return "{...}"
        items = [
            designated(value[i], depth - 1) for i in range(min(len(value), REPR_ITEMS))
        ]
        return "{" + ", ".join(items + ["..."] * (len(value) > REPR_ITEMS)) + "}"
    if isinstance(value, bytes):
        text = "".join(
            chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\x{b:02x}"
            for b in value
        )
        return f'"{text}"'
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)


def asdict(value: Any) -> Any:
    """A struct, union or array as plain dicts, lists, ints, floats and bytes.

    Members of anonymous parts stand beside the others; pointers become ints.
    """
    if hasattr(type(value), "_leaves_"):
        return {
            name: asdict(getattr(value, attribute_name(name)))
            for name, *_ in value._leaves_
        }
    if isinstance(value, ctypes.Array):
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
    field = getattr(type(obj), attribute_name(name))
    empty = getattr(obj, attribute_name(name))
    if not isinstance(empty, ctypes.Array) or len(empty):
        raise TypeError(f"{name} is not a flexible array")
    size = ctypes.sizeof(empty._type_)
    room = _room_behind(obj, field.offset)
    if count is None:
        if room is None:
            raise ValueError("the buffer's end is not known: give count")
        count = room // size if size else 0
    elif count < 0 or (room is not None and count * size > room):
        raise ValueError(
            f"{count} elements of {size} bytes do not fit into {room} bytes"
        )
    kind: Any = type(empty)
    array = kind._of_(count) if hasattr(kind, "_of_") else kind._type_ * count
    found = array.from_address(ctypes.addressof(obj) + field.offset)
    found._keep_ = {0: obj}
    return found


def _room_behind(obj: Any, offset: int) -> int | None:
    """Bytes from ``offset`` of ``obj`` to the end of its buffer; None if unknown."""
    start = ctypes.addressof(obj) + offset
    root = root_of(obj)
    held = root._objects
    views = held.values() if isinstance(held, dict) else [held]
    for view in views:
        if isinstance(view, memoryview):
            buffer = ctypes.c_char.from_buffer(view)
            return ctypes.addressof(buffer) + view.nbytes - start
    if root._b_needsfree_:
        return ctypes.addressof(root) + ctypes.sizeof(root) - start
    return None


def dtype_of(cls: Any) -> Any:
    """The numpy dtype with the same bytes; bitfields are ``_bits_<byte offset>``."""
    import numpy

    names, formats, offsets, bits = [], [], [], set()
    for name, storage, offset, wrap in cls._leaves_:
        if storage is None:
            bits |= set(range(offset // 8, (offset + wrap[1] + 7) // 8))
            continue
        names.append(name)
        formats.append(_number_format(numpy, storage))
        offsets.append(offset)
        bits -= set(range(offset, offset + ctypes.sizeof(storage)))
    for first in sorted(byte for byte in bits if byte - 1 not in bits):
        last = next(
            byte for byte in range(first, first + len(bits) + 1) if byte + 1 not in bits
        )
        names.append(f"_bits_{first}")
        formats.append(numpy.dtype((numpy.uint8, (last + 1 - first,))))
        offsets.append(first)
    return numpy.dtype(
        {
            "names": names,
            "formats": formats,
            "offsets": offsets,
            "itemsize": ctypes.sizeof(cls),
        }
    )


def _number_format(numpy: Any, storage: Any) -> Any:
    if issubclass(storage, ctypes.Array):
        return numpy.dtype((_number_format(numpy, storage._type_), (storage._length_,)))
    if issubclass(storage, Opaque):
        return numpy.dtype((numpy.void, ctypes.sizeof(storage)))
    return numpy.dtype(storage)

"""Values: bytes are put where the member must be and read through its attribute,
then written through the attribute, when just these bytes may change.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any, NamedTuple

from .context import Context, Sample, describe

__all__ = ["Memory", "Place", "check_value"]


class Memory:
    """An instance with all bits clear and one with all bits set, and the bytes under them.

    Both are as they were after every check.
    """

    def __init__(self, cls: Any) -> None:
        self._cls = cls
        self._zeros = bytes(ctypes.sizeof(cls))
        self._buffer = bytearray(self._zeros)
        self.instance: Any = cls.from_buffer(self._buffer)
        self._inverse: Any = None

    @property
    def inverse(self) -> Any:
        if self._inverse is None:
            self._ones = b"\xff" * len(self._zeros)
            self._inverse_buffer = bytearray(self._ones)
            self._inverse = self._cls.from_buffer(self._inverse_buffer)
        return self._inverse

    def put(self, at: int, raw: bytes) -> None:
        self._buffer[at : at + len(raw)] = raw

    def clear(self, at: int, size: int) -> None:
        self._buffer[at : at + size] = self._zeros[at : at + size]

    def took(self, at: int, raw: bytes) -> bool:
        """Whether the last write put these bytes there and left all others clear."""
        right = self._buffer[at : at + len(raw)] == raw
        self.clear(at, len(raw))
        if self._buffer != self._zeros:
            self.clear(0, len(self._zeros))
            return False
        return right

    def cleared(self, at: int, bits: bytes) -> bool:
        """Whether the last write cleared these bits of :attr:`inverse` and no others."""
        buffer = self._inverse_buffer
        right = buffer[at : at + len(bits)] == bytes(byte ^ 0xFF for byte in bits)
        buffer[at : at + len(bits)] = self._ones[: len(bits)]
        if buffer != self._ones:
            buffer[:] = self._ones
            return False
        return right


class Place(NamedTuple):
    """A member or an array's element: how to read and write it, and where it must lie (bytes)."""

    where: str
    get: Callable[[], Any]
    set: Callable[[Any], None]
    memory: Memory
    at: int


def check_value(context: Context, place: Place, shape: list[Any]) -> None:
    """Look at what lies there, by reading and writing it."""
    if shape[0] == "record":
        actual = type(place.get())
        if actual is not context.bindings.ctype(shape[2]):
            context.differs(place.where, f"is a {actual.__name__}, in the source {shape[2]}")
    elif shape[0] == "array":
        check_array(context, place, *shape[1:])
    elif (sample := context.sample(shape)) is not None:
        check_number(context, place, shape, sample)


def check_number(context: Context, place: Place, shape: list[Any], sample: Sample) -> None:
    raw, expected = sample
    memory = place.memory
    memory.put(place.at, raw)
    value = place.get()
    memory.clear(place.at, len(raw))
    if value != expected or isinstance(value, bool) != (shape[0] == "bool"):
        context.differs(
            place.where, f"reads {value!r} from bytes {raw.hex(' ')}, in the source {expected!r}"
        )
        return
    if shape[0] == "pointer":
        check_target(context, place.where, value, *shape[2:])
    place.set(expected)
    if not memory.took(place.at, raw):
        context.differs(place.where, "writes other bytes than its own")


def check_target(context: Context, where: str, pointer: Any, spelling: str, known: bool) -> None:
    try:
        target = pointer.target
    except LookupError as error:
        if known:
            context.differs(where, f"has no target: {describe(error)}")
    except AttributeError:
        context.differs(where, "is no pointer")
    else:
        if known and target is not context.bindings.ctype(spelling):
            context.differs(where, f"points to {target!r}, in the source to {spelling}")


def check_array(context: Context, place: Place, byte_size: int, length: int, row: int) -> None:
    element = context.shapes[row]
    if element[0] == "char":  # reads as bytes
        pattern = b"\x81" * length
        place.memory.put(place.at, pattern)
        value = bytes(place.get())
        place.memory.clear(place.at, length)
        if value != pattern:
            context.differs(place.where, f"is no array of {length} characters")
        return
    value = place.get()
    if not isinstance(value, ctypes.Array) or len(value) != length:
        context.differs(place.where, f"is no array of {length} elements")
        return
    item: Any = type(value)._type_
    item_size = ctypes.sizeof(item)
    if item_size != element[1]:
        context.differs(
            place.where, f"has elements of {item_size} bytes, in the source of {element[1]}"
        )
    elif byte_size:
        last = length - 1
        last_item = Place(
            f"{place.where}[{last}]",
            lambda: value[last],
            lambda new: value.__setitem__(last, new),
            place.memory,
            place.at + last * item_size,
        )
        check_value(context, last_item, element)

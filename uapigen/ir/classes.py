"""What a ctypes class says of itself, written by hand or generated."""

from __future__ import annotations

import ctypes
import struct
import sys
from _ctypes import CFuncPtr  # ctypes has it without saying so
from collections.abc import Iterator
from typing import Any, NamedTuple

__all__ = ["Field", "Number", "describe", "fields_of", "is_opaque", "number_of", "written_bits"]

_HOST_IS_BIG_ENDIAN = sys.byteorder == "big"
_KINDS = {"?": "bool", "c": "char", "f": "float", "d": "float", "g": "float"}
_POINTERS = frozenset("PzZO")
"""``_type_`` codes of simple types that are pointers."""


class Field(NamedTuple):
    """A field by which a class, or an anonymous part of it, has memory.

    ``bit_offset`` counts from the start of the outermost class as the target
    counts: from the least significant bit of byte 0 on little-endian ones,
    from the most significant one on big-endian ones. ``bit_width`` 0: the
    bits do not lie side by side in that order.
    """

    name: str
    type: Any
    bit_offset: int
    bit_width: int
    is_bitfield: bool
    signed: bool

    @property
    def place(self) -> str:
        """Where it lies, in words."""
        if self.is_bitfield:
            return f"bit {self.bit_offset}, {self.bit_width} wide"
        return f"offset {self.bit_offset // 8}, size {self.bit_width // 8}"

    @property
    def is_record(self) -> bool:
        return isinstance(self.type, type) and issubclass(
            self.type, (ctypes.Structure, ctypes.Union)
        )


class Number(NamedTuple):
    """A simple ctypes type: ``kind`` is int, bool, char, float or pointer."""

    kind: str
    byte_size: int
    signed: bool
    big_endian: bool

    def __str__(self) -> str:
        if self.kind == "int":
            return f"{'signed' if self.signed else 'unsigned'} integer"
        return "floating point number" if self.kind == "float" else self.kind


def fields_of(cls: Any, big_endian: bool) -> Iterator[Field]:
    """The fields of a class and of its anonymous parts, in order.

    ``big_endian``: how bits are counted.
    """
    if hasattr(cls, "_leaves_"):
        yield from _generated(cls)
        return
    for base in reversed(cls.__mro__):
        anonymous = vars(base).get("_anonymous_", ())
        for name, ctype, *width in vars(base).get("_fields_", ()):
            field = vars(base)[name]
            if name in anonymous:
                for inner in fields_of(ctype, big_endian):
                    yield inner._replace(bit_offset=inner.bit_offset + 8 * field.offset)
                continue
            number = number_of(ctype)
            signed = number is not None and number.signed
            if width:
                place = written_bits(base, field, big_endian)
            else:
                place = 8 * field.offset, 8 * ctypes.sizeof(ctype)
            yield Field(name, ctype, *place, bool(width), signed)


def _generated(cls: Any) -> Iterator[Field]:
    """The fields of a class that uapigen made: bitfields lie over bytes there."""
    for name, storage, offset, wrap in cls._leaves_:
        if storage is None:
            bit_offset, bit_width, (_, signed, _) = wrap
            yield Field(name, None, bit_offset, bit_width, True, signed)
        else:
            yield Field(name, storage, 8 * offset, 8 * ctypes.sizeof(storage), False, False)


def written_bits(cls: Any, field: Any, big_endian: bool) -> tuple[int, int]:
    """(bit offset, bit width) that setting all of a bitfield's bits really sets."""
    memory = bytearray(ctypes.sizeof(cls))
    field.__set__(cls.from_buffer(memory), -1)
    bits = sorted(
        8 * at + (7 - bit if big_endian else bit)
        for at, byte in enumerate(memory)
        for bit in range(8)
        if byte >> bit & 1
    )
    first = bits[0]
    side_by_side = bits == list(range(first, first + len(bits)))
    return first, len(bits) if side_by_side else 0


def number_of(ctype: Any) -> Number | None:
    """What a simple type or pointer holds; None for arrays, structs and unions."""
    size = ctypes.sizeof(ctype)
    if issubclass(ctype, (ctypes._Pointer, CFuncPtr)):
        return Number("pointer", size, False, _HOST_IS_BIG_ENDIAN)
    if not issubclass(ctype, ctypes._SimpleCData):
        return None
    code = getattr(ctype, "_type_", "")
    if code in _POINTERS:
        return Number("pointer", size, False, _HOST_IS_BIG_ENDIAN)
    kind = _KINDS.get(code, "int")
    if kind == "float":
        is_big = (
            size in (4, 8) and _reads(ctype, struct.pack(">f" if size == 4 else ">d", 1.5)) == 1.5
        )
        return Number(kind, size, True, is_big if size in (4, 8) else _HOST_IS_BIG_ENDIAN)
    if kind != "int":
        return Number(kind, size, False, _HOST_IS_BIG_ENDIAN)
    ones = _reads(ctype, b"\xff" * size)
    one = _reads(ctype, b"\0" * (size - 1) + b"\1")
    return Number(kind, size, isinstance(ones, int) and ones < 0, size > 1 and one == 1)


def _reads(ctype: Any, raw: bytes) -> object:
    return ctype.from_buffer_copy(raw).value


def is_opaque(ctype: Any, word_size: int = 1) -> bool:
    """Whether a type is an array of bytes, or of words up to that size: nobody looks into it."""
    if hasattr(ctype, "_code_"):  # a number of generated bindings that ctypes has no type for
        return True
    if not issubclass(ctype, ctypes.Array):
        return False
    element: Any = ctype._type_
    number = number_of(element)
    if number is None:
        return is_opaque(element, word_size)
    return number.kind in ("int", "char") and number.byte_size <= word_size


def describe(ctype: Any) -> str:
    """A type's kind in words."""
    if issubclass(ctype, ctypes.Array):
        return f"array of {ctype._length_}"
    if issubclass(ctype, ctypes.Structure):
        return f"struct {ctype.__name__}"
    if issubclass(ctype, ctypes.Union):
        return f"union {ctype.__name__}"
    return str(number_of(ctype) or ctype.__name__)

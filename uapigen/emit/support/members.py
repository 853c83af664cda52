"""Descriptors for the members that ctypes cannot say, over the bytes it lays out.

Bit offsets count from the least significant bit of byte 0 on little-endian
targets, from the most significant one on big-endian ones.
"""

from __future__ import annotations

import ctypes
import operator
import struct

TYPE_CHECKING = False  # typing itself takes longer to import than all of this
if TYPE_CHECKING:
    from typing import Any


class Pointer(int):
    """An address that knows what it points to; prints in hex."""

    _bindings_: Any = None
    _spelling_ = "void"
    kept: Any = None  # the object that the address is kept valid by, where known

    @property
    def target(self) -> Any:
        """The type pointed to, made when asked for; None for ``void``."""
        return self._bindings_.resolve(self._spelling_)

    @property
    def contents(self) -> Any:
        """The object pointed to, for an address in this process.

        Raises ValueError for NULL and for an address that only means
        something elsewhere (a kernel's, another machine's), TypeError for a
        pointer to void or to a function.
        """
        spelling, kept = self._spelling_, self.kept
        if not self:
            raise ValueError(f"NULL {spelling} pointer")
        if kept is None and not self._bindings_.abi.get("user_space"):
            raise ValueError(f"{self!r} is not an address in this process")
        kind = self._bindings_.storage(spelling)[0]
        if not isinstance(kind, type):
            raise TypeError(f"{spelling} has no contents")
        from .keeping import hold

        found = kind.from_address(int(self))  # type: ignore[attr-defined]
        hold(found, kept)
        return found

    def __repr__(self) -> str:
        return hex(self)

    def __copy__(self) -> Pointer:
        return self

    def __deepcopy__(self, _: Any) -> Pointer:
        return self

    def __reduce__(self) -> Any:
        return self._bindings_.pointer_to, (self._spelling_, int(self))


class Member:
    """A descriptor over a struct's bytes. ``offset`` and ``size`` are bytes."""

    __slots__ = ("name", "offset", "size")

    def __init__(self, name: str, offset: int, size: int) -> None:
        self.name, self.offset, self.size = name, offset, size

    def __repr__(self) -> str:
        place = f"offset {self.offset}, size {self.size}"
        return f"<{type(self).__name__} {self.name}: {place}>"


class PointerMember(Member):
    """A pointer: reads as :class:`Pointer`; set from an int, None or an object."""

    __slots__ = ("_bindings", "_class", "_field", "target")

    def __init__(self, name: str, field: Any, target: str, bindings: Any) -> None:
        super().__init__(name, field.offset, field.size)
        self._field, self.target, self._bindings = field, target, bindings
        self._class: Any = None

    def __get__(self, obj: Any, owner: Any = None) -> Any:
        if obj is None:
            return self
        if self._class is None:
            self._class = self._bindings.pointer(self.target)
        value = self._class(self._field.__get__(obj))
        if value and keeps(obj):
            from .keeping import kept_at

            value.kept = kept_at(obj, self.offset, int(value))
        return value

    def __set__(self, obj: Any, value: Any) -> None:
        if (value is None or type(value) is int) and not keeps(obj):
            self._field.__set__(obj, value or 0)
            return
        from .keeping import address_of, keep

        number, kept = address_of(self._bindings, value)
        self._field.__set__(obj, number)
        keep(obj, self.offset, number, kept)


class BitMember(Member):
    """A bitfield. ``bit_offset`` counts from the start of the class, in bits."""

    __slots__ = (
        "_boolean",
        "_mask",
        "_shift",
        "_sign",
        "_unit",
        "bit_offset",
        "bit_width",
    )

    def __init__(
        self,
        name: str,
        bit_offset: int,
        bit_width: int,
        kind: tuple[int, bool, bool],
        big: bool,
    ) -> None:
        byte_size, signed, self._boolean = kind
        first, stop = bit_offset // 8, (bit_offset + bit_width + 7) // 8
        super().__init__(name, first, byte_size)
        self.bit_offset, self.bit_width = bit_offset, bit_width
        self._unit = BYTES[stop - first, big]
        self._shift = (
            8 * stop - bit_offset - bit_width if big else bit_offset - 8 * first
        )
        self._mask = (1 << bit_width) - 1
        self._sign = 1 << bit_width - 1 if signed else 0

    def __repr__(self) -> str:
        place = f"bit offset {self.bit_offset}, width {self.bit_width}"
        return f"<BitMember {self.name}: {place}>"

    def __get__(self, obj: Any, owner: Any = None) -> Any:
        if obj is None:
            return self
        value = self._unit.get(obj, self.offset) >> self._shift & self._mask
        if self._boolean:
            return bool(value)
        return (value ^ self._sign) - self._sign

    def __set__(self, obj: Any, value: Any) -> None:
        number = bool(value) if self._boolean else operator.index(value)
        rest = self._unit.get(obj, self.offset) & ~(self._mask << self._shift)
        self._unit.set(obj, self.offset, rest | (number & self._mask) << self._shift)


class BytesMember(Member):
    """A number that ctypes has no type for (``__int128``, ``_Float16``)."""

    __slots__ = ("_code",)

    def __init__(self, name: str, offset: int, code: Any) -> None:
        super().__init__(name, offset, code.size)
        self._code = code

    def __get__(self, obj: Any, owner: Any = None) -> Any:
        return self if obj is None else self._code.get(obj, self.offset)

    def __set__(self, obj: Any, value: Any) -> None:
        self._code.set(obj, self.offset, value)


class Bytes:
    """Reads and writes an integer of any number of bytes in a buffer."""

    def __init__(self, size: int, big: bool, signed: bool = False) -> None:
        self.size, self.order, self.signed = size, "big" if big else "little", signed
        self._struct = struct.Struct(f"{size}s")
        self._limit = (1 << 8 * size) - 1

    def get(self, obj: Any, offset: int) -> int:
        (raw,) = self._struct.unpack_from(obj, offset)
        return int.from_bytes(raw, self.order, signed=self.signed)  # type: ignore[arg-type]

    def set(self, obj: Any, offset: int, value: int) -> None:
        raw = (value & self._limit).to_bytes(self.size, self.order)  # type: ignore[arg-type]
        self._struct.pack_into(obj, offset, raw)


class Packed:
    """Reads and writes one ``struct`` code in a buffer."""

    def __init__(self, code: str) -> None:
        self._struct = struct.Struct(code)
        self.size = self._struct.size

    def get(self, obj: Any, offset: int) -> Any:
        return self._struct.unpack_from(obj, offset)[0]

    def set(self, obj: Any, offset: int, value: Any) -> None:
        self._struct.pack_into(obj, offset, value)


class BytesBySize(dict):  # type: ignore[type-arg]
    def __missing__(self, key: tuple[int, bool]) -> Bytes | Packed:
        size, big = key
        code = {1: "B", 2: "H", 4: "I", 8: "Q"}.get(size)
        made = Packed((">" if big else "<") + code) if code else Bytes(size, big)
        self[key] = made
        return made


BYTES = BytesBySize()


def keeps(obj: Any) -> bool:
    """Whether pointers in ``obj``'s memory may keep something alive."""
    while obj._b_base_ is not None:
        obj = obj._b_base_
    held = obj._objects
    # The memory of T.from_buffer() needs the buffer, and mostly nothing else.
    return held is not None and (len(held) > 1 or "ffffffff" not in held)


class PointerItems:
    """Array items that read as :class:`Pointer`."""

    __slots__ = ()
    _pointer_: Any

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[item] for item in range(*index.indices(len(self)))]  # type: ignore[arg-type]
        value = self._pointer_(super().__getitem__(index))  # type: ignore[misc]
        if value and keeps(self):
            from .keeping import kept_at

            value.kept = kept_at(self, self._item_offset(index), int(value))
        return value

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(index, slice):
            items = range(*index.indices(len(self)))  # type: ignore[arg-type]
            if len(value) != len(items):
                raise ValueError("Can only assign sequence of same size")
            for item, one in zip(items, value, strict=True):
                self[item] = one
            return
        from .keeping import address_of, keep

        number, kept = address_of(self._pointer_._bindings_, value)
        super().__setitem__(index, number)  # type: ignore[misc]
        keep(self, self._item_offset(index), number, kept)

    def _item_offset(self, index: int) -> int:
        item: int = range(len(self))[index]  # type: ignore[arg-type]
        return item * ctypes.sizeof(self._type_)  # type: ignore[attr-defined]


class NumberItems:
    """Array items that ctypes has no type for, by their bytes."""

    __slots__ = ()
    _code_: Any

    def __getitem__(self, index: Any) -> Any:
        items = range(len(self))[index]  # type: ignore[arg-type]
        if isinstance(items, range):
            return [self[item] for item in items]
        return self._code_.get(self, items * self._code_.size)

    def __setitem__(self, index: int, value: Any) -> None:
        self._code_.set(self, range(len(self))[index] * self._code_.size, value)  # type: ignore[arg-type]


class Opaque(ctypes.Structure):
    """Bytes of a base type that ctypes lacks; ``value`` is the number."""

    _code_: Any = None

    @property
    def value(self) -> Any:
        return self._code_.get(self, 0)

    @value.setter
    def value(self, value: Any) -> None:
        self._code_.set(self, 0, value)

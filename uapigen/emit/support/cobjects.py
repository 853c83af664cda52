"""What macros do with types and objects: ``sizeof``, members, elements, addresses.

Types and objects are those of ctypes, which the caller of a macro passes; a
type may also be given as C spells it (``"struct ifreq"``, ``"unsigned int"``).
"""

from __future__ import annotations

import ctypes

from .cvalues import CModel, CValue, NumberType
from .declarators import base_words, unqualified
from .members import Pointer
from .names import attribute_name

TYPE_CHECKING = False  # typing itself takes longer to import than all of this
if TYPE_CHECKING:
    from typing import Any

POINTERS = (
    ctypes._Pointer,
    ctypes._CFuncPtr,  # type: ignore[attr-defined]
    ctypes.c_void_p,
    ctypes.c_char_p,
    ctypes.c_wchar_p,
)


class CMacros(CModel):
    """What the functions made from macros call ``_C``: a target's numbers and types.

    ``bindings`` resolve the names of types; without them only C's own are known.
    """

    def __init__(self, abi: Any, bindings: Any = None) -> None:
        super().__init__(abi)
        self.bindings = bindings

    # Types

    def type(self, of: Any) -> NumberType:
        """The number type that ``of`` is, or has: for casts to it.

        Raises TypeError for any other type.
        """
        if isinstance(of, NumberType):
            return of
        if isinstance(of, str) and len(of) != 1:  # one character is a constant
            of = self.spelled(of)
            if isinstance(of, NumberType):
                return of
        if isinstance(of, type):
            if issubclass(of, ctypes._SimpleCData):
                return self.of_class(of)
            if issubclass(of, int) and hasattr(of, "__members__"):
                return self.of_size(*self._enum_facts(of))
            raise TypeError(f"{of.__name__} is no number type of C")
        return self(of).type

    def spelled(self, spelling: str) -> Any:
        """The type that C spells so: a :class:`NumberType` for one of C's own numbers,
        else of ctypes. Raises LookupError for one that is not known.
        """
        words = base_words(unqualified(spelling))
        for kind in self.numbers.values():
            if words and words == base_words(kind.name):
                return kind
        if spelling.rstrip().endswith("*"):
            return ctypes.c_void_p
        if self.bindings is None:
            raise LookupError(f"no bindings know {spelling!r}")
        plain = unqualified(spelling)
        if plain.startswith("enum "):
            size, signed, _ = self.bindings.integer(plain)
            return self.of_size(size, signed)
        return self.bindings.ctype(spelling)

    def sizeof(self, of: Any) -> CValue:
        """``sizeof`` of a type or an object; raises TypeError for what has no size."""
        return CValue(self.size_t, self._size(of))

    def _size(self, of: Any) -> int:
        if isinstance(of, str) and len(of) != 1:
            of = self.spelled(of)
        if isinstance(of, CValue):
            of = of.type
        if isinstance(of, NumberType):
            return of.size
        if isinstance(of, (Pointer, *POINTERS)):
            return self.pointer_size
        kind = of if isinstance(of, type) else type(of)
        if issubclass(kind, POINTERS):
            return self.pointer_size
        if hasattr(kind, "_b_base_"):  # one of ctypes
            return ctypes.sizeof(of)
        if isinstance(of, type):
            if issubclass(of, int) and hasattr(of, "__members__"):
                return self._enum_facts(of)[0]
            raise TypeError(f"{of.__name__} is no type of C: use one of ctypes")
        return self(of).type.size

    def _enum_facts(self, kind: Any) -> tuple[int, bool]:
        """Size in bytes, and whether signed, of an enum."""
        known = self.bindings
        if known is not None and kind.__module__ == known.module:
            size, signed, _ = known.integer(f"enum {kind.__name__}")
            return size, signed
        values = [int(value) for value in kind]
        low, high = min(values, default=0), max(values, default=0)
        wide = low < -(1 << 31) or high >= (1 << 31 if low < 0 else 1 << 32)
        return 8 if wide else 4, low < 0

    def offsetof(self, of: Any, *path: str) -> CValue:
        """``offsetof``: where a member lies, in bytes; ``path`` leads into structs."""
        kind = self.spelled(of) if isinstance(of, str) else of
        total = 0
        for name in path:
            kind, offset, bits = member_facts(kind, name)
            if bits is not None:
                raise TypeError(f"{name} is a bitfield")
            total += offset
        return CValue(self.size_t, total)

    # Objects

    def member(self, of: Any, name: str) -> Any:
        """``of->name`` or ``of.name``: a :class:`CValue` for a number, else the object.

        ``of`` is a struct or union of ctypes, or a pointer to one.
        """
        if isinstance(of, (Pointer, ctypes._Pointer)):
            of = of.contents
        kind, offset, bits = member_facts(type(of), name)
        if bits is not None:
            return self._bits(name, member_of(of, name), *bits)
        if issubclass(kind, ctypes.Array):
            # ctypes gives an array of char as bytes, up to its first zero.
            found = kind.from_buffer_copy(of, offset)
            return found if kind._type_ is ctypes.c_char else member_of(of, name)
        return self._typed(member_of(of, name), kind)

    def _typed(self, value: Any, kind: Any) -> Any:
        """A value that ctypes has read as ``kind``, with its C type."""
        if isinstance(value, Pointer) or not isinstance(value, (int, float, bytes)):
            return value
        number = self.of_class(kind)
        read = value[0] if isinstance(value, bytes) else value
        return CValue(number, number.wrapped(read))

    def _bits(self, name: str, value: int, width: int, signed: bool) -> CValue:
        """A bitfield's value: one of fewer bits than ``int`` is an ``int``."""
        if 8 * self.int.size < width < 64:
            raise TypeError(f"{name}: compilers differ on bitfields of {width} bits")
        if width == 64:
            return CValue(self.of_size(8, signed), value)
        full = width == 8 * self.int.size and not signed
        return CValue(self.uint if full else self.int, int(value))

    def object(self, of: Any) -> Any:
        """``*of``: what a pointer points to; an object stands for a pointer to it."""
        if isinstance(of, (Pointer, ctypes._Pointer)):
            return of.contents
        if isinstance(of, ctypes.Array):
            return self.index(of, 0)
        if hasattr(type(of), "_b_base_"):
            return of
        raise TypeError(f"{of!r} is no object that could be pointed to")

    def index(self, of: Any, at: Any) -> Any:
        """``of[at]``: of ctypes' arrays and pointers, a list, or bytes (unsigned).

        Raises IndexError for an element that is not there.
        """
        number = self(at).plain()
        if isinstance(of, (bytes, bytearray, memoryview)):
            return CValue(self.uchar, of[self._place(of, number)])
        if isinstance(of, (list, tuple)):
            return self(of[self._place(of, number)])
        if isinstance(of, ctypes.Array):
            return self._typed(of[self._place(of, number)], of._type_)
        if isinstance(of, ctypes._Pointer):
            return self._typed(of[number], of._type_)
        raise TypeError(f"{of!r} has no elements")

    def _place(self, of: Any, at: int) -> int:
        if not 0 <= at < len(of):
            raise IndexError(f"no element {at} among {len(of)}")
        return at

    def swapped(self, value: Any) -> CValue:
        """The bytes of an integer the other way round."""
        number = self(value)
        plain = number.plain() & (1 << 8 * number.type.size) - 1
        data = plain.to_bytes(number.type.size, "little")
        return CValue(number.type, number.type.wrapped(int.from_bytes(data, "big")))

    # Pointers

    def address(self, of: Any) -> CValue:
        """What a pointer to an object, or one given as such, holds.

        A number is the address itself, also one with a type of ctypes.
        """
        if isinstance(of, (CValue, int)) or (
            isinstance(of, ctypes._SimpleCData) and not isinstance(of, POINTERS)
        ):
            return self.size_t(of)
        from .keeping import address_of

        return CValue(self.size_t, address_of(self.bindings, of)[0])

    def pointer(self, target: str, value: Any, of: Any = None) -> Any:
        """A pointer of the bindings, which keeps ``of`` alive."""
        from .keeping import address_of

        found = self.bindings.pointer(target)(self(value).plain())
        if of is not None:
            found.kept = address_of(self.bindings, of)[1]
        return found


def member_of(of: Any, name: str) -> Any:
    """A member, which a class made by hand may call ``in_`` where C has ``in``."""
    attribute = attribute_name(name)
    return getattr(of, attribute if hasattr(of, attribute) else f"{name}_")


def member_facts(kind: Any, name: str) -> tuple[Any, int, tuple[int, bool] | None]:
    """(ctypes type, offset in bytes, (width, signed) of a bitfield) of a member."""
    for leaf_name, storage, offset, wrap in getattr(kind, "_leaves_", ()):
        if leaf_name == name:
            if storage is None:
                _, width, (_, signed, _) = wrap
                return None, offset, (width, signed)
            return storage, offset, None
    for base in getattr(kind, "__mro__", ()):
        for field in vars(base).get("_fields_", ()):
            if field[0] in (name, attribute_name(name), f"{name}_"):
                place = getattr(kind, field[0]).offset
                if len(field) == 3:
                    signed = field[1]._type_.islower()
                    return field[1], place, (field[2], signed)
                return field[1], place, None
        for inner in vars(base).get("_anonymous_", ()):
            part = dict(field[:2] for field in vars(base)["_fields_"])[inner]
            try:
                found, place, bits = member_facts(part, name)
            except AttributeError:
                continue
            return found, getattr(kind, inner).offset + place, bits
    raise AttributeError(f"{getattr(kind, '__name__', kind)} has no member {name!r}")

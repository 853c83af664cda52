"""What a pointer parameter of a syscall is set from.

A string takes str, bytes and os.PathLike, and ends at its NUL. Other pointers take
ctypes instances and arrays by reference, ``byref()`` and ctypes pointers, writable
buffers; ``bytes`` where the kernel only reads; None for NULL; and an int, which is an
address. Where the type behind the pointer is known, it must be the argument's; where
the next parameter counts the bytes, there must be as many.
"""

from __future__ import annotations

import ctypes
import operator
import os

TYPE_CHECKING = False  # typing itself takes longer to import than all of this
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .syscalls import Param

ANY_STRUCT = {"struct sockaddr *", "const struct sockaddr *"}
"""Pointers to what has another type for each of its kinds."""
POINTERS: tuple[Any, ...] = (
    ctypes.c_void_p,
    ctypes.c_char_p,
    ctypes.c_wchar_p,
    ctypes._Pointer,
    ctypes._CFuncPtr,  # type: ignore[attr-defined]
)
BYREF: Any = type(ctypes.byref(ctypes.c_int()))
DATA: Any = ctypes.c_int.__mro__[-2]  # of all ctypes instances
EMPTY = ctypes.c_char * 0
MOST_KNOWN = 64
"""Array classes that a parameter remembers: each length is one of its own."""
TOP = 1 << 8 * ctypes.sizeof(ctypes.c_void_p)


def is_string(param: Param) -> bool:
    """Whether a parameter is a path or another string that ends with a NUL."""
    return param.c_type in ("const char *", "char *") and not (
        param.counted_by or param.direction == "out"
    )


def make_pointer(where: str, param: Param) -> Callable[..., Any]:
    """What converts an argument into something that ctypes passes as an address.

    It takes the argument, and the bytes that the next argument counts if it does.
    """
    if is_string(param):
        return make_string(where, param)
    if param.c_type.count("*") == 2 and "char" in param.c_type.split():
        return make_strings(where, param)
    return make_buffer(where, param)


def address(word: Any) -> int:
    """The value of a word of a syscall: an int, or of what has an address, that."""
    if word is None or isinstance(word, int):
        return word or 0
    if isinstance(word, ctypes.c_long):
        return word.value
    return ctypes.cast(word, ctypes.c_void_p).value or 0


def make_string(where: str, param: Param) -> Callable[[Any], Any]:
    """Of a string: str in the file system's encoding, bytes, os.PathLike."""
    fsencode, other = os.fsencode, make_buffer(where, param)

    def convert(value: Any) -> Any:
        kind = value.__class__
        if kind is not bytes:
            if not (kind is str or hasattr(kind, "__fspath__")):
                return other(value)
            value = fsencode(value)
        if b"\0" in value:
            raise ValueError(f"{where}: {param.name}: embedded null byte")
        return value

    return convert


def make_strings(where: str, param: Param) -> Callable[[Any], Any]:
    """Of a list of strings that ends with NULL, as execve takes two."""
    string, other = make_string(where, param), make_buffer(where, param)

    def convert(value: Any) -> Any:
        if not isinstance(value, (list, tuple)):
            return other(value)
        return (ctypes.c_char_p * (len(value) + 1))(*map(string, value))

    return convert


def make_buffer(where: str, param: Param) -> Callable[..., Any]:
    """Of anything but a string."""
    name, target, constant = param.name, param.target, param.direction == "in"
    any_struct = param.c_type in ANY_STRUCT or target is None
    least = 0 if any_struct or param.counted_by else ctypes.sizeof(target)
    known: dict[Any, int] = {}

    def short(size: int, count: int) -> ValueError:
        if param.counted_by:
            wanted = f"the {count} that {param.counted_by.name} says"
        else:
            wanted = f"the {count} of {spelled(target)}"
        return ValueError(f"{where}: {name} has {size} bytes, not {wanted}")

    def refusal(kind: Any) -> TypeError:
        what = f"a {spelled(target)}" if target else "a ctypes instance"
        also = ", bytes" if constant else ""
        return TypeError(
            f"{where}: {name} ({param.c_type}) is {what}, a writable buffer{also}, an"
            f" address or None, not {spelled(kind)}"
        )

    def convert(value: Any, count: int = least) -> Any:
        kind = value.__class__
        size = known.get(kind)
        if size is not None:  # an array of a class that was here before
            if 0 <= count <= size:
                return value
            raise short(size, count)
        if value is None:
            return None
        if kind is bytearray:
            if not 0 <= count <= len(value):
                raise short(len(value), count)
            return EMPTY.from_buffer(value)
        if kind is bytes and constant:
            if not 0 <= count <= len(value):
                raise short(len(value), count)
            return value
        if isinstance(value, DATA):
            return convert_instance(value, kind, count)
        if isinstance(value, BYREF):
            if not (any_struct or fits(type(value._obj), target)):
                raise refusal(type(value._obj))
            return value
        return convert_other(value, kind, count)

    def convert_instance(value: Any, kind: Any, count: int) -> Any:
        if isinstance(value, POINTERS):
            return value
        if not (any_struct or fits(kind, target)):
            raise refusal(kind)
        size = ctypes.sizeof(value)
        if not 0 <= count <= size:
            raise short(size, count)
        if not isinstance(value, ctypes.Array):
            return ctypes.byref(value)
        if len(known) < MOST_KNOWN:
            known[kind] = size
        return value

    def convert_other(value: Any, kind: Any, count: int) -> Any:
        if hasattr(kind, "__index__"):
            number = operator.index(value)
            if not 0 <= number < TOP:
                raise OverflowError(f"{where}: {name}: {number} is no address")
            return ctypes.c_void_p(number)
        try:
            view = memoryview(value)
        except TypeError:
            raise refusal(kind) from None
        if not 0 <= count <= view.nbytes:
            raise short(view.nbytes, count)
        if view.readonly:
            if not constant:
                raise refusal(kind)
            return view.tobytes()
        return EMPTY.from_buffer(view)

    return convert


def fits(kind: Any, target: Any) -> bool:
    """Whether an instance of that class may lie where a pointer to ``target`` points.

    It is one, or an array of these or of bytes, or a type of another module that
    has the same name and size, or a number of the same size.
    """
    if issubclass(kind, (target, *POINTERS)):
        return True
    if issubclass(kind, ctypes.Array):
        element = kind._type_
        while issubclass(element, ctypes.Array):
            element = element._type_
        return ctypes.sizeof(element) == 1 or fits(element, target)
    if ctypes.sizeof(kind) != ctypes.sizeof(target):
        return False
    if issubclass(kind, (ctypes.Structure, ctypes.Union)):
        return bool(kind.__name__ == target.__name__)
    return not issubclass(target, (ctypes.Structure, ctypes.Union))


def spelled(kind: Any) -> str:
    """A class as messages name it: ``struct statx``, ``int``."""
    if issubclass(kind, ctypes.Structure):
        return f"struct {kind.__name__}"
    return f"union {kind.__name__}" if issubclass(kind, ctypes.Union) else kind.__name__

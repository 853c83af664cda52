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
NoneType = type(None)
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


def element_size(param: Param) -> int:
    """The bytes of one of what a pointer's counter counts; 0 where not known."""
    if param.counts != "elements":
        return 1
    if param.c_type.count("*") > 1:
        return ctypes.sizeof(ctypes.c_void_p)
    return ctypes.sizeof(param.target) if param.target else 0


def make_string(where: str, param: Param) -> Callable[[Any], Any]:
    """Of a string: str in the file system's encoding, bytes, os.PathLike."""
    fsencode = os.fsencode
    other = make_buffer(where, param, "a str, bytes or a path, a ctypes instance")

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
    other = make_buffer(where, param, "a list of strings, a ctypes instance")

    def convert(value: Any) -> Any:
        if not isinstance(value, (list, tuple)):
            return other(value)
        strings = (ctypes.c_char_p * (len(value) + 1))()
        for at, one in enumerate(value):
            if not (isinstance(one, (str, bytes)) or hasattr(one, "__fspath__")):
                raise TypeError(
                    f"{where}: {param.name}[{at}] ({param.c_type}) is a str, bytes or a"
                    f" path, not {spelled(one.__class__)}"
                )
            encoded = os.fsencode(one)
            if b"\0" in encoded:
                raise ValueError(f"{where}: {param.name}[{at}]: embedded null byte")
            strings[at] = encoded
        return strings

    return convert


def make_buffer(where: str, param: Param, other: str = "") -> Callable[..., Any]:
    """Of anything but a string; messages say that ``other`` is possible."""
    name, target, constant = param.name, param.target, param.direction == "in"
    any_struct = param.c_type in ANY_STRUCT or target is None
    least = (
        0 if any_struct or param.counted_by else ctypes.sizeof(target) * param.extent
    )
    known: dict[Any, int] = {}

    def short(size: int, count: int) -> ValueError:
        unit, counter = element_size(param), param.counted_by
        if counter is None:
            number = f"{param.extent} " if param.extent > 1 else ""
            wanted = f"the {count} of {number}{spelled(target)}"
        elif unit > 1:
            kind = spelled(target) if target else "pointer"
            wanted = (
                f"the {count} of the {count // unit} {kind} that {counter.name} says"
            )
        else:
            wanted = f"the {count} that {counter.name} says"
        return ValueError(f"{where}: {name} has {size} bytes, not {wanted}")

    def refusal(kind: Any) -> TypeError:
        what = other or (f"a {spelled(target)}" if target else "a ctypes instance")
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
            return convert_byref(value, value._obj, count)
        return convert_other(value, kind, count)

    def convert_byref(value: Any, behind: Any, count: int) -> Any:
        kind = behind.__class__
        if not (any_struct or fits(kind, target)):
            raise refusal(kind)
        size = ctypes.sizeof(behind)
        if not 0 <= count <= size and not isinstance(behind, POINTERS):
            raise short(size, count)
        return value

    def convert_instance(value: Any, kind: Any, count: int) -> Any:
        if isinstance(value, POINTERS):
            to = getattr(kind, "_type_", None)  # a letter where it is c_void_p's
            if not (any_struct or isinstance(to, (str, NoneType)) or points(to)):
                raise refusal(kind)
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
        except ValueError as error:  # of what is closed, or released
            raise ValueError(f"{where}: {name}: {error}") from None
        if not 0 <= count <= view.nbytes:
            raise short(view.nbytes, count)
        if view.readonly:
            if not constant:
                raise refusal(kind)
            return view.tobytes()
        if not view.c_contiguous:
            raise TypeError(f"{where}: {name}: the buffer is not C contiguous")
        return EMPTY.from_buffer(view)

    def points(to: Any) -> bool:
        return ctypes.sizeof(to) == 1 or fits(to, target)

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

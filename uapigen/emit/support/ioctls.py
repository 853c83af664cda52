"""ioctl numbers that know what they are made of, and the call that goes by it."""

from __future__ import annotations

import ctypes
import os
from numbers import Integral

TYPE_CHECKING = False  # typing itself takes longer to import than all of this
if TYPE_CHECKING:
    from typing import Any

    from .bindings import Bindings

# Architecture's family -> the direction bits' place, the size's width in bits,
# and _IOC_READ, _IOC_WRITE (asm-generic/ioctl.h; asm/ioctl.h of the others).
GENERIC = (30, 14, 2, 1)
ENCODINGS = {
    "alpha": (29, 13, 2, 4),
    "mips": (29, 13, 2, 4),
    "ppc": (29, 13, 2, 4),
    "sparc": (29, 13, 2, 4),
    "parisc": (30, 14, 1, 2),
}
SIZE_PLACE, TYPE_PLACE = 16, 8
# (type, nr) of numbers that are made for a long, and of which the kernel reads
# and writes an int: FS_IOC_{GET,SET}FLAGS and ..VERSION (fs/ioctl.c,
# include/linux/fs.h: FS_IOC32_*), BLKBSZGET and BLKBSZSET (block/ioctl.c).
INTS = {(0x66, 1), (0x66, 2), (0x76, 1), (0x76, 2), (0x12, 112), (0x12, 113)}


def encoding_of(arch: str) -> tuple[int, int, int, int]:
    """How an architecture puts an ioctl number together."""
    for family, found in ENCODINGS.items():
        if arch.startswith(family):
            return found
    return GENERIC


class IoctlNumber(int):
    """An ioctl number: an ``int`` that knows what it is made of."""

    name: str
    argument_spelling: str
    _bindings: Bindings

    def __new__(
        cls, value: int, bindings: Bindings, name: str, spelling: str
    ) -> IoctlNumber:
        """``spelling`` is C's for the argument's type; "" if the header names none."""
        made = super().__new__(cls, value)
        made.name, made.argument_spelling = name, spelling
        made._bindings = bindings
        return made

    @property
    def _encoding(self) -> tuple[int, int, int, int]:
        return encoding_of(self._bindings.abi["arch"])

    @property
    def dir(self) -> int:
        """``_IOC_DIR``: the target's ``_IOC_NONE``, ``_IOC_READ``, ``_IOC_WRITE``."""
        bits = self >> self._encoding[0] & 7
        if bits & 6 and self._bindings.abi["arch"].startswith("sparc"):
            bits &= 6  # the lowest one is the size's then
        return bits

    @property
    def reads(self) -> bool:
        """Whether the kernel fills the argument."""
        return bool(self.dir & self._encoding[2])

    @property
    def writes(self) -> bool:
        """Whether the kernel reads the argument."""
        return bool(self.dir & self._encoding[3])

    @property
    def type(self) -> int:
        """``_IOC_TYPE``: the driver's letter."""
        return self >> TYPE_PLACE & 0xFF

    @property
    def nr(self) -> int:
        """``_IOC_NR``: the command among the driver's."""
        return self & 0xFF

    @property
    def size(self) -> int:
        """``_IOC_SIZE``: of the argument, in bytes; 0 where the number has none."""
        _, width, *_ = self._encoding
        if self._bindings.abi["arch"].startswith("sparc"):
            if not (self.reads or self.writes):
                return 0
            width = 14  # the lowest direction bit is the size's, where there is one
        return self >> SIZE_PLACE & (1 << width) - 1

    @property
    def argument(self) -> Any:
        """The ctypes type that the number is made for, or None."""
        if not self.argument_spelling:
            return None
        return self._bindings.ctype(self.argument_spelling)

    def __repr__(self) -> str:
        return f"<ioctl {self.name} = {int(self):#x}>"

    def __str__(self) -> str:
        return int.__repr__(self)

    def __format__(self, spec: str) -> str:
        return int.__format__(self, spec)

    def __copy__(self) -> IoctlNumber:
        return self

    def __deepcopy__(self, _: Any) -> IoctlNumber:
        return self

    def __reduce__(self) -> Any:
        return self._bindings.lookup, (self.name,)


def ioctl(fd: Any, number: int, argument: Any = None) -> Any:
    """Call ioctl(2); what the kernel filled, or what the call returned.

    For a number whose argument the kernel fills, that is ``argument``, or
    without one a new object of the number's type; a scalar's value, ``bytes``
    for ``bytes``. ``argument`` may be a ctypes object or a buffer of the
    number's size, an int for a scalar, or an int for a number without a size.
    A plain ``int(number)`` is not held against any size: some drivers want
    another argument than their number says (``TUNSETIFF``).
    Raises OSError, and TypeError for an argument of another size and a number
    of another architecture.
    """
    if isinstance(number, IoctlNumber) and not number._bindings._is_host():
        arch = number._bindings.abi["arch"]
        raise TypeError(f"{number!r} is a number of {arch}, not of this machine")
    descriptor = fd if isinstance(fd, int) else fd.fileno()
    given, passed = passed_for(number, argument)
    libc = ctypes.CDLL(None, use_errno=True)
    word = ctypes.c_ulong(passed) if isinstance(passed, int) else ctypes.byref(passed)
    done = int(libc.ioctl(descriptor, ctypes.c_ulong(number), word))
    if done < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    if given is None or not getattr(number, "reads", True):
        return done
    return result_of(passed, given)


def passed_for(number: int, argument: Any) -> tuple[Any, Any]:
    """(what decides the result's form, the int or ctypes object to pass).

    Raises TypeError for an argument that does not fit the number.
    """
    size = number.size if isinstance(number, IoctlNumber) else 0
    kind = number.argument if isinstance(number, IoctlNumber) and size else None
    short = isinstance(number, IoctlNumber) and (number.type, number.nr) in INTS
    if short:
        kind = ctypes.c_uint
    if argument is None:
        if not size:
            return None, 0
        if not (kind and getattr(number, "reads", False)) or getattr(
            number, "writes", True
        ):
            raise TypeError(f"{number!r} wants an argument of {size} bytes")
        made = kind()
        return made, made
    if isinstance(argument, Integral) and not hasattr(argument, "_b_base_"):
        if not size:
            return None, int(argument) & (1 << 8 * ctypes.sizeof(ctypes.c_ulong)) - 1
        if kind is None or not hasattr(kind, "value") or hasattr(kind, "_length_"):
            raise TypeError(f"{number!r} wants {spelled(number)}, not an int")
        made = kind(int(argument))
        if made.value != argument:
            raise TypeError(f"{number!r}: {argument} does not fit {spelled(number)}")
        return made, made
    if hasattr(argument, "_b_base_"):
        passed = argument
    elif isinstance(argument, bytes):
        passed = (ctypes.c_char * len(argument)).from_buffer_copy(argument)
    else:
        view = memoryview(argument)
        passed = (ctypes.c_char * view.nbytes).from_buffer(view)
    length = ctypes.sizeof(passed)
    fits = length == size or (short and length == 4)
    if size and not fits and not (length > size and has_tail(kind)):
        raise TypeError(
            f"{number!r} wants {spelled(number)} of {size} bytes, not {length}"
        )
    return argument, passed


def spelled(number: Any) -> str:
    """What a number wants, for messages."""
    return number.argument_spelling or "an argument"


def has_tail(kind: Any) -> bool:
    """Whether a type ends in a flexible array, and its objects may be longer."""
    leaves = getattr(kind, "_leaves_", ())
    storage = leaves[-1][1] if leaves else None
    return getattr(storage, "_length_", None) == 0


def result_of(passed: Any, given: Any) -> Any:
    """What the kernel filled, in the form in which the caller gave it."""
    if isinstance(given, bytes):
        return bytes(passed)
    if hasattr(given, "value") and not hasattr(given, "_length_"):
        return given.value
    return given

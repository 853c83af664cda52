"""ioctl numbers that know what they are made for, and the call that takes them.

The parts of a number are as ``asm-generic/ioctl.h`` has them, on a few targets as
their own ``asm/ioctl.h``. Sizes are bytes.
"""

from __future__ import annotations

import ctypes

TYPE_CHECKING = False  # typing itself takes longer to import than all of this
if TYPE_CHECKING:
    from typing import Any

    from .bindings import Bindings

WIDE_DIRECTION = ("alpha", "mips", "powerpc", "ppc", "sparc")  # 3 bits, 13 for the size
READ, WRITE = 2, 1  # _IOC_READ, _IOC_WRITE of most targets
WIDE_READ, WIDE_WRITE = 2, 4


class IoctlNumber(int):
    """An ioctl number: an ``int`` that knows what it consists of."""

    _bindings_: Any = None
    _spelling_ = ""

    def __new__(cls, value: int, bindings: Bindings, spelling: str) -> IoctlNumber:
        made = super().__new__(cls, value)
        made._bindings_, made._spelling_ = bindings, spelling
        return made

    @property
    def _size_bits(self) -> int:
        wide = self._bindings_.abi["arch"].startswith(WIDE_DIRECTION)
        return 13 if wide else 14

    @property
    def dir(self) -> int:
        """``_IOC_DIR``: whether the kernel reads or writes the argument."""
        return (int(self) & 0xFFFFFFFF) >> 16 + self._size_bits

    @property
    def type(self) -> int:
        """``_IOC_TYPE``: the letter of the driver, as a number."""
        return int(self) >> 8 & 0xFF

    @property
    def nr(self) -> int:
        """``_IOC_NR``: the number among the driver's."""
        return int(self) & 0xFF

    @property
    def size(self) -> int:
        """``_IOC_SIZE``: of the argument, in bytes."""
        return int(self) >> 16 & (1 << self._size_bits) - 1

    @property
    def argument(self) -> Any:
        """The type that the number is made for; raises LookupError without it."""
        return self._bindings_.ctype(self._spelling_)

    @property
    def reads(self) -> bool:
        """Whether the caller gets something back (``_IOR``, ``_IOWR``)."""
        return bool(self.dir & (WIDE_READ if self._size_bits == 13 else READ))

    @property
    def writes(self) -> bool:
        """Whether the caller hands something over (``_IOW``, ``_IOWR``)."""
        return bool(self.dir & (WIDE_WRITE if self._size_bits == 13 else WRITE))

    def __repr__(self) -> str:
        return hex(self)

    def __copy__(self) -> IoctlNumber:
        return self

    def __deepcopy__(self, _: Any) -> IoctlNumber:
        return self

    def __reduce__(self) -> Any:
        return self._bindings_.ioctl_number, (int(self), self._spelling_)


def ioctl(fd: Any, number: int, arg: Any = None) -> Any:
    """``ioctl(2)``: the filled argument, or what the call returned where there is none.

    ``arg`` is an instance of the type that the number is made for, or a writable
    buffer, which is filled in place; for a number's own integer type, an int; None
    for a new, empty instance. An integer argument comes back as an int. Other
    numbers (``_IO``, and those older than the encoding) take None, an int or an object.

    Raises OSError as the kernel says, TypeError for an argument of another size
    than the number has, ValueError for a number of another architecture.
    """
    import fcntl

    if not isinstance(number, IoctlNumber):
        if arg is None or isinstance(arg, int):
            return fcntl.ioctl(fd, number, int(arg or 0))
        fcntl.ioctl(fd, number, arg, True)
        return arg
    bindings = number._bindings_
    if not bindings._is_host():
        arch = bindings.abi["arch"]
        raise ValueError(f"{number!r} is a number of {arch}, not of this machine")
    kind = number.argument
    made = arg
    if arg is None:
        made = kind()
    elif isinstance(arg, int) and issubclass(kind, ctypes._SimpleCData):
        made = kind(arg)
    size = memoryview(made).nbytes
    if size != number.size:
        wanted = f"{number.size} ({number._spelling_})"
        raise TypeError(f"an argument of {size} bytes, where {number!r} has {wanted}")
    fcntl.ioctl(fd, number, made, True)
    return made.value if isinstance(made, ctypes._SimpleCData) else made

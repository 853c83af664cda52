"""Prototypes as calls: how each value travels, and what says failure.

A C value is described by :class:`Value`: the ctypes type that carries it through a
call, and what Python sees. The conventions are the kernel's: ``include/linux/err.h``
for pointers that are errors, ``-errno`` for signed integers.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys

from .bindings import MACHINES
from .declarators import outermost, unqualified
from .members import Pointer

TYPE_CHECKING = False  # typing itself takes longer to import than all of this
if TYPE_CHECKING:
    from typing import Any

    from .bindings import Bindings

MAX_ERRNO = 4095  # include/linux/err.h
WORD_BITS = 8 * ctypes.sizeof(ctypes.c_size_t)
WORD_MASK = (1 << WORD_BITS) - 1
ERROR_VALUES = {"get_unmapped_area"}
"""Members that return an unsigned long which is an error where it is one as a pointer.

``IS_ERR_VALUE``, as ``mm/mmap.c`` asks of what that member of a file returns.
"""
FAILED = {
    "__poll_t": 0x8,  # EPOLLERR
    "vm_fault_t": 0x2,  # VM_FAULT_SIGBUS
    "blk_status_t": 10,  # BLK_STS_IOERR
}
"""What says failure in a type that has a value for it, but no room for an errno."""
INTEGER_CARRIERS: dict[tuple[int, bool], Any] = {
    (1, False): ctypes.c_uint8,
    (2, False): ctypes.c_uint16,
    (4, False): ctypes.c_uint32,
    (8, False): ctypes.c_uint64,
    (1, True): ctypes.c_int8,
    (2, True): ctypes.c_int16,
    (4, True): ctypes.c_int32,
    (8, True): ctypes.c_int64,
}
FLOAT_CARRIERS: dict[int, Any] = {4: ctypes.c_float, 8: ctypes.c_double}
CACHED_POINTERS = 1024
"""Pointers of one type that are kept made, since most calls are about few objects."""


class MissingOperationError(NotImplementedError):
    """A function pointer is NULL: ``args`` are ENOSYS and which it is."""

    errno = errno.ENOSYS

    def __str__(self) -> str:
        return f"[Errno {self.args[0]}] {self.args[1]}"


class UnsupportedOperationError(TypeError):
    """A function pointer that is not called from here, nor made: why."""


def refusal(bindings: Bindings) -> str:
    """Why nothing of these bindings can be called in this process, or ""."""
    arch, size = bindings.abi["arch"], ctypes.sizeof(ctypes.c_void_p)
    machine = os.uname().machine
    here = {("x86_64", 4): "i386", ("aarch64", 4): "arm"}.get((machine, size), machine)
    here = MACHINES.get(here, here)
    native = bindings.big_endian == (sys.byteorder == "big")
    if arch == here and native and bindings.pointer_size == size:
        return ""
    return (
        f"these bindings are for {arch}, this process is {here} with {size}-byte"
        " pointers: signatures and offsets are data here"
    )


class FunctionPointer(Pointer):
    """A pointer to a function of this process: called with what a method takes."""

    _signature_: Any = None

    def __call__(self, *args: Any) -> Any:
        from .invocations import bound

        return bound(self._signature_, int(self), "the function pointer")(*args)


def local_pointer(bindings: Bindings, target: str) -> Any:
    """The class of pointers to a C spelling that are addresses in this process."""
    made = bindings.local_pointers.get(target)
    if made is None:
        from .keeping import LOCAL

        bases: tuple[Any, ...] = (bindings.pointer(target),)
        body: dict[str, Any] = {"kept": LOCAL, "_made_": {}}
        function = function_spelling(bindings, target)
        if function is not None:
            bases = (FunctionPointer, *bases)
            body["_signature_"] = Late(bindings, function)
        name = "FunctionPointer" if function is not None else "Pointer"
        made = type(name, bases, body)
        made = bindings.local_pointers.setdefault(target, made)
    return made


class Late:
    """A signature as a class attribute, made when first asked for."""

    def __init__(self, bindings: Bindings, spelling: str) -> None:
        self.bindings, self.spelling = bindings, spelling

    def __get__(self, _: Any, owner: Any) -> Any:
        return signature_of(self.bindings, self.spelling)


def function_spelling(bindings: Bindings, spelling: str) -> str | None:
    """The function type that a spelling is or names; None for another type."""
    for _ in range(64):
        spelling = unqualified(spelling)
        if spelling.endswith(")") and outermost(spelling) is None:
            return spelling
        target = bindings.tables.entry("typedefs", spelling)
        if target is None:
            return None
        spelling = target
    return None


class Value:
    """How a parameter or a result travels.

    ``kind`` is ``void``, ``bool``, ``int``, ``float``, ``pointer`` or ``record``;
    ``carrier`` the ctypes type of it in a call, ``python`` what a method gets. ``low``
    and ``high`` bound an integer; ``carries`` says whether a negative errno fits.
    """

    __slots__ = (
        "carrier",
        "carries",
        "failed",
        "high",
        "kind",
        "low",
        "python",
        "size",
        "spelling",
    )

    def __init__(self, kind: str, spelling: str, carrier: Any, python: Any) -> None:
        self.kind, self.spelling = kind, spelling
        self.carrier, self.python = carrier, python
        self.low = self.high = self.failed = 0
        self.size = ctypes.sizeof(carrier) if carrier is not None else 0
        self.carries = kind == "pointer"


def value_of(bindings: Bindings, spelling: str) -> Value:
    """The value of a C type; raises :class:`UnsupportedOperationError` without one."""
    found: Value | None = bindings.values.get(spelling)
    if found is None:
        found = bindings.values.setdefault(spelling, made_value(bindings, spelling))
    return found


def made_value(bindings: Bindings, spelling: str) -> Value:
    plain = unqualified(spelling)
    failed = 0
    for _ in range(64):
        outer = outermost(plain)
        if outer is not None:
            return pointer_value(bindings, spelling, outer[1])
        if plain == "void":
            return Value("void", spelling, None, None)
        if function_spelling(bindings, plain) is not None:
            return pointer_value(bindings, spelling, plain)
        if plain.startswith(("struct ", "union ")):
            return record_value(bindings, spelling, plain)
        if plain in bindings.scalars or plain.startswith("enum "):
            return scalar_value(bindings, spelling, plain, failed)
        failed = failed or FAILED.get(plain, 0)
        target = bindings.tables.entry("typedefs", plain)
        if target is None:
            break
        plain = unqualified(target)
    raise UnsupportedOperationError(f"{spelling} is not among these bindings")


def pointer_value(bindings: Bindings, spelling: str, target: str) -> Value:
    made = Value("pointer", spelling, ctypes.c_size_t, local_pointer(bindings, target))
    made.low, made.high = -(1 << WORD_BITS - 1), WORD_MASK
    return made


def scalar_value(
    bindings: Bindings, spelling: str, plain: str, failed: int = 0
) -> Value:
    if plain in bindings.scalars and bindings.scalars[plain][0] == "f":
        size = bindings.scalars[plain][1]
        if size not in FLOAT_CARRIERS:
            raise UnsupportedOperationError(f"{spelling} is a float of {size} bytes")
        return Value("float", spelling, FLOAT_CARRIERS[size], float)
    try:
        size, signed, boolean = bindings.integer(plain)
    except LookupError as error:
        raise UnsupportedOperationError(str(error)) from None
    if boolean and size == 1:
        return Value("bool", spelling, ctypes.c_bool, bool)
    if plain in bindings.scalars and bindings.scalars[plain][0] == "c":
        signed = True
    if size not in (1, 2, 4, 8):
        raise UnsupportedOperationError(f"{spelling} is an integer of {size} bytes")
    made = Value("int", spelling, INTEGER_CARRIERS[size, signed], int)
    bits = 8 * size
    made.low, made.high = -(1 << bits - 1), (1 << bits - signed) - 1
    made.carries, made.failed = signed and size >= 4, failed
    return made


def record_value(bindings: Bindings, spelling: str, plain: str) -> Value:
    try:
        record = bindings.resolve(plain)
    except LookupError as error:
        raise UnsupportedOperationError(str(error)) from None
    if has_floats(record):
        raise UnsupportedOperationError(
            f"{spelling} by value has floating point members"
        )
    size, align = ctypes.sizeof(record), min(ctypes.alignment(record), 8)
    if size <= 16 and os.uname().machine == "x86_64" and is_unaligned(record):
        # In memory, though small (psABI 3.2.3), and ctypes has no way to say so.
        raise UnsupportedOperationError(f"{spelling} by value has unaligned members")
    found = bindings.tables.statement("record", plain.partition(" ")[2])
    if found is not None and found[2]["align"] > 8:
        # On the stack it is aligned so, and ctypes' words are not.
        raise UnsupportedOperationError(
            f"{spelling} by value is aligned to {found[2]['align']} bytes"
        )
    # Of plain words: what ctypes makes of unions, padding and packing differs between
    # versions, and an ABI passes all structs of whole numbers of one size alike.
    word = INTEGER_CARRIERS[align, False]
    words = [(f"w{at}", word) for at in range(size // align)]
    if len(words) > 16:
        words = [("w", word * len(words))]
    made = Value("record", spelling, None, record)
    made.carrier = type("Carrier", (ctypes.Structure,), {"_fields_": words})
    made.size = size
    return made


def has_floats(kind: Any) -> bool:
    """Whether a ctypes type has floating point members."""
    if hasattr(kind, "_leaves_"):
        return any(
            leaf[1] is not None and has_floats(leaf[1]) for leaf in kind._leaves_
        )
    if isinstance(kind, type) and issubclass(kind, ctypes.Array):
        return has_floats(kind._type_)
    return getattr(kind, "_type_", "") in ("f", "d", "g")


def is_unaligned(kind: Any, at: int = 0) -> bool:
    """Whether a member of a ctypes type at that offset is off its natural alignment."""
    if hasattr(kind, "_leaves_"):
        return any(
            leaf[1] is not None and is_unaligned(leaf[1], at + leaf[2])
            for leaf in kind._leaves_
        )
    if isinstance(kind, type) and issubclass(kind, ctypes.Array):
        element: Any = kind._type_
        offsets = range(at, at + ctypes.sizeof(kind), ctypes.sizeof(element) or 1)
        return any(is_unaligned(element, offset) for offset in offsets)
    return at % ctypes.sizeof(kind) != 0


class Signature:
    """A prototype as a call: its values, and what is compiled for it.

    ``reason`` says why it is neither called nor made, "" where it is; ``made`` holds
    what ``callbacks.py`` and ``invocations.py`` compile.
    """

    def __init__(self, bindings: Bindings, spelling: str, member: str = "") -> None:
        self.bindings, self.spelling = bindings, spelling
        self.prototype = bindings.prototype(spelling)
        self.made: dict[str, Any] = {}
        self.params: list[Value] = []
        self.returns = Value("void", "void", None, None)
        self.reason = ""
        try:
            self.params = [value_of(bindings, c) for _, c in self.prototype.params]
            self.returns = value_of(bindings, self.prototype.returns)
        except UnsupportedOperationError as error:
            self.reason = str(error)
        if self.prototype.variadic:
            self.reason = "it is variadic: its arguments differ from call to call"
        if self.returns.kind == "record" and not self.reason:
            self.reason = self._unreturnable()
        if member in ERROR_VALUES and self.returns.spelling == "long unsigned int":
            self.returns = scalar_value(
                bindings, "long unsigned int", "long unsigned int"
            )
            self.returns.carries = True

    def _unreturnable(self) -> str:
        """Why ctypes' callbacks, whose results are words, cannot return a struct."""
        size, machine = self.returns.size, os.uname().machine
        if sys.byteorder == "little" and machine in ("x86_64", "aarch64") and size <= 8:
            return ""
        if machine == "x86_64" and size > 16 and WORD_BITS == 64:
            return ""
        return f"it returns {self.returns.spelling}, {size} bytes, by value"

    @property
    def in_memory(self) -> bool:
        """Whether a hidden first argument says where the result goes (psABI 3.2.3)."""
        return self.returns.kind == "record" and self.returns.size > 16

    @property
    def passed(self) -> list[Value]:
        """The parameters that are passed: not structs of size 0, as in GNU C."""
        return [v for v in self.params if v.kind != "record" or v.size]

    def foreign(self) -> Any:
        """ctypes' type of a function of this signature that C has."""
        found = self.made.get("foreign")
        if found is None:
            carriers = [value.carrier for value in self.passed]
            # A struct of size 0 is not returned, as it is not passed.
            returns = self.returns.carrier if self.returns.size else None
            found = ctypes.CFUNCTYPE(returns, *carriers)
            found = self.made.setdefault("foreign", found)
        return found

    def check(self, where: str) -> None:
        """Raise where this cannot be called or made in this process."""
        reason = refusal(self.bindings)
        if reason:
            raise NotImplementedError(f"{where}: {reason}")
        if self.reason:
            raise UnsupportedOperationError(f"{where} is left out: {self.reason}")


def signature_of(bindings: Bindings, spelling: str, member: str = "") -> Signature:
    """The signature of a prototype, which all members of that prototype share."""
    key = (spelling, member) if member in ERROR_VALUES else (spelling, "")
    found: Signature | None = bindings.signatures.get(key)
    if found is None:
        found = bindings.signatures.setdefault(key, Signature(bindings, *key))
    return found

"""C's function pointers as Python functions: what ``wrap`` calls through.

Arguments are converted and checked by their C types; what the kernel's conventions take
for an error is raised as OSError.
"""

from __future__ import annotations

import ctypes
import operator
import os

from .keeping import address_of
from .signatures import (
    MAX_ERRNO,
    WORD_MASK,
    MissingOperationError,
    Signature,
    Value,
    function_spelling,
    signature_of,
)

TYPE_CHECKING = False  # typing itself takes longer to import than all of this
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

CTYPES_OBJECT: Any = ctypes.Structure.__base__  # functions that C has are some, too


class Slot:
    """A function pointer in memory, and what was made of its address last."""

    __slots__ = ("made", "signature", "where", "word")

    def __init__(self, signature: Signature, address: int, where: str) -> None:
        self.signature, self.where = signature, where
        self.word = ctypes.c_size_t.from_address(address)
        self.made: tuple[int, Any] = (0, None)

    def function(self) -> Any:
        """What is pointed to now; raises :class:`MissingOperationError` for NULL."""
        address, found = self.made
        now = self.word.value
        if now != address or not now:
            self.signature.check(self.where)
            if not now:
                raise MissingOperationError(
                    MissingOperationError.errno, f"{self.where} is NULL"
                )
            found = self.signature.foreign()(now)
            self.made = (now, found)
        return found


def failure(code: int, where: str) -> OSError:
    """The error that a function returned."""
    return OSError(code, os.strerror(code), where)


def is_python(given: Any) -> bool:
    """Whether that is a function of Python's, not one that C has."""
    return callable(given) and not isinstance(given, (int, CTYPES_OBJECT))


def converter(signature: Signature, value: Value, name: str) -> Callable[[Any], Any]:
    """What makes a C value of an argument; raises TypeError, OverflowError."""
    bindings = signature.bindings
    if value.kind == "float":
        return float
    if value.kind == "bool":
        return lambda given: bool(operator.index(given))
    if value.kind == "record":
        carrier, record = value.carrier, value.python

        def convert_record(given: Any) -> Any:
            if not isinstance(given, record):
                kind = type(given).__name__
                raise TypeError(f"{name}: {kind} is no {value.spelling}")
            return carrier.from_buffer_copy(given)

        return convert_record
    if value.kind == "pointer":
        function = function_spelling(bindings, value.python._spelling_)

        def convert_pointer(given: Any) -> Any:
            if function is not None and is_python(given):
                from .callbacks import Callback

                made = Callback(signature_of(bindings, function), given, name)
                return made.address, made
            number, kept = address_of(bindings, given)
            if not value.low <= number <= value.high:
                raise OverflowError(f"{name}: {number} is no address")
            return number & WORD_MASK, kept

        return convert_pointer

    def convert(given: Any) -> int:
        number = operator.index(given)
        if not value.low <= number <= value.high:
            raise OverflowError(f"{name}: {number} does not fit {value.spelling}")
        return number

    return convert


def body(
    signature: Signature, names: list[str], scope: dict[str, Any], where: str
) -> list[str]:
    """The statements of a function, whose parameters have these names, behind ``_u_f``.

    Names in ``scope`` end with ``where``, so that many functions may share one.
    """
    scope["_u_room"] = room
    lines, words = ["    _u_room()"], []
    for at, (name, value) in enumerate(zip(names, signature.params, strict=True)):
        if value.kind == "record" and not value.size:
            continue
        known = f"_u_{where}_{at}"
        scope[known] = converter(signature, value, name)
        if value.kind == "pointer":
            lines.append(f"    _u_w{at}, _u_k{at} = {known}({name})")
            words.append(f"_u_w{at}")
            continue
        if value.kind == "int":
            inside = f"{value.low if value.carries else 0} <= {name} <= {value.high}"
            lines += [
                f"    if not ({name}.__class__ is int and {inside}):",
                f"        {name} = {known}({name})",
            ]
        else:
            lines.append(f"    {name} = {known}({name})")
        words.append(name)
    return [*lines, *answer(signature, f"_u_f({', '.join(words)})", scope, where)]


def room() -> None:
    """Raise RecursionError unless a callback, and what reports its error, can run.

    ctypes returns anything if not even the first function of a callback can.
    """
    _room(5)


def _room(depth: int) -> None:
    if depth:
        _room(depth - 1)


def answer(
    signature: Signature, call: str, scope: dict[str, Any], where: str
) -> list[str]:
    """The call, and what becomes of its result."""
    returns = signature.returns
    if returns.kind == "void":
        return [f"    {call}"]
    if returns.kind == "pointer":
        scope[f"_u_{where}_r"] = returns.python
        return [
            f"    _u_r = {call}",
            f"    if _u_r >= {WORD_MASK - MAX_ERRNO + 1}:",
            f"        raise _u_failure({WORD_MASK + 1} - _u_r, _u_names[{where}])",
            f"    return _u_{where}_r(_u_r)",
        ]
    if returns.kind == "record":
        scope[f"_u_{where}_r"] = returns.python.from_buffer_copy
        if not returns.size:
            return [f"    {call}", f"    return _u_{where}_r(b'')"]
        return [f"    return _u_{where}_r({call})"]
    if returns.kind == "int" and returns.carries and returns.high < WORD_MASK:
        return [
            f"    _u_r = {call}",
            f"    if -{MAX_ERRNO} <= _u_r < 0:",
            f"        raise _u_failure(-_u_r, _u_names[{where}])",
            "    return _u_r",
        ]
    if returns.kind == "int" and returns.carries:
        return [
            f"    _u_r = {call}",
            f"    if _u_r >= {WORD_MASK - MAX_ERRNO + 1}:",
            f"        raise _u_failure({WORD_MASK + 1} - _u_r, _u_names[{where}])",
            "    return _u_r",
        ]
    return [f"    return {call}"]


def bound(signature: Signature, address: int, where: str) -> Any:
    """The function at an address, as one of Python; kept with the signature."""
    signature.check(where)
    if not address:
        raise MissingOperationError(MissingOperationError.errno, f"{where} is NULL")
    make = signature.made.get("bound")
    if make is None:
        names = [f"_u_a{at}" for at in range(len(signature.params))]
        scope: dict[str, Any] = {"_u_failure": failure, "_u_names": [where]}
        lines = body(signature, names, scope, "0")
        listed = ", ".join(["_u_f", *names, "/"])
        source = "\n".join([f"def function({listed}):", *lines, ""])
        exec(compile(source, f"<call {signature.spelling}>", "exec"), scope)
        make = signature.made.setdefault("bound", scope["function"])
    function = signature.foreign()(address)
    return lambda *args: make(function, *args)

"""Python methods behind C function pointers.

For each signature a function is compiled that turns the arguments into what a method
takes, and what it returns or raises into the kernel's convention. An exception never
reaches C: what a result cannot say is reported through ``sys.unraisablehook``.

A callback that is dropped is not freed at once: C may still have its address, or be in
it. A call that comes then is refused like one that failed, and reported.
"""

from __future__ import annotations

import ctypes
import errno
import operator
from collections import deque

from .keeping import address_of
from .signatures import (
    CACHED_POINTERS,
    MAX_ERRNO,
    WORD_MASK,
    MissingOperationError,
    Signature,
    Value,
)

TYPE_CHECKING = False  # typing itself takes longer to import than all of this
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

QUARANTINE = 4096
"""Callbacks, and memories of tables, that are dropped but not freed yet."""
DROPPED: deque[Any] = deque(maxlen=QUARANTINE)
REPORTER = ctypes.CFUNCTYPE(None)


class DroppedOperationError(RuntimeError):
    """C called a function pointer of a table that is gone."""


class Raiser:
    """Raises an error where nobody can catch it, so that the hook is given it.

    The arguments of ``sys.unraisablehook`` are not made in Python; ctypes makes them of
    what leaves a callback, and calls the hook.
    """

    def __init__(self, error: BaseException, where: str) -> None:
        self.error, self.where = error, where

    def __call__(self) -> None:
        error = self.error
        del self.error
        try:
            raise error
        finally:
            del error  # a traceback holds this frame

    def __repr__(self) -> str:
        return self.where


def report(error: BaseException, where: str) -> None:
    """Hand an error to ``sys.unraisablehook``."""
    REPORTER(Raiser(error, where))()


class Outcome:
    """What becomes of a method's result or error, for one callback."""

    __slots__ = ("bindings", "kept", "value", "where")

    def __init__(self, bindings: Any, value: Value, where: str) -> None:
        self.bindings, self.value, self.where = bindings, value, where
        self.kept: Any = None

    def failed(self, error: OSError) -> Any:
        """The result for an OSError: its errno where the type has room for one."""
        code = error.errno
        if self.value.carries and type(code) is int and 0 < code <= MAX_ERRNO:
            return error_result(self.value, code)
        return self.broken(error)

    def broken(self, error: BaseException) -> Any:
        """The result for an error that is nobody's convention, which is reported."""
        if isinstance(error, MissingOperationError) and self.value.carries:
            return error_result(self.value, errno.ENOSYS)
        report(error, self.where)
        return error_result(self.value, errno.EIO)

    def integer(self, result: Any) -> int:
        """A result as an integer of the type; raises TypeError, OverflowError."""
        value = self.value
        if result is None:
            return 0
        number = operator.index(result)
        if not value.low <= number <= value.high:
            raise OverflowError(f"{number} does not fit {value.spelling}")
        return number

    def boolean(self, result: Any) -> bool:
        """A result as a bool: also None and integers."""
        return bool(result is not None and operator.index(result))

    def floating(self, result: Any) -> float:
        """A result as a float."""
        return 0.0 if result is None else float(result)

    def pointer(self, result: Any) -> int:
        """A result as an address; the last object returned is kept."""
        number, self.kept = address_of(self.bindings, result)
        if not self.value.low <= number <= self.value.high:
            raise OverflowError(f"{number} is no address")
        return number & WORD_MASK

    def record(self, result: Any) -> int:
        """A struct of up to 8 bytes as the word that it is returned in."""
        return int.from_bytes(self.bytes_of(result), "little")

    def bytes_of(self, result: Any) -> bytes:
        """A struct's bytes; raises TypeError for what is no such struct."""
        if result is None:
            return bytes(self.value.size)
        if not isinstance(result, self.value.python):
            kind = type(result).__name__
            raise TypeError(f"{kind} is no {self.value.spelling}")
        return bytes(result)


CONVERTERS = {
    "int": Outcome.integer,
    "bool": Outcome.boolean,
    "float": Outcome.floating,
    "pointer": Outcome.pointer,
    "record": Outcome.record,
}


def error_result(value: Value, code: int) -> Any:
    """What is returned for an errno."""
    if value.kind == "pointer":
        return -code & WORD_MASK
    if value.kind == "int":
        if value.carries:
            return -code if value.high < WORD_MASK else -code & WORD_MASK
        return value.failed
    return {"bool": False, "float": 0.0, "record": 0}.get(value.kind)


class Callback:
    """A C function that calls a Python one; ``address`` is what C calls."""

    __slots__ = ("__weakref__", "_retire", "address", "function")

    def __init__(
        self, signature: Signature, method: Callable[..., Any], where: str
    ) -> None:
        signature.check(where)
        make, kind = maker(signature)
        outcome = Outcome(signature.bindings, signature.returns, where)
        callback, self._retire = make(method, outcome, refused)
        self.function = kind(callback)
        # Not by ctypes.cast(), which would make the function keep itself alive.
        self.address: int = ctypes.c_size_t.from_buffer(self.function).value

    # The default outlives the module's names, which are gone when an interpreter ends.
    def __del__(self, drop: Callable[[Any], None] = DROPPED.append) -> None:
        if hasattr(self, "address"):
            self._retire()
            drop(self.function)


def refused(*_: Any) -> Any:
    """Stands for a method whose table is gone."""
    raise DroppedOperationError("called after its table was dropped")


class Memory:
    """The bytes of a table, which outlive it as its callbacks do."""

    __slots__ = ("__weakref__", "data")

    def __init__(self, size: int) -> None:
        self.data = bytearray(size)

    def __del__(self, drop: Callable[[Any], None] = DROPPED.append) -> None:
        drop(self.data)


def maker(signature: Signature) -> tuple[Callable[..., Any], Any]:
    """(what makes a callback's function, and what retires it; its ctypes type)."""
    found = signature.made.get("callback")
    if found is None:
        found = signature.made.setdefault(
            "callback", (compiled(signature), kind_of(signature))
        )
    return found  # type: ignore[no-any-return]


def kind_of(signature: Signature) -> Any:
    """ctypes' type of the callback."""
    carriers = [value.carrier for value in signature.passed]
    returns = signature.returns.carrier
    if signature.in_memory:
        carriers.insert(0, ctypes.c_size_t)
        returns = ctypes.c_size_t
    elif signature.returns.kind == "record":
        returns = ctypes.c_uint64
    return ctypes.CFUNCTYPE(returns, *carriers)


def compiled(signature: Signature) -> Callable[..., Any]:
    """The function that makes callbacks of this signature."""
    returns = signature.returns
    scope: dict[str, Any] = {}
    names, arguments, pointers, records = [], [], [], []
    for at, value in enumerate(signature.params):
        if value.kind == "record":
            scope[f"r{at}"] = value.python.from_buffer_copy
            if not value.size:
                arguments.append(f"r{at}(b'')")
                continue
            records.append(f"            a{at} = r{at}(a{at})")
        elif value.kind == "pointer":
            scope[f"p{at}"] = value.python._made_
            scope[f"c{at}"] = value.python
            pointers.append(at)
        names.append(f"a{at}")
        arguments.append(f"a{at}")
    lines = [
        "def make(method, outcome, refused):",
        *["    failed, broken = outcome.failed, outcome.broken"],
    ]
    if returns.kind != "void":
        scope["converter"] = CONVERTERS[returns.kind]
        lines.append("    convert = converter.__get__(outcome)")
    if signature.in_memory:
        scope |= {"memmove": ctypes.memmove, "size": returns.size}
        names.insert(0, "to")
    lines.append(f"    def callback({', '.join(names)}):")
    if pointers:
        scope["missing"] = pointer_made
        found = "; ".join(f"a{at} = p{at}[a{at}]" for at in pointers)
        made = "; ".join(f"a{at} = missing(c{at}, a{at})" for at in pointers)
        lines += [
            f"        try: {found}",
            f"        except KeyError: {made}",
        ]
    call = f"method({', '.join(arguments)})"
    lines += ["        try:", *records, *ending(signature, call)]
    lines += [
        "        except OSError as error: result = failed(error)",
        "        except BaseException as error: result = broken(error)",
    ]
    if signature.in_memory:
        lines += ["        memmove(to, bytes(size), size)", "        return to"]
    else:
        lines.append("        return result")
    lines += [
        "    def retire():",
        "        nonlocal method",
        "        method = refused",
        "    return callback, retire",
    ]
    source = "\n".join(lines) + "\n"
    exec(compile(source, f"<callback {signature.spelling}>", "exec"), scope)
    make: Callable[..., Any] = scope["make"]
    return make


def ending(signature: Signature, call: str) -> list[str]:
    """The call of the method, and what is returned if it returns."""
    returns = signature.returns
    if signature.in_memory:
        return [
            f"            memmove(to, outcome.bytes_of({call}), size)",
            "            return to",
        ]
    if returns.kind == "void":
        return [f"            {call}", "            return"]
    lines = [f"            result = {call}"]
    if returns.kind == "int":
        lines += [
            f"            if result.__class__ is int and 0 <= result <= {returns.high}:"
            " return result"
        ]
    elif returns.kind == "bool":
        lines += ["            if result.__class__ is bool: return result"]
    elif returns.kind == "pointer":
        lines += ["            if result is None: return 0"]
    return [*lines, "            return convert(result)"]


def pointer_made(kind: Any, address: int) -> Any:
    """A pointer of a call: the one that was made for that address before, if any."""
    made = kind._made_
    if type(address) is not int:  # found before another one was missing
        return address
    found = made.get(address)
    if found is None:
        if len(made) >= CACHED_POINTERS:
            made.clear()
        found = made[address] = kind(address)
    return found

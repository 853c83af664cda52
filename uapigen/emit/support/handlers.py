"""Syscalls the other way round: Python functions that answer them.

What a supervisor, a tracer or an emulator gets is a number and the argument
registers. :class:`Handlers` makes typed values of these, calls the function
that is registered for the name, and makes of what it returns or raises what the
kernel would put into the result's register.
"""

from __future__ import annotations

import ctypes
import errno
import inspect
import operator
import os

TYPE_CHECKING = False  # typing itself takes longer to import than all of this
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from .syscalls import Param, Syscall, Table

    Registers = Sequence[int] | Mapping[str, int]

PAGE_SIZE = 4096
LONGEST_STRING = 1 << 20
NOT_FROM_A_REGISTER = (
    "bytearray",
    "bytes",
    "dict",
    "float",
    "list",
    "set",
    "str",
    "tuple",
)
"""Annotations that no parameter of a handler can have."""


class ProcessMemory:
    """The memory of another process, by ``/proc/PID/mem``: as ptrace may see it.

    Raises OSError where it may not, or where nothing is mapped.
    """

    def __init__(self, pid: int) -> None:
        self._fd = os.open(f"/proc/{pid}/mem", os.O_RDWR | os.O_CLOEXEC)

    def read(self, address: int, size: int) -> bytes:
        """At most ``size`` bytes; fewer where the mapping ends."""
        return os.pread(self._fd, size, address)

    def write(self, address: int, data: bytes) -> int:
        """Write; the number of bytes written."""
        return os.pwrite(self._fd, data, address)

    def close(self) -> None:
        os.close(self._fd)

    def __enter__(self) -> ProcessMemory:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Address(int):
    """An address that a handler was given; reads and writes what lies there."""

    param: Param
    memory: Any = None

    def _memory(self) -> Any:
        if not self:
            raise OSError(errno.EFAULT, f"{self.param.name} is NULL")
        if self.memory is None:
            raise ValueError(f"{self.param.name}: dispatch() was given no memory")
        return self.memory

    def read(self, size: int) -> bytes:
        """Exactly ``size`` bytes; raises OSError (EFAULT) where there are fewer."""
        try:
            found: bytes = self._memory().read(int(self), size)
        except OSError as error:  # what /proc says of memory that is not there is EIO
            raise OSError(errno.EFAULT, os.strerror(errno.EFAULT)) from error
        if len(found) != size:
            raise OSError(errno.EFAULT, os.strerror(errno.EFAULT))
        return found

    def write(self, data: Any) -> None:
        """Write bytes or a ctypes instance; raises OSError (EFAULT) if it cannot."""
        plain = bytes(data)
        try:
            written = self._memory().write(int(self), plain)
        except OSError as error:
            raise OSError(errno.EFAULT, os.strerror(errno.EFAULT)) from error
        if written not in (None, len(plain)):
            raise OSError(errno.EFAULT, os.strerror(errno.EFAULT))

    @property
    def string(self) -> bytes:
        """The bytes before the NUL; raises OSError (EFAULT, ENAMETOOLONG)."""
        found = b""
        while len(found) < LONGEST_STRING:
            at = int(self) + len(found)
            try:  # up to a page's end: the next one may not be mapped
                part: bytes = self._memory().read(at, PAGE_SIZE - at % PAGE_SIZE)
            except OSError as error:
                raise OSError(errno.EFAULT, os.strerror(errno.EFAULT)) from error
            text, nul, _ = part.partition(b"\0")
            found += text
            if nul:
                return found
            if not part:
                raise OSError(errno.EFAULT, os.strerror(errno.EFAULT))
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))

    @property
    def contents(self) -> Any:
        """A copy of what lies there; TypeError where its type is not known."""
        target = self.param.target
        if target is None:
            raise TypeError(f"what {self.param} points to is not known")
        return target.from_buffer_copy(self.read(ctypes.sizeof(target)))

    def __repr__(self) -> str:
        return hex(self)


class Call:
    """What a handler with a parameter ``call`` is told beside the arguments.

    ``syscall`` is the record, ``registers`` what dispatch() was given, ``memory``
    and ``context`` too.
    """

    __slots__ = ("context", "memory", "registers", "syscall")

    def __init__(
        self, syscall: Syscall, registers: Registers, memory: Any, context: Any
    ) -> None:
        self.syscall, self.registers = syscall, registers
        self.memory, self.context = memory, context


def words_of(call: Syscall, registers: Registers, memory: Any) -> list[int]:
    """The words that a syscall's arguments are made of, as unsigned numbers."""
    table = call._table
    size = table.pointer_size
    listed = (
        [registers.get(name, 0) for name in table.registers]
        if hasattr(registers, "get")
        else list(registers)
    )
    if call.in_block:
        count = 1 + max(at for places in call.positions for at in places)
        if memory is None:
            raise ValueError(f"{call.name} of {table.abi} has its arguments in memory")
        order = "big" if table.big_endian else "little"
        data = memory.read(listed[0] & (1 << 8 * size) - 1, size * count)
        if len(data) != size * count:
            raise OSError(errno.EFAULT, os.strerror(errno.EFAULT))
        return [
            int.from_bytes(data[at : at + size], order)  # type: ignore[arg-type]
            for at in range(0, len(data), size)
        ]
    return listed


def arguments_of(
    call: Syscall, registers: Registers, memory: Any = None
) -> tuple[Any, ...]:
    """The typed values of raw argument registers, for each parameter.

    ``registers`` are unsigned or signed words in the ABI's order, or by the
    registers' names. Integers get their type's width and sign; pointers are
    :class:`Address`. Raises NotImplementedError where the prototype is not known,
    ValueError where registers are missing.
    """
    if call.params is None:
        raise NotImplementedError(f"{call.name}: {call.reason or 'no prototype'}")
    words = words_of(call, registers, memory)
    found: list[Any] = []
    for param, places in zip(call.params, call.positions, strict=True):
        if any(at >= len(words) for at in places):
            raise ValueError(f"{call.name}: the register of {param.name} is missing")
        number = 0
        for shift, at in enumerate(places):  # the low half goes first
            half = words[at] & 0xFFFFFFFF if len(places) == 2 else words[at]
            number |= half << 32 * shift
        found.append(typed(param, number, memory))
    return tuple(found)


def typed(param: Param, number: int, memory: Any) -> Any:
    """An argument's value, of which the register's upper bits are no part."""
    if param.kind == "p":
        address = Address(number & (1 << 8 * param._table.pointer_size) - 1)
        address.param, address.memory = param, memory
        return address
    bits = 8 * int(param.kind[1])
    number &= (1 << bits) - 1
    if param.kind[0] == "i" and number >> bits - 1:
        number -= 1 << bits
    return number


class Handlers:
    """Python functions by the syscalls that they answer.

        handlers = syscalls.Handlers()

        @handlers
        def getppid(): return 1

        @handlers.on("openat")
        def deny(dfd, filename, flags, mode): raise PermissionError(errno.EACCES, "no")

        handlers.dispatch(257, (dfd, address, flags, mode), memory)   # -13

    A handler takes the syscall's parameters in their order; a keyword ``call``, if
    it has one, gets a :class:`Call`.
    """

    table: Table

    def __init__(self) -> None:
        self._functions: dict[str, tuple[Callable[..., Any], bool]] = {}

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Register a function under its own name (a decorator)."""
        return self.register(function.__name__, function)

    def on(self, name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Register a function under another name (a decorator)."""
        return lambda function: self.register(name, function)

    def register(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Let a function answer a syscall, and return it.

        Raises LookupError for a name that the ABI does not have, TypeError for a
        function that does not take the syscall's parameters, ValueError for a
        second one of the same name.
        """
        key = name if name in self.table else name.rstrip("_")
        if key not in self.table:
            raise LookupError(f"{self.table.abi} has no syscall {name!r}")
        if key in self._functions:
            raise ValueError(f"{key} has a handler already")
        self._functions[key] = function, check_handler(self.table[key], function)
        return function

    def __contains__(self, key: object) -> bool:
        if isinstance(key, int):
            key = self.table.names.get(key)
        return key in self._functions

    def __iter__(self) -> Iterator[str]:
        return iter(self._functions)

    def __len__(self) -> int:
        return len(self._functions)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of all syscalls that have a handler, sorted."""
        return tuple(sorted(self.table[name].nr for name in self._functions))

    def dispatch(
        self,
        number: int,
        registers: Registers,
        memory: Any = None,
        context: Any = None,
    ) -> int:
        """Answer a syscall: the result, or a negative errno.

        ``registers`` are as for :func:`arguments_of`. ``memory`` has ``read(address,
        size)`` and ``write(address, data)``; ``context`` is whatever ``call`` shall
        carry. Raises what the handler raises but OSError, and TypeError or
        OverflowError for a result that no register holds.
        """
        name = self.table.names.get(number, "")
        found = self._functions.get(name)
        if found is None:
            return -errno.ENOSYS
        function, wants_call = found
        call = self.table[name]
        try:
            arguments = arguments_of(call, registers, memory)
            if wants_call:
                told = Call(call, registers, memory, context)
                result = function(*arguments, call=told)
            else:
                result = function(*arguments)
        except OSError as error:
            return -(error.errno or errno.EIO)
        return checked_result(call, result)


def checked_result(call: Syscall, result: Any) -> int:
    """What a handler returned, as a number that the result's register holds."""
    if result is None:
        return 0
    try:
        number = operator.index(result)
    except TypeError:
        kind = type(result).__name__
        raise TypeError(
            f"the handler of {call.name} returned {kind}, not an int or None"
        ) from None
    bits = 8 * call._table.pointer_size
    if not -1 << bits - 1 <= number < 1 << bits:
        raise OverflowError(
            f"the handler of {call.name} returned {number}: no {bits} bits"
        )
    return number


def check_handler(call: Syscall, function: Callable[..., Any]) -> bool:
    """Whether a handler wants ``call``; raises TypeError if it cannot be one."""
    if call.params is None:
        raise TypeError(f"{call.name} has no known prototype: {call.reason}")
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise TypeError(
            f"the handler of {call.name} must return the result, not what is awaited or"
            " iterated"
        )
    names = [param.python_name for param in call.params]
    wanted = f"the parameters of {call.name}: {', '.join(names) or 'none'}"
    given = inspect.signature(function).parameters.values()
    wants_call = False
    places: list[Any] = []
    for one in given:
        if one.kind is one.KEYWORD_ONLY:
            if one.name == "call":
                wants_call = True
            elif one.default is one.empty:
                raise TypeError(f"{one.name} is none of {wanted}")
        elif one.kind is one.VAR_KEYWORD:
            wants_call = True
        elif one.kind is one.VAR_POSITIONAL:
            places += [one] * (len(names) - len(places))
        else:
            places.append(one)
    needed = [one for one in places[len(names) :] if one.default is one.empty]
    if len(places) < len(names) or needed:
        raise TypeError(
            f"the handler takes {len(places)} parameters, which are not {wanted}"
        )
    for at, (param, one) in enumerate(zip(call.params, places, strict=False)):
        if one.name in names and one.name != names[at]:
            raise TypeError(
                f"{one.name} is parameter {at + 1} of the handler, not as in {wanted}"
            )
        check_annotation(call, param, one)
    return wants_call


def check_annotation(call: Syscall, param: Param, one: Any) -> None:
    """Raise TypeError if a handler's parameter says that it is what it is not."""
    said = getattr(one.annotation, "__name__", one.annotation)
    if said in NOT_FROM_A_REGISTER:
        what = "an address" if param.kind == "p" else "an int"
        raise TypeError(
            f"{one.name} of {call.name} ({param.c_type}) is {what}, not {said}"
        )


def handlers_of(table: Table) -> Any:
    """The class of handlers for one table's syscalls."""
    return type(
        "Handlers",
        (Handlers,),
        {"__doc__": Handlers.__doc__, "__module__": table.module, "table": table},
    )

"""Functions that make syscalls, each made for its own parameters.

An integer takes the values of its C type; an unsigned one also the negative
values of the signed type of its width, as C converts them (``-1`` is "no
change" to chown, "no descriptor" to mmap). A pointer is set from what
``pointers.py`` says.
"""

from __future__ import annotations

import ctypes
import operator
import os

from .pointers import address, element_size, is_string, make_buffer, make_pointer

TYPE_CHECKING = False  # typing itself takes longer to import than all of this
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .syscalls import Param, Syscall

OMITTED = {
    "fcntl": 1,
    "fcntl64": 1,
    "futex": 3,
    "futex_time64": 3,
    "ioctl": 1,
    "keyctl": 4,
    "mremap": 1,
    "open": 1,
    "openat": 1,
    "prctl": 4,
    "ptrace": 3,
    "semctl": 1,
}
"""Trailing arguments that C's callers may leave out: they are 0 then, or NULL."""
WORDS = {
    "arch_prctl",
    "fcntl",
    "fcntl64",
    "ioctl",
    "keyctl",
    "prctl",
    "ptrace",
    "semctl",
}
"""Calls whose words are numbers or addresses, as another argument says."""
CRASHING = {
    "rt_sigreturn": "it takes back a frame that a signal has left on the stack",
    "sigreturn": "it takes back a frame that a signal has left on the stack",
    "vfork": "its child would return on its parent's stack; use fork()",
}
"""Calls that no function can make, and why."""
DESCRIPTORS = {"fd_in", "fd_out", "fdin", "fdout", "fildes", "mqdes"}
"""Parameters that are file descriptors, beside all whose names end in ``fd``."""
PROTOTYPES: dict[bool, Any] = {}
EXTENDED = ("x86_64", "aarch64")
"""ABIs for which libffi extends an int in one of the first six registers to a word."""


def libc_syscall(unsigned: bool) -> Any:
    """libc's ``syscall(2)``; it notes errno.

    Its parameters are not declared: an int that ctypes passes as C's int costs half
    of one that it converts first. A word that an int may not hold is a c_long.
    """
    found = PROTOTYPES.get(unsigned)
    if found is None:
        result = ctypes.c_ulong if unsigned else ctypes.c_long
        kind = ctypes.CFUNCTYPE(result, use_errno=True)
        found = kind(("syscall", ctypes.CDLL(None)))
        found.argtypes = None  # type: ignore[assignment]
        found = PROTOTYPES.setdefault(unsigned, found)
    return found


def failure(*paths: Any) -> OSError:
    """The error of the call that was just made, with the paths it was about."""
    code = ctypes.get_errno()
    given = [path for path in paths if path is not None and not isinstance(path, int)]
    if len(given) > 1:
        return OSError(code, os.strerror(code), given[0], None, given[1])
    return OSError(code, os.strerror(code), *given)


def limits(kind: str) -> tuple[int, int]:
    """The least and the greatest value that an integer parameter takes."""
    bits = 8 * int(kind[1])
    return -(1 << bits - 1), (1 << bits - (kind[0] == "i")) - 1


def is_descriptor(param: Param) -> bool:
    """Whether a parameter is a file descriptor, by its name."""
    return param.kind != "p" and (
        param.name.endswith("fd") or param.name in DESCRIPTORS
    )


def make_integer(where: str, param: Param) -> Callable[[Any], int]:
    """What converts an argument that is not simply an int in range."""
    least, greatest = limits(param.kind)
    descriptor = is_descriptor(param)

    def convert(value: Any) -> int:
        try:
            number = operator.index(value)
        except TypeError:
            if not descriptor or not hasattr(value, "fileno"):
                what = "an int or has fileno()" if descriptor else "an int"
                kind = type(value).__name__
                raise TypeError(
                    f"{where}: {param.name} ({param.c_type}) is {what}, not {kind}"
                ) from None
            try:
                number = value.fileno()
            except ValueError as error:  # of what is closed
                raise ValueError(f"{where}: {param.name}: {error}") from None
        if not least <= number <= greatest:
            bits = 8 * int(param.kind[1])
            raise OverflowError(
                f"{where}: {param.name}: {number} does not fit {param.c_type},"
                f" {least if param.kind[0] == 'i' else 0} to {greatest}"
                + (
                    f"; the same bits are {number - (1 << bits)}"
                    if greatest < number < 1 << bits
                    else ""
                )
            )
        return number

    return convert


def make_word(where: str, param: Param) -> Callable[[Any], Any]:
    """What converts an argument that is a number or an address."""
    number, pointer = make_integer(where, param), make_buffer(where, param)

    def convert(value: Any) -> Any:
        if value is not None and not hasattr(value, "__index__"):
            return pointer(value)
        return ctypes.c_long(number(value or 0))

    return convert


def make_function(call: Syscall) -> Any:
    """The function that makes a syscall; for another machine's, one that says so."""
    params = call.params or ()
    scope: dict[str, Any] = {"_u_failure": failure}
    lines = [f"def function({_signature(call, params)}):"]
    if call.params is None:
        reason = call.reason or "no source has it"
        scope["_u_refusal"] = f"the prototype of {call.name} is not known: {reason}"
        lines += ["    raise NotImplementedError(_u_refusal)"]
    elif not call._table.callable:
        from .syscalls import running_abi

        scope["_u_refusal"] = (
            f"{call.name} of {call._table.abi} cannot be called here: this process is"
            f" {running_abi()}, and makes its calls only"
        )
        lines += ["    raise NotImplementedError(_u_refusal)"]
    elif call.name in CRASHING:
        scope["_u_refusal"] = f"{call.name}: {CRASHING[call.name]}"
        lines += ["    raise NotImplementedError(_u_refusal)"]
    else:
        lines += _body(call, params, scope)
    made: dict[str, Any] = {}
    source = "\n".join(lines) + "\n"
    exec(compile(source, f"<syscall {call.name}>", "exec"), scope, made)
    function = made["function"]
    function.__name__ = function.__qualname__ = call.name
    function.__module__ = call._table.module
    function.__doc__ = _doc(call)
    if call.params is not None:
        function.__annotations__ = {
            **{param.python_name: _annotation(param) for param in params},
            "return": None if call.returns == "never" else int,
        }
    return function


def _signature(call: Syscall, params: tuple[Param, ...]) -> str:
    if call.params is None:
        return "*args"
    required = len(params) - OMITTED.get(call.name, 0)
    listed = [param.python_name for param in params[:required]]
    for param in params[required:]:
        listed.append(f"{param.python_name}={None if param.kind == 'p' else 0}")
    return ", ".join(listed)


def _doc(call: Syscall) -> str:
    since = f", since Linux {call.since}" if call.since else ""
    raises = "" if call.returns == "always" else " Raises OSError."
    text = f"{call.prototype}\n\nSyscall {call.nr} of {call._table.abi}{since}.{raises}"
    return text if call.params is not None else f"{text}\n\n{call.reason}".rstrip()


def _annotation(param: Param) -> Any:
    if param.kind != "p":
        return int
    return str | bytes | os.PathLike | None if is_string(param) else object


def _body(call: Syscall, params: tuple[Param, ...], scope: dict[str, Any]) -> list[str]:
    """The checks of each argument, the call, what becomes of its result."""
    lines: list[str] = []
    where = f"{call.name}()"
    last = max((at for places in call.positions for at in places), default=-1)
    words = ["0"] * (last + 1)
    pointers = []
    for at, (param, places) in enumerate(zip(params, call.positions, strict=True)):
        name = param.python_name
        if not places:  # this ABI does not have it
            continue
        if param.kind == "p":
            scope[f"_u_{at}"] = make_pointer(where, param)
            pointers.append(f"    _u_w{at} = _u_{at}({name}{_counted(param)})")
            words[places[0]] = f"_u_w{at}"
            continue
        scope[f"_u_{at}"] = make_integer(where, param)
        if call.name in WORDS and param.kind == f"u{call._table.pointer_size}":
            scope[f"_u_{at}"] = make_word(where, param)
            pointers.append(f"    _u_w{at} = _u_{at}({name})")
            words[places[0]] = f"_u_w{at}"
            continue
        if param.kind[1] == "8" and len(places) == 1:
            plain = call._table.abi in EXTENDED and places[0] < 5
            scope["_u_long"] = ctypes.c_long
            lines += _wide(at, name, plain)
            words[places[0]] = f"_u_w{at}"
            continue
        least, greatest = limits(param.kind)
        # a file that nobody else holds would close its descriptor before the call
        kept = f"_u_f{at} = {name}; " if is_descriptor(param) else ""
        lines.append(
            f"    if not ({name}.__class__ is int and {least} <= {name} <= {greatest}):"
            f" {kept}{name} = _u_{at}({name})"
        )
        if len(places) == 2:
            low, high = places
            words[low], words[high] = (
                f"{name} & 0xFFFFFFFF",
                f"{name} >> 32 & 0xFFFFFFFF",
            )
        else:
            words[places[0]] = name
    scope["_u_call"] = libc_syscall(call.returns == "address")
    if call.in_block:
        scope["_u_block"] = make_block(len(words))
        words = [f"_u_block({', '.join(words)})"]
    made = f"_u_call({', '.join([str(call.nr), *words])})"
    return [*lines, *pointers, *_ending(call, params, made, scope)]


def _counted(param: Param) -> str:
    """What a pointer's counter says in bytes: one more argument of its converter."""
    count = param.counted_by
    if count is None:
        return ""
    if count.name == "msgsz":  # without the message's type, a long
        return f", {count.python_name} + {ctypes.sizeof(ctypes.c_long)}"
    size = element_size(param)
    if not size:
        return ""
    return f", {count.python_name} * {size}" if size > 1 else f", {count.python_name}"


def make_block(count: int) -> Callable[..., Any]:
    """What puts that many words behind a pointer, for calls that take one."""
    kind = ctypes.c_long * count

    def block(*words: Any) -> Any:
        return kind(*map(address, words))

    return block


def _wide(at: int, name: str, plain: bool) -> list[str]:
    """The check of an integer of a whole word, which only ``plain`` goes as it is."""
    converted = (
        f"_u_f{at} = {name}; {name} = _u_{at}({name}); _u_w{at} = _u_long({name})"
    )
    if not plain:
        return [f"    {converted}"]
    fits_int = f"{name}.__class__ is int and 0 <= {name} <= 0x7FFFFFFF"
    return [f"    if {fits_int}: _u_w{at} = {name}", f"    else: {converted}"]


def _ending(
    call: Syscall, params: tuple[Param, ...], made: str, scope: dict[str, Any]
) -> list[str]:
    """The call itself, and what becomes of its result."""
    bits = 8 * ctypes.sizeof(ctypes.c_long)
    if call.returns == "always":
        if bits == 64:
            return [f"    return {made}"]
        # libc takes a result near the top of the unsigned numbers for an error.
        scope["_u_errno"] = ctypes.get_errno
        return [
            f"    _u_r = {made}",
            f"    return (_u_r if _u_r != -1 else -_u_errno()) & {(1 << bits) - 1}",
        ]
    paths = ", ".join(param.python_name for param in params if is_string(param))
    failed = (1 << bits) - 1 if call.returns == "address" else -1
    return [
        f"    _u_r = {made}",
        f"    if _u_r == {failed}: raise _u_failure({paths})",
        "    return _u_r",
    ]

"""The command line: one function a command, errors and exit codes in one place.

A first argument that names a sub-command selects it; anything else is a
SOURCE of the main job (a source called like a command is given as ``./show``).
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from uapigen.errors import UapigenError

__all__ = ["main", "one_line"]

_COMMANDS = {
    "check": "uapigen.cli.check",
    "diff": "uapigen.cli.diff",
    "build": "uapigen.cli.build",
    "ops": "uapigen.cli.ops",
    "show": "uapigen.cli.show",
    "snapshot": "uapigen.cli.snapshot",
    "syscalls": "uapigen.cli.syscalls",
    "verify": "uapigen.cli.verify",
}


_LARGE_BLOCK = 31 << 20
"""Bytes, all zero, so that no page of them is touched; glibc looks at none beyond 32 MiB."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that ``argv`` (default: the process's) asks for; its exit code."""
    if argv is not None:
        return _run(list(argv))
    # A run makes a million small objects and hardly any cycle, then ends:
    # looking for cycles would take a third of its time.
    gc.disable()
    # glibc returns a large block to the system when it is freed, and gets fresh pages for the
    # next one; but none up to the size of the largest that was (mallopt(3), M_MMAP_THRESHOLD).
    bytes(_LARGE_BLOCK)
    # Terminated is interrupted: what was half written is taken away.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    code = _run(sys.argv[1:])
    if "coverage" not in sys.modules:
        _leave(code)
    return code


def _leave(code: int) -> None:
    """End the process without taking a kernel's types apart again, one by one."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        code = code or 4
    os._exit(code)


def _run(arguments: list[str]) -> int:
    module = "uapigen.cli.generate"
    if arguments and arguments[0] in _COMMANDS:
        module = _COMMANDS[arguments.pop(0)]
    try:
        command: Callable[[list[str]], int] = import_module(module).run
        return command(arguments)
    except UapigenError as error:
        print(f"uapigen: {one_line(str(error))}", file=sys.stderr)
        return error.exit_code
    except RecursionError:
        print("uapigen: the input nests types too deep", file=sys.stderr)
        return 3
    except MemoryError:
        print("uapigen: out of memory", file=sys.stderr)
        return 4
    except BrokenPipeError:
        # The reader of our output went away; so does the rest of it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 4
    except KeyboardInterrupt:
        return 130


def one_line(message: str) -> str:
    """Names in messages come from the input: no line breaks, no terminal escapes."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in message[:2000])

"""Reading a stranger's header at a bounded cost.

Forty macros that each name the one before it twice are a terabyte of tokens, and
clang follows them until memory ends. It cannot be told to stop, but a process can.
"""

from __future__ import annotations

import os
import pickle
import resource
from collections.abc import Callable
from typing import Generic, TypeVar

from uapigen.errors import InputError

__all__ = ["INSTALLED", "Bounded", "in_bounds"]

_Result = TypeVar("_Result")

INSTALLED = "/usr/"
"""What is installed here was chosen by who runs this machine: it needs no bounds."""

_SECONDS = 10
"""Processor time for one header; the slowest of the kernel's takes 0.2."""
_BYTES = 1 << 30
"""Memory beyond what the process has already; the largest header takes a hundredth."""


def in_bounds(path: str, job: Callable[[], _Result]) -> _Result:
    """What ``job`` returns, done in a child process with limits.

    ``path`` is the header that it reads. Raises what ``job`` raises, and :class:`InputError`
    where it ends by a limit. Where there is no second process to be had, the job is
    done here.
    """
    return Bounded(path, job).result()


class Bounded(Generic[_Result]):
    """A job in a child process with limits, which began; :meth:`result` waits for its end.

    ``seconds`` of processor time are what it may take.
    """

    def __init__(self, path: str, job: Callable[[], _Result], seconds: int = _SECONDS) -> None:
        self._path = path
        self._job = job
        self._seconds = seconds
        self._shared = os.memfd_create("uapigen")
        try:
            self._pid = os.fork()
        except OSError:
            self._pid = -1
        if not self._pid:
            _child(job, self._shared, seconds)

    def result(self) -> _Result:
        """What the job returns; raises as :func:`in_bounds`."""
        try:
            if self._pid < 0:
                return self._job()
            _, status = os.waitpid(self._pid, 0)
            if status:
                raise InputError(
                    self._path,
                    "",
                    f"takes more than {self._seconds} s or {_BYTES >> 30} GiB to read"
                    " (do its macros expand without end?)",
                )
            with open(self._shared, "rb", closefd=False) as file:
                file.seek(0)
                result: _Result
                error: Exception | None
                result, error = pickle.load(file)
        finally:
            os.close(self._shared)
        if error is not None:
            raise error
        return result


def _child(job: Callable[[], object], shared: int, seconds: int) -> None:
    """Run the job within the limits, leave its result in the shared memory, end the process."""
    status = 1  # whatever happens, the child must not go on as the parent
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        memory = _address_space() + _BYTES
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # libclang tells of its crashes there
        outcome: tuple[object, Exception | None]
        try:
            outcome = job(), None
        except Exception as error:  # noqa: BLE001  # raised in the parent
            outcome = None, error
        with open(shared, "wb", closefd=False) as file:
            pickle.dump(outcome, file, pickle.HIGHEST_PROTOCOL)
        status = 0
    finally:
        os._exit(status)


def _address_space() -> int:
    """Bytes of address space that the process has."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * resource.getpagesize()

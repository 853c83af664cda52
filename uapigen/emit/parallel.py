"""A second process, where there is a second processor.

Only fork can do this without decoding everything twice: the child starts with
all that was read and named so far, and sends back plain data.
"""

from __future__ import annotations

import marshal
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Generic, TypeVar

__all__ = ["Background", "both", "in_background"]

_Result = TypeVar("_Result")
_First = TypeVar("_First")
_Second = TypeVar("_Second")


class Background(Generic[_Result]):
    """A job that a child process does."""

    def __init__(self, pid: int, shared: int) -> None:
        self._pid = pid
        self._shared = shared

    def result(self) -> _Result | None:
        """Wait for what the job returns; None if it failed, or is another process's child."""
        try:
            _, status = os.waitpid(self._pid, 0)
        except ChildProcessError:
            return None
        with open(self._shared, "rb") as file:  # which closes it
            if status:
                return None
            file.seek(0)
            received: _Result = marshal.load(file)
        return received

    def stop(self) -> None:
        """End the child, whose result nobody wants any more."""
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
        os.close(self._shared)


def in_background(job: Callable[[], _Result]) -> Background[_Result] | None:
    """Start a job in a child; None where there can be none, or no second processor.

    The job returns plain data (``marshal``'s, and not None), and leaves nothing else behind.
    """
    if not hasattr(os, "memfd_create") or len(os.sched_getaffinity(0)) < 2:
        return None
    # Memory that both see, rather than a pipe, which would make one wait for the other.
    shared = os.memfd_create("uapigen")
    try:
        pid = os.fork()
    except OSError:
        os.close(shared)
        return None
    if not pid:
        _child(job, shared)
    return Background(pid, shared)


def both(
    first: Callable[[], _First], second: Callable[[], _Second], *, parallel: bool
) -> tuple[_First, _Second]:
    """What the two functions return; ``second`` runs in a child if ``parallel``.

    Where the child cannot run or fails, ``second`` runs here, after ``first``,
    and its errors are raised as usual.
    """
    running = in_background(second) if parallel else None
    if running is None:
        return first(), second()
    try:
        result = first()
    except BaseException:
        running.stop()
        raise
    received = running.result()
    return result, second() if received is None else received


def _child(job: Callable[[], object], shared: int) -> None:
    """Run the job, leave its result in the shared memory, end the process."""
    status = 1
    try:
        result: Any = job()
        with open(shared, "wb", closefd=False) as file:
            marshal.dump(result, file)
        status = 0
    except BaseException:  # noqa: BLE001, S110  # the parent runs the job again and says what is wrong
        pass
    finally:
        os._exit(status)

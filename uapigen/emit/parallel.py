"""A second process, where there is a second processor.

Only fork can do this without decoding everything twice: the child starts with
all that was read and named so far, and sends back plain data.
"""

from __future__ import annotations

import marshal
import os
import signal
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

__all__ = ["Background", "both", "in_background", "shared_out"]

_First = TypeVar("_First")
_Second = TypeVar("_Second")


class Background:
    """A job that a child process does, which tells results by name, one after another."""

    def __init__(self, pid: int, shared: int, told: int) -> None:
        self._pid, self._shared, self._told = pid, shared, told
        self._parent = os.getpid()
        self._at = 0
        self._results: dict[str, Any] = {}
        self._ended = False

    def result(self, name: str) -> Any:
        """Wait for a result; None if the job does not come to it, or is another process's child."""
        if os.getpid() != self._parent:
            return None
        while name not in self._results and not self._ended:
            size = os.read(self._told, _SIZE.size)
            if size:
                data = os.pread(self._shared, _SIZE.unpack(size)[0], self._at)
                self._at += len(data)
                told, self._results[told] = marshal.loads(data)
            else:
                self._end()
        return self._results.get(name)

    def leave(self) -> None:
        """Let the child end by itself, of which this process has all that it wants.

        Waiting for that would be waiting for its memory to be taken apart.
        """
        if not self._ended and os.getpid() == self._parent:
            _leaving.append(self._pid)
            self._close()

    def stop(self) -> None:
        """End the child, whose results nobody wants any more; not another process's child."""
        if not self._ended and os.getpid() == self._parent:
            with suppress(ProcessLookupError, ChildProcessError):
                os.kill(self._pid, signal.SIGKILL)
                self._end()

    def _end(self) -> None:
        os.waitpid(self._pid, 0)
        self._close()

    def _close(self) -> None:
        self._ended = True
        os.close(self._shared)
        os.close(self._told)


_leaving: list[int] = []
"""Processes that end by themselves; what is left of them goes with the next one's start."""


def _reap() -> None:
    for pid in _leaving[:]:
        try:
            ended, _ = os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:  # somebody else's waiting for any child took it
            ended = pid
        if ended:
            _leaving.remove(pid)


_SIZE = struct.Struct("=q")


def in_background(job: Callable[[], Iterable[tuple[str, Any]]]) -> Background | None:
    """Start a job in a child; None where there can be none, or no second processor.

    The job's results have names, and are plain data (``marshal``'s, and not None); it leaves
    nothing else behind.
    """
    if not hasattr(os, "memfd_create") or len(os.sched_getaffinity(0)) < 2:
        return None
    _reap()
    # Memory that both see, rather than a pipe, which would make one wait for the other.
    shared = os.memfd_create("uapigen")
    told, tell = os.pipe()
    try:
        pid = os.fork()
    except OSError:
        for descriptor in (shared, told, tell):
            os.close(descriptor)
        return None
    if not pid:
        _child(job, shared, tell)
    os.close(tell)
    return Background(pid, shared, told)


def both(
    first: Callable[[], _First], second: Callable[[], _Second], *, parallel: bool
) -> tuple[_First, _Second]:
    """What the two functions return; ``second`` runs in a child if ``parallel``.

    Where the child cannot run or fails, ``second`` runs here, after ``first``,
    and its errors are raised as usual.
    """
    running = in_background(lambda: [("", second())]) if parallel else None
    if running is None:
        return first(), second()
    try:
        result = first()
    except BaseException:
        running.stop()
        raise
    received: _Second | None = running.result("")
    running.leave()
    return result, second() if received is None else received


@contextmanager
def shared_out(names: Sequence[str]) -> Iterator[Iterator[str]]:
    """An iterator that gives each name, 255 at most, to the process that asks first for one.

    Processes that are forked inside share it with this one.
    """
    reading, writing = os.pipe()
    os.write(writing, bytes(range(len(names))))
    os.close(writing)

    def given() -> Iterator[str]:
        while number := os.read(reading, 1):
            yield names[number[0]]

    try:
        yield given()
    finally:
        os.close(reading)


def _child(job: Callable[[], Iterable[tuple[str, Any]]], shared: int, tell: int) -> None:
    """Run the job, leave its results in the shared memory, end the process."""
    status = 1
    try:
        for result in job():
            data = marshal.dumps(result)
            with open(shared, "wb", closefd=False) as file:
                file.write(data)
            os.write(tell, _SIZE.pack(len(data)))
        status = 0
    except BaseException:  # noqa: BLE001, S110  # the parent runs the job again and says what is wrong
        pass
    finally:
        os._exit(status)

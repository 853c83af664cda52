"""Many jobs in as many processes as there are processors, each taking the next job when free."""

from __future__ import annotations

import os
import pickle
import struct
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from uapigen.errors import UapigenError

__all__ = ["in_workers"]

_Result = TypeVar("_Result")

_FEW = 4
"""Jobs up to which another process does not pay for its start."""
_MAX_WORKERS = 8
_TOKEN = struct.Struct("=I")
_MAX_TOKENS = 8192
"""As many as a pipe holds, with room to spare; a token may stand for several jobs."""


def in_workers(count: int, work: Callable[[Iterator[int]], _Result]) -> list[_Result]:
    """What ``work`` returns in each process; together they get the jobs 0 to ``count - 1``.

    Each process gets its jobs in ascending order. Results are pickled. An error
    that is raised on purpose in one of them is raised here, after all have ended.
    """
    workers = min(len(os.sched_getaffinity(0)), _MAX_WORKERS, count // 2)
    if count < _FEW or workers < 2 or not hasattr(os, "memfd_create"):
        return [work(iter(range(count)))]
    step = -(-count // _MAX_TOKENS)
    reading, writing = os.pipe()
    os.write(writing, b"".join(map(_TOKEN.pack, range(0, count, step))))
    os.close(writing)

    def jobs() -> Iterator[int]:
        while token := os.read(reading, _TOKEN.size):
            (first,) = _TOKEN.unpack(token)
            yield from range(first, min(first + step, count))

    children: list[tuple[int, int]] = []
    try:
        for _ in range(workers - 1):
            shared = os.memfd_create("uapigen")
            try:
                pid = os.fork()
            except OSError:  # this process does it all
                os.close(shared)
                break
            if not pid:
                _child(work, jobs(), shared)
            children.append((pid, shared))
        results = [_attempted(work, jobs())]
        results += [_result_of(pid, shared) for pid, shared in children]
        children = []
    finally:
        os.close(reading)
        for pid, _ in children:  # an error here: nobody waits for theirs
            os.kill(pid, 9)
            os.waitpid(pid, 0)
    for result in results:
        if isinstance(result, UapigenError):
            raise result
    return results


def _attempted(work: Callable[[Iterator[int]], Any], jobs: Iterator[int]) -> Any:
    try:
        return work(jobs)
    except UapigenError as error:
        for _ in jobs:
            pass  # nobody else need begin another one
        return error


def _child(work: Callable[[Iterator[int]], Any], jobs: Iterator[int], shared: int) -> None:
    """Work, leave the result in the shared memory, end the process."""
    import sys
    import traceback

    status = 1
    try:
        with open(shared, "wb", closefd=False) as file:
            pickle.dump(_attempted(work, jobs), file, pickle.HIGHEST_PROTOCOL)
        status = 0
    except BaseException:  # noqa: BLE001  # said here, since the parent sees the status only
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(status)


def _result_of(pid: int, shared: int) -> Any:
    _, status = os.waitpid(pid, 0)
    try:
        if status:
            raise RuntimeError(f"a worker process ended with status {status}")
        with open(shared, "rb", closefd=False) as file:
            file.seek(0)
            return pickle.load(file)
    finally:
        os.close(shared)

"""Two halves of a job at once: a second process where there is a second core.

Only fork can do this without decoding everything twice: the child starts with
all that was read and named, and sends back text.
"""

from __future__ import annotations

import marshal
import os
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["both"]

_First = TypeVar("_First")
_Second = TypeVar("_Second")


def both(
    first: Callable[[], _First], second: Callable[[], _Second], *, parallel: bool
) -> tuple[_First, _Second]:
    """What the two functions return; ``second`` runs in a child if ``parallel``.

    ``second`` returns plain data (``marshal``'s), and leaves nothing else behind.
    Where the child cannot run or fails, ``second`` runs here, after ``first``,
    and its errors are raised as usual.
    """
    if not parallel or not hasattr(os, "memfd_create") or (os.cpu_count() or 1) < 2:
        return first(), second()
    # Memory that both see, rather than a pipe, which would make one wait for the other.
    shared = os.memfd_create("uapigen")
    try:
        try:
            pid = os.fork()
        except OSError:
            return first(), second()
        if not pid:
            _child(second, shared)
        try:
            result = first()
        finally:
            _, status = os.waitpid(pid, 0)
        if status:
            return result, second()
        with open(shared, "rb", closefd=False) as file:
            file.seek(0)
            received: _Second = marshal.load(file)
        return result, received
    finally:
        os.close(shared)


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

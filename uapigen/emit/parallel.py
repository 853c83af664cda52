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
    if not parallel or not hasattr(os, "fork") or (os.cpu_count() or 1) < 2:
        return first(), second()
    read_end, write_end = os.pipe()
    try:
        pid = os.fork()
    except OSError:
        os.close(read_end)
        os.close(write_end)
        return first(), second()
    if not pid:
        _child(second, read_end, write_end)
    os.close(write_end)
    sent = b""
    try:
        result = first()
        with open(read_end, "rb", closefd=False) as pipe:
            sent = pipe.read()
    finally:
        os.close(read_end)  # a child that still writes ends here
        _, status = os.waitpid(pid, 0)
    if status or not sent:
        return result, second()
    received: _Second = marshal.loads(sent)
    return result, received


def _child(job: Callable[[], object], read_end: int, write_end: int) -> None:
    """Run the job, send its result, end the process."""
    status = 1
    try:
        os.close(read_end)
        with open(write_end, "wb") as pipe:
            data: Any = job()
            pipe.write(marshal.dumps(data))
        status = 0
    except BaseException:  # noqa: BLE001, S110  # the parent runs the job again and says what is wrong
        pass
    finally:
        os._exit(status)

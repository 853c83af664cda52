"""Count what a piece of code costs: page faults and context switches, by perf_event_open().

    python perf_event.py

Half of ``struct perf_event_attr`` are bitfields; each is set by its name.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from uapi import bindings, syscall

m = bindings("linux/perf_event.h", "asm/unistd.h")

PAGES = 100


@contextmanager
def counted(event: int) -> Iterator[Any]:
    """Count a software event of this process while the block runs; ``value`` has it then."""
    attr = m.perf_event_attr(
        type=m.PERF_TYPE_SOFTWARE,
        size=ctypes.sizeof(m.perf_event_attr),
        config=event,
        disabled=1,
        inherit=1,
    )
    count = ctypes.c_uint64()
    any_cpu, no_group = -1, -1
    fd = syscall(m.__NR_perf_event_open, attr, 0, any_cpu, no_group, m.PERF_FLAG_FD_CLOEXEC)
    m.ioctl(fd, m.PERF_EVENT_IOC_ENABLE)
    try:
        yield count
    finally:
        m.ioctl(fd, m.PERF_EVENT_IOC_DISABLE)
        os.readv(fd, [count])
        os.close(fd)


def main() -> None:
    memory = mmap.mmap(-1, PAGES * mmap.PAGESIZE)
    with counted(m.PERF_COUNT_SW_PAGE_FAULTS) as faults:
        for page in range(PAGES):
            memory[page * mmap.PAGESIZE] = 1
    print(faults.value, "page faults for", PAGES, "new pages")
    with counted(m.PERF_COUNT_SW_CONTEXT_SWITCHES) as switches:
        for _ in range(10):
            time.sleep(0.001)
    print(switches.value, "context switches for 10 naps")


if __name__ == "__main__":
    main()

"""What a generated system call costs beside ctypes by hand, and what importing them costs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from race import UAPIGEN, Contestant, race, table

__all__ = ["bench_syscalls"]

CALLS = """
import ctypes, os, statistics, timeit
import bindings.syscalls as syscalls

libc = ctypes.CDLL(None, use_errno=True)
libc.getppid.argtypes, libc.getppid.restype = [], ctypes.c_int
libc.read.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t]
libc.read.restype = ctypes.c_ssize_t

def getppid_by_hand():
    return libc.getppid()

def read_by_hand(fd, buffer, count):
    result = libc.read(fd, buffer, count)
    if result == -1:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result

zero = os.open("/dev/zero", os.O_RDONLY)
buffer = ctypes.create_string_buffer(4096)
getppid, read = syscalls.getppid, syscalls.read
cases = {
    "getppid(), generated": getppid,
    "getppid(), ctypes by hand": getppid_by_hand,
    "os.getppid()": os.getppid,
    "read 4 KiB, generated": lambda: read(zero, buffer, 4096),
    "read 4 KiB, ctypes by hand": lambda: read_by_hand(zero, buffer, 4096),
    "os.read of 4 KiB": lambda: os.read(zero, 4096),
}
times = {name: [] for name in cases}
for _ in range(25):
    for name, function in cases.items():
        times[name].append(timeit.timeit(function, number=4000) / 4000)
for name, seconds in times.items():
    print(f"{name}|{statistics.median(seconds) * 1e9:.0f}|{min(seconds) * 1e9:.0f}")
"""
BY_HAND = "ctypes by hand"
LIMIT = 1.5


def bench_syscalls(work: Path, rounds: int) -> None:
    """Calls in one process, taking turns; imports in fresh ones. ``work`` has ``bindings``."""
    environment = {**os.environ, "PYTHONPATH": str(work)}
    done = subprocess.run(
        (sys.executable, "-c", CALLS), env=environment, capture_output=True, text=True, check=True
    )
    lines = [line.split("|") for line in done.stdout.splitlines()]
    rows = []
    for start in range(0, len(lines), 3):
        group = lines[start : start + 3]
        by_hand = next(float(median) for name, median, _ in group if BY_HAND in name)
        for name, median, best in group:
            limit = f"{LIMIT}" if "generated" in name else ""
            rows.append([name, median, best, f"{float(median) / by_hand:.2f}", limit])
    head = ["system calls", "ns", "best", "x by hand", "limit"]
    table("Calls in one process, taking turns", head, rows)
    _importing(work, rounds)


def _importing(work: Path, rounds: int) -> None:
    def python(name: str, code: str, limit: str = "") -> Contestant:
        environment = {"PYTHONPATH": str(work)}
        return Contestant(name, (sys.executable, "-c", code), env=environment, limit=limit)

    contestants = [
        python("python -c pass", "pass"),
        python("import bindings.syscalls", "import bindings.syscalls", "10"),
        python("... and touch getppid", "import bindings.syscalls as s; s.getppid"),
        python("... and touch NR", "import bindings.syscalls as s; s.NR"),
    ]
    race(contestants, 3 * rounds)
    bare = contestants[0].median
    rows = [
        [c.name, f"{c.median * 1e3:.1f}", f"{(c.median - bare) * 1e3:+.1f}", c.limit]
        for c in contestants
    ]
    table("A fresh Python each", ["importing syscalls", "ms", "over bare", "limit"], rows)


def main() -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        only = ("--only", "struct statx", "--quiet")
        command = (*UAPIGEN, "/sys/kernel/btf/vmlinux", *only, "-o", f"{name}/bindings")
        subprocess.run(command, check=True)
        bench_syscalls(Path(name), 7)


if __name__ == "__main__":
    main()

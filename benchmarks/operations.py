"""What a Python method behind a C function pointer costs, beside a bare ctypes callback."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from race import UAPIGEN, Contestant, race, table

__all__ = ["bench_operations"]

DRIVER = """
long drive(long (**at)(void *, void *, unsigned long, void *), long count)
{
    static char memory[64];
    long sum = 0;
    for (long i = 0; i < count; i++)
        sum += (*at)(memory, memory + 16, 4096, memory + 32);
    return sum;
}
"""
CALLS = """
import ctypes, statistics, sys, time
import bindings
from bindings import ops

drive = ctypes.CDLL(sys.argv[1]).drive
drive.argtypes, drive.restype = [ctypes.c_void_p, ctypes.c_long], ctypes.c_long

class File:
    def read(self, file, buf, count, pos):
        return count

file = File()
bare = ctypes.CFUNCTYPE(
    ctypes.c_ssize_t, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p
)(file.read)
generated = ops.file_operations.vtable(file)
cases = {
    "file_operations.read, a method":
        ctypes.addressof(generated) + type(generated).read.offset,
    "a bare ctypes callback": ctypes.addressof(bare),
}
count = 20000
times = {name: [] for name in cases}
for _ in range(25):
    for name, address in cases.items():
        start = time.perf_counter()
        assert drive(address, count) == 4096 * count
        times[name].append((time.perf_counter() - start) / count)
for name, seconds in times.items():
    print(f"{name}|{statistics.median(seconds) * 1e9:.0f}|{min(seconds) * 1e9:.0f}")
"""
BARE = "a bare ctypes callback"
LIMIT = 2.0


def bench_operations(work: Path, rounds: int) -> None:
    """Round trips in one process, imports in fresh ones. ``work`` has ``bindings``."""
    compiler = shutil.which("cc")
    if compiler is None:
        print("\nRound trips from C to Python: needs cc")
        return
    source, library = work / "drive.c", work / "drive.so"
    source.write_text(DRIVER)
    subprocess.run((compiler, "-O2", "-shared", "-fPIC", "-o", library, source), check=True)
    environment = {**os.environ, "PYTHONPATH": str(work)}
    done = subprocess.run(
        (sys.executable, "-c", CALLS, library),
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    lines = [line.split("|") for line in done.stdout.splitlines()]
    bare = next(float(median) for name, median, _ in lines if name == BARE)
    head = ["round trips from C", "ns", "best", "x bare", "limit"]
    rows = [
        [name, median, best, f"{float(median) / bare:.2f}", "" if name == BARE else f"{LIMIT}"]
        for name, median, best in lines
    ]
    table("C to Python and back, in one process, taking turns", head, rows)
    _importing(work, rounds)


def _importing(work: Path, rounds: int) -> None:
    def python(name: str, code: str, limit: str = "") -> Contestant:
        environment = {"PYTHONPATH": str(work), "PYTHONDONTWRITEBYTECODE": ""}
        return Contestant(name, (sys.executable, "-c", code), env=environment, limit=limit)

    touch = "from bindings import ops; ops.file_operations"
    contestants = [
        python("python -c pass", "pass"),
        python("from bindings import ops", "from bindings import ops", "10"),
        python("... and touch file_operations", touch, "20"),
    ]
    race(contestants, 3 * rounds)
    bare = contestants[0].median
    rows = [
        [c.name, f"{c.median * 1e3:.1f}", f"{(c.median - bare) * 1e3:+.1f}", c.limit]
        for c in contestants
    ]
    table("A fresh Python each", ["importing interfaces", "ms", "over bare", "limit"], rows)


def main() -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        only = ("--only", "struct file_operations", "--quiet")
        command = (*UAPIGEN, "/sys/kernel/btf/vmlinux", *only, "-o", f"{name}/bindings")
        subprocess.run(command, check=True)
        bench_operations(Path(name), 7)


if __name__ == "__main__":
    main()

"""What uapigen costs, beside what bpftool and pahole cost: ``make bench``.

Every figure is a process against a process, the contestants taking turns, so that a machine that
is busy with something else is so for all of them. Medians are shown, and ratios of medians.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from headers import bench_headers
from operations import bench_operations
from race import MEGABYTE, ROOT, UAPIGEN, Contestant, race, table
from syscalls import bench_syscalls
from vfs import bench_vfs

KERNEL = "/sys/kernel/btf/vmlinux"


# Generating


def peak_pss(command: Sequence[str]) -> int:
    """Most bytes that a command and the processes it starts held at a time, shared ones split."""
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)})
    peak = 0
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.005):
            peak = max(peak, sum(map(_pss, _family(process.pid))))

    watcher = threading.Thread(target=watch)
    watcher.start()
    process.wait()
    done.set()
    watcher.join()
    return peak


def _family(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(member for child in children for member in _family(int(child)))]


def _pss(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def bench_generating(source: str, work: Path, rounds: int) -> None:
    as_c = ("bpftool", "btf", "dump", "file", source, "format", "c")
    package = (*UAPIGEN, source, "-o", str(work / "bindings"))
    one = (*UAPIGEN, source, "--only", "struct task_struct", "-o", str(work / "t.py"))
    contestants = [
        Contestant("bpftool ... format c > vmlinux.h", as_c, stdout=str(work / "vmlinux.h")),
        Contestant("bpftool ... format c > /dev/null", as_c),
        Contestant("uapigen -o bindings (with stubs)", package, limit="5.0"),
        Contestant('uapigen --only "struct task_struct" -o t.py', one, limit="1.5"),
        Contestant(
            "uapigen show task_struct", (*UAPIGEN, "show", "task_struct", source), limit="1.5"
        ),
    ]
    if shutil.which("pahole"):
        pahole = ("pahole", "-F", "btf")
        contestants += [
            Contestant("pahole (all)", (*pahole, source), stdout=str(work / "pahole.txt")),
            Contestant("pahole -C task_struct", (*pahole, "-C", "task_struct", source)),
        ]
    race(contestants, rounds)
    to_file, to_null = contestants[0].median, contestants[1].median
    rows = [
        [
            c.name,
            f"{c.median * 1e3:.0f}",
            f"{min(c.seconds) * 1e3:.0f}",
            f"{c.median / to_file:.2f}",
            f"{c.median / to_null:.2f}",
            c.limit,
            f"{c.peak_rss / MEGABYTE:.0f}",
        ]
        for c in contestants
    ]
    head = ["generating", "ms", "best", "x file", "x null", "limit", "RSS MB"]
    table("Process against process; ratios to bpftool writing a file, and to /dev/null", head, rows)
    print(
        f"\nwhole package, peak of all its processes (PSS): {peak_pss(package) / MEGABYTE:.0f} MB"
        " (limit 250)"
    )


# Importing

TOUCH = """
import resource, sys, time
start = time.perf_counter()
import bindings
imported = time.perf_counter()
bindings.task_struct
touched = time.perf_counter()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(1e3 * (imported - start), 1e3 * (touched - imported), peak / 1024)
"""


def bench_importing(work: Path, rounds: int) -> None:
    def python(name: str, code: str, *, cached: bool, limit: str = "") -> Contestant:
        env = {"PYTHONPATH": str(work)}
        if cached:
            return Contestant(name, (sys.executable, "-c", code), env=env, limit=limit)
        env["PYTHONDONTWRITEBYTECODE"] = "1"
        return Contestant(name, (sys.executable, "-c", code), env=env, prepare=forget, limit=limit)

    def forget() -> None:
        for cache in (work / "bindings").rglob("__pycache__"):
            shutil.rmtree(cache)

    touch = "import bindings; bindings.task_struct"
    cold = [
        python("python -c pass", "pass", cached=False),
        python("import bindings, no .pyc", "import bindings", cached=False, limit="15"),
        python("... and touch task_struct, no .pyc", touch, cached=False),
    ]
    race(cold, 3 * rounds)
    warm = [
        python("python -c pass", "pass", cached=True),
        python("import bindings", "import bindings", cached=True, limit="15"),
        python("... and touch task_struct", touch, cached=True),
    ]
    race(warm, 3 * rounds)
    rows = []
    for contestants in (warm, cold):
        bare = contestants[0].median
        rows += [
            [
                c.name,
                f"{c.median * 1e3:.1f}",
                f"{(c.median - bare) * 1e3:+.1f}",
                c.limit,
                f"{c.peak_rss / MEGABYTE:.0f}",
            ]
            for c in contestants
        ]
    head = ["importing a whole kernel", "ms", "over bare", "limit", "RSS MB"]
    table("A fresh Python each; with .pyc files warm, then without any", head, rows)

    told = []
    for _ in range(rounds):
        forget()
        done = subprocess.run(
            (sys.executable, "-c", TOUCH),
            env={**os.environ, "PYTHONPATH": str(work), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=True,
        )
        told.append([float(figure) for figure in done.stdout.split()])
    imported, touched, peak = (statistics.median(column) for column in zip(*told, strict=True))
    print(
        f"\nfrom inside, nothing cached: import {imported:.1f} ms, first touch of task_struct"
        f" {touched:.1f} ms (limit 50), peak RSS after it {peak:.0f} MB (limit 40)"
    )


# Decoding

DECODE = """
import ctypes, statistics, timeit
import bindings

T = bindings.task_struct
size = ctypes.sizeof(T)
data = bytes(range(256)) * (size // 256 + 1)
data = data[:size]

def between(*members):
    'A ctypes structure as typed by hand: these members, and padding between.'
    fields, at = [], 0
    for name, c_type in members:
        offset = getattr(T, name).offset
        fields += [(f"_pad{at}", ctypes.c_char * (offset - at)), (name, c_type)]
        at = offset + ctypes.sizeof(c_type)
    fields.append(("_rest", ctypes.c_char * (size - at)))
    return type("ByHand", (ctypes.Structure,), {"_pack_": 1, "_fields_": fields})

members = [("flags", ctypes.c_uint), ("prio", ctypes.c_int), ("pid", ctypes.c_int),
           ("real_parent", ctypes.c_uint64), ("comm", ctypes.c_char * 16)]
members.sort(key=lambda member: getattr(T, member[0]).offset)
ByHand = between(*members)

def event(cls):
    task = cls.from_buffer_copy(data)
    return task.pid, task.flags, task.prio, task.comm

class Bits(ctypes.Structure):
    _fields_ = [("a", ctypes.c_uint, 1), ("b", ctypes.c_uint, 1)]

task, by_hand, bits = T.from_buffer_copy(data), ByHand.from_buffer_copy(data), Bits()
pairs = [
    ("from_buffer_copy + 4 members", lambda: event(T), lambda: event(ByHand)),
    ("read an int", lambda: task.pid, lambda: by_hand.pid),
    ("read char[16]", lambda: task.comm, lambda: by_hand.comm),
    ("read a pointer (by hand: u64)", lambda: task.real_parent, lambda: by_hand.real_parent),
    ("read a bitfield", lambda: task.in_execve, lambda: bits.b),
    ("write an int", lambda: setattr(task, "pid", 7), lambda: setattr(by_hand, "pid", 7)),
]
for name, ours, theirs in pairs:
    number = 50000
    rounds = [[timeit.timeit(f, number=number) / number for f in (ours, theirs)]
              for _ in range(7)]
    mine, hand = (statistics.median(column) for column in zip(*rounds))
    print(f"{name}\\t{mine * 1e9:.0f}\\t{hand * 1e9:.0f}\\t{mine / hand:.2f}")
"""


def bench_decoding(work: Path) -> None:
    done = subprocess.run(
        (sys.executable, "-c", DECODE),
        env={**os.environ, "PYTHONPATH": str(work)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    table(
        "Decoding a task_struct, beside ctypes typed by hand (same process, taking turns)",
        ["decoding", "ns", "by hand", "ratio"],
        rows,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7, help="turns for each (default: 7)")
    parser.add_argument("--source", default=KERNEL, help=f"a kernel's BTF (default: {KERNEL})")
    parser.add_argument(
        "--whole", action="store_true", help="let ctypesgen read all headers (takes minutes)"
    )
    options = parser.parse_args()
    if not shutil.which("bpftool"):
        raise SystemExit("needs bpftool to compare with (Debian: apt-get install bpftool)")
    version = subprocess.run(("bpftool", "version"), capture_output=True, text=True, check=True)
    size = os.stat(options.source).st_size / MEGABYTE
    machine = f"Linux {os.uname().release}, {os.cpu_count()} CPUs"
    python = f"CPython {sys.version.split()[0]}"
    print(f"{options.source}, {size:.1f} MB; {machine}, {python}, {version.stdout.splitlines()[0]}")
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        bench_generating(options.source, work, options.rounds)
        bench_importing(work, options.rounds)
        bench_decoding(work)
        bench_syscalls(work, options.rounds)
        bench_operations(work, options.rounds)
        bench_vfs(options.rounds)
        bench_headers(work, options.rounds, whole=options.whole)


if __name__ == "__main__":
    main()

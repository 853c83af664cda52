"""A file system in memory by the VFS example, beside the same by other Python FUSE libraries."""

from __future__ import annotations

import ctypes.util
import importlib.util
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from race import ROOT, table

__all__ = ["bench_vfs"]

EXAMPLE = ROOT / "examples" / "vfs_fuse"
PEERS = Path(__file__).with_name("vfs_peers")
OURS = "examples/vfs_fuse"
RIVALS = {OURS: "kernel operation tables", "mfusepy": "by_mfusepy.py", "pyfuse3": "by_pyfuse3.py"}
MEASURES = ("creates/s", "stats/s", "unlinks/s", "write MB/s", "read MB/s")
CLIENT = """
import json, os, sys, time

path, files, megabytes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
os.chdir(path)
os.mkdir("d")
rates = {}

def rate(name, count, start):
    rates[name] = count / (time.perf_counter() - start)

start = time.perf_counter()
for number in range(files):
    os.close(os.open(f"d/{number}", os.O_CREAT | os.O_WRONLY | os.O_EXCL))
rate("creates/s", files, start)
start = time.perf_counter()
for number in range(files):  # a name that is not there: it is asked for
    try:
        os.stat(f"d/x{number}")
    except FileNotFoundError:
        pass
rate("stats/s", files, start)
start = time.perf_counter()
for number in range(files):
    os.unlink(f"d/{number}")
rate("unlinks/s", files, start)
piece = os.urandom(1 << 20)
file = os.open("big", os.O_CREAT | os.O_RDWR)
start = time.perf_counter()
for _ in range(megabytes):
    os.write(file, piece)
os.fsync(file)
rate("write MB/s", megabytes * len(piece) / 1e6, start)
os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
os.lseek(file, 0, os.SEEK_SET)
buffer = bytearray(1 << 20)
start = time.perf_counter()
for _ in range(megabytes):
    assert os.readv(file, [buffer]) == len(buffer)
rate("read MB/s", megabytes * len(piece) / 1e6, start)
assert buffer == piece
os.close(file)
os.unlink("big")
print(json.dumps(rates))
"""


def bench_vfs(rounds: int, files: int = 4000, megabytes: int = 256) -> None:
    """Mount each in turn, in a mount namespace of its own, and let one process work in it."""
    if os.geteuid() or not os.path.exists("/dev/fuse") or not shutil.which("unshare"):
        print("\nA file system in Python: not measured, it needs root, /dev/fuse and unshare")
        return
    unshare = ("unshare", "--mount", "--propagation", "private")
    inside = (__file__, "--inside", str(rounds), str(files), str(megabytes))
    subprocess.run((*unshare, sys.executable, *inside), check=True)


def _race(rounds: int, files: int, megabytes: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "BINDINGS_DIR": str(work / "made")}
        subprocess.run(
            (sys.executable, EXAMPLE / "generated_types.py"), env=environment, check=True
        )
        found = {rival: [] for rival in RIVALS if _is_there(rival)}
        for _ in range(rounds):
            for rival, rates in found.items():
                with _mounted(rival, work / "mnt", environment):
                    client = (sys.executable, "-c", CLIENT)
                    done = subprocess.run(
                        (*client, work / "mnt", str(files), str(megabytes)),
                        stdout=subprocess.PIPE,
                        check=True,
                    )
                rates.append(json.loads(done.stdout))
    _print(found)


def _print(found: dict[str, list[dict[str, float]]]) -> None:
    rows = []
    for measure in MEASURES:
        rates = {rival: [one[measure] for one in turns] for rival, turns in found.items()}
        ours = rates[OURS]
        for rival, theirs in rates.items():
            median, best = statistics.median(theirs), max(theirs)
            ratios = (statistics.median(ours) / median, max(ours) / best)
            row = [rival, measure, f"{median:.0f}", f"{best:.0f}"]
            rows.append(row + [f"{ratio:.2f}" for ratio in ratios])
    head = ["files in memory", "of", "median", "best", "ours x", "best x"]
    table("A file system in Python over /dev/fuse; how many times as fast ours is", head, rows)
    for rival in RIVALS.keys() - found.keys():
        print(f"\n{rival} or libfuse3 is not installed: not measured")


def _is_there(rival: str) -> bool:
    if rival == OURS:
        return True
    return bool(importlib.util.find_spec(rival) and ctypes.util.find_library("fuse3"))


@contextmanager
def _mounted(rival: str, path: Path, environment: dict[str, str]) -> Iterator[None]:
    """The rival's file system, served by a process of its own."""
    path.mkdir(exist_ok=True)
    command = [sys.executable, PEERS / RIVALS[rival], path]
    if rival == OURS:
        command = [sys.executable, EXAMPLE / "mount.py", EXAMPLE / "memfs.py", path]
    environment = {**environment, "FUSE_LIBRARY_NAME": "fuse3"}
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        while not os.path.ismount(path):
            if server.poll() is not None:
                raise SystemExit(f"{rival}: exit {server.returncode}: {command}")
            time.sleep(0.02)
        yield
    finally:
        subprocess.run(("umount", path), check=False)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.send_signal(signal.SIGKILL)
            server.wait()


if __name__ == "__main__":
    if "--inside" in sys.argv:
        _race(*map(int, sys.argv[2:]))
    else:
        bench_vfs(*map(int, sys.argv[1:] or ["5"]))

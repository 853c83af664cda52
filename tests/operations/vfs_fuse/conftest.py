"""A file system mounted for a test, in a mount namespace of this test run's own."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import ROOT

EXAMPLE = ROOT / "examples" / "vfs_fuse"
MEMFS = EXAMPLE / "memfs.py"
CLONE_NEWNS, MS_REC, MS_PRIVATE, PR_SET_PDEATHSIG = 0x20000, 0x4000, 1 << 18, 1
PATIENCE = 120
"""Seconds after which something that must happen does not."""

libc = ctypes.CDLL(None, use_errno=True)


class Server:
    """A process that serves a mounted file system."""

    def __init__(self, process: subprocess.Popen[bytes], path: Path, errors: Path) -> None:
        self.process, self.path, self._errors = process, path, errors

    @property
    def errors(self) -> str:
        """What the server has written to its standard error."""
        return self._errors.read_text()

    def is_mounted(self) -> bool:
        return str(self.path) in mountpoints()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal; returns the exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


Mount = Callable[..., Server]


def eventually(true: Callable[[], bool], what: str) -> None:
    """Wait until it is true."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def mountpoints() -> list[str]:
    """Where something is mounted, in this namespace."""
    with open("/proc/self/mountinfo") as lines:
        return [line.split()[4] for line in lines]


def _die_with_parent() -> None:
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


@pytest.fixture(scope="session")
def bindings(tmp_path_factory: pytest.TempPathFactory, running_kernel: Path) -> dict[str, str]:
    """The environment in which the example runs, with bindings made as its Makefile makes them."""
    assert running_kernel
    if not Path("/usr/include/linux/fuse.h").exists():
        pytest.skip("needs /usr/include/linux")
    if os.geteuid() or not os.path.exists("/dev/fuse"):
        pytest.skip("the kernel lets only root mount, and needs /dev/fuse")
    folder = tmp_path_factory.mktemp("bindings")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "BINDINGS_DIR": str(folder)}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    subprocess.run([sys.executable, EXAMPLE / "generated_types.py"], env=environment, check=True)
    if "i_atime_sec" not in (folder / "kernel" / "records.py").read_text():
        pytest.skip("this kernel's struct inode is not the one that the example is written for")
    return environment


@pytest.fixture(scope="session")
def _own_mounts(bindings: dict[str, str]) -> None:
    """From now on what this process mounts is nobody else's, and is gone when it is."""
    assert bindings
    if libc.unshare(CLONE_NEWNS):
        pytest.skip(f"the kernel refuses a mount namespace: errno {ctypes.get_errno()}")
    if libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None):
        pytest.skip(f"the kernel refuses private mounts: errno {ctypes.get_errno()}")


@contextmanager
def mounted(
    environment: dict[str, str], path: Path, file_system: Path, *options: str
) -> Iterator[Server]:
    """A file system at a path, unmounted in the end whatever came of it."""
    path.mkdir(exist_ok=True)
    errors = path.with_name(f"{path.name}.errors")
    with errors.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, EXAMPLE / "mount.py", *options, file_system, path],
            stdout=subprocess.PIPE, stderr=stderr, env=environment,
            preexec_fn=_die_with_parent,
        )  # fmt: skip
    server = Server(process, path, errors)
    try:
        assert process.stdout is not None
        if process.stdout.readline() != b"mounted\n":
            assert process.wait(PATIENCE), "the server ended without a reason"
            if "PermissionError" in server.errors:
                pytest.skip(f"the kernel refuses to mount: {server.errors.splitlines()[-1]}")
            raise AssertionError(server.errors)
        yield server
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        process.stdout.close()
    assert not server.is_mounted()


@pytest.fixture
def mount(bindings: dict[str, str], _own_mounts: None, tmp_path: Path) -> Iterator[Mount]:
    """``mount(file_system, *options)`` starts a server, which ends with the test."""
    from contextlib import ExitStack

    with ExitStack() as stack:

        def start(file_system: Path = MEMFS, *options: str) -> Server:
            return stack.enter_context(mounted(bindings, tmp_path / "mnt", file_system, *options))

        yield start


@pytest.fixture(scope="module", params=["direct", "through C", "threads"])
def memfs(
    request: pytest.FixtureRequest,
    bindings: dict[str, str],
    _own_mounts: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Path]:
    """Where memfs is mounted, whose methods are called in each of the ways that there are."""
    options = {
        "direct": [],
        "through C": ["--through-c"],
        "threads": ["--threads=4", "--write-through"],
    }
    path = tmp_path_factory.mktemp("memfs") / "mnt"
    with mounted(bindings, path, MEMFS, *options[request.param]) as server:
        yield path
        assert server.process.poll() is None
        assert server.errors == ""


@pytest.fixture
def folder(memfs: Path, request: pytest.FixtureRequest) -> Path:
    """A directory of the test's own in memfs."""
    path = memfs / "".join(c if c.isalnum() else "_" for c in request.node.name)
    path.mkdir()
    return path

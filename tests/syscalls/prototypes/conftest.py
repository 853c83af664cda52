"""A mounted tracefs, and small kernel trees."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Plant = Callable[..., Path]

_MOUNTED = Path("/sys/kernel/tracing")


@pytest.fixture(scope="session")
def tracefs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A tracefs with syscall events: the one that is mounted, or one of the test's own."""
    if os.access(_MOUNTED / "events" / "syscalls", os.R_OK):
        yield _MOUNTED
        return
    point = tmp_path_factory.mktemp("tracefs")
    command = ["mount", "-t", "tracefs", "uapigen", str(point)]
    if os.geteuid() or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("no tracefs for this user")
    try:
        if not (point / "events" / "syscalls").is_dir():
            pytest.skip("this kernel does not trace syscalls (CONFIG_FTRACE_SYSCALLS)")
        yield point
    finally:
        subprocess.run(["umount", str(point)], check=True)


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    """``plant({"kernel/a.c": text})``: a kernel tree with these files, a 9.8.7."""

    def planted(files: dict[str, str]) -> Path:
        makefile = "VERSION = 9\nPATCHLEVEL = 8\nSUBLEVEL = 7\n"
        for name, text in {"Makefile": makefile, **files}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        return tmp_path

    return planted

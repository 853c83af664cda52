"""Bindings generated from the kernel's headers, against what each target's gcc says of them.

Quick: ten headers of this machine's kind. Slow: all of x86_64, samples of the other targets.
With ``UAPIGEN_TESTS=all`` in the environment, all headers of all targets.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conftest import EXHAUSTIVE
from kitchen import interpreters

from .run import check
from .targets import TARGETS, Header, headers_of, sample

EVERY = 12  # of a sample's headers
QUICK = (
    "asm/ptrace.h",
    "linux/bpf.h",
    "linux/ethtool.h",
    "linux/fuse.h",
    "linux/in.h",
    "linux/input.h",
    "linux/netlink.h",
    "linux/perf_event.h",
    "linux/videodev2.h",
    "sound/asound.h",
)


def require(arch: str) -> list[Header]:
    """The target's headers; skips where it has no compiler or no headers."""
    target = TARGETS[arch]
    if not shutil.which(target.gcc):
        pytest.skip(f"needs {target.gcc}")
    headers = headers_of(target)
    if not headers:
        pytest.skip(f"needs the kernel's headers in {target.include[0]}")
    return headers


def test_ten_headers_agree_with_gcc(tmp_path: Path) -> None:
    headers = [header for header in require("x86_64") if header.name in QUICK]
    tally = check(TARGETS["x86_64"], headers, tmp_path)
    assert not tally.faults(), str(tally)


def test_a_header_as_one_file_agrees_with_gcc(tmp_path: Path) -> None:
    headers = [header for header in require("x86_64") if header.name == "linux/fuse.h"]
    tally = check(TARGETS["x86_64"], headers, tmp_path, out="fuse.py")
    assert not tally.faults(), str(tally)


@pytest.mark.slow
@pytest.mark.parametrize("version", interpreters.VERSIONS)
def test_ten_headers_agree_with_gcc_on_every_python(version: str, tmp_path: Path) -> None:
    python = interpreters.python(version)
    headers = [header for header in require("s390x") if header.name in QUICK]
    tally = check(TARGETS["s390x"], headers, tmp_path, python=python)
    assert not tally.faults(), str(tally)


@pytest.mark.slow
@pytest.mark.parametrize("arch", TARGETS)
def test_headers_agree_with_gcc(arch: str, tmp_path: Path) -> None:
    headers = require(arch)
    if arch != "x86_64" and not EXHAUSTIVE:
        headers = sample(headers, EVERY)
    tally = check(TARGETS[arch], headers, tmp_path)
    print(f"{len(headers)} headers of {arch}\n{tally}")
    assert not tally.faults(), str(tally)

"""A table of operations filled from Python and used by the running kernel: BPF struct_ops."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT, Needs

EXAMPLE = ROOT / "examples" / "struct_ops_tcp_cc.py"
SEGMENTS = 100  # 100 kB of 1,000 bytes each
FIRST_WINDOW = 10  # segments that TCP sends before anybody was asked

# What a kernel, or who guards it, answers to what it doesn't have or allow. Anything else is wrong.
_REFUSED = re.compile(
    r"PermissionError: "
    r"|OSError: .*(Function not implemented|Operation not supported|Unknown error 524)"
    r"|\S*NotFoundError: .*bpf_struct_ops_tcp_congestion_ops"
    r"|/sys/kernel/btf/vmlinux cannot be read"
)


def run_example() -> list[str]:
    """What it prints; skips the test where this kernel refuses."""
    env = {**os.environ, "PYTHONPATH": os.fspath(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, EXAMPLE]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env, timeout=60)
    refusals = [line for line in done.stderr.splitlines() if _REFUSED.match(line)]
    if done.returncode and refusals:
        pytest.skip(f"this kernel refuses {EXAMPLE.name}: {refusals[-1]}")
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.usefixtures("running_kernel")
def test_congestion_control_of_bpf_programs_drives_the_window_and_leaves_nothing(
    needs: Needs,
) -> None:
    needs("bpftool")
    before, small, large, after = run_example()
    assert before == "selectable: True"
    for window, line in ((7, small), (23, large)):
        found = re.fullmatch(rf"window {window}: (\d+) segments, (\d+) acknowledgments", line)
        assert found, line
        segments, acknowledgments = map(int, found.groups())
        assert segments >= SEGMENTS
        # None of them can have made room for more than a window.
        assert acknowledgments >= (SEGMENTS - FIRST_WINDOW) / window
    assert after == "selectable: False"
    available = Path("/proc/sys/net/ipv4/tcp_available_congestion_control").read_text()
    assert "uapigen_window" not in available.split()
    assert not left_over("prog", {"cong_control", "ssthresh", "undo_cwnd"})
    assert not left_over("map", {"uapigen_window"})


def left_over(kind: str, names: set[str]) -> set[str]:
    """Which of these names BPF objects have; the kernel frees them a moment after the last use."""
    for _ in range(100):
        listed = subprocess.run(["bpftool", "-j", kind, "list"], capture_output=True, check=True)
        there = {entry.get("name", "") for entry in json.loads(listed.stdout)}
        if not names & there:
            break
        time.sleep(0.1)
    return names & there

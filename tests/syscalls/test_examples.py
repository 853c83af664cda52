"""The examples of syscalls run, do what they say, and see what strace sees."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from conftest import ROOT, Needs

EXAMPLES = ROOT / "examples" / "syscalls"


@pytest.fixture(autouse=True)
def _x86_64() -> None:
    if platform.machine() != "x86_64":
        pytest.skip("needs x86_64")
    if not Path("/usr/include/linux/seccomp.h").exists():
        pytest.skip("needs /usr/include/linux")


def run(*command: str | Path, code: int = 0) -> tuple[str, str]:
    """(output, errors) of a command that ends with that code."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == code, done.stderr
    return done.stdout, done.stderr


def test_allow_list_confines_a_child() -> None:
    out, _ = run(sys.executable, EXAMPLES / "allow_list.py")
    assert out.splitlines() == [
        "the child is still itself: True",
        "pidfd_open: allowed",
        "pidfd_open: EINVAL",
        "openat: EPERM",
        "socket: EPERM",
        "kill: EPERM",
        "the parent still opens /etc/passwd",
    ]


def test_supervisor_answers_for_the_kernel() -> None:
    out, _ = run(sys.executable, EXAMPLES / "supervisor.py")
    assert out.splitlines() == [
        "my parent is 42",
        "Welcome to nowhere.",
        "writing: Read-only file system",
        "and the rest is there: True",
        "the parent was asked: True",
    ]


def test_supervisor_runs_any_command() -> None:
    out, _ = run(sys.executable, EXAMPLES / "supervisor.py", "/bin/cat", "/etc/motd")
    assert out.splitlines()[0] == "Welcome to nowhere."


# The same programs under strace: names and numbers (raw), and strings

PROGRAMS = [
    ("/bin/true",),
    ("/bin/cat", "{folder}/some file"),
    ("/bin/sh", "-c", "exec cat /nonexistent 2>/dev/null"),
    ("/bin/ls", "-l", "{folder}"),
    ("/bin/sh", "-c", "cd {folder}; umask 22; echo $$ > /dev/null; exit 3"),
    ("/bin/ln", "-s", "a target", "{folder}/link"),
    ("/bin/mkdir", "-p", "{folder}/a/b/c"),
]
OF_THE_PROCESS = {"set_tid_address", "getpid", "getppid", "gettid", "getpgrp", "getpgid"}
"""Calls whose results are another process's in another run."""
LINE = re.compile(r"^(\w+)\((.*)\) += (.*)$")
FAR = 1 << 32
"""Addresses lie beyond: where exactly depends on the environment."""


def parsed(text: str) -> list[tuple[str, str, str]]:
    """(name, arguments, result) of each call; what the program itself prints is no call."""
    found = [LINE.match(line) for line in text.splitlines()]
    return [(match[1], match[2], match[3].split()[0]) for match in found if match]


def words(arguments: str) -> list[int]:
    """Arguments as numbers; a string is an address."""
    plain = re.sub(r'"(?:[^"\\]|\\.)*"', str(FAR), arguments)
    return [0 if word == "NULL" else int(word, 0) for word in plain.split(", ") if word]


def same(ours: int, its: int) -> bool:
    """Whether both are one number, or addresses; strace does not extend an int's sign."""
    ours, its = ours & 2**64 - 1, its & 2**64 - 1
    if its < FAR:
        return ours & FAR - 1 == its
    return ours == its or FAR <= ours < 1 << 47 > its


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: " ".join(program))
def test_trace_sees_what_strace_sees(program: Sequence[str], needs: Needs, tmp_path: Path) -> None:
    needs("strace", "setarch")

    def command(name: str) -> list[str]:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "some file").write_text("hello\n")
        return [part.format(folder=folder) for part in program]

    code = subprocess.run(command("alone"), capture_output=True, check=False).returncode
    plain = ("setarch", "-R")
    trace = (*plain, sys.executable, EXAMPLES / "trace.py")
    ours = parsed(run(*trace, *command("by-us"), code=code)[1])
    raw = parsed(run(*plain, "strace", "-e", "raw=all", *command("in-raw"), code=code)[1])
    text = run(*plain, "strace", "-X", "raw", "-s", "4096", *command("by-it"), code=code)[1]
    assert [name for name, _, _ in ours] == [name for name, _, _ in raw]
    assert len(ours) > 10
    for (name, arguments, result), (_, its_arguments, its_result) in zip(ours, raw, strict=True):
        given, expected = words(arguments), words(its_arguments)
        assert len(given) == len(expected), name
        assert all(map(same, given, expected)), (name, arguments, its_arguments)
        if name not in OF_THE_PROCESS and result != "?":
            assert same(int(result, 0), int(its_result, 0)), (name, result, its_result)
    # A path is the first argument or the second: what strace reads there, we do, too
    strings = r'^(?:-?\w+, )?("(?:[^"\\]|\\.)*")'
    paths = 0
    for (name, arguments, _), (its_name, its_arguments, _) in zip(ours, parsed(text), strict=True):
        assert name == its_name
        found, expected_string = (re.match(strings, a) for a in (arguments, its_arguments))
        if found:
            assert expected_string, its_arguments
            assert found[1] == expected_string[1].replace("by-it", "by-us")
            paths += 1
    assert paths > 3

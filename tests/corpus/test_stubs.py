"""What mypy makes of the stubs: right use passes ``--strict``, wrong use is found, line by line."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from conftest import run_uapigen
from mypy import api

USE = """\
from __future__ import annotations

import ctypes
from typing import assert_type

import bindings
from bindings import hlist_head, list_head

task = bindings.task_struct.from_buffer_copy(bytes(ctypes.sizeof(bindings.task_struct)))
assert_type(task.pid, int)
assert_type(task.comm, bytes)
assert_type(task.se.load.weight, int)
assert_type(task.tasks, list_head)
assert_type(task.real_parent.target, type[bindings.task_struct])
assert_type(task.cpus_mask.bits[0], int)
assert_type(bindings.task_struct.pid.offset, int)
assert_type(bindings.task_struct.in_execve.bit_width, int)
assert_type(bindings.BPF_MAP_TYPE_HASH, int)
task.pid = 1
task.comm = b"init"
task.tasks = list_head(next=0, prev=None)
task.tasks.next = 0xFFFF_8880_0000_0000
task.real_parent = None
kind: bindings.bpf_map_type = bindings.bpf_map_type.BPF_MAP_TYPE_HASH
chains = (hlist_head * 4)()
for name, c_type in bindings.functions["vfs_read"].params:
    print(name.upper(), c_type.upper())


class Own(ctypes.Structure):
    _fields_ = [("head", list_head), ("value", ctypes.c_uint32)]


print(bindings.asdict(task), bindings.ctype("struct list_head"), bindings.__abi__["arch"])

task.no_such_member  # E: attr-defined
task.tasks.no_such_member = 1  # E: attr-defined
task.pid = "one"  # E: assignment
task.comm = "init"  # E: assignment
task.tasks = hlist_head()  # E: assignment
bindings.no_such_type  # E: attr-defined
bindings.BPF_MAP_TYPE_HASH.upper()  # E: attr-defined
bindings.list_head.next.no_such_fact  # E: attr-defined
wrong: str = task.pid  # E: assignment
"""


def check(directory: Path, *arguments: str) -> str:
    """What ``mypy --strict`` says in a directory that holds the bindings."""
    before = Path.cwd()
    os.chdir(directory)
    try:
        out, err, _ = api.run(["--strict", "--config-file=", "--cache-dir=cache", *arguments])
    finally:
        os.chdir(before)
    assert not err
    return out


def errors(told: str) -> list[tuple[int, str]]:
    return [
        (int(line), code)
        for line, code in re.findall(r"^use\.py:(\d+): error: .*\[(.*)\]$", told, re.M)
    ]


@pytest.mark.parametrize("out", ["bindings", "bindings.py"])
def test_right_use_is_accepted_and_wrong_use_found(kernel: Path, tmp_path: Path, out: str) -> None:
    patterns = ("struct task_struct", "struct hlist_head", "enum bpf_map_type", "vfs_read")
    only = [argument for pattern in patterns for argument in ("--only", pattern)]
    run_uapigen(kernel, "-o", tmp_path / out, *only)
    (tmp_path / "use.py").write_text(USE)
    told = check(tmp_path, "use.py")
    expected = [
        (number, line.partition("# E: ")[2])
        for number, line in enumerate(USE.splitlines(), 1)
        if "# E: " in line
    ]
    assert errors(told) == expected, told
    assert told.endswith(f"Found {len(expected)} errors in 1 file (checked 1 source file)\n"), told


@pytest.mark.slow
def test_a_project_with_a_whole_kernel_in_it_passes(kernel: Path, tmp_path: Path) -> None:
    run_uapigen(kernel, "-o", tmp_path / "bindings")
    (tmp_path / "app.py").write_text("import bindings\n\nprint(bindings.task_struct.pid.offset)\n")
    assert check(tmp_path, ".").startswith("Success: ")

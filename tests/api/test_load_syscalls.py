"""``uapigen.load(...).syscalls``: the syscalls of the source's architecture, without files."""

from __future__ import annotations

import ctypes
import importlib
import platform
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import run_uapigen
from show.btf import BtfWriter

import uapigen
from uapigen.errors import NotFoundError


def small() -> bytes:
    writer = BtfWriter()
    writer.int("int", 4)
    return writer.bytes()


def test_structs_of_the_source_go_into_calls(running_kernel: Path) -> None:
    if platform.machine() != "x86_64":
        pytest.skip("needs x86_64")
    k: Any = uapigen.load(running_kernel, only=["struct statx", "struct stat"])
    about = k.statx()
    assert k.syscalls.statx(-100, "/", 0, 0x7FF, about) == 0
    assert about.stx_mode & 0o40000
    assert k.syscalls.TABLE["statx"].params[-1].target is k.statx
    with pytest.raises(TypeError, match=r"is a struct statx, .* not struct stat"):
        k.syscalls.statx(-100, "/", 0, 0x7FF, k.stat())
    assert k.syscalls is k.syscalls


@pytest.mark.parametrize("arch", ["s390x", "x86_64", "mips"])
def test_table_is_that_of_a_package(arch: str, tmp_path: Path) -> None:
    header = tmp_path / "header.h"
    header.write_text("struct point { int x, y; };\n")
    name = f"loaded_beside_{arch}"
    run_uapigen(header, header, "--arch", arch, "-o", tmp_path / name, "--quiet")
    sys.path.insert(0, str(tmp_path))
    try:
        package = importlib.import_module(f"{name}.syscalls")
    finally:
        sys.path.remove(str(tmp_path))
    loaded: Any = uapigen.load(header, arch=arch)
    ours, theirs = loaded.syscalls, package
    assert ours.__abi__ == theirs.__abi__
    assert list(ours.NR) == list(theirs.NR)
    assert [repr(ours.TABLE[n]) for n in ours.TABLE] == [repr(theirs.TABLE[n]) for n in ours.TABLE]
    assert [p.ctype for p in ours.TABLE["read"].params] == [
        p.ctype for p in theirs.TABLE["read"].params
    ]
    assert issubclass(ours.TABLE["read"].params[0].ctype, ctypes._SimpleCData)


def test_unknown_abi_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("uapigen.emit.packed_syscalls.unpack", lambda _: None)
    with pytest.raises(NotFoundError, match="no syscall ABI is known for"):
        _ = uapigen.load(small(), arch="x86_64").syscalls

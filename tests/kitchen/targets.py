"""The compilers that the kitchen is built with, and how a missing tool is reported."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

__all__ = ["BPF_TARGETS", "TARGETS", "Target", "require", "run"]

TIMEOUT = 120  # seconds; each of these commands takes one or two

GCC_FLAGS = (
    "-std=gnu11",
    "-fms-extensions",
    "-ffreestanding",
    "-fno-eliminate-unused-debug-types",
    "-w",  # the kitchen is made of what compilers warn about
)
CLANG_FLAGS = ("-std=gnu11", "-fms-extensions", "-ffreestanding", "-w", "-g", "-O2")


@dataclass(frozen=True)
class Target:
    """A compiler for one ABI. `arch` is uapigen's name of it; None leaves it to the BTF."""

    name: str
    compiler: tuple[str, ...]
    arch: str | None
    byte_order: str = "little"


def _gcc(name: str, prefix: str, byte_order: str = "little") -> Target:
    return Target(name, (f"{prefix}-gcc", *GCC_FLAGS), name, byte_order)


TARGETS = {
    target.name: target
    for target in (
        _gcc("x86_64", "x86_64-linux-gnu"),
        _gcc("i386", "i686-linux-gnu"),
        _gcc("aarch64", "aarch64-linux-gnu"),
        _gcc("arm", "arm-linux-gnueabihf"),
        _gcc("s390x", "s390x-linux-gnu", "big"),
        _gcc("riscv64", "riscv64-linux-gnu"),
        _gcc("ppc64le", "powerpc64le-linux-gnu"),
        _gcc("mipsel", "mipsel-linux-gnu"),
    )
}

BPF_TARGETS = {
    target.name: target
    for target in (
        Target("bpfel", ("clang", "-target", "bpfel", *CLANG_FLAGS), None),
        Target("bpfeb", ("clang", "-target", "bpfeb", *CLANG_FLAGS), None, "big"),
    )
}


def require(tool: str) -> None:
    """Skip the calling test where `tool` is not installed; fail it where CI promises all tools."""
    if shutil.which(tool):
        return
    if os.environ.get("CI"):
        pytest.fail(f"needs {tool}, which CI must have")
    pytest.skip(f"needs {tool}")


def run(command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> str:
    """Run `command` and return its standard output; a failure shows what it printed."""
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=env, timeout=TIMEOUT
    )
    if done.returncode != 0:
        line = " ".join(map(str, command))
        raise AssertionError(f"{line}\nexit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout

"""The compilers to ask, and the headers of each one's target."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["DIRECTORIES", "HARD", "TARGETS", "Header", "Target", "headers_of", "sample"]

DIRECTORIES = (
    *("linux", "asm", "asm-generic", "drm", "misc", "mtd"),
    *("rdma", "scsi", "sound", "video", "xen"),
)
"""Where the kernel's headers are, below an include directory."""

HARD = (
    "linux/bpf.h",
    "linux/ethtool.h",
    "linux/fuse.h",
    "linux/input.h",
    "linux/perf_event.h",
    "linux/videodev2.h",
    "asm/ptrace.h",
    "asm/termbits.h",
    "drm/i915_drm.h",
    "sound/asound.h",
)
"""Headers that have broken other generators: they are in every sample."""


@dataclass(frozen=True)
class Target:
    """A compiler and where its headers are. `arch` is what uapigen calls the target."""

    arch: str
    gcc: str
    include: tuple[str, ...]
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Header:
    """A header as C includes it, and the file that this is."""

    name: str
    path: str


def _cross(arch: str, triplet: str, *options: str) -> Target:
    return Target(arch, f"{triplet}-gcc", (f"/usr/{triplet}/include",), options)


TARGETS = {
    target.arch: target
    for target in (
        Target("x86_64", "x86_64-linux-gnu-gcc", ("/usr/include", "/usr/include/x86_64-linux-gnu")),
        _cross("i386", "i686-linux-gnu"),
        _cross("aarch64", "aarch64-linux-gnu"),
        _cross("arm", "arm-linux-gnueabihf"),
        _cross("s390x", "s390x-linux-gnu"),
        # Without relaxation the assembler leaves no sums of labels for a linker to work out.
        _cross("riscv64", "riscv64-linux-gnu", "-mno-relax"),
        _cross("ppc64le", "powerpc64le-linux-gnu"),
        _cross("mipsel", "mipsel-linux-gnu"),
    )
}


def headers_of(target: Target) -> list[Header]:
    """All kernel headers of a target, in the order of their names."""
    found: dict[str, Header] = {}
    for include in target.include:
        for directory in DIRECTORIES:
            for path in sorted(Path(include, directory).rglob("*.h")):
                name = os.path.relpath(path, include)
                found.setdefault(name, Header(name, os.path.realpath(path)))
    return [found[name] for name in sorted(found)]


def sample(headers: Iterable[Header], every: int) -> list[Header]:
    """Every so manieth header, and the hard ones."""
    return [
        header
        for number, header in enumerate(headers)
        if number % every == 0 or header.name in HARD
    ]

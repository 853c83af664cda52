"""Both front ends say the same of real headers.

What may differ is listed in :data:`KNOWN` or comes from different files behind the same names: the
compiler's own headers, and types of the C library that only one of them had to look at.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import EXHAUSTIVE

from uapigen.errors import InputError
from uapigen.headers import clang, pycparser_frontend
from uapigen.headers.files import reachable
from uapigen.headers.options import HeaderOptions
from uapigen.headers.pycparser_cpp import cross_compiler
from uapigen.headers.targets import include_directories
from uapigen.ir.declarations import Unit
from uapigen.ir.spelling import Named, Speller, plain_name
from uapigen.ir.types import Composite, Enum, Func, Struct, Typedef, TypeId, Union
from uapigen.layout.targets import TARGETS

from ..clang.reading import OPTIONS

SAMPLE = (
    "bpf.h", "fuse.h", "if_link.h", "input.h", "io_uring.h", "kvm.h", "sctp.h", "signal.h",
    "videodev2.h", "virtio_ring.h", "coda.h", "netfilter/x_tables.h", "patchkey.h",
)  # fmt: skip
ARCHES = ("aarch64", "arm", "i386", "mipsel", "ppc64le", "riscv64", "s390x")

KNOWN: dict[str, str] = {
    "coda.h typedef int8_t": "two declarations of one type: either may be the first",
    "coda.h typedef int16_t": "as int8_t",
    "coda.h typedef int32_t": "as int8_t",
}


def headers_of(arch: str) -> Path:
    """The directory with the target's linux/."""
    for directory in include_directories(HeaderOptions(TARGETS[arch])):
        if os.path.isdir(f"{directory}/linux"):
            return Path(directory, "linux")
    pytest.skip(f"needs the kernel's headers for {arch}")


def said(unit: Unit) -> dict[str, Any]:
    """All that a unit says, by name."""
    graph = unit.graph
    speller = Speller(graph)

    def named(type_id: TypeId, node: Named) -> str:
        if node.name:
            return plain_name(type_id, node)
        if isinstance(node, Enum):
            return f"enum {node.byte_size} {node.signed} {node.enumerators}"
        assert isinstance(node, (Struct, Union))
        return f"{type(node).__name__} {members(node)}"

    def members(node: Composite) -> tuple[object, ...]:
        parts = [(m.name, m.bit_offset, m.bit_width, speller.spell(m.type)) for m in node.members]
        return node.byte_size, node.byte_align, *parts

    speller.namer = named
    found: dict[str, Any] = {}
    for type_id, path in unit.owners.items():
        if path not in unit.files or unit.files[path].system:
            continue
        node = graph[type_id]
        if isinstance(node, (Struct, Union)) and node.name:
            found[f"{type(node).__name__} {node.name}"] = members(node), path
        elif isinstance(node, Enum):
            name = node.name or node.enumerators[0].name
            found[f"enum {name}"] = node.byte_size, node.signed, node.enumerators, path
        elif isinstance(node, Typedef):
            found[f"typedef {node.name}"] = speller.spell(node.target), node.byte_align, path
        elif isinstance(node, Func):
            found[f"function {node.name}"] = speller.spell(node.proto), node.linkage, path
    for constant in unit.constants:
        found[f"macro {constant.name}"] = tuple(constant)
    found |= {f"ioctl {name}": spelling for name, spelling in unit.ioctl_arguments.items()}
    found |= {f"alias {name}": spelling for name, spelling in unit.type_aliases.items()}
    included = reachable(unit.header, {path: file.includes for path, file in unit.files.items()})
    for file in unit.files.values():
        # What only macros need lies behind the header, and what each looks into differs.
        if not file.system and file.path in included:
            own = [path for path in file.includes if not unit.files[path].system]
            found[f"file {file.path}"] = file.module, own
    return found


def differences(path: Path, options: HeaderOptions) -> Iterator[str]:
    """Each thing of which the two say something else."""
    try:
        theirs = said(clang.read_header(str(path), options))
    except InputError:
        with pytest.raises(InputError):
            pycparser_frontend.read_header(str(path), options)
        return
    ours = said(pycparser_frontend.read_header(str(path), options))
    for name in sorted(ours.keys() | theirs.keys()):
        if ours.get(name) != theirs.get(name) and f"{path.name} {name}" not in KNOWN:
            yield f"{path} {name}: pycparser {ours.get(name)}, clang {theirs.get(name)}"


@pytest.mark.parametrize("header", SAMPLE)
def test_front_ends_agree(header: str) -> None:
    path = headers_of("x86_64") / header
    if not path.is_file():
        pytest.skip(f"needs {path}")
    assert not list(differences(path, OPTIONS))


@pytest.mark.parametrize("arch", ARCHES)
def test_front_ends_agree_for_other_targets(arch: str, needs: Any) -> None:
    directory = headers_of(arch)
    options = replace(OPTIONS, model=TARGETS[arch])
    needs(cross_compiler(arch))
    for header in ("fuse.h", "../asm/ptrace.h"):
        assert not list(differences((directory / header).resolve(), options))


@pytest.mark.slow
@pytest.mark.parametrize("arch", ["x86_64", *ARCHES])
def test_front_ends_agree_on_headers_of_all_kinds(arch: str) -> None:
    options = replace(OPTIONS, model=TARGETS[arch])
    paths = sorted(headers_of(arch).rglob("*.h"))
    if not EXHAUSTIVE:
        paths = paths[:: 4 if arch == "x86_64" else 24]
    found = [difference for path in paths for difference in differences(path, options)]
    assert not found, f"{len(found)} differences\n" + "\n".join(found[:40])

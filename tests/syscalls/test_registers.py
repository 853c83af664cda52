"""The table of ABIs, held against qemu's: each argument arrives, and so does the result."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Literal

import pytest

from uapigen.ir.syscalls import SyscallParam
from uapigen.layout.targets import TARGETS
from uapigen.syscalls.abis import ABIS
from uapigen.syscalls.lowering import arrange
from uapigen.syscalls.quirks import MMAP2_UNIT, SECOND_RESULTS
from uapigen.syscalls.sources.package import numbers

from .assembly import DATA, MACHINES, TEXT, Call, build, run

NARROW = {"mipsn32", "mipsn32el"}
"""Where qemu loses the upper half of a 64-bit register; the kernel does not."""


@pytest.mark.parametrize("name", MACHINES)
def test_arguments_arrive_in_the_registers_of_the_table(name: str, tmp_path: Path) -> None:
    abi = ABIS[name]
    nr = numbers(name)
    truncate = "ftruncate64" if abi.splits_64_bits else "ftruncate"
    # More than 32 bits, with halves that cannot be taken for each other
    mask = 0xFFFF if name in NARROW else 0xFFFFFFFFFFFF
    written_at, length, allocated_at = (
        mask & value for value in (0x300000505, 0x500000707, 0x200000303)
    )
    calls = [
        Call(nr["pwrite64"], "pwrite64",
             [("unsigned int", 0), ("const char *", TEXT), ("size_t", 4), ("loff_t", written_at)]),
        Call(nr[truncate], truncate, [("unsigned int", 1), ("loff_t", length)]),
        Call(nr["fallocate"], "fallocate",
             [("int", 2), ("int", 0), ("loff_t", allocated_at), ("loff_t", 5)]),
        Call(nr["close"], "close", [("unsigned int", 99)]),
    ]  # fmt: skip
    program = build(abi, calls, nr["exit"], tmp_path)
    paths = [tmp_path / f"file{descriptor}" for descriptor in range(3)]
    files = [path.open("w+b") for path in paths]
    code = run(abi, program, files)
    sizes = [path.stat().st_size for path in paths]
    files[0].seek(written_at)
    written = files[0].read()
    for file in files:
        file.close()
    if sizes[2] < allocated_at:
        print(paths[2].read_text("utf-8", "replace"))  # what qemu has to say
    assert sizes == [written_at + 4, length, allocated_at + 5]
    assert written in program.read_bytes()
    assert any(written)
    assert code == (errno.EBADF if abi.error_flag else -errno.EBADF & 0xFF)


@pytest.mark.parametrize("name", [name for name in MACHINES if name in SECOND_RESULTS])
def test_pipe_returns_its_descriptors_in_two_registers(name: str, tmp_path: Path) -> None:
    abi = ABIS[name]
    nr = numbers(name)
    pipe = Call(nr["pipe"], "pipe", [])
    descriptors = []
    for register in (abi.return_register, SECOND_RESULTS[name]["pipe"]):
        program = build(abi, [pipe], nr["exit"], tmp_path, result=register)
        with (tmp_path / "file").open("w+b") as file:
            descriptors.append(run(abi, program, [file] * 3))
    assert descriptors[0] > 2
    assert descriptors[1] == descriptors[0] + 1


OFFSET = 0x10000
"""A multiple of every target's page size."""
MAPPED_AT = 0x800000
MAP_FIXED = {"alpha": 0x100, "parisc": 0x04}
"""``include/uapi/asm-generic/mman-common.h`` has 0x10."""


@pytest.mark.parametrize(
    ("name", "call"),
    [(name, call) for name in MACHINES for call in ("mmap", "mmap2") if call in numbers(name)],
)
def test_mmap_maps_what_its_six_arguments_say(name: str, call: str, tmp_path: Path) -> None:
    abi = ABIS[name]
    nr = numbers(name)
    flags = 1 | MAP_FIXED.get(name, 0x10)
    unit = MMAP2_UNIT if call == "mmap2" else 1
    arguments = [MAPPED_AT, OFFSET, 1, flags, 0, OFFSET // unit]
    calls = [
        Call(nr[call], call, [("unsigned long", value) for value in arguments]),
        Call(nr["write"], "write",
             [("unsigned int", 1), ("const char *", MAPPED_AT), ("size_t", 100)]),
    ]  # fmt: skip
    program = build(abi, calls, nr["exit"], tmp_path)
    content = bytes(range(100))
    paths = [tmp_path / "mapped", tmp_path / "copied"]
    with paths[0].open("w+b") as mapped, paths[1].open("w+b") as copied:
        mapped.seek(OFFSET)
        mapped.write(content.ljust(OFFSET, b"x"))
        mapped.flush()
        assert run(abi, program, [mapped, copied, copied]) == len(content)
    assert paths[1].read_bytes() == content


ADVICES = [(2, 0), (99, errno.EINVAL)]
"""POSIX_FADV_SEQUENTIAL, and one that is none."""


@pytest.mark.parametrize(
    ("name", "call"),
    [
        (name, call)
        for name in MACHINES
        for call in ("fadvise64", "fadvise64_64", "arm_fadvise64_64")
        if call in numbers(name)
    ],
)
@pytest.mark.parametrize(("advice", "error"), ADVICES)
def test_fadvises_advice_is_where_the_abi_has_it(
    name: str, call: str, advice: int, error: int, tmp_path: Path
) -> None:
    abi = ABIS[name]
    nr = numbers(name)
    narrow = call == "fadvise64" and not name.startswith("mips")
    params = [
        SyscallParam("fd", "int"),
        SyscallParam("offset", "loff_t"),
        SyscallParam("len", "size_t" if narrow else "loff_t"),
        SyscallParam("advice", "int"),
    ]
    values = {"fd": 0, "offset": 0x100000007, "len": 0x1000, "advice": advice}
    arguments = [(param.c_type, values[param.name]) for param in arrange(abi, call, params)]
    program = build(abi, [Call(nr[call], call, arguments)], nr["exit"], tmp_path)
    with (tmp_path / "file").open("w+b") as file:
        code = run(abi, program, [file] * 3)
    assert code == (error if abi.error_flag else -error & 0xFF)


CLONE_PARENT_SETTID, CLONE_CHILD_SETTID, SIGCHLD = 0x00100000, 0x01000000, 17
P_ALL, WEXITED = 0, 4


@pytest.mark.parametrize("name", MACHINES)
def test_clones_arguments_are_in_the_abis_order(name: str, tmp_path: Path) -> None:
    abi = ABIS[name]
    nr = numbers(name)
    # The child, then the parent write what they find where three of the arguments point to
    signal = {"alpha": 20, "mips": 18, "sparc": 20, "parisc": 18}.get(_family(name), SIGCHLD)
    values = {
        "clone_flags": CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | signal,
        "newsp": 0,
        "parent_tidptr": DATA,
        "child_tidptr": DATA + 4,
        "tls": DATA + 8,
    }
    params = [SyscallParam(param, "unsigned long") for param in values]
    arguments = [("unsigned long", values[param.name]) for param in arrange(abi, "clone", params)]
    calls = [
        Call(nr["clone"], "clone", arguments),
        Call(nr["waitid"], "waitid", [("int", value) for value in (P_ALL, 0, 0, WEXITED, 0)]),
        Call(nr["write"], "write", [("unsigned int", 1), ("const char *", DATA), ("size_t", 12)]),
    ]
    program = build(abi, calls, nr["exit"], tmp_path)
    with (tmp_path / "file").open("w+b") as file:
        assert run(abi, program, [file] * 3) == 12
        file.seek(0)
        written = file.read()
    order: Literal["big", "little"] = "big" if TARGETS[name].big_endian else "little"
    words = [int.from_bytes(written[at : at + 4], order) for at in range(0, len(written), 4)]
    child, parent = words[:3], words[3:]
    assert child[1] > 1
    # The kernel writes parent_tidptr in the parent's memory, qemu in the child's
    assert child[1] in (parent[0], child[0])
    assert (parent[1], child[2], parent[2]) == (0, 0, 0)


def _family(name: str) -> str:
    return next((family for family in ("mips", "sparc") if name.startswith(family)), name)

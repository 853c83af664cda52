"""The table of ABIs, held against qemu's: each argument arrives, and so does the result."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from uapigen.syscalls.abis import ABIS
from uapigen.syscalls.quirks import SECOND_RESULTS
from uapigen.syscalls.sources.package import numbers

from .assembly import MACHINES, TEXT, Call, build, run

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

"""Programs that do nothing but syscalls with constant arguments, by each ABI's own assembler.

What goes into which register comes from the tables; here is only how an
assembler says "load a constant". The programs run under qemu-user, which
decodes numbers and registers by tables of its own.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import IO, NamedTuple

import pytest

from uapigen.ir.syscalls import SyscallParam
from uapigen.layout.targets import TARGETS
from uapigen.syscalls.abis import ABIS, SyscallAbi
from uapigen.syscalls.lowering import lower

__all__ = ["DATA", "MACHINES", "TEXT", "Call", "build", "run"]

TEXT = 0x100000
"""Where a program begins: an address with something to be read."""
DATA = 0x200000
"""Where a program may write, and arguments lie that are passed in a block."""


class Machine(NamedTuple):
    """An assembler, and what runs its programs."""

    binutils: str
    """Prefix of ``as`` and ``ld``."""
    qemu: str
    """Behind ``qemu-``."""
    load: str
    """Sets ``{register}`` to the constant ``{value}``: ``{high}`` and ``{low}`` are its words,
    ``{h3}`` to ``{h0}`` its halfwords."""
    move: str
    """Copies ``{source}`` to ``{target}``."""
    options: tuple[str, ...] = ()
    """For ``as``."""
    emulation: str = ""
    """``ld -m``."""
    prefix: str = ""
    """Of a register's name."""
    store: str = ""
    """Stores ``{value}`` at ``{offset}`` above the stack pointer."""
    after: str = ""
    """Behind the instruction that calls."""
    begin: str = ""
    """Before everything else."""
    names: Mapping[str, str] = MappingProxyType({})
    """Registers that the assembler calls otherwise."""


def _power(qemu: str, emulation: str, *options: str) -> Machine:
    wide = "; sldi {register}, {register}, 32; oris {register}, {register}, {h1}"
    words = "lis {register}, {h3}; ori {register}, {register}, {h2}" + wide
    load = words if "64" in emulation else "lis {register}, {h1}"
    return Machine(
        "powerpc64le-linux-gnu-",
        qemu,
        load + "; ori {register}, {register}, {h0}",
        "mr {target}, {source}",
        ("-mregnames", *options),
        emulation,
        begin=".abiversion 2" if "64" in emulation else "",  # no descriptors of functions
    )


def _mips(qemu: str, emulation: str, *options: str) -> Machine:
    wide = "-32" not in options
    return Machine(
        "mipsel-linux-gnu-",
        qemu,
        "dli {register}, {value}" if wide else "li {register}, {value}",
        "move {target}, {source}",
        (*options, "-mips3") if wide else options,
        emulation,
        "$",
        "li $t0, {value}; sw $t0, {offset}($sp)",
        begin=".set noreorder" if wide else ".set noreorder; addiu $sp, $sp, -64",
        names={"a4": "8", "a5": "9"},  # the old ABI calls them t0 and t1
    )


_X86 = {
    "load": "mov ${value}, {register}",
    "move": "mov {source}, {target}",
    "prefix": "%",
}
_SPARC = {"move": "mov {source}, {target}", "prefix": "%", "after": "nop"}
_RISCV = {"load": "li {register}, {value}", "move": "mv {target}, {source}"}

MACHINES = {
    "x86_64": Machine("x86_64-linux-gnu-", "x86_64", **_X86),
    "i386": Machine(
        "x86_64-linux-gnu-",
        "i386",
        options=("--32",),
        emulation="elf_i386",
        **_X86,
    ),
    "aarch64": Machine(
        "aarch64-linux-gnu-",
        "aarch64",
        "movz {register}, #{h3}, lsl #48; movk {register}, #{h2}, lsl #32; "
        "movk {register}, #{h1}, lsl #16; movk {register}, #{h0}",
        "mov {target}, {source}",
    ),
    "arm": Machine(
        "arm-linux-gnueabihf-",
        "arm",
        "movw {register}, #{h0}; movt {register}, #{h1}",
        "mov {target}, {source}",
    ),
    "riscv64": Machine("riscv64-linux-gnu-", "riscv64", **_RISCV),
    "riscv32": Machine(
        "riscv64-linux-gnu-",
        "riscv32",
        options=("-march=rv32i", "-mabi=ilp32"),
        emulation="elf32lriscv",
        **_RISCV,
    ),
    "s390x": Machine(
        "s390x-linux-gnu-",
        "s390x",
        "iihf {register}, {high}; iilf {register}, {low}",
        "lgr {target}, {source}",
        prefix="%",
    ),
    "ppc64le": _power("ppc64le", "elf64lppc"),
    "ppc64": _power("ppc64", "elf64ppc", "-a64", "-mbig"),
    "ppc": _power("ppc", "elf32ppc", "-a32", "-mbig"),
    "mips64el": _mips("mips64el", "elf64ltsmip", "-64", "-EL"),
    "mips64": _mips("mips64", "elf64btsmip", "-64", "-EB"),
    "mipsn32el": _mips("mipsn32el", "elf32ltsmipn32", "-n32", "-EL"),
    "mipsn32": _mips("mipsn32", "elf32btsmipn32", "-n32", "-EB"),
    "mipsel": _mips("mipsel", "elf32ltsmip", "-32", "-EL"),
    "mips": _mips("mips", "elf32btsmip", "-32", "-EB"),
    "m68k": Machine(
        "m68k-linux-gnu-",
        "m68k",
        "move.l #{value}, {register}",
        "move.l {source}, {target}",
        prefix="%",
    ),
    "sh": Machine(
        "sh4-linux-gnu-",
        "sh4",
        "mov.l 1f, {register}; bra 2f; nop; .balign 4; 1: .long {value}; 2:",
        "mov {source}, {target}",
    ),
    "parisc": Machine(
        "hppa-linux-gnu-",
        "hppa",
        "ldil L%{value}, {register}; ldo R%{value}({register}), {register}",
        "copy {source}, {target}",
        prefix="%",
        after="nop",
    ),
    "sparc64": Machine(
        "sparc64-linux-gnu-", "sparc64", load="setx {value}, %g2, {register}", **_SPARC
    ),
    "sparc": Machine(
        "sparc64-linux-gnu-",
        "sparc",
        load="set {value}, {register}",
        options=("-32",),
        emulation="elf32_sparc",
        **_SPARC,
    ),
    "alpha": Machine(
        "alpha-linux-gnu-",
        "alpha",
        "ldil {register}, {high}; sll {register}, 32, {register}; "
        "ldil $22, {low}; zapnot $22, 15, $22; bis {register}, $22, {register}",
        "mov {source}, {target}",
        prefix="$",
        names={"v0": "0"} | {f"a{index}": str(16 + index) for index in range(6)},
    ),
}
"""Not x32, which few kernels and no qemu have; not 31-bit s390, which no qemu has; not
loongarch64, whose assembler Debian 12 lacks."""


class Call(NamedTuple):
    """A syscall with constant arguments: C types and values."""

    nr: int
    name: str
    arguments: Sequence[tuple[str, int]]


def build(
    abi: SyscallAbi,
    calls: Sequence[Call],
    exit_nr: int,
    directory: Path,
    *,
    result: str | None = None,
) -> Path:
    """A program that makes the calls, then exits with what the last one left in a register.

    That is the one in which the ABI returns a value, if none is named.
    """
    machine = MACHINES[abi.name]
    lines = [".globl _start", "_start:", machine.begin]
    for call in calls:
        lines += _call(abi, machine, call)
    source, target = result or abi.return_register, abi.argument_registers[0]
    if source != target:
        names = {"source": _name(machine, source), "target": _name(machine, target)}
        lines.append(machine.move.format(**names))
    lines += [_load(machine, abi.number_register, exit_nr)]
    lines += [abi.instruction, machine.after, ".data; .space 64", ""]
    text, object_file, program = (directory / f"{abi.name}{end}" for end in (".s", ".o", ""))
    # A semicolon begins a comment for some of the assemblers
    text.write_text("\n".join(lines).replace(";", "\n"))
    _tool(machine.binutils + "as", *machine.options, "-o", object_file, text)
    emulation = ("-m", machine.emulation) if machine.emulation else ()
    _tool(
        machine.binutils + "ld",
        *emulation,
        f"-Ttext={TEXT:#x}",
        f"-Tdata={DATA:#x}",
        "-o",
        program,
        object_file,
    )
    return program


def _call(abi: SyscallAbi, machine: Machine, call: Call) -> list[str]:
    params = [SyscallParam(f"p{i}", c_type) for i, (c_type, _) in enumerate(call.arguments)]
    lines = []
    for lowered, (_, value) in zip(
        lower(abi, call.name, params, TARGETS[abi.name]), call.arguments, strict=True
    ):
        words = [value]
        if len(lowered.registers) == 2:
            words = [value & 0xFFFFFFFF, value >> 32]
        for register, word in zip(lowered.registers, words, strict=True):
            lines.append(_place(abi, machine, register, word))
    return [*lines, _load(machine, abi.number_register, call.nr), abi.instruction, machine.after]


def _place(abi: SyscallAbi, machine: Machine, place: str, value: int) -> str:
    """What puts a word where the lowering says."""
    if place.startswith("stack+"):
        return machine.store.format(value=value, offset=place.removeprefix("stack+"))
    pointer, is_block, offset = place.removesuffix("]").partition("[")
    if not is_block:
        return _load(machine, place, value)
    size = TARGETS[abi.name].pointer_size
    data = f".data; .org {offset}; .{size}byte {value}; .text"
    return data if offset != "0" else f"{data}; {_load(machine, pointer, DATA)}"


def _load(machine: Machine, register: str, value: int) -> str:
    return machine.load.format(
        register=_name(machine, register),
        value=value,
        high=value >> 32,
        low=value & 0xFFFFFFFF,
        **{f"h{index}": value >> 16 * index & 0xFFFF for index in range(4)},
    )


def _name(machine: Machine, register: str) -> str:
    return machine.prefix + machine.names.get(register, register)


def _tool(name: str, *arguments: str | Path) -> None:
    if not shutil.which(name):
        pytest.skip(f"needs {name}")
    done = subprocess.run([name, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def run(abi: SyscallAbi, program: Path, files: Sequence[IO[bytes]]) -> int:
    """Run with three files as descriptors 0 to 2; returns the exit code."""
    qemu = f"qemu-{MACHINES[abi.name].qemu}"
    runner = shutil.which(f"{qemu}-static") or shutil.which(qemu)
    if runner is None:
        pytest.skip(f"needs {qemu}")
    stdin, stdout, stderr = files
    return subprocess.run(
        [runner, program], stdin=stdin, stdout=stdout, stderr=stderr, check=False, timeout=20
    ).returncode


assert set(MACHINES) <= set(ABIS)

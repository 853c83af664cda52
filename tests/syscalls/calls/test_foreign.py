"""Tables of other machines, put to the proof: programs that pass what the tables say.

A C program is made of a generated table: each call's words go where its lowering says, by
numbers and registers of the table alone. It runs here (i386) or under qemu-user, and what it did
to a file is looked at.
"""

from __future__ import annotations

import os
import platform
import shutil
import signal
import struct
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from conftest import run_uapigen

FAR = 0x3_0000_0005
WIDE = 0x1_8000_0000


class Machine(NamedTuple):
    """How an ABI's programs are made and run; the assembler is GNU's."""

    compiler: str
    runner: tuple[str, ...]
    begin: str
    """``by_words(nr, words)`` up to where ``words`` is in a register."""
    load: str
    """Loads ``{register}`` from ``{offset}``."""
    end: str


MACHINES = {
    "i386": Machine(
        "i686-linux-gnu-gcc",
        (),
        "push %ebx; push %esi; push %edi; push %ebp; mov 24(%esp), %eax",
        "mov {offset}(%eax), %{register}",
        "mov 20(%esp), %eax; int $0x80; pop %ebp; pop %edi; pop %esi; pop %ebx; ret",
    ),
    "aarch64": Machine(
        "aarch64-linux-gnu-gcc",
        ("qemu-aarch64-static",),
        "mov x8, x0; mov x9, x1",
        "ldr {register}, [x9, #{offset}]",
        "svc #0; ret",
    ),
    "arm": Machine(
        "arm-linux-gnueabihf-gcc",
        ("qemu-arm-static",),
        ".arm; push {{r4-r8, lr}}; mov r7, r0; mov r8, r1",
        "ldr {register}, [r8, #{offset}]",
        "svc #0; pop {{r4-r8, pc}}",
    ),
    "s390x": Machine(
        "s390x-linux-gnu-gcc",
        ("qemu-s390x-static",),
        "stmg %r6, %r15, 48(%r15); lgr %r1, %r2; lgr %r13, %r3",
        "lg %{register}, {offset}(%r13)",
        "svc 0; lmg %r6, %r15, 48(%r15); br %r14",
    ),
}

PROGRAM = r"""
#define _GNU_SOURCE
#define _LARGEFILE64_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <linux/stat.h>

extern long by_words(long nr, unsigned long *words);

#define P(pointer) ((uint64_t)(uintptr_t)(pointer))
#define SHOW(call) printf("%s=%lld\n", #call, (long long)(call))
"""

MAIN = r"""
int main(int argc, char **argv)
{
	static char text[65536], copy[8];
	static struct statx statx;
	int64_t words[2] = { 0, 0 };
	uint64_t at = 0;
	long fd = k_openat(AT_FDCWD, P(argv[1]), O_RDWR | O_CREAT | O_TRUNC | O_LARGEFILE, 0640);

	SHOW(k_openat(AT_FDCWD, P("/nonexistent"), O_RDONLY, 0));
	SHOW(k_fallocate(fd, 0, 0x180000000, 0x1000));
	SHOW(k_pwrite64(fd, P("far"), 3, 0x300000005));
	SHOW(k_pread64(fd, P(copy), 7, 0x300000005));
	puts(copy);
	SHOW(k_pread64(fd, P(copy), 7, -1));
	TRUNCATE
	SHOW(k_statx(AT_FDCWD, P(argv[1]), 0, STATX_SIZE, P(&statx)));
	printf("size=%llx\n", (unsigned long long)statx.stx_size);
	SHOW(ADVISE);
	SHOW(WRONG_ADVICE);
	SHOW(k_dup3(fd, 40, O_CLOEXEC));
	SHOW(k_close(40));
	SHOW(k_close(40));
	SHOW(k_getpid() > 0);
	strcpy(text, "mapped");
	k_pwrite64(fd, P(text), sizeof text, 0x10000);
	MAPPING
	return fflush(stdout);
}
"""


class Foreign(NamedTuple):
    """A generated table, and the program that was made of it."""

    table: Any
    machine: Machine
    program: Path


def wrapper(record: Any) -> str:
    """A C function that puts its arguments where the table says, and makes the call."""
    size = record._table.pointer_size
    arguments = ", ".join(f"uint64_t a{at}" for at, _ in enumerate(record.params)) or "void"
    lines = [f"static long k_{record.name}({arguments})", "{", "\tunsigned long words[8] = { 0 };"]
    place = "words"
    if record.in_block:
        lines += ["\tunsigned long block[8] = { 0 };", "\twords[0] = (unsigned long)block;"]
        place = "block"
    for at, places in enumerate(record.positions):
        if len(places) == 2:
            low, high = places
            lines.append(f"\t{place}[{low}] = (uint32_t)a{at};")
            lines.append(f"\t{place}[{high}] = a{at} >> 32;")
        else:
            lines.append(f"\t{place}[{places[0]}] = a{at};")
    assert size in (4, 8)
    return "\n".join([*lines, f"\treturn by_words({record.nr}, words);", "}", ""])


def stub(machine: Machine, registers: tuple[str, ...], size: int) -> str:
    """``by_words``: the registers that the table names, from an array."""
    lines = [".globl by_words", ".type by_words, %function", "by_words:"]
    lines.append(machine.begin.replace("{{", "{").replace("}}", "}"))
    for at, register in enumerate(registers):
        lines.append(machine.load.format(register=register, offset=at * size))
    lines.append(machine.end.replace("{{", "{").replace("}}", "}"))
    return "\n".join(lines).replace("; ", "\n") + '\n.section .note.GNU-stack,"",%progbits\n'


def main_of(table: Any) -> str:
    """The program's body: which of the calls an ABI has."""
    truncate = "ftruncate64" if "ftruncate64" in table else "ftruncate"
    advise = next(n for n in ("arm_fadvise64_64", "fadvise64_64", "fadvise64") if n in table)
    order = [param.name for param in table[advise].params]
    values = {"fd": "fd", "offset": "0x100000000", "len": "4096", "advice": "2"}
    wrong = values | {"advice": "99"}
    if "mmap" not in table or not table["mmap"].params:
        mapping = "at = k_mmap2(0, 0x10000, 1, 2, fd, 0x10000 / 4096);"
    elif len(table["mmap"].params) == 1:  # PROT_READ, MAP_PRIVATE
        mapping = "unsigned long block[] = { 0, 0x10000, 1, 2, fd, 0x10000 };"
        mapping += "\n\tat = k_mmap(P(block));"
    else:
        mapping = "at = k_mmap(0, 0x10000, 1, 2, fd, 0x10000);"
    mapping = f"{mapping}\n\tat = (unsigned long)at;\n\tputs((char *)(uintptr_t)at);"
    mapping += "\n\tSHOW(k_munmap(at, 0x10000));"
    return (
        MAIN.replace("TRUNCATE", f'printf("truncate=%ld\\n", k_{truncate}(fd, 0x300000006));')
        .replace("WRONG_ADVICE", f"k_{advise}({', '.join(wrong[name] for name in order)})")
        .replace("ADVISE", f"k_{advise}({', '.join(values[name] for name in order)})")
        .replace("MAPPING", mapping)
    )


@pytest.fixture(scope="module", params=MACHINES)
def foreign(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A program of each machine, made of what ``uapigen syscalls`` writes."""
    abi: str = request.param
    machine = MACHINES[abi]
    for tool in (machine.compiler, *machine.runner):
        if not shutil.which(tool):
            pytest.skip(f"needs {tool}")
    if abi == "i386" and platform.machine() != "x86_64":
        pytest.skip("needs x86_64")
    folder = tmp_path_factory.mktemp(abi)
    run_uapigen("syscalls", "--arch", abi, "-o", folder / "table.py")
    module = types.ModuleType(f"table_of_{abi}")
    module.__file__ = str(folder / "table.py")
    sys.modules[module.__name__] = module
    exec(compile((folder / "table.py").read_text("utf-8"), "table.py", "exec"), module.__dict__)
    table = module.TABLE
    body = main_of(table)
    used = [record for record in map(table.get, table) if f"k_{record.name}(" in body]
    wrappers = "".join(wrapper(record) for record in used if record.params is not None)
    (folder / "stub.s").write_text(stub(machine, table.registers, table.pointer_size))
    (folder / "main.c").write_text(PROGRAM + wrappers + body)
    program = folder / "program"
    command = [machine.compiler, "-static", "-O1", "-w", "-o", program]
    done = subprocess.run(
        [*command, folder / "main.c", folder / "stub.s"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Foreign(module, machine, program)


def test_program_of_the_table_does_what_it_should(foreign: Foreign, tmp_path: Path) -> None:
    path = tmp_path / "file"
    command = [*foreign.machine.runner, foreign.program, path]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr
    results = dict(line.rsplit("=", 1) for line in done.stdout.splitlines() if "=" in line)
    by_name: dict[str, list[int]] = {}
    for call, value in results.items():
        if call != "size":
            name = call.partition("(")[0].removeprefix("k_")
            by_name.setdefault(name, []).append(int(value))
    assert by_name.pop("openat") == [-2]
    assert by_name.pop("fallocate") == [0]
    assert by_name.pop("pwrite64") == [3]
    assert by_name.pop("pread64") == [3, -22]
    assert by_name.pop("truncate") == [0]
    assert by_name.pop("statx") == [0]
    assert results["size"] == "300000006"
    (advise,) = (name for name in by_name if "fadvise" in name)
    assert by_name.pop(advise) == [0, -22]
    assert by_name.pop("dup3") == [40]
    assert by_name.pop("close") == [-9]  # the second one's, of the same text
    assert by_name == {"getpid": [1], "munmap": [0]}
    assert "far" in done.stdout.splitlines()
    assert "mapped" in done.stdout.splitlines()
    assert path.stat().st_size == FAR + 1
    with open(path, "rb") as file:
        assert os.pread(file.fileno(), 9, FAR) == b"f"
    # 4 KiB at 6 GiB, and the page at the end, are all that lies beyond 4 GiB
    assert os.stat(path).st_blocks * 512 < 1 << 20


# i386 under ptrace: the kernel's view of the registers against the table's


def traced(calls: Any, command: list[str | Path]) -> Iterator[tuple[int, int, list[int], int]]:
    """(architecture, number, words, result) of each call of a command."""
    pid = os.fork()
    if not pid:
        calls.ptrace(0)
        os.kill(os.getpid(), signal.SIGSTOP)
        os.execv(command[0], list(map(str, command)))
    os.waitpid(pid, 0)
    calls.ptrace(0x4200, pid, 0, 0x100001)  # PTRACE_SETOPTIONS: TRACESYSGOOD, EXITKILL
    info = bytearray(88)
    entry = None
    while True:
        calls.ptrace(24, pid, 0, 0)  # PTRACE_SYSCALL
        _, status = os.waitpid(pid, 0)
        if not os.WIFSTOPPED(status):
            return
        if os.WSTOPSIG(status) != signal.SIGTRAP | 0x80:
            continue
        calls.ptrace(0x420E, pid, len(info), info)  # PTRACE_GET_SYSCALL_INFO
        op, arch = struct.unpack_from("=B3xI", info)
        if op == 1:
            number, *words = struct.unpack_from("=7Q", info, 24)
            entry = arch, number, words
        elif entry:
            yield *entry, struct.unpack_from("=q", info, 24)[0]


@pytest.mark.parametrize("foreign", ["i386"], indirect=True)
def test_i386_arguments_are_decoded_from_what_ptrace_sees(
    calls: Any, foreign: Foreign, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    command: list[str | Path] = [foreign.program, path]
    seen: dict[str, list[tuple[Any, ...]]] = {}
    with open(tmp_path / "out", "wb") as out:
        before = os.dup(1)
        os.dup2(out.fileno(), 1)
        try:
            found = list(traced(calls, command))
        finally:
            os.dup2(before, 1)
            os.close(before)
    for arch, number, words, result in found:
        if arch == 0x40000003:  # AUDIT_ARCH_I386
            record = foreign.table.TABLE[number]
            if record.params is not None and not record.in_block:
                seen.setdefault(record.name, []).append((*record.arguments(words), result))
    fd = seen["openat"][0][-1]
    assert [call for call in seen["fallocate"] if call[0] == fd] == [(fd, 0, WIDE, 0x1000, 0)]
    assert [(a[0], a[2:]) for a in seen["pwrite64"]] == [
        (fd, (3, FAR, 3)),
        (fd, (65536, 0x10000, 65536)),
    ]
    assert [(a[0], a[2:]) for a in seen["pread64"]] == [(fd, (7, FAR, 3)), (fd, (7, -1, -22))]
    assert seen["ftruncate64"] == [(fd, FAR + 1, 0)]
    assert seen["fadvise64_64"] == [(fd, 1 << 32, 4096, 2, 0), (fd, 1 << 32, 4096, 99, -22)]
    assert seen["dup3"] == [(fd, 40, 0x80000, 40)]
    assert seen["openat"][1][0] == -100

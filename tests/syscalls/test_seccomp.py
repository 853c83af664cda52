"""Seccomp allow-lists: held against a verifier and a simulator of classic BPF, and the kernel."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import platform
import random
import signal
import struct
import subprocess
from pathlib import Path

import pytest
from conftest import Needs, Uapigen
from hypothesis import given, settings
from hypothesis import strategies as st

from uapigen.errors import UsageError
from uapigen.layout.targets import TARGETS
from uapigen.syscalls import seccomp
from uapigen.syscalls.abis import ABIS, SyscallAbi
from uapigen.syscalls.sources.package import numbers

ALLOW, KILL, EPERM = 0x7FFF0000, 0x80000000, 0x00050000 | errno.EPERM
X32 = 0x40000000
X86_64 = ABIS["x86_64"]

# Classic BPF as Documentation/networking/filter.rst has it, for seccomp_data in one ABI's order

Program = list[tuple[int, int, int, int]]


def instructions(data: bytes, order: str) -> Program:
    """An array of struct sock_filter."""
    return list(struct.iter_unpack(f"{order}HBBI", data))


def verify(program: Program) -> None:
    """What the kernel's bpf_check_classic and seccomp_check_filter demand."""
    assert 0 < len(program) <= 4096
    for at, (code, jt, jf, k) in enumerate(program):
        if code & 7 == 5:  # BPF_JMP
            skips = [k] if code == 0x05 else [jt, jf]
            assert all(at + 1 + skip < len(program) for skip in skips), at
            assert code in (0x05, 0x15, 0x25, 0x35, 0x45), at
        elif code == 0x20:  # BPF_LD | BPF_W | BPF_ABS
            assert k % 4 == 0, at
            assert k < 64, at  # sizeof(struct seccomp_data)
        else:
            assert code == 0x06, at  # BPF_RET | BPF_K
    assert program[-1][0] == 0x06


def simulate(program: Program, order: str, number: int, arch: int) -> tuple[int, int]:
    """(what the program returns, conditional jumps that it took to find out)."""
    data = struct.pack(f"{order}IIQ6Q", number, arch, 0, *range(6))
    accumulator = counter = jumps = 0
    while True:
        code, jt, jf, k = program[counter]
        counter += 1
        if code == 0x20:
            (accumulator,) = struct.unpack_from(f"{order}I", data, k)
        elif code == 0x06:
            return k, jumps
        elif code == 0x05:
            counter += k
        else:
            jumps += 1
            truth = {
                0x15: accumulator == k,
                0x25: accumulator > k,
                0x35: accumulator >= k,
                0x45: bool(accumulator & k),
            }[code]
            counter += jt if truth else jf


def made(abi: SyscallAbi, allowed: list[int]) -> tuple[Program, str]:
    order = ">" if TARGETS[abi.name].big_endian else "<"
    program = seccomp.program(abi, allowed, seccomp.refuse())
    return instructions(seccomp.as_bytes(abi, program), order), order


@pytest.mark.parametrize("name", sorted(ABIS))
def test_every_number_of_every_abi_is_decided_right(name: str) -> None:
    abi = ABIS[name]
    known = sorted(numbers(name).values())
    chosen = random.Random(name).sample(known, len(known) // 2)
    for allowed in ([known[0]], [known[-1]], known, chosen):
        program, order = made(abi, allowed)
        verify(program)
        wanted = set(allowed)
        for number in {*range(600), *known, max(known) + 1, X32, X32 | 1, 2**32 - 1}:
            expected = ALLOW if number in wanted else EPERM
            if name == "x86_64" and number >= X32:
                expected = KILL
            assert simulate(program, order, number, abi.audit_arch)[0] == expected, number


@given(st.sets(st.integers(0, 2**32 - 2), min_size=1, max_size=300))
@settings(max_examples=60, deadline=None)
def test_any_set_of_numbers_is_allowed_and_no_other(allowed: set[int]) -> None:
    abi = ABIS["s390x"]
    program, order = made(abi, list(allowed))
    verify(program)
    near = {n + step for n in allowed for step in (-1, 0, 1)} - {-1}
    for number in near | {0, 2**32 - 1}:
        found, _ = simulate(program, order, number, abi.audit_arch)
        assert found == (ALLOW if number in allowed else EPERM)


def test_the_architecture_is_asked_first() -> None:
    for abi in ABIS.values():
        program, order = made(abi, list(numbers(abi.name).values()))
        assert program[0] == (0x20, 0, 0, 4)  # seccomp_data.arch
        assert program[1][0] == 0x15
        for other in {one.audit_arch for one in ABIS.values()} - {abi.audit_arch} | {0}:
            for number in list(numbers(abi.name).values())[::50]:
                assert simulate(program, order, number, other) == (KILL, 1)


def test_numbers_are_found_by_bisection() -> None:
    every_other = sorted(numbers("x86_64").values())[::2]
    program, order = made(X86_64, every_other)
    most = max(simulate(program, order, n, X86_64.audit_arch)[1] for n in range(600))
    assert len(every_other) > 180
    assert most <= 2 + 10  # architecture and x32; log2 of 370 ranges, and one


def test_neighbours_share_a_range() -> None:
    program, _ = made(X86_64, list(range(300)))
    assert len(program) == 9


def test_x32_calls_of_an_x32_process_are_found() -> None:
    program, order = made(ABIS["x32"], [X32 | 1])
    assert simulate(program, order, X32 | 1, X86_64.audit_arch)[0] == ALLOW
    assert simulate(program, order, 1, X86_64.audit_arch)[0] == EPERM


def test_check_finds_a_broken_program() -> None:
    program = seccomp.program(X86_64, [1, 5], seccomp.refuse())
    seccomp.check(X86_64, program, [1, 5], seccomp.refuse())
    for at, one in enumerate(program):
        broken = [*program[:at], one._replace(k=one.k ^ 1), *program[at + 1 :]]
        with pytest.raises((seccomp.FilterError, KeyError)):
            seccomp.check(X86_64, broken, [1, 5], seccomp.refuse())
    with pytest.raises(seccomp.FilterError, match="does not end with a return"):
        seccomp.check(X86_64, [*program, program[0]], [1, 5], seccomp.refuse())
    with pytest.raises(seccomp.FilterError, match="instruction 1 jumps out"):
        seccomp.check(X86_64, [program[0], program[1]._replace(jt=200), *program[2:]], [1], 0)


def test_names() -> None:
    assert seccomp.names_of("read, write\n# none\nclose # one\n\nread") == [
        "read",
        "write",
        "close",
    ]
    known = numbers("x86_64")
    assert seccomp.allowed_numbers(["read"], known, "x86_64") == {"read": 0}
    with pytest.raises(UsageError, match="no syscall 'raed'; did you mean read"):
        seccomp.allowed_numbers(["raed"], known, "x86_64")
    with pytest.raises(UsageError, match="names no syscall"):
        seccomp.allowed_numbers([], known, "x86_64")


# The command


def test_command_writes_all_formats(uapigen: Uapigen, tmp_path: Path) -> None:
    names = tmp_path / "names"
    names.write_text("read\nwrite\nexit_group # to end\n")
    command = ("syscalls", "--arch", "s390x", "--allow", names)
    uapigen(*command, "--format", "bpf", "-o", tmp_path / "filter.bpf")
    program = instructions((tmp_path / "filter.bpf").read_bytes(), ">")
    verify(program)
    assert simulate(program, ">", 3, ABIS["s390x"].audit_arch)[0] == ALLOW
    profile = json.loads(uapigen(*command, "--format", "oci").stdout)
    assert profile == {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": errno.EPERM,
        "architectures": ["SCMP_ARCH_S390X"],
        "syscalls": [{"names": ["exit_group", "read", "write"], "action": "SCMP_ACT_ALLOW"}],
    }
    assert "seccomp_allow" in uapigen(*command).stdout
    uapigen("syscalls", "--format", "c", exit_code=2)
    assert "no syscall" in uapigen("syscalls", "--allow", "reed", exit_code=2).stderr
    uapigen("syscalls", "--allow", tmp_path / "absent", exit_code=4)


def test_c_is_the_same_program(uapigen: Uapigen, needs: Needs, tmp_path: Path) -> None:
    needs("gcc")
    uapigen("syscalls", "--arch", "x86_64", "--allow", "read,write", "-o", tmp_path / "f.h")
    (tmp_path / "main.c").write_text(
        '#include "f.h"\n#include <unistd.h>\n'
        "int main(void) { return write(1, seccomp_allow, sizeof(seccomp_allow)) < 0; }\n"
    )
    flags = ["-Wall", "-Werror", "-o", tmp_path / "main"]
    subprocess.run(["gcc", *flags, tmp_path / "main.c"], check=True)
    printed = subprocess.run([tmp_path / "main"], check=True, capture_output=True).stdout
    program = seccomp.program(X86_64, [0, 1], seccomp.refuse())
    assert printed == struct.pack(f"{8 * len(program)}s", b"".join(
        struct.pack("=HBBI", *one) for one in program
    ))  # fmt: skip


# The kernel


@pytest.fixture
def x86_64() -> None:
    if platform.machine() != "x86_64":
        pytest.skip("needs x86_64")


def load(program: bytes) -> None:
    """Confine this process for good."""
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(buffer))
    for arguments in ((38, 1, 0, 0, 0), (22, 2, header, 0, 0)):
        if libc.prctl(*arguments):  # PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP
            raise OSError(ctypes.get_errno(), "prctl")


def confined(allowed: dict[str, int], number: int) -> int:
    """The exit status of a child that makes one call under a filter: its errno, 200 for none."""
    program = seccomp.as_bytes(X86_64, seccomp.program(X86_64, allowed.values(), seccomp.refuse()))
    call = ctypes.CDLL(None, use_errno=True).syscall
    pid = os.fork()
    if not pid:
        status = 201
        try:
            load(program)
            status = ctypes.get_errno() if call(ctypes.c_long(number), 0, 0, 0) < 0 else 200
        finally:
            call(231, status)  # exit_group
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.usefixtures("x86_64")
def test_kernel_takes_the_filter_and_obeys_it() -> None:
    known = numbers("x86_64")
    allowed = {name: known[name] for name in ("exit_group", "getuid", "getppid", "pidfd_open")}
    assert confined(allowed, known["getuid"]) == 200
    assert confined(allowed, known["pidfd_open"]) == errno.EINVAL  # the kernel's own answer
    assert confined(allowed, known["getpid"]) == errno.EPERM
    assert confined(allowed, 9999) == errno.EPERM
    assert confined(allowed, X32 | known["getuid"]) == -signal.SIGSYS
    every_other = dict(list(known.items())[1::2]) | {"exit_group": known["exit_group"]}
    assert "getpid" in every_other or "getuid" in every_other
    for name in ("getpid", "getuid"):
        expected = 200 if name in every_other else errno.EPERM
        assert confined(every_other, known[name]) == expected


I386_GETPID = """
.globl _start
_start: mov $20, %eax
        int $0x80
        mov $60, %eax
        xor %edi, %edi
        syscall
"""


@pytest.mark.usefixtures("x86_64")
def test_calls_by_another_architecture_are_the_end(needs: Needs, tmp_path: Path) -> None:
    """``int $0x80`` in a 64-bit process: i386's numbers, of which 20 is write's neighbour here."""
    needs("gcc")
    (tmp_path / "start.s").write_text(I386_GETPID)
    command = ["gcc", "-nostdlib", "-static", "-o", tmp_path / "start", tmp_path / "start.s"]
    subprocess.run(command, check=True)
    known = numbers("x86_64")
    allowed = [known[name] for name in ("execve", "exit", "writev")]
    assert 20 in allowed  # getpid of i386
    program = seccomp.as_bytes(X86_64, seccomp.program(X86_64, allowed, seccomp.refuse()))
    done = subprocess.run([tmp_path / "start"], preexec_fn=lambda: load(program), check=False)
    assert done.returncode == -signal.SIGSYS

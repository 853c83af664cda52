"""Allow-lists for seccomp, from names of syscalls: classic BPF, an OCI profile, or C.

The program asks for the architecture first (a number means another call on each), refuses x32,
whose numbers come with the same architecture, and finds the number by bisection over ranges, so
that a call costs as many comparisons as the logarithm of the list's length
(Documentation/userspace-api/seccomp_filter.rst, include/uapi/linux/seccomp.h).
"""

from __future__ import annotations

import difflib
import errno
import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from uapigen.errors import UapigenError, UsageError
from uapigen.layout.targets import find_target
from uapigen.syscalls.abis import ABIS, SyscallAbi

__all__ = [
    "ALLOW",
    "KILL_PROCESS",
    "Instruction",
    "allowed_numbers",
    "as_bytes",
    "as_c",
    "as_oci",
    "check",
    "names_of",
    "program",
    "refuse",
    "run",
]

ALLOW = 0x7FFF0000
KILL_PROCESS = 0x80000000
_ERRNO = 0x00050000

_LOAD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_JUMP = 0x05  # BPF_JMP | BPF_JA
_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_AT_LEAST = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_RETURN = 0x06  # BPF_RET | BPF_K

_NR_OFFSET, _ARCH_OFFSET = 0, 4  # struct seccomp_data
_X32_BIT = 0x40000000
_MAX_INSTRUCTIONS = 4096  # BPF_MAXINSNS
_FARTHEST = 255
"""Instructions that a conditional jump may skip."""

_OCI_ARCHITECTURES = {
    # libseccomp's names, in capitals behind SCMP_ARCH_; where they are not ours
    "i386": "X86",
    "loongarch64": "LOONGARCH64",
    "mips64el": "MIPSEL64",
    "mipsn32": "MIPS64N32",
    "mipsn32el": "MIPSEL64N32",
    "ppc64le": "PPC64LE",
    "sh": "SH",
}
_NOT_IN_OCI = frozenset({"alpha", "riscv32", "sparc", "sparc64"})


class Instruction(NamedTuple):
    """``struct sock_filter``; ``jt`` and ``jf`` count instructions to skip."""

    code: int
    jt: int
    jf: int
    k: int


def refuse(error: int = errno.EPERM) -> int:
    """The action that lets a call fail with an errno."""
    return _ERRNO | error


def names_of(text: str) -> list[str]:
    """The names in a list: by commas or blanks; ``#`` begins a comment that ends with its line."""
    lines = (line.partition("#")[0] for line in text.splitlines())
    return list(dict.fromkeys(" ".join(lines).replace(",", " ").split()))


def allowed_numbers(names: Iterable[str], numbers: Mapping[str, int], abi: str) -> dict[str, int]:
    """The numbers of these names; raises :class:`UsageError` for one that the ABI does not have."""
    found = {}
    for name in names:
        if name not in numbers:
            near = difflib.get_close_matches(name, numbers, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise UsageError(f"{abi} has no syscall {name!r}{hint}")
        found[name] = numbers[name]
    if not found:
        raise UsageError("--allow names no syscall: a process could not even end")
    return found


def program(abi: SyscallAbi, numbers: Iterable[int], refused: int) -> list[Instruction]:
    """A filter that allows these numbers, and does ``refused`` to all others of the ABI.

    What comes by another architecture kills the process. The program has been checked
    (:func:`check`). Raises :class:`UsageError` for one that the kernel would refuse as too long.
    """
    found = [
        Instruction(_LOAD, 0, 0, _ARCH_OFFSET),
        Instruction(_EQUAL, 1, 0, abi.audit_arch),
        Instruction(_RETURN, 0, 0, KILL_PROCESS),
        Instruction(_LOAD, 0, 0, _NR_OFFSET),
    ]
    if abi.name == "x86_64":
        found += [
            Instruction(_AT_LEAST, 0, 1, _X32_BIT),
            Instruction(_RETURN, 0, 0, KILL_PROCESS),
        ]
    wanted = sorted(set(numbers))
    found += _search(_borders(wanted), refused)
    if len(found) > _MAX_INSTRUCTIONS:
        raise UsageError(f"the filter has {len(found)} instructions; {_MAX_INSTRUCTIONS} may be")
    check(abi, found, wanted, refused)
    return found


def _borders(numbers: Sequence[int]) -> list[tuple[int, bool]]:
    """(least number, allowed?) of ranges that follow each other from 0 on."""
    found = [] if 0 in numbers else [(0, False)]
    for number in numbers:
        if found and found[-1] == (number, False):  # right behind one that is allowed
            found.pop()
        else:
            found.append((number, True))
        found.append((number + 1, False))
    return found


def _search(ranges: Sequence[tuple[int, bool]], refused: int) -> list[Instruction]:
    """Bisection: the middle's lower half comes first, then the upper one."""
    if len(ranges) == 1:
        return [Instruction(_RETURN, 0, 0, ALLOW if ranges[0][1] else refused)]
    middle = len(ranges) // 2
    lower, upper = _search(ranges[:middle], refused), _search(ranges[middle:], refused)
    border = ranges[middle][0]
    if len(lower) <= _FARTHEST:
        return [Instruction(_AT_LEAST, len(lower), 0, border), *lower, *upper]
    jump = Instruction(_JUMP, 0, 0, len(lower))
    return [Instruction(_AT_LEAST, 0, 1, border), jump, *lower, *upper]


# Checking


class FilterError(UapigenError):
    """A program is not what it must be: a fault of this module."""


def check(
    abi: SyscallAbi, program: Sequence[Instruction], allowed: Iterable[int], refused: int
) -> None:
    """Raise :class:`FilterError` unless a filter allows these numbers, and nothing else.

    All jumps stay inside, as the kernel's ``bpf_check_classic`` has it, and the program is run for
    each number near one that is allowed, for x32's, and for all other architectures.
    """
    for at, one in enumerate(program):
        targets = {
            _JUMP: (one.k,),
            _EQUAL: (one.jt, one.jf),
            _AT_LEAST: (one.jt, one.jf),
        }.get(one.code, ())
        if any(at + 1 + target >= len(program) for target in targets):
            raise FilterError(f"instruction {at} jumps out of the filter")
    if program[-1].code != _RETURN:
        raise FilterError("the filter does not end with a return")
    wanted = frozenset(allowed)
    others = {0, 0xFFFFFFFF, _X32_BIT - 1, _X32_BIT, _X32_BIT | 1}
    near = {number + step for number in wanted for step in (-1, 0, 1)}
    for number in (near | others) - {-1}:
        expected = ALLOW if number in wanted else refused
        if abi.name == "x86_64" and number >= _X32_BIT:
            expected = KILL_PROCESS
        if run(program, abi.audit_arch, number) != expected:
            raise FilterError(f"the filter is wrong about number {number}")
    for other in {one.audit_arch for one in ABIS.values()} - {abi.audit_arch}:
        if any(run(program, other, number) != KILL_PROCESS for number in wanted):
            raise FilterError(f"the filter lets architecture {other:#x} pass")


def run(program: Sequence[Instruction], arch: int, number: int) -> int:
    """What a filter of this module's instructions returns for a call."""
    at = accumulator = 0
    while True:
        code, jt, jf, k = program[at]
        at += 1
        if code == _LOAD:
            accumulator = {_NR_OFFSET: number, _ARCH_OFFSET: arch}[k]
        elif code == _RETURN:
            return k
        elif code == _JUMP:
            at += k
        elif code == _EQUAL:
            at += jt if accumulator == k else jf
        elif code == _AT_LEAST:
            at += jt if accumulator >= k else jf
        else:
            raise FilterError(f"instruction {at - 1} has the unknown code {code:#x}")


# Formats


def as_bytes(abi: SyscallAbi, program: Iterable[Instruction]) -> bytes:
    """The array of ``struct sock_filter``, in the ABI's byte order."""
    order = ">" if find_target(abi.name).big_endian else "<"
    return b"".join(struct.pack(f"{order}HBBI", *one) for one in program)


def as_oci(abi: SyscallAbi, names: Iterable[str], error: int = errno.EPERM) -> str:
    """The ``linux.seccomp`` object of the OCI runtime specification, as JSON."""
    if abi.name in _NOT_IN_OCI:
        raise UsageError(f"the OCI runtime specification has no architecture {abi.name}")
    arch = _OCI_ARCHITECTURES.get(abi.name, abi.name.upper())
    profile = {
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": error,
        "architectures": [f"SCMP_ARCH_{arch}"],
        "syscalls": [{"names": sorted(names), "action": "SCMP_ACT_ALLOW"}],
    }
    return json.dumps(profile, indent=2) + "\n"


_C_ACTIONS = {ALLOW: "SECCOMP_RET_ALLOW", KILL_PROCESS: "SECCOMP_RET_KILL_PROCESS"}
_C_LOADS = {_NR_OFFSET: "nr", _ARCH_OFFSET: "arch"}
_C_CODES = {_EQUAL: "BPF_JEQ", _AT_LEAST: "BPF_JGE"}


def as_c(abi: SyscallAbi, program: Sequence[Instruction], allowed: Mapping[str, int]) -> str:
    """A C header with the program as ``struct sock_filter seccomp_allow[]``."""
    lines = [
        f"/* Allows {len(allowed)} syscalls of {abi.name}. Generated by uapigen; do not edit. */",
        "#include <stddef.h>",
        "#include <linux/filter.h>",
        "#include <linux/seccomp.h>",
        "",
        *(f"/* {number:>5} {name} */" for name, number in _by_number(allowed)),
        f"static struct sock_filter seccomp_allow[{len(program)}] = {{",
        *(f"\t{_c_instruction(one)}," for one in program),
        "};",
        "",
    ]
    return "\n".join(lines)


def _by_number(allowed: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(allowed.items(), key=lambda item: item[1])


def _c_instruction(one: Instruction) -> str:
    if one.code == _LOAD:
        place = f"offsetof(struct seccomp_data, {_C_LOADS[one.k]})"
        return f"BPF_STMT(BPF_LD | BPF_W | BPF_ABS, {place})"
    if one.code == _RETURN:
        action = _C_ACTIONS.get(one.k) or f"SECCOMP_RET_ERRNO | {one.k & 0xFFFF}"
        return f"BPF_STMT(BPF_RET | BPF_K, {action})"
    if one.code == _JUMP:
        return f"BPF_STMT(BPF_JMP | BPF_JA, {one.k})"
    return f"BPF_JUMP(BPF_JMP | {_C_CODES[one.code]} | BPF_K, {one.k:#x}, {one.jt}, {one.jf})"

"""Numbers and entry points from the tables in a kernel's tree, ``*.tbl``.

A line is ``NUMBER SELECTOR NAME [ENTRY [COMPAT-ENTRY [noreturn]]]``. What the
selector says, and which of them make an ABI, is the architecture's Makefile's
business (``arch/*/kernel/syscalls/Makefile``, ``arch/*/kernel/Makefile.syscalls``).
"""

from __future__ import annotations

import os
from typing import NamedTuple

from uapigen.errors import InputError
from uapigen.syscalls.abis import find_abi
from uapigen.syscalls.entries import TableEntry
from uapigen.syscalls.sources.grammars import parse, read_text

__all__ = ["TableLine", "entries", "find_table", "parse_table"]

_FORM = "NUMBER ABI NAME [ENTRY [COMPAT-ENTRY [noreturn]]]"

_GENERIC = "scripts/syscall.tbl"


class _Table(NamedTuple):
    """Where in a tree an ABI's table lies, and the selectors that make it up."""

    paths: tuple[str, ...]
    """Below the tree, the newest kernel's first."""
    selectors: frozenset[str]


def _table(path: str, selectors: str, *older: str) -> _Table:
    return _Table((path, *older), frozenset(selectors.split()))


_TABLES = {
    "x86_64": _table("arch/x86/entry/syscalls/syscall_64.tbl", "common 64"),
    "x32": _table("arch/x86/entry/syscalls/syscall_64.tbl", "common x32"),
    "i386": _table("arch/x86/entry/syscalls/syscall_32.tbl", "i386"),
    "aarch64": _table(
        "arch/arm64/tools/syscall_64.tbl",
        "common 64 renameat newstat rlimit memfd_secret",
        _GENERIC,
    ),
    "arm": _table("arch/arm/tools/syscall.tbl", "common eabi"),
    "riscv64": _table(_GENERIC, "common 64 riscv newstat rlimit memfd_secret"),
    "riscv32": _table(_GENERIC, "common 32 riscv memfd_secret"),
    "loongarch64": _table(_GENERIC, "common 64"),
    "s390x": _table("arch/s390/kernel/syscalls/syscall.tbl", "common 64"),
    "s390": _table("arch/s390/kernel/syscalls/syscall.tbl", "common 32"),
    "ppc64le": _table("arch/powerpc/kernel/syscalls/syscall.tbl", "common nospu 64"),
    "ppc64": _table("arch/powerpc/kernel/syscalls/syscall.tbl", "common nospu 64"),
    "ppc": _table("arch/powerpc/kernel/syscalls/syscall.tbl", "common nospu 32"),
    "mips64el": _table("arch/mips/kernel/syscalls/syscall_n64.tbl", "common n64"),
    "mips64": _table("arch/mips/kernel/syscalls/syscall_n64.tbl", "common n64"),
    "mipsn32el": _table("arch/mips/kernel/syscalls/syscall_n32.tbl", "common n32"),
    "mipsn32": _table("arch/mips/kernel/syscalls/syscall_n32.tbl", "common n32"),
    "mipsel": _table("arch/mips/kernel/syscalls/syscall_o32.tbl", "common o32"),
    "mips": _table("arch/mips/kernel/syscalls/syscall_o32.tbl", "common o32"),
    "m68k": _table("arch/m68k/kernel/syscalls/syscall.tbl", "common"),
    "sh": _table("arch/sh/kernel/syscalls/syscall.tbl", "common"),
    "parisc": _table("arch/parisc/kernel/syscalls/syscall.tbl", "common 32"),
    "sparc64": _table("arch/sparc/kernel/syscalls/syscall.tbl", "common 64"),
    "sparc": _table("arch/sparc/kernel/syscalls/syscall.tbl", "common 32"),
    "alpha": _table("arch/alpha/kernel/syscalls/syscall.tbl", "common"),
}


class TableLine(NamedTuple):
    """A line of a table, as it stands there."""

    line: int
    nr: int
    """Without x32's bit or mips' base."""
    selector: str
    name: str
    entry: str
    compat_entry: str
    returns: bool


def find_table(tree: str, abi: str) -> str | None:
    """The path of an ABI's table in a kernel's tree; None where that kernel has none for it.

    Before 6.11, architectures with the generic numbers had them in
    ``include/uapi/asm-generic/unistd.h`` only.
    """
    for below in _TABLES[find_abi(abi).name].paths:
        path = os.path.join(tree, below)
        if os.path.isfile(path):
            return path
    return None


def entries(path: str, abi: str) -> tuple[TableEntry, ...]:
    """What a table says of one ABI, in its order; also of numbers that no kernel implements.

    Raises :class:`UsageError` for an ABI that is not known, :class:`InputError` with the line for
    a table that is malformed, says two things of one number or one name, or has nothing for the
    ABI.
    """
    found: list[TableEntry] = []
    numbers: dict[int, int] = {}
    names: dict[str, int] = {}
    known = find_abi(abi)
    selectors = _TABLES[known.name].selectors
    lines = parse_table(read_text(path), path)
    for line in lines:
        if line.selector not in selectors:
            continue
        place = f"line {line.line}"
        for first, what in (
            (numbers.setdefault(line.nr, line.line), f"number {line.nr}"),
            (names.setdefault(line.name, line.line), line.name),
        ):
            if first != line.line:
                raise InputError(path, place, f"{what} is also on line {first}")
        nr = line.nr + known.number_base
        found.append(TableEntry(nr, line.name, line.entry, line.compat_entry, line.returns))
    if not found:
        there = ", ".join(sorted({line.selector for line in lines})) or "nothing at all"
        wanted = ", ".join(sorted(selectors))
        raise InputError(path, "", f"has nothing for {known.name} ({wanted}), but {there}")
    return tuple(found)


def parse_table(text: str, source: str) -> list[TableLine]:
    """All lines of a table; ``source`` is its name in messages.

    Raises :class:`InputError` with the first line that is none.
    """
    found = []
    for line in parse("tbl.lark", text, source, _FORM):
        number, selector, name, *rest = line.children
        returns = len(rest) < 3  # the third is noreturn
        entry, compat, *_ = (*("" if part == "-" else str(part) for part in rest), "", "")
        found.append(
            TableLine(number.line, int(number), str(selector), str(name), entry, compat, returns)
        )
    return found

"""Numbers and entry points from what a kernel's build makes of its tables.

Packages of kernel headers have them (``arch/x86/include/generated/asm/syscalls_64.h``,
``syscall_table_32.h``): ``__SYSCALL(NUMBER, ENTRY)`` for each number, without
names. The form is that of ``scripts/syscalltbl.sh``, since Linux 5.13.
"""

from __future__ import annotations

import os

from uapigen.errors import InputError
from uapigen.syscalls.abis import find_abi
from uapigen.syscalls.entries import TableEntry
from uapigen.syscalls.sources.grammars import parse, read_text
from uapigen.syscalls.sources.kernels import find_kernel

__all__ = ["entries", "find_generated", "parse_generated"]

_FORM = "__SYSCALL(NUMBER, ENTRY) or __SYSCALL_WITH_COMPAT(NUMBER, ENTRY, COMPAT-ENTRY)"

_ENDINGS = {
    # Where it is not the word size: arch/*/kernel/syscalls/Makefile
    "mips": "o32",
    "mipsel": "o32",
    "mips64": "n64",
    "mips64el": "n64",
    "mipsn32": "n32",
    "mipsn32el": "n32",
    "x32": "x32",
}


def find_generated(tree: str, abi: str) -> str | None:
    """The file for an ABI in what a kernel was built in, or in its headers package; or None."""
    kernel = find_kernel(abi)
    ending = _ENDINGS.get(kernel.abi, str(kernel.bits))
    for name in (f"syscalls_{ending}.h", f"syscall_table_{ending}.h"):
        path = os.path.join(tree, "arch", kernel.directory, "include/generated/asm", name)
        if os.path.isfile(path):
            return path
    return None


def entries(path: str, abi: str) -> tuple[TableEntry, ...]:
    """What the file says of one ABI, which must be the one that it is for: it does not tell.

    Raises :class:`UsageError` for an ABI that is not known, :class:`InputError` for a file that
    is malformed, empty or says two things of one number.
    """
    base = find_abi(abi).number_base
    return tuple(
        entry._replace(nr=entry.nr + base) for entry in parse_generated(read_text(path), path)
    )


def parse_generated(text: str, source: str) -> list[TableEntry]:
    """The same of a text, with numbers as they stand there; ``source`` is its name in messages."""
    found = []
    lines: dict[str, int] = {}
    for call in parse("generated.lark", text, source, _FORM):
        number, entry, *compat = call.children
        first = lines.setdefault(str(number), number.line)
        if first != number.line:
            problem = f"number {number} is also on line {first}"
            raise InputError(source, f"line {number.line}", problem)
        found.append(
            TableEntry(
                int(number),
                "",
                str(entry),
                str(compat[0]) if compat else "",
                call.data != "noreturn",
            )
        )
    if not found:
        raise InputError(source, "", f"has no {_FORM}")
    return found

"""Numbers and entry points from what a kernel's build makes of its tables.

Packages of kernel headers have them (``arch/x86/include/generated/asm/syscalls_64.h``,
``syscall_table_32.h``): ``__SYSCALL(NUMBER, ENTRY)`` for each number, without
names. The form is that of ``scripts/syscalltbl.sh``, since Linux 5.13.
"""

from __future__ import annotations

from uapigen.errors import InputError
from uapigen.syscalls.abis import find_abi
from uapigen.syscalls.entries import TableEntry
from uapigen.syscalls.sources.grammars import parse, read_text

__all__ = ["entries", "parse_generated"]

_FORM = "__SYSCALL(NUMBER, ENTRY) or __SYSCALL_WITH_COMPAT(NUMBER, ENTRY, COMPAT-ENTRY)"


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

"""The syscall tables of all ABIs, as ready text: what a package's ``syscalls`` module is made of.

Joining a table takes 60 ms, a twelfth of the time that a whole kernel's bindings take, so
packages have what ``make syscalls`` wrote: each different line once, and for each ABI, the names
with their numbers, entry symbols, the line that has the rest, and the one with the signature.

    "int", "", (("fd", "unsigned int", "u4"),), ()  lines, until the first section
    (fd: _Descriptor) -> int
    = x86_64
    rdi rsi rdx r10 r8 r9                           registers
    system-calls 7.2.0<TAB>uapigen                  sources
    close 3 __x64_sys_close 17 18                   name, number, entry, numbers of both lines
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

__all__ = ["Ready", "pack", "packed_path", "unpack"]

_SECTION = "\n= "
_NO_ENTRY = "-"


class Ready(NamedTuple):
    """What is ready of one ABI."""

    registers: Sequence[str]
    sources: Sequence[str]
    table: str
    """As ``emit/syscalls.py`` writes it."""
    numbers: Sequence[tuple[int, str]]
    """And names, by number."""
    signatures: Mapping[str, str]
    """As ``emit/syscall_signatures.py`` has them, by name."""


def packed_path() -> str:
    """Where the file lies."""
    return os.path.join(os.path.dirname(__file__), "packed_syscalls.txt")


def pack(tables: Mapping[str, Ready]) -> str:
    """The file's text: ``unpack`` gives each table back as it is."""
    lines: dict[str, int] = {}
    sections = []
    for abi, ready in tables.items():
        calls = []
        for line in ready.table.splitlines()[1:-1]:
            name, _, facts = line.strip()[1:].partition('": (')
            number, entry, rest = facts.removesuffix("),").split(", ", 2)
            at = lines.setdefault(rest, len(lines))
            signature = lines.setdefault(ready.signatures[name], len(lines))
            calls.append(f"{name} {number} {entry[1:-1] or _NO_ENTRY} {at} {signature}")
        head = [abi, " ".join(ready.registers), "\t".join(ready.sources)]
        sections.append(_SECTION + "\n".join([*head, *calls]))
    return "\n".join(lines) + "".join(sections) + "\n"


def unpack(abi: str) -> Ready | None:
    """What is ready of an ABI; None for one that the file does not have."""
    with open(packed_path(), encoding="utf-8") as file:
        text = file.read()
    begin = text.find(f"{_SECTION}{abi}\n")
    if begin < 0:
        return None
    lines = text[: text.index(_SECTION)].split("\n")
    end = text.find(_SECTION, begin + 1)
    section = text[begin + 1 : end if end >= 0 else len(text) - 1].split("\n")
    found = ["SYSCALLS = {\n"]
    signatures = {}
    numbers = []
    for call in section[3:]:
        name, number, entry, at, signature = call.split(" ")
        entry = "" if entry == _NO_ENTRY else entry
        found.append(f'    "{name}": ({number}, "{entry}", {lines[int(at)]}),\n')
        signatures[name] = lines[int(signature)]
        numbers.append((int(number), name))
    found.append("}\n")
    registers, sources = section[1].split(" "), section[2].split("\t")
    return Ready(registers, sources, "".join(found), sorted(numbers), signatures)

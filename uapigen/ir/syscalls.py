"""Syscalls of one ABI: numbers, prototypes, and where each fact comes from.

Front ends (``syscalls/sources``) make parts of this, ``syscalls/join.py`` puts
them together; what emits and what calls knows only this.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

__all__ = ["Disagreement", "Lowered", "Syscall", "SyscallParam", "SyscallTable"]


class SyscallParam(NamedTuple):
    """A parameter, as the kernel's entry point declares it."""

    name: str
    c_type: str
    """C's spelling, without ``__user``: ``const char *``, ``struct stat *``, ``size_t``."""
    direction: str = ""
    """Of what a pointer points to: ``in``, ``out``, ``inout``; "" where not known or no pointer."""


class Lowered(NamedTuple):
    """How one argument travels: the registers that hold it.

    A 64-bit argument on a 32-bit ABI is a pair, in the order low half, high half.
    """

    registers: tuple[str, ...]
    """Names as the ABI's manual has them (``rdi``, ``r2``); ``stack+16`` for bytes above the
    stack pointer, where an ABI has run out of registers (mips o32); ``ebx[4]`` for bytes into the
    block that a register points to (``mmap`` of i386 and s390x). Empty for a parameter that the
    ABI does not have (``pipe`` on mips)."""


class Syscall(NamedTuple):
    """One syscall of one ABI."""

    nr: int
    """The full number: with x32's bit, with mips' base."""
    name: str
    """As ``__NR_`` has it."""
    entry: str
    """The kernel's entry symbol (``__x64_sys_newfstat``); "" where not known."""
    params: tuple[SyscallParam, ...] | None
    """None where no source has the prototype; ``reason`` says why."""
    returns: str = "int"
    """``int`` (0 or a value, negative errno), ``address`` (unsigned; the last page is errno),
    ``always`` (never fails), ``never`` (does not return)."""
    since: str = ""
    """First kernel release with it, on any architecture ("5.6"); "" where not known."""
    reason: str = ""
    """Why there is no prototype (``not implemented``, ``private to the architecture``)."""
    lowering: tuple[Lowered, ...] = ()
    """By parameter."""
    provenance: tuple[str, ...] = ()
    """Names of the sources that gave the number and the prototype."""
    compat: str = ""
    """The entry symbol of a 64-bit kernel for this ABI, where that is another one; as its table
    has it where the architecture puts nothing else before it."""


class Disagreement(NamedTuple):
    """Two sources say different things; the first one is believed."""

    name: str
    what: str
    """``entry``, ``parameters`` (their count), ``name of parameter N``, ``type of PARAM``."""
    believed: str
    other: str
    """``source: what it says``, both."""


@dataclass
class SyscallTable:
    """All syscalls of one ABI, by number."""

    abi: str
    syscalls: tuple[Syscall, ...]
    sources: tuple[str, ...] = ()
    disagreements: list[Disagreement] = field(default_factory=list)

"""What a kernel's own table says of a number: its name, and the function that it leads to."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["NOT_IMPLEMENTED", "TableEntry"]

NOT_IMPLEMENTED = frozenset({"sys_ni_syscall", "sys_nis_syscall"})
"""Entry points that say ENOSYS (``kernel/sys_ni.c``; the second one is sparc's)."""


class TableEntry(NamedTuple):
    """One number of one ABI."""

    nr: int
    """The full number: with x32's bit, with mips' base."""
    name: str
    """As ``__NR_`` has it; "" where the table has numbers and entry points only."""
    entry: str
    """The kernel's function, without what the architecture puts before it (``sys_newfstat``,
    ``compat_sys_ioctl``); "" where there is none."""
    compat_entry: str = ""
    """The same where a 64-bit kernel serves the ABI; "" where that is no other."""
    returns: bool = True
    """False for ``exit`` and its like."""

    @property
    def implemented(self) -> bool:
        """Whether a kernel can do more than say ENOSYS."""
        return any(
            entry and entry not in NOT_IMPLEMENTED for entry in (self.entry, self.compat_entry)
        )

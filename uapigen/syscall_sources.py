"""From the files a user names to the table of an ABI's syscalls.

A source is told apart by what it is: a directory with tracefs' events, a kernel's source
tree or headers package; a ``*.tbl`` file, a ``syscalls_*.h`` file with ``__SYSCALL``, a
header with ``__NR_`` macros; anything else is a source of BTF (``sources.py``).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from uapigen.errors import UsageError
from uapigen.ir.graph import TypeGraph
from uapigen.ir.syscalls import SyscallTable
from uapigen.syscalls.abis import find_abi
from uapigen.syscalls.join import syscall_table
from uapigen.syscalls.prototypes import Prototypes
from uapigen.syscalls.sources import package

__all__ = ["open_table"]


class _Said:
    """What the sources say, for one ABI."""

    def __init__(self, abi: str) -> None:
        self.abi = find_abi(abi).name
        self.prototypes: list[Prototypes] = []
        self.btf: TypeGraph | None = None
        self.numbers: Mapping[str, int] | None = None
        self.numbers_source = package.SOURCE

    def number(self, numbers: Mapping[str, int], source: str) -> None:
        """Take numbers; the first source that has them is believed."""
        if self.numbers is None:
            self.numbers, self.numbers_source = numbers, os.path.basename(source.rstrip("/"))


def open_table(abi: str, paths: Sequence[str]) -> SyscallTable:
    """The table of an ABI by what these sources say, earlier ones believed first.

    Raises :class:`UsageError` for an unknown ABI and for a second source of BTF,
    :class:`InputError` for a source that is malformed, :class:`SystemRefusalError` for one
    that cannot be read.
    """
    said = _Said(abi)
    for path in paths:
        if os.path.isdir(path):
            _directory(said, path)
        elif path.endswith(".tbl"):
            from uapigen.syscalls.sources.tbl import entries

            said.number({entry.name: entry.nr for entry in entries(path, said.abi)}, path)
        elif path.endswith(".h"):
            _header(said, path)
        else:
            _btf(said, path)
    return syscall_table(
        said.abi,
        sources=said.prototypes,
        btf=said.btf,
        numbers=said.numbers,
        numbers_source=said.numbers_source,
    )


def _directory(said: _Said, path: str) -> None:
    if os.path.isdir(os.path.join(path, "events", "syscalls")):
        from uapigen.syscalls.sources.tracefs import prototypes

        said.prototypes.append(prototypes(path))
    elif os.path.isfile(os.path.join(path, "include", "linux", "syscalls.h")):
        _tree(said, path)
    else:
        raise UsageError(
            f"{path}: is a directory, but neither tracefs (events/syscalls) nor a kernel's"
            " source tree (include/linux/syscalls.h)"
        )


def _tree(said: _Said, path: str) -> None:
    """Numbers and prototypes of a source tree; one without .c files has the headers' alone."""
    from uapigen.syscalls.sources import shipped, tbl
    from uapigen.syscalls.sources.kernels import find_kernel
    from uapigen.syscalls.sources.tree import Tree

    table = tbl.find_table(path, said.abi)
    symbols = {entry.symbol for entry in shipped.entries(said.abi).values() if entry.symbol}
    if table is not None:
        entries = tbl.entries(table, said.abi)
        said.number({entry.name: entry.nr for entry in entries}, table)
        symbols |= {entry.entry for entry in entries if entry.entry}
        symbols |= {entry.compat_entry for entry in entries if entry.compat_entry}
    said.prototypes.append(Tree(path).prototypes(find_kernel(said.abi), sorted(symbols)))


def _header(said: _Said, path: str) -> None:
    """A header of user space with ``__NR_`` macros, or a kernel's generated list."""
    from uapigen.syscalls.sources import generated, unistd
    from uapigen.syscalls.sources.grammars import read_text

    if "__SYSCALL" in read_text(path) and "__NR_" not in read_text(path):
        names = {number: name for name, number in package.numbers(said.abi).items()}
        said.number(
            {
                names.get(entry.nr, entry.entry.removeprefix("sys_")): entry.nr
                for entry in generated.entries(path, said.abi)
            },
            path,
        )
    else:
        said.number(unistd.numbers_in(path, said.abi), path)


def _btf(said: _Said, path: str) -> None:
    from uapigen.sources import open_sources

    if said.btf is not None:
        raise UsageError(f"{path}: a second source of BTF; one kernel's is enough")
    said.btf = open_sources([path]).graph

"""From the files a user names to the table of an ABI's syscalls.

A source is told apart by what it is: a directory with tracefs' events, a kernel's source
tree or headers package; a ``*.tbl`` file, a ``syscalls_*.h`` file with ``__SYSCALL``, a
header with ``__NR_`` macros; anything else is a source of BTF (``sources.py``).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from uapigen.errors import UsageError
from uapigen.ir.graph import TypeGraph
from uapigen.ir.syscalls import SyscallTable
from uapigen.layout.targets import host_arch
from uapigen.syscalls.abis import find_abi
from uapigen.syscalls.entries import TableEntry
from uapigen.syscalls.join import syscall_table
from uapigen.syscalls.prototypes import Prototypes
from uapigen.syscalls.sources import package
from uapigen.syscalls.sources.kernels import find_kernel

__all__ = ["open_table"]


class _Said:
    """What the sources say, for one ABI."""

    def __init__(self, abi: str) -> None:
        self.abi = find_abi(abi).name
        self.prototypes: list[Prototypes] = []
        self.btf: TypeGraph | None = None
        self.numbers: Mapping[str, int] | None = None
        self.numbers_source = package.SOURCE
        self.entries: Mapping[str, TableEntry] = {}

    def number(
        self,
        numbers: Mapping[str, int],
        source: str,
        entries: Mapping[str, TableEntry] | None = None,
    ) -> None:
        """Take numbers, and where they lead; the first source that has them is believed."""
        if self.numbers is None:
            self.numbers, self.numbers_source = numbers, os.path.basename(source.rstrip("/"))
            self.entries = entries or {}

    def lead(self, entries: Iterable[TableEntry], source: str) -> None:
        """Take a table that says both; what it does not name is called as everywhere.

        Numbers that have neither a name nor an entry are those of calls that are long gone.
        """
        names = {number: name for name, number in package.numbers(self.abi).items()}
        by_name = {}
        for entry in entries:
            called = entry.entry.removeprefix("sys_") if entry.implemented else ""
            name = entry.name or names.get(entry.nr, called)
            if name:
                by_name[name] = entry
        self.number({name: entry.nr for name, entry in by_name.items()}, source, by_name)


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

            said.lead(entries(path, said.abi), path)
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
        entries=said.entries,
    )


def _directory(said: _Said, path: str) -> None:
    from uapigen.syscalls.sources.generated import find_generated

    if os.path.isdir(os.path.join(path, "events", "syscalls")):
        from uapigen.syscalls.sources.tracefs import prototypes

        _check(said, path, host_arch())
        said.prototypes.append(prototypes(path))
    elif os.path.isfile(os.path.join(path, "include", "linux", "syscalls.h")):
        _tree(said, path)
    elif built := find_generated(path, said.abi):
        _header(said, built)
    else:
        raise UsageError(
            f"{path}: is a directory, but neither tracefs (events/syscalls) nor a kernel's"
            " source tree (include/linux/syscalls.h), nor a headers package that has"
            f" {said.abi}'s calls (include/generated/asm)"
        )


def _tree(said: _Said, path: str) -> None:
    """Numbers and prototypes of a source tree; one without .c files has the headers' alone."""
    from uapigen.syscalls.aliases import target
    from uapigen.syscalls.sources import shipped
    from uapigen.syscalls.sources.leads import rows
    from uapigen.syscalls.sources.tree import Tree

    kernel = find_kernel(said.abi)
    tree = Tree(path)
    lines = rows(Path(path), said.abi)
    if lines:
        said.lead(lines.values(), path)
    symbols = {entry.symbol for entry in shipped.entries(said.abi).values()}
    symbols |= {line.entry for line in lines.values()}
    wanted = {target(kernel.directory, symbol) for symbol in symbols if symbol}
    said.prototypes.append(tree.prototypes(kernel, sorted(wanted)))


def _header(said: _Said, path: str) -> None:
    """A header of user space with ``__NR_`` macros, or a kernel's generated list."""
    from uapigen.syscalls.sources import generated, unistd
    from uapigen.syscalls.sources.grammars import read_text

    if "__SYSCALL" in read_text(path) and "__NR_" not in read_text(path):
        said.lead(generated.entries(path, said.abi), path)
    else:
        said.number(unistd.numbers_in(path, said.abi), path)


def _btf(said: _Said, path: str) -> None:
    from uapigen.sources import open_sources

    if said.btf is not None:
        raise UsageError(f"{path}: a second source of BTF; one kernel's is enough")
    opened = open_sources([path])
    _check(said, path, opened.model.arch)
    said.btf = opened.graph


def _check(said: _Said, path: str, arch: str | None) -> None:
    """Refuse a kernel of another architecture: some of its prototypes are other ones."""
    if arch is None or not find_kernel(arch).serves(find_kernel(said.abi)):
        raise UsageError(f"{path}: is for {arch or 'another architecture'}, not for {said.abi}")

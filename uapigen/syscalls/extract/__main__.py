"""The table that uapigen ships, made anew of its sources:

    python -m uapigen.syscalls.extract SOURCES [--man FILE] [-o FILE]

``SOURCES`` are ``--btf FILE``, ``--tracefs DIR`` and ``--tree DIR``, any number of each, in the
order of trust: the newest kernel first. BTF is named by its file, since it seldom knows its
kernel's release. At least one tree is needed: trees say where numbers lead.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from uapigen.btf.container import unwrap
from uapigen.btf.reader import BtfGraph
from uapigen.errors import SystemRefusalError, UapigenError, UsageError
from uapigen.layout.targets import guess_target, host_arch, machine_of_elf
from uapigen.syscalls.extract.documented import DOCUMENTED
from uapigen.syscalls.extract.merging import Said
from uapigen.syscalls.extract.since import ADDED, of_manual
from uapigen.syscalls.extract.table import Sources, make_table
from uapigen.syscalls.sources import btf, shipped, tracefs
from uapigen.syscalls.sources.tree import Tree

_OUTPUT = Path(shipped.__file__).with_name(shipped.FILE)


class _InOrder(argparse.Action):
    """Appends (option, value), so that the order of different options is kept."""

    def __call__(
        self, _parser: Any, namespace: Any, values: Any, option: str | None = None
    ) -> None:
        namespace.sources = [*namespace.sources, (option, values)]


def parser() -> argparse.ArgumentParser:
    """The command line's."""
    made = argparse.ArgumentParser(
        prog="python -m uapigen.syscalls.extract",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.set_defaults(sources=[])
    for option, metavar, what in (
        ("--btf", "FILE", "a kernel's BTF"),
        ("--tracefs", "DIR", "the running kernel's tracefs, mounted"),
        ("--tree", "DIR", "a kernel's source tree"),
    ):
        made.add_argument(option, action=_InOrder, dest="sources", metavar=metavar, help=what)
    made.add_argument("--man", type=Path, metavar="FILE", help="syscalls.2: first releases")
    made.add_argument(
        "-o",
        type=Path,
        metavar="FILE",
        default=_OUTPUT,
        dest="output",
        help="default: the file in this package",
    )
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the table; the exit code."""
    options = parser().parse_args(arguments)
    try:
        sources = _read(options.sources)
        since = ADDED | (of_manual(options.man) if options.man else {})
        text = make_table(sources, since)
        _write(options.output, text)
    except UapigenError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise SystemRefusalError(f"{path}: {error.strerror or error}") from None


def _read(sources: Sequence[tuple[str, str]]) -> Sources:
    trees: list[Tree] = []
    said: list[Said | Tree] = []
    symbols: set[str] = set()
    for option, path in sources:
        if option == "--tree":
            trees.append(Tree(path))
            said.append(trees[-1])
        elif option == "--tracefs":
            said.append(Said(tracefs.prototypes(path), host_arch() or ""))
        else:
            graph, arch = _graph(path)
            symbols |= btf.entry_symbols(graph)
            name = Path(path).name.partition(".btf")[0]
            said.append(Said(btf.prototypes(graph)._replace(source=f"btf {name}"), arch))
    if not trees:
        raise UsageError("no kernel tree given (--tree DIR)")
    for one in DOCUMENTED:
        symbols |= one.prototypes.params.keys()
    return Sources(tuple(trees), (*said, *DOCUMENTED), frozenset(symbols))


def _graph(path: str) -> tuple[BtfGraph, str]:
    """A kernel's types, and the architecture."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise SystemRefusalError(f"{path}: {error.strerror or error}") from None
    blob = unwrap(data, path)
    graph = BtfGraph(blob.btf, path, release=blob.release)
    if blob.elf_machine is not None:
        machine = machine_of_elf(blob.elf_machine, blob.elf_class or 64, blob.big_endian)
        if machine:
            return graph, machine
    info = graph.info
    model = guess_target(info.pointer_size, info.big_endian, lambda n: bool(graph.ids_named(n)))
    return graph, model.arch


if __name__ == "__main__":
    sys.exit(main())

"""The shipped table's text, of what the sources say; its form: ``sources/shipped.py``."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from uapigen.syscalls.abis import ABIS
from uapigen.syscalls.aliases import target
from uapigen.syscalls.entries import TableEntry
from uapigen.syscalls.extract.merging import Merged, Said, merge
from uapigen.syscalls.sources import package
from uapigen.syscalls.sources.kernels import find_kernel
from uapigen.syscalls.sources.leads import rows
from uapigen.syscalls.sources.shipped import EVERY, LIKE, write_param
from uapigen.syscalls.sources.tree import Tree

__all__ = ["Sources", "make_table"]


class Sources(NamedTuple):
    """All that a table is made of."""

    trees: tuple[Tree, ...]
    """The newest first."""
    said: tuple[Said | Tree, ...]
    """In the order of trust."""
    symbols: frozenset[str]
    """Entry symbols of kernels that may be newer than the trees."""


def make_table(sources: Sources, since: Mapping[str, str]) -> str:
    """The text of ``shipped.json``; raises what the sources' readers raise."""
    leads = {abi: _of_trees(sources, abi) for abi in ABIS}
    _add_newer(leads, sources.symbols)
    wanted = [
        (abi, entry)
        for abi, by_name in leads.items()
        for entry in dict.fromkeys(
            target(find_kernel(abi).directory, row.entry.removeprefix(LIKE))
            for row in by_name.values()
            if row.entry
        )
    ]
    said = [one for given in sources.said for one in _by_abi(given, wanted)]
    believed = merge(said, wanted)
    names = list(dict.fromkeys(one.prototypes.source for one in said))
    sections = {
        "sources": [json.dumps(name) for name in names],
        "entries": _entry_lines(leads, since),
        "prototypes": _prototype_lines(believed, names),
    }
    parts = [f'"{name}": [\n' + ",\n".join(lines) + "\n]" for name, lines in sections.items()]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _of_trees(sources: Sources, abi: str) -> dict[str, TableEntry]:
    """Where each name of an ABI leads: by the newest tree that has an implementation."""
    by_number: dict[int, TableEntry] = {}
    numbers = package.numbers(abi)
    for tree in sources.trees:
        for number, row in rows(Path(tree.directory), abi).items():
            if not by_number.setdefault(number, row).entry:
                by_number[number] = row
            if row.name:
                numbers.setdefault(row.name, number)
    return {
        name: by_number[number] for name, number in sorted(numbers.items()) if number in by_number
    }


def _add_newer(leads: Mapping[str, dict[str, TableEntry]], symbols: frozenset[str]) -> None:
    """Numbers that no tree has: their entries are called like them, unless somewhere else not."""
    odd = {
        name
        for by_name in leads.values()
        for name, row in by_name.items()
        if row.entry not in ("", f"sys_{name}")
    }
    for abi, by_name in leads.items():
        for name, number in package.numbers(abi).items():
            symbol = f"sys_{name}"
            if name not in by_name and symbol in symbols:
                entry = f"{LIKE}{symbol}" if name in odd else symbol
                by_name[name] = TableEntry(number, name, entry)


def _by_abi(given: Said | Tree, wanted: Sequence[tuple[str, str]]) -> list[Said]:
    if isinstance(given, Said):
        return [given]
    by_abi: dict[str, list[str]] = {abi: [] for abi in ABIS}
    for abi, entry in wanted:
        by_abi[abi].append(entry)
    return [
        Said(given.prototypes(find_kernel(abi), entries), abi, given.shared)
        for abi, entries in by_abi.items()
    ]


def _entry_lines(
    leads: Mapping[str, Mapping[str, TableEntry]], since: Mapping[str, str]
) -> list[str]:
    by_name: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for abi, by_own_name in leads.items():
        for name, row in by_own_name.items():
            by_name[name][f"{row.entry} {row.compat_entry}".strip()].append(abi)
    return [
        json.dumps([name, since.get(name, ""), {k: " ".join(v) for k, v in sorted(by.items())}])
        for name, by in sorted(by_name.items())
    ]


def _prototype_lines(believed: Mapping[tuple[str, str], Merged], names: Sequence[str]) -> list[str]:
    index = {name: at for at, name in enumerate(names)}
    by_entry: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for (abi, entry), merged in believed.items():
        line = json.dumps([
            [write_param(param) for param in merged.params],
            sorted(index[source] for source in merged.sources),
            {str(index[s]): list(map(write_param, p)) for s, p in sorted(merged.others.items())},
        ])  # fmt: skip
        by_entry[entry][line].append(abi)
    lines = []
    for entry, by_line in sorted(by_entry.items()):
        ordered = sorted(by_line.items(), key=lambda item: (-len(item[1]), item[0]))
        for at, (line, abis) in enumerate(ordered):
            listed = " ".join(abis) if at else EVERY
            lines.append(f"[{json.dumps(entry)}, {json.dumps(listed)}, {line[1:]}")
    return lines

"""Many sources' prototypes as one for each ABI and entry, in the order of trust.

A source that speaks of one ABI speaks for all of them where the entry is shared: where the kernel
trees have one prototype of it, whatever the architecture.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from uapigen.syscalls.prototypes import Params, Prototypes

__all__ = ["Merged", "Said", "merge"]


class Said(NamedTuple):
    """One source's prototypes, for one ABI."""

    prototypes: Prototypes
    abi: str
    shared: frozenset[str] | None = None
    """Of a tree: the entries that it defines outside of ``arch/`` only."""


@dataclass
class Merged:
    """What is believed of an entry, and who says so."""

    params: Params
    sources: list[str] = field(default_factory=list)
    others: dict[str, Params] = field(default_factory=dict)
    """By source, what those say who are not believed."""


def merge(said: Sequence[Said], wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Merged]:
    """By (ABI, entry), what the first source says; ``said`` is in the order of trust."""
    shared = _shared(said)
    found: dict[tuple[str, str], Merged] = {}
    for abi, entry in wanted:
        for one in said:
            params = one.prototypes.params.get(entry)
            if params is None or (one.abi != abi and not (entry in shared and one.shared is None)):
                continue
            merged = found.setdefault((abi, entry), Merged(params))
            source = one.prototypes.source
            if merged.params == params:
                if source not in merged.sources:
                    merged.sources.append(source)
            else:
                merged.others.setdefault(source, params)
    return found


def _shared(said: Sequence[Said]) -> frozenset[str]:
    """Entries of which no tree has two prototypes, and which no architecture has to itself."""
    by_tree: dict[tuple[str, str], set[Params]] = {}
    entries: set[str] = set()
    apart: set[str] = set()
    for one in said:
        params = one.prototypes.params
        entries |= params.keys()
        if one.shared is not None:
            apart |= params.keys() - one.shared
            for entry, its in params.items():
                by_tree.setdefault((entry, one.prototypes.source), set()).add(its)
    apart |= {entry for (entry, _), different in by_tree.items() if len(different) > 1}
    return frozenset(entries - apart)

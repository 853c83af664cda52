"""A source's prototypes as columns: few steps for each of thirty thousand.

A kernel's functions have a hundred thousand parameters, and a fifth of that of
declarations: ``struct file *file`` is said once, and a prototype is a list of keys.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from uapigen.ir.types import TypeId

__all__ = ["Prototype", "Prototypes", "in_columns"]


class Prototype(NamedTuple):
    """A prototype with parameters, all of which have names."""

    id: TypeId
    returns: TypeId
    names: Sequence[str]
    types: Sequence[TypeId]


class Prototypes(NamedTuple):
    """Prototypes with parameters, all of which have names. Types are not checked yet."""

    ids: Sequence[TypeId]
    returns: Sequence[TypeId]
    counts: Sequence[int]
    """How many parameters each has."""
    params: Sequence[Hashable]
    """All parameters of all, one prototype's behind the other's: keys of ``declared``."""
    declared: Mapping[Hashable, tuple[str, TypeId]]
    """Name and type."""

    def rows(self) -> Iterator[Prototype]:
        """One prototype after another."""
        params = map(self.declared.__getitem__, self.params)
        for proto, returns, count in zip(self.ids, self.returns, self.counts, strict=True):
            names, types = zip(*islice(params, count), strict=True)
            yield Prototype(proto, returns, names, types)


def in_columns(prototypes: Iterable[Prototype]) -> Prototypes:
    """Prototypes that are there one by one."""
    ids, returns, counts, params = [], [], [], list[Hashable]()
    declared: dict[Hashable, tuple[str, TypeId]] = {}
    for proto in prototypes:
        ids.append(proto.id)
        returns.append(proto.returns)
        counts.append(len(proto.types))
        pairs = list(zip(proto.names, proto.types, strict=True))
        declared.update(zip(pairs, pairs, strict=True))
        params += pairs
    return Prototypes(ids, returns, counts, params, declared)

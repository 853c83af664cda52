"""A source's prototypes as columns: few steps for each of thirty thousand.

A kernel's functions have a hundred thousand parameters, and a fifth of that of
declarations: ``struct file *file`` is said once, and a prototype is a list of keys.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Container, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, chain, compress, islice
from operator import itemgetter, sub
from typing import NamedTuple, TypeVar

from uapigen.ir.types import TypeId

__all__ = ["Prototype", "Prototypes", "in_columns"]

_Item = TypeVar("_Item")


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

    def among(self, wanted: Container[TypeId]) -> Prototypes:
        """Those of the prototypes that are wanted."""
        kept = list(map(wanted.__contains__, self.ids))
        if all(kept):
            return self
        params = list(chain.from_iterable(compress(self._cut(self.params), kept)))
        return Prototypes(
            list(compress(self.ids, kept)),
            list(compress(self.returns, kept)),
            list(compress(self.counts, kept)),
            params,
            {key: self.declared[key] for key in set(params)},
        )

    def like(
        self, shapes: Collection[tuple[TypeId, ...]]
    ) -> dict[TypeId, tuple[tuple[TypeId, ...], tuple[str, ...]]]:
        """Prototype -> its shape, which is one of these, and the names of its parameters.

        A shape is the return type and the parameters' types.
        """
        type_of = {key: target for key, (_, target) in self.declared.items()}.__getitem__
        stops = list(accumulate(self.counts))
        starts = list(map(sub, stops, self.counts))
        # Most are seen to have another shape by what is first in it.
        heads = {(shape[0], len(shape) - 1, shape[1]) for shape in shapes if shape[1:]}
        firsts = map(type_of, map(self.params.__getitem__, starts))
        hits = map(heads.__contains__, zip(self.returns, self.counts, firsts, strict=True))
        found = {}
        rows = zip(self.ids, self.returns, starts, stops, strict=True)
        for proto, returns, start, stop in compress(rows, hits):
            params = self.params[start:stop]
            shape = (returns, *map(type_of, params))
            if shape in shapes:
                found[proto] = shape, tuple([self.declared[key][0] for key in params])
        return found

    def parameters_of(self, types: Container[TypeId]) -> dict[tuple[str, TypeId], int]:
        """In how many places different prototypes have parameters of these types."""
        different = set(zip(self.returns, self._cut(tuple(self.params)), strict=True))
        # A source has hardly any prototype twice.
        twice = len(different) < len(self.ids)
        params = chain.from_iterable(map(itemgetter(1), different)) if twice else self.params
        found: dict[tuple[str, TypeId], int] = {}
        for key, count in Counter(params).items():
            declared = self.declared[key]
            if declared[1] in types:
                found[declared] = found.get(declared, 0) + count
        return found

    def _cut(self, column: Sequence[_Item]) -> list[Sequence[_Item]]:
        """A column over all parameters, cut into one piece for each prototype."""
        stops = list(accumulate(self.counts))
        starts = map(sub, stops, self.counts)
        return [column[start:stop] for start, stop in zip(starts, stops, strict=True)]


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

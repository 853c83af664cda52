"""A source's prototypes as columns: few steps for each of thirty thousand.

A kernel's functions have a hundred thousand parameters, and a fifth of that of
declarations: ``struct file *file`` is said once, and a prototype is a list of keys.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Collection, Container, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, chain, compress, islice, pairwise, repeat
from operator import itemgetter, mul, sub
from typing import NamedTuple, TypeVar

from uapigen.ir.types import TypeId

__all__ = ["FunctionsLike", "Prototype", "Prototypes", "in_columns"]

_Item = TypeVar("_Item")


class Prototype(NamedTuple):
    """A prototype with parameters, all of which have names."""

    id: TypeId
    returns: TypeId
    names: Sequence[str]
    types: Sequence[TypeId]


class FunctionsLike(NamedTuple):
    """Functions that have certain prototypes but for the names of parameters."""

    names: list[str]
    protos: list[TypeId]
    alike: dict[TypeId, tuple[tuple[TypeId, ...], tuple[str, ...]]]
    """Each prototype's shape and the names of its parameters, of which none is empty."""


class Prototypes(NamedTuple):
    """Prototypes with parameters, all of which have names. Types are not checked yet."""

    ids: Sequence[TypeId]
    returns: Sequence[TypeId]
    counts: Sequence[int]
    """How many parameters each has."""
    params: Sequence[Hashable]
    """All parameters of all, one prototype's behind the other's: keys of ``declared``."""
    types: array[int]
    """The types of all parameters, as unsigned words."""
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
        return self.only(kept)

    def only(self, kept: Sequence[bool]) -> Prototypes:
        """Those of the prototypes for which this says so."""
        params = list(chain.from_iterable(compress(self._cut(self.params), kept)))
        return Prototypes(
            list(compress(self.ids, kept)),
            list(compress(self.returns, kept)),
            list(compress(self.counts, kept)),
            params,
            array("I", chain.from_iterable(compress(self._cut(self.types), kept))),
            {key: self.declared[key] for key in set(params)},
        )

    def like(
        self, shapes: Collection[tuple[TypeId, ...]]
    ) -> dict[TypeId, tuple[tuple[TypeId, ...], tuple[str, ...]]]:
        """Prototype -> its shape, which is one of these, and the names of its parameters.

        A shape is the return type and the parameters' types.
        """
        # Words are compared as bytes.
        wanted = {(shape[0], array("I", shape[1:]).tobytes()): shape for shape in shapes}
        types, width = self.types.tobytes(), self.types.itemsize
        bounds = list(accumulate(map(mul, self.counts, repeat(width)), initial=0))
        cut = [types[start:stop] for start, stop in pairwise(bounds)]
        hits = list(map(wanted.get, zip(self.returns, cut, strict=True)))
        found, declared = {}, self.declared
        ids, places = compress(self.ids, hits), compress(bounds, hits)
        for proto, shape, place in zip(ids, filter(None, hits), places, strict=True):
            first = place // width
            keys = self.params[first : first + len(shape) - 1]
            found[proto] = shape, tuple([declared[key][0] for key in keys])
        return found

    def parameters_of(self, types: Container[TypeId]) -> dict[tuple[str, TypeId], int]:
        """In how many places different prototypes have parameters of these types."""
        # A source has hardly any prototype twice: of so many hashes, none is of two. They are
        # numbers, and nothing of what they are made from needs to be kept.
        keys = tuple(self.params)
        bounds = pairwise(accumulate(self.counts, initial=0))
        rows = zip(self.returns, (keys[start:stop] for start, stop in bounds), strict=True)
        if len(set(map(hash, rows))) < len(self.ids):
            different = set(zip(self.returns, self._cut(keys), strict=True))
            every = chain.from_iterable(map(itemgetter(1), different))
            params = [key for key in every if self.declared[key][1] in types]
        else:
            params = list(compress(self.params, map(types.__contains__, self.types)))
        counted = Counter(params)
        found = dict(zip(map(self.declared.__getitem__, counted), counted.values(), strict=True))
        if len(found) < len(counted):  # keys that declare the same
            return Counter(map(self.declared.__getitem__, params))
        return found

    def _cut(self, column: Sequence[_Item]) -> list[Sequence[_Item]]:
        """A column over all parameters, cut into one piece for each prototype."""
        stops = list(accumulate(self.counts))
        starts = map(sub, stops, self.counts)
        return [column[start:stop] for start, stop in zip(starts, stops, strict=True)]


def in_columns(prototypes: Iterable[Prototype]) -> Prototypes:
    """Prototypes that are there one by one."""
    ids, returns, counts, params, types = [], [], [], list[Hashable](), array("I")
    declared: dict[Hashable, tuple[str, TypeId]] = {}
    for proto in prototypes:
        ids.append(proto.id)
        returns.append(proto.returns)
        counts.append(len(proto.types))
        pairs = list(zip(proto.names, proto.types, strict=True))
        declared.update(zip(pairs, pairs, strict=True))
        params += pairs
        types.extend(proto.types)
    return Prototypes(ids, returns, counts, params, types, declared)

"""Prototypes as columns, cut from the type section without decoding them."""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_right
from collections.abc import Container, Hashable, Iterable, Sequence
from contextlib import suppress
from itertools import accumulate, compress

from uapigen.btf.index import FUNCS, PROTOS, RecordIndex
from uapigen.btf.strings import StringTable
from uapigen.errors import InputError
from uapigen.ir.prototypes import Prototypes
from uapigen.ir.types import TypeId

__all__ = ["functions_of_few", "prototypes"]

_VLEN = 0xFFFFFF


def prototypes(index: RecordIndex, strings: StringTable) -> Prototypes:
    """What ``TypeGraph.prototypes`` gives. A parameter's key is its two words as one number."""
    words = index.words
    params = array("I")
    ids, returns, counts = [], [], []
    for proto, start in index.records(PROTOS):
        vlen = words[start + 1] & _VLEN
        # Of most that have no names for their parameters, the first has none.
        if vlen and words[start + 3]:
            params += words[start + 3 : start + 3 + 2 * vlen]
            ids.append(proto)
            returns.append(words[start + 2])
            counts.append(vlen)
    pairs = memoryview(params).cast("B").cast("Q").tolist()
    distinct = set(pairs)
    declared = _declared(list(distinct), strings)
    refused = distinct - declared.keys() if len(declared) < len(distinct) else ()
    found = Prototypes(ids, returns, counts, pairs, declared)
    return _without(found, refused) if refused else found


def functions_of_few(
    index: RecordIndex, strings: StringTable, shapes: Iterable[tuple[TypeId, ...]]
) -> dict[tuple[TypeId, ...], list[tuple[str, tuple[str, ...]]]]:
    """What ``TypeGraph.functions_like`` gives, for a few shapes."""
    string, words = strings.__getitem__, index.words
    functions: dict[tuple[TypeId, ...], list[tuple[str, tuple[str, ...]]]] = {}
    protos = {
        proto: (functions.setdefault(shape, []), tuple(map(string, name_offs)))
        for proto, shape, name_offs in index.prototypes_like(shapes)
        if 0 not in name_offs
    }
    starts = index.starts(FUNCS)
    for start in compress(starts, map(protos.__contains__, index.gather(starts, 2))):
        found, names = protos[words[start + 2]]
        found.append((string(words[start]), names))
    return functions


def _declared(pairs: Sequence[int], strings: StringTable) -> dict[Hashable, tuple[str, TypeId]]:
    """Names and types, but of parameters that have no name or one that is nowhere."""
    name_offs, types = [pair & 0xFFFFFFFF for pair in pairs], [pair >> 32 for pair in pairs]
    if sys.byteorder == "big":
        name_offs, types = types, name_offs
    declared: dict[Hashable, tuple[str, TypeId]] = {}
    try:
        names = map(strings.__getitem__, name_offs)
        declared.update(zip(pairs, zip(names, types, strict=True), strict=True))
    except InputError:
        for pair, name_off, target in zip(pairs, name_offs, types, strict=True):
            with suppress(InputError):
                declared[pair] = strings[name_off], target
    for pair in [pair for pair, name_off in zip(pairs, name_offs, strict=True) if not name_off]:
        del declared[pair]
    return declared


def _without(found: Prototypes, refused: Container[Hashable]) -> Prototypes:
    """The same without prototypes that have one of these parameters."""
    ends = list(accumulate(found.counts))
    odd = {bisect_right(ends, at) for at, pair in enumerate(found.params) if pair in refused}
    kept = [at not in odd for at in range(len(ends))]
    params: list[Hashable] = []
    for end, count in compress(zip(ends, found.counts, strict=True), kept):
        params += found.params[end - count : end]
    return Prototypes(
        list(compress(found.ids, kept)),
        list(compress(found.returns, kept)),
        list(compress(found.counts, kept)),
        params,
        found.declared,
    )

"""Prototypes as columns, cut from the type section without decoding them."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Container, Hashable, Iterable, Sequence
from contextlib import suppress
from itertools import accumulate, chain, compress, repeat
from operator import not_

from uapigen.btf.format import Kind
from uapigen.btf.index import FUNCS, PROTOS, RecordIndex, kind_set
from uapigen.btf.strings import StringTable
from uapigen.errors import InputError
from uapigen.ir.prototypes import FunctionsLike, Prototypes
from uapigen.ir.types import FuncProto, Param, TypeId

__all__ = ["callbacks", "functions_of_few", "prototypes"]

_VLEN = 0xFFFFFF
_ELLIPSIS = 0
"""As a parameter's two words in one number: no name, no type."""
_new = tuple.__new__  # what a named tuple's own constructor calls, without the call


def prototypes(index: RecordIndex, strings: StringTable) -> Prototypes:
    """What ``TypeGraph.prototypes`` gives. A parameter's key is its two words as one number."""
    words = index.words
    params = array("I")
    ids, returns, counts = [], [], []
    for proto, start in index.records(PROTOS):
        vlen = words[start + 1] & _VLEN
        last = start + 1 + 2 * vlen
        # Of most that have unnamed parameters, the first is one, or the last: an ellipsis.
        if vlen and words[start + 3] and words[last]:
            params += words[start + 3 : last + 2]
            ids.append(proto)
            returns.append(words[start + 2])
            counts.append(vlen)
    pairs = _pairs(params)
    distinct = list(set(pairs))
    declared = _declared(distinct, strings)
    found = Prototypes(ids, returns, counts, pairs, params[1::2], declared)
    if len(declared) < len(distinct):
        found = _without(found, set(distinct) - declared.keys())
    return found


def callbacks(index: RecordIndex, strings: StringTable) -> dict[TypeId, FuncProto]:
    """Functions' types that pointers lead to, decoded, but those with an ellipsis.

    None of them if one is malformed.
    """
    words, targets = index.words, index.column(kind_set(Kind.PTR), 2)
    if max(targets, default=0) >= index.last_id:
        return {}
    is_proto = (bytes(index.first_id) + index.kinds).translate(PROTOS)
    ids = sorted(set(compress(targets, map(is_proto.__getitem__, targets))))
    starts = [index.offsets[type_id - index.first_id] for type_id in ids]
    counts = [words[start + 1] & _VLEN for start in starts]
    returns = index.gather(starts, 2)
    params = array("I")
    for start, number in zip(starts, counts, strict=True):
        params += words[start + 3 : start + 3 + 2 * number]
    pairs = _pairs(params)
    distinct = list(set(pairs))
    name_offs, types = _split(distinct)
    if max(chain(types, returns), default=0) >= index.last_id:
        return {}
    try:
        rows = zip(strings.each(name_offs), types, strict=True)
        declared = dict(zip(distinct, map(_new, repeat(Param), rows), strict=True))
    except InputError:
        return {}
    listed = tuple(map(declared.__getitem__, pairs))
    stops = accumulate(counts)
    cut = [listed[stop - number : stop] for stop, number in zip(stops, counts, strict=True)]
    columns = zip(returns, cut, repeat(False), strict=False)
    nodes = dict(zip(ids, map(_new, repeat(FuncProto), columns), strict=True))
    if _ELLIPSIS in declared:
        odd = declared[_ELLIPSIS]
        nodes = {i: node for i, node in nodes.items() if node.params[-1:] != (odd,)}
    return nodes


def functions_of_few(
    index: RecordIndex, strings: StringTable, shapes: Iterable[tuple[TypeId, ...]]
) -> FunctionsLike:
    """What ``TypeGraph.functions_like`` gives, for a few shapes."""
    string = strings.__getitem__
    alike = {
        proto: (shape, tuple(map(string, name_offs)))
        for proto, shape, name_offs in index.prototypes_like(shapes)
        if 0 not in name_offs
    }
    starts = index.starts(FUNCS)
    found = list(compress(starts, map(alike.__contains__, index.gather(starts, 2))))
    names = list(map(string, index.gather(found, 0)))
    return FunctionsLike(names, index.gather(found, 2), alike)


def _declared(pairs: Sequence[int], strings: StringTable) -> dict[Hashable, tuple[str, TypeId]]:
    """Names and types, but of parameters that have no name or one that is nowhere."""
    name_offs, types = _split(pairs)
    declared: dict[Hashable, tuple[str, TypeId]] = {}
    try:
        names = strings.cut(name_offs)
        declared.update(zip(pairs, zip(names, types, strict=True), strict=True))
    except InputError:
        for pair, name_off, target in zip(pairs, name_offs, types, strict=True):
            with suppress(InputError):
                declared[pair] = strings[name_off], target
    if 0 in name_offs:
        for pair in compress(pairs, map(not_, name_offs)):
            del declared[pair]
    return declared


def _pairs(params: array[int]) -> list[int]:
    """Parameters of two words, each as one number."""
    return memoryview(params).cast("B").cast("Q").tolist()


def _split(pairs: Sequence[int]) -> tuple[array[int], array[int]]:
    """The names' string offsets and the types of parameters."""
    words = array("I", array("Q", pairs).tobytes())
    return words[::2], words[1::2]


def _without(found: Prototypes, refused: Container[Hashable]) -> Prototypes:
    """The same without prototypes that have one of these parameters."""
    ends = list(accumulate(found.counts))
    odd = {bisect_right(ends, at) for at, pair in enumerate(found.params) if pair in refused}
    return found.only([at not in odd for at in range(len(ends))])

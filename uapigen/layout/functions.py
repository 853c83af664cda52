"""The chosen functions with their types as C spells them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress, count, islice, repeat
from operator import is_, is_not, lt

from uapigen.errors import InputError
from uapigen.ir.graph import TypeGraph
from uapigen.ir.spelling import Speller
from uapigen.ir.types import TypeId
from uapigen.layout.planned import Failure

__all__ = ["spelled_functions"]

_MANY = 1000
"""Functions from which on all prototypes are spelled at once."""


def spelled_functions(
    graph: TypeGraph, chosen: Sequence[TypeId], speller: Speller, failures: list[Failure]
) -> tuple[Sequence[str], Sequence[str]]:
    """Different names, and each one's type with parameter names: in the source's order.

    A second function of a name that has another type is ``name___2``. What cannot be
    spelled is left out and noted as a failure.
    """
    if not chosen:
        return [], []
    ids, names, protos = graph.functions()
    whole = len(chosen) == len(ids)
    if not whole:
        hits = list(map(set(chosen).__contains__, ids))
        names, protos = list(compress(names, hits)), list(compress(protos, hits))
    spelled = {}
    if len(names) > _MANY:
        spelled = speller.prototypes(None if whole else set(protos))
    c_types: list[str | None] = list(map(spelled.get, protos))
    missing = list(compress(count(), map(is_, c_types, repeat(None))))
    speller.make_all({protos[at] for at in missing})
    for at in missing:
        proto = protos[at]
        try:
            if proto not in spelled:
                spelled[proto] = "".join(speller.halves(proto))
        except InputError as error:
            failures.append(Failure(names[at], error.problem))
        else:
            c_types[at] = spelled[proto]
    if None in c_types:
        names = list(compress(names, map(is_not, c_types, repeat(None))))
    return _different(names, list(filter(None, c_types)))


def _different(names: Sequence[str], c_types: list[str]) -> tuple[Sequence[str], Sequence[str]]:
    """The same with different names, and no name and type twice."""
    # Most sources have their functions sorted by name.
    if all(map(lt, names, islice(names, 1, None))) or len(set(names)) == len(names):
        return names, c_types
    found: dict[str, str] = {}
    again: dict[str, set[str]] = {}
    for name, c_type in zip(names, c_types, strict=True):
        if found.setdefault(name, c_type) is not c_type and found[name] != c_type:
            others = again.setdefault(name, set())
            if c_type not in others:
                others.add(c_type)
                found[f"{name}___{len(others) + 1}"] = c_type
    return list(found), list(found.values())

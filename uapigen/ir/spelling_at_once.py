"""Most types of a source spelled at once, kind by kind: few steps for each.

What takes a closer look is left out, to be spelled by itself (``spelling.py``): what is
malformed, too deep or too long, and kinds that are rare.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import accumulate, chain, compress, count, filterfalse, repeat
from operator import add, is_not, itemgetter
from typing import Any, TypeAlias

from uapigen.errors import InputError
from uapigen.ir.declarators import (
    MAX_DEPTH,
    MAX_LENGTH,
    MAX_PARAMS,
    Spelled,
    Words,
    array,
    fits,
    function,
    joined,
    parameter_list,
    pointer,
    qualified,
)
from uapigen.ir.graph import TypeGraph, resolve
from uapigen.ir.prototypes import Prototypes
from uapigen.ir.types import (
    Array,
    Enum,
    FuncProto,
    Param,
    Pointer,
    Qualifier,
    Struct,
    Typedef,
    TypeId,
    TypeTag,
    Union,
)

__all__ = ["NamesOf", "spell_most", "spell_prototypes"]

NamesOf: TypeAlias = Callable[[type, Sequence[TypeId]], Iterable[str | None]]
"""What structs, unions, enums or typedefs (the class) of these ids are called, without a
keyword; None for one that takes a closer look."""

_LEVELS = 12
"""Forms around each other that are followed at once; a kernel's deepest type has 8."""
_KEYWORDS: dict[type, str] = {Struct: "struct ", Union: "union ", Enum: "enum ", Typedef: ""}
_TAGGED = frozenset({Struct, Union, Enum})
_ALIASES = frozenset({Typedef, Qualifier, TypeTag})
# Nothing that is spelled has such characters.
_BETWEEN = "\0"
_ODD = "\1"
"""Instead of what takes a closer look."""
_first, _second = itemgetter(0), itemgetter(1)
# How a form of one type is spelled: where its node has that type, and what else it takes.
_FORMS: dict[type, tuple[Callable[..., Spelled], Callable[[Any], Any], tuple[Any, ...]]] = {
    Pointer: (pointer, _first, ()),
    Array: (array, _first, (_second,)),
    Qualifier: (qualified, _second, (_first,)),
}


def spell_most(
    graph: TypeGraph,
    made: dict[TypeId, Spelled],
    type_ids: Iterable[TypeId],
    names_of: NamesOf,
    words: Words,
    class_of: Mapping[TypeId, type],
    levels: int = _LEVELS,
) -> None:
    """Add to ``made`` most of these types, and what they are built around.

    What has a name is added first, then what forms are built around, then they. ``class_of`` has
    the classes of structs, unions and enums that are known to be such, which are not decoded.
    """
    missing = list(filterfalse(made.__contains__, set(type_ids)))
    if not missing or not levels:
        return
    columns = _by_kind(graph, missing, class_of)
    for kind in columns.keys() - _FORMS.keys() - {FuncProto}:
        with suppress(InputError):
            if kind is Typedef:
                _check_typedefs(graph, *columns[kind], class_of)
            if kind in _KEYWORDS:
                _add_named(made, kind, columns[kind][0], names_of)
            else:
                list(map(made.__getitem__, columns[kind][0]))
    forms = [(kind, *columns[kind]) for kind in _FORMS.keys() & columns.keys()]
    functions, protos = columns.get(FuncProto, ((), ()))
    inner = [map(_FORMS[kind][1], nodes) for kind, _, nodes in forms]
    inner.append(map(_first, protos))
    inner.append(map(_second, set(chain.from_iterable(map(_second, protos)))))
    spell_most(graph, made, chain.from_iterable(inner), names_of, words, class_of, levels - 1)
    for kind, ids, nodes in forms:
        _add_forms(made, kind, ids, nodes)
    _add_functions(made, functions, protos, words)


def _by_kind(
    graph: TypeGraph, type_ids: Sequence[TypeId], class_of: Mapping[TypeId, type]
) -> dict[type, tuple[Sequence[TypeId], Sequence[Any]]]:
    """Ids and nodes of each class, but no nodes of what has a tag; none if a type is malformed."""
    get = graph.nodes.__getitem__
    try:
        kinds = [class_of.get(i) or type(get(i)) for i in type_ids]
    except InputError:
        return {}
    ids: dict[type, list[TypeId]] = {kind: [] for kind in set(kinds)}
    add_to = {kind: found.append for kind, found in ids.items()}
    for kind, type_id in zip(kinds, type_ids, strict=True):
        add_to[kind](type_id)
    return {
        kind: (found, () if kind in _TAGGED else list(map(get, found)))
        for kind, found in ids.items()
    }


def _check_typedefs(
    graph: TypeGraph,
    ids: Sequence[TypeId],
    nodes: Sequence[Typedef],
    class_of: Mapping[TypeId, type],
) -> None:
    """Raise :class:`InputError` if one of the typedefs has no end: such a one names nothing."""
    for type_id, (_, target, _) in zip(ids, nodes, strict=True):
        if target not in class_of and type(graph.nodes[target]) in _ALIASES:
            resolve(graph, type_id)


def _add_named(
    made: dict[TypeId, Spelled], kind: type, ids: Sequence[TypeId], names_of: NamesOf
) -> None:
    """Add types that have a name: structs, unions, enums or typedefs."""
    named = zip(ids, names_of(kind, ids), strict=True)
    keyword = _KEYWORDS[kind]
    made.update([(i, (f"{keyword}{name} ", "", 0)) for i, name in named if name is not None])


def _add_forms(
    made: dict[TypeId, Spelled], kind: type, ids: Sequence[TypeId], nodes: Sequence[Any]
) -> None:
    """Add pointers, arrays or qualified types of what is made."""
    spell, inner, others = _FORMS[kind]
    found = list(map(made.get, map(inner, nodes)))
    if None in found:
        known = list(map(is_not, found, repeat(None)))
        ids, nodes, found = (list(compress(column, known)) for column in (ids, nodes, found))
    spelled = list(map(spell, found, *[map(other, nodes) for other in others]))
    made.update(compress(zip(ids, spelled, strict=True), map(fits, spelled)))


def _add_functions(
    made: dict[TypeId, Spelled], ids: Sequence[TypeId], nodes: Sequence[FuncProto], words: Words
) -> None:
    """Add functions of what is made."""
    texts, depths = dict[Param, str](), dict[Param, int]()
    odd = set[Param]()
    for param in set(chain.from_iterable(map(_second, nodes))):
        name, target = param
        if target in made:
            before, after, depths[param] = made[target]
            texts[param] = f"{before}{words[name]}{after}" if name else joined(before, after)
        else:
            odd.add(param)
    text, depth = texts.__getitem__, depths.__getitem__
    spelled = [
        (
            type_id,
            function(
                made[returns],
                parameter_list(map(text, params), variadic),
                max(map(depth, params), default=0),
            ),
        )
        for type_id, (returns, params, variadic) in zip(ids, nodes, strict=True)
        if returns in made and len(params) <= MAX_PARAMS and (not odd or odd.isdisjoint(params))
    ]
    made.update(row for row in spelled if fits(row[1]))


def spell_prototypes(
    found: Prototypes, made: Mapping[TypeId, Spelled], words: Words
) -> dict[TypeId, str]:
    """The prototypes, but those that take a closer look.

    ``made`` has the types of their results and parameters, but those that cannot be spelled.
    """
    if not found.ids:
        return {}
    befores = {i: before for i, (before, _, depth) in made.items() if depth < MAX_DEPTH}
    afters = {i: after for i, (_, after, _) in made.items() if after}
    text = dict(zip(found.declared, _declarations(found, befores, afters, words), strict=True))
    # One text of all, which is cut again: a parameter is a step, a prototype hardly more.
    pieces = [", ", ""] * len(found.params)
    opened = {i: f"){_BETWEEN}{befores.get(i, _ODD)}(" for i in set(found.returns)}
    starts = accumulate(found.counts, initial=0)
    for start, head in zip(starts, map(opened.__getitem__, found.returns)):  # noqa: B905
        pieces[2 * start] = head
    pieces[1::2] = map(text.__getitem__, found.params)
    whole = "".join(pieces)
    spelled = whole.split(_BETWEEN)[1:]
    spelled[-1] += ")"
    for at in compress(count(), map(afters.__contains__, found.returns)):
        spelled[at] += afters[found.returns[at]]
    rows: Iterable[tuple[TypeId, str]] = zip(found.ids, spelled, strict=True)
    longest, most = max(map(len, spelled)), max(found.counts)
    if _ODD in whole or longest > MAX_LENGTH or most > MAX_PARAMS:
        plain = [
            _ODD not in text and len(text) <= MAX_LENGTH and number <= MAX_PARAMS
            for text, number in zip(spelled, found.counts, strict=True)
        ]
        rows = compress(rows, plain)
    return dict(rows)


def _declarations(
    found: Prototypes, befores: Mapping[TypeId, str], afters: Mapping[TypeId, str], words: Words
) -> list[str]:
    """The different parameters of the prototypes as they are declared."""
    names = list(map(_first, found.declared.values()))
    types = list(map(_second, found.declared.values()))
    if not ("".join(names).isascii() and all(map(str.isidentifier, names))):
        names = list(map(words.__getitem__, names))
    texts = list(map(add, map(befores.get, types, repeat(_ODD)), names))
    for at in compress(count(), map(afters.__contains__, types)):
        texts[at] += afters[types[at]]
    return texts

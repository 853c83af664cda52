"""From a name, as a user types it, to the types that it can mean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from uapigen.errors import NotFoundError
from uapigen.ir.graph import TypeGraph
from uapigen.ir.types import (
    Enum,
    Float,
    Forward,
    Func,
    Int,
    Struct,
    Type,
    Typedef,
    TypeId,
    Union,
    Var,
)

__all__ = ["Found", "find"]

_KEYWORDS: dict[str, type] = {"struct": Struct, "union": Union, "enum": Enum}
_ORDER = (Struct, Union, Enum, Typedef, Func, Var, Int, Float, Forward)
"""In which the types of one name are shown."""


class Found(NamedTuple):
    """A type and its exact spelling, ``struct foo___2`` for a second one of a name."""

    type_id: TypeId
    spelling: str


def find(graph: TypeGraph, wanted: str) -> list[Found]:
    """The types that ``wanted`` names: an exact spelling, or a bare name of any kind.

    Where the source itself has none, its base's are found (a module's types
    lie over the kernel's), and then enums by one of their constants. Raises
    :class:`NotFoundError`, with close matches in its sentence.
    """
    keyword, name = _split(wanted)
    for layer in _layers(graph):
        found = _of_name(graph, layer, keyword, name) or _numbered(graph, layer, keyword, name)
        if found:
            return found
    if not keyword or keyword == "enum":
        for layer in _layers(graph):
            found = _by_constant(graph, layer, name)
            if found:
                return found
    raise NotFoundError(_not_found(graph, keyword, name))


def _split(wanted: str) -> tuple[str, str]:
    words = wanted.split()
    if len(words) > 1 and words[0] in _KEYWORDS:
        return words[0], " ".join(words[1:])
    return "", " ".join(words)


def _layers(graph: TypeGraph) -> Iterator[TypeGraph]:
    layer: TypeGraph | None = graph
    while layer is not None:
        yield layer
        layer = layer.base


def _of_name(graph: TypeGraph, layer: TypeGraph, keyword: str, name: str) -> list[Found]:
    by_class: dict[type, list[TypeId]] = {}
    for type_id in layer.ids_named(name) if name else ():
        node = graph[type_id]
        if _is_of(node, keyword):
            by_class.setdefault(type(node), []).append(type_id)
    if len(by_class) > 1:
        by_class.pop(Forward, None)  # something of the name is defined after all
    found = []
    for node_class in _ORDER:
        for number, type_id in enumerate(_distinct(graph, by_class.get(node_class, [])), 1):
            spelling = _spelling(graph[type_id])
            found.append(Found(type_id, spelling if number == 1 else f"{spelling}___{number}"))
    return found


def _numbered(graph: TypeGraph, layer: TypeGraph, keyword: str, name: str) -> list[Found]:
    first, mark, number = name.rpartition("___")
    if not mark or not number.isdecimal():
        return []
    return [
        found
        for found in _of_name(graph, layer, keyword, first)
        if found.spelling.endswith(f"{mark}{number}")
    ]


def _is_of(node: Type, keyword: str) -> bool:
    if not keyword:
        return isinstance(node, _ORDER)
    if isinstance(node, Forward):
        return node.keyword == keyword
    return isinstance(node, _KEYWORDS[keyword])


def _spelling(node: Type) -> str:
    match node:
        case Struct() | Union() | Enum():
            return f"{type(node).__name__.lower()} {node.name}"
        case Forward():
            return f"{node.keyword} {node.name}"
        case Typedef() | Func() | Var() | Int() | Float():
            return node.name
    raise AssertionError(node)


def _distinct(graph: TypeGraph, type_ids: list[TypeId]) -> list[TypeId]:
    """The ids without those of types that are identical to an earlier one."""
    if len(type_ids) < 2:
        return type_ids
    from uapigen.ir.identity import Variants

    variants = Variants(graph, type_ids[0])
    return [type_ids[0], *(i for i in type_ids[1:] if variants.twin(i) is None)]


def _by_constant(graph: TypeGraph, layer: TypeGraph, name: str) -> list[Found]:
    found = []
    for type_id in layer.ids_of(Enum):
        node = graph[type_id]
        assert isinstance(node, Enum)
        if any(constant == name for constant, _ in node.enumerators):
            found.append(Found(type_id, f"enum {node.name}" if node.name else ""))
    return found


def _not_found(graph: TypeGraph, keyword: str, name: str) -> str:
    classes = (_KEYWORDS[keyword],) if keyword else (Struct, Union, Enum, Typedef, Func, Var)
    kinds = keyword or "struct, union, enum, typedef, function or variable"
    sentence = f"{graph.info.name}: no {kinds} is called {name!r}"
    same = [
        found.spelling for layer in _layers(graph) for found in _of_name(graph, layer, "", name)
    ]
    close = list(dict.fromkeys(same)) or (_close_matches(graph, classes, name) if name else [])
    return f"{sentence}; did you mean {_or(close)}?" if close else sentence


def _close_matches(graph: TypeGraph, classes: tuple[type, ...], name: str) -> list[str]:
    """Up to four spellings like ``name``: a letter wrong, or the beginning of a longer one.

    Only names that begin or end like it and are about as long are compared:
    comparing all of a kernel's would take longer than reading them.
    """
    from difflib import get_close_matches

    folded = name.lower()
    near: dict[str, str] = {}
    longer: dict[str, str] = {}
    for layer in _layers(graph):
        for type_id in layer.ids_of(*classes):
            node = graph[type_id]
            other: str = getattr(node, "name", "")
            lower = other.lower()
            if lower.startswith(folded):
                longer.setdefault(lower, _spelling(node))
            if abs(len(other) - len(name)) < 5 and (
                lower[:2] == folded[:2] or lower[-3:] == folded[-3:]
            ):
                near.setdefault(lower, _spelling(node))
    close = [near[match] for match in get_close_matches(folded[:200], near, 4, 0.75)]
    close += [longer[match] for match in sorted(longer, key=lambda match: (len(match), match))]
    return list(dict.fromkeys(close))[:4]


def _or(names: list[str]) -> str:
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))

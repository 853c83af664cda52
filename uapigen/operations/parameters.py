"""What the parameters of function pointers are called.

BTF has no names for them. The functions that a table is filled with have: those of the
identical prototype whose name ends in the member's, ``ext4_file_read_iter`` for
``read_iter``, or in the member's without the prefix that the table's members share
(``ndo_``); else those whose name has the member's words, ``__mark_inode_dirty`` for
``dirty_inode``. The names that most of them have are taken. Where no function is named so,
those of the identical prototype decide if enough of them agree; then, for each parameter,
what most functions call one of its type, if that is clear for all; else types stand in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import NamedTuple

from uapigen.emit.support.names import parameter_name
from uapigen.ir.graph import TypeGraph, resolve
from uapigen.ir.operations import (
    DECLARATION,
    EACH_TYPE,
    OperationTable,
    ParameterNames,
)
from uapigen.ir.types import (
    Enum,
    Forward,
    FuncProto,
    Pointer,
    Qualifier,
    Struct,
    Typedef,
    TypeId,
    TypeTag,
    Union,
)
from uapigen.operations.candidates import Candidates, Functions, Shape, having_words
from uapigen.operations.detect import find_tables

__all__ = ["candidates_of", "member_endings", "name_parameters", "python_names"]

_NONE = ParameterNames((), "")
_new = tuple.__new__  # what a named tuple's own constructor calls, without the call
_FEW = 3
"""Functions of a prototype with several parameters of which any one tells what they are."""
_MIN_ALIKE = 2
"""Functions of a prototype, beside the member's name, up to which their names are no rule."""


def member_endings(table: OperationTable) -> dict[str, tuple[str, ...]]:
    """Member -> what names of functions that are made for it end in, the best first."""
    names = [operation.name for operation in table.operations]
    prefix = _shared_prefix(names)
    return {
        name: (name, name[len(prefix) :]) if prefix and name.startswith(prefix) else (name,)
        for name in names
    }


def _shared_prefix(names: Sequence[str]) -> str:
    """``ndo_``, if most of the members begin so."""
    heads = sorted([name[: name.find("_") + 1] for name in names])
    head = heads[len(heads) // 2] if heads else ""  # where one that most have lies, too
    count = heads.count(head)
    return head if count >= 2 and 2 * count > len(heads) else ""


class _Unnamed(NamedTuple):
    """An operation whose parameters have no names yet, and the place for them."""

    found: list[ParameterNames]
    at: int
    proto: TypeId
    shape: Shape
    ending: str


def name_parameters(
    graph: TypeGraph, tables: Iterable[OperationTable]
) -> Iterator[list[ParameterNames]]:
    """For each table, the names of each operation's parameters, in its order."""
    tables = list(tables)
    every_ending = list(map(member_endings, tables))
    candidates = candidates_of(graph, zip(tables, every_ending, strict=True))
    shapes, python = candidates.shapes, _PythonNames()
    own = _Own(graph, python)
    # A snapshot knows what was found out where all functions were at hand.
    recorded: dict[tuple[TypeId, str], ParameterNames] = getattr(graph, "parameter_names", {})
    several = len(graph.sources) > 1
    if several:
        graph.seek({_tag(graph, table) for table in tables})
    left: list[_Unnamed] = []
    named: list[list[ParameterNames]] = []
    for table, endings in zip(tables, every_ending, strict=True):
        declared = _declarations(graph, table) if several else {}
        found: list[ParameterNames] = []
        for name, _, _, proto, _ in table.operations:
            shape = shapes[proto]
            made = recorded.get((table.type, name)) if recorded else None
            if made is None or len(made.names) != len(shape) - 1:
                made = own[proto]
                if made is None and name in declared:
                    made = _declared(graph, declared[name], len(shape) - 1, python)
                if made is None:
                    made = _by_endings(candidates, shape, endings[name], python)
            if made is None:
                left.append(_Unnamed(found, len(found), proto, shape, endings[name][-1]))
            found.append(made or _NONE)
        named.append(found)
    _name_by_types(graph, _name_by_shapes(candidates, left, python), python)
    yield from named


def _by_endings(
    candidates: Candidates, shape: Shape, endings: Iterable[str], python: _PythonNames
) -> ParameterNames | None:
    """The names that most of those functions have whose names end so; the first ending counts."""
    for ending in endings:
        functions = candidates.ending(shape, ending)
        if functions:
            return _by_votes(functions, python)
    return None


def candidates_of(
    graph: TypeGraph, tables: Iterable[tuple[OperationTable, Mapping[str, Sequence[str]]]]
) -> Candidates:
    """The candidates for tables, each with what :func:`member_endings` says of it."""
    wanted: defaultdict[TypeId, list[str]] = defaultdict(list)
    for table, endings in tables:
        for name, _, _, proto, _ in table.operations:
            wanted[proto] += endings[name]
    return Candidates(graph, wanted)


class _Own(dict[TypeId, ParameterNames | None]):
    """The names that a function pointer's prototype has itself, which BTF has of none."""

    def __init__(self, graph: TypeGraph, python: _PythonNames) -> None:
        super().__init__()
        self._graph, self._python = graph, python

    def __missing__(self, proto: TypeId) -> ParameterNames | None:
        found = self[proto] = _declared(self._graph, proto, None, self._python)
        return found


def _declared(
    graph: TypeGraph, proto: TypeId, count: int | None, python: _PythonNames
) -> ParameterNames | None:
    """The names that a prototype has, or nothing; ``count``, if known, is how many there are."""
    node = graph.nodes[proto]
    if isinstance(node, FuncProto) and count in (None, len(node.params)):
        names = [name for name, _ in node.params]
        if any(names):
            return ParameterNames(python[tuple(names)], DECLARATION)
    return None


def _name_by_shapes(
    candidates: Candidates, unnamed: Sequence[_Unnamed], python: _PythonNames
) -> list[_Unnamed]:
    """Fill in what functions of the identical prototype decide; returns those that none does."""
    functions = candidates.of({one.shape for one in unnamed})
    any_of: dict[Shape, ParameterNames | None] = {}
    left = []
    for one in unnamed:
        alike = functions.get(one.shape)
        made = None
        if alike:
            if worded := having_words(alike, one.ending):
                made = _by_votes(worded, python, closely=False)
            else:
                if one.shape not in any_of:
                    any_of[one.shape] = _by_prototype(alike, python)
                made = any_of[one.shape]
        if made is None:
            left.append(one)
        else:
            one.found[one.at] = made
    return left


def _name_by_types(graph: TypeGraph, unnamed: Sequence[_Unnamed], python: _PythonNames) -> None:
    """Fill in what parameters are called by their types alone."""
    made: dict[Shape, ParameterNames] = {}
    usual = _usual_names(graph, {target for one in unnamed for target in one.shape[1:]})
    word = cache(partial(_word, graph))
    for one in unnamed:
        names = made.get(one.shape)
        if names is None:
            names = made[one.shape] = _by_types(one.shape[1:], usual, word, python)
        one.found[one.at] = names


def _usual_names(graph: TypeGraph, types: set[TypeId]) -> dict[TypeId, str]:
    """What more than half of the parameters of a type are called."""
    if not types:
        return {}
    votes = graph.prototypes().parameters_of(types)
    part = graph.base
    while part is not None:
        for declared, count in part.prototypes().parameters_of(types).items():
            votes[declared] = votes.get(declared, 0) + count
        part = part.base
    totals: defaultdict[TypeId, int] = defaultdict(int)
    for (_, target), count in votes.items():
        totals[target] += count
    return {
        target: name
        for (name, target), count in votes.items()
        if count >= _MIN_ALIKE and 2 * count > totals[target]
    }


def _declarations(graph: TypeGraph, table: OperationTable) -> dict[str, TypeId]:
    """Member -> the prototype that another source, a header beside BTF, declares it with."""
    name = _tag(graph, table)
    if not name:
        return {}
    others = [
        type_id
        for type_id in graph.ids_named(name)
        if type_id != table.type and isinstance(graph.nodes[type_id], Struct)
    ]
    return {
        operation.name: operation.proto
        for other in find_tables(graph, others, [name])
        for operation in other.operations
    }


def _tag(graph: TypeGraph, table: OperationTable) -> str:
    node = graph.nodes[table.type]
    assert isinstance(node, Struct)
    return node.name


def _by_votes(
    functions: Functions, python: _PythonNames, *, least: int = 1, closely: bool = True
) -> ParameterNames | None:
    """The names that most of these functions, one at least, have, if ``least`` have them."""
    if len(functions) == 1 == least:
        ((name, names),) = functions
        return _new(ParameterNames, (python[names], name, closely))
    votes: dict[tuple[str, ...], list[str]] = {}
    for name, names in functions:
        votes.setdefault(names, []).append(name)
    names, voters = min(votes.items(), key=lambda item: (-len(item[1]), item[0]))
    if len(voters) < least:
        return None
    return _new(ParameterNames, (python[names], min(voters), closely))


def _by_prototype(functions: Functions, python: _PythonNames) -> ParameterNames | None:
    """The names that functions of a prototype have, if it is special enough to tell.

    One with a single parameter is many things' (``int (*)(int)``): there more than half
    must agree. Of others a third, or one of very few functions.
    """
    if len(functions[0][1]) == 1:
        least = max(_MIN_ALIKE, len(functions) // 2 + 1)
    else:
        least = -(-len(functions) // 3) if len(functions) > _FEW else 1
    return _by_votes(functions, python, least=least, closely=False)


def _by_types(
    types: Sequence[TypeId],
    usual: Mapping[TypeId, str],
    word: Callable[[TypeId], str],
    python: _PythonNames,
) -> ParameterNames:
    """``file`` for ``struct file *``; a parameter of a plain type is ``arg`` and its number.

    Unless all have names that are ``usual`` for their types, and different ones. ``word`` is
    what a type is called.
    """
    names = tuple([usual.get(target, "") for target in types])
    if names and "" not in names and len({*names}) == len(names):
        return ParameterNames(python[names], EACH_TYPE)
    return ParameterNames(python[tuple(map(word, types))], "")


def _word(graph: TypeGraph, type_id: TypeId) -> str:
    """What a type is called, without ``_t``; "" for a plain one."""
    for _ in range(64):
        node = graph.nodes[type_id]
        if isinstance(node, (Struct, Union, Enum, Forward)):
            return node.name
        if isinstance(node, Typedef):
            behind = graph.nodes[resolve(graph, type_id)]
            if isinstance(behind, (Struct, Union, Enum, Pointer)):
                return node.name.removesuffix("_t")
            return node.name.removesuffix("_t") if node.name.endswith("_t") else ""
        if not isinstance(node, (Pointer, Qualifier, TypeTag)):
            return ""
        type_id = node.target
    return ""


class _Words(dict[str, str]):
    """Python identifiers for single names; "" for names that cannot be any."""

    def __missing__(self, name: str) -> str:
        word = name.lstrip("_")
        sayable = word.isascii() and word.isidentifier()
        found = self[name] = parameter_name(word) if sayable else ""
        return found


class _PythonNames(dict[tuple[str, ...], tuple[str, ...]]):
    """What :func:`python_names` says of them, once."""

    def __init__(self) -> None:
        super().__init__()
        self._words = _Words()

    def __missing__(self, names: tuple[str, ...]) -> tuple[str, ...]:
        made = tuple(map(self._words.__getitem__, names))
        if "" in made or len(set(made)) < len(made):
            made = _told_apart(made)
        self[names] = made
        return made


def _told_apart(words: Sequence[str]) -> tuple[str, ...]:
    """The words, with numbers behind those that come again; ``arg`` and its number for none."""
    found: list[str] = []
    for index, word in enumerate(words, 1):
        made = word = word or f"arg{index}"
        number = 1
        while made in found:
            number += 1
            made = f"{word}{number}"
        found.append(made)
    return tuple(found)


def python_names(names: Sequence[str]) -> tuple[str, ...]:
    """Python identifiers for names from a source, which may be anything."""
    return _PythonNames()[tuple(names)]

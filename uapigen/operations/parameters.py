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

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

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
from uapigen.operations.detect import find_tables

__all__ = ["Candidates", "member_endings", "name_parameters", "python_names"]

_Shape = tuple[TypeId, ...]
"""A prototype without names: what it returns, and its parameters' types."""
_Functions = list[tuple[str, tuple[str, ...]]]
"""Functions: name, and names of the parameters."""
_FEW = 3
"""Functions of a prototype with several parameters of which any one tells what they are."""
_MIN_ALIKE = 2
"""Functions of a prototype, beside the member's name, up to which their names are no rule."""


class Candidates:
    """A source's functions by the shape of their prototypes, of those shapes that are asked for."""

    def __init__(self, graph: TypeGraph, shapes: set[_Shape]) -> None:
        self._functions: dict[_Shape, _Functions] = {}
        self._by_word: dict[_Shape, dict[str, _Functions]] = {}
        part: TypeGraph | None = graph
        while part is not None:
            for shape, functions in part.functions_like(shapes).items():
                self._functions.setdefault(shape, []).extend(functions)
            part = part.base

    def of(self, shape: _Shape) -> _Functions:
        """The functions of a shape."""
        return self._functions.get(shape, [])

    def ending(self, shape: _Shape, ending: str) -> _Functions:
        """Those of them whose name is the ending, or ends in it behind an underscore."""
        by_word = self._by_word.get(shape)
        if by_word is None:
            by_word = self._by_word[shape] = defaultdict(list)
            for function in self.of(shape):
                by_word[function[0].rpartition("_")[2]].append(function)
        behind = f"_{ending}"
        return [
            function
            for function in by_word.get(ending.rpartition("_")[2], ())
            if function[0].endswith(behind) or function[0] == ending
        ]

    def with_words(self, shape: _Shape, ending: str) -> _Functions:
        """Those of them whose name has all words of the ending, of which it must have several."""
        first, *others = words = [word for word in ending.split("_") if word] or [""]
        if not others:
            return []
        return [
            function
            for function in self.of(shape)
            if first in function[0] and not {*words}.difference(function[0].split("_"))
        ]


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
    heads = Counter(name[: name.find("_") + 1] for name in names)
    head, count = max(heads.items(), key=lambda item: (item[1], item[0]), default=("", 0))
    return head if count >= 2 and 2 * count > len(names) else ""


def shape_of(proto: FuncProto) -> _Shape:
    """A prototype without the names of its parameters."""
    return (proto.returns, *[param.type for param in proto.params])


def name_parameters(
    graph: TypeGraph, tables: Iterable[OperationTable]
) -> Iterator[list[ParameterNames]]:
    """For each table, the names of each operation's parameters, in its order."""
    tables = list(tables)
    shapes: dict[TypeId, _Shape] = {}
    for table in tables:
        for operation in table.operations:
            node = graph.nodes[operation.proto]
            assert isinstance(node, FuncProto)
            shapes[operation.proto] = shape_of(node)
    candidates = Candidates(graph, {shape for shape in shapes.values() if len(shape) > 1})
    # A snapshot knows what was found out where all functions were at hand.
    recorded: dict[tuple[TypeId, str], ParameterNames] = getattr(graph, "parameter_names", {})
    if len(graph.sources) > 1:
        graph.seek({_tag(graph, table) for table in tables})
    any_of: dict[_Shape, ParameterNames | None] = {}
    left: list[tuple[list[ParameterNames | None], int, TypeId]] = []
    named: list[list[ParameterNames | None]] = []
    for table in tables:
        endings, declared = member_endings(table), _declarations(graph, table)
        found: list[ParameterNames | None] = []
        for operation in table.operations:
            shape = shapes[operation.proto]
            made = recorded.get((table.type, operation.name))
            if made is None or len(made.names) != len(shape) - 1:
                made = _declared(graph, operation.proto, declared.get(operation.name))
                for ending in endings[operation.name]:
                    made = made or _by_votes(candidates.ending(shape, ending))
            if made is None:
                words = endings[operation.name][-1]
                made = _by_votes(candidates.with_words(shape, words), closely=False)
            if made is None:
                if shape not in any_of:
                    any_of[shape] = _by_prototype(candidates.of(shape))
                made = any_of[shape]
            if made is None:
                left.append((found, len(found), operation.proto))
            found.append(made)
        named.append(found)
    _name_by_types(graph, left)
    for complete in named:
        yield [names for names in complete if names is not None]


def _name_by_types(
    graph: TypeGraph, left: Iterable[tuple[list[ParameterNames | None], int, TypeId]]
) -> None:
    """Fill in, at these places, what parameters are called by their types alone."""
    made: dict[TypeId, ParameterNames] = {}
    left = list(left)
    protos: dict[TypeId, list[TypeId]] = {}
    for _, _, proto in left:
        node = graph.nodes[proto]
        assert isinstance(node, FuncProto)
        protos[proto] = [param.type for param in node.params]
    usual = _usual_names(graph, {target for types in protos.values() for target in types})
    for proto, types in protos.items():
        names = [usual.get(target, "") for target in types]
        if names and "" not in names and len({*names}) == len(names):
            made[proto] = ParameterNames(python_names(names), EACH_TYPE)
        else:
            made[proto] = _by_types(graph, types)
    for found, at, proto in left:
        found[at] = made[proto]


def _usual_names(graph: TypeGraph, types: set[TypeId]) -> dict[TypeId, str]:
    """What more than half of the parameters of a type are called."""
    votes: defaultdict[TypeId, Counter[str]] = defaultdict(Counter)
    part: TypeGraph | None = graph if types else None
    while part is not None:
        for (name, target), count in part.prototypes().parameters_of(types).items():
            votes[target][name] += count
        part = part.base
    found = {}
    for target, names in votes.items():
        ((name, count),) = names.most_common(1)
        if count >= _MIN_ALIKE and 2 * count > names.total():
            found[target] = name
    return found


def _declarations(graph: TypeGraph, table: OperationTable) -> dict[str, TypeId]:
    """Member -> the prototype that another source, a header beside BTF, declares it with."""
    name = _tag(graph, table)
    if not name or len(graph.sources) < 2:
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


def _declared(graph: TypeGraph, *protos: TypeId | None) -> ParameterNames | None:
    """The names that a header has, or nothing."""
    listed = []
    for proto in protos:
        node = None if proto is None else graph.nodes[proto]
        if isinstance(node, FuncProto):
            listed.append([param.name for param in node.params])
    for names in listed:
        if any(names) and len(names) == len(listed[0]):
            return ParameterNames(python_names(names), DECLARATION)
    return None


def _by_votes(
    functions: _Functions, *, least: int = 1, closely: bool = True
) -> ParameterNames | None:
    """The names that most of these functions have, if ``least`` have them."""
    votes: dict[tuple[str, ...], list[str]] = {}
    for name, names in functions:
        votes.setdefault(names, []).append(name)
    if not votes:
        return None
    names, voters = min(votes.items(), key=lambda item: (-len(item[1]), item[0]))
    if len(voters) < least:
        return None
    return ParameterNames(python_names(names), min(voters), closely)


def _by_prototype(functions: _Functions) -> ParameterNames | None:
    """The names that functions of a prototype have, if it is special enough to tell.

    One with a single parameter is many things' (``int (*)(int)``): there more than half
    must agree. Of others a third, or one of very few functions.
    """
    if not functions:
        return None
    if len(functions[0][1]) == 1:
        least = max(_MIN_ALIKE, len(functions) // 2 + 1)
    else:
        least = -(-len(functions) // 3) if len(functions) > _FEW else 1
    return _by_votes(functions, least=least, closely=False)


def _by_types(graph: TypeGraph, types: Iterable[TypeId]) -> ParameterNames:
    """``file`` for ``struct file *``; a parameter of a plain type is ``arg`` and its number."""
    return ParameterNames(python_names([_word(graph, target) for target in types]), "")


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


def python_names(names: Sequence[str]) -> tuple[str, ...]:
    """Python identifiers for names from a source, which may be anything."""
    found: list[str] = []
    for index, name in enumerate(names, 1):
        word = name.lstrip("_")
        if not (word.isascii() and word.isidentifier()):
            word = f"arg{index}"
        word = parameter_name(word)
        made, number = word, 1
        while made in found:
            number += 1
            made = f"{word}{number}"
        found.append(made)
    return tuple(found)

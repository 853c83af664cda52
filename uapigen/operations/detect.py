"""Which structs are operation tables.

A struct is one if at least half of its members are function pointers, or if it is
called one and has any: ``struct dax_device_driver`` has more data than functions.
Members are those that C reaches by name, so those of anonymous parts count one by one;
pointers behind typedefs and arrays of pointers are function pointers, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import accumulate
from operator import itemgetter
from typing import TypeAlias

from uapigen.errors import InputError
from uapigen.ir.graph import TypeGraph, resolve
from uapigen.ir.operations import (
    DataMember,
    Operation,
    OperationTable,
    holders_of_functions,
    stands_alone,
)
from uapigen.ir.selection import Patterns
from uapigen.ir.types import (
    Array,
    FuncProto,
    Member,
    Pointer,
    Qualifier,
    Struct,
    Typedef,
    TypeId,
    TypeTag,
    Union,
)

__all__ = ["find_tables"]

_NAMED = re.compile(r"(?:^|_)(?:ops|operations|driver)$")
_MAX_REACHED = 1 << 17
"""Members of tables with unnamed ones, each time; a kernel's have a thousand.

A few structs that contain each other twice have any number. Tables behind the last
one are taken for plain structs.
"""
_MANY = 1000
"""Structs from which on all of a source's that have function pointers are found at once."""
_ALIASES = frozenset({Typedef, Qualifier, TypeTag})
_FORMS = frozenset({Pointer, Array, *_ALIASES})
_new = tuple.__new__  # what a named tuple's own constructor calls, without the call
_name = itemgetter(0)
_Member: TypeAlias = tuple[str, TypeId, int, int]
"""What a :class:`Member` has."""


class _FunctionPointers(dict[TypeId, tuple[TypeId, int | None] | None]):
    """Type id -> (prototype, elements of an array of them or None); None for other types."""

    def __init__(self, graph: TypeGraph) -> None:
        super().__init__()
        self._graph = graph

    def __missing__(self, type_id: TypeId) -> tuple[TypeId, int | None] | None:
        graph, nodes = self._graph, self._graph.nodes
        found: tuple[TypeId, int | None] | None = None
        node, target = nodes[type_id], type_id
        if type(node) in _ALIASES:
            node = nodes[target := resolve(graph, type_id)]
        if isinstance(node, Pointer):
            proto = node.target
            if type(nodes[proto]) in _ALIASES:
                proto = resolve(graph, proto)
            if isinstance(nodes[proto], FuncProto):
                found = proto, None
        elif isinstance(node, Array) and node.nelems:
            inner = self[node.element] if node.element != target else None
            if inner is not None and inner[1] is None:
                found = inner[0], node.nelems
        self[type_id] = found
        return found

    def look_at(self, type_ids: Collection[TypeId]) -> None:
        """Find at once what most of these types are, without decoding what pointers lead to."""
        nodes, ids = self._graph.nodes, list(type_ids)
        kinds = self._graph.tags(ids)[0]
        self.update((i, None) for i, kind in zip(ids, kinds, strict=True) if kind not in _FORMS)
        pairs = [
            (type_id, nodes[type_id].target)  # type: ignore[union-attr]
            for type_id, kind in zip(ids, kinds, strict=True)
            if kind is Pointer
        ]
        pairs = [(type_id, target) for type_id, target in pairs if target]
        kinds = self._graph.tags([target for _, target in pairs])[0]
        for (type_id, target), kind in zip(pairs, kinds, strict=True):
            if kind is FuncProto:
                self[type_id] = target, None
            elif kind not in _ALIASES:
                self[type_id] = None


class _Counts(dict[TypeId, tuple[int, int]]):
    """Struct or union -> its function pointers, and all members that C reaches by name."""

    def __init__(self, graph: TypeGraph, pointers: _FunctionPointers) -> None:
        super().__init__()
        self._graph, self._pointers = graph, pointers

    def __missing__(self, type_id: TypeId) -> tuple[int, int]:
        graph, pointers = self._graph, self._pointers
        self[type_id] = 0, 1  # where it contains itself, or too many levels
        inside: Sequence[Member] = graph.nodes[type_id].members  # type: ignore[union-attr]
        unnamed = [member for member in inside if not member[0]]
        functions = sum([1 for name, t, _, width in inside if name and pointers[t] and not width])
        members = len(inside) - len(unnamed)
        for _, target, _, width in unnamed:
            inner = 0 if width else resolve(graph, target)
            if isinstance(graph.nodes[inner], (Struct, Union)):
                more, all_of_them = self[inner]
                functions, members = functions + more, members + all_of_them
        self[type_id] = functions, members
        return functions, members


def find_tables(
    graph: TypeGraph,
    type_ids: Iterable[TypeId],
    patterns: Sequence[str] = (),
    holders: Mapping[TypeId, int] | None = None,
) -> Iterator[OperationTable]:
    """The operation tables among these types, in their order.

    ``patterns`` are globs over C spellings of further ones, as ``--ops`` has them: of
    these, every struct with a function pointer is one. ``holders`` is what
    ``holders_of_functions`` finds, if it has been asked before.
    """
    pointers = _FunctionPointers(graph)
    counts = _Counts(graph, pointers)
    by_hand = Patterns(patterns)
    nodes, left = graph.nodes, _MAX_REACHED

    def is_one(name: str, functions: int, count: int) -> bool:
        return functions > 0 and bool(
            2 * functions >= count
            or _NAMED.search(name)
            or (patterns and by_hand.match(f"struct {name}", name))
        )

    ids = list(type_ids)
    made: dict[TypeId, OperationTable] = {}
    if len(ids) > _MANY and stands_alone(graph):
        with suppress(InputError):  # a malformed member, which the layout finds and says
            holders = holders or holders_of_functions(graph)
            made, odd = _plain_tables(graph, ids, holders, pointers, is_one)
            ids = [type_id for type_id in ids if type_id in made or type_id in odd]
    for type_id in ids:
        if type_id in made:
            yield made[type_id]
            continue
        node = nodes[type_id]
        if not isinstance(node, Struct):
            continue
        try:
            functions, count = counts[type_id]
        except (InputError, RecursionError):
            continue
        if is_one(node.name, functions, count):
            members: Sequence[_Member] = node.members
            if "" in map(_name, members):
                left -= count
                if left < 0:
                    continue
                members = list(_reached(graph, node.members))
            yield _table(type_id, members, pointers)


def _plain_tables(
    graph: TypeGraph,
    type_ids: Iterable[TypeId],
    most: Mapping[TypeId, int],
    pointers: _FunctionPointers,
    is_one: Callable[[str, int, int], bool],
) -> tuple[dict[TypeId, OperationTable], set[TypeId]]:
    """The tables among a source's types, and which take a closer look: with anonymous parts.

    Found for all at once, in a fraction of the time that it takes to decode all structs.
    Raises :class:`InputError` where one of those that have function pointers is malformed.
    """
    ids = list(filter(most.__contains__, type_ids))
    kinds, names = graph.tags(ids)
    structs = [
        (type_id, name)
        for type_id, name, kind in zip(ids, names, kinds, strict=True)
        if kind is Struct
    ]
    inside = graph.members([type_id for type_id, _ in structs])
    tables: list[tuple[TypeId, str, slice]] = []
    odd: dict[TypeId, slice] = {}
    for (type_id, name), stop, count in zip(
        structs, accumulate(inside.counts), inside.counts, strict=True
    ):
        place = slice(stop - count, stop)
        if "" in inside.names[place]:
            odd[type_id] = place
        elif is_one(name, most[type_id], count):
            tables.append((type_id, name, place))
    columns = inside.names, inside.types, inside.bit_offsets, inside.bit_widths
    places = [*odd.values(), *(place for _, _, place in tables)]
    pointers.look_at({target for place in places for target in inside.types[place]})
    made = {}
    for type_id, name, place in tables:
        members = list(zip(*[column[place] for column in columns], strict=True))
        table = _table(type_id, members, pointers)
        if is_one(name, len(table.operations), len(members)):
            made[type_id] = table
    graph.decode(odd)
    return made, set(odd)


def _reached(graph: TypeGraph, members: Sequence[Member]) -> Iterator[Member]:
    """A struct's members, those of anonymous parts in their place, offsets from its start."""
    todo = [(members, 0)]
    while todo:
        inside, at = todo.pop()
        for index, member in enumerate(inside):
            if member.name:
                yield member._replace(bit_offset=at + member.bit_offset)
                continue
            node = graph.nodes[resolve(graph, member.type)]
            if not member.bit_width and isinstance(node, (Struct, Union)):
                todo += [(inside[index + 1 :], at), (node.members, at + member.bit_offset)]
                break


def _table(
    type_id: TypeId, members: Sequence[_Member], pointers: _FunctionPointers
) -> OperationTable:
    operations, data = [], []
    for member in members:
        name, target, bit_offset, bit_width = member
        found = pointers[target]
        if found is None or bit_width:
            data.append(_new(DataMember, member))
        else:
            proto, nelems = found
            offset = bit_offset >> 3
            operations.append(_new(Operation, (name, target, offset, proto, nelems)))
    return OperationTable(type_id, tuple(operations), tuple(data))

"""Which structs are operation tables.

A struct is one if at least half of its members are function pointers, or if it is
called one and has any: ``struct dax_device_driver`` has more data than functions.
Members are those that C reaches by name, so those of anonymous parts count one by one;
pointers behind typedefs and arrays of pointers are function pointers, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter

from uapigen.errors import InputError
from uapigen.ir.graph import TypeGraph, resolve
from uapigen.ir.operations import DataMember, Operation, OperationTable
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
_new = tuple.__new__  # what a named tuple's own constructor calls, without the call
_name = itemgetter(0)
_MAX_CHAIN = 64
"""Typedefs, qualifiers, pointers and arrays in a row."""


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


def _possible(graph: TypeGraph, type_ids: Iterable[TypeId], *, few: bool) -> Iterator[TypeId]:
    """Those of a source's types that can be tables; with ``few``, of few function pointers.

    Found for all at once, in a fraction of the time that it takes to follow each member's type.
    """
    nodes = graph.nodes
    # No fewer than the function pointers, since pointers to pointers to functions count, too.
    found = graph.holders(graph.ids_of(FuncProto), _MAX_CHAIN, typedefs=True)
    more: Iterable[TypeId] = found
    # What they are an unnamed member of has their pointers, too.
    while unnamed := [i for i in more if not nodes[i].name]:  # type: ignore[union-attr]
        more = graph.holders(unnamed, _MAX_CHAIN).keys() - found.keys()
        found.update(dict.fromkeys(more, 0))
    for type_id in filter(found.__contains__, type_ids):
        node = nodes[type_id]
        if isinstance(node, Struct) and (
            few
            or 2 * found[type_id] >= len(node.members)
            or _NAMED.search(node.name)
            or "" in map(_name, node.members)
        ):
            yield type_id


def find_tables(
    graph: TypeGraph, type_ids: Iterable[TypeId], patterns: Sequence[str] = ()
) -> Iterator[OperationTable]:
    """The operation tables among these types, in their order.

    ``patterns`` are globs over C spellings of further ones, as ``--ops`` has them: of
    these, every struct with a function pointer is one.
    """
    pointers = _FunctionPointers(graph)
    counts = _Counts(graph, pointers)
    by_hand = Patterns(patterns)
    nodes, left = graph.nodes, _MAX_REACHED
    ids = list(type_ids)
    # Where there is another source or a base, pointers may be that one's types.
    if len(ids) > _MANY and graph.base is None and len(graph.sources) == 1:
        ids = list(_possible(graph, ids, few=bool(patterns)))
    for type_id in ids:
        node = nodes[type_id]
        if not isinstance(node, Struct):
            continue
        try:
            functions, count = counts[type_id]
        except (InputError, RecursionError):
            continue  # a malformed member, which the layout finds and says
        if functions and (
            2 * functions >= count
            or _NAMED.search(node.name)
            or (patterns and by_hand.match(f"struct {node.name}", node.name))
        ):
            members: Sequence[Member] = node.members
            if "" in map(_name, members):
                left -= count
                if left < 0:
                    continue
                members = list(_reached(graph, members))
            yield _table(type_id, members, pointers)


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
    type_id: TypeId, members: Sequence[Member], pointers: _FunctionPointers
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

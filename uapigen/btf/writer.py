"""The IR written as BTF, of either byte order.

Whole graphs, or what a selection reaches: its types in full, and what they only
point to as a declaration without a definition (FWD; for enums, an enum without
constants), as ``bpftool gen min_core_btf`` does it. What must be complete for
somebody else's sake comes in full: an array's element, a parameter, a variable.

The order of types is the source's, so that a second type of a name stays the
second. Types that are the same are written once (``dedup.py``). What the
running kernel would refuse is dealt with in ``loadable.py``.

The wire format is in ``format.py``; the header is the one of 24 bytes, which all
parsers know.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from uapigen.btf.limits import described, refused, without
from uapigen.btf.loadable import arrange
from uapigen.btf.records import encode_nodes
from uapigen.errors import InputError
from uapigen.ir.graph import TypeGraph
from uapigen.ir.references import references
from uapigen.ir.selection import Selection
from uapigen.ir.types import (
    DeclTag,
    Enum,
    Forward,
    Pointer,
    Qualifier,
    Section,
    Struct,
    Type,
    Typedef,
    TypeId,
    TypeTag,
    Union,
)

__all__ = ["Dropped", "Written", "reached", "write_btf"]


class Dropped(NamedTuple):
    """Something that was left out, and why."""

    name: str
    """As C spells it ("struct foo")."""
    reason: str


class Written(NamedTuple):
    """BTF, and what became of the graph's types in it."""

    data: bytes
    ids: dict[TypeId, TypeId]
    """The graph's id -> the id in ``data``; types that are the same share one."""
    dropped: list[Dropped]


def write_btf(
    graph: TypeGraph,
    selection: Selection | None = None,
    *,
    big_endian: bool | None = None,
    loadable: bool = False,
    drop: bool = False,
) -> Written:
    """Write a graph's types, or those of a selection and what they reach.

    ``big_endian`` is the byte order of what is written, the graph's own by
    default; the types' layout is not touched by it. ``loadable`` holds the types
    against what the kernel's verifier accepts (``kernel/bpf/btf.c``), besides
    what the format can express. What cannot be written raises
    :class:`InputError` with its name, or with ``drop`` is left out by name: with
    what embeds it, while pointers to it become ``void *``.
    """
    nodes = reached(graph, selection)
    dropped: list[Dropped] = []
    refusals = refused(nodes, loadable=loadable)
    for type_id, reason in refusals.items():
        node = nodes[type_id]
        if not drop:
            raise InputError(graph.info.name, described(node, type_id), reason)
        if getattr(node, "name", ""):
            dropped.append(Dropped(described(node, type_id), reason))
    nodes = without(nodes, refusals)
    if loadable:
        dropped += [Dropped(*one) for one in arrange(nodes)]
    order = graph.info.big_endian if big_endian is None else big_endian
    data, ids = encode_nodes(nodes, graph.info.name, big_endian=order)
    return Written(data, ids, dropped)


def reached(graph: TypeGraph, selection: Selection | None = None) -> dict[TypeId, Type]:
    """What is written of a graph, ascending: nodes that refer to no others."""
    if selection is None or (selection.whole and graph.first_id == 1):
        return {type_id: graph.nodes[type_id] for type_id in range(1, len(graph))}
    return dict(sorted(_Reached(graph, selection).nodes.items()))


class _Reached:
    """The types that a selection needs, and what of each is written."""

    def __init__(self, graph: TypeGraph, selection: Selection) -> None:
        self._graph = graph
        self.nodes: dict[TypeId, Type] = {}
        self._full = {*selection.tags, *selection.typedefs}
        self._complete: set[TypeId] = set()
        """Visited as something that must be complete."""
        roots = [*self._full, *selection.funcs, *selection.vars]
        self._visit([(type_id, True) for type_id in roots])
        for layer in _layers(graph):
            self._add_sections(layer)
            self._add_tags(layer)

    def _visit(self, todo: list[tuple[TypeId, bool]]) -> None:
        nodes, complete = self.nodes, self._complete
        while todo:
            type_id, strict = todo.pop()
            if not type_id or type_id in complete or (type_id in nodes and not strict):
                continue
            node = self._graph.nodes[type_id]
            if strict:
                complete.add(type_id)
            elif isinstance(node, (Struct, Union, Enum)) and type_id not in self._full:
                if node.name:
                    nodes[type_id] = _declaration(node)
                    continue
                complete.add(type_id)
            elif not isinstance(node, (Typedef, Qualifier, TypeTag, Pointer)):
                complete.add(type_id)
            nodes[type_id] = node
            if isinstance(node, Pointer):
                strict = False
            elif not isinstance(node, (Typedef, Qualifier, TypeTag)):
                strict = True
            todo += [(target, strict) for target in references(node)]

    def _add_sections(self, layer: TypeGraph) -> None:
        for type_id in layer.ids_of(Section):
            node = self._graph.nodes[type_id]
            assert isinstance(node, Section)
            own = tuple([placed for placed in node.vars if placed.var in self.nodes])
            if own:
                self.nodes[type_id] = node._replace(vars=own)

    def _add_tags(self, layer: TypeGraph) -> None:
        for type_id in layer.ids_of(DeclTag):
            node = self._graph.nodes[type_id]
            assert isinstance(node, DeclTag)
            if node.target in self.nodes and self.nodes[node.target] == self._graph[node.target]:
                self.nodes[type_id] = node


def _layers(graph: TypeGraph) -> Iterator[TypeGraph]:
    """A graph and those that it lies over."""
    layer: TypeGraph | None = graph
    while layer is not None:
        yield layer
        layer = layer.base


def _declaration(node: Struct | Union | Enum) -> Type:
    if isinstance(node, Enum):
        return node._replace(enumerators=())
    return Forward(node.name, type(node).__name__.lower())

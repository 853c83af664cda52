"""Graphs of a few nodes, for tests of what writes them."""

from __future__ import annotations

from uapigen.ir.graph import SourceInfo, TypeGraph
from uapigen.ir.list_graph import ListGraph
from uapigen.ir.types import Int, Type

__all__ = ["INT", "graph_of", "nodes_of"]

INT = Int("int", 4, signed=True, bit_width=32)


def graph_of(*nodes: Type, big_endian: bool = False) -> ListGraph:
    """Nodes with the ids 1, 2, …, whatever they are."""
    graph = ListGraph(SourceInfo("test", lambda: "", big_endian, 8))
    for node in nodes:
        graph.define(graph.reserve(), node)
    return graph


def nodes_of(graph: TypeGraph) -> list[Type]:
    return [graph[type_id] for type_id in range(1, len(graph))]

"""Which kernel functions could be behind a function pointer: candidates.

BTF does not say what a table is filled with. A candidate has the identical prototype, and
a name that ends in the member's; most of them are, some only happen to be called so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from uapigen.ir.graph import TypeGraph
from uapigen.ir.operations import OperationTable
from uapigen.ir.types import FuncProto
from uapigen.operations.parameters import Candidates, member_endings, shape_of

__all__ = ["implementations"]


def implementations(
    graph: TypeGraph, tables: Iterable[OperationTable]
) -> Iterator[list[list[str]]]:
    """For each table, the candidates of each operation, in its order, by name.

    A prototype without parameters is everybody's; nothing is said of these.
    """
    tables = list(tables)
    shapes = {}
    for table in tables:
        for operation in table.operations:
            node = graph.nodes[operation.proto]
            assert isinstance(node, FuncProto)
            shapes[operation.proto] = shape_of(node)
    functions = Candidates(graph, {shape for shape in shapes.values() if len(shape) > 1})
    for table in tables:
        endings = member_endings(table)
        yield [
            sorted(
                {
                    name
                    for ending in endings[operation.name]
                    for name, _ in functions.ending(shapes[operation.proto], ending)
                }
            )
            for operation in table.operations
        ]

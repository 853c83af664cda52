"""Which kernel functions could be behind a function pointer: candidates.

BTF does not say what a table is filled with. A candidate has the identical prototype, and
a name that ends in the member's; most of them are, some only happen to be called so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from uapigen.ir.graph import TypeGraph
from uapigen.ir.operations import OperationTable
from uapigen.operations.parameters import candidates_of, member_endings

__all__ = ["implementations"]


def implementations(
    graph: TypeGraph, tables: Iterable[OperationTable]
) -> Iterator[list[list[str]]]:
    """For each table, the candidates of each operation, in its order, by name.

    A prototype without parameters is everybody's; nothing is said of these.
    """
    tables = list(tables)
    every_ending = list(map(member_endings, tables))
    functions = candidates_of(graph, zip(tables, every_ending, strict=True))
    for table, endings in zip(tables, every_ending, strict=True):
        yield [
            sorted(
                {
                    name
                    for ending in endings[operation.name]
                    for name, _ in functions.ending(functions.shapes[operation.proto], ending)
                }
            )
            for operation in table.operations
        ]

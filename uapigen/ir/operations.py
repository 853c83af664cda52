"""The model of operation tables: structs through whose function pointers the kernel calls.

Like all of ``ir/``, data that refers to types by id; ``uapigen/operations/`` finds it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from uapigen.ir.types import FuncProto, TypeId

if TYPE_CHECKING:
    from uapigen.ir.graph import TypeGraph

__all__ = [
    "DECLARATION",
    "EACH_TYPE",
    "DataMember",
    "Operation",
    "OperationTable",
    "ParameterNames",
    "holders_of_functions",
    "stands_alone",
]

_MAX_CHAIN = 64
"""Typedefs, qualifiers, pointers and arrays in a row."""

DECLARATION = "declaration"
"""Where parameter names come from that the pointer itself is declared with."""
EACH_TYPE = "each type"
"""Where they come from that most functions have for parameters of their types."""


class ParameterNames(NamedTuple):
    """What the parameters of a function pointer are called."""

    names: tuple[str, ...]
    """Python identifiers without a leading underscore, no two alike."""
    named_by: str
    """The function that has them, :data:`DECLARATION`, :data:`EACH_TYPE`, or "" for the types'."""
    closely: bool = True
    """Whether that function is named like the member; else it only has the same prototype."""


class Operation(NamedTuple):
    """A member that is a function pointer, or an array of them.

    ``byte_offset`` counts from the table's start, also in anonymous parts;
    ``nelems`` is None for a single pointer.
    """

    name: str
    type: TypeId
    byte_offset: int
    proto: TypeId
    nelems: int | None = None


class DataMember(NamedTuple):
    """Any other member; ``bit_offset`` counts from the table's start."""

    name: str
    type: TypeId
    bit_offset: int
    bit_width: int = 0


class OperationTable(NamedTuple):
    """A struct with its members told apart, in memory order."""

    type: TypeId
    operations: tuple[Operation, ...]
    data: tuple[DataMember, ...]


def stands_alone(graph: TypeGraph) -> bool:
    """Whether all types are one source's; else pointers may be another one's, or a base's."""
    return graph.base is None and len(graph.sources) == 1


def holders_of_functions(graph: TypeGraph) -> dict[TypeId, int]:
    """A source's structs and unions with function pointers, also in unnamed members.

    For each, the most function pointers that it may have outside of unnamed members:
    pointers to pointers to functions count, too.
    """
    protos = graph.ids_of(FuncProto)
    return dict(graph.holders(protos, _MAX_CHAIN, typedefs=True, parts=True))

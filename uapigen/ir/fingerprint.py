"""Whether two sources mean the same type, told without having both at hand.

A fingerprint is a number that two types of one run share if nothing about
their bytes differs: sizes, alignments, members' names and places, followed
through what is embedded, whatever typedefs are on the way. What is only
pointed to counts by its name. Of use within one run (and the processes it
forks) only, as it hangs on Python's hashes.
"""

from __future__ import annotations

from uapigen.ir.graph import TypeGraph
from uapigen.ir.types import (
    Array,
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

__all__ = ["Fingerprints"]


class Fingerprints(dict[TypeId, int]):
    """Fingerprints of one graph's types, made when first asked for."""

    def __init__(self, graph: TypeGraph) -> None:
        super().__init__()
        self._graph = graph

    def __missing__(self, type_id: TypeId) -> int:
        self[type_id] = 0  # while it is being made; only a malformed type contains itself
        made = self[type_id] = hash(self._facts(type_id))
        return made

    def _facts(self, type_id: TypeId) -> object:
        node = self._graph[type_id]
        if isinstance(node, (Struct, Union)):
            members = [
                (name, bit_offset, bit_width, self[target])
                for name, target, bit_offset, bit_width in node.members
            ]
            return type(node).__name__, node.name, node.byte_size, node.byte_align, tuple(members)
        if isinstance(node, Enum):
            return "enum", *node
        if isinstance(node, Typedef):
            target = self[node.target]
            return target if node.byte_align is None else (node.byte_align, target)
        if isinstance(node, (Qualifier, TypeTag)):
            return self[node.target]
        if isinstance(node, Array):
            return "[]", node.nelems, self[node.element]
        if isinstance(node, Pointer):
            return "*", self._name(node.target)
        if isinstance(node, FuncProto):
            return "()", len(node.params), node.variadic
        return type(node).__name__, *node

    def _name(self, type_id: TypeId) -> object:
        """What a pointer's target is called, whether it is defined or not."""
        for _ in range(64):
            node = self._graph[type_id]
            if isinstance(node, Forward):
                return node.keyword, node.name
            if isinstance(node, (Struct, Union, Enum)):
                return type(node).__name__.lower(), node.name
            if not isinstance(node, (Qualifier, TypeTag)):
                break
            type_id = node.target
        return getattr(node, "name", type(node).__name__)

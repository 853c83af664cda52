"""Whether two types of one graph are the same C type.

They are if nothing that C shows of them differs, followed through members,
arrays, pointers and parameters. Two types that contain each other are the same
unless a difference is found, so a pair that is being compared is taken as equal
meanwhile.

Verdicts are kept with the graph's nodes: sources that repeat each other's types
ask about the same pairs again and again. A comparison that ends with *same* has
shown it of every pair on its way: from then on one of each stands for both. One
that finds a difference has shown it of the pairs that led there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from uapigen.ir.graph import Nodes, TypeGraph
from uapigen.ir.types import (
    Array,
    Enum,
    Float,
    Forward,
    Func,
    FuncProto,
    Int,
    Pointer,
    Qualifier,
    Struct,
    Type,
    Typedef,
    TypeId,
    TypeTag,
    Union,
    Var,
)

__all__ = ["Variants", "identical"]

_Pair: TypeAlias = tuple[TypeId, TypeId]

_MAX_STEPS = 500_000
"""Pairs of types looked at for one graph before types count as different unseen.

Two kernels in one graph take 70,000. Only the output grows when it is reached.
"""


_MAX_VARIANTS = 8
"""Types that look the same at first sight and are not, with which another one is compared."""
_OUTLINE_DEPTH = 4
"""Typedefs, pointers, arrays and qualifiers that are a type's first sight."""


def identical(graph: TypeGraph, left: TypeId, right: TypeId) -> bool:
    """Whether two types are the same C type."""
    nodes = graph.nodes
    came_from: dict[_Pair, _Pair | None] = {}
    todo: list[tuple[_Pair, _Pair | None]] = [((left, right), None)]
    while todo:
        pair, before = todo.pop()
        pair = _first_alike(nodes, pair[0]), _first_alike(nodes, pair[1])
        if pair[0] == pair[1] or pair in came_from:
            continue
        came_from[pair] = before
        nodes.compared += 1
        known = pair in nodes.different or nodes.compared > _MAX_STEPS
        inner = None if known else _inner(nodes[pair[0]], nodes[pair[1]])
        if inner is None:
            different: _Pair | None = pair
            while different is not None:
                nodes.different.add(different)
                different = came_from[different]
            return False
        nodes.compared += len(inner)
        todo += [(found, pair) for found in inner]
    for a, b in came_from:
        first, second = _first_alike(nodes, a), _first_alike(nodes, b)
        if first != second:
            nodes.alike[max(first, second)] = min(first, second)
    return True


def _first_alike(nodes: Nodes, type_id: TypeId) -> TypeId:
    """The type that stands for all that are known to be the same as this one."""
    alike = nodes.alike
    first = type_id
    while first in alike:
        first = alike[first]
    while type_id != first:  # the next time it is found at once
        alike[type_id], type_id = first, alike[type_id]
    return first


def _inner(a: Type, b: Type) -> Sequence[_Pair] | None:
    """The pairs that must be the same for two nodes to be; None if they differ themselves."""
    if type(a) is not type(b):
        return None
    if isinstance(a, (Struct, Union)) and isinstance(b, (Struct, Union)):
        if a[:2] != b[:2] or len(a.members) != len(b.members):
            return None
        for m, n in zip(a.members, b.members, strict=True):
            if (m.name, m.bit_offset, m.bit_width) != (n.name, n.bit_offset, n.bit_width):
                return None
        return [(m.type, n.type) for m, n in zip(a.members, b.members, strict=True)]
    if isinstance(a, FuncProto) and isinstance(b, FuncProto):
        if len(a.params) != len(b.params) or a.variadic != b.variadic:
            return None
        params = [(p.type, q.type) for p, q in zip(a.params, b.params, strict=True)]
        return [(a.returns, b.returns), *params]
    if isinstance(a, Array) and isinstance(b, Array):
        return [(a.element, b.element)] if a.nelems == b.nelems else None
    if isinstance(a, Pointer) and isinstance(b, Pointer):
        return [(a.target, b.target)]
    if isinstance(a, (Typedef, Qualifier, TypeTag)) and isinstance(
        b, (Typedef, Qualifier, TypeTag)
    ):
        return [(a.target, b.target)] if a[0] == b[0] else None
    return () if a == b else None


class Variants:
    """The different types of one name."""

    def __init__(self, graph: TypeGraph, first: TypeId) -> None:
        self._graph = graph
        self._alike: dict[object, list[TypeId]] = {self._outline(first): [first]}
        self.count = 1

    def twin(self, type_id: TypeId) -> TypeId | None:
        """An earlier type that is identical; without one, the type becomes a variant."""
        alike = self._alike.setdefault(self._outline(type_id), [])
        for earlier in alike[:_MAX_VARIANTS]:
            if identical(self._graph, earlier, type_id):
                return earlier
        alike.append(type_id)
        self.count += 1
        return None

    def _outline(self, type_id: TypeId) -> object:
        """What identical types have in common at first sight."""
        forms: list[object] = []
        for _ in range(_OUTLINE_DEPTH):
            node = self._graph.nodes[type_id]
            if isinstance(node, Array):
                forms.append(node.nelems)
                type_id = node.element
            elif isinstance(node, Pointer):
                forms.append("*")
                type_id = node.target
            elif isinstance(node, (Typedef, Qualifier, TypeTag)):
                forms.append(node[0])
                type_id = node.target
            else:
                break
        if isinstance(node, (Struct, Union)):
            places = [(m.name, m.bit_offset, m.bit_width) for m in node.members]
            forms += [node.name, node.byte_size, hash(tuple(places))]
        elif isinstance(node, FuncProto):
            forms += [len(node.params), node.variadic]
        elif isinstance(node, (Enum, Int, Float, Forward, Func, Var)):
            forms.append(hash(node))
        return tuple(forms)

"""Which types a C compiler must see for some types, and in which order.

What a type contains, takes or returns by value must be complete where it is
used; what it points to may be a tag that is only declared, and all tags are
declared first. So the order is one of types that contain each other, and of
typedefs, which must stand before whatever mentions them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from uapigen.ir.graph import TypeGraph
from uapigen.ir.selection import Selection
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
from uapigen.layout.plan import Plan

__all__ = ["Closure", "in_order"]


class Closure:
    """The types that C must see: defined tags and typedefs, and tags that are only declared."""

    def __init__(self, graph: TypeGraph) -> None:
        self.graph = graph
        self.defined: set[TypeId] = set()
        self.declared: set[TypeId] = set()
        self.typedefs: set[TypeId] = set()

    def add(self, roots: Iterable[TypeId]) -> None:
        todo = [(type_id, True) for type_id in roots]
        seen = set()
        while todo:
            item = todo.pop()
            if item in seen:
                continue
            seen.add(item)
            type_id, by_value = item
            node = self.graph.nodes[type_id]
            if isinstance(node, (Struct, Union)):
                if by_value or not node.name:  # one without a tag can only be defined
                    self.defined.add(type_id)
                    todo += [(part, True) for part in _parts(self.graph, node)]
                else:
                    self.declared.add(type_id)
            elif isinstance(node, Enum):
                self.defined.add(type_id)
            elif isinstance(node, Forward):
                if node.keyword in ("struct", "union"):  # C cannot declare an enum without it
                    self.declared.add(type_id)
            elif isinstance(node, Typedef):
                self.typedefs.add(type_id)
                todo.append((node.target, by_value))
            elif isinstance(node, Pointer):
                todo.append((node.target, False))
            elif isinstance(node, Array):
                todo.append((node.element, True))
            elif isinstance(node, (Qualifier, TypeTag)):
                todo.append((node.target, by_value))
            elif isinstance(node, FuncProto):
                todo += [(node.returns, True), *((param.type, True) for param in node.params)]

    def selection(self) -> Selection:
        chosen = Selection()
        chosen.tags, chosen.typedefs = sorted(self.defined), sorted(self.typedefs)
        return chosen


def _parts(graph: TypeGraph, node: Struct | Union) -> list[TypeId]:
    """The types of the members, those in unnamed ones among them: they are written in place."""
    found, seen, todo = [], set(), [node]
    for record in todo:
        for member in record.members:
            inner = graph.nodes[member.type]
            if member.name or not isinstance(inner, (Struct, Union)):
                found.append(member.type)
            elif member.type not in seen:  # a malformed one may contain itself
                seen.add(member.type)
                todo.append(inner)
    return found


def in_order(
    graph: TypeGraph, plan: Plan, closure: Closure
) -> Iterator[tuple[TypeId, list[TypeId]]]:
    """Each type, and those that C must have seen by then, after these; identical ones once."""
    chosen = {
        *(plan.keys.same.get(i, i) for i in closure.defined),
        *map(plan.first_typedef, closure.typedefs),
    }
    order = _Order(graph, plan)
    before: dict[TypeId, list[TypeId]] = {}
    for root in sorted(chosen):
        todo = [(root, False)]
        while todo:
            type_id, ready = todo.pop()
            if ready:
                yield type_id, before[type_id]
            elif type_id not in before:
                needed = before[type_id] = order.before(type_id)
                todo.append((type_id, True))
                todo += [(i, False) for i in reversed(needed) if i not in before]


class _Order:
    """What must stand before a type."""

    def __init__(self, graph: TypeGraph, plan: Plan) -> None:
        self.graph = graph
        self.plan = plan

    def before(self, type_id: TypeId) -> list[TypeId]:
        node = self.graph.nodes[type_id]
        if isinstance(node, (Struct, Union)):
            return [i for part in _parts(self.graph, node) for i in self._named(part, True)]
        return self._named(node.target, False) if isinstance(node, Typedef) else []

    def _named(self, type_id: TypeId, complete: bool) -> list[TypeId]:
        """Typedefs in a type's spelling; with ``complete``, what it contains, too."""
        found = []
        todo = [(type_id, complete, True)]
        seen = set()
        while todo:
            item = todo.pop()
            if item in seen:  # a malformed one may contain itself
                continue
            seen.add(item)
            type_id, complete, spelled = item
            node = self.graph.nodes[type_id]
            if isinstance(node, Typedef):
                if spelled:
                    found.append(self.plan.first_typedef(type_id))
                if complete:
                    todo.append((node.target, True, False))
            elif isinstance(node, (Struct, Union)):
                if complete:
                    found.append(self.plan.keys.same.get(type_id, type_id))
            elif isinstance(node, Enum):
                found.append(self.plan.keys.same.get(type_id, type_id))
            elif isinstance(node, Pointer):
                todo.append((node.target, False, spelled))
            elif isinstance(node, Array):
                todo.append((node.element, True, spelled))
            elif isinstance(node, (Qualifier, TypeTag)):
                todo.append((node.target, complete, spelled))
            elif isinstance(node, FuncProto) and spelled:
                todo += [(t, False, True) for t in (node.returns, *(p.type for p in node.params))]
        return found

"""What a source has of what another one has: the question of a golden file."""

from __future__ import annotations

from uapigen.compare.facts import Facts, Outline, part_names
from uapigen.ir.graph import TypeGraph
from uapigen.ir.selection import Selection, close_over
from uapigen.ir.types import Enum, Func, Struct, Typedef, TypeId, Union, Var

__all__ = ["counterparts", "nameless"]


def counterparts(old: Facts, new: Facts) -> Selection:
    """What a source has under the names that another one has, and what that embeds."""
    selection = Selection()
    kind: type
    for chosen, found, kind in (
        (selection.tags, old.tags["struct"], Struct),
        (selection.tags, old.tags["union"], Union),
        (selection.tags, old.tags["enum"], Enum),
        (selection.typedefs, old.typedefs, Typedef),
        (selection.funcs, old.functions, Func),
        (selection.vars, old.variables, Var),
    ):
        for name, ids in found.items():
            chosen += _like(old.distinct(ids), new.distinct(new.find(name, kind)))
        chosen.sort()
    selection.tags += nameless(old, new.graph)
    selection.tags.sort()
    close_over(new.graph, selection)
    return selection


def nameless(old: Facts, graph: TypeGraph) -> list[TypeId]:
    """Types of a graph without a tag that may be versions of another source's orphans."""
    old.make_outlines()
    kinds: dict[type, set[str]] = {}
    for type_id in old.orphans():
        node = old.graph.nodes[type_id]
        kinds.setdefault(type(node), set()).update(part_names(node))
    found = []
    for kind, names in kinds.items():
        for type_id in graph.ids_of(kind):
            node = graph.nodes[type_id]
            if not node.name and not names.isdisjoint(part_names(node)):  # type: ignore[union-attr]
                found.append(type_id)
    return found


def _like(old: dict[Outline, TypeId], new: dict[Outline, TypeId]) -> list[TypeId]:
    """Of a name's types as many as another source has: equal ones, then the first others."""
    equal = [type_id for outline, type_id in new.items() if outline in old]
    others = [type_id for outline, type_id in new.items() if outline not in old]
    return equal + others[: len(old) - len(equal)]

"""Which of a source's types an output has: patterns, and what comes along.

A pattern is a glob over C spellings (``struct task_struct``, ``enum bpf_*``,
``bpf_*``). It is held against the whole spelling and against the bare name,
so that ``bpf_*`` finds structs, typedefs, functions and variables alike; an
enum is also found by one of its constants.

What a chosen type embeds by value comes along, and so do the typedefs on the
way there. What it only points to does not, but for anonymous types, which
have no other place in the source.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Sequence
from functools import cached_property, partial

from uapigen.ir.graph import TypeGraph
from uapigen.ir.naming import keyword_of
from uapigen.ir.types import (
    Array,
    Enum,
    Forward,
    Func,
    FuncProto,
    Pointer,
    Qualifier,
    Section,
    Struct,
    Type,
    Typedef,
    TypeId,
    TypeTag,
    Union,
    Var,
)

__all__ = ["Patterns", "Selection", "close_over", "owner_of_vars", "select"]


class Selection:
    """Type ids by what they become, each list ascending.

    ``tags`` are structs, unions and enums; ``unmatched`` the patterns of
    ``only`` that found nothing; ``whole``: nothing of the source was left.
    ``find_funcs`` gives the functions, if they are chosen without a look at any.
    """

    def __init__(self, find_funcs: Callable[[], Iterable[TypeId]] = tuple) -> None:
        self._find_funcs = find_funcs
        self.tags: list[TypeId] = []
        self.typedefs: list[TypeId] = []
        self.vars: list[TypeId] = []
        self.unmatched: list[str] = []
        self.excluded: list[TypeId] = []
        self.whole = False

    @cached_property
    def funcs(self) -> list[TypeId]:
        """The functions, which are more than all the rest, found when first asked for."""
        return list(self._find_funcs())


class Patterns:
    """Globs, with those that are plain spellings set apart: they are looked up, not tried."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self.patterns = patterns
        globs = [p for p in patterns if any(c in p for c in "*?[")]
        self.exact = {p for p in patterns if p not in globs}
        self.globs: list[tuple[str, re.Pattern[str]]] = []
        if globs:
            from fnmatch import translate

            self.globs = [(p, re.compile(translate(p))) for p in globs]
        self.found: set[str] = set()

    def match(self, *spellings: str) -> bool:
        hit = False
        for spelling in spellings:
            if spelling in self.exact:
                self.found.add(spelling)
                hit = True
            for pattern, compiled in self.globs:
                if compiled.match(spelling):
                    self.found.add(pattern)
                    hit = True
        return hit

    @property
    def unmatched(self) -> list[str]:
        return [p for p in self.patterns if p not in self.found]


def _spellings(node: Type) -> tuple[str, ...]:
    if isinstance(node, Enum):
        tag = (f"enum {node.name}", node.name) if node.name else ()
        return (*tag, *(name for name, _ in node.enumerators))
    if isinstance(node, (Struct, Union)):
        return (f"{keyword_of(node)} {node.name}", node.name) if node.name else ()
    if isinstance(node, (Typedef, Func, Var)):
        return (node.name,)
    return ()


def select(
    graph: TypeGraph,
    only: Sequence[str] = (),
    exclude: Sequence[str] = (),
    *,
    own: Container[TypeId] | None = None,
    close: bool = True,
) -> Selection:
    """Choose from a graph's own types, or those of ``own``; without patterns, all of them.

    ``own`` is a ``range`` where it is one of several sources that need nothing of each other.
    Without ``close``, what the chosen ones embed does not come along.
    """

    def chosen(*kinds: type) -> Iterable[TypeId]:
        ids = graph.ids_of(*kinds)
        return ids if own is None else [i for i in ids if i in own]

    if not only and not exclude and (own is None or isinstance(own, range)):
        selection = Selection(partial(chosen, Func))
        selection.whole = own is None
        selection.tags += chosen(Struct, Union, Enum)
        selection.typedefs += chosen(Typedef)
        selection.vars += chosen(Var)
        if graph.first_id > 1:
            close_over(graph, selection)
        return selection
    selection = Selection()
    wanted, unwanted = Patterns(only), Patterns(exclude)
    by_class: dict[type, list[TypeId]] = {
        Struct: selection.tags,
        Union: selection.tags,
        Enum: selection.tags,
        Typedef: selection.typedefs,
        Func: selection.funcs,
        Var: selection.vars,
    }
    for type_id in _candidates(graph, wanted if only else None):
        if own is not None and type_id not in own:
            continue
        node = graph[type_id]
        spellings = _spellings(node)
        if only and not wanted.match(*spellings):
            continue
        if exclude and unwanted.match(*spellings):
            selection.excluded.append(type_id)
            continue
        by_class[type(node)].append(type_id)
    selection.unmatched = wanted.unmatched
    if close:
        close_over(graph, selection)
    return selection


def _candidates(graph: TypeGraph, wanted: Patterns | None) -> Iterable[TypeId]:
    kinds = (Struct, Union, Enum, Typedef, Func, Var)
    if wanted is None or wanted.globs:
        return graph.ids_of(*kinds)
    names = {
        p.removeprefix("struct ").removeprefix("union ").removeprefix("enum ") for p in wanted.exact
    }
    if all(p.startswith(("struct ", "union ")) for p in wanted.exact):
        found = {i for name in names for i in graph.ids_named(name)}
        return sorted(i for i in found if isinstance(graph[i], Struct | Union))
    return graph.ids_of(*kinds)


def close_over(graph: TypeGraph, selection: Selection) -> None:
    """Add what the chosen types embed."""
    tags, typedefs = set(selection.tags), set(selection.typedefs)
    todo = [*tags, *typedefs, *selection.funcs, *selection.vars]
    seen = set(todo)

    def visit(type_id: TypeId, by_value: bool) -> None:
        for _ in range(64):
            node = graph.nodes[type_id]
            if isinstance(node, Pointer):
                by_value = False
                type_id = node.target
            elif isinstance(node, Array):
                type_id = node.element
            elif isinstance(node, (Qualifier, TypeTag)):
                type_id = node.target
            elif isinstance(node, FuncProto):
                for inner in (node.returns, *(param.type for param in node.params)):
                    visit_once(inner)
                return
            else:
                break
        node = graph[type_id]
        named = isinstance(node, (Struct, Union, Enum)) and bool(node.name)
        if type_id in seen or not isinstance(node, (Struct, Union, Enum, Typedef)):
            return
        if not by_value and (named or (isinstance(node, Typedef) and not _is_plain(graph, node))):
            return
        seen.add(type_id)
        todo.append(type_id)
        (typedefs if isinstance(node, Typedef) else tags).add(type_id)

    protos: set[TypeId] = set()

    def visit_once(type_id: TypeId) -> None:
        if type_id not in protos:
            protos.add(type_id)
            visit(type_id, False)

    while todo:
        node = graph[todo.pop()]
        if isinstance(node, (Struct, Union)):
            for target in {member.type for member in node.members}:
                visit(target, True)
        elif isinstance(node, Typedef):
            visit(node.target, True)
        elif isinstance(node, Var):
            visit(node.type, False)
        elif isinstance(node, Func):
            visit(node.proto, False)
    selection.tags = sorted(tags)
    selection.typedefs = sorted(typedefs)


def _is_plain(graph: TypeGraph, typedef: Typedef) -> bool:
    """Whether a typedef ends at something that needs no definition beside it."""
    node: Type = typedef
    for _ in range(64):
        if isinstance(node, (Typedef, Qualifier, TypeTag)):
            node = graph[node.target]
        elif isinstance(node, Array):
            node = graph[node.element]
        else:
            break
    if isinstance(node, Forward):
        return not node.mentioned
    return not (isinstance(node, (Struct, Union, Enum)) and bool(node.name))


def owner_of_vars(graph: TypeGraph) -> dict[TypeId, tuple[str, int, int]]:
    """Variable id -> (section, byte offset, byte size), from the data sections."""
    found: dict[TypeId, tuple[str, int, int]] = {}
    for section_id in graph.ids_of(Section):
        section = graph[section_id]
        assert isinstance(section, Section)
        for var, byte_offset, byte_size in section.vars:
            found.setdefault(var, (section.name, byte_offset, byte_size))
    return found

"""What each header of a snapshot says by itself, which a package with a module for each is made of.

All headers of a snapshot are one list of types, constants and macros, each with the file that
defines it. A header by itself has what its own files define, and what that is made with.
Where two headers have one name for different things this is not enough: then the snapshot
says what a header has instead (its :class:`Apart`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import permutations
from typing import TypeVar

from uapigen.ir.declarations import Constant, Doc, HeaderFile, MacroFunction, Omission, Unit
from uapigen.ir.fingerprint import Fingerprints
from uapigen.ir.graph import TypeGraph
from uapigen.ir.list_graph import ListGraph
from uapigen.ir.references import moved, references
from uapigen.ir.types import Enum, Float, Func, Int, Struct, Type, Typedef, TypeId, Union
from uapigen.ir.units import Joined, types_in

__all__ = ["Apart", "UnitMaker", "identity_of", "reached"]

_Item = TypeVar("_Item")


@dataclass
class Apart:
    """What one header has otherwise than all together. Ids are those of the snapshot's graph."""

    prerequisites: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    """Files that it was read with, but does not include."""
    types: dict[TypeId, str] = field(default_factory=dict)
    """Types that it has rather than others of their names, and the files that define them."""
    constants: dict[str, Constant] = field(default_factory=dict)
    macros: dict[str, MacroFunction] = field(default_factory=dict)
    ioctls: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, tuple[str, str]] = field(default_factory=dict)
    docs: dict[TypeId, Doc] = field(default_factory=dict)
    constant_docs: dict[str, str] = field(default_factory=dict)
    without: set[str] = field(default_factory=set)
    """What it lacks: "constant NAME", "macro NAME", "ioctl NAME", "alias NAME"."""
    without_types: set[TypeId] = field(default_factory=set)
    without_docs: set[TypeId] = field(default_factory=set)
    without_constant_docs: set[str] = field(default_factory=set)


def identity_of(node: Type) -> tuple[object, ...] | None:
    """What a header has once: a name, or the constants of an enum without one."""
    if isinstance(node, Enum) and not node.name:
        return "enum", node.enumerators
    if isinstance(node, (Struct, Union, Enum, Typedef, Func)) and node.name:
        return type(node).__name__, node.name
    return None


class UnitMaker:
    """Makes the units of a snapshot that says what its files include."""

    def __init__(self, joined: Joined, apart: Mapping[str, Apart]) -> None:
        self._joined = joined
        self._given = [unit.header for unit in joined.units]
        self._apart = {name: apart.get(name, Apart()) for name in self._given}
        self._prints = Fingerprints(joined.graph)
        self._of: dict[str, list[TypeId]] = {}
        for type_id in sorted(joined.owners):
            self._of.setdefault(joined.owners[type_id], []).append(type_id)
        self._constants = _by_header(joined.constants.values(), lambda c: c.header)
        self._macros = _by_header(joined.macros.values(), lambda m: m.header)
        self._aliases = _by_header(joined.type_aliases.items(), lambda item: item[1][1])
        own = [reached(joined.files, name) for name in self._given]
        self._files = [
            [*found, *self._apart[name].beside]
            for name, found in zip(self._given, own, strict=True)
        ]
        system = {path for path, file in joined.files.items() if file.system}
        self._others = joined.files.keys() - system - {*self._given}
        """Files of the kernel's that were not given."""
        self._own = _first_with(self._given, own, system)
        told = _first_with(self._given, self._files, system)
        self.told = [{*a, *b} for a, b in zip(self._own, told, strict=True)]
        """Per unit the files that it may be believed about."""

    def make(self, index: int) -> tuple[Unit, Sequence[TypeId]]:
        """The unit of a header that was given, and the ids that its own stand for."""
        joined, header, order = self._joined, self._given[index], self._own[index]
        files = {path: joined.files[path] for path in self._files[index]}
        apart = self._apart[header]
        without = apart.without
        constants, macros, aliases = {}, {}, {}
        for path in order:
            for constant in self._constants.get(path, ()):
                if f"constant {constant.name}" not in without:
                    constants[constant.name] = constant
            for macro in self._macros.get(path, ()):
                if f"macro {macro.name}" not in without:
                    macros[macro.name] = macro
            for name, found in self._aliases.get(path, ()):
                if f"alias {name}" not in without:
                    aliases[name] = found
        constants |= apart.constants
        macros |= apart.macros
        aliases |= apart.aliases
        ioctls = {
            name: joined.ioctl_arguments[name]
            for name in constants
            if name in joined.ioctl_arguments and f"ioctl {name}" not in without
        }
        ioctls |= apart.ioctls
        spellings = [*ioctls.values(), *(spelling for spelling, _ in aliases.values())]
        owners, used, twins = self._owners(apart, order, files, spellings)
        graph, back = _part_of(joined.graph, used, twins)
        new = {type_id: at for at, type_id in enumerate(back)}
        docs = {
            type_id: joined.docs[type_id]
            for type_id, path in owners.items()
            if type_id in joined.docs
            and type_id not in apart.without_docs
            and (path == header or path in self._others)
        }
        constant_docs = {name: text for name, text in joined.constant_docs.items()
                         if name not in apart.without_constant_docs}  # fmt: skip
        unit = Unit(
            graph,
            header,
            files,
            {new[i]: path for i, path in sorted(owners.items())},
            list(constants.values()),
            list(macros.values()),
            [Omission(name, "macro", path, "") for name, (_, path) in aliases.items()],
            {new[i]: doc for i, doc in sorted((docs | apart.docs).items()) if i in new},
            constant_docs | apart.constant_docs,
            apart.prerequisites,
            ioctls,
            {name: spelling for name, (spelling, _) in aliases.items()},
        )
        return unit, back

    def _owners(
        self,
        apart: Apart,
        order: Sequence[str],
        files: Collection[str],
        spellings: Iterable[str],
    ) -> tuple[dict[TypeId, str], set[TypeId], dict[TypeId, TypeId]]:
        """What files define, each name once, with what that is made with; all ids of it.

        And which types are twins of one of these.
        """
        graph, every = self._joined.graph, self._joined.owners
        owners: dict[TypeId, str] = {}
        there: dict[object, TypeId] = {}
        seen: set[TypeId] = set()
        twins: dict[TypeId, TypeId] = {}

        def add(root: TypeId) -> None:
            todo = [root]
            while todo:
                type_id = todo.pop()
                if type_id in seen or type_id in twins:
                    continue
                node = graph[type_id]
                if type_id in every:
                    known = identity_of(node)
                    first = there.setdefault(known, type_id) if known else type_id
                    if first != type_id and self._are_twins(first, type_id):
                        twins[type_id] = first
                        continue
                    owners[type_id] = every[type_id]
                seen.add(type_id)
                todo += references(node)

        seen.update(self._base_types)
        for type_id in apart.types:
            add(type_id)
        for path in order:
            for type_id in self._of.get(path, ()):
                known = identity_of(graph[type_id])
                if known and known not in there and type_id not in apart.without_types:
                    add(type_id)
            for type_id in self._of.get(path, ()):
                if type_id in self._loose:
                    add(type_id)
        for spelling in dict.fromkeys(spellings):
            for type_id in types_in(graph, spelling):
                if identity_of(graph[type_id]) not in there and every.get(type_id) in files:
                    add(type_id)
        return owners | apart.types, seen, twins

    @cached_property
    def _base_types(self) -> list[TypeId]:
        """All of them: a package lists those that chosen types do not use, too."""
        return list(self._joined.graph.ids_of(Int, Float))

    def _are_twins(self, first: TypeId, other: TypeId) -> bool:
        """Whether two typedefs of a name are one, though what they name has no tag to tell so."""
        graph, owners = self._joined.graph, self._joined.owners
        for type_id in (first, other):
            node = graph[type_id]
            if not isinstance(node, Typedef):
                return False
            target = graph[node.target]
            if not isinstance(target, (Struct, Union, Enum)) or target.name:
                return False
        return owners[first] == owners[other] and self._prints[first] == self._prints[other]

    @cached_property
    def _loose(self) -> set[TypeId]:
        """Structs and unions without a name that no other type is made with."""
        graph, owners = self._joined.graph, self._joined.owners
        found = {
            type_id
            for type_id in owners
            if isinstance(node := graph[type_id], (Struct, Union)) and not node.name
        }
        for type_id in range(graph.first_id, len(graph)):
            found.difference_update(references(graph[type_id]))
        return found


def reached(files: Mapping[str, HeaderFile], header: str) -> list[str]:
    """The files that a header consists of: first those that include others."""
    found: dict[str, None] = {}
    todo = [header]
    while todo:
        path = todo.pop()
        if path not in found and path in files:
            found[path] = None
            todo += reversed(files[path].includes)
    return list(dict.fromkeys([header, *sorted(found, key=lambda path: not files[path].includes)]))


def _first_with(
    headers: Sequence[str], files: Sequence[Iterable[str]], system: Collection[str]
) -> list[list[str]]:
    """Per header itself, and its files that no earlier one has and that are not given."""
    done = {*headers, *system}
    found = []
    for header, own in zip(headers, files, strict=True):
        new = [path for path in own if path not in done]
        found.append([header, *new])
        done.update(new)
    return found


def _part_of(
    graph: TypeGraph, ids: set[TypeId], twins: Mapping[TypeId, TypeId]
) -> tuple[ListGraph, list[TypeId]]:
    """A graph of these types alone, which are all that they refer to but for ``twins`` of theirs;
    and by id what each was."""
    ordered = sorted(ids - {0})
    mentioned = [i for i in ordered if i < graph.first_id]
    base = ListGraph(graph.info) if mentioned else None
    if base is not None:
        for _ in mentioned:
            base.reserve()
    back = [0, *ordered]
    new = {type_id: at for at, type_id in enumerate(back)}
    new |= {type_id: new[first] for type_id, first in twins.items()}
    if base is not None:
        for type_id in mentioned:
            base.define(new[type_id], moved(graph[type_id], new.__getitem__))
    part = ListGraph(graph.info, base)
    for _ in ordered[len(mentioned) :]:
        part.reserve()
    alike: dict[object, list[TypeId]] = {}
    for type_id in ordered[len(mentioned) :]:
        node = graph[type_id]
        part.define(new[type_id], moved(node, new.__getitem__))
        known = identity_of(node)
        if known:
            alike.setdefault(known, []).append(type_id)
    for same in alike.values():
        for pair in permutations(same, 2):
            if pair in graph.nodes.different:
                part.nodes.different.add((new[pair[0]], new[pair[1]]))
    return part, back


def _by_header(items: Iterable[_Item], header: Callable[[_Item], str]) -> dict[str, list[_Item]]:
    found: dict[str, list[_Item]] = {}
    for item in items:
        found.setdefault(header(item), []).append(item)
    return found

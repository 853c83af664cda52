"""Several sources' types as one graph.

Ids of the first source stay as they are; those of later ones move up behind
it. Sources over the same base (a kernel and its modules) share it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from uapigen.errors import InputError, UsageError
from uapigen.ir.columns import Enums, Members
from uapigen.ir.graph import (
    Nodes,
    SourceInfo,
    TypeGraph,
    enums_of,
    first_names_of,
    functions_like,
    members_of,
    tags_of,
)
from uapigen.ir.prototypes import FunctionsLike, Prototype, Prototypes, in_columns
from uapigen.ir.references import moved
from uapigen.ir.types import Struct, Type, TypeId, Union

__all__ = ["MergedGraph"]


class _Part:
    """One source's own types: where their ids begin here and there."""

    def __init__(self, graph: TypeGraph, start: TypeId) -> None:
        self.graph = graph
        self.start = start
        self.shift = start - graph.first_id
        self.end = start + len(graph) - graph.first_id


class MergedGraph:
    """The types of several sources; ``bases`` lie under them and are nobody's own.

    Raises :class:`UsageError` if the sources are of different ABIs.
    """

    def __init__(self, graphs: Sequence[TypeGraph]) -> None:
        self.graphs = list(graphs)
        first = self.graphs[0].info
        for graph in self.graphs[1:]:
            info = graph.info
            if not first.pointer_size:
                first = first._replace(pointer_size=info.pointer_size)
            if info.big_endian != first.big_endian or (
                info.pointer_size and info.pointer_size != first.pointer_size
            ):
                raise UsageError(
                    f"{info.name} and {first.name} differ in byte order or pointer size:"
                    " one output has one ABI"
                )
        self._info = first
        self._parts: list[_Part] = []
        own = {id(graph) for graph in self.graphs}
        bases = [b for g in self.graphs for b in _bases(g) if id(b) not in own]
        at = 1
        for base in dict.fromkeys(bases):
            at = self._add(base, at)
        self._first_id = at
        for graph in self.graphs:
            at = self._add(graph, at)
        self._length = at
        self._starts = [part.start for part in self._parts]
        self._by_graph = {id(part.graph): part for part in self._parts}
        self.nodes = Nodes(self._decode)

    def _add(self, graph: TypeGraph, start: TypeId) -> TypeId:
        part = _Part(graph, start)
        self._parts.append(part)
        return part.end

    @property
    def info(self) -> SourceInfo:
        return self._info

    @property
    def base(self) -> TypeGraph | None:
        return None

    @property
    def sources(self) -> list[SourceInfo]:
        return [graph.info for graph in self.graphs]

    @property
    def first_id(self) -> TypeId:
        return self._first_id

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, type_id: TypeId) -> Type:
        return self.nodes[type_id]

    def _decode(self, type_id: TypeId) -> Type:
        if type_id >= self._length:
            raise InputError(self.info.name, f"type {type_id}", "no such type")
        part = self._part_of(type_id)
        if not part.shift and part.graph.base is None:
            return part.graph.nodes[type_id]
        return moved(part.graph[type_id - part.shift], self._mover(part))

    def preload(self) -> None:
        for part in self._parts:
            part.graph.preload()
            part.graph.decode(part.graph.ids_of(Struct, Union))

    def decode(self, type_ids: Iterable[TypeId]) -> None:
        """Nothing: all of the parts' are ready."""

    def seek(self, names: Iterable[str]) -> None:
        names = list(names)
        for part in self._parts:
            part.graph.seek(names)

    def _part_of(self, type_id: TypeId) -> _Part:
        return self._parts[max(0, bisect_right(self._starts, type_id) - 1)]

    def _mover(self, part: _Part) -> Callable[[TypeId], TypeId]:
        def move(type_id: TypeId) -> TypeId:
            if not type_id:
                return 0
            graph = part.graph
            while type_id < graph.first_id and graph.base is not None:
                graph = graph.base
            return type_id + self._by_graph[id(graph)].shift

        return move

    def ids_of(self, *kinds: type) -> Iterator[TypeId]:
        for part in self._parts:
            if part.start >= self._first_id:
                for type_id in part.graph.ids_of(*kinds):
                    yield type_id + part.shift

    def byte_size(self, type_id: TypeId) -> int:
        part = self._part_of(type_id)
        return part.graph.byte_size(type_id - part.shift)

    def users(self, type_id: TypeId) -> list[tuple[TypeId, int]]:
        found = []
        origin = self._part_of(type_id)
        for part in self._parts:
            if part is origin or origin.graph in _bases(part.graph):
                move = self._mover(part)
                users = part.graph.users(type_id - origin.shift)
                found += [(move(user), bit_offset) for user, bit_offset in users]
        return found

    def tags(self, type_ids: Sequence[TypeId]) -> tuple[list[type], list[str]]:
        return tags_of(self, type_ids)

    def untagged(self, type_ids: Sequence[TypeId]) -> list[TypeId]:
        return [i for i, name in zip(type_ids, self.tags(type_ids)[1], strict=True) if not name]

    def first_names(self, type_ids: Sequence[TypeId]) -> list[str | None]:
        return first_names_of(self, type_ids)

    def members(self, type_ids: Sequence[TypeId]) -> Members:
        return members_of(self, type_ids)

    def enums(self, type_ids: Sequence[TypeId]) -> Enums:
        return enums_of(self, type_ids)

    def columns(self) -> None:
        """Nodes are what there is."""

    def functions(self) -> tuple[list[TypeId], list[str], list[TypeId]]:
        ids, names, protos = list[TypeId](), list[str](), list[TypeId]()
        for part in self._parts:
            if part.start >= self._first_id:
                move = self._mover(part)
                own_ids, own_names, own_protos = part.graph.functions()
                ids += [type_id + part.shift for type_id in own_ids]
                names += own_names
                protos += [move(proto) for proto in own_protos]
        return ids, names, protos

    def functions_like(self, shapes: Collection[tuple[TypeId, ...]]) -> FunctionsLike:
        return functions_like(self, shapes)

    def holders(
        self,
        type_ids: Iterable[TypeId],
        max_chain: int,
        *,
        typedefs: bool = False,
        parts: bool = False,
    ) -> dict[TypeId, int]:
        wanted = set(type_ids)
        found: dict[TypeId, int] = {}
        for part in self._parts:
            if part.start >= self._first_id:
                own = [i - part.shift for i in wanted if part.start <= i < part.end]
                holders = part.graph.holders(own, max_chain, typedefs=typedefs, parts=parts)
                found |= {i + part.shift: members for i, members in holders.items()}
        return found

    def prototypes(self) -> Prototypes:
        return in_columns(self._prototypes())

    def _prototypes(self) -> Iterator[Prototype]:
        for part in self._parts:
            if part.start >= self._first_id:
                move, length = self._mover(part), len(part.graph)
                for proto, returns, names, types in part.graph.prototypes().rows():
                    # An id that is not checked yet must not become another source's.
                    if max(returns, *types) < length:
                        moved = [move(target) for target in types]
                        yield Prototype(proto + part.shift, move(returns), names, moved)

    def ids_named(self, name: str) -> list[TypeId]:
        return [
            type_id + part.shift
            for part in self._parts
            if part.start >= self._first_id
            for type_id in part.graph.ids_named(name)
        ]


def _bases(graph: TypeGraph) -> list[TypeGraph]:
    """A graph's bases, the lowest first."""
    found: list[TypeGraph] = []
    base = graph.base
    while base is not None:
        found.insert(0, base)
        base = base.base
    return found

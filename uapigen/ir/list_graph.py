"""Types that are added one by one, as a :class:`~uapigen.ir.graph.TypeGraph`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import count, islice

from uapigen.errors import InputError
from uapigen.ir.columns import Enums, Members
from uapigen.ir.graph import (
    Nodes,
    SourceInfo,
    TypeGraph,
    add_outer,
    enums_of,
    first_names_of,
    functions_like,
    members_of,
    resolve,
    tags_of,
)
from uapigen.ir.prototypes import FunctionsLike, Prototype, Prototypes, in_columns
from uapigen.ir.types import (
    VOID,
    Array,
    Enum,
    Func,
    FuncProto,
    Pointer,
    Qualifier,
    Struct,
    Type,
    Typedef,
    TypeId,
    TypeTag,
    Union,
)

__all__ = ["ListGraph"]


class ListGraph:
    """A growing list of types; equal nodes without a definition of their own share an id.

    Who meets a struct inside of its own definition calls
    :meth:`reserve` first and :meth:`define` when the members are known. Nothing
    is added once somebody has asked for ``nodes``' users or names.
    """

    def __init__(self, info: SourceInfo, base: ListGraph | None = None) -> None:
        self._info = info
        self._base = base
        self._list: list[Type] = [VOID] if base is None else list(base._list)
        self._first_id = len(self._list)
        self._ids: dict[Type, TypeId] = {VOID: 0} if base is None else dict(base._ids)
        self.nodes = Nodes(self._decode)

    # Building

    def add(self, node: Type) -> TypeId:
        """The id of a node; one that is there already, unless it is a definition."""
        if isinstance(node, (Struct, Union, Enum)):
            self._list.append(node)
            return len(self._list) - 1
        type_id = self._ids.get(node)
        if type_id is None:
            type_id = self._ids[node] = len(self._list)
            self._list.append(node)
        return type_id

    def reserve(self) -> TypeId:
        """An id whose node comes later."""
        self._list.append(VOID)
        return len(self._list) - 1

    def define(self, type_id: TypeId, node: Type) -> None:
        """Set the node of a reserved id."""
        self._list[type_id] = node
        self.nodes.pop(type_id, None)

    # Reading

    @property
    def info(self) -> SourceInfo:
        return self._info

    @property
    def sources(self) -> list[SourceInfo]:
        return [self._info]

    @property
    def base(self) -> TypeGraph | None:
        return self._base

    @property
    def first_id(self) -> TypeId:
        return self._first_id

    def __len__(self) -> int:
        return len(self._list)

    def __getitem__(self, type_id: TypeId) -> Type:
        return self.nodes[type_id]

    def _decode(self, type_id: TypeId) -> Type:
        if not 0 <= type_id < len(self._list):
            raise InputError(self._info.name, f"type {type_id}", "no such type")
        return self._list[type_id]

    def ids_of(self, *kinds: type) -> Iterator[TypeId]:
        return (i for i, node in self._own() if isinstance(node, kinds))

    def _own(self) -> Iterator[tuple[TypeId, Type]]:
        return zip(count(self._first_id), islice(self._list, self._first_id, None), strict=False)

    def ids_named(self, name: str) -> list[TypeId]:
        return self._by_name.get(name, [])

    @cached_property
    def _by_name(self) -> dict[str, list[TypeId]]:
        found: dict[str, list[TypeId]] = {}
        for type_id, node in self._own():
            name = getattr(node, "name", "")
            if name:
                found.setdefault(name, []).append(type_id)
        return found

    def byte_size(self, type_id: TypeId) -> int:
        node = self._list[type_id]
        assert isinstance(node, (Struct, Union, Enum))
        return node.byte_size

    def users(self, type_id: TypeId) -> list[tuple[TypeId, int]]:
        return self._users.get(type_id, [])

    @cached_property
    def _users(self) -> dict[TypeId, list[tuple[TypeId, int]]]:
        found: dict[TypeId, list[tuple[TypeId, int]]] = {}
        for user, node in self._own():
            if isinstance(node, (Struct, Union)):
                for member in node.members:
                    found.setdefault(member.type, []).append((user, member.bit_offset))
            elif isinstance(node, Array):
                found.setdefault(node.element, []).append((user, -1))
            elif isinstance(node, (Typedef, Qualifier, TypeTag)):
                found.setdefault(node.target, []).append((user, -1))
        return found

    def seek(self, names: Iterable[str]) -> None:
        """Nothing: all types are here."""

    def preload(self) -> None:
        """Nothing: all types are here."""

    def decode(self, type_ids: Iterable[TypeId]) -> None:
        """Nothing: all types are here."""

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
        found = [(i, n.name, n.proto) for i, n in self._own() if isinstance(n, Func)]
        ids, names, protos = ([list(column) for column in zip(*found, strict=True)]
                              if found else ([], [], []))  # fmt: skip
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
        leading = set(type_ids)
        kinds = (Array, Pointer, Qualifier, TypeTag, *[Typedef] * typedefs)
        forms = [
            (i, node.element if isinstance(node, Array) else node.target)  # type: ignore[union-attr]
            for i, node in self._own()
            if isinstance(node, kinds)
        ]
        for _ in range(max_chain):
            found = {form for form, target in forms if target in leading} - leading
            if not found:
                break
            leading |= found
        members = [
            (i, member)
            for i, node in self._own()
            if isinstance(node, (Struct, Union))
            for member in node.members
        ]
        counted = Counter(i for i, member in members if member.type in leading)
        if parts:
            add_outer(counted, [(i, resolve(self, m.type)) for i, m in members if not m.name])
        return counted

    def prototypes(self) -> Prototypes:
        return in_columns(self._prototypes())

    def _prototypes(self) -> Iterator[Prototype]:
        for type_id, node in self._own():
            if isinstance(node, FuncProto) and node.params and not node.variadic:
                names = [param.name for param in node.params]
                if all(names):
                    types = [param.type for param in node.params]
                    yield Prototype(type_id, node.returns, names, types)

"""A source's types as one graph, and walks over it that need no layout.

:class:`TypeGraph` is what a front end hands over. Its ids are dense: 0 is
void, ``1 .. len(graph) - 1`` are types, of which those from ``first_id`` on
are the source's own and the rest its base's (a kernel module's types lie over
the kernel's).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import compress
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from uapigen.errors import InputError
from uapigen.ir.prototypes import FunctionsLike, Prototypes
from uapigen.ir.types import (
    VOID,
    Composite,
    Enum,
    Qualifier,
    Struct,
    Type,
    Typedef,
    TypeId,
    TypeTag,
    Union,
)

if TYPE_CHECKING:
    from uapigen.ir.columns import Columns, Enums, Members

__all__ = [
    "Nodes",
    "SourceInfo",
    "TypeGraph",
    "add_outer",
    "composites",
    "enums_of",
    "first_names_of",
    "functions_like",
    "members_of",
    "resolve",
    "skip_qualifiers",
    "tags_of",
]

_MAX_CHAIN = 64
"""Typedefs and qualifiers in a row before a chain counts as endless.

The deepest chain in a distribution kernel has 9 links.
"""


class SourceInfo(NamedTuple):
    """What is known of a source beside its types."""

    name: str
    """The file as the user gave it; for messages."""
    digest: Callable[[], str]
    """Works out ``sha256``, which takes longer than reading one type."""
    big_endian: bool
    pointer_size: int
    """In bytes; 0 where the source does not tell."""
    machine: str | None = None
    """An architecture as ``layout.targets`` names it, where the source says."""
    release: str | None = None
    """Kernel release ("6.1.0-18-amd64"), where known."""

    @property
    def sha256(self) -> str:
        """The file's SHA-256, in hex."""
        return self.digest()


class Nodes(dict[TypeId, Type]):
    """Nodes by id, decoded when first asked for: later look-ups cost a dict's."""

    def __init__(self, decode: Callable[[TypeId], Type]) -> None:
        super().__init__({0: VOID})
        self._decode = decode
        # What `ir/identity.py` has found out, and how many pairs it has looked at.
        self.alike: dict[TypeId, TypeId] = {}
        self.different: set[tuple[TypeId, TypeId]] = set()
        self.compared = 0

    def __missing__(self, type_id: TypeId) -> Type:
        node = self[type_id] = self._decode(type_id)
        return node


class TypeGraph(Protocol):
    """Types by id; see the module's docstring for the ids."""

    @property
    def nodes(self) -> Nodes:
        """What ``graph[type_id]`` looks into; for loops over many."""
        ...

    @property
    def info(self) -> SourceInfo: ...

    @property
    def sources(self) -> list[SourceInfo]:
        """All sources, where the graph merges several."""
        ...

    @property
    def base(self) -> TypeGraph | None:
        """The graph whose types these lie over: ids below ``first_id`` are its."""
        ...

    @property
    def first_id(self) -> TypeId: ...

    def __len__(self) -> int: ...

    def __getitem__(self, type_id: TypeId) -> Type:
        """The node; raises :class:`InputError` where the source is malformed."""
        ...

    def ids_of(self, *kinds: type) -> Iterator[TypeId]:
        """Ids of the source's own nodes of these classes, ascending."""
        ...

    def ids_named(self, name: str) -> list[TypeId]:
        """Ids of the source's own nodes of that name, ascending."""
        ...

    def seek(self, names: Iterable[str]) -> None:
        """Get ready for :meth:`ids_named` being asked for these names."""
        ...

    def byte_size(self, type_id: TypeId) -> int:
        """The size of a struct, union or enum, as the source says it; without decoding it."""
        ...

    def users(self, type_id: TypeId) -> list[tuple[TypeId, int]]:
        """Own types that contain this one: (struct or union, bit offset of the member).

        Also arrays of it, typedefs and qualifiers of it, with an offset of -1.
        Whether the type is a composite or such a form itself; for others the
        answer may lack members.
        """
        ...

    def preload(self) -> None:
        """Get ready for most types being asked for; structs and unions by :meth:`decode`."""
        ...

    def decode(self, type_ids: Iterable[TypeId]) -> None:
        """Get ready for these structs and unions being asked for, if they are the source's own."""
        ...

    def tags(self, type_ids: Sequence[TypeId]) -> tuple[list[type], list[str]]:
        """The classes and names, if any, of these types but void; without decoding them."""
        ...

    def untagged(self, type_ids: Sequence[TypeId]) -> list[TypeId]:
        """Those of these structs, unions and enums that have no name; without decoding any."""
        ...

    def first_names(self, type_ids: Sequence[TypeId]) -> list[str | None]:
        """The names of the first members, or constants, of these structs, unions and enums.

        None for one that has none; without decoding any.
        """
        ...

    def members(self, type_ids: Sequence[TypeId]) -> Members:
        """The members of these structs and unions, in their own order; without decoding them.

        Raises :class:`InputError` where one of them is malformed.
        """
        ...

    def enums(self, type_ids: Sequence[TypeId]) -> Enums:
        """What is in these enums, without decoding them.

        Raises :class:`InputError` where one of them is malformed.
        """
        ...

    def columns(self) -> Columns | None:
        """What layout asks of all types, for a source without a base that has it at hand."""
        ...

    def functions(self) -> tuple[Sequence[TypeId], Sequence[str], Sequence[TypeId]]:
        """Ids, names and prototypes of the source's own functions, ascending."""
        ...

    def functions_like(self, shapes: Collection[tuple[TypeId, ...]]) -> FunctionsLike:
        """Own functions of prototypes that are these but for the names of parameters.

        A shape is the return type and the parameters' types, of which there is one at least.
        """
        ...

    def holders(
        self,
        type_ids: Iterable[TypeId],
        max_chain: int,
        *,
        typedefs: bool = False,
        parts: bool = False,
    ) -> dict[TypeId, int]:
        """Own structs and unions with members of one of these own types, or of a form of one.

        For each, how many such members it has. With ``parts`` also, with none, those that
        have one in an unnamed member, or in an unnamed member of that, and so on.

        Forms are pointers to it, arrays of it, qualified and tagged ones and, if asked for,
        typedefs of it, up to ``max_chain`` in a row. The ids are not checked yet.
        """
        ...

    def prototypes(self) -> Prototypes:
        """Own prototypes, all at once.

        Only those with parameters that all have names (an ellipsis has
        none); the ids are not checked yet.
        """
        ...


def skip_qualifiers(graph: TypeGraph, type_id: TypeId) -> TypeId:
    """The first id behind const, volatile, restrict and type tags."""
    for _ in range(_MAX_CHAIN):
        node = graph.nodes[type_id]
        if not isinstance(node, (Qualifier, TypeTag)):
            return type_id
        type_id = node.target
    raise InputError(graph.info.name, f"type {type_id}", "endless chain of qualifiers")


def resolve(graph: TypeGraph, type_id: TypeId) -> TypeId:
    """The first id behind typedefs, qualifiers and type tags."""
    for _ in range(_MAX_CHAIN):
        node = graph.nodes[type_id]
        if not isinstance(node, (Typedef, Qualifier, TypeTag)):
            return type_id
        type_id = node.target
    raise InputError(graph.info.name, f"type {type_id}", "endless chain of typedefs or qualifiers")


def functions_like(graph: TypeGraph, shapes: Collection[tuple[TypeId, ...]]) -> FunctionsLike:
    """``TypeGraph.functions_like`` by way of the other questions."""
    found = graph.prototypes().like(shapes)
    _, names, protos = graph.functions()
    hits = list(map(found.__contains__, protos))
    return FunctionsLike(list(compress(names, hits)), list(compress(protos, hits)), found)


def tags_of(graph: TypeGraph, type_ids: Sequence[TypeId]) -> tuple[list[type], list[str]]:
    """``TypeGraph.tags`` from nodes."""
    nodes: list[Any] = list(map(graph.nodes.__getitem__, type_ids))
    return list(map(type, nodes)), [getattr(node, "name", "") for node in nodes]


def add_outer(found: dict[TypeId, int], parts: Sequence[tuple[TypeId, TypeId]]) -> None:
    """Add, with 0, what has one of these structs and unions as an unnamed member.

    ``parts`` are all such members: whose, and what they are behind typedefs and qualifiers.
    """
    more = True
    while more:
        outer = [whose for whose, part in parts if part in found and whose not in found]
        found.update(dict.fromkeys(outer, 0))
        more = bool(outer)


def first_names_of(graph: TypeGraph, type_ids: Sequence[TypeId]) -> list[str | None]:
    """``TypeGraph.first_names`` from nodes."""
    nodes: Iterable[Any] = map(graph.nodes.__getitem__, type_ids)
    inside = [node.enumerators if type(node) is Enum else node.members for node in nodes]
    return [found[0].name if found else None for found in inside]


def members_of(graph: TypeGraph, type_ids: Sequence[TypeId]) -> Members:
    """``TypeGraph.members`` from nodes."""
    from uapigen.ir.columns import in_columns

    return in_columns([graph.nodes[type_id].members for type_id in type_ids])  # type: ignore[union-attr]


def enums_of(graph: TypeGraph, type_ids: Sequence[TypeId]) -> Enums:
    """``TypeGraph.enums`` from nodes."""
    from uapigen.ir.columns import enums_in_columns

    return enums_in_columns([graph.nodes[type_id] for type_id in type_ids])  # type: ignore[misc]


def composites(graph: TypeGraph) -> Iterator[tuple[TypeId, Composite | Enum]]:
    """The source's own structs, unions and enums, in its order."""
    for type_id in graph.ids_of(Struct, Union, Enum):
        node = graph[type_id]
        assert isinstance(node, (Struct, Union, Enum))
        yield type_id, node

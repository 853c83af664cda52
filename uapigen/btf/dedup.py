"""Which of some types are the same, so that each is written once.

Two are if nothing that BTF says of them differs, followed through all that they
refer to; ``ir/identity.py`` has the same notion for C. Types are put into classes
by what they say themselves, then classes are split as long as two in one refer
to different ones: what is never told apart is the same, cycles and all.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence

from uapigen.ir.references import moved, references
from uapigen.ir.types import (
    Array,
    Enum,
    Forward,
    FuncProto,
    Pointer,
    Qualifier,
    Struct,
    Type,
    Typedef,
    TypeId,
    Union,
)

__all__ = ["representatives"]

_MAX_ROUNDS = 64
"""Of splitting; a kernel takes 12. Pointers to pointers without end count as different then."""


def representatives(nodes: Mapping[TypeId, Type]) -> dict[TypeId, TypeId]:
    """For each type the first one that is the same; itself in most cases.

    ``nodes`` refer to each other by their ids; 0 is void.
    """
    classes = _split([list(nodes)], lambda i: _outline(nodes[i]))
    classes = _split(classes, lambda i: _details(nodes[i]))
    first = {type_id: type_id for type_id in nodes} | {0: 0}
    refers = {i: references(nodes[i]) for same in classes for i in same}

    def targets(type_id: TypeId) -> Hashable:
        return tuple([first[i] for i in refers[type_id]])

    for _ in range(_MAX_ROUNDS):
        first.update((i, same[0]) for same in classes for i in same)
        parts = _split(classes, targets)
        if sum(map(len, parts)) == sum(map(len, classes)) and len(parts) == len(classes):
            return first
        alone = {i for same in classes for i in same}.difference(*parts)
        first.update(zip(alone, alone, strict=True))
        classes = parts
    first.update((i, i) for same in classes for i in same)
    return first


def _split(
    classes: Sequence[list[TypeId]], key: Callable[[TypeId], Hashable]
) -> list[list[TypeId]]:
    """Classes of types that agree about ``key``, too; without those of a single type."""
    parts = []
    for same in classes:
        of_key: dict[Hashable, list[TypeId]] = {}
        for type_id in same:
            of_key.setdefault(key(type_id), []).append(type_id)
        parts += [part for part in of_key.values() if len(part) > 1]
    return parts


def _outline(node: Type) -> Hashable:
    """What tells most types apart at little cost."""
    if isinstance(node, (Struct, Union)):
        return type(node), node.name, node.byte_size, len(node.members)
    if isinstance(node, FuncProto):
        return FuncProto, node.variadic, tuple([name for name, _ in node.params])
    if isinstance(node, (Pointer, Array, Qualifier)):
        return type(node), node[0] if isinstance(node, Qualifier) else node[1:]
    return type(node), getattr(node, "name", "")


def _details(node: Type) -> Hashable:
    """All that BTF says of a node but for what it refers to."""
    if isinstance(node, (Struct, Union)):
        return tuple([(name, *place) for name, _, *place in node.members])
    if isinstance(node, Typedef):
        return node.name
    if isinstance(node, Forward):
        return node.name, node.keyword
    if isinstance(node, (Pointer, Array, Qualifier, FuncProto)):
        return None
    return node if isinstance(node, Enum) else moved(node, lambda _: 0)

"""Split BTF over a distilled base, relocated onto a real one.

A module built out of tree carries, beside its split BTF, a small copy of just
the base types it refers to (``.BTF.base``): integers and floats whole, structs,
unions and enums by name and size, forward declarations. The running kernel's
ids differ from those the module was built against, so each distilled type is
found again in the real base by name and kind, and the references move. The
size must match too where the split BTF embeds the type by value; where it only
points to it, the kernels may differ (``Documentation/bpf/btf.rst``, ".BTF.base
section").
"""

from __future__ import annotations

from uapigen.btf.blob import Content
from uapigen.btf.index import Relocation
from uapigen.btf.reader import BtfGraph
from uapigen.errors import InputError
from uapigen.ir.types import (
    Array,
    Enum,
    Float,
    Forward,
    Int,
    Qualifier,
    Struct,
    Type,
    Typedef,
    TypeId,
    TypeTag,
    Union,
)

__all__ = ["relocate"]


def relocate(split: Content, distilled: BtfGraph, base: BtfGraph) -> BtfGraph:
    """The split BTF over ``base`` instead of over ``distilled``.

    Raises :class:`InputError` naming the first distilled type that the base
    lacks, or has with another size where that matters.
    """
    info = distilled.info
    over_distilled = BtfGraph(split, info.name, base=distilled)
    embedded = _embedded(over_distilled)
    candidates = _of_the_same_names(distilled, base)
    matches = {0: 0}
    for type_id in range(1, len(distilled)):
        matches[type_id] = _match(distilled, type_id, base, candidates, type_id in embedded)
    return BtfGraph(
        split,
        info.name,
        base=base,
        relocation=Relocation(distilled.strings, len(distilled), matches),
        digest=info.digest,
        machine=info.machine,
        release=info.release,
    )


def _embedded(split: BtfGraph) -> set[TypeId]:
    """Base types that the split BTF's own structs and unions contain by value."""
    found = set()
    for type_id in split.ids_of(Struct, Union):
        node = split[type_id]
        assert isinstance(node, Struct | Union)
        for member in node.members:
            inner = member.type
            for _ in range(64):
                target = split[inner]
                if isinstance(target, Array):
                    inner = target.element
                elif isinstance(target, Typedef | Qualifier | TypeTag):
                    inner = target.target
                else:
                    break
            found.add(inner)
    return found


def _of_the_same_names(distilled: BtfGraph, base: BtfGraph) -> dict[str, list[TypeId]]:
    """The base's types by name, of those names that the distilled base has."""
    found: dict[str, list[TypeId]] = {
        distilled.strings[name_off]: [] for _, name_off in distilled.index.names()
    }
    base.preload()
    named = list(base.index.names())
    names = base.strings.cut([name_off for _, name_off in named])
    for (type_id, _), name in zip(named, names, strict=True):
        if name in found:
            found[name].append(type_id)
    return found


def _match(
    distilled: BtfGraph,
    type_id: TypeId,
    base: BtfGraph,
    of_name: dict[str, list[TypeId]],
    by_value: bool,
) -> TypeId:
    node = distilled[type_id]
    name = getattr(node, "name", "")
    candidates = [i for i in of_name.get(name, ()) if _fits(node, base[i], by_value)]
    if len(candidates) == 1 or (candidates and not by_value):
        return candidates[0]
    what = f"{type(node).__name__.lower()} {name}".strip()
    problem = f"{len(candidates)} matches" if candidates else "no match"
    raise InputError(
        distilled.name, f"distilled base, type {type_id}", f"{what} has {problem} in {base.name}"
    )


def _fits(wanted: Type, found: Type, by_value: bool) -> bool:
    if isinstance(wanted, Int | Float):
        return wanted == found
    if isinstance(wanted, Forward):
        keyword = found.keyword if isinstance(found, Forward) else type(found).__name__.lower()
        return wanted.keyword == keyword
    if type(wanted) is not type(found) or not isinstance(wanted, Struct | Union | Enum):
        return False
    assert isinstance(found, Struct | Union | Enum)
    return wanted.byte_size == found.byte_size or not by_value

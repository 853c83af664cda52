"""What the places where a type is embedded by value say of its alignment.

See ``layout/records.py`` for what is inferred from it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from operator import itemgetter
from typing import NamedTuple, TypeAlias

from uapigen.ir.graph import TypeGraph, resolve
from uapigen.ir.types import (
    Array,
    Composite,
    Enum,
    Float,
    Int,
    Member,
    Pointer,
    Qualifier,
    Struct,
    Typedef,
    TypeId,
    TypeTag,
    Union,
)

__all__ = ["Embedded", "Embeddings", "Gap", "Place", "explaining", "in_memory_order", "round_up"]

_MAX_LEVELS = 64
"""Structs around a struct that are asked about its alignment; a kernel has up to 20."""

_bit_offset = itemgetter(1)

Place: TypeAlias = tuple[TypeId, int]
"""Where a type is embedded: the struct or union, and the bit offset in it."""

Gap: TypeAlias = tuple[int, int]
"""Bytes between the members of a struct: where they begin and end."""


class Embedded(NamedTuple):
    """Where all of a source's structs and unions are embedded by value, by their ids."""

    places: dict[TypeId, list[Place]]
    gaps: Mapping[TypeId, list[Gap]]
    """Before them."""
    unclear: Mapping[TypeId, list[Place]]
    """Where there may be a gap or none."""


class Embeddings:
    """The embeddings of one graph's types.

    ``align_of`` gives the alignment (bytes) of a scalar member's type.
    """

    def __init__(
        self, graph: TypeGraph, pointer_size: int, align_of: Callable[[TypeId], int]
    ) -> None:
        self.graph = graph
        self.pointer_size = pointer_size
        self._align_of = align_of
        self._bases: list[TypeGraph] = []
        while (base := graph.base) is not None:
            self._bases.append(base)
            graph = base
        self._places: dict[TypeId, list[Place]] = {}
        self._gaps: Mapping[TypeId, list[Gap]] = {}
        self._unclear: Mapping[TypeId, list[Place]] | None = None
        self._alignable: dict[tuple[TypeId, int], bool] = {}
        self._source_sizes: dict[TypeId, int] = {}
        self._ends: dict[TypeId, tuple[list[int], list[int]]] = {}
        self._natural_holes: dict[TypeId, bool] = {}

    def learn(self, embedded: Embedded) -> None:
        """Take over where all records are embedded."""
        self._places, self._gaps, self._unclear = embedded

    def places(self, type_id: TypeId) -> list[Place]:
        """Wherever the type is embedded by value."""
        known = self._places.get(type_id)
        if known is None:
            known = [] if self._unclear is not None else self._find_places(type_id)
            self._places[type_id] = known
        return known

    def shown_align(self, type_id: TypeId, size: int, align: int) -> int:
        """The alignment (bytes, at least ``align``) that a type's surroundings show."""
        # Where no gaps are known, to find them takes longer than to see that nothing may align.
        if self._unclear is None and not self._may_align(type_id, 2 * align):
            return align
        best = align
        for end, byte_offset in self._gaps_before(type_id):
            if byte_offset > round_up(end, align):
                best = max(best, explaining(end, byte_offset, size))
        if best > align and self._may_align(type_id, 2 * align) and self._may_align(type_id, best):
            return best
        return align

    def _gaps_before(self, type_id: TypeId) -> Iterator[tuple[int, int]]:
        """Where it is embedded: where the members before end, and it begins, in bytes.

        At least those that have a gap between.
        """
        if self._unclear is None:
            places = self.places(type_id)
        else:
            yield from self._gaps.get(type_id, ())
            places = self._unclear.get(type_id, [])
        for outer, bit_offset in places:
            if bit_offset and isinstance(self.graph.nodes[outer], Struct):
                yield self._end_before(outer, bit_offset), bit_offset >> 3

    def show_packed(self, type_id: TypeId, align: int) -> bool:
        """Whether a type that lies naturally in itself is shown to be packed by those around it.

        It is, if a struct that is not packed itself (a scalar's alignment
        explains another hole in it) has it off its alignment, and no hole
        anywhere is there for this type's sake.
        """
        bits = 8 * align
        places = self.places(type_id)
        off = [place for place in places if place[1] % bits]
        if not off:
            return False
        for outer, bit_offset in places:
            if bit_offset and isinstance(self.graph.nodes[outer], Struct):
                end = self._end_before(outer, bit_offset)
                if end % align and round_up(end, align) == bit_offset >> 3:
                    return False
        return any(self._has_natural_hole(outer) for outer, _ in off)

    def _may_align(self, type_id: TypeId, align: int, level: int = 0) -> bool:
        """Whether every place that embeds the type lets it be aligned so."""
        known = self._alignable.get((type_id, align))
        if known is None:
            self._alignable[type_id, align] = True  # what a malformed cycle meets
            known = level > _MAX_LEVELS or self._find_alignable(type_id, align, level)
            self._alignable[type_id, align] = known
        return known

    def _find_alignable(self, type_id: TypeId, align: int, level: int) -> bool:
        places = self.places(type_id)
        bits = 8 * align
        for _, bit_offset in places:
            if bit_offset % bits:
                return False
        outers = {outer for outer, _ in places}
        for outer in outers:
            if self.graph.byte_size(outer) % align:
                return False
        return all(self._may_align(outer, align, level + 1) for outer in outers)

    def _has_natural_hole(self, type_id: TypeId) -> bool:
        """Whether a hole in a struct is there for the alignment of a scalar."""
        known = self._natural_holes.get(type_id)
        if known is None:
            node = self.graph.nodes[type_id]
            known = isinstance(node, Struct) and self._find_natural_hole(node)
            self._natural_holes[type_id] = known
        return known

    def _find_natural_hole(self, node: Struct) -> bool:
        end = 0
        for member in in_memory_order(node):
            byte_offset = member.bit_offset >> 3
            if byte_offset > end and not member.bit_width:
                target = self.graph.nodes[resolve(self.graph, member.type)]
                if isinstance(target, (Int, Float, Enum, Pointer)):
                    align = self._align_of(member.type)
                    if align > 1 and byte_offset == round_up(end, align):
                        return True
            end = max(end, self._end_of(member) + 7 >> 3)
        return False

    def _find_places(self, type_id: TypeId) -> list[Place]:
        users = self._users(type_id)
        if not users or min(users, key=_bit_offset)[1] >= 0:
            return users
        forms = [type_id]  # the type itself, and arrays, typedefs and qualified forms of it
        seen = {type_id}
        found: list[Place] = []
        for form in forms:
            for user, bit_offset in self._users(form):
                if bit_offset >= 0:
                    found.append((user, bit_offset))
                elif user not in seen:
                    seen.add(user)
                    forms.append(user)
        return found

    def _users(self, type_id: TypeId) -> list[Place]:
        found = self.graph.users(type_id)
        for base in self._bases:
            if type_id < len(base):
                found = found + base.users(type_id)
        return found

    def _end_before(self, type_id: TypeId, bit_offset: int) -> int:
        """Where a struct's members that begin before ``bit_offset`` end, in bytes."""
        known = self._ends.get(type_id)
        if known is None:
            node = self.graph.nodes[type_id]
            assert isinstance(node, Struct)
            members = in_memory_order(node)
            starts = [member[2] for member in members]
            known = starts, list(accumulate(map(self._end_of, members), max))
            self._ends[type_id] = known
        starts, ends = known
        before = bisect_left(starts, bit_offset)
        return ends[before - 1] + 7 >> 3 if before else 0

    def _end_of(self, member: Member) -> int:
        """In bits."""
        return member.bit_offset + (member.bit_width or 8 * self._source_size(member.type))

    def _source_size(self, type_id: TypeId) -> int:
        """Bytes, from what the source says alone; 0 for what has no size."""
        found = self._source_sizes.get(type_id)
        if found is None:
            found = self._source_sizes[type_id] = self._measure_source(type_id)
        return found

    def _measure_source(self, type_id: TypeId) -> int:
        count = 1
        for _ in range(64):
            node = self.graph.nodes[type_id]
            if isinstance(node, (Struct, Union, Int, Float, Enum)):
                return count * node.byte_size
            if isinstance(node, Pointer):
                return count * self.pointer_size
            if isinstance(node, Array):
                count *= node.nelems
                type_id = node.element
            elif isinstance(node, (Typedef, Qualifier, TypeTag)):
                type_id = node.target
            else:
                return 0
        return 0


def in_memory_order(node: Composite) -> Sequence[Member]:
    """The members by offset: Rust's compiler reorders fields, C's does not."""
    offsets = [member[2] for member in node.members]
    if isinstance(node, Struct) and sorted(offsets) != offsets:
        return sorted(node.members, key=lambda member: member.bit_offset)
    return node.members


def round_up(value: int, align: int) -> int:
    return -(-value // align) * align


def explaining(end: int, offset: int, size: int) -> int:
    """The smallest alignment that moves ``end`` to ``offset``, or 1.

    1 also where the type's size (bytes) is no multiple of that alignment.
    """
    align = 1
    while align <= offset:
        if round_up(end, align) == offset:
            return align if size % align == 0 else 1
        align *= 2
    return 1

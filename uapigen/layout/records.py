"""Sizes and C alignments of a source's types, inferred where it is silent.

A source gives every struct and union a size and every member an offset. What
BTF does not say is the alignment: there is no ``packed`` and no ``aligned``
in it. So the natural C layout (each member at the next multiple of its
alignment, the size a multiple of the largest) is held against what the source
says, and the difference is the evidence:

- A member off its alignment, a bitfield across its storage unit, or a size
  that is no multiple of the largest alignment: the type is *packed*. Its own
  alignment is then 1, unless something below raises it again.
- A hole or tail padding that the natural layout does not explain: the smallest
  power of two that explains it is an ``aligned`` attribute, if the type's size
  is a multiple of it (else it is padding made by unnamed bitfields).
- A type that is *embedded* behind such a hole, at multiples of the same
  alignment wherever it is embedded: the attribute is the type's own, as
  ``____cacheline_aligned`` behind a struct's closing brace puts it there.
- The other way round: a type without any padding of its own that lies off its
  alignment in a struct that pads other members is packed itself.
- No members but a size (``bpf_timer``): unnamed 64-bit bitfields with an
  alignment as large as the size allows, up to 8.

Where nothing tells two C declarations apart, the smaller alignment is taken:
then a type that embeds this one never moves a member that was right.

A type whose members overlap, lie outside it or have no size is not laid out:
:class:`LayoutError` names it, and only it is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from uapigen.errors import LayoutError
from uapigen.ir.graph import TypeGraph, resolve
from uapigen.ir.types import (
    Array,
    Composite,
    Enum,
    Float,
    Forward,
    Int,
    Member,
    Pointer,
    Qualifier,
    Struct,
    Type,
    Typedef,
    TypeId,
    TypeTag,
    Union,
    Void,
)
from uapigen.layout.targets import DataModel

__all__ = ["Layout", "RecordLayout", "SizeAlign"]

_MAX_SIZE = 1 << 40
"""Bytes; more than any address space a struct could live in needs."""


_Place: TypeAlias = tuple[TypeId, int]
"""Where a type is embedded: the struct or union, and the bit offset in it."""


class SizeAlign(NamedTuple):
    """Of a type, in bytes."""

    byte_size: int
    byte_align: int


class RecordLayout(NamedTuple):
    """What was found out about a struct or union beyond what its source says."""

    byte_size: int
    byte_align: int
    packed: bool
    members: Sequence[Member]
    """In memory order."""


_Hole: TypeAlias = tuple[int, int, int]
"""Unused bytes before a member: where they begin, the member's alignment and offset."""


class Layout:
    """Sizes and alignments of one graph's types under one data model.

    Asked for one type at a time, and remembered.
    """

    def __init__(self, graph: TypeGraph, model: DataModel) -> None:
        self.graph = graph
        self.model = model
        self._known: dict[TypeId, SizeAlign] = {}
        self._records: dict[TypeId, RecordLayout | LayoutError] = {}
        self._open: set[TypeId] = set()
        self._source_sizes: dict[TypeId, int] = {}
        self._places: dict[TypeId, list[_Place]] = {}
        self._alignable: dict[tuple[TypeId, int], bool] = {}

    def size_align(self, type_id: TypeId) -> SizeAlign:
        """Size and alignment of any object type.

        Raises :class:`LayoutError` for one that has none (void, a function, an
        incomplete or malformed type).
        """
        known = self._known.get(type_id)
        if known is None:
            known = self._known[type_id] = self._measure(type_id)
        return known

    def record(self, type_id: TypeId) -> RecordLayout:
        """The layout of a struct or union; raises :class:`LayoutError`."""
        found = self._records.get(type_id)
        if found is None:
            try:
                found = self._lay_out(type_id)
            except LayoutError as error:
                found = error
            self._records[type_id] = found
        if isinstance(found, LayoutError):
            raise found.with_traceback(None)  # else each raise would lengthen it
        return found

    def _refuse(self, type_id: TypeId, problem: str) -> LayoutError:
        return LayoutError(self.graph.info.name, f"type {type_id}", problem)

    def _measure(self, type_id: TypeId) -> SizeAlign:
        node = self.graph.nodes[type_id]
        if isinstance(node, (Struct, Union)):
            record = self.record(type_id)
            return SizeAlign(record.byte_size, record.byte_align)
        if isinstance(node, Pointer):
            return self._scalar(self.model.pointer_size)
        if isinstance(node, (Int, Float, Enum)):
            return self._scalar(node.byte_size)
        if type_id in self._open:
            raise self._refuse(type_id, "contains itself by value")
        self._open.add(type_id)
        try:
            if isinstance(node, Array):
                element = self.size_align(node.element)
                if element.byte_size * node.nelems > _MAX_SIZE:
                    raise self._refuse(type_id, f"an array of {node.nelems} elements is too large")
                return SizeAlign(element.byte_size * node.nelems, element.byte_align)
            if isinstance(node, Typedef):
                target = self.size_align(node.target)
                align = node.byte_align or self.model.typedef_aligns.get(node.name)
                return SizeAlign(target.byte_size, align) if align else target
            if isinstance(node, (Qualifier, TypeTag)):
                return self.size_align(node.target)
        except RecursionError:
            raise self._refuse(type_id, "types nest too deep") from None
        finally:
            self._open.discard(type_id)
        if isinstance(node, Forward):
            raise self._refuse(
                type_id, f"{node.keyword} {node.name} is declared but not defined in this source"
            )
        what = "void" if isinstance(node, Void) else f"a {type(node).__name__}"
        raise self._refuse(type_id, f"{what} has no size")

    def _scalar(self, byte_size: int) -> SizeAlign:
        align = self.model.aligns.get(byte_size)
        if align is None:  # odd sizes exist in malformed input only
            align = 1
        return SizeAlign(byte_size, align)

    # Structs and unions

    def _lay_out(self, type_id: TypeId) -> RecordLayout:
        node = self.graph.nodes[type_id]
        assert isinstance(node, (Struct, Union))
        if type_id in self._open:
            raise self._refuse(type_id, "contains itself by value")
        self._open.add(type_id)
        try:
            members = _in_memory_order(node)
            natural, packed, holes, end = self._walk(type_id, node, members)
        except RecursionError:
            raise self._refuse(type_id, "types nest too deep") from None
        finally:
            self._open.discard(type_id)
        size = node.byte_size
        if node.byte_align is not None:
            return RecordLayout(size, node.byte_align, packed, members)
        if size % natural:
            packed = True
        align = 1 if packed else natural
        if not node.members and size:
            align = min(size & -size, 8)
        for begin, member_align, byte_offset in holes:
            if packed or byte_offset > _round_up(begin, member_align):
                align = max(align, _explaining(begin, byte_offset, size))
        if size > _round_up(end, align):
            align = max(align, _explaining(end, size, size))
        if places := self._embeddings(type_id):
            gapless = size == end and not holes
            if gapless and align > 1 and self._is_packed_elsewhere(places, align):
                align, packed = 1, True
            if not packed and size % (2 * align) == 0:
                align = self._embedding_evidence(type_id, places, size, align)
        return RecordLayout(size, align, packed, members)

    def _walk(
        self, type_id: TypeId, node: Composite, members: Sequence[Member]
    ) -> tuple[int, bool, list[_Hole], int]:
        """Check each member; (largest alignment, packed?, holes, end in bytes)."""
        is_union = isinstance(node, Union)
        natural, packed, holes = 1, False, []
        end = 0  # bits, of what lies before the member
        last = 0
        known = self._known
        for member in members:
            name, target, bit_offset, bit_width = member
            byte_size, align = known.get(target) or self._member(type_id, member)
            if bit_width:
                unit = 8 * byte_size
                self._check_bitfield(type_id, name, target, bit_width, unit)
                stop = bit_offset + bit_width
                # GCC keeps it within its type's size from a multiple of its alignment.
                if bit_offset % (8 * align) + bit_width > unit:
                    packed = True
            else:
                if bit_offset & 7:
                    raise self._refuse(
                        type_id, f"member {name or '(anonymous)'} starts inside a byte"
                    )
                byte_offset = bit_offset >> 3
                stop = bit_offset + 8 * byte_size
                if byte_offset % align:
                    packed = True
                elif not is_union and bit_offset > end:
                    begin = end + 7 >> 3
                    if byte_offset > begin:
                        holes.append((begin, align, byte_offset))
            if align > natural and (name or not bit_width):
                natural = align
            if bit_offset < end and stop > bit_offset:
                raise self._refuse(
                    type_id, f"member {name or '(anonymous)'} overlaps the one before it"
                )
            if stop > last:
                last = stop
                if not is_union:
                    end = last
        if last > 8 * node.byte_size:
            raise self._refuse(
                type_id, f"members end at bit {last}, the type at byte {node.byte_size}"
            )
        return natural, packed, holes, last + 7 >> 3

    def _member(self, type_id: TypeId, member: Member) -> SizeAlign:
        try:
            return self.size_align(member.type)
        except LayoutError as error:
            name = member.name or "(anonymous)"
            raise self._refuse(type_id, f"member {name}: {error.problem}") from None

    def _check_bitfield(
        self, type_id: TypeId, name: str, target: TypeId, bit_width: int, unit: int
    ) -> None:
        for _ in range(64):
            node = self.graph.nodes[target]
            if isinstance(node, (Int, Enum)):
                break
            if not isinstance(node, (Typedef, Qualifier, TypeTag)):
                raise self._refuse(type_id, f"bitfield {name} is of no integer type")
            target = node.target
        if bit_width > unit:
            raise self._refuse(type_id, f"bitfield {name} is wider than its type")

    # Embeddings

    def _embedding_evidence(
        self, type_id: TypeId, places: list[_Place], size: int, align: int
    ) -> int:
        """The alignment (bytes, at least ``align``) that a type's surroundings show."""
        if not self._may_align(type_id, 2 * align):
            return align
        best = align
        for outer, bit_offset in places:
            node = self.graph.nodes[outer]
            if isinstance(node, Struct):
                end = self._end_before(node, bit_offset)
                if bit_offset >> 3 > _round_up(end, align):
                    best = max(best, _explaining(end, bit_offset >> 3, size))
        return best if best > align and self._may_align(type_id, best) else align

    def _may_align(self, type_id: TypeId, align: int) -> bool:
        """Whether every place that embeds the type lets it be aligned so."""
        known = self._alignable.get((type_id, align))
        if known is None:
            self._alignable[type_id, align] = True  # what a malformed cycle meets
            known = self._alignable[type_id, align] = self._find_alignable(type_id, align)
        return known

    def _find_alignable(self, type_id: TypeId, align: int) -> bool:
        places = self._embeddings(type_id)
        bits = 8 * align
        for _, bit_offset in places:
            if bit_offset % bits:
                return False
        outers = {outer for outer, _ in places}
        for outer in outers:
            if self.graph.byte_size(outer) % align:
                return False
        return all(self._may_align(outer, align) for outer in outers)

    def _is_packed_elsewhere(self, places: list[_Place], align: int) -> bool:
        """Whether a type that lies naturally in itself is shown to be packed by those around it.

        It is, if a struct that is not packed itself (a scalar's alignment
        explains another hole in it) has it off its alignment, and no hole
        anywhere is there for this type's sake.
        """
        bits = 8 * align
        off = [place for place in places if place[1] % bits]
        if not off:
            return False
        for outer, bit_offset in places:
            node = self.graph.nodes[outer]
            if isinstance(node, Struct):
                end = self._end_before(node, bit_offset)
                if end % align and _round_up(end, align) == bit_offset >> 3:
                    return False
        return any(self._has_natural_hole(self.graph.nodes[outer]) for outer, _ in off)

    def _has_natural_hole(self, node: Type) -> bool:
        if not isinstance(node, Struct):
            return False
        end = 0
        for member in _in_memory_order(node):
            byte_offset = member.bit_offset >> 3
            if byte_offset > end and not member.bit_width:
                target = self.graph.nodes[resolve(self.graph, member.type)]
                if isinstance(target, (Int, Float, Enum, Pointer)):
                    align = self.size_align(member.type).byte_align
                    if align > 1 and byte_offset == _round_up(end, align):
                        return True
            bits = member.bit_width or 8 * self._source_size(member.type)
            end = max(end, member.bit_offset + bits + 7 >> 3)
        return False

    def _embeddings(self, type_id: TypeId) -> list[_Place]:
        """Wherever the type is embedded by value."""
        known = self._places.get(type_id)
        if known is None:
            known = self._places[type_id] = self._find_places(type_id)
        return known

    def _find_places(self, type_id: TypeId) -> list[_Place]:
        users = self._users(type_id)
        if all(bit_offset >= 0 for _, bit_offset in users):
            return users
        forms = [type_id]  # the type itself, and arrays, typedefs and qualified forms of it
        found: list[_Place] = []
        for form in forms:
            for user, bit_offset in self._users(form):
                if bit_offset >= 0:
                    found.append((user, bit_offset))
                elif user not in forms:
                    forms.append(user)
        return found

    def _users(self, type_id: TypeId) -> list[tuple[TypeId, int]]:
        graph = self.graph
        found = graph.users(type_id)
        while (base := graph.base) is not None:
            graph = base
            if type_id < len(graph):
                found = found + graph.users(type_id)
        return found

    def _end_before(self, node: Struct, bit_offset: int) -> int:
        """Where the members that begin before ``bit_offset`` end, in bytes."""
        end = 0
        for member in node.members:
            if member.bit_offset < bit_offset:
                bits = member.bit_width or 8 * self._source_size(member.type)
                end = max(end, member.bit_offset + bits)
        return end + 7 >> 3

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
                return count * self.model.pointer_size
            if isinstance(node, Array):
                count *= node.nelems
                type_id = node.element
            elif isinstance(node, (Typedef, Qualifier, TypeTag)):
                type_id = node.target
            else:
                return 0
        return 0


def _in_memory_order(node: Composite) -> Sequence[Member]:
    """The members by offset: Rust's compiler reorders fields, C's does not."""
    offsets = [member[2] for member in node.members]
    if isinstance(node, Struct) and sorted(offsets) != offsets:
        return sorted(node.members, key=lambda member: member.bit_offset)
    return node.members


def _round_up(value: int, align: int) -> int:
    return -(-value // align) * align


def _explaining(end: int, offset: int, size: int) -> int:
    """The smallest alignment that moves ``end`` to ``offset``, or 1.

    1 also where the type's size (bytes) is no multiple of that alignment.
    """
    align = 1
    while align <= offset:
        if _round_up(end, align) == offset:
            return align if size % align == 0 else 1
        align *= 2
    return 1

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

from collections.abc import Callable, Iterable, Mapping, Sequence

from uapigen.errors import LayoutError
from uapigen.ir.graph import TypeGraph
from uapigen.ir.types import (
    Array,
    Composite,
    Enum,
    Float,
    Forward,
    Int,
    Pointer,
    Qualifier,
    Struct,
    Typedef,
    TypeId,
    TypeTag,
    Union,
    Void,
)
from uapigen.layout.embedding import Embeddings, explaining, in_memory_order, round_up
from uapigen.layout.extents import Extent, Extents, Hole, Outline, RecordLayout, SizeAlign, Told
from uapigen.layout.targets import DataModel

__all__ = ["Layout"]

_MAX_SIZE = 1 << 40
"""Bytes; more than any address space a struct could live in needs."""
_MAX_LEVELS = 100
"""Structs, arrays, typedefs and qualifiers inside of each other; a kernel's deepest has 32.

Whoever makes the types (ctypes, a reader's eyes) goes down all of them.
"""
_MAX_LEAVES = 1 << 17
"""Members that are not structs or unions themselves, an array's element counted once.

The longest has 2,300 in a kernel. ctypes describes a type by a text about all of
them, and a few types that contain each other twice have any number.
"""
_MAX_HIDDEN = 10_000
"""Members reached through unnamed ones; 400 in a kernel. Each is a member of all the types
around it."""
_MAX_EMPTY = 1 << 16
"""Elements of an array that have no size; ctypes has memory for each all the same."""
_MAX_PROBLEM = 300
"""Characters of a problem from which on the way to it is abridged."""


class Layout:
    """Sizes and alignments of one graph's types under one data model.

    Asked for one type at a time, and remembered. A type is measured after all
    that it contains by value, in a loop rather than by recursion: how deep a
    source nests its types is its own affair.

    ``alone``: the least alignment that explains a type's own layout, whatever the source
    says of it and wherever it is embedded. Two sources are comparable so.
    """

    def __init__(self, graph: TypeGraph, model: DataModel, *, alone: bool = False) -> None:
        self.graph = graph
        self.model = model
        self._alone = alone
        self._known = Extents(self._measure_form)
        self._records: dict[TypeId, RecordLayout] = {}
        self._problems: dict[TypeId, str] = {}
        self._told: Mapping[TypeId, Told] = {}
        self._expected: Callable[[], Mapping[TypeId, Told] | None] | None = None
        self._embeddings = Embeddings(
            graph, model.pointer_size, lambda type_id: self.size_align(type_id).byte_align
        )

    def size_align(self, type_id: TypeId) -> SizeAlign:
        """Size and alignment of any object type.

        Raises :class:`LayoutError` for one that has none (void, a function, an
        incomplete or malformed type).
        """
        if type_id not in self._known:
            self._measure_all(type_id)
        byte_size, byte_align, _, _ = self._known[type_id]
        return SizeAlign(byte_size, byte_align)

    def record(self, type_id: TypeId) -> RecordLayout:
        """The layout of a struct or union; raises :class:`LayoutError`."""
        if type_id not in self._records:
            if type_id in self.told():
                self._take(type_id)
            elif not self._lay_out_plain(type_id):
                self._measure_all(type_id)
        return self._records[type_id]

    def layouts(self, type_ids: Iterable[TypeId]) -> list[Told | None]:
        """The layouts of these structs and unions; None for one that has none."""
        told, look = self.told(), self._look_closely
        type_ids = list(type_ids)
        self.graph.decode([type_id for type_id in type_ids if type_id not in told])
        return [told.get(type_id) or look(type_id) for type_id in type_ids]

    def expect(self, told: Callable[[], Mapping[TypeId, Told] | None]) -> None:
        """Take layouts from ``told``, which waits for another process's :meth:`tell`.

        What it does not tell of is laid out here.
        """
        self._expected = told

    def told(self) -> Mapping[TypeId, Told]:
        """The layouts that were told, as a rule by another process, which it waits for."""
        if self._expected is not None:
            self._told, self._expected = self._expected() or {}, None
        return self._told

    def tell(self, type_ids: Iterable[TypeId]) -> dict[TypeId, Told]:
        """The layouts of those of the types that are structs or unions and have one."""
        told = self._lay_out_at_once()
        own = set(self.graph.ids_of(Struct, Union)).difference(told)
        for type_id in own.intersection(type_ids):
            layout = self._look_closely(type_id)
            if layout is not None:
                told[type_id] = layout
        self._told = told
        return told

    def _lay_out_at_once(self) -> dict[TypeId, Told]:
        """Layouts of all that a source has as columns."""
        columns = self.graph.columns()
        if columns is None or not columns.member_types:
            return {}
        from uapigen.layout.at_once import AtOnce

        for type_id in self.graph.ids_of(Int, Float):
            self._measure_form(type_id)
        try:
            at_once = AtOnce(columns, self.model, self._known)
        except LookupError:  # something is malformed, of which decoding says where
            return {}
        self._embeddings.learn(at_once.embedded)

        def surrounded(type_id: TypeId, size: int, align: int, gapless: bool) -> tuple[int, bool]:
            return self._surrounded(type_id, size, align, gapless=gapless, packed=False)

        return at_once.lay_out_all(surrounded, self._lay_out_odd)

    def _lay_out_odd(self, type_id: TypeId, outline: Outline | None) -> Told | None:
        """The layout of a type that does not lie plainly, and whose parts are measured."""
        if outline is None:
            return self._look_closely(type_id)
        try:
            align, packed, levels, leaves = self._find_layout(type_id, outline)
        except (KeyError, LayoutError):  # what is wrong with it is said by its names
            return self._look_closely(type_id)
        self._known[type_id] = outline.byte_size, align, levels, leaves
        return outline.byte_size, align, packed, True

    def _look_closely(self, type_id: TypeId) -> Told | None:
        try:
            size, align, packed, members = self.record(type_id)
        except LayoutError:
            return None
        node = self.graph.nodes[type_id]
        assert isinstance(node, (Struct, Union))
        return size, align, packed, members is node.members

    def _take(self, type_id: TypeId) -> None:
        node = self.graph.nodes[type_id]
        assert isinstance(node, (Struct, Union))
        size, align, packed, in_order = self._told[type_id]
        members = node.members if in_order else in_memory_order(node)
        self._records[type_id] = RecordLayout(size, align, packed, members)

    def _refuse(self, type_id: TypeId, problem: str) -> LayoutError:
        return LayoutError(self.graph.info.name, f"type {type_id}", problem)

    def _measure_all(self, root: TypeId) -> None:
        """Measure a type, and before it what it contains; raises if it has no size."""
        known, problems = self._known, self._problems
        todo, within = [root], set()
        while todo:
            type_id = todo[-1]
            if type_id in known or type_id in problems:
                todo.pop()
                continue
            if type_id not in within:
                if self._lay_out_plain(type_id):
                    todo.pop()
                    continue
                within.add(type_id)
                first = [i for i in self._parts(type_id) if i not in known and i not in problems]
                if not within.isdisjoint(first):
                    problems |= dict.fromkeys(
                        within.intersection(first), "contains itself by value"
                    )
                    first = [i for i in first if i not in problems]
                if first:
                    todo += first
                    continue
            try:
                known[type_id] = self._measure(type_id)
            except LayoutError as error:
                problems[type_id] = error.problem
            within.discard(type_id)
            todo.pop()
        if root in problems:
            raise self._refuse(root, problems[root])

    def _measure_form(self, type_id: TypeId) -> None:
        """Measure a type that is no struct or union, and what it is a form of.

        Raises KeyError where that takes a struct that is not measured yet.
        """
        known, nodes = self._known, self.graph.nodes
        forms: list[TypeId] = []
        while type_id not in known:
            node = nodes[type_id]
            if isinstance(node, (Struct, Union)) or len(forms) > _MAX_LEVELS:
                raise KeyError(type_id)
            forms.append(type_id)
            if isinstance(node, (Typedef, Qualifier, TypeTag)):
                type_id = node.target
            elif isinstance(node, Array):
                type_id = node.element
            else:
                break
        while forms:
            type_id = forms.pop()
            known[type_id] = self._measure(type_id)

    def _parts(self, type_id: TypeId) -> Sequence[TypeId]:
        """What a type contains by value."""
        node = self.graph.nodes[type_id]
        if isinstance(node, (Struct, Union)):
            return [member[1] for member in node.members]
        if isinstance(node, (Typedef, Qualifier, TypeTag)):
            return (node.target,)
        return (node.element,) if isinstance(node, Array) else ()

    def _measure(self, type_id: TypeId) -> Extent:
        """The extent of a type whose parts are measured."""
        node = self.graph.nodes[type_id]
        if isinstance(node, (Struct, Union)):
            return self._lay_out(type_id, node)
        if isinstance(node, Pointer):
            return self._scalar(self.model.pointer_size)
        if isinstance(node, (Int, Float, Enum)):
            return self._scalar(node.byte_size)
        if isinstance(node, Array):
            byte_size, align, levels, leaves = self._part(type_id, node.element)
            limit = _MAX_SIZE // byte_size if byte_size else _MAX_EMPTY
            if node.nelems > limit:
                raise self._refuse(type_id, f"an array of {node.nelems} elements is too large")
            byte_size *= node.nelems
        elif isinstance(node, (Typedef, Qualifier, TypeTag)):
            byte_size, align, levels, leaves = self._part(type_id, node.target)
            if isinstance(node, Typedef):
                said = None if self._alone else node.byte_align
                align = said or self.model.typedef_aligns.get(node.name) or align
        elif isinstance(node, Forward):
            raise self._refuse(
                type_id, f"{node.keyword} {node.name} is declared but not defined in this source"
            )
        else:
            what = "void" if isinstance(node, Void) else f"a {type(node).__name__}"
            raise self._refuse(type_id, f"{what} has no size")
        self._check_levels(type_id, levels + 1)
        return byte_size, align, levels + 1, leaves

    def _part(self, type_id: TypeId, part: TypeId) -> Extent:
        """The extent of something that a type consists of."""
        extent = self._known.get(part)
        if extent is None:
            raise self._refuse(type_id, self._problems[part])
        return extent

    def _check_levels(self, type_id: TypeId, levels: int) -> None:
        if levels > _MAX_LEVELS:
            raise self._refuse(type_id, f"nests more than {_MAX_LEVELS} types in each other")

    def _scalar(self, byte_size: int) -> Extent:
        # Odd sizes exist in malformed input only.
        return byte_size, self.model.aligns.get(byte_size, 1), 0, 1

    # Structs and unions

    def _lay_out_plain(self, type_id: TypeId) -> bool:
        """Lay out a type that lies as C lays out one without attributes and bitfields.

        Most do, and it takes few steps to see; False for any other type, and where
        a part of it is not measured yet.
        """
        node = self.graph.nodes[type_id]
        if not isinstance(node, (Struct, Union)) or node.byte_align is not None:
            return False
        known, in_struct = self._known, isinstance(node, Struct)
        size, end, natural, has_holes = node.byte_size, 0, 1, False
        levels, leaves, hidden = 0, len(node.members), 0
        try:
            for name, target, bit_offset, bit_width in node.members:
                byte_size, align, inner_levels, inner_leaves = known[target]
                begin = end + -end % align if in_struct else 0
                if bit_width or bit_offset != 8 * begin:
                    return False
                if begin > end:
                    has_holes = True
                if begin + byte_size > end:
                    end = begin + byte_size
                if align > natural:
                    natural = align
                if inner_levels:
                    leaves += inner_leaves - 1
                    if not name:
                        hidden += inner_leaves
                    if inner_levels > levels:
                        levels = inner_levels
        except (KeyError, LayoutError):
            return False
        if size != end + -end % natural or levels >= _MAX_LEVELS:
            return False
        if leaves > _MAX_LEAVES or hidden > _MAX_HIDDEN:
            return False
        gapless = natural > 1 and size == end and not has_holes
        align, packed = self._surrounded(type_id, size, natural, gapless=gapless, packed=False)
        self._records[type_id] = RecordLayout(size, align, packed, node.members)
        known[type_id] = size, align, levels + 1, max(leaves, 1)
        return True

    def _lay_out(self, type_id: TypeId, node: Composite) -> Extent:
        members = in_memory_order(node)
        outline = Outline(isinstance(node, Union), node.byte_size, members, node.byte_align)
        align, packed, levels, leaves = self._find_layout(type_id, outline)
        self._records[type_id] = RecordLayout(node.byte_size, align, packed, members)
        return node.byte_size, align, levels, leaves

    def _find_layout(self, type_id: TypeId, outline: Outline) -> tuple[int, bool, int, int]:
        """(alignment, packed?, levels, leaves)"""
        natural, packed, holes, end, levels, leaves = self._walk(type_id, outline)
        _, size, members, align = outline
        if align is None or self._alone:
            if size and not members:
                natural = min(size & -size, 8)
            align, packed = self._infer(type_id, size, natural, packed, holes, end)
        return align, packed, levels, leaves

    def _infer(
        self, type_id: TypeId, size: int, natural: int, packed: bool, holes: list[Hole], end: int
    ) -> tuple[int, bool]:
        """(alignment, packed?) as the module's docstring has it; from what `_walk` found."""
        if size % natural:
            packed = True
        align = 1 if packed else natural
        for begin, member_align, byte_offset in holes:
            if packed or byte_offset > round_up(begin, member_align):
                align = max(align, explaining(begin, byte_offset, size))
        if size > round_up(end, align):
            align = max(align, explaining(end, size, size))
        gapless = align > 1 and size == end and not holes
        return self._surrounded(type_id, size, align, gapless=gapless, packed=packed)

    def _surrounded(
        self, type_id: TypeId, size: int, align: int, *, gapless: bool, packed: bool
    ) -> tuple[int, bool]:
        """(alignment, packed?) as the places show it where a type is embedded."""
        if self._alone:
            return align, packed
        embeddings = self._embeddings
        if (gapless or not (packed or size % (2 * align))) and embeddings.places(type_id):
            if gapless and embeddings.show_packed(type_id, align):
                align, packed = 1, True
            if not packed and size % (2 * align) == 0:
                align = embeddings.shown_align(type_id, size, align)
        return align, packed

    def _walk(
        self, type_id: TypeId, outline: Outline
    ) -> tuple[int, bool, list[Hole], int, int, int]:
        """Check each member; (largest alignment, packed?, holes, end in bytes, levels, leaves)."""
        is_union, size, members, _ = outline
        natural, packed, holes = 1, False, []
        end = 0  # bits, of what lies before the member
        last = 0
        levels, leaves, hidden = 0, 0, 0
        known = self._known
        for name, target, bit_offset, bit_width in members:
            extent = known.get(target)
            if extent is None:
                raise self._refuse(type_id, _in_member(name, self._problems[target]))
            byte_size, align, inner_levels, inner_leaves = extent
            if inner_levels:
                leaves += inner_leaves - 1
                if not name:
                    hidden += inner_leaves
                if inner_levels > levels:
                    levels = inner_levels
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
        if last > 8 * size:
            raise self._refuse(type_id, f"members end at bit {last}, the type at byte {size}")
        self._check_levels(type_id, levels + 1)
        leaves = max(leaves + len(members), 1)
        if leaves > _MAX_LEAVES:
            raise self._refuse(type_id, f"has more than {_MAX_LEAVES} members in all")
        if hidden > _MAX_HIDDEN:
            raise self._refuse(type_id, f"has more than {_MAX_HIDDEN} members in unnamed ones")
        return natural, packed, holes, last + 7 >> 3, levels + 1, leaves

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


def _in_member(name: str, problem: str) -> str:
    """A member's problem as its struct's; of a long way to the problem the end is left."""
    if len(problem) > _MAX_PROBLEM:
        problem = f"… {problem.rpartition(': ')[2].removeprefix('… ')}"
    return f"member {name or '(anonymous)'}: {problem}"

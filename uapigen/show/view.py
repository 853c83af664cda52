"""From a type in a graph to what is shown of it."""

from __future__ import annotations

from typing import NamedTuple

from uapigen.errors import LayoutError
from uapigen.ir.graph import TypeGraph
from uapigen.ir.spelling import Named, Speller, plain_name
from uapigen.ir.types import (
    Array,
    DeclTag,
    Enum,
    Member,
    Qualifier,
    Struct,
    Typedef,
    TypeId,
    TypeTag,
    Union,
)
from uapigen.layout.records import Layout
from uapigen.layout.targets import DataModel
from uapigen.show.gaps import explaining_align, gaps_before, storage_unit, totals
from uapigen.show.model import Body, EnumBody, Field, Gap, Record

__all__ = ["Inlined", "Viewer"]

_MAX_CHAIN = 64
_MAX_DEPTH = 48
"""Of bodies in bodies; what lies deeper is named only. A kernel's deepest is 18."""
_MAX_ROWS = 20_000
"""Of all that is shown; after them, what could be written in place is named only. A hostile source
can nest a few types into more than anybody can read; a kernel's longest type has 2,700."""
_INDENTED = 4
"""Bodies around a row whose indentation counts as much as a row."""
_MODES = {1: "QI", 2: "HI", 8: "DI"}
"""GCC's machine modes of the enums that are not as large as an int."""


class Inlined(NamedTuple):
    """A definition to be written in place: ``before {...} between name after``."""

    type_id: TypeId
    before: str
    between: str
    after: str
    by_value: bool
    typedefs: tuple[str, ...] = ()


class Viewer:
    """Looks at the types of one graph, laid out for one target.

    ``expand`` writes the definitions of all members in place, not only those
    that have no name by which to ask for them.
    """

    def __init__(self, graph: TypeGraph, model: DataModel, *, expand: bool = False) -> None:
        self.graph = graph
        self.layout = Layout(graph, model)
        self.expand = expand
        self._speller = Speller(graph, _name, type_tags=True)
        self._open: list[TypeId] = []
        self._rows_left = _MAX_ROWS
        self._paddings: dict[TypeId, int] = {}
        self._tags = _tags_by_target(graph)

    # Types in words

    def spell(self, type_id: TypeId, name: str = "") -> str:
        """A declaration in one line."""
        return self._plain(self._speller.spell(type_id, name))

    def tags(self, type_id: TypeId, component: int = -1) -> tuple[str, ...]:
        """The tags on a declaration, or on its member or parameter of that index."""
        return tuple(self._tags.get((type_id, component), ()))

    def size_align(self, type_id: TypeId) -> tuple[int | None, int | None]:
        """In bytes; what cannot be told is None."""
        try:
            return self.layout.size_align(type_id)
        except LayoutError:
            node = self.graph[self._by_value(type_id)]
            return (node.byte_size if isinstance(node, Struct | Union) else None), None

    def inlined(self, type_id: TypeId, *, expand: bool = False) -> Inlined | None:
        """How a type without a name, or one to expand, is written where it is used."""
        found = self._inlined_by_value(type_id, expand)
        if found is None:
            before, after = self._speller.halves(type_id)
            if "\0" not in before:
                return None
            # The first in the text is what all else is built around.
            first, marker, rest = before.split("\0", 2)
            found = Inlined(int(marker), first, rest.removeprefix(" "), after, by_value=False)
            if "\0" in rest + after:
                found = found._replace(between=self._plain(found.between), after=self._plain(after))
        if found.type_id in self._open or len(self._open) >= _MAX_DEPTH or self._rows_left <= 0:
            return None
        return found

    def _inlined_by_value(self, type_id: TypeId, expand: bool) -> Inlined | None:
        qualifiers, dimensions = "", ""
        typedefs: list[str] = []
        for _ in range(_MAX_CHAIN):
            node = self.graph[type_id]
            match node:
                case Array():
                    dimensions += f"[{node.nelems}]"
                    type_id = node.element
                case Qualifier():
                    qualifiers += f"{node.keyword} "
                    type_id = node.target
                case TypeTag():
                    type_id = node.target
                case Typedef() if expand:
                    typedefs.append(node.name)
                    type_id = node.target
                case Struct() | Union() | Enum() if not node.name or (
                    expand and not isinstance(node, Enum)
                ):
                    return Inlined(type_id, qualifiers, "", dimensions, True, tuple(typedefs))
                case _:
                    return None
        return None

    def _by_value(self, type_id: TypeId) -> TypeId:
        """What is behind typedefs, qualifiers and tags."""
        for _ in range(_MAX_CHAIN):
            node = self.graph[type_id]
            if not isinstance(node, Typedef | Qualifier | TypeTag):
                break
            type_id = node.target
        return type_id

    def _plain(self, text: str) -> str:
        if "\0" not in text:
            return text
        parts = text.split("\0")
        for at in range(1, len(parts), 2):
            node = self.graph[int(parts[at])]
            parts[at] = f"{type(node).__name__.lower()} {{...}}"
        return "".join(parts)

    # Definitions

    def body(self, type_id: TypeId, spelling: str = "", base: int = 0) -> Body:
        """A struct, union or enum; ``base`` is the bit it starts at in the outermost type."""
        node = self.graph[type_id]
        assert isinstance(node, Struct | Union | Enum)
        if isinstance(node, Enum):
            mode = _MODES.get(node.byte_size, "")
            if mode == "DI" and any(not -1 << 31 <= value < 1 << 32 for _, value in node[3]):
                mode = ""  # its constants make it so
            self._rows_left -= len(node.enumerators)
            return EnumBody(
                spelling, node.byte_size, node.signed, mode, node.enumerators, self.tags(type_id)
            )
        self._rows_left -= len(node.members) * (1 + len(self._open) // _INDENTED)
        self._open.append(type_id)
        try:
            return self._record(type_id, node, spelling, base)
        finally:
            self._open.pop()

    def _record(self, type_id: TypeId, node: Struct | Union, spelling: str, base: int) -> Record:
        problem, packed, byte_align = "", False, None
        try:
            layout = self.layout.record(type_id)
            byte_align, packed = layout.byte_align, layout.packed
        except LayoutError as error:
            problem = error.problem
        rows: list[Field | Gap] = []
        is_union = isinstance(node, Union)
        end = unit_end = 0
        explained = 1
        order = sorted(enumerate(node.members), key=_place) if not is_union else None
        for index, member in order or enumerate(node.members):
            byte_size, align = self.size_align(member.type)
            start, stop = member.bit_offset, member.bit_offset + 8 * (byte_size or 0)
            unit = start, stop
            if member.bit_width:
                stop = start + member.bit_width
                unit = storage_unit(start, member.bit_width, 8 * (byte_size or 0))
            if not is_union:
                rows += _moved(gaps_before(start, unit[0], end, unit_end), base)
            natural = 1 if packed or not align else align
            forced = 0
            if not is_union and not member.bit_width and not problem:
                forced = _forced_align(end, natural, member.bit_offset, node.byte_size)
            if member.name or not member.bit_width:
                explained = max(explained, natural, forced)
            rows.append(self._field(type_id, index, member, byte_size, forced, base))
            if stop >= end:
                end = stop
                unit_end = max(unit_end, unit[1]) if member.bit_width else stop
        whole = 8 * node.byte_size
        rows += _moved(gaps_before(whole, whole, end, unit_end, last=True), base)
        return Record(
            type(node).__name__.lower(),
            spelling,
            node.byte_size,
            byte_align,
            packed,
            byte_align if byte_align and byte_align > explained else 0,
            tuple(rows),
            totals(rows, overlap=is_union),
            self.tags(type_id),
            problem,
        )

    def _field(
        self,
        outer: TypeId,
        index: int,
        member: Member,
        byte_size: int | None,
        forced: int,
        base: int,
    ) -> Field:
        inlined = self.inlined(member.type, expand=self.expand)
        bits = f":{member.bit_width}" if member.bit_width else ""
        body: Body | None = None
        by_value, padding = True, 0
        if inlined is None:
            before, after = map(self._plain, self._speller.halves(member.type))
            between = ""
            typedefs: tuple[str, ...] = ()
            padding = 0 if bits else self._padding_of(member.type)
        else:
            _, before, between, after, by_value, typedefs = inlined
            body = self.nested(inlined, base + member.bit_offset if by_value else 0)
        return Field(
            member.name,
            self.spell(member.type),
            before,
            between,
            after + bits,
            base + member.bit_offset,
            member.bit_width,
            byte_size,
            forced,
            padding,
            typedefs,
            self.tags(outer, index),
            body,
            by_value,
        )

    def nested(self, inlined: Inlined, base: int) -> Body:
        node = self.graph[inlined.type_id]
        assert isinstance(node, Struct | Union | Enum)
        spelling = f"{type(node).__name__.lower()} {node.name}" if node.name else ""
        return self.body(inlined.type_id, spelling, base)

    def _padding_of(self, type_id: TypeId) -> int:
        """Trailing padding of the struct that a member of this type is, in bytes."""
        type_id = self._by_value(type_id)
        found = self._paddings.get(type_id)
        if found is None:
            found = 0
            node = self.graph[type_id]
            if isinstance(node, Struct) and node.members:
                end = 0
                for _, target, bit_offset, bit_width in node.members:
                    size = self.size_align(target)[0] or 0
                    end = max(end, bit_offset + (bit_width or 8 * size))
                found = max(0, node.byte_size - -(-end // 8))
            self._paddings[type_id] = found
        return found


def _name(type_id: TypeId, node: Named) -> str:
    """The name as C has it; a marker for a type without one, to put its definition there."""
    if isinstance(node, Struct | Union | Enum) and not node.name:
        return f"\0{type_id}\0"
    return plain_name(type_id, node)


def _place(indexed: tuple[int, Member]) -> int:
    return indexed[1].bit_offset


def _moved(gaps: list[Gap], base: int) -> list[Gap]:
    return [gap._replace(bit_offset=base + gap.bit_offset) for gap in gaps] if base else gaps


def _forced_align(end: int, natural: int, bit_offset: int, byte_size: int) -> int:
    """The attribute that moved a member behind where its type alone would put it."""
    begin, byte_offset = -(-end // 8), bit_offset // 8
    if byte_offset <= -(-begin // natural) * natural:
        return 0
    align = explaining_align(begin, byte_offset)
    return align if align > natural and byte_size % align == 0 else 0


def _tags_by_target(graph: TypeGraph) -> dict[tuple[TypeId, int], list[str]]:
    """(declaration, component) -> the tags on it, in the source's order."""
    found: dict[tuple[TypeId, int], list[str]] = {}
    layer: TypeGraph | None = graph
    while layer is not None:
        for tag_id in layer.ids_of(DeclTag):
            tag = graph[tag_id]
            assert isinstance(tag, DeclTag)
            if not tag.attribute:
                found.setdefault((tag.target, tag.component), []).append(tag.name)
        layer = layer.base
    return found

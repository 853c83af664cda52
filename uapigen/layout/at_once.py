"""All of a source's structs at once: those that lie as C lays one out without attributes.

The same rules as for one type (``records.py``), over columns of the source's words, so that
no type is decoded. ``survey.py`` has found out what takes no order. Here, parts before the
whole, come the members that embed a struct, one in five.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import chain, compress, count, repeat
from operator import and_
from typing import TYPE_CHECKING, TypeAlias

from uapigen.ir.types import Composite, Member, Struct, TypeId, Union
from uapigen.layout.coded import CodedTypes
from uapigen.layout.embedding import Embedded
from uapigen.layout.survey import survey
from uapigen.layout.targets import DataModel

if TYPE_CHECKING:
    from uapigen.ir.columns import Columns
    from uapigen.layout.records import Extent, Told

__all__ = ["AtOnce"]

_MAX_LEVELS = 50
_MAX_LEAVES = 10_000
"""Less than ``records.py`` lets any type have, and counted as if every member were unnamed."""

_NAMES = ("", *["?"] * 255)
"""By the first byte of a name."""
_new = tuple.__new__  # what a named tuple's own constructor calls, without the call
_NO_EDGES = (0, 0)
_LONG = 8
"""Bytes; the largest alignment of most types."""

_LookClosely: TypeAlias = Callable[[TypeId, Composite], "Told | None"]
_Surrounded: TypeAlias = Callable[[TypeId, int, int, bool], tuple[int, bool]]


class AtOnce:
    """The layouts of a source's records, which are numbered in its order.

    ``known`` are extents, to which those of records are added, and those of what
    ``look_closely`` is going to ask for. That lays out what is odd, or says None.
    ``surrounded`` says of a type of that size and alignment, with neither holes nor padding
    or with some, which alignment the places show where it is embedded, and whether it is packed.
    """

    def __init__(self, columns: Columns, model: DataModel, known: dict[TypeId, Extent]) -> None:
        self.types = CodedTypes(columns, model, known)
        self.found = survey(columns, self.types)
        self.columns = columns
        self.known = known
        self.told: dict[TypeId, Told] = {}
        members, bases = self.found.embedding, self.types.bases
        self._embedded = list(map(columns.member_types.__getitem__, members))
        self._bases = list(map(bases.get, self._embedded, self._embedded))
        self._offsets = list(map(self.found.offsets.__getitem__, members))
        # Where each record's embedding members stop among all of those, and start.
        stops = dict(zip(self.found.owners, count(1), strict=False))
        starts = chain((0,), stops.values())
        self._edges = dict(zip(stops, zip(starts, stops.values(), strict=False), strict=True))
        self._begun = bytearray(len(columns.records))
        self._depth = 0
        self._gaps = list(map(self.found.gaps.__getitem__, members))
        self._naturals = list(map(max, map(self.found.aligns.__getitem__, self.found.cuts)))
        self.embedded = self._find_embedded()
        off = compress(self._bases, map(and_, self._offsets, repeat(8 * _LONG - 1)))
        self._telling = {*off, *self.embedded.gaps, *self.embedded.unclear}
        """Embedded records that a place may show to be packed or aligned."""

    def _find_embedded(self) -> Embedded:
        found, gaps, offsets = self.found, self._gaps, self._offsets
        outers = map(self.columns.records.__getitem__, found.owners)
        embedded = Embedded(defaultdict(list), defaultdict(list), defaultdict(list))
        places = list(zip(outers, offsets, strict=True))
        for base, place in zip(self._bases, places, strict=True):
            embedded.places[base].append(place)
        are_unclear = list(map(found.unclear.__contains__, found.owners))
        for edge in compress(count(), gaps):
            if not are_unclear[edge]:
                gap = offsets[edge] - gaps[edge] + 7 >> 3, offsets[edge] >> 3
                embedded.gaps[self._bases[edge]].append(gap)
        for edge in compress(count(), are_unclear):
            embedded.unclear[self._bases[edge]].append(places[edge])
        return embedded

    def lay_out_all(
        self, surrounded: _Surrounded, look_closely: _LookClosely
    ) -> dict[TypeId, Told]:
        """The layouts of the records that have one, whose extents become known."""
        self._surrounded, self._look_closely = surrounded, look_closely
        found, begun = self.found, self._begun
        for number in range(len(begun)):
            if number not in self._edges and number not in found.odd:
                begun[number] = 1
                levels = max(found.levels[found.cuts[number]])
                self._settle(number, self._naturals[number], levels, self.columns.vlens[number])
        for number in self._edges:
            if not begun[number]:
                self._lay_out(number)
        for number in found.odd:
            if not begun[number]:
                self._lay_out(number)
        return self.told

    def _lay_out(self, number: int) -> None:
        """Lay out a record, after those that it embeds."""
        self._begun[number] = 1
        found, known = self.found, self.known
        embedded, offsets, gaps = self._embedded, self._offsets, self._gaps
        natural, levels, leaves = self._naturals[number], 0, self.columns.vlens[number]
        plain = number not in found.odd
        for edge in range(*self._edges.get(number, _NO_EDGES)):
            target = embedded[edge]
            extent = known.get(target) or self._extent(target)
            if extent is None:
                plain = False
                continue
            _, align, inner_levels, inner_leaves = extent
            bits = align << 3
            if offsets[edge] % bits or gaps[edge] >= bits:
                plain = False
            if align > natural:
                natural = align
            if inner_levels > levels:
                levels = inner_levels
            leaves += inner_leaves - 1
        if plain and levels < _MAX_LEVELS and leaves < _MAX_LEAVES:
            self._settle(number, natural, levels, leaves)
        else:
            self._set_apart(number)

    def _settle(self, number: int, natural: int, levels: int, leaves: int) -> None:
        """Lay out a record whose members lie where they lie naturally."""
        type_id, size = self.columns.records[number], self.columns.sizes[number]
        end = self.found.ends[number] >> 3
        if size != end + -end % natural:
            self._set_apart(number)
            return
        align, packed = natural, False
        if type_id in self.embedded.places:
            if type_id in self._telling or (natural > _LONG and self._is_off(type_id, natural)):
                gapless = natural > 1 and size == end and number not in self.found.holed
                if gapless or not size % (2 * natural):
                    align, packed = self._surrounded(type_id, size, natural, gapless)
            inner = max(self.found.levels[self.found.cuts[number]])
            self.known[type_id] = (
                size,
                align,
                (inner if inner > levels else levels) + 1,
                leaves or 1,
            )
        self.told[type_id] = size, align, packed, True

    def _is_off(self, type_id: TypeId, align: int) -> bool:
        """Whether a record lies off its alignment somewhere."""
        return any(offset % (8 * align) for _, offset in self.embedded.places[type_id])

    def _set_apart(self, number: int) -> None:
        """Look closely at a record, for which its members' types must be known."""
        known = self.known
        for target in self.columns.member_types[self.found.cuts[number]]:
            if target not in known:
                with suppress(KeyError):
                    known[target] = self.types.extent(target)
        type_id = self.columns.records[number]
        layout = self._look_closely(type_id, self._node(number))
        if layout is not None:
            self.told[type_id] = layout

    def _node(self, number: int) -> Composite:
        """A record as far as layout needs it."""
        columns, cut = self.columns, self.found.cuts[number]
        widths: Iterable[int] = repeat(0)
        if number in self.found.with_bitfields:
            widths = map(self.found.widths.get, range(cut.start, cut.stop), repeat(0))
        names = map(_NAMES.__getitem__, columns.have_names(cut))
        members = zip(
            names, columns.member_types[cut], self.found.offsets[cut], widths, strict=False
        )
        node = Union if number in self.found.unions else Struct
        return node("", columns.sizes[number], tuple(map(_new, repeat(Member), members)))

    def _extent(self, type_id: TypeId) -> Extent | None:
        """Of a record, or a form of one; None where it has no layout or is not known yet."""
        base = self.types.bases.get(type_id, type_id)
        if base not in self.known:
            number = self.found.numbers[base]
            if self._begun[number] or self._depth > _MAX_LEVELS:
                return None
            self._depth += 1
            self._lay_out(number)
            self._depth -= 1
            if base not in self.known:
                return None
        extent = self.known[base]
        if base != type_id:
            _, align, levels, leaves = extent
            levels += self.types.levels_above(type_id)
            if levels > _MAX_LEVELS:
                return None
            extent = self.types.bits[type_id] >> 3, align, levels, leaves
            self.known[type_id] = extent
        return extent

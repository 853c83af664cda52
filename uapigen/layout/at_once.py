"""All of a source's structs at once: those that lie as C lays one out without attributes.

The same rules as for one type (``records.py``), over columns of the source's words, so that
no type is decoded. ``survey.py`` has found out what takes no order. Here, parts before the
whole, come the members that embed a struct, one in five.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, compress, count, repeat
from operator import and_, or_, rshift
from typing import TYPE_CHECKING, TypeAlias

from uapigen.errors import LayoutError
from uapigen.ir.types import TypeId
from uapigen.layout.coded import CodedTypes
from uapigen.layout.embedding import Embedded
from uapigen.layout.extents import Outline
from uapigen.layout.survey import survey
from uapigen.layout.targets import DataModel

if TYPE_CHECKING:
    from uapigen.ir.columns import Columns
    from uapigen.layout.extents import Extent, Told

__all__ = ["AtOnce"]

_MAX_LEVELS = 50
_MAX_LEAVES = 10_000
"""Less than ``records.py`` lets any type have, and counted as if every member were unnamed."""

_NAMES = ("", *["?"] * 255)
"""By the first byte of a name."""
_LONG = 8
"""Bytes; the largest alignment of most types."""

_LookClosely: TypeAlias = Callable[[TypeId, Outline | None], "Told | None"]
_Surrounded: TypeAlias = Callable[[TypeId, int, int, bool], tuple[int, bool]]


class AtOnce:
    """The layouts of a source's records, which are numbered in its order.

    ``known`` are extents, to which those of records are added, and those of what
    ``look_closely`` is going to ask for. That lays out what does not lie plainly, for which it
    takes an outline of most, or says None.
    ``surrounded`` says of a type of that size and alignment, with neither holes nor padding
    or with some, which alignment the places show where it is embedded, and whether it is packed.
    """

    def __init__(self, columns: Columns, model: DataModel, known: dict[TypeId, Extent]) -> None:
        self.columns = columns
        self.types = CodedTypes(columns, model, known)
        self.found = found = survey(columns, self.types)
        self.known = known
        self.told: dict[TypeId, Told] = {}
        self._naturals = list(map(max, map(found.aligns.__getitem__, found.cuts)))
        # Of the members that embed a record, their types, the records, and where they lie.
        bases = self.types.bases.get
        self._embedded = list(map(columns.member_types.__getitem__, found.embedding))
        self._bases = list(map(bases, self._embedded, self._embedded))
        self._offsets = list(map(found.offsets.__getitem__, found.embedding))
        self._gaps = list(map(found.gaps.__getitem__, found.embedding))
        stops = dict(zip(found.owners, count(1), strict=False))
        starts = chain((0,), stops.values())
        self._edges = dict(zip(stops, map(range, starts, stops.values()), strict=True))
        """Of each record that embeds others: which of those are its own."""
        self.embedded = self._find_embedded()
        bits_off = map(and_, self._offsets, repeat(8 * _LONG - 1))
        self._hard = list(map(or_, self._gaps, bits_off))
        """0 where no alignment up to that of a long is hurt, or needed, in that place."""
        gaps, unclear = self.embedded.gaps, self.embedded.unclear
        self._telling = {*compress(self._bases, self._hard), *gaps, *unclear}
        """Embedded records that a place may show to be packed or aligned."""

    def _find_embedded(self) -> Embedded:
        found, offsets = self.found, self._offsets
        outers = map(self.columns.records.__getitem__, found.owners)
        embedded = Embedded(defaultdict(list), defaultdict(list), defaultdict(list))
        places = list(zip(outers, offsets, strict=True))
        for base, place in zip(self._bases, places, strict=True):
            embedded.places[base].append(place)
        are_unclear = list(map(found.unclear.__contains__, found.owners))
        widths = list(map(found.wider.get, found.embedding, self._gaps))
        for edge in compress(count(), widths):
            if not are_unclear[edge]:
                gap = offsets[edge] - widths[edge] + 7 >> 3, offsets[edge] >> 3
                embedded.gaps[self._bases[edge]].append(gap)
        for edge in compress(count(), are_unclear):
            embedded.unclear[self._bases[edge]].append(places[edge])
        return embedded

    def lay_out_all(
        self, surrounded: _Surrounded, look_closely: _LookClosely
    ) -> dict[TypeId, Told]:
        """The layouts of the records that have one, whose extents become known."""
        self._surrounded, self._look_closely = surrounded, look_closely
        self._lay_out(self._lay_out_simple())
        for numbers in self._rounds():
            self._lay_out(numbers)
        return self.told

    def _lay_out_simple(self) -> list[int]:
        """Lay out most records that embed no other; those of them that take a closer look."""
        records, sizes, vlens = self.columns.records, self.columns.sizes, self.columns.vlens
        ends, cuts, odd = self.found.ends, self.found.cuts, self.found.odd
        edges, places, telling = self._edges, self.embedded.places, self._telling
        coded_levels, known, told, left = self.found.levels, self.known, self.told, []
        for number, natural in enumerate(self._naturals):
            if number not in edges:
                type_id, size, end = records[number], sizes[number], ends[number] >> 3
                has_more = number in odd or type_id in telling or natural > _LONG
                if has_more or size != end + -end % natural:
                    left.append(number)
                else:
                    told[type_id] = size, natural, False, True
                    if type_id in places:
                        levels = max(coded_levels[cuts[number]])
                        known[type_id] = size, natural, levels + 1, vlens[number] or 1
        return left

    def _rounds(self) -> Iterator[Iterable[int]]:
        """The records that embed others, after those."""
        waiting, owners = self._edges.keys() | set(), self.found.owners
        parts = list(map(self.found.numbers.__getitem__, self._bases))
        for _ in range(_MAX_LEVELS):
            if not waiting:
                return
            wait = list(map(waiting.__contains__, parts))
            owners, parts = list(compress(owners, wait)), list(compress(parts, wait))
            later = set(owners)
            yield waiting - later
            waiting = later
        yield waiting  # They nest too deeply, or contain themselves.

    def _lay_out(self, numbers: Iterable[int]) -> None:
        """Lay out records, of whose parts is known what can be known."""
        records, sizes, vlens = self.columns.records, self.columns.sizes, self.columns.vlens
        found, edges, places, telling = self.found, self._edges, self.embedded.places, self._telling
        ends, cuts, odd, coded_levels = found.ends, found.cuts, found.odd, found.levels
        embedded, hard = self._embedded, self._hard
        offsets, gaps = self._offsets, self._gaps
        naturals, known, told, extent_of = self._naturals, self.known, self.told, self.known.get
        for number in numbers:
            own = edges.get(number, ())
            natural, levels, plain = naturals[number], 0, number not in odd
            leaves = vlens[number] - len(own)
            for edge in own:
                target = embedded[edge]
                extent = extent_of(target) or self._form_extent(target)
                if extent is None:
                    plain = False
                    continue
                _, align, inner_levels, inner_leaves = extent
                if hard[edge] or align > _LONG:
                    bits = align << 3
                    if offsets[edge] % bits or gaps[edge] >= bits:
                        plain = False
                if align > natural:
                    natural = align
                if inner_levels > levels:
                    levels = inner_levels
                leaves += inner_leaves
            type_id, size, end = records[number], sizes[number], ends[number] >> 3
            plain = plain and size == end + -end % natural
            if not plain or levels >= _MAX_LEVELS or leaves >= _MAX_LEAVES:
                self._set_apart(number, leaves)
                continue
            align, packed = natural, False
            if type_id in telling or (natural > _LONG and type_id in places):
                align, packed = self._ask_around(number, natural)
            if type_id in places:
                others = max(coded_levels[cuts[number]])
                levels = others if others > levels else levels
                known[type_id] = size, align, levels + 1, leaves or 1
            told[type_id] = size, align, packed, True

    def _ask_around(self, number: int, natural: int) -> tuple[int, bool]:
        """(alignment, packed?) of a record that lies naturally in itself."""
        type_id, size = self.columns.records[number], self.columns.sizes[number]
        if type_id in self._telling or self._is_off(type_id, natural):
            gaps = self.found.gaps[self.found.cuts[number]]
            gapless = natural > 1 and 8 * size == self.found.ends[number] and not any(gaps)
            if gapless or not size % (2 * natural):
                return self._surrounded(type_id, size, natural, gapless)
        return natural, False

    def _is_off(self, type_id: TypeId, align: int) -> bool:
        """Whether a record lies off its alignment somewhere."""
        places = self.embedded.places
        return any(offset % (8 * align) for _, offset in places[type_id])

    def _set_apart(self, number: int, leaves: int) -> None:
        """Look closely at a record, for which its members' types must be known."""
        columns, found, known = self.columns, self.found, self.known
        type_id, cut = columns.records[number], found.cuts[number]
        types = columns.member_types[cut]
        for part in set(types):
            if part not in known and (extent := self.types.extent(part)) is not None:
                known[part] = extent
        outline = None
        if number not in found.unclear and leaves < _MAX_LEAVES:
            names: Iterable[str] = repeat("?")
            widths: Iterable[int] = repeat(0)
            if number in found.with_bitfields:
                names = map(_NAMES.__getitem__, columns.have_names(cut))
                widths = map(rshift, columns.member_offsets[cut], repeat(24))
            members = list(zip(names, types, found.offsets[cut], widths, strict=False))
            outline = Outline(number in found.unions, columns.sizes[number], members)
        layout = self._look_closely(type_id, outline)
        if layout is not None:
            self.told[type_id] = layout

    def _form_extent(self, type_id: TypeId) -> Extent | None:
        """Of a form of a record, where that is known and nothing nests too deeply."""
        extent = self.known.get(self.types.bases.get(type_id, type_id))
        if extent is None:
            return None
        if type_id in self.types.aside:
            try:
                return self.known[type_id]
            except (KeyError, LayoutError):
                return None
        _, align, levels, leaves = extent
        levels += self.types.levels_above(type_id)
        if levels > _MAX_LEVELS:
            return None
        extent = self.known[type_id] = self.types.bits[type_id] >> 3, align, levels, leaves
        return extent

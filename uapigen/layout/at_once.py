"""All of a source's structs at once: those that lie as C lays one out without attributes.

The same steps as for one type (``records.py``), taken over columns of the source's words
and what is known of each type's size and alignment, so that no type is decoded.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat
from typing import TYPE_CHECKING, TypeAlias

from uapigen.ir.types import TypeId
from uapigen.layout.targets import DataModel

if TYPE_CHECKING:
    from uapigen.ir.columns import Columns, Record
    from uapigen.layout.records import Extent, Told

__all__ = ["measure_forms", "plain_layouts"]

_MAX_LEVELS = 50
_MAX_LEAVES = 10_000
_MAX_NELEMS = 1 << 16
"""Less than ``records.py`` lets any type have, and counted as if every member were unnamed."""

_Surrounded: TypeAlias = Callable[[TypeId, int, int, bool], tuple[int, bool]]
_LookClosely: TypeAlias = Callable[[TypeId], "Told | None"]


def measure_forms(columns: Columns, model: DataModel, known: dict[TypeId, Extent]) -> None:
    """Add the extents of pointers and enums, and of aliases and arrays of what is known.

    What takes a closer look is left out.
    """
    aligns = model.aligns
    scalars = {size: (size, aligns[size], 0, 1) for size in (1, 2, 4, 8)}
    known.update(zip(columns.pointers, repeat(scalars[model.pointer_size]), strict=False))
    for type_id, size in columns.enums:
        if size in scalars:
            known[type_id] = scalars[size]
    get, aligned = known.get, model.typedef_aligns
    for type_id, target, name in columns.aliases:
        extent = get(target)
        if extent is not None and extent[2] < _MAX_LEVELS and name not in aligned:
            size, align, levels, leaves = extent
            known[type_id] = size, align, levels + 1, leaves
    for type_id, element, nelems in columns.arrays:
        extent = get(element)
        if extent is not None and extent[2] < _MAX_LEVELS and nelems <= _MAX_NELEMS:
            size, align, levels, leaves = extent
            known[type_id] = size * nelems, align, levels + 1, leaves


def plain_layouts(
    columns: Columns,
    known: dict[TypeId, Extent],
    surrounded: _Surrounded,
    look_closely: _LookClosely,
) -> dict[TypeId, Told]:
    """The layouts of the records, whose extents become known.

    ``known`` measures what it is asked for and raises KeyError for a struct that it does not
    know. ``surrounded`` says of a type of that size and alignment, with neither holes nor padding
    or with some, which alignment the places show where it is embedded, and whether it is packed.
    ``look_closely`` lays out any other type, or says None.
    """
    told: dict[TypeId, Told] = {}
    types, offsets, used = columns.member_types, columns.member_offsets, columns.used
    todo: list[Record] = list(columns.records)
    while todo:
        later = []
        for record in todo:
            type_id, is_union, has_bitfields, size, start, stop = record
            try:
                extents = [known[target] for target in types[start:stop]]
            except KeyError:  # of a struct that comes later, but for malformed ones
                later.append(record)
                continue
            end, natural, levels, leaves, has_holes = 0, 1, 0, stop - start, False
            plain = not has_bitfields
            for (byte_size, align, inner_levels, inner_leaves), bit_offset in zip(
                extents, offsets[start:stop], strict=True
            ):
                begin = 0 if is_union else end + -end % align
                if bit_offset != begin << 3:
                    plain = False
                    break
                if begin > end:
                    has_holes = True
                if begin + byte_size > end:
                    end = begin + byte_size
                if align > natural:
                    natural = align
                if inner_levels:
                    leaves += inner_leaves - 1
                    if inner_levels > levels:
                        levels = inner_levels
            if (
                plain
                and size == end + -end % natural
                and levels < _MAX_LEVELS
                and leaves < _MAX_LEAVES
            ):
                gapless = natural > 1 and size == end and not has_holes
                align, packed = natural, False
                if type_id in used and (gapless or not size % (2 * natural)):
                    align, packed = surrounded(type_id, size, natural, gapless)
                known[type_id] = size, align, levels + 1, leaves or 1
                told[type_id] = size, align, packed, True
            elif (layout := look_closely(type_id)) is not None:
                told[type_id] = layout
        if len(later) == len(todo):
            break
        todo = later
    return told

"""What all of a source's types are as members, one byte and one number for each.

For layouts of all structs at once (``at_once.py``): as far as no struct's layout is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import compress
from typing import TYPE_CHECKING

from uapigen.errors import LayoutError
from uapigen.ir.columns import FORM, POINTER, RECORD
from uapigen.ir.types import TypeId
from uapigen.layout.targets import DataModel

if TYPE_CHECKING:
    from uapigen.ir.columns import Columns
    from uapigen.layout.extents import Extent

__all__ = ["ALIGNS", "EMBEDS", "LEVELS", "MASKS", "OTHERS", "CodedTypes"]

_MAX_NELEMS = 1 << 16
"""Less than ``records.py`` lets an array have."""

_MAX_FORMS = 64
"""Typedefs, arrays and so on in a row, where one with a lower id is of one with a higher; a
kernel has 3."""

# A code's lower half is the number of typedefs, arrays and so on around a type; its upper half
# the power of two that is the type's alignment in bytes, or else:
_RECORD = 0xE0  # a struct or union
_OTHER = 0xFE  # what has no size, or takes a closer look
_UNKNOWN = 0xFF
OTHERS = (_OTHER, _UNKNOWN)
_MAX_POWER = 5
_MAX_LEVELS = 13


def _table(answer: Callable[[int, int], int], else_: int) -> bytes:
    """For bytes.translate(): what is true of an alignment (power of two) and levels."""
    halves = [divmod(code, 16) for code in range(256)]
    return bytes([answer(*half) if half[0] <= _MAX_POWER else else_ for half in halves])


ALIGNS = _table(lambda power, _: 1 << power, 1)
MASKS = _table(lambda power, _: (8 << power) - 1, 7)
"""The bits of a bit offset that are 0 for that alignment."""
LEVELS = _table(lambda _, levels: levels, 0)
EMBEDS = bytes([_RECORD <= code < 0xF0 for code in range(256)])
_LAST_FORM = _RECORD | _MAX_LEVELS
_AROUND = bytes(
    [
        code + 1 if code & 0xF < _MAX_LEVELS else code if code in (_LAST_FORM, _UNKNOWN) else _OTHER
        for code in range(256)
    ]
)
"""The code of what is around a type, from the type's."""


class CodedTypes:
    """Sizes of all types, and alignments and levels of those without a record in them.

    ``known``: extents of the numbers; finds those of single others, or raises KeyError
    or :class:`LayoutError`. Raises LookupError where something refers to no type, and where forms
    of each other go on too long.
    """

    def __init__(self, columns: Columns, model: DataModel, known: dict[TypeId, Extent]) -> None:
        self._known = known
        self.bases: dict[TypeId, TypeId] = {}
        """Of arrays and other forms of a record: which."""
        self.aside: set[TypeId] = set()
        """Those of them that take a closer look to measure."""
        start = {RECORD: _RECORD, POINTER: _code(model.aligns[model.pointer_size]), FORM: _UNKNOWN}
        table = bytes([start.get(found, _OTHER) for found in range(256)])
        self.codes = bytearray(columns.classes.translate(table))
        self.bits = [8 * model.pointer_size] * len(self.codes)
        """Sizes, by type id; any number where a type has none."""
        for type_id, size in zip(columns.records, columns.sizes, strict=True):
            self.bits[type_id] = 8 * size
        for type_id, (size, align, _, _) in known.items():
            self._add(type_id, size, _code(align))
        for type_id, size in columns.enums:
            if size in (1, 2, 4, 8):
                self._add(type_id, size, _code(model.aligns[size]))
        self._add_forms(columns, model)

    def _add(self, type_id: TypeId, byte_size: int, code: int) -> None:
        self.bits[type_id], self.codes[type_id] = 8 * byte_size, code

    def _add_forms(self, columns: Columns, model: DataModel) -> None:
        bits, codes, bases = self.bits, self.codes, self.bases
        apart = set(columns.typedefs_named(model.typedef_aligns))
        apart.update(compress(columns.forms, map(_MAX_NELEMS.__lt__, columns.form_counts)))
        for type_id in apart:
            self._measure(type_id)
        todo: Iterable[tuple[TypeId, TypeId, int]] = zip(
            columns.forms, columns.form_targets, columns.form_counts, strict=True
        )
        left = len(columns.forms)
        for _ in range(_MAX_FORMS):
            later = []
            for type_id, target, nelems in todo:
                code = _AROUND[codes[target]]
                if code == _UNKNOWN:
                    later.append((type_id, target, nelems))
                elif EMBEDS[code]:
                    codes[type_id], bits[type_id] = code, bits[target] * nelems
                    bases[type_id] = bases.get(target, target)
                    if type_id in apart or target in self.aside or code == _LAST_FORM:
                        self.aside.add(type_id)
                elif type_id not in apart:
                    codes[type_id], bits[type_id] = code, bits[target] * nelems
            if len(later) == left:
                return  # none, or each is one of itself
            todo, left = later, len(later)
        raise LookupError("too many typedefs and arrays of each other")

    def _measure(self, type_id: TypeId) -> None:
        """Measure a type without a record in it; others, and what has no size, stay unknown."""
        with suppress(KeyError, LayoutError):
            size, align, levels, _ = self._known[type_id]
            self._add(type_id, size, _code(align, levels))

    def extent(self, type_id: TypeId) -> Extent | None:
        """Of a type without a record in it; None for any other."""
        code = self.codes[type_id]
        if code >= _RECORD:
            return None
        return self.bits[type_id] >> 3, ALIGNS[code], LEVELS[code], 1

    def levels_above(self, type_id: TypeId) -> int:
        """How many forms there are around a record."""
        return self.codes[type_id] - _RECORD


def _code(byte_align: int, levels: int = 0) -> int:
    power = byte_align.bit_length() - 1
    return power << 4 | levels if power <= _MAX_POWER and levels <= _MAX_LEVELS else _OTHER

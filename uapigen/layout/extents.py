"""What layout says of types: the words that its modules share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from uapigen.ir.types import Member, TypeId

__all__ = ["Extent", "Extents", "Hole", "Outline", "RecordLayout", "SizeAlign", "Told"]


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


class Outline(NamedTuple):
    """What of a struct or union its layout depends on."""

    is_union: bool
    byte_size: int
    members: Sequence[tuple[str, TypeId, int, int]]
    """In memory order, as :class:`Member` has them. That names are true matters for messages only;
    that there is one, for bitfields and what contains members itself."""
    byte_align: int | None = None
    """What the source says."""


Extent: TypeAlias = tuple[int, int, int, int]
"""Of a type: its size and alignment in bytes, its levels and its leaves."""

Told: TypeAlias = tuple[int, int, bool, bool]
"""Of a struct or union: size and alignment in bytes, packed?, members in memory order?"""

Hole: TypeAlias = tuple[int, int, int]
"""Unused bytes before a member: where they begin, the member's alignment and offset."""


class Extents(dict[TypeId, Extent]):
    """Extents by type id; what is no struct or union is measured when first looked up."""

    def __init__(self, measure: Callable[[TypeId], None]) -> None:
        super().__init__()
        self._measure = measure

    def __missing__(self, type_id: TypeId) -> Extent:
        self._measure(type_id)
        return self[type_id]

"""What a plan says of one type, variable or failure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from uapigen.ir.types import Enumerator, Member, TypeId

__all__ = ["EnumPlan", "Failure", "PlannedMember", "RecordPlan", "VariablePlan"]


class PlannedMember(NamedTuple):
    """A member: ``offset`` in bytes, or in bits where ``bit_width`` is not 0."""

    name: str
    offset: int
    c_type: str
    bit_width: int
    type: TypeId


class RecordPlan(NamedTuple):
    """A struct or union (``keyword``); sizes in bytes.

    ``source_members`` are the source's own, in memory order and without
    padding; ``c_types`` spells their types.
    """

    key: str
    keyword: str
    spelling: str
    byte_size: int
    byte_align: int
    source_members: Sequence[Member]
    c_types: Mapping[TypeId, str]

    @property
    def members(self) -> list[PlannedMember]:
        """The members as they are emitted."""
        return [
            PlannedMember(
                name, bit_offset if bit_width else bit_offset >> 3, self.c_types[t], bit_width, t
            )
            for name, t, bit_offset, bit_width in self.source_members
        ]


class EnumPlan(NamedTuple):
    """An enum; the constants in source order."""

    key: str
    spelling: str
    byte_size: int
    signed: bool
    enumerators: tuple[Enumerator, ...]


class VariablePlan(NamedTuple):
    """A variable; where it lies in its section, in bytes."""

    c_type: str
    section: str
    byte_offset: int
    byte_size: int
    linkage: str


class Failure(NamedTuple):
    """Something the source defines and the output lacks."""

    spelling: str
    reason: str

"""What a finding is before it is judged: a change at its root, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from uapigen.compare.conventions import Conventions
from uapigen.compare.findings import Change
from uapigen.compare.types import Shapes
from uapigen.ir.types import TypeId

__all__ = ["Cause", "RecordChanges", "Root", "Sources"]


@dataclass(slots=True, eq=False)
class Root:
    """A finding in the making: a change, and what has been found to follow from it."""

    change: Change
    growth: int = 0
    """Bits by which it shifts what lies behind it, if nothing absorbs that."""
    reason: str = ""
    effects: list[Change] = field(default_factory=list)


Cause: TypeAlias = Root | str
"""A change of the record's own, or the name of what it embeds, which has changed."""


@dataclass(slots=True)
class RecordChanges:
    """What differs between two versions of a record."""

    subject: str
    roots: list[Root] = field(default_factory=list)
    embedded: dict[str, list[Change]] = field(default_factory=dict)
    """By the name of what is embedded: what differs because of that."""
    size_cause: Cause | None = None
    align_cause: Cause | None = None


@dataclass(slots=True)
class Sources:
    """The two sources, and the conventions under which they are compared."""

    old: Shapes
    new: Shapes
    conventions: Conventions

    def aligns(self, before: TypeId, after: TypeId) -> tuple[int, int]:
        """Alignments (bytes) of a type of each: as said where both say it, else as layouts show."""
        old, new = self.old.facts, self.new.facts
        said = old.says_aligns and new.says_aligns
        return old.byte_align(before, said=said), new.byte_align(after, said=said)

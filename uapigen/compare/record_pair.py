"""Two versions of a struct or union while they are compared, and questions about them."""

from __future__ import annotations

from functools import cached_property

from uapigen.compare.causes import Cause, RecordChanges, Root, Sources
from uapigen.compare.facts import Slot
from uapigen.compare.findings import Change, Fact
from uapigen.compare.match import match
from uapigen.compare.types import cause_of_size
from uapigen.ir.types import TypeId

__all__ = ["RecordPair", "both_facts", "embedded_cause", "fact", "size_fact"]


class RecordPair:
    """Two versions of a record while they are compared: what was found so far."""

    def __init__(self, sources: Sources, subject: str, before: TypeId, after: TypeId) -> None:
        self.sources, self.subject = sources, subject
        self.before, self.after = before, after
        old, new = sources.old.facts, sources.new.facts
        self.old, self.new = old.slots(before), new.slots(after)
        self.sizes = old.byte_size(before) or 0, new.byte_size(after) or 0
        self.found = RecordChanges(subject)
        self.of_pair: dict[str, Root] = {}
        """A change of a member itself, by its new path."""
        self.reserved: dict[str, Root] = {}
        """What became of reserved members that both have, by their new path."""
        self.explained: dict[int, Cause] = {}
        """Of these, those that only made room: what they made room for."""
        self.attributes: Cause | None = None
        """Packing or alignment of the record itself, if that differs and nothing else does."""
        self.matched = match(self.old, self.new, self.alike)
        self.gone: dict[str, Root] = {}
        """Of the removed members, by path."""
        self.come: dict[str, Root] = {}
        """Of the added members, by path."""

    @cached_property
    def versioned(self) -> bool:
        """Whether the type says its size, or is passed with it."""
        return self.sources.conventions.is_versioned(self.subject, self.old)

    # Small things

    def change(
        self, kind: str, place: str, before: Fact | None = None, after: Fact | None = None
    ) -> Change:
        return Change(kind, self.subject, place, before, after)

    def root(
        self,
        kind: str,
        place: str,
        before: Fact | None = None,
        after: Fact | None = None,
        growth: int = 0,
        reason: str = "",
    ) -> Root:
        root = Root(self.change(kind, place, before, after), growth, reason)
        self.found.roots.append(root)
        return root

    def attribute(self, cause: Cause, change: Change) -> None:
        """Note that a change follows from a cause."""
        if isinstance(cause, Root):
            cause.effects.append(change)
        else:
            self.found.embedded.setdefault(cause, []).append(change)

    def is_reserved(self, slot: Slot) -> bool:
        return not slot.group and self.sources.conventions.is_reserved(slot.name)

    def alike(self, a: Slot, b: Slot) -> bool:
        if self.is_reserved(a) and not self.is_reserved(b):
            return False  # it is used up, not renamed
        sources = self.sources
        return sources.old.meaning(a.type) == sources.new.meaning(b.type)

    def used_under(self, a: Slot, b: Slot) -> bool:
        """Whether a member's new bits were another used member's, or lie outside the record."""
        if b.bit_end > 8 * self.sizes[0]:
            return True
        return any(not self.is_reserved(slot) for slot in self.under(b, a.bit_end))

    def under(self, b: Slot, begin: int | None = None) -> list[Slot]:
        """Old members at the place of a new one, but for those that share it in the new record."""
        begin = b.bit_offset if begin is None else begin
        beside = {
            slot.path
            for slot in self.new
            if slot.path != b.path and slot.bit_offset < b.bit_end and slot.bit_end > begin
        }
        return [
            slot
            for slot in self.old
            if slot.path
            and not slot.group
            and slot.bit_offset < b.bit_end
            and slot.bit_end > begin
            and slot.path not in beside
        ]

    def embedded_cause(self, a: Slot, b: Slot, *, also_align: bool = False) -> str:
        """The name of a member's type, if that is why its size (or alignment) differs."""
        return embedded_cause(self.sources, a, b, also_align=also_align)

    def aligns(self) -> tuple[int, int]:
        """Both alignments, in bytes."""
        return self.sources.aligns(self.before, self.after)


def embedded_cause(sources: Sources, a: Slot, b: Slot, *, also_align: bool = False) -> str:
    """The name of a member's type, if it is the same name and another size (or alignment)."""
    if a.c_type != b.c_type or a.bit_width or b.bit_width:
        return ""
    old, new = sources.old, sources.new
    differs = a.bit_size != b.bit_size
    if not differs and also_align:
        before, after = sources.aligns(a.type, b.type)
        differs = before != after
    return cause_of_size(old, a.type, new, b.type) if differs else ""


def both_facts(a: Slot, b: Slot) -> tuple[Fact, Fact]:
    """Both sides of a member, with its paths as values if they differ."""
    if a.path == b.path:
        return fact(a), fact(b)
    return fact(a)._replace(value=a.path), fact(b)._replace(value=b.path)


def fact(slot: Slot) -> Fact:
    """A member as one side of a change."""
    return Fact(slot.text, slot.bit_offset, slot.bit_size)


def size_fact(byte_size: int) -> Fact:
    """A type's size as one side of a change."""
    return Fact(f"{byte_size} bytes", bit_size=8 * byte_size, value=byte_size)

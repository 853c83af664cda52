"""Two versions of a struct or union: what was done to it, and what follows from that.

A declaration that changes moves what lies behind it. So the members that both
versions have are walked in memory order with their *shift*, new offset minus old. As
long as it stays the same, nothing new has happened. Where it changes, something
between here and the member before made it change: a member that was added, removed
or resized, or one whose type has another size now. That is the cause, and members with that
shift are its effects. The end of the record is walked like one more member: its shift is
the difference in size.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from uapigen.compare.conventions import Conventions
from uapigen.compare.facts import Slot
from uapigen.compare.findings import Change, Fact
from uapigen.compare.functions import parameter_changes
from uapigen.compare.match import Matched, Pair, in_order, match
from uapigen.compare.types import Shapes, cause_of_size, function_of, type_change
from uapigen.ir.types import Int, TypeId, Union

__all__ = ["Cause", "RecordChanges", "Root", "Sources", "compare_records"]


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


def compare_records(sources: Sources, subject: str, before: TypeId, after: TypeId) -> RecordChanges:
    """Compare two versions of a struct or union."""
    return _Comparison(sources, subject, before, after).run()


_Shift: TypeAlias = tuple[Cause, int]
"""Something that may shift what follows, and by how many bits."""


class _Comparison:
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
        self.versioned = sources.conventions.is_versioned(subject, self.old)

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

    # The parts of the comparison

    def run(self) -> RecordChanges:
        matched = match(self.old, self.new, self.alike)
        for a, b in matched.pairs:
            if self.is_reserved(a) and self.is_reserved(b):
                kind = "reserved-changed" if a.name == b.name else "reserved-renamed"
                change = self.change(kind, b.path, *_both(a, b))
                self.reserved[b.path] = Root(change, b.bit_size - a.bit_size)
        self._name_changes(matched)
        for a, b in matched.pairs:
            if b.path not in self.reserved:
                self._member_changes(a, b)
        matched.removed = _whole(matched.removed, [a.path for a, _ in matched.pairs])
        matched.added = _whole(matched.added, [b.path for _, b in matched.pairs])
        gone = {slot.path: self._removed(slot) for slot in matched.removed}
        come = {slot.path: self._added(slot) for slot in matched.added}
        self._attributes(matched, bool(gone or come))
        self._walk(matched, gone, come)
        self._alignment(matched)
        self._place_added(matched, come)
        self._consume(matched, gone, come)
        return self.found

    def _name_changes(self, matched: Matched) -> None:
        """Members under other names or paths."""
        for a, b in matched.renamed:
            if b.path in self.reserved:
                continue
            kind = "member-reserved" if self.is_reserved(b) else "member-renamed"
            self.of_pair[b.path] = self.root(kind, a.path, *_both(a, b))
        tops: list[Pair] = []
        for a, b in matched.regrouped:
            if any(_goes_with(a, b, top) for top in tops):
                continue
            tops.append((a, b))
            self.of_pair[b.path] = self.root("member-regrouped", a.path, *_both(a, b))
        for a, b in matched.pairs:
            if a.path == b.path and a.bit_offset == b.bit_offset and b.path not in self.reserved:
                levels = _anonymous_levels(a), _anonymous_levels(b)
                if levels[0] != levels[1]:
                    into = levels[1] > levels[0]
                    kind = "member-into-anonymous" if into else "member-out-of-anonymous"
                    self.of_pair[b.path] = self.root(kind, a.path, *_both(a, b))

    def _member_changes(self, a: Slot, b: Slot) -> None:
        """What differs about one member, but for its place."""
        old, new = self.sources.old, self.sources.new
        kind = self._width_change(a, b) if a.bit_width or b.bit_width else ""
        effects: list[Change] = []
        if not kind and (a.c_type != b.c_type or _keyword(old, a) != _keyword(new, b)):
            if a.group and b.group:
                same = _keyword(old, a) == _keyword(new, b)
                kind = "array-length-changed" if same else "keyword-changed"
            elif function_of(old, a.type) and function_of(new, b.type):
                if old.meaning(a.type) != new.meaning(b.type):
                    kind = "operation-retyped"
                    effects = parameter_changes(
                        old, function_of(old, a.type), new, function_of(new, b.type),
                        self.subject, f"{b.path}.",
                    )  # fmt: skip
                else:
                    kind = "member-respelled"
            else:
                kind = self._type_change(a, b)
        if kind:
            grown = 0 if a.group and b.group and kind == "keyword-changed" else (
                b.bit_size - a.bit_size
            )  # fmt: skip
            root = self.root(kind, b.path, *_both(a, b), grown)
            root.effects += effects
            self.of_pair[b.path] = root

    def _type_change(self, a: Slot, b: Slot) -> str:
        old, new = self.sources.old, self.sources.new
        what = type_change(old, a.type, new, b.type)
        first, second = old.shape(a.type), new.shape(b.type)
        arrays = first.nelems is not None and second.nelems is not None
        if what in ("resized", "retyped") and arrays and _same_element(old, a, new, b):
            if first.nelems == 1 and second.nelems == 0 and self._is_last(a, self.old):
                return "array-became-flexible"
            if first.nelems == 0:
                return "flexible-became-array"
            grew = b.bit_size > a.bit_size and a.bit_offset == b.bit_offset
            extended = grew and not self._used_under(a, b)
            return "array-extended" if extended else "array-length-changed"
        if what == "resized" and self._is_widened(a, b):
            return "member-widened"
        return f"member-{what}" if what else ""

    def _width_change(self, a: Slot, b: Slot) -> str:
        """A bitfield's change: its width, or that it is one."""
        if bool(a.bit_width) != bool(b.bit_width) and a.bit_size == b.bit_size:
            return "bitfield-became-member" if a.bit_width else "member-became-bitfield"
        if a.bit_size == b.bit_size:
            return ""
        return "member-widened" if self._is_widened(a, b) else "bitfield-resized"

    def _is_widened(self, a: Slot, b: Slot) -> bool:
        """Whether an unsigned integer grew over bits that nothing used, its low bits in place."""
        old, new = self.sources.old, self.sources.new
        first, second = old.resolved(a.type), new.resolved(b.type)
        return (
            isinstance(first, Int)
            and isinstance(second, Int)
            and not (first.signed or second.signed or first.boolean or second.boolean)
            and not old.facts.model.big_endian
            and a.bit_offset == b.bit_offset
            and b.bit_size > a.bit_size
            and not self._used_under(a, b)
        )

    def _used_under(self, a: Slot, b: Slot) -> bool:
        """Whether a member's new bits were another used member's, or lie outside the record."""
        if b.bit_end > 8 * self.sizes[0]:
            return True
        return any(not self.is_reserved(slot) for slot in self._under(b, a.bit_end))

    def _under(self, b: Slot, begin: int | None = None) -> list[Slot]:
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

    @staticmethod
    def _is_last(slot: Slot, slots: Sequence[Slot]) -> bool:
        return all(other.bit_offset <= slot.bit_offset for other in slots if other.path)

    def _removed(self, slot: Slot) -> Root:
        reserved = self.is_reserved(slot)
        kind = "reserved-removed" if reserved else "member-removed"
        if not reserved and self._is_operation(slot, self.sources.old, self.old):
            kind = "operation-removed"
        return self.root(kind, slot.path, fact(slot), None, -slot.bit_size)

    def _added(self, slot: Slot) -> Root:
        """Where it came to lie is said when it is known what it moved."""
        kind = "member-inserted"
        if self._is_operation(slot, self.sources.new, self.new):
            kind = "operation-added"
        return self.root(kind, slot.path, None, fact(slot), slot.bit_size)

    @staticmethod
    def _is_operation(slot: Slot, shapes: Shapes, slots: Sequence[Slot]) -> bool:
        """Whether a member is an operation of a table of such: most members point to functions."""
        if slot.group or not function_of(shapes, slot.type):
            return False
        leaves = [other for other in slots if other.path and not other.group]
        return 2 * sum(bool(function_of(shapes, s.type)) for s in leaves) > len(leaves) > 2

    # What moved, and why

    def _attributes(self, matched: Matched, listed_otherwise: bool) -> None:
        """Packing, where nothing else can be why it differs."""
        old, new = self.sources.old.facts, self.sources.new.facts
        packed = old.is_packed(self.before), new.is_packed(self.after)
        if packed[0] == packed[1] or listed_otherwise:
            return
        if any(root.growth for root in self.found.roots):
            return
        if any(self._embedded_cause(a, b, also_align=True) for a, b in matched.pairs):
            return
        before, after = (Fact("packed" if one else "not packed") for one in packed)
        self.attributes = self.root("packing-changed", "", before, after)

    def _embedded_cause(self, a: Slot, b: Slot, *, also_align: bool = False) -> str:
        """The name of a member's type, if it is the same name and another size."""
        if a.c_type != b.c_type or a.bit_width or b.bit_width:
            return ""
        old, new = self.sources.old, self.sources.new
        differs = a.bit_size != b.bit_size
        if not differs and also_align:
            differs = old.facts.byte_align(a.type) != new.facts.byte_align(b.type)
        return cause_of_size(old, a.type, new, b.type) if differs else ""

    def _walk(self, matched: Matched, gone: dict[str, Root], come: dict[str, Root]) -> None:
        ordered, others = in_order(matched.pairs)
        pending = self._structural(matched, ordered, others, gone, come)
        shift = 0
        active: Cause | None = None
        waiting: list[_Shift] = []
        loose: Root | None = None
        for number, (a, b) in enumerate(ordered):
            waiting += pending[number]
            new_shift = b.bit_offset - a.bit_offset
            if new_shift != shift:
                cause = _pick(waiting, new_shift - shift) or self._why_here(a, b) or active
                cause = cause or self.attributes or loose
                if cause is None:
                    cause = loose = self.root("member-moved", b.path, *_both(a, b))
                elif new_shift or cause is loose:
                    self._moved(cause, a, b)
                active, waiting, shift = cause, [], new_shift
            elif shift:
                assert active is not None
                self._moved(active, a, b)
            if b.path in self.of_pair:
                root = self.of_pair[b.path]
                waiting.append((root, root.growth))
            elif b.path in self.reserved:
                waiting.append((self.reserved[b.path], self.reserved[b.path].growth))
            elif cause_name := self._embedded_cause(a, b):
                waiting.append((cause_name, b.bit_size - a.bit_size))
        waiting += pending[len(ordered)]
        self._size(waiting, active)

    def _structural(
        self,
        matched: Matched,
        ordered: Sequence[Pair],
        others: Sequence[Pair],
        gone: dict[str, Root],
        come: dict[str, Root],
    ) -> list[list[_Shift]]:
        """What was added, removed or put elsewhere, by the number of the pair behind it."""
        pending: list[list[_Shift]] = [[] for _ in range(len(ordered) + 1)]
        old_offsets = [a.bit_offset for a, _ in ordered]
        new_offsets = [b.bit_offset for _, b in ordered]
        if others:
            first, second = others[0]
            reordered = self.root("members-reordered", second.path, *_both(first, second))
            for number, (a, b) in enumerate(others):
                if number:
                    self._moved(reordered, a, b)
                removed_from = bisect_right(old_offsets, a.bit_offset)
                pending[removed_from].append((reordered, -a.bit_size))
                pending[bisect_right(new_offsets, b.bit_offset)].append((reordered, b.bit_size))
                if cause_name := self._embedded_cause(a, b):
                    pending[bisect_right(new_offsets, b.bit_offset)].append(
                        (cause_name, b.bit_size - a.bit_size)
                    )
        for slot in matched.removed:
            at = bisect_right(old_offsets, slot.bit_offset)
            pending[at].append((gone[slot.path], -slot.bit_size))
        for slot in matched.added:
            at = bisect_right(new_offsets, slot.bit_offset)
            pending[at].append((come[slot.path], slot.bit_size))
        return pending

    def _why_here(self, a: Slot, b: Slot) -> Cause | None:
        """Why a member may have moved by itself: its type's alignment is another one."""
        old, new = self.sources.old.facts, self.sources.new.facts
        if a.c_type == b.c_type:
            return self._embedded_cause(a, b, also_align=True) or None
        if old.byte_align(a.type) != new.byte_align(b.type):
            return self.of_pair.get(b.path)
        return None

    def _moved(self, cause: Cause, a: Slot, b: Slot) -> None:
        root = self.reserved.get(b.path)
        if root is not None:
            self.attribute(cause, root.change)
            self.explained[id(root)] = cause
        elif a.bit_offset != b.bit_offset:
            self.attribute(cause, self.change("member-moved", b.path, *_both(a, b)))

    def _size(self, waiting: list[_Shift], active: Cause | None) -> None:
        old_size, new_size = self.sizes
        if old_size == new_size:
            return
        kind = "size-grown" if new_size > old_size else "size-shrunk"
        facts = _size_fact(old_size), _size_fact(new_size)
        cause = _pick(waiting, 8 * (new_size - old_size)) or active or self.attributes
        cause = cause or self._alignment_cause()
        if cause is None:
            cause = self.root(kind, "", *facts)
        else:
            self.attribute(cause, self.change(kind, "", *facts))
        self.found.size_cause = cause

    def _aligns(self) -> tuple[int, int]:
        """Both alignments in bytes: as said where both say it, else as the layout shows."""
        old, new = self.sources.old.facts, self.sources.new.facts
        said = old.says_align(self.before) and new.says_align(self.after)
        return old.byte_align(self.before, said=said), new.byte_align(self.after, said=said)

    def _alignment_cause(self) -> Cause | None:
        """An attribute of the record itself, where its alignment differs for no other reason."""
        before, after = self._aligns()
        if before == after or self.found.roots or self.found.embedded:
            return None
        root = self.root("alignment-changed", "", _align_fact(before), _align_fact(after))
        self.found.align_cause = root
        return root

    def _alignment(self, matched: Matched) -> None:
        before, after = self._aligns()
        if before == after or self.found.align_cause is not None:
            return
        change = self.change("alignment-changed", "", _align_fact(before), _align_fact(after))
        cause = self.attributes or self._aligner(matched) or self.found.size_cause
        if cause is None and self.found.roots:
            cause = self.found.roots[-1]
        if cause is None:
            cause = self._alignment_cause() or next(iter(self.found.embedded), None)
            if isinstance(cause, Root):
                return
        if cause is None:
            cause = Root(change)
            self.found.roots.append(cause)
        else:
            self.attribute(cause, change)
        self.found.align_cause = cause

    def _aligner(self, matched: Matched) -> Cause | None:
        """The change that brought the alignment: of a member whose own is another one."""
        old, new = self.sources.old.facts, self.sources.new.facts
        for a, b in matched.pairs:
            if old.byte_align(a.type) != new.byte_align(b.type):
                root = self.of_pair.get(b.path)
                if root is not None:
                    return root
                if name := self._embedded_cause(a, b, also_align=True):
                    return name
        wanted = max(self._aligns())
        for root in self.found.roots:
            slots = [s for s in (*matched.added, *matched.removed) if s.path == root.change.place]
            for slot in slots:
                shapes = new if root.change.after else old
                if shapes.byte_align(slot.type) == wanted:
                    return root
        return None

    # Where added members came to lie

    def _place_added(self, matched: Matched, come: dict[str, Root]) -> None:
        for slot in matched.added:
            root = come[slot.path]
            if root.change.kind == "operation-added":
                self._note_versioned(root)
                continue
            moved = any(change.kind == "member-moved" for change in root.effects)
            kind, reason = self._placement(slot, moved=moved)
            root.change = root.change._replace(kind=kind)
            root.reason = reason
            self._note_versioned(root)

    def _placement(self, slot: Slot, *, moved: bool) -> tuple[str, str]:
        """(kind, reason) of an added member; ``moved``: others gave way."""
        in_union = slot.groups[-1][1] == "union" if slot.groups else self._is_union()
        if in_union:
            return "member-in-union", ""
        if moved:
            return "member-inserted", ""
        old_end = 8 * self.sizes[0]
        reserved = self.is_reserved(slot)
        if slot.bit_offset >= old_end or (not slot.bit_size and not reserved):
            return "member-appended", ""
        if reserved and slot.bit_end <= old_end:
            return "reserved-added", ""
        under = self._under(slot)
        if any(not self.is_reserved(other) for other in under):
            return "member-inserted", ""
        if under:
            names = ", ".join(other.path for other in under)
            return "member-in-reserved", f"in place of the reserved {names}"
        return ("member-appended" if slot.bit_end > old_end else "member-in-padding"), ""

    def _is_union(self) -> bool:
        return isinstance(self.sources.new.facts.graph.nodes[self.after], Union)

    def _note_versioned(self, root: Root) -> None:
        """A type that is told its size, or says it, may grow at its end."""
        kind = root.change.kind
        if not self.versioned or kind not in ("member-appended", "member-in-union"):
            return
        if kind == "member-appended":
            root.change = root.change._replace(kind="member-appended-versioned")
        root.reason = root.reason or "the type says its size, or is passed with it"
        root.effects = [
            effect._replace(kind="size-grown-versioned") if effect.kind == "size-grown" else effect
            for effect in root.effects
        ]

    def _consume(self, matched: Matched, gone: dict[str, Root], come: dict[str, Root]) -> None:
        """Give what became of reserved members to what took their place."""
        takers = [(slot, come[slot.path]) for slot in matched.added]
        takers += [(b, self.of_pair[b.path]) for _, b in matched.pairs if b.path in self.of_pair]
        left = [(slot, gone[slot.path]) for slot in matched.removed]
        left = [(slot, root) for slot, root in left if root.change.kind == "reserved-removed"]
        for a, b in matched.pairs:
            unchanged = (a.path, a.text, a.bit_offset) == (b.path, b.text, b.bit_offset)
            if b.path in self.reserved and not unchanged:
                self.found.roots.append(self.reserved[b.path])
                left.append((a, self.reserved[b.path]))
        for slot, root in left:
            taker: Cause | None = self.explained.get(id(root))
            if taker is None:
                taker = _taker(slot, takers)
                if taker is None:
                    continue
                gone_for_good = root.change.kind == "reserved-removed"
                kind = "reserved-consumed" if gone_for_good else root.change.kind
                self.attribute(taker, root.change._replace(kind=kind))
            for effect in root.effects:
                self.attribute(taker, effect)
            self.found.roots.remove(root)
            if self.found.size_cause is root:
                self.found.size_cause = taker
            if self.found.align_cause is root:
                self.found.align_cause = taker
        for root in self.found.roots:
            if root.change.kind == "array-became-flexible":
                root.effects = [
                    e._replace(kind="size-shrunk-flexible") if e.kind == "size-shrunk" else e
                    for e in root.effects
                ]


def _whole(slots: Sequence[Slot], matched: Sequence[str]) -> list[Slot]:
    """Unmatched members without the parts of others of them.

    A part without a tag of which something is matched is not itself new or gone: its
    members came from elsewhere, or went there.
    """
    found: list[Slot] = []
    inside: list[str] = []
    for slot in slots:
        if any(_is_under(slot.path, path) for path in inside):
            continue
        if slot.group:
            if any(_is_under(path, slot.path) for path in matched):
                continue
            inside.append(slot.path)
        found.append(slot)
    return found


def _is_under(path: str, outer: str) -> bool:
    rest = path.removeprefix(outer)
    return rest != path and rest[:1] in (".", "[")


def _taker(slot: Slot, takers: Sequence[tuple[Slot, Root]]) -> Root | None:
    """What lies now where a reserved member was."""
    for other, root in takers:
        if other.bit_offset < slot.bit_end and other.bit_end > slot.bit_offset:
            return root
    return None


def _pick(waiting: Sequence[_Shift], shift: int) -> Cause | None:
    """Of what may have shifted what follows: the last that did it in this direction."""
    for cause, growth in reversed(waiting):
        if growth * shift > 0:
            return cause
    return next((cause for cause, growth in reversed(waiting) if growth), None)


def _goes_with(a: Slot, b: Slot, top: Pair) -> bool:
    """Whether a member is at another path only because what it is part of is."""
    rest = a.path.removeprefix(top[0].path)
    return _is_under(a.path, top[0].path) and b.path == top[1].path + rest


def _anonymous_levels(slot: Slot) -> int:
    return len(slot.groups) - slot.path.count(".")


def _keyword(shapes: Shapes, slot: Slot) -> str:
    if not slot.group:
        return ""
    node = shapes.shape(slot.type).node
    return "union" if isinstance(node, Union) else "struct"


def _same_element(old: Shapes, a: Slot, new: Shapes, b: Slot) -> bool:
    first, second = old.meaning(a.type), new.meaning(b.type)
    return first.partition("]")[2] == second.partition("]")[2]


def _both(a: Slot, b: Slot) -> tuple[Fact, Fact]:
    """Both sides of a member, with its paths as values if they differ."""
    if a.path == b.path:
        return fact(a), fact(b)
    return fact(a)._replace(value=a.path), fact(b)._replace(value=b.path)


def fact(slot: Slot) -> Fact:
    """A member as one side of a change."""
    return Fact(slot.text, slot.bit_offset, slot.bit_size)


def _size_fact(byte_size: int) -> Fact:
    return Fact(f"{byte_size} bytes", bit_size=8 * byte_size, value=byte_size)


def _align_fact(byte_align: int) -> Fact:
    return Fact(f"aligned to {byte_align}", value=byte_align)

"""What differs about single members, wherever they came to lie."""

from __future__ import annotations

from collections.abc import Sequence

from uapigen.compare.causes import Root
from uapigen.compare.facts import Slot
from uapigen.compare.findings import Change
from uapigen.compare.functions import parameter_changes
from uapigen.compare.match import Pair, is_under
from uapigen.compare.record_pair import RecordPair, both_facts, fact
from uapigen.compare.types import Shapes, function_of, type_change
from uapigen.ir.types import Int, Union

__all__ = ["added_root", "member_changes", "name_changes", "removed_root"]


def name_changes(pair: RecordPair) -> None:
    """Members under other names or paths."""
    for a, b in pair.matched.renamed:
        if b.path in pair.reserved:
            continue
        kind = "member-reserved" if pair.is_reserved(b) else "member-renamed"
        pair.of_pair[b.path] = pair.root(kind, a.path, *both_facts(a, b))
    tops: list[Pair] = []
    for a, b in pair.matched.regrouped:
        if any(_goes_with(a, b, top) for top in tops):
            continue
        tops.append((a, b))
        pair.of_pair[b.path] = pair.root("member-regrouped", a.path, *both_facts(a, b))
    for a, b in pair.matched.pairs:
        if a.path == b.path and a.bit_offset == b.bit_offset and b.path not in pair.reserved:
            levels = _anonymous_levels(a), _anonymous_levels(b)
            if levels[0] != levels[1]:
                into = levels[1] > levels[0]
                kind = "member-into-anonymous" if into else "member-out-of-anonymous"
                pair.of_pair[b.path] = pair.root(kind, a.path, *both_facts(a, b))


def member_changes(pair: RecordPair, a: Slot, b: Slot) -> None:
    """What differs about one member, but for its place."""
    old, new = pair.sources.old, pair.sources.new
    kind = _width_change(pair, a, b) if a.bit_width or b.bit_width else ""
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
                    pair.subject, f"{b.path}.",
                )  # fmt: skip
            else:
                kind = "member-respelled"
        else:
            kind = _type_change(pair, a, b)
    if kind:
        grown = 0 if a.group and b.group and kind == "keyword-changed" else (
            b.bit_size - a.bit_size
        )  # fmt: skip
        root = pair.root(kind, b.path, *both_facts(a, b), grown)
        root.effects += effects
        pair.of_pair[b.path] = root


def _type_change(pair: RecordPair, a: Slot, b: Slot) -> str:
    old, new = pair.sources.old, pair.sources.new
    what = type_change(old, a.type, new, b.type)
    first, second = old.shape(a.type), new.shape(b.type)
    arrays = first.nelems is not None and second.nelems is not None
    if what in ("resized", "retyped") and arrays and _same_element(old, a, new, b):
        if first.nelems == 1 and second.nelems == 0 and _is_last(a, pair.old):
            return "array-became-flexible"
        if first.nelems == 0:
            return "flexible-became-array"
        grew = b.bit_size > a.bit_size and a.bit_offset == b.bit_offset
        extended = grew and not pair.used_under(a, b)
        return "array-extended" if extended else "array-length-changed"
    if what == "resized" and _is_widened(pair, a, b):
        return "member-widened"
    return f"member-{what}" if what else ""


def _width_change(pair: RecordPair, a: Slot, b: Slot) -> str:
    """A bitfield's change: its width, or that it is one."""
    if bool(a.bit_width) != bool(b.bit_width) and a.bit_size == b.bit_size:
        return "bitfield-became-member" if a.bit_width else "member-became-bitfield"
    if a.bit_size == b.bit_size:
        return ""
    return "member-widened" if _is_widened(pair, a, b) else "bitfield-resized"


def _is_widened(pair: RecordPair, a: Slot, b: Slot) -> bool:
    """Whether an unsigned integer grew over bits that nothing used, its low bits in place."""
    old, new = pair.sources.old, pair.sources.new
    first, second = old.resolved(a.type), new.resolved(b.type)
    return (
        isinstance(first, Int)
        and isinstance(second, Int)
        and not (first.signed or second.signed or first.boolean or second.boolean)
        and not old.facts.model.big_endian
        and a.bit_offset == b.bit_offset
        and b.bit_size > a.bit_size
        and not pair.used_under(a, b)
    )


def removed_root(pair: RecordPair, slot: Slot) -> Root:
    reserved = pair.is_reserved(slot)
    kind = "reserved-removed" if reserved else "member-removed"
    if not reserved and _is_operation(slot, pair.sources.old, pair.old):
        kind = "operation-removed"
    return pair.root(kind, slot.path, fact(slot), None, -slot.bit_size)


def added_root(pair: RecordPair, slot: Slot) -> Root:
    """Where it came to lie is said when it is known what it moved."""
    kind = "member-inserted"
    if _is_operation(slot, pair.sources.new, pair.new):
        kind = "operation-added"
    return pair.root(kind, slot.path, None, fact(slot), slot.bit_size)


def _is_operation(slot: Slot, shapes: Shapes, slots: Sequence[Slot]) -> bool:
    """Whether a member is an operation of a table of such: most members point to functions."""
    if slot.group or not function_of(shapes, slot.type):
        return False
    leaves = [other for other in slots if other.path and not other.group]
    return 2 * sum(bool(function_of(shapes, s.type)) for s in leaves) > len(leaves) > 2


# What moved, and why


def _is_last(slot: Slot, slots: Sequence[Slot]) -> bool:
    return all(other.bit_offset <= slot.bit_offset for other in slots if other.path)


def _goes_with(a: Slot, b: Slot, top: Pair) -> bool:
    """Whether a member is at another path only because what it is part of is."""
    rest = a.path.removeprefix(top[0].path)
    return is_under(a.path, top[0].path) and b.path == top[1].path + rest


def _keyword(shapes: Shapes, slot: Slot) -> str:
    if not slot.group:
        return ""
    node = shapes.shape(slot.type).node
    return "union" if isinstance(node, Union) else "struct"


def _same_element(old: Shapes, a: Slot, new: Shapes, b: Slot) -> bool:
    first, second = old.meaning(a.type), new.meaning(b.type)
    return first.partition("]")[2] == second.partition("]")[2]


def _anonymous_levels(slot: Slot) -> int:
    return len(slot.groups) - slot.path.count(".")

"""Two versions of an enum: enumerators by name, and what renumbers them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from uapigen.compare.causes import Root
from uapigen.compare.conventions import is_mask_grown, is_sentinel
from uapigen.compare.findings import Change, Fact
from uapigen.ir.types import Enum, Enumerator

__all__ = ["compare_enums", "renamed_values"]

HasValue = Callable[[str, int], bool]
"""Whether the new source has a constant of that name and value elsewhere."""


def compare_enums(subject: str, old: Enum, new: Enum, elsewhere: HasValue) -> list[Root]:
    """The changes between two versions.

    An enumerator that was added or removed is the cause of those behind it having other
    values, up to the next whose value is the same. One that only counts the
    others (``FOO_MAX``) is expected to change with them.
    """
    roots: list[Root] = []

    def root(kind: str, place: str, a: Fact | None, b: Fact | None) -> Root:
        roots.append(Root(Change(kind, subject, place, a, b)))
        return roots[-1]

    if old.byte_size != new.byte_size:
        sizes = [Fact(f"{n} bytes", bit_size=8 * n, value=n) for n in (old[1], new[1])]
        root("enum-resized", "", sizes[0], sizes[1])
    elif old.signed != new.signed:
        said = [Fact("signed" if one else "unsigned") for one in (old.signed, new.signed)]
        root("enum-signedness", "", said[0], said[1])
    before, after = dict(old.enumerators), dict(new.enumerators)
    renamed = renamed_values(old.enumerators, new.enumerators)
    news = set(renamed.values())
    causes: dict[str, Root] = {}
    for name, value in old.enumerators:
        if name in renamed:
            now = renamed[name]
            root("enumerator-renamed", name, _fact(name, value), _fact(now, value))
        elif name not in after:
            moved = elsewhere(name, value)
            kind = "constant-regrouped" if moved else "enumerator-removed"
            causes[name] = root(kind, name, _fact(name, value), None)
    for name, value in new.enumerators:
        if name not in before and name not in news:
            causes[name] = root("enumerator-added", name, None, _fact(name, value))
    modulus = 1 << 8 * new.byte_size if old.signed != new.signed else 0
    active: Root | None = None
    for name in _merged(old.enumerators, new.enumerators):
        if name in causes:
            active = causes[name]
            continue
        if name not in before or name not in after:
            continue
        first, second = before[name], after[name]
        if first == second or (modulus and (first - second) % modulus == 0):
            active = None if active and not is_sentinel(name) else active
            continue
        counts = (is_sentinel(name) and second > first) or is_mask_grown(name, first, second)
        kind = "sentinel-renumbered" if counts else "enumerator-renumbered"
        change = Change(kind, subject, name, _fact(name, first), _fact(name, second))
        if active is None:
            active = root(*change[:1], name, change.before, change.after)
        else:
            active.effects.append(change)
    for found in roots:
        added = found.change.kind == "enumerator-added"
        if added and any(e.kind == "enumerator-renumbered" for e in found.effects):
            found.change = found.change._replace(kind="enumerator-inserted")
    return roots


def renamed_values(old: Sequence[Enumerator], new: Sequence[Enumerator]) -> dict[str, str]:
    """Old name -> new name, for a value that has lost its only name and got one other."""
    before, after = {name for name, _ in old}, {name for name, _ in new}
    gone = [(value, name) for name, value in old if name not in after]
    come = [(value, name) for name, value in new if name not in before]
    renamed = {}
    for value, name in gone:
        others = [other for now, other in come if now == value]
        alone = sum(v == value for v, _ in gone) == 1 == len(others)
        if alone and not any(v == value for n, v in old if n in after):
            renamed[name] = others[0]
    return renamed


def _merged(old: Sequence[Enumerator], new: Sequence[Enumerator]) -> list[str]:
    """All names in the new order, the ones that are gone before what followed them."""
    after = {name for name, _ in new}
    before_which: dict[str, list[str]] = {}
    waiting: list[str] = []
    for name, _ in old:
        if name in after:
            before_which[name] = waiting
            waiting = []
        else:
            waiting.append(name)
    merged: list[str] = []
    for name, _ in new:
        merged += before_which.get(name, [])
        merged.append(name)
    return merged + waiting


def _fact(name: str, value: int) -> Fact:
    return Fact(f"{name} = {value}", value=value)

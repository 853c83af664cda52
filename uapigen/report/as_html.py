"""A comparison as one self-contained page: findings, and the two layouts drawn to scale.

Everything is in the page without scripts; a script adds a search over it.
``templates/report.html.j2`` lays it out and escapes every text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from uapigen.compare.findings import Change, Comparison, Finding, Layout, Severity, Side
from uapigen.compare.kinds import KINDS
from uapigen.emit.templates import render as fill
from uapigen.report.drawing import Drawing, Mark, draw
from uapigen.report.wording import clean, fact_text, short, summary

__all__ = ["render"]

_STYLES = {
    Severity.NONE: "none",
    Severity.COMPATIBLE: "compatible",
    Severity.SOURCE_BREAK: "source",
    Severity.BINARY_BREAK: "binary",
}
_DRAWN = 400
"""Types whose layouts are drawn, the worst ones: a browser must be able to show the page."""
_OPEN = 12
"""Of these, how many are shown unfolded."""

_ADDED, _REMOVED = Mark("added", "+"), Mark("removed", "−")
_MOVED, _CHANGED = Mark("moved", "→"), Mark("changed", "~")


def render(comparison: Comparison) -> Iterator[str]:
    """The lines of the page."""
    groups = [
        list(group)
        for _, group in groupby(comparison.findings, lambda f: (f.counts, f.severity, f.subject))
    ]
    subjects, drawn, undrawn = [], 0, 0
    for group in groups:
        subject = _subject(group)
        layouts = comparison.layouts(group[0].subject) if _has_place(group) else (None, None)
        if any(layouts):
            if drawn < _DRAWN:
                subject |= {"drawings": _drawings(layouts, group), "open": drawn < _OPEN}
                drawn += 1
            else:
                undrawn += 1
        subjects.append(subject)
    notes = [clean(note) for note in comparison.notes]
    if undrawn:
        notes.append(
            f"The layouts of {undrawn} more types are not drawn;"
            " compare fewer types (--only) to see them."
        )
    worst = comparison.worst
    verdict = {"label": worst.label if comparison.findings else "same", "style": _STYLES[worst]}
    page = fill(
        "report.html",
        title="ABI comparison",
        verdict=verdict,
        old=_side(comparison.old),
        new=_side(comparison.new),
        policy=clean(comparison.policy),
        summary=summary(comparison),
        compared=", ".join(f"{n} {what}" for what, n in comparison.compared.items()) or "nothing",
        notes=notes,
        boxes=_boxes(groups),
        subjects=subjects,
    )
    yield from page.rstrip("\n").split("\n")


def _has_place(group: Sequence[Finding]) -> bool:
    """Whether any change is about bits: then there is something to draw."""
    return any(
        fact is not None and (fact.bit_offset is not None or fact.bit_size is not None)
        for finding in group
        for change in (finding.change, *finding.effects)
        for fact in (change.before, change.after)
    )


def _side(side: Side) -> dict[str, str]:
    order = "big-endian" if side.big_endian else "little-endian"
    about = (side.arch, side.release, order, f"{8 * side.pointer_size}-bit pointers")
    return {"name": clean(side.name), "about": clean(", ".join(filter(None, about)))}


def _label(finding: Finding) -> tuple[str, str]:
    """(what stands in the badge, its class)."""
    if finding.counts:
        return finding.severity.label, _STYLES[finding.severity]
    return f"suppressed {finding.severity.label}", "suppressed"


def _boxes(groups: Sequence[Sequence[Finding]]) -> list[dict[str, Any]]:
    """What the page can be filtered by."""
    found: dict[str, dict[str, Any]] = {}
    for group in groups:
        label, style = _label(group[0])
        word = "suppressed" if style == "suppressed" else label
        found.setdefault(style, {"style": style, "label": word, "count": 0})["count"] += 1
    return list(found.values())


def _subject(group: Sequence[Finding]) -> dict[str, Any]:
    first = group[0]
    label, style = _label(first)
    rows, notes, reached = [], [], []
    for finding in group:
        rows.append(_row(finding.change, follows=False))
        rows += [_row(change, follows=True) for change in finding.effects]
        if finding.reason:
            notes.append(clean(finding.reason))
        if finding.suppression is not None:
            until = f" until {finding.suppression.expires}" if finding.suppression.expires else ""
            notes.append(f"suppressed{until}: {clean(finding.suppression.reason)}")
        reached += [
            {
                "name": clean(one.subject),
                "what": ", ".join(map(short, one.changes)),
                "via": clean(one.via),
            }
            for one in finding.reached
        ]
    words = {first.subject, *(f"{c.place} {c.kind}" for f in group for c in (f.change, *f.effects))}
    return {
        "name": clean(first.subject),
        "label": label,
        "style": style,
        "text": clean(" ".join(sorted(words))),
        "rows": rows,
        "notes": notes,
        "reached": reached,
        "drawings": [],
        "open": False,
    }


def _row(change: Change, *, follows: bool) -> dict[str, Any]:
    return {
        "sign": _mark(change).sign,
        "before": fact_text(change.before, change).strip(),
        "after": fact_text(change.after, change).strip(),
        "kind": f"{change.kind}, following" if follows else change.kind,
        "title": KINDS[change.kind].title,
        "follows": follows,
    }


def _mark(change: Change) -> Mark:
    if change.before is None:
        return _ADDED
    if change.after is None:
        return _REMOVED
    moved = change.before.text == change.after.text and (
        change.before.bit_offset != change.after.bit_offset
    )
    return _MOVED if moved else _CHANGED


def _drawings(
    layouts: tuple[Layout | None, Layout | None], group: Sequence[Finding]
) -> list[dict[str, Any]]:
    """The two layouts, side by side, with what changed marked in each."""
    marks: dict[str, Mark] = {}
    for finding in group:
        for change in (finding.change, *finding.effects):
            mark = _mark(change)
            if marks.get(change.place) in (None, _MOVED):  # anything else says more
                marks[change.place] = mark
    found = []
    for side, layout, absent in zip(("old", "new"), layouts, (_ADDED, _REMOVED), strict=True):
        if layout is None:
            continue
        own = {place: mark for place, mark in marks.items() if mark != absent}
        found.append({"side": side, **_cells(draw(layout, own))})
    return found


def _cells(drawing: Drawing) -> dict[str, Any]:
    """A drawing as the template takes it, each cell with its class and label."""
    lines = [
        {
            "number": line.number,
            "words": [
                {
                    "byte_offset": word.byte_offset,
                    "omitted": word.omitted,
                    "lanes": [
                        [
                            {
                                "begin": cell.begin,
                                "end": cell.end,
                                "title": clean(cell.title),
                                "label": clean(
                                    f"{cell.mark.sign} {cell.label}"
                                    if cell.mark and cell.label
                                    else cell.label
                                ),
                                "style": "hole"
                                if cell.hole
                                else cell.mark.name
                                if cell.mark
                                else "",
                            }
                            for cell in lane
                        ]
                        for lane in word.lanes
                    ],
                }
                for word in line.words
            ],
        }
        for line in drawing.lines
    ]
    return {
        "heading": drawing.heading,
        "lines": lines,
        "flexible": [clean(text) for text in drawing.flexible],
    }

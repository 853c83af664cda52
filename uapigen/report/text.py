"""A comparison for a terminal: a summary, then each subject with before and after side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from uapigen.compare.findings import Change, Comparison, Finding, Reached, Severity
from uapigen.report.wording import clean, fact_text, short, side_text, summary

__all__ = ["render"]

_COLOURS = {
    Severity.NONE: "2",
    Severity.COMPATIBLE: "32",
    Severity.SOURCE_BREAK: "33",
    Severity.BINARY_BREAK: "1;31",
}
"""SGR parameters: dim, green, yellow, bold red."""
_BOLD, _DIM = "1", "2"
_LEAST, _MOST = 24, 60
"""Columns of each side: as many as the subject's longest needs, within these bounds."""
_SHOWN_REACHED = 10
"""Of the types that a change reaches; the JSON report has them all."""
_SHOWN_CHANGES = 3


def render(comparison: Comparison, *, colour: bool = False, findings: bool = True) -> Iterator[str]:
    """Lines without line breaks; without ``findings`` the summary alone."""
    painter = _Painter(colour)
    yield f"old: {side_text(comparison.old)}"
    yield f"new: {side_text(comparison.new)}"
    line = f"{summary(comparison)} (policy: {clean(comparison.policy)})"
    yield painter(_COLOURS[comparison.worst] if comparison.findings else _BOLD, line)
    compared = ", ".join(f"{number} {what}" for what, number in comparison.compared.items())
    yield f"in both: {compared or 'nothing'}"
    for note in comparison.notes:
        yield f"note: {clean(note)}"
    if not findings:
        return
    for _, group in groupby(comparison.findings, lambda f: (f.counts, f.severity, f.subject)):
        yield ""
        yield from _subject(list(group), painter)


class _Painter:
    def __init__(self, colour: bool) -> None:
        self._colour = colour

    def __call__(self, style: str, text: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self._colour else text


def _subject(findings: list[Finding], painter: _Painter) -> Iterator[str]:
    """All findings of one severity about one subject."""
    first = findings[0]
    label = first.severity.label if first.counts else f"suppressed {first.severity.label}"
    yield f"{painter(_COLOURS[first.severity], label)}: {painter(_BOLD, clean(first.subject))}"
    facts = [
        (fact_text(change.before, change), fact_text(change.after, change))
        for finding in findings
        for change in (finding.change, *finding.effects)
    ]
    widths = [max(_LEAST, *(min(len(fact[side]), _MOST) for fact in facts)) for side in (0, 1)]
    for finding in findings:
        for change in (finding.change, *finding.effects):
            follows = change is not finding.change
            yield _line(change, painter, (widths[0], widths[1]), follows=follows)
        if finding.reason:
            yield f"      {clean(finding.reason)}"
        if finding.suppression is not None:
            until = f" (until {finding.suppression.expires})" if finding.suppression.expires else ""
            yield f"      suppressed{until}: {clean(finding.suppression.reason)}"
        yield from _reached(finding.reached)


def _line(change: Change, painter: _Painter, widths: tuple[int, int], *, follows: bool) -> str:
    """Before and after beside each other; a mark before it, the kind behind it."""
    mark = "+" if change.before is None else "-" if change.after is None else "~"
    before, after = fact_text(change.before, change), fact_text(change.after, change)
    kind = f"{change.kind}, following" if follows else change.kind
    text = f"  {mark} {before:{widths[0]}} | {after:{widths[1]}} "
    return f"{painter(_COLOURS[change.severity], text)} {painter(_DIM, kind)}"


def _reached(reached: Iterable[Reached]) -> Iterator[str]:
    listed = list(reached)
    if not listed:
        return
    number = f"{len(listed)} other{'s' if len(listed) > 1 else ''}"
    yield f"      because of it, {number} changed:"
    for one in listed[:_SHOWN_REACHED]:
        changes = ", ".join(map(short, one.changes[:_SHOWN_CHANGES]))
        if len(one.changes) > _SHOWN_CHANGES:
            changes += f" and {len(one.changes) - _SHOWN_CHANGES} more"
        yield f"        {clean(one.subject)} (by {clean(one.via)}): {changes}"
    if len(listed) > _SHOWN_REACHED:
        yield f"        and {len(listed) - _SHOWN_REACHED} more (--format json lists all)"

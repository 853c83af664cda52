"""A comparison for a terminal: a summary, then each subject with before and after side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from uapigen.compare.findings import Change, Comparison, Fact, Finding, Reached, Severity, Side

__all__ = ["render", "summary"]

_COLOURS = {
    Severity.NONE: "2",
    Severity.COMPATIBLE: "32",
    Severity.SOURCE_BREAK: "33",
    Severity.BINARY_BREAK: "1;31",
}
"""SGR parameters: dim, green, yellow, bold red."""
_BOLD, _DIM = "1", "2"
_WIDTH = 40
"""Columns of each side, if it needs no more."""
_SHOWN_REACHED = 10
"""Of the types that a change reaches; the JSON report has them all."""
_SHOWN_CHANGES = 3


def summary(comparison: Comparison) -> str:
    """How many findings there are of each severity, in one line."""
    counts = [
        f"{number} {_plural(severity, number)}"
        for severity in reversed(Severity)
        if (number := comparison.count(severity))
    ]
    if comparison.suppressed:
        counts.append(f"{comparison.suppressed} suppressed")
    return ", ".join(counts) or "no difference"


def _plural(severity: Severity, number: int) -> str:
    if severity is Severity.NONE:
        return "without effect"
    return f"{severity.label}s" if number > 1 and severity > 1 else severity.label


def render(comparison: Comparison, *, colour: bool = False, findings: bool = True) -> Iterator[str]:
    """Lines without line breaks; without ``findings`` the summary alone."""
    painter = _Painter(colour)
    yield f"old: {_side(comparison.old)}"
    yield f"new: {_side(comparison.new)}"
    line = f"{summary(comparison)} (policy: {_clean(comparison.policy)})"
    yield painter(_COLOURS[comparison.worst] if comparison.findings else _BOLD, line)
    compared = ", ".join(f"{number} {what}" for what, number in comparison.compared.items())
    yield f"in both: {compared or 'nothing'}"
    for note in comparison.notes:
        yield f"note: {_clean(note)}"
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
    yield f"{painter(_COLOURS[first.severity], label)}: {painter(_BOLD, _clean(first.subject))}"
    for finding in findings:
        changes = [finding.change, *finding.effects]
        for number, change in enumerate(changes):
            yield _line(change, painter, follows=number > 0)
        if finding.reason:
            yield f"      {_clean(finding.reason)}"
        if finding.suppression is not None:
            until = f" (until {finding.suppression.expires})" if finding.suppression.expires else ""
            yield f"      suppressed{until}: {_clean(finding.suppression.reason)}"
        yield from _reached(finding.reached)


def _line(change: Change, painter: _Painter, *, follows: bool) -> str:
    """Before and after beside each other; a mark before it, the kind behind it."""
    mark = "+" if change.before is None else "-" if change.after is None else "~"
    before, after = _fact(change.before, change), _fact(change.after, change)
    kind = f"{change.kind}, following" if follows else change.kind
    width = max(_WIDTH, len(before))
    text = f"  {mark} {before:{width}} | {after:{_WIDTH}} "
    return f"{painter(_COLOURS[change.severity], text)} {painter(_DIM, kind)}"


def _fact(fact: Fact | None, change: Change) -> str:
    if fact is None:
        return ""
    text = _clean(fact.text)
    if fact.bit_offset is None:
        return text
    byte, bit = divmod(fact.bit_offset, 8)
    place = f"{byte}:{bit}" if bit or ":" in fact.text else str(byte)
    name = change.place.rpartition(".")[0]
    return f"{place:>6}  {text}" + (f"  (in {_clean(name)})" if name else "")


def _reached(reached: Iterable[Reached]) -> Iterator[str]:
    listed = list(reached)
    if not listed:
        return
    number = f"{len(listed)} other{'s' if len(listed) > 1 else ''}"
    yield f"      because of it, {number} changed:"
    for one in listed[:_SHOWN_REACHED]:
        changes = ", ".join(map(_short, one.changes[:_SHOWN_CHANGES]))
        if len(one.changes) > _SHOWN_CHANGES:
            changes += f" and {len(one.changes) - _SHOWN_CHANGES} more"
        yield f"        {_clean(one.subject)} (by {_clean(one.via)}): {changes}"
    if len(listed) > _SHOWN_REACHED:
        yield f"        and {len(listed) - _SHOWN_REACHED} more (--format json lists all)"


def _short(change: Change) -> str:
    """A change in a few words: ``x at 8 -> 16``, ``size 8 -> 16``."""
    before, after = change.before, change.after
    if before is None or after is None:
        return f"{_clean(change.place)} {change.kind}"
    if change.kind.startswith("size-"):
        return f"size {before.value} -> {after.value}"
    if before.bit_offset is not None and after.bit_offset is not None:
        at = " -> ".join(_place(fact) for fact in (before.bit_offset, after.bit_offset))
        return f"{_clean(change.place)} at {at}"
    return f"{_clean(change.place)} {_clean(before.text)} -> {_clean(after.text)}".strip()


def _place(bit_offset: int) -> str:
    byte, bit = divmod(bit_offset, 8)
    return f"{byte}:{bit}" if bit else str(byte)


def _side(side: Side) -> str:
    told = ", ".join(filter(None, (side.arch, side.release)))
    return f"{_clean(side.name)} ({told})"


def _clean(text: str) -> str:
    """Names stay names: no line breaks, no terminal escapes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)

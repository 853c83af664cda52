"""A comparison in GitHub's Markdown: for a comment on a change, for a job's summary."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from uapigen.compare.findings import Comparison, Finding, Severity
from uapigen.report.wording import clean, fact_text, short, side_text, summary

__all__ = ["render"]

_SIGNS = {
    Severity.NONE: "·",
    Severity.COMPATIBLE: "✓",
    Severity.SOURCE_BREAK: "⚠",
    Severity.BINARY_BREAK: "✗",
}
_ACTIVE = str.maketrans({c: f"\\{c}" for c in "\\`*_{}[]<>()#+-.!|~@&"})
"""What Markdown, or GitHub (``@name``), makes something of."""


def render(comparison: Comparison) -> Iterator[str]:
    """The lines of the document."""
    yield f"### ABI: {_SIGNS[comparison.worst]} {summary(comparison)}"
    yield ""
    yield f"{_code(side_text(comparison.old))} → {_code(side_text(comparison.new))},"
    yield f"policy {_code(clean(comparison.policy))}"
    compared = ", ".join(f"{number} {what}" for what, number in comparison.compared.items())
    yield ""
    yield f"In both: {compared or 'nothing'}."
    for note in comparison.notes:
        yield ""
        yield f"Note: {_text(note)}"
    for (counts, severity), group in groupby(comparison.findings, lambda f: (f.counts, f.severity)):
        findings = list(group)
        word = severity.label if counts else f"suppressed {severity.label}"
        yield ""
        # Breaks are what a reader must see; the rest unfolds.
        shown = " open" if counts and severity >= Severity.SOURCE_BREAK else ""
        yield f"<details{shown}><summary>{_SIGNS[severity]} {word}: {len(findings)}</summary>"
        yield ""
        yield "| | what | before | after | change |"
        yield "|---|---|---|---|---|"
        for finding in findings:
            yield from _rows(finding)
        yield ""
        yield "</details>"


def _rows(finding: Finding) -> Iterator[str]:
    for number, change in enumerate((finding.change, *finding.effects)):
        what = _code(clean(change.subject)) if not number else ""
        sign = "+" if change.before is None else "−" if change.after is None else "~"
        before, after = (
            _code(fact_text(fact, change).strip()) for fact in (change.before, change.after)
        )
        kind = change.kind if not number else f"{change.kind}, following"
        yield f"| {sign} | {what} | {before} | {after} | {kind} |"
    said = []
    if finding.reason:
        said.append(_text(finding.reason))
    if finding.suppression is not None:
        until = f" until {finding.suppression.expires}" if finding.suppression.expires else ""
        said.append(f"suppressed{until}: {_text(finding.suppression.reason)}")
    for one in finding.reached:
        changes = ", ".join(map(short, one.changes))
        said.append(f"{_code(clean(one.subject))}: {_text(changes)}")
    if said:
        yield f"| | | {'<br>'.join(said)} | | |"


def _code(text: str) -> str:
    """A code span in a table: as many backticks around it as it takes."""
    if not text:
        return ""
    fence = "`"
    while fence in text:
        fence += "`"
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    # A bar ends a cell even within a code span, unless it is escaped.
    return f"{fence}{pad}{text}{pad}{fence}".replace("|", "\\|")


def _text(text: str) -> str:
    return clean(text).translate(_ACTIVE)

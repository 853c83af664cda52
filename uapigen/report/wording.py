"""How reports word what a comparison found: shared by the formats for people."""

from __future__ import annotations

from uapigen.compare.findings import Change, Comparison, Fact, Finding, Severity, Side

__all__ = ["clean", "fact_text", "finding_lines", "short", "side_text", "summary"]


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


def fact_text(fact: Fact | None, change: Change) -> str:
    """One side of a change: the place in bytes, or bytes and bits, and the declaration."""
    if fact is None:
        return ""
    text = clean(fact.text)
    if fact.bit_offset is None:
        return text
    byte, bit = divmod(fact.bit_offset, 8)
    place = f"{byte}:{bit}" if bit or ":" in fact.text else str(byte)
    name = change.place.rpartition(".")[0]
    return f"{place:>6}  {text}" + (f"  (in {clean(name)})" if name else "")


def short(change: Change) -> str:
    """A change in a few words: ``x at 8 -> 16``, ``size 8 -> 16``."""
    before, after = change.before, change.after
    if before is None or after is None:
        return f"{clean(change.place)} {change.kind}"
    if change.kind.startswith("size-"):
        return f"size {before.value} -> {after.value}"
    if before.bit_offset is not None and after.bit_offset is not None:
        at = " -> ".join(_place(fact) for fact in (before.bit_offset, after.bit_offset))
        return f"{clean(change.place)} at {at}"
    return f"{clean(change.place)} {clean(before.text)} -> {clean(after.text)}".strip()


def _place(bit_offset: int) -> str:
    byte, bit = divmod(bit_offset, 8)
    return f"{byte}:{bit}" if bit else str(byte)


def side_text(side: Side) -> str:
    """A source's name, and what it is for."""
    told = ", ".join(filter(None, (side.arch, side.release)))
    return f"{clean(side.name)} ({told})"


def clean(text: str) -> str:
    """Names stay names: no line breaks, no terminal escapes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def finding_lines(finding: Finding) -> list[str]:
    """A finding as plain text: its subject, its changes, what follows and what it reaches."""
    lines = [f"{finding.severity.label}: {clean(finding.subject)}"]
    for number, change in enumerate((finding.change, *finding.effects)):
        before, after = (
            fact_text(fact, change).strip() or "(nothing)" for fact in (change.before, change.after)
        )
        lines.append(f"{'  ' if number else ''}{change.kind}: {before} -> {after}")
    if finding.reason:
        lines.append(clean(finding.reason))
    if finding.suppression is not None:
        until = f" until {finding.suppression.expires}" if finding.suppression.expires else ""
        lines.append(f"suppressed{until}: {clean(finding.suppression.reason)}")
    if finding.reached:
        names = ", ".join(clean(one.subject) for one in finding.reached)
        lines.append(f"reaches {names}")
    return lines

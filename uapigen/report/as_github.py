"""A comparison as workflow commands, which GitHub Actions shows as annotations.

GitHub shows the first ten of each level of a step: the worst come first.
"""

from __future__ import annotations

from collections.abc import Iterator

from uapigen.compare.findings import Comparison, Severity
from uapigen.report.wording import clean, finding_lines, side_text, summary

__all__ = ["render"]

_COMMANDS = {
    Severity.NONE: "notice",
    Severity.COMPATIBLE: "notice",
    Severity.SOURCE_BREAK: "warning",
    Severity.BINARY_BREAK: "error",
}


def render(comparison: Comparison) -> Iterator[str]:
    """A command for each finding that matters and counts; then the summary, as plain text."""
    for finding in comparison.findings:
        if not finding.counts or finding.severity is Severity.NONE:
            continue
        title = f"{finding.severity.label}: {clean(finding.subject)}"
        properties = f"file={_property(clean(comparison.old.name))},title={_property(title)}"
        message = "\n".join(finding_lines(finding)[1:])
        yield f"::{_COMMANDS[finding.severity]} {properties}::{_data(message)}"
    yield f"{side_text(comparison.old)} to {side_text(comparison.new)}: {summary(comparison)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")

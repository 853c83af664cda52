"""A comparison as JUnit XML: a test case for each type, function or constant with findings.

Breaks are failures, suppressed ones are skipped; what is compatible passes, its text as output.
The form is that of the Jenkins xUnit plugin's schema, which CI servers agree on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from xml.sax.saxutils import escape, quoteattr

from uapigen.compare.findings import Comparison, Finding, Severity
from uapigen.report.wording import clean, finding_lines, summary

__all__ = ["render"]

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(comparison: Comparison) -> Iterator[str]:
    """The lines of the document."""
    cases = [
        list(group) for _, group in groupby(sorted(comparison.findings, key=_subject), key=_subject)
    ]
    failed = sum(_verdict(case) >= Severity.SOURCE_BREAK for case in cases)
    skipped = sum(not any(finding.counts for finding in case) for case in cases)
    name = _attribute(f"{comparison.old.name} to {comparison.new.name}")
    total = len(cases) + 1
    counts = f'tests="{total}" failures="{failed}" errors="0" skipped="{skipped}"'
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f"<testsuites {counts}>"
    yield f'  <testsuite name={name} {counts} time="0">'
    # One that says what was compared, so that a suite without a difference has a test, too.
    compared = ", ".join(f"{number} {what}" for what, number in comparison.compared.items())
    policy = _attribute(f"policy {comparison.policy}")
    yield f'    <testcase classname="uapigen" name={policy} time="0">'
    said = [summary(comparison), f"in both: {compared or 'nothing'}", *comparison.notes]
    yield f"      <system-out>{_text(said)}</system-out>"
    yield "    </testcase>"
    for case in cases:
        yield from _case(case)
    yield "  </testsuite>"
    yield "</testsuites>"


def _subject(finding: Finding) -> str:
    return finding.subject


def _verdict(case: Iterable[Finding]) -> Severity:
    return max((f.severity for f in case if f.counts), default=Severity.NONE)


def _case(case: list[Finding]) -> Iterator[str]:
    yield f'    <testcase classname="abi" name={_attribute(case[0].subject)} time="0">'
    worst = _verdict(case)
    text = _text(line for finding in case for line in finding_lines(finding))
    suppressed = [f.suppression.reason for f in case if f.suppression is not None]
    if worst >= Severity.SOURCE_BREAK:
        kinds = sorted({f.kind for f in case if f.counts and f.severity is worst})
        message = _attribute(f"{worst.label}: {', '.join(kinds)}")
        yield f'      <failure type="{worst.label}" message={message}>{text}</failure>'
    elif len(suppressed) == len(case):
        yield f"      <skipped message={_attribute('; '.join(suppressed))}/>"
    else:
        yield f"      <system-out>{text}</system-out>"
    yield "    </testcase>"


def _attribute(text: str) -> str:
    return quoteattr(_NOT_XML.sub("?", clean(text)))


def _text(lines: Iterable[str]) -> str:
    return escape(_NOT_XML.sub("?", "\n".join(map(clean, lines))))

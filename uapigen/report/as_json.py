"""A comparison for programs. docs/diff.md says what is in it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from uapigen.compare.findings import Comparison

__all__ = ["render"]


def render(comparison: Comparison) -> Iterator[str]:
    """The lines of a JSON document: the summary first, then a line for each finding."""
    whole = comparison.as_json()
    findings = whole.pop("findings")
    *head, last = json.dumps(whole, indent=2).splitlines()
    head[-1] += ","
    yield from head
    yield '  "findings": ['
    for number, finding in enumerate(findings, 1):
        yield f"    {json.dumps(finding)}{',' if number < len(findings) else ''}"
    yield "  ]"
    yield last

"""A comparison as SARIF 2.1.0 (OASIS), which code hosts show beside a change."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import uapigen
from uapigen.compare.findings import Comparison, Finding, Severity
from uapigen.compare.kinds import KINDS
from uapigen.report.wording import clean, finding_lines, summary

__all__ = ["render"]

_LEVELS = {
    Severity.NONE: "note",
    Severity.COMPATIBLE: "note",
    Severity.SOURCE_BREAK: "warning",
    Severity.BINARY_BREAK: "error",
}


def render(comparison: Comparison) -> Iterator[str]:
    """The lines of the JSON document."""
    kinds = sorted({finding.kind for finding in comparison.findings})
    run = {
        "tool": {
            "driver": {
                "name": "uapigen",
                "version": uapigen.__version__,
                "rules": [
                    {"id": kind, "shortDescription": {"text": KINDS[kind].title}} for kind in kinds
                ],
            }
        },
        "columnKind": "utf16CodeUnits",
        "properties": {
            "old": comparison.old._asdict(),
            "new": comparison.new._asdict(),
            "policy": comparison.policy,
            "summary": summary(comparison),
            "notes": list(comparison.notes),
        },
        "results": [
            _result(finding, kinds.index(finding.kind), comparison.old.name)
            for finding in comparison.findings
        ],
    }
    document = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    yield from json.dumps(document, indent=2).split("\n")


def _result(finding: Finding, rule: int, golden: str) -> dict[str, Any]:
    """A finding; it is shown at the golden file, which is what a change can be about."""
    full_name = f"{finding.subject}.{finding.place}" if finding.place else finding.subject
    location = {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(golden)},
            "region": {"startLine": 1},
        },
        "logicalLocations": [
            {"fullyQualifiedName": clean(full_name), "kind": "member" if finding.place else "type"}
        ],
    }
    result: dict[str, Any] = {
        "ruleId": finding.kind,
        "ruleIndex": rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": "\n".join(finding_lines(finding))},
        "locations": [location],
        # What makes it the same finding in the next run
        "partialFingerprints": {"change/v1": f"{finding.kind}:{clean(full_name)}"},
        "properties": {"severity": finding.severity.label},
    }
    if finding.suppression is not None:
        result["suppressions"] = [{"kind": "external", "justification": finding.suppression.reason}]
    return result


def _uri(path: str) -> str:
    """A file's URI: relative as it was given, so that a code host finds it in the checkout."""
    return Path(path).as_uri() if Path(path).is_absolute() else quote(path)

"""The formats of a report, and which module writes each: one table."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uapigen.compare.findings import Comparison

__all__ = ["FORMATS", "render"]

FORMATS = {
    "text": "uapigen.report.text",
    "json": "uapigen.report.as_json",
    "markdown": "uapigen.report.as_markdown",
    "html": "uapigen.report.as_html",
    "junit": "uapigen.report.as_junit",
    "sarif": "uapigen.report.as_sarif",
    "github": "uapigen.report.as_github",
}
"""By name, the module whose ``render(comparison)`` makes lines without line breaks."""


def render(comparison: Comparison, form: str, *, colour: bool = False) -> Iterable[str]:
    """The report in a format of :data:`FORMATS`; only text has colour."""
    module = import_module(FORMATS[form])
    said: dict[str, Any] = {"colour": colour} if form == "text" else {}
    lines: Iterable[str] = module.render(comparison, **said)
    return lines

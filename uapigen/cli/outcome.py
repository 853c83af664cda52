"""What a run over headers says beside its output: report, dependencies, lines on stderr."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from uapigen.cli import one_line
from uapigen.cli.depfile import write_depfile
from uapigen.errors import SystemRefusalError
from uapigen.ir.declarations import Omission

__all__ = ["Outcome", "finish"]

_SHOWN = 10
"""Lines about each sort of thing, without ``--verbose``."""


@dataclass
class Outcome:
    """What was left out, what differed, and what was read."""

    sources: Sequence[str]
    arch: str
    failed: list[Omission] = field(default_factory=list)
    """Headers that could not be read."""
    failures: list[Omission] = field(default_factory=list)
    """Types that cannot be laid out."""
    missing: list[Omission] = field(default_factory=list)
    """What else is left out; for headers, mostly macros that are no constants."""
    warnings: list[str] = field(default_factory=list)
    """Where BTF and a header differ."""
    notes: list[str] = field(default_factory=list)
    """Where two headers differ: which one was believed."""
    inputs: dict[str, None] = field(default_factory=dict)
    """All files that were read."""
    summary: str = ""

    def report(self) -> dict[str, object]:
        """The report, as ``--report`` writes it."""
        missing = [*self.failed, *self.failures, *self.missing]
        return {
            "sources": [os.path.basename(path) for path in self.sources],
            "arch": self.arch,
            "missing": [
                {"name": name, "kind": kind, "header": header, "reason": reason}
                for name, kind, header, reason in missing
            ],
            "warnings": [*self.warnings, *self.notes],
        }


def finish(options: argparse.Namespace, outcome: Outcome) -> None:
    """Write what the options ask for, and say what must be said."""
    if options.depfile:
        # A header named as C includes it is among the inputs by its path.
        named = [path for path in options.sources if os.path.lexists(path)]
        inputs = [*named, *([options.base] if options.base else []), *outcome.inputs]
        write_depfile(options.depfile, [options.output], inputs)
    if options.report:
        _write(options.report, json.dumps(outcome.report(), indent=2) + "\n")
    if options.quiet:
        return
    limit = None if options.verbose else _SHOWN
    _say((f"failed: {one.name}: {one.reason}" for one in outcome.failed), None)
    _say((f"left out {one.name}: {one.reason}" for one in outcome.failures), limit)
    _say(outcome.warnings, limit)
    if options.verbose:
        _say(outcome.notes, None)
        _say((f"left out {o.header}: {o.kind} {o.name}: {o.reason}" for o in outcome.missing), None)
        _say([f"{options.output}: {outcome.summary}"], None)


def _say(lines: Iterable[str], limit: int | None) -> None:
    listed = list(lines)
    for line in listed[:limit]:
        print(f"uapigen: {one_line(line)}", file=sys.stderr)
    if limit is not None and len(listed) > limit:
        more = len(listed) - limit
        print(f"uapigen: and {more} more (--verbose or --report shows them)", file=sys.stderr)


def _write(path: str, text: str) -> None:
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise SystemRefusalError(f"{path}: {error.strerror or error}") from None

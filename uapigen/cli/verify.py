"""``uapigen verify BINDINGS [SOURCE...]``: hold a generated package against its source."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from uapigen.cli.header_options import add_header_options, said_of_headers
from uapigen.cli.help import formatter
from uapigen.cli.progress import Progress
from uapigen.emit.headers import header_plan
from uapigen.emit.linked import module_path
from uapigen.emit.parts import Given, own_plan
from uapigen.errors import UsageError
from uapigen.ir.graph import SourceInfo
from uapigen.ir.selection import select
from uapigen.ir.types import Typedef
from uapigen.ir.units import choose
from uapigen.layout.plan import Plan
from uapigen.sources import RUNNING_KERNEL, Opened, open_sources
from uapigen.verify.expectations import expectations
from uapigen.verify.run import Outcome, run_probe

__all__ = ["run"]

_EPILOG = """\
BINDINGS is imported, and so runs with your rights, by an interpreter of its own;
each class is held against SOURCE by ctypes introspection, and by writing bits
and reading bytes.

exit codes: 0 everything agrees; 1 something differs (one line each); 2 usage;
3 BINDINGS cannot be imported, or SOURCE is malformed; 4 the system refused.
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="uapigen verify",
        usage="uapigen verify [options] BINDINGS [SOURCE...]",
        description="Hold generated bindings against their source.",
        epilog=_EPILOG,
        formatter_class=formatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("bindings", metavar="BINDINGS", help="a package directory or a .py file")
    add("sources", nargs="*", metavar="SOURCE", help=f"default: {RUNNING_KERNEL}")
    add("--only", metavar="PATTERN", action="append", default=[], help="as they were made with")
    add("--exclude", metavar="PATTERN", action="append", default=[], help="as they were made with")
    add("--ops", metavar="PATTERN", action="append", default=[], help="as they were made with")
    add("--arch", metavar="ARCH", help="target, where the source does not say")
    add("--base", metavar="FILE", help="the BTF under split BTF")
    add_header_options(parser)
    add(
        "--python",
        metavar="INTERPRETER",
        default=sys.executable,
        help="CPython 3.10 or later to import BINDINGS with; default: the one that runs uapigen",
    )
    add("--quiet", action="store_true", help="no progress, no summary")
    add("--verbose", action="store_true", help="also list what cannot be laid out")
    return parser


def run(argv: list[str]) -> int:
    """Verify; returns the exit code. Raises :class:`uapigen.errors.UapigenError`."""
    options = _parser().parse_args(argv)
    progress = Progress(enabled=not options.quiet)
    progress.step("reading")
    opened = open_sources(
        options.sources or [RUNNING_KERNEL],
        base=options.base,
        arch=options.arch,
        **said_of_headers(options),
    )
    progress.step("working out what must be there")
    outcome = Outcome()
    refused: dict[str, str] = {}
    for expected in _expected(opened, options):
        progress.step("importing and looking")
        _add(outcome, run_probe(Path(options.bindings), expected, options.python))
        refused |= expected["refused"]
    progress.done()
    for line in outcome.differences:
        print(_printable(line))
    if options.verbose:
        for spelling, reason in refused.items():
            print(_printable(f"uapigen: {spelling} cannot be laid out: {reason}"), file=sys.stderr)
    if not options.quiet:
        print(_printable(_summary(options, opened.graph.sources, outcome)))
    return 1 if outcome.differences else 0


def _expected(opened: Opened, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """What must be there, for the bindings or for each module of a package of headers."""
    graph, model, joined = opened
    if joined is None:
        selection = select(graph, options.only, options.exclude)
    else:
        selection = choose(joined, options.only, options.exclude)
    if selection.unmatched:
        raise UsageError(f"--only {selection.unmatched[0]!r} matches nothing in the sources")
    if joined is None:
        plan = Plan(graph, model, selection)
        plan.operation_patterns = options.ops
        yield expectations(plan)
    elif joined.single is None or not os.path.isdir(options.bindings):
        plan = header_plan(joined, model, selection)
        plan.operation_patterns = options.ops
        # A header's types refer to others of its own, where BTF's of the same names are there.
        nodes = (graph.nodes[type_id] for type_id in selection.typedefs)
        typedefs = (node.name for node in nodes if isinstance(node, Typedef))
        names = {*plan.keys.spelling.values(), *typedefs}
        yield expectations(plan, joined.macros, linked=names)
    else:
        headers = frozenset(unit.header for unit in joined.units)
        given = Given(model, headers, *joined.patterns)
        for index in range(len(joined.units)):
            unit, _ = joined.single(index)
            plan, macros = own_plan(unit, given)
            module = ".".join(module_path(unit.files[unit.header].module))
            yield expectations(plan, macros, module, linked=None)


def _add(outcome: Outcome, more: Outcome) -> None:
    """Add what was found in another module."""
    sources = [*outcome.abi.get("sources", []), *more.abi.get("sources", [])]
    outcome.abi = {**more.abi, "sources": sources}
    outcome.python = more.python
    outcome.differences += more.differences
    for what, number in more.counts.items():
        outcome.counts[what] = outcome.counts.get(what, 0) + number


def _summary(options: argparse.Namespace, sources: list[SourceInfo], outcome: Outcome) -> str:
    against = " and ".join(options.sources or [RUNNING_KERNEL])
    counts = ", ".join(f"{number} {what}" for what, number in outcome.counts.items())
    found = len(outcome.differences)
    verdict = f"{found} difference{'s' if found > 1 else ''} from" if found else "agree with"
    lines = [
        f"uapigen: {options.bindings}: {counts or 'nothing'} {verdict} {against}"
        f" on Python {outcome.python}"
    ]
    made_from, here = _digests(outcome), {source.sha256 for source in sources}
    if not here <= made_from:  # headers were made from what they include, too
        lines.append(
            f"they were made from another source: sha256 {_short(made_from)}, here {_short(here)}"
        )
    if not options.only and sum("is missing (" in line for line in outcome.differences) > 10:
        lines.append("if they were made with --only or --exclude, give the same here")
    return "; ".join(lines)


def _digests(outcome: Outcome) -> set[str]:
    sources = outcome.abi.get("sources")
    listed = sources if isinstance(sources, list) else []
    return {str(source.get("sha256")) for source in listed if isinstance(source, dict)}


def _short(digests: set[str]) -> str:
    return " and ".join(f"{digest[:12]}…" for digest in sorted(digests)) or "unknown"


def _printable(line: str) -> str:
    """Names come from strangers: no line breaks, no terminal escapes."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)

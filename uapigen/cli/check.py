"""``uapigen check GOLDEN [SOURCE]``: whether a source still is what a golden file says."""

from __future__ import annotations

import argparse
import os
from collections.abc import Container, Sequence
from typing import Any

from uapigen.cli.compared import add_source_options, check_patterns, facts_of, open_side, write
from uapigen.compare.comparison import compare
from uapigen.compare.counterparts import counterparts, nameless
from uapigen.compare.facts import Facts
from uapigen.compare.findings import Severity
from uapigen.compare.policy import load_policy
from uapigen.errors import UsageError
from uapigen.ir.selection import Selection
from uapigen.ir.units import Joined
from uapigen.report.formats import FORMATS, render
from uapigen.show.terminal import wants_colour
from uapigen.sources import RUNNING_KERNEL, Opened

__all__ = ["EXIT_CODES", "run"]

EXIT_CODES = {
    Severity.NONE: 0,
    Severity.COMPATIBLE: 0,
    Severity.SOURCE_BREAK: 5,
    Severity.BINARY_BREAK: 1,
}

_EPILOG = """\
GOLDEN is a snapshot (uapigen snapshot), or any other source. Only what it contains is
compared: what SOURCE has beside it is no difference.

exit codes: 0 the same, or compatible; 1 a binary break; 5 a source break, but no binary
break; 2 usage, or a policy that is wrong; 3 a source is malformed or unsupported; 4 the
system refused.
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="uapigen check",
        usage="uapigen check [options] GOLDEN [SOURCE...]",
        description="Hold a source against a golden file of the types that must not change.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("golden", metavar="GOLDEN")
    add("sources", nargs="*", metavar="SOURCE", help=f"default: {RUNNING_KERNEL}")
    add("--policy", metavar="POLICY", default="kernel",
        help="kernel (default), uapi, source, or a .toml file")  # fmt: skip
    add("--format", choices=tuple(FORMATS), default="text", help="default: text")
    add("--update", action="store_true",
        help="rewrite GOLDEN, a snapshot, with what SOURCE has of what it contains")  # fmt: skip
    add("-o", "--output", metavar="FILE", help="write the report there")
    add("--color", choices=("auto", "always", "never"), default="auto", metavar="WHEN",
        help="auto (default: on a terminal, unless NO_COLOR is set), always or never")  # fmt: skip
    add_source_options(parser, sides=())
    return parser


def run(argv: list[str]) -> int:
    """Check; returns the exit code. Raises :class:`uapigen.errors.UapigenError`."""
    options = _parser().parse_args(argv)
    if options.update and (options.only or options.exclude):
        raise UsageError("--update rewrites all of GOLDEN: not with --only or --exclude")
    load_policy(options.policy)  # what is wrong with it is said before the work
    sources: Sequence[str] = options.sources or [RUNNING_KERNEL]
    old = facts_of(open_side(options, [options.golden], "old"), options.only, options.exclude)
    check_patterns(old.selection)
    new = _asked_for(open_side(options, sources, "new", facts=not options.update), old)
    policy = load_policy(options.policy, arch=new.model.arch)
    names = options.golden, " and ".join(sources)
    comparison = compare(old, new, policy, names=names, known_only=True)
    colour = wants_colour(options.color) and options.output is None
    write(render(comparison, options.format, colour=colour), options.output)
    if options.update:
        _update(options.golden, old, new)
        return 0
    return EXIT_CODES[comparison.worst]


def _asked_for(opened: Opened, golden: Facts) -> Facts:
    """A source of which only what the golden file names is looked up."""
    graph, model, joined = opened
    graph.seek(golden.names())
    selection = Selection()
    selection.tags = nameless(golden, graph)
    return Facts(graph, model, selection, joined)


def _restrict(new: Joined, old: Joined) -> None:
    """Drop the constants and macros that the golden file does not have."""
    tables: list[tuple[dict[str, Any], Container[str]]] = [
        (new.constants, old.constants),
        (new.macros, old.macros),
        (new.type_aliases, old.type_aliases),
    ]
    for table, known in tables:
        for name in [name for name in table if name not in known]:
            del table[name]


def _update(path: str, old: Facts, new: Facts) -> None:
    """Rewrite a snapshot with what the source has of all that is in it, and what that embeds."""
    from uapigen.emit.output import write_module
    from uapigen.snapshot.mark import is_snapshot
    from uapigen.snapshot.write import write_snapshot

    with open(path, "rb") as file:
        if not is_snapshot(file.read(4096)):
            raise UsageError(f"--update: {path} is no snapshot, which alone can be rewritten")
    selection = counterparts(old, new)
    if new.joined is not None and old.joined is not None:
        _restrict(new.joined, old.joined)
    written = write_snapshot(new.graph, new.model, selection, new.joined)
    folder, name = os.path.split(path)
    write_module({name: written.text}, folder)

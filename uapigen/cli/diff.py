"""``uapigen diff OLD NEW``: what differs between two sources, and whom it harms."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from uapigen.cli.compared import (
    add_source_options,
    check_patterns,
    facts_of,
    open_both,
    write,
)
from uapigen.cli.help import formatter
from uapigen.compare.comparison import compare
from uapigen.compare.policy import load_policy
from uapigen.report.formats import FORMATS, render
from uapigen.show.terminal import wants_colour

__all__ = ["run"]

_EPILOG = """\
OLD and NEW are sources of any kind, not necessarily of the same: BTF, ELF files, kernel
images, headers, snapshots, generated bindings. See docs/diff.md for the policies and
for what each kind of change means.

exit codes: 0 no difference (but for suppressed ones); 1 there are differences; 2 usage, or
a policy that is wrong; 3 a source is malformed or unsupported; 4 the system refused.
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="uapigen diff",
        usage="uapigen diff [options] OLD NEW",
        description="Show what differs between two sources, each change once at its root, with how"
        " much it matters under a policy.",
        epilog=_EPILOG,
        formatter_class=formatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("old", metavar="OLD")
    add("new", metavar="NEW")
    add("--policy", metavar="POLICY", default="kernel",
        help="kernel (default), uapi, source, or a .toml file")  # fmt: skip
    add("--format", choices=tuple(FORMATS), default="text", help="default: text")
    add("--summary", action="store_true", help="text: the summary alone")
    add("-o", "--output", metavar="FILE", help="write the report there")
    add("--color", choices=("auto", "always", "never"), default="auto", metavar="WHEN",
        help="auto (default: on a terminal, unless NO_COLOR is set), always or never")  # fmt: skip
    add_source_options(parser, sides=("old", "new"))
    return parser


def run(argv: list[str]) -> int:
    """Compare; returns the exit code. Raises :class:`uapigen.errors.UapigenError`."""
    options = _parser().parse_args(argv)
    load_policy(options.policy)  # what is wrong with it is said before the work
    opened = open_both(options, options.old, options.new)
    old, new = (facts_of(side, options.only, options.exclude) for side in opened)
    check_patterns(old.selection, new.selection)
    policy = load_policy(options.policy, arch=new.model.arch)
    comparison = compare(old, new, policy, names=(options.old, options.new))
    colour = wants_colour(options.color) and options.output is None
    if options.summary and options.format == "text":
        from uapigen.report.text import render as as_text

        lines: Iterable[str] = as_text(comparison, colour=colour, findings=False)
    else:
        lines = render(comparison, options.format, colour=colour)
    write(lines, options.output)
    return 1 if any(finding.counts for finding in comparison.findings) else 0

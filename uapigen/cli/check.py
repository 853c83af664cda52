"""``uapigen check GOLDEN [SOURCE]``: whether a source still is what a golden file says."""

from __future__ import annotations

import argparse
import os
from collections.abc import Container, Sequence
from typing import Any

from uapigen.cli.compared import add_source_options, check_patterns, facts_of, open_side, write
from uapigen.cli.header_options import said_of_headers
from uapigen.cli.help import formatter
from uapigen.compare.comparison import compare
from uapigen.compare.counterparts import counterparts, nameless
from uapigen.compare.facts import Facts
from uapigen.compare.findings import Severity
from uapigen.compare.policy import load_policy
from uapigen.errors import SystemRefusalError, UsageError
from uapigen.ir.selection import Selection
from uapigen.ir.units import Joined
from uapigen.layout.targets import host_arch
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
compared: what SOURCE has beside it is no difference. Without SOURCE, what a snapshot
of headers says is looked for in the headers that it names, as C includes them; what a
snapshot of a module says, in that module; anything else, in the running kernel.

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
        formatter_class=formatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("golden", metavar="GOLDEN")
    add(
        "sources",
        nargs="*",
        metavar="SOURCE",
        help="default: the headers that GOLDEN names, else the running kernel",
    )
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
    golden = open_side(options, [options.golden], "old")
    sources: Sequence[str] = options.sources or _sources_of(golden, options)
    old = facts_of(golden, options.only, options.exclude)
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


def _sources_of(golden: Opened, options: argparse.Namespace) -> list[str]:
    """Where what a golden file says is found on this machine: the headers that it names, as C
    includes them; the running kernel, or its modules.

    Raises :class:`UsageError` where there is no such place.
    """
    path, arch = options.golden, golden.model.arch
    sources = golden.graph.sources
    if golden.headers is not None:
        from uapigen.header_sources import header_paths
        from uapigen.headers.options import HeaderOptions
        from uapigen.snapshot.read import SnapshotGraph

        if not isinstance(golden.graph, SnapshotGraph):
            raise UsageError(f"{path} is a header itself: name the SOURCE to hold against it")
        options.arch = options.arch or arch
        names = list(dict.fromkeys(unit.header for unit in golden.headers.units))
        try:
            header_paths(names, HeaderOptions(golden.model, **said_of_headers(options)))
        except SystemRefusalError as error:
            raise UsageError(f"{error}: name the SOURCE to hold against {path}") from None
        if not golden.headers.btf_end:
            return names
        sources = [one for one in sources if not one.name.endswith(".h")]
    else:
        names = []
    here = host_arch()
    if arch != here:
        raise UsageError(f"{path} is for {arch}, this machine's kernel for {here}: name a SOURCE")
    modules = [os.path.join(_MODULES, os.path.basename(one.name)) for one in sources]
    return names + (modules if all(map(os.path.isfile, modules)) else [RUNNING_KERNEL])


_MODULES = os.path.dirname(RUNNING_KERNEL)


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
    from uapigen.snapshot.mark import is_snapshot
    from uapigen.snapshot.write import put_snapshot, write_snapshot

    with open(path, "rb") as file:
        if not is_snapshot(file.read(4096)):
            raise UsageError(
                f"--update: {path} is no uncompressed snapshot; only such are rewritten"
            )
    selection = counterparts(old, new)
    if new.joined is not None and old.joined is not None:
        _restrict(new.joined, old.joined)
        new.joined.patterns = old.joined.patterns
    written = write_snapshot(new.graph, new.model, selection, new.joined)
    put_snapshot(path, written.text)

"""``uapigen snapshot SOURCE... -o OUT``: chosen types, to be kept and to be compared with."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable

from uapigen.cli import one_line
from uapigen.cli.compared import add_source_options, open_side
from uapigen.cli.help import formatter
from uapigen.emit.output import differences, write_module
from uapigen.errors import UsageError
from uapigen.ir.selection import Selection, select
from uapigen.sources import Opened

__all__ = ["run"]

_EPILOG = """\
What comes out is a SOURCE itself: uapigen generates, shows, compares from it. The
same sources and options give the same bytes. docs/snapshot.md describes the format.

exit codes: 0 done; 1 with --check, OUT would change; 2 usage; 3 an input is
malformed or unsupported; 4 the system refused.
"""
_SHOWN = 10


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="uapigen snapshot",
        usage="uapigen snapshot [options] SOURCE... -o OUT",
        description="Write types with all facts of their layout to a file that people can review:"
        " a golden file, or a small source for builds on other machines.",
        epilog=_EPILOG,
        formatter_class=formatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("sources", nargs="+", metavar="SOURCE")
    add("-o", "--output", metavar="OUT", required=True, help="the file to write")
    add("--format", choices=("json", "btf"), default="json",
        help="json (default), for people and for uapigen; btf, the types alone")  # fmt: skip
    add_source_options(parser, sides=())
    add("--check", action="store_true", help="write nothing; exit 1 and a diff if OUT would change")
    add("--provenance", action="store_true",
        help="write OUT, or with --check refuse it, also where nothing has changed but the sources'"
        " digests and the kernel's release")  # fmt: skip
    add("--quiet", action="store_true", help="do not say what is left out")
    return parser


def run(argv: list[str]) -> int:
    """Write a snapshot; returns the exit code. Raises :class:`uapigen.errors.UapigenError`."""
    options = _parser().parse_args(argv)
    opened = open_side(options, options.sources, "")
    selection = _chosen(opened, options)
    folder, name = os.path.split(options.output)
    if options.format == "btf":
        data, left_out = _btf(opened, selection)
        if options.check:
            return _check_bytes(data, options.output)
        write_module({name: data}, folder)
    else:
        from uapigen.snapshot.write import put_snapshot, settled, write_snapshot

        text, failures = write_snapshot(*opened[:2], selection, opened.headers)
        left_out = [f"{one.spelling}: {one.reason}" for one in failures]
        if options.check:
            if not options.provenance:
                text = settled(options.output, text)
            lines = differences({name: text}, folder)
            if lines:
                print("\n".join(lines))
            return 1 if lines else 0
        put_snapshot(options.output, text, provenance=options.provenance)
    if not options.quiet:
        _say(left_out)
    return 0


def _chosen(opened: Opened, options: argparse.Namespace) -> Selection:
    if opened.headers is None:
        selection = select(opened.graph, options.only, options.exclude)
    else:
        from uapigen.ir.units import choose

        selection = choose(opened.headers, options.only, options.exclude)
    if selection.unmatched:
        raise UsageError(f"--only {selection.unmatched[0]!r} matches nothing in the sources")
    return selection


def _btf(opened: Opened, selection: Selection) -> tuple[bytes, list[str]]:
    from uapigen.btf.writer import write_btf

    written = write_btf(opened.graph, selection, loadable=True, drop=True)
    return written.data, [f"{one.name}: {one.reason}" for one in written.dropped]


def _check_bytes(data: bytes, path: str) -> int:
    try:
        with open(path, "rb") as file:
            same = file.read() == data
    except (FileNotFoundError, NotADirectoryError):
        same = False
    if not same:
        print(f"{path} would change")
    return 0 if same else 1


def _say(left_out: Iterable[str]) -> None:
    listed = list(left_out)
    for line in listed[:_SHOWN]:
        print(f"uapigen: left out {one_line(line)}", file=sys.stderr)
    if len(listed) > _SHOWN:
        print(f"uapigen: and {len(listed) - _SHOWN} more", file=sys.stderr)

"""From OLD and NEW on a command line to facts that can be compared; shared by diff and check."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from uapigen.cli import one_line
from uapigen.cli.header_options import add_header_options, said_of_headers
from uapigen.compare.facts import Facts
from uapigen.errors import SystemRefusalError, UsageError
from uapigen.ir.selection import Selection, select
from uapigen.sources import Opened, open_sources

if TYPE_CHECKING:
    from uapigen.header_trees import HeaderTree, OpenedTree

__all__ = [
    "add_source_options",
    "check_patterns",
    "facts_of",
    "open_both",
    "open_side",
    "write",
]


def add_source_options(parser: argparse.ArgumentParser, *, sides: Sequence[str]) -> None:
    """Options about what is read; each of ``sides`` (``old``, ``new``) has some of its own."""
    add = parser.add_argument
    add("--only", metavar="PATTERN", action="append", default=[],
        help='glob over C spellings, as "struct task_struct" or "bpf_*"; what it embeds comes'
        " along (repeatable)")  # fmt: skip
    add("--exclude", metavar="PATTERN", action="append", default=[],
        help="leave these out (repeatable)")  # fmt: skip
    add("--arch", metavar="ARCH", help="target, where the sources do not say (x86_64, i386, …)")
    add("--base", metavar="FILE", help="the BTF under split BTF (a module's: its vmlinux)")
    add = add_header_options(parser).add_argument
    for side in sides:
        what = f"of {side.upper()} alone"
        add(f"--{side}-arch", metavar="ARCH", help=f"as --arch, {what}")
        add(f"--{side}-base", metavar="FILE", help=f"as --base, {what}")
        add(f"--{side}-sysroot", metavar="DIR", help=f"as --sysroot, {what}")
        add(f"--{side}-include-dir", metavar="DIR", action="append", default=[],
            help=f"as -I, {what} (repeatable)")  # fmt: skip


def open_side(
    options: argparse.Namespace, sources: Sequence[str], side: str, *, facts: bool = False
) -> Opened:
    """Read one side's sources as the options say; with ``facts``, what a comparison needs."""
    tree = _tree(options, sources, side)
    if tree is not None:
        return _complain(tree.open_facts() if facts else tree.open())
    said = _said(options, side)
    headers = _headers(options, side)
    return open_sources(sources, base=said("base"), arch=said("arch"), **headers)


def open_both(options: argparse.Namespace, old: str, new: str) -> tuple[Opened, Opened]:
    """Read what is to be compared: trees of headers side by side, all else one by one."""
    trees = _tree(options, [old], "old"), _tree(options, [new], "new")
    if trees[0] is not None and trees[1] is not None:
        first, second = trees[0].open_facts_beside(trees[1])
        return _complain(first), _complain(second)
    return (
        open_side(options, [old], "old", facts=True),
        open_side(options, [new], "new", facts=True),
    )


def _said(options: argparse.Namespace, side: str) -> Callable[[str], str | None]:
    """What an option says of a side."""

    def said(name: str) -> str | None:
        own: str | None = getattr(options, f"{side}_{name}", None)
        return own or getattr(options, name)

    return said


def _headers(options: argparse.Namespace, side: str) -> dict[str, Any]:
    """How a side's headers are read."""
    own_dirs: list[str] = getattr(options, f"{side}_include_dir", [])
    headers = said_of_headers(options)
    headers["sysroot"] = _said(options, side)("sysroot")
    headers["include_dirs"] = (*own_dirs, *options.include_dirs)
    return headers


def _tree(options: argparse.Namespace, sources: Sequence[str], side: str) -> HeaderTree | None:
    """The source, if it is a directory of headers."""
    if len(sources) != 1 or not os.path.isdir(sources[0]):
        return None
    from uapigen.bindings_source import is_bindings

    if is_bindings(sources[0]):
        return None
    from uapigen.header_trees import HeaderTree

    return HeaderTree(sources[0], _said(options, side)("arch"), _headers(options, side))


def _complain(tree: OpenedTree) -> Opened:
    """What was read of a tree; what could not be is named."""
    opened, failed = tree
    for one in failed:
        print(f"uapigen: left out {one_line(f'{one.name}: {one.reason}')}", file=sys.stderr)
    return opened


def facts_of(opened: Opened, only: Sequence[str], exclude: Sequence[str]) -> Facts:
    """What was chosen of a source; see :func:`check_patterns` for patterns that find nothing."""
    graph, model, joined = opened
    if joined is not None:
        from uapigen.ir.units import choose

        return Facts(graph, model, choose(joined, only, exclude), joined)
    selection = select(graph, only, exclude)
    if selection.whole:
        graph.preload()
    return Facts(graph, model, selection)


def check_patterns(*selections: Selection) -> None:
    """Refuse a pattern that matches nothing in any of the sources."""
    unmatched = set(selections[0].unmatched)
    for selection in selections[1:]:
        unmatched &= set(selection.unmatched)
    for pattern in selections[0].unmatched:
        if pattern in unmatched:
            raise UsageError(f"--only {pattern!r} matches nothing in the sources")


def write(lines: Iterable[str], output: str | None) -> None:
    """Print a report, or write it to a file."""
    text = "".join(f"{line}\n" for line in lines)
    if output is None:
        stream = sys.stdout
        if hasattr(stream, "reconfigure"):
            # Names may have letters that the terminal's encoding lacks.
            stream.reconfigure(errors="backslashreplace")
        stream.write(text)
        stream.flush()
        return
    try:
        with open(output, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError as error:
        raise SystemRefusalError(f"{os.fspath(output)}: {error.strerror or error}") from None

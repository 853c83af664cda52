"""From OLD and NEW on a command line to facts that can be compared; shared by diff and check."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from uapigen.cli import one_line
from uapigen.cli.header_options import add_header_options, said_of_headers
from uapigen.compare.facts import Facts
from uapigen.errors import SystemRefusalError, UsageError
from uapigen.ir.selection import Selection, select
from uapigen.sources import Opened, open_sources

__all__ = ["add_source_options", "check_patterns", "facts_of", "open_side", "write"]


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


def open_side(options: argparse.Namespace, sources: Sequence[str], side: str) -> Opened:
    """Read one side's sources as the options say."""

    def said(name: str) -> str | None:
        own: str | None = getattr(options, f"{side}_{name}", None)
        return own or getattr(options, name)

    own_dirs: list[str] = getattr(options, f"{side}_include_dir", [])
    headers = said_of_headers(options)
    headers["sysroot"] = said("sysroot")
    headers["include_dirs"] = (*own_dirs, *options.include_dirs)
    if len(sources) == 1 and os.path.isdir(sources[0]):
        from uapigen.bindings_source import is_bindings

        if not is_bindings(sources[0]):
            return _open_tree(sources[0], said("arch"), headers)
    return open_sources(sources, base=said("base"), arch=said("arch"), **headers)


def _open_tree(folder: str, arch: str | None, said: dict[str, Any]) -> Opened:
    """All headers below a directory, each by itself; those that cannot be read are named."""
    from uapigen.header_sources import header_target, open_headers

    names = sorted(
        os.path.join(path, file)
        for path, _, files in os.walk(folder)
        for file in files
        if file.endswith(".h")
    )
    if not names:
        raise UsageError(f"{folder}: neither generated bindings nor a directory with headers")
    # C includes them as linux/fuse.h: from the directory that has these, or from above it.
    within = any(entry.is_dir() for entry in os.scandir(folder))
    root = folder if within else os.path.dirname(os.path.abspath(folder))
    said["include_dirs"] = (*said["include_dirs"], root)
    model = header_target(names, arch)
    opened = open_headers(names, model, keep_going=True, **said)
    for failed in opened.failed:
        print(f"uapigen: left out {one_line(f'{failed.name}: {failed.reason}')}", file=sys.stderr)
    return Opened(opened.joined.graph, model, opened.joined)


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

"""``uapigen ops [PATTERN] [SOURCE]``: operation tables, their members and signatures."""

from __future__ import annotations

import argparse
import sys

from uapigen.cli.header_options import add_header_options, said_of_headers
from uapigen.cli.help import formatter
from uapigen.ir.selection import Patterns
from uapigen.ir.types import Struct
from uapigen.operations import find_tables, name_parameters
from uapigen.operations.listing import Listed, as_data, as_text, summary
from uapigen.sources import RUNNING_KERNEL, Opened, open_sources

__all__ = ["run"]

_EPILOG = """\
PATTERN is a glob over C spellings ("struct file_operations", "*_ops"). Without one,
all tables are listed, a line each; '*' shows all in full. One word with a slash in it is
a SOURCE. A struct is a table if at least half of its members are function pointers, or
if it is called one. See docs/operations.md.

exit codes: 0 listed; 1 no table is called so; 2 usage; 3 the source is malformed or
unsupported; 4 the system refused.
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="uapigen ops",
        usage="uapigen ops [options] [PATTERN] [SOURCE]",
        description="List the operation tables of a source: function pointers with their"
        " byte offsets and signatures.",
        epilog=_EPILOG,
        formatter_class=formatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("words", nargs="*", metavar="[PATTERN] [SOURCE]", help=f"default: {RUNNING_KERNEL}")
    add("--ops", metavar="PATTERN", action="append", default=[],
        help="structs with a function pointer that are tables, too (repeatable)")  # fmt: skip
    add("--implementations", action="store_true",
        help="also functions of the same prototype and a fitting name: candidates")  # fmt: skip
    add("--json", action="store_true", help="all facts, for programs")
    add("--arch", metavar="ARCH", help="target, where the source does not say (x86_64, i386, …)")
    add("--base", metavar="FILE", help="the BTF under split BTF (a module's: its vmlinux)")
    add_header_options(parser)
    return parser


def run(argv: list[str]) -> int:
    """List; returns the exit code. Raises :class:`uapigen.errors.UapigenError`."""
    parser = _parser()
    options = parser.parse_args(argv)
    words: list[str] = options.words
    if len(words) > 2:
        parser.error("at most a PATTERN and a SOURCE")
    pattern = words.pop(0) if words and (len(words) > 1 or "/" not in words[0]) else ""
    source = words[0] if words else RUNNING_KERNEL
    opened = open_sources(
        [source], base=options.base, arch=options.arch, **said_of_headers(options)
    )
    listed = _listed(opened, pattern, options.ops, implementations=options.implementations)
    if options.json:
        import json

        about = {
            "source": opened.graph.info.name,
            "arch": opened.model.arch,
            "tables": as_data(opened.graph, listed),
        }
        sys.stdout.write(json.dumps(about, indent=2) + "\n")
    elif not listed:
        what = f"called {pattern}" if pattern else "in it"
        print(f"uapigen: {source}: there is no operation table {what}", file=sys.stderr)
    elif pattern:
        sys.stdout.write(as_text(opened.graph, listed))
    else:
        sys.stdout.write(summary(opened.graph, listed))
    return 0 if listed else 1


def _listed(
    opened: Opened, pattern: str, by_hand: list[str], *, implementations: bool
) -> list[Listed]:
    graph = opened.graph
    wanted = Patterns([pattern] if pattern else ["*"])

    def spelling(type_id: int) -> str:
        name = graph.nodes[type_id].name  # type: ignore[union-attr]
        return f"struct {name or '{...}'}"

    chosen = [
        type_id
        for type_id in graph.ids_of(Struct)
        if wanted.match(spelling(type_id), spelling(type_id).partition(" ")[2])
    ]
    tables = list(find_tables(graph, chosen, by_hand))
    tables.sort(key=lambda table: (spelling(table.type), table.type))
    found: list[list[list[str]] | None] = [None] * len(tables)
    if implementations:
        from uapigen.operations.implementations import implementations as candidates_of

        found = list(candidates_of(graph, tables))
    return [
        Listed(spelling(table.type), table, names, candidates)
        for table, names, candidates in zip(
            tables, name_parameters(graph, tables), found, strict=True
        )
    ]

"""``uapigen show NAME [SOURCE]``: a type as C, with the place of everything in it."""

from __future__ import annotations

import argparse
import io
import sys

from uapigen.cli.header_options import add_header_options, said_of_headers
from uapigen.cli.help import formatter
from uapigen.errors import LayoutError, UsageError
from uapigen.ir.types import Func, Var
from uapigen.layout.targets import DataModel
from uapigen.show.find import Found, find
from uapigen.show.items import item_of
from uapigen.show.terminal import wants_colour
from uapigen.show.view import Viewer
from uapigen.sources import RUNNING_KERNEL, Opened, open_sources

__all__ = ["run"]

_CACHELINES = {
    "m68k": 16,
    "mips": 32,
    "mipsel": 32,
    "mips64": 32,
    "mips64el": 32,
    "mipsn32": 32,
    "mipsn32el": 32,
    "parisc": 16,
    "ppc": 32,
    "ppc64": 128,
    "ppc64le": 128,
    "s390": 256,
    "s390x": 256,
    "sh": 32,
    "sparc": 32,
    "sparc64": 32,
}
"""``L1_CACHE_BYTES`` of ``arch/*/include/asm/cache.h`` where it is not 64."""
_MAX_CACHELINE = 1 << 20

_EPILOG = """\
NAME is an exact C spelling ("struct task_struct", "enum pid_type", "pid_t",
"vfs_read"), or a bare name: then all that it names is shown. A second, different
type of one name is "struct foo___2". See docs/show.md.

exit codes: 0 shown; 1 there is no such name; 2 usage; 3 the source is malformed
or unsupported; 4 the system refused.
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="uapigen show",
        usage="uapigen show [options] NAME [SOURCE]",
        description="Show a struct, union, enum, typedef, function or variable as C, with offsets,"
        " sizes, holes and cache lines.",
        epilog=_EPILOG,
        formatter_class=formatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("words", nargs="+", metavar="NAME [SOURCE]", help=f"default SOURCE: {RUNNING_KERNEL}")
    add("--arch", metavar="ARCH", help="target, where the source does not say (x86_64, i386, …)")
    add("--base", metavar="FILE", help="the BTF under split BTF (a module's: its vmlinux)")
    add("-E", "--expand", action="store_true", help="write what members consist of in place")
    add("--cacheline", type=int, metavar="N", help="bytes in a cache line; 0 shows none")
    add_header_options(parser)
    form = parser.add_mutually_exclusive_group().add_argument
    form("--json", action="store_true", help="all facts, for programs")
    form("--c", action="store_true", help="C for a compiler, which it holds against the layout")
    add("--color", choices=("auto", "always", "never"), default="auto", metavar="WHEN",
        help="auto (default: on a terminal, unless NO_COLOR is set), always or never")  # fmt: skip
    return parser


def run(argv: list[str]) -> int:
    """Show; returns the exit code. Raises :class:`uapigen.errors.UapigenError`."""
    options = _parser().parse_args(argv)
    name, source = _name_and_source(options.words)
    cacheline = options.cacheline
    if cacheline is not None and not 0 <= cacheline <= _MAX_CACHELINE:
        raise UsageError(f"--cacheline {cacheline}: not a size that a cache line can have")
    opened = open_sources(
        [source], base=options.base, arch=options.arch, **said_of_headers(options)
    )
    found = find(opened.graph, name)
    if options.c:
        _write(_declarations(opened, found))
        return 0
    viewer = Viewer(opened.graph, opened.model, expand=options.expand)
    items = [item_of(viewer, one) for one in found]
    if cacheline is None:
        cacheline = _cacheline_of(opened.model)
    if options.json:
        from uapigen.show import as_json

        output = as_json.render(items, opened.graph.info, opened.model, cacheline=cacheline)
    else:
        from uapigen.show import text

        output = text.render(items, cacheline=cacheline, colour=wants_colour(options.color))
    _write(output)
    return 0


def _declarations(opened: Opened, found: list[Found]) -> str:
    """C for a compiler; raises :class:`LayoutError` where a type in it cannot be laid out."""
    from uapigen.emit.c_declarations import c_declarations

    graph = opened.graph
    types = [one.type_id for one in found if not isinstance(graph[one.type_id], (Func, Var))]
    if not types:
        raise UsageError(f"--c: {found[0].spelling} is no type")
    made = c_declarations(graph, opened.model, types)
    for spelling, reason in made.failures:
        raise LayoutError(graph.info.name, spelling, reason)
    return f"/* GNU C for {opened.model.arch} */\n\n{made.text}"


def _name_and_source(words: list[str]) -> tuple[str, str]:
    """Take the arguments apart; ``struct foo`` needs no quotes."""
    name, *rest = words
    if name in ("struct", "union", "enum") and rest:
        name = f"{name} {rest.pop(0)}"
    if len(rest) > 1:
        raise UsageError(f"one SOURCE at a time: {rest[1]!r} is one too many")
    return name, rest[0] if rest else RUNNING_KERNEL


def _cacheline_of(model: DataModel) -> int:
    return _CACHELINES.get(model.arch, 64)


def _write(output: str) -> None:
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Names may have letters that the terminal's encoding lacks.
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.stdout.write(output)
    sys.stdout.flush()

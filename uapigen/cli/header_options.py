"""What a command line says of how headers are to be read; the same for all commands."""

from __future__ import annotations

import argparse
from typing import Any

__all__ = ["add_header_options", "said_of_headers"]


def add_header_options(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Add the options, spelled as C compilers spell them where they have them; their group."""
    group = parser.add_argument_group("for headers")
    add = group.add_argument
    add("--sysroot", metavar="DIR", help="where the target's own headers lie, instead of /")
    add("-I", dest="include_dirs", metavar="DIR", action="append", default=[],
        help="look for included headers there first (repeatable)")  # fmt: skip
    add("-D", dest="defines", metavar="NAME[=VALUE]", action="append", default=[],
        help="define a macro (repeatable)")  # fmt: skip
    add("-U", dest="undefines", metavar="NAME", action="append", default=[],
        help="undefine a macro (repeatable)")  # fmt: skip
    add("--include", dest="includes", metavar="HEADER", action="append", default=[],
        help="read this header first (repeatable)")  # fmt: skip
    add("--frontend", choices=("clang", "pycparser"), help="default: the first that works here")
    add("--cpp", metavar="COMMAND", default="cc -E", help="preprocessor for pycparser")
    return group


def said_of_headers(options: argparse.Namespace) -> dict[str, Any]:
    """The same as arguments of :class:`uapigen.headers.options.HeaderOptions`."""
    return {
        "sysroot": options.sysroot,
        "include_dirs": tuple(options.include_dirs),
        "defines": tuple(options.defines),
        "undefines": tuple(options.undefines),
        "includes": tuple(options.includes),
        "frontend": options.frontend,
        "cpp": options.cpp,
    }

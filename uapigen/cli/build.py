"""``uapigen build``: the bindings that a project's pyproject.toml lists."""

from __future__ import annotations

import argparse
import os
import sys

from uapigen.build.config import load_bindings
from uapigen.build.run import difference, make
from uapigen.cli.depfile import write_depfile
from uapigen.cli.help import formatter

__all__ = ["run"]

_EPILOG = """\
pyproject.toml says what is made:

    [[tool.uapigen.bindings]]
    source = "abi/kernel.btf"
    output = "src/tracer/kernel.py"
    only = ["struct task_struct"]

Nothing is touched whose inputs and options are those of last time. The environment
(UAPIGEN_OPTION, UAPIGEN_NAME_OPTION) goes before the file, --set before both.

exit codes: 0 done; 1 with --check, an output would change; 2 usage, or a table that is
wrong; 3 an input is malformed or unsupported; 4 the system refused.
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="uapigen build",
        usage="uapigen build [options] [NAME...]",
        description="Make the bindings that a project lists, where they are out of date.",
        epilog=_EPILOG,
        formatter_class=formatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("names", nargs="*", metavar="NAME", help="of bindings; default: all")
    add("--project", metavar="DIR", default=".", help="where pyproject.toml is; default: here")
    add("--set", metavar="[NAME.]OPTION=VALUE", dest="settings", action="append", default=[],
        help="an option of all bindings, or of one (repeatable)")  # fmt: skip
    add("--check", action="store_true",
        help="write nothing; exit 1 and a diff if an output would change")  # fmt: skip
    add("--depfile", metavar="FILE", help="write the outputs' dependencies for make and ninja")
    add("--quiet", action="store_true", help="say nothing but errors")
    return parser


def run(argv: list[str]) -> int:
    """Make or check; returns the exit code. Raises :class:`uapigen.errors.UapigenError`."""
    options = _parser().parse_args(argv)
    root: str = options.project
    bindings = load_bindings(root, options.names, settings=options.settings)
    if options.check:
        differing = 0
        for binding in bindings:
            lines = difference(binding)
            sys.stdout.write(lines)
            differing += bool(lines)
        return 1 if differing else 0
    outputs, inputs = [], ["pyproject.toml"]
    for binding in bindings:
        made = make(binding)
        outputs.append(binding.output)
        inputs += made.inputs
        if not options.quiet:
            what = "made" if made.written else "up to date"
            print(f"{binding.name}: {binding.output}: {what}")
    if options.depfile:
        paths = [path if root == "." else os.path.join(root, path) for path in (*outputs, *inputs)]
        write_depfile(options.depfile, paths[: len(outputs)], paths[len(outputs) :])
    return 0

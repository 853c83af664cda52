"""``uapigen SOURCE... -o OUT``: the main job."""

from __future__ import annotations

import argparse
import os
import sys

import uapigen
from uapigen.cli import one_line
from uapigen.cli.progress import Progress
from uapigen.emit.output import (
    check_replaceable,
    differences,
    write_module,
    write_package,
)
from uapigen.emit.package import module_files, package_files
from uapigen.errors import SystemRefusalError, UsageError
from uapigen.ir.selection import select
from uapigen.layout.plan import Plan
from uapigen.sources import Opened, open_sources

__all__ = ["run"]

_EPILOG = """\
A SOURCE is told apart by its content: raw BTF (/sys/kernel/btf/vmlinux), an ELF
file with .BTF (vmlinux, .ko, a compiled BPF object), a kernel image, any of
these compressed. Other commands: show, verify.

exit codes: 0 done; 1 with --check, OUT would change; 2 usage; 3 an input is
malformed or unsupported; 4 the system refused.
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="uapigen",
        usage="uapigen [options] SOURCE... -o OUT\n       uapigen {show,verify} --help",
        description="Generate Python bindings that match the kernel's ABI byte for byte.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("sources", nargs="+", metavar="SOURCE")
    add("-o", "--output", metavar="OUT", required=True, help="a .py file, or a package directory")
    add(
        "--only",
        metavar="PATTERN",
        action="append",
        default=[],
        help="glob over C spellings, as"
        ' "struct task_struct" or "bpf_*"; what a type embeds comes along (repeatable)',
    )
    add(
        "--exclude",
        metavar="PATTERN",
        action="append",
        default=[],
        help="leave these out (repeatable)",
    )
    add("--arch", metavar="ARCH", help="target, where the source does not say (x86_64, i386, …)")
    add("--base", metavar="FILE", help="the BTF under split BTF (a module's: its vmlinux)")
    add("--check", action="store_true", help="write nothing; exit 1 and a diff if OUT would change")
    add("--depfile", metavar="FILE", help="write OUT's dependencies for make")
    add("--report", metavar="FILE", help="JSON: what the sources define and the output lacks, why")
    add("--quiet", action="store_true", help="no progress, no summary")
    add("--verbose", action="store_true", help="say what was done")
    add("--version", action="version", version=f"uapigen {uapigen.__version__}")
    return parser


def run(argv: list[str]) -> int:
    """Generate; returns the exit code. Raises :class:`uapigen.errors.UapigenError`."""
    options = _parser().parse_args(argv)
    out: str = options.output
    is_module = out.endswith(".py")
    progress = Progress(enabled=not options.quiet)
    if not options.check and not is_module:
        check_replaceable(out)
    progress.step("reading")
    opened = open_sources(options.sources, base=options.base, arch=options.arch)
    progress.step("choosing types")
    plan = make_plan(opened, options.only, options.exclude)
    progress.step("laying out and writing")
    if is_module:
        folder, name = os.path.split(out.removesuffix(".py"))
        if not name.isidentifier():
            raise UsageError(f"{out}: {name!r} cannot be imported; choose an identifier")
    if options.check:
        lines = (
            differences(module_files(plan, name), folder)
            if is_module
            else differences(package_files(plan), out)
        )
        progress.done()
        if lines:
            print("\n".join(lines))
        return 1 if lines else 0
    if is_module:
        write_module(module_files(plan, name), folder)
    else:
        write_package(lambda put: package_files(plan, put), out)
    progress.done()
    _write_extras(options, opened, plan)
    _summary(options, plan, out)
    return 0


def make_plan(opened: Opened, only: list[str], exclude: list[str]) -> Plan:
    """Select, and plan what was selected.

    Raises :class:`UsageError` for an ``only`` pattern that finds nothing.
    """
    selection = select(opened.graph, only, exclude)
    if selection.unmatched:
        raise UsageError(f"--only {selection.unmatched[0]!r} matches nothing in the sources")
    return Plan(opened.graph, opened.model, selection)


def _write_extras(options: argparse.Namespace, opened: Opened, plan: Plan) -> None:
    if options.depfile:
        inputs = [*options.sources, *([options.base] if options.base else [])]
        escaped = [
            path.replace("$", "$$").replace(" ", "\\ ").replace("#", "\\#") for path in inputs
        ]
        _write(options.depfile, f"{options.output}: {' '.join(escaped)}\n")
    if options.report:
        import json

        missing = [{"name": f.spelling, "reason": f.reason} for f in plan.failures]
        missing += [
            {"name": plan.describe(i), "reason": "excluded"} for i in plan.selection.excluded
        ]
        report = {
            "sources": [os.path.basename(s.name) for s in opened.graph.sources],
            "arch": plan.model.arch,
            "missing": missing,
        }
        _write(options.report, json.dumps(report, indent=2) + "\n")


def _write(path: str, text: str) -> None:
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise SystemRefusalError(f"{path}: {error.strerror or error}") from None


def _summary(options: argparse.Namespace, plan: Plan, out: str) -> None:
    for failure in [] if options.quiet else plan.failures[: None if options.verbose else 10]:
        print(
            f"uapigen: left out {one_line(f'{failure.spelling}: {failure.reason}')}",
            file=sys.stderr,
        )
    if options.verbose:
        chosen = plan.selection
        print(
            f"uapigen: {out}: {len(plan.keys.of)} structs, unions and enums,"
            f" {len(chosen.typedefs)} typedefs, {len(chosen.funcs)} functions,"
            f" {len(chosen.vars)} variables for {plan.model.arch};"
            f" {len(plan.failures)} left out",
            file=sys.stderr,
        )

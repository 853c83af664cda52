"""``uapigen SOURCE... -o OUT``: the main job."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import uapigen
from uapigen.cli import one_line
from uapigen.cli.header_options import add_header_options
from uapigen.cli.help import formatter
from uapigen.cli.progress import Progress
from uapigen.emit.output import (
    Put,
    check_replaceable,
    differences,
    module_name,
    write_module,
    write_package,
)
from uapigen.emit.parallel import Background, in_background
from uapigen.errors import SystemRefusalError, UsageError
from uapigen.ir.naming import holders_of_untagged
from uapigen.ir.operations import holders_of_functions, stands_alone
from uapigen.ir.selection import select
from uapigen.layout.records import Layout
from uapigen.sources import Opened, expect_digests, open_sources, split_sources

if TYPE_CHECKING:  # imported while another process works
    from uapigen.emit.package import Additions
    from uapigen.layout.plan import Plan

__all__ = ["make_parser", "run"]

_LARGE = 5000
"""Structs, unions and enums from which on another process pays for its start."""

_EPILOG = """\
A SOURCE is told apart by its content: raw BTF (/sys/kernel/btf/vmlinux), an ELF
file with .BTF (vmlinux, .ko, a compiled BPF object), a kernel image, any of
these compressed; a snapshot; a C header (/usr/include/linux/fuse.h, or linux/fuse.h). One
header becomes one .py file, several a package with a module for each; with BTF
among the sources, types are BTF's, and headers add constants and macros.
Other commands: check, diff, ops, show, snapshot, syscalls, verify.

exit codes: 0 done; 1 with --check, OUT would change; 2 usage; 3 an input is
malformed or unsupported; 4 the system refused.
"""


def make_parser() -> argparse.ArgumentParser:
    """All options of the main job: also what a binding of ``uapigen build`` may have."""
    parser = argparse.ArgumentParser(
        prog="uapigen",
        usage="uapigen [options] SOURCE... -o OUT\n       uapigen COMMAND --help",
        description="Generate Python bindings that match the kernel's ABI byte for byte.",
        epilog=_EPILOG,
        formatter_class=formatter,
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
    add(
        "--ops",
        metavar="PATTERN",
        action="append",
        default=[],
        help="structs with a function pointer that are operation tables, too (repeatable)",
    )
    add("--arch", metavar="ARCH", help="target, where the source does not say (x86_64, i386, …)")
    add("--base", metavar="FILE", help="the BTF under split BTF (a module's: its vmlinux)")
    add_header_options(parser).add_argument(
        "--keep-going", action="store_true", help="leave out headers that cannot be read"
    )
    add(
        "--naming",
        choices=("ctypesgen", "clang2py"),
        help="struct_foo, union_foo, enum_foo beside the plain names, as that tool has them",
    )
    add("--check", action="store_true", help="write nothing; exit 1 and a diff if OUT would change")
    add("--depfile", metavar="FILE", help="write OUT's dependencies for make")
    add("--report", metavar="FILE", help="JSON: what the sources define and the output lacks, why")
    add("--quiet", action="store_true", help="no progress, no summary")
    add("--verbose", action="store_true", help="say what was done")
    add("--version", action="version", version=f"uapigen {uapigen.__version__}")
    return parser


def run(argv: list[str]) -> int:
    """Generate; returns the exit code. Raises :class:`uapigen.errors.UapigenError`."""
    options = make_parser().parse_args(argv)
    out: str = options.output
    is_module = out.endswith(".py")
    headers, others = split_sources(options.sources)
    if headers:
        from uapigen.cli import headers as over_headers

        return over_headers.run(options, headers, others)
    progress = Progress(enabled=not options.quiet)
    if not options.check and not is_module:
        check_replaceable(out)
    progress.step("reading")
    # Where most types are made, another process works digests out.
    few = bool(options.only or options.exclude)
    opened = open_sources(options.sources, base=options.base, arch=options.arch, digest_now=few)
    if opened.headers is not None:
        from uapigen.cli import headers as over_headers

        return over_headers.run_opened(options, opened, progress)
    progress.step("choosing types")
    plan = make_plan(opened, options.only, options.exclude)
    plan.operation_patterns = options.ops
    progress.step("laying out and writing")
    from uapigen.emit.package import module_files

    folder, name = (os.path.dirname(out), module_name(out)) if is_module else ("", "")
    additions = None
    if options.naming:
        from uapigen.emit.naming import named_additions

        additions = named_additions(plan, options.naming)
    if options.check:
        lines = (
            differences(module_files(plan, name, additions), folder)
            if is_module
            else differences(_package(plan, None, additions), out)
        )
        progress.done()
        if lines:
            print("\n".join(lines))
        return 1 if lines else 0
    if is_module:
        write_module(module_files(plan, name, additions), folder)
    else:
        write_package(lambda put: _package(plan, put, additions), out)
    progress.done()
    _write_extras(options, opened, plan)
    _summary(options, plan, out)
    return 0


def _package(plan: Plan, put: Put | None, additions: Additions | None) -> dict[str, str]:
    """A package's files, the syscalls of its architecture among them."""
    from uapigen.cli.package_syscalls import syscalls_files
    from uapigen.emit.package import package_files

    return package_files(plan, put, additions, lambda: syscalls_files(plan.model))


def make_plan(opened: Opened, only: list[str], exclude: list[str]) -> Plan:
    """Select, and plan what was selected.

    Raises :class:`UsageError` for an ``only`` pattern that finds nothing.
    """
    selection = select(opened.graph, only, exclude)
    if selection.unmatched:
        raise UsageError(f"--only {selection.unmatched[0]!r} matches nothing in the sources")
    graph, large = opened.graph, selection.whole and len(selection.tags) >= _LARGE

    def work() -> Iterator[tuple[str, Any]]:
        """What takes no names: with it, this process names types meanwhile."""
        yield "holders", holders_of_untagged(graph, selection.tags)
        alone = stands_alone(graph)
        yield "holders of functions", holders_of_functions(graph) if alone else {}
        yield "layouts", Layout(graph, opened.model).tell(selection.tags)
        yield "digests", [source.sha256 for source in graph.sources]

    beside = in_background(work) if large else None
    from uapigen.layout.plan import Plan

    if beside is None:
        return Plan(graph, opened.model, selection)
    try:
        plan = Plan(graph, opened.model, selection, partial(beside.result, "holders"))
    except BaseException:
        beside.stop()
        raise
    plan.holders_of_functions = beside.result("holders of functions")
    plan.layout.expect(partial(beside.result, "layouts"))
    expect_digests(graph.sources, partial(_last, beside, "digests"))
    return plan


def _last(beside: Background, name: str) -> Any:
    """The last result of a job."""
    found = beside.result(name)
    beside.leave()
    return found


def _write_extras(options: argparse.Namespace, opened: Opened, plan: Plan) -> None:
    if options.depfile:
        from uapigen.cli.depfile import write_depfile

        inputs = [*options.sources, *([options.base] if options.base else [])]
        write_depfile(options.depfile, [options.output], inputs)
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

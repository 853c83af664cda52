"""``uapigen HEADER... -o OUT``: the main job, where headers are among the sources."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from uapigen.cli.header_options import said_of_headers
from uapigen.cli.outcome import Outcome, finish
from uapigen.cli.progress import Progress
from uapigen.emit.headers import header_module_files, header_package_files, header_plan
from uapigen.emit.output import (
    check_replaceable,
    differences,
    module_name,
    write_module,
    write_package,
)
from uapigen.errors import InputError, UsageError
from uapigen.header_sources import header_target, open_headers
from uapigen.ir.declarations import Omission
from uapigen.ir.selection import Selection
from uapigen.ir.units import Joined, choose
from uapigen.layout.agreement import disagreements
from uapigen.layout.plan import Plan
from uapigen.layout.targets import DataModel
from uapigen.sources import Opened, open_sources

__all__ = ["run", "run_opened", "saying_how_to_go_on"]


@contextmanager
def saying_how_to_go_on(options: argparse.Namespace, headers: Sequence[str]) -> Iterator[None]:
    """Have the error about one of several headers say that it can be left out."""
    try:
        yield
    except InputError as error:
        if options.keep_going or len(headers) < 2:
            raise
        raise InputError("", "", f"{error} (--keep-going leaves it out)") from None


def run(options: argparse.Namespace, headers: Sequence[str], others: Sequence[str]) -> int:
    """Generate; returns the exit code. ``others`` are the sources with BTF.

    Raises :class:`uapigen.errors.UapigenError`.
    """
    out: str = options.output
    is_module = out.endswith(".py")
    if is_module:
        module_name(out)  # refused before the work
    if not options.check and not is_module:
        check_replaceable(out)
    others, refused = _with_btf(options, others) if options.keep_going else (others, [])
    progress = Progress(enabled=not options.quiet)
    if not is_module and not others:
        from uapigen.cli.header_package import run_package

        return run_package(options, headers, refused, progress)
    progress.step("reading")
    opened = open_sources(others, base=options.base, arch=options.arch) if others else None
    model = opened.model if opened else header_target(headers, options.arch)
    outcome = Outcome(options.sources, model.arch)
    with saying_how_to_go_on(options, headers):
        joined, outcome.failed = open_headers(
            headers,
            model,
            opened.graph if opened else None,
            keep_going=options.keep_going,
            **said_of_headers(options),
        )
    outcome.failed = refused + outcome.failed
    if opened:
        outcome.warnings += disagreements(joined, model)
    return _generate(options, joined, outcome, model, progress)


def run_opened(options: argparse.Namespace, opened: Opened, progress: Progress) -> int:
    """Generate from a snapshot of headers; returns the exit code."""
    assert opened.headers is not None
    if opened.headers.single is not None and not options.output.endswith(".py"):
        from uapigen.cli.header_package import run_opened_package

        return run_opened_package(options, opened.headers, opened.model, progress)
    outcome = Outcome(options.sources, opened.model.arch)
    return _generate(options, opened.headers, outcome, opened.model, progress)


def _generate(
    options: argparse.Namespace,
    joined: Joined,
    outcome: Outcome,
    model: DataModel,
    progress: Progress,
) -> int:
    out: str = options.output
    is_module = out.endswith(".py")
    progress.step("choosing types")
    selection = choose(joined, options.only, options.exclude)
    if selection.unmatched:
        raise UsageError(f"--only {selection.unmatched[0]!r} matches nothing in the sources")
    plan = header_plan(joined, model, selection)
    plan.operation_patterns = options.ops
    progress.step("laying out and writing")
    if is_module:
        files = header_module_files(plan, joined, module_name(out), options.naming or "")
        folder = os.path.dirname(out)
    else:
        from uapigen.cli.package_syscalls import syscalls_files

        files = header_package_files(plan, joined, options.naming or "") | syscalls_files(model)
        folder = out
    progress.done()
    if options.check:
        lines = differences(files, folder)
        if lines:
            print("\n".join(lines))
        return 1 if lines else 0
    if is_module:
        write_module(files, folder)
    else:
        write_package(lambda _: files, out)
    _note(outcome, joined, plan, selection)
    finish(options, outcome)
    return 0


def _with_btf(
    options: argparse.Namespace, sources: Sequence[str]
) -> tuple[list[str], list[Omission]]:
    """Sources that can be read, and those that are called headers and are neither C nor BTF."""
    known, refused = [], []
    for path in sources:
        try:
            if path.endswith(".h"):
                open_sources([path], base=options.base, arch=options.arch)
        except InputError as error:
            refused.append(Omission(os.path.basename(path), "header", path, str(error)))
        else:
            known.append(path)
    return known, refused


def _note(outcome: Outcome, joined: Joined, plan: Plan, selection: Selection) -> None:
    """What the report says of a plan, and of the headers behind it."""
    for spelling, reason in plan.failures:
        kind, _, _ = spelling.partition(" ")
        known = kind in ("struct", "union", "enum")
        outcome.failures.append(Omission(spelling, kind if known else "type", "", reason))
    outcome.missing += [
        Omission(plan.describe(i), "type", "", "excluded") for i in selection.excluded
    ]
    for omission in joined.omissions:
        file = joined.files.get(omission.header)
        outcome.missing.append(omission._replace(header=file.module if file else omission.header))
    outcome.notes += joined.warnings
    outcome.inputs.update((path, None) for path, file in joined.files.items() if not file.sha256)
    outcome.summary = (
        f"{len(plan.keys.of)} structs, unions and enums, {len(selection.typedefs)} typedefs,"
        f" {len(joined.constants)} macros that are constants, {len(joined.macros)} macro functions"
        f" for {plan.model.arch}; {len(outcome.failures) + len(outcome.missing)} left out"
    )

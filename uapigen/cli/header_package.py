"""``uapigen A.h B.h ... -o OUT/``: a package with a module for each header.

Units are read and made into parts by several processes, each of which takes the
next header when it is done with one; what they send back is text.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from uapigen.cli.header_options import said_of_headers
from uapigen.cli.headers import saying_how_to_go_on
from uapigen.cli.outcome import Outcome, finish
from uapigen.cli.package_syscalls import syscalls_files
from uapigen.cli.progress import Progress
from uapigen.cli.workers import in_workers
from uapigen.emit.headers import header_abi
from uapigen.emit.linked import Linked, differing, linked_files, merged
from uapigen.emit.output import Put, differences, write_package
from uapigen.emit.package import title_of
from uapigen.emit.parts import Given, Part, copies_of, parts_of
from uapigen.errors import UsageError
from uapigen.header_sources import header_paths, header_target, refuse_nothing
from uapigen.headers.options import HeaderOptions
from uapigen.headers.read import read_each
from uapigen.ir.declarations import HeaderFile, Omission, Unit
from uapigen.ir.units import Joined
from uapigen.layout.targets import DataModel

__all__ = ["run_opened_package", "run_package"]

_MAX_ROUNDS = 5
"""In which a header gets copies of types that others have otherwise; 2 are common."""


@dataclass
class _Made:
    """What one process made of its share of the headers."""

    parts: list[Part] = field(default_factory=list)
    includes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    inputs: set[str] = field(default_factory=set)
    """Paths of files that were read."""
    files: dict[int, HeaderFile] = field(default_factory=dict)
    failed: dict[int, Omission] = field(default_factory=dict)
    omissions: list[tuple[int, str, Omission]] = field(default_factory=list)
    """Of which unit, about which file."""
    unmatched: set[str] | None = None

    def add(self, other: _Made) -> None:
        self.parts += other.parts
        for path, included in other.includes.items():
            self.includes.setdefault(path, included)
        self.inputs |= other.inputs
        self.files |= other.files
        self.failed |= other.failed
        self.omissions += other.omissions
        if self.unmatched is None or other.unmatched is None:
            self.unmatched = other.unmatched if self.unmatched is None else self.unmatched
        else:
            self.unmatched &= other.unmatched


_Units = Callable[[Iterable[int], Collection[str]], Iterator[tuple[int, Unit | Omission]]]
"""From places of headers, and paths of files of which enough is known, to their units."""


def _read_units(headers: Sequence[str], options: HeaderOptions, *, keep_going: bool) -> _Units:
    """Units that are read when they are asked for."""

    def units(
        indices: Iterable[int], told: Collection[str]
    ) -> Iterator[tuple[int, Unit | Omission]]:
        taken: list[int] = []

        def paths() -> Iterator[str]:
            for index in indices:
                taken.append(index)
                yield headers[index]

        for result in read_each(paths(), options, keep_going=keep_going, given=headers, told=told):
            yield taken[-1], result

    return units


class _Run:
    """One run: the headers' units, and how they are emitted."""

    def __init__(self, units: _Units, given: Given) -> None:
        self.units, self.given = units, given

    def make(self, indices: Iterator[int]) -> _Made:
        """Read headers and make their parts."""
        made = _Made()
        done: dict[str, set[str]] = {}
        told: set[str] = set()
        for index, unit in self.units(indices, told):
            if isinstance(unit, Omission):
                made.failed[index] = unit
                continue
            parts, unmatched = parts_of(unit, index, self.given, done)
            made.parts += parts
            for part in parts:
                known = done.setdefault(part.file.path, set())
                known |= part.defines.keys() | ({""} if part.whole else set())
                if part.whole and not (self.given.only or self.given.exclude):
                    told.add(part.file.path)
            made.unmatched = set(unmatched) & (
                set(unmatched) if made.unmatched is None else made.unmatched
            )
            made.files[index] = unit.files[unit.header]
            for path, file in unit.files.items():
                made.includes.setdefault(path, file.includes)
                if not file.sha256:  # else a snapshot tells of it
                    made.inputs.add(path)
            for omission in unit.omissions:
                where = unit.files.get(omission.header)
                module = where.module if where else omission.header
                told_of = (index, omission.header, omission._replace(header=module))
                made.omissions.append(told_of)
        return made

    def link(self, parts: dict[str, Part], includes: dict[str, tuple[str, ...]]) -> Linked:
        """The parts as a package, in which each header finds the types that it was read with."""
        for _ in range(_MAX_ROUNDS):
            linked = Linked(parts, includes, self.given.headers)
            wanted = differing(linked)
            if not wanted:
                break
            for index, unit in self.units(sorted(wanted), ()):
                if isinstance(unit, Unit):
                    for copy in copies_of(unit, index, self.given, wanted[index]):
                        parts[copy.file.path].merge(copy)
        return linked


def run_package(
    options: argparse.Namespace,
    headers: Sequence[str],
    refused: Sequence[Omission],
    progress: Progress,
) -> int:
    """Generate a package; returns the exit code. ``refused`` are sources that are no headers."""
    model = header_target(headers, options.arch)
    header_options = HeaderOptions(model, **said_of_headers(options))
    headers = list(dict.fromkeys(header_paths(headers, header_options)))
    progress.step(f"reading {len(headers)} headers")
    units = _read_units(headers, header_options, keep_going=options.keep_going)
    with saying_how_to_go_on(options, headers):
        patterns = options.only, options.exclude
        return _run(options, model, headers, units, patterns, refused, progress)


def run_opened_package(
    options: argparse.Namespace, joined: Joined, model: DataModel, progress: Progress
) -> int:
    """Generate a package from a snapshot that tells its headers apart; returns the exit code."""
    single = joined.single
    assert single is not None

    def units(indices: Iterable[int], _: Collection[str]) -> Iterator[tuple[int, Unit | Omission]]:
        return ((index, single(index)[0]) for index in indices)

    headers = [unit.header for unit in joined.units]
    given = options.only or options.exclude
    patterns = (options.only, options.exclude) if given else joined.patterns
    return _run(options, model, headers, units, patterns, (), progress)


def _run(
    options: argparse.Namespace,
    model: DataModel,
    headers: Sequence[str],
    units: _Units,
    patterns: tuple[Sequence[str], Sequence[str]],
    refused: Sequence[Omission],
    progress: Progress,
) -> int:
    given = Given(model, frozenset(headers), *patterns, options.naming or "")
    run = _Run(units, given)
    made = _Made()
    for share in in_workers(len(headers), run.make):
        made.add(share)
    if made.unmatched:
        raise UsageError(f"--only {min(made.unmatched)!r} matches nothing in the sources")
    if not made.files:
        refuse_nothing([failed for _, failed in sorted(made.failed.items())])
    parts, notes = merged(made.parts)
    progress.step("linking")
    linked = run.link(parts, made.includes)
    progress.step("writing")
    about = _about(made, given)
    title = title_of(_listed([file.module for _, file in sorted(made.files.items())]), model)
    out: str = options.output
    # A header of that name at the top keeps it.
    more = {} if "syscalls" in linked.folders[()] else syscalls_files(model)
    if options.check:
        lines = differences(dict(linked_files(linked, model, about, title)) | more, out)
        progress.done()
        if lines:
            print("\n".join(lines))
        return 1 if lines else 0

    def write(put: Put) -> dict[str, str]:
        for path, text in linked_files(linked, model, about, title):
            put(path, text)
        return more

    write_package(write, out)
    progress.done()
    outcome = Outcome(options.sources, model.arch, notes=sorted(set(notes)))
    outcome.warnings = linked.namesakes
    outcome.failed = [*refused] + [failed for _, failed in sorted(made.failed.items())]
    outcome.failures = [one for part in linked.parts.values() for one in part.failures]
    outcome.missing = list(dict.fromkeys(_omissions(made, linked.parts)))
    outcome.inputs = dict.fromkeys(sorted(made.inputs))
    outcome.summary = _summary(linked)
    finish(options, outcome)
    return 0


def _omissions(made: _Made, parts: Mapping[str, Part]) -> Iterator[Omission]:
    """What is missing; of a file that several units told of, as the one says that is believed."""
    for index, path, omission in sorted(made.omissions):
        part = parts.get(path)
        if part is None or not part.whole or part.unit == index:
            yield omission


def _about(made: _Made, given: Given) -> dict[str, object]:
    """``__abi__`` of the package: all headers that were given."""
    files = [file for _, file in sorted(made.files.items())]
    return header_abi(given.model, files, (), given.naming)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 3 else f"{len(names)} headers"


def _summary(linked: Linked) -> str:
    parts = linked.parts.values()
    types = sum(len(part.records) + len(part.enums) for part in parts)
    typedefs = sum(len(part.typedefs) for part in parts)
    constants = sum(len(part.constants) for part in parts)
    macros = sum(len(part.macros) for part in parts)
    return (
        f"{len(linked.parts)} modules: {types} structs, unions and enums, {typedefs} typedefs,"
        f" {constants} constants, {macros} macro functions"
    )

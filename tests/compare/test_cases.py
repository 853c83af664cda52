"""Every change of the table is judged as the table says, on several targets, in both directions."""

from __future__ import annotations

import functools
import subprocess
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest
from conftest import require

from compare.cases import CASES, HEADER_CASES, VARIABLE_CASES, Case
from compare.evolution import EVOLUTION_CASES, NAMED
from uapigen.compare.comparison import compare
from uapigen.compare.facts import Facts
from uapigen.compare.findings import Comparison, Finding
from uapigen.compare.kinds import BUILT_IN, KINDS
from uapigen.compare.policy import load_policy
from uapigen.ir.selection import select
from uapigen.ir.units import choose
from uapigen.sources import open_sources

GCC = ("-g", "-O1", "-w", "-fno-eliminate-unused-debug-types", "-c")
CLANG = ("-target", "bpf", "-g", "-O2", "-w", "-c")
SIDES = ("before", "after")
TABLES = {"gcc": CASES, "bpf": VARIABLE_CASES, "header": HEADER_CASES, "uapi": EVOLUTION_CASES}
HEADERS = {"header", "uapi"}
TARGETS = [
    pytest.param("gcc", "x86_64"),
    pytest.param("gcc", "s390x", marks=pytest.mark.slow),
    pytest.param("gcc", "i686", marks=pytest.mark.slow),
    pytest.param("bpf", ""),
    pytest.param("header", "x86_64"),
    pytest.param("header", "s390x"),
    pytest.param("uapi", "x86_64"),
    pytest.param("uapi", "s390x"),
]


def text(cases: Sequence[Case], side: str) -> str:
    """One source of all cases: a compiler runs once for a side."""
    return "\n".join(getattr(case, side).replace("@", case.name) for case in cases) + "\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cases")


def compiled(folder: Path, name: str, source: str, tool: str, arch: str) -> Path:
    """The object of a source, with BTF."""
    path = folder / f"{name}-{arch or tool}.c"
    path.write_text(source)
    output = path.with_suffix(".o")
    if tool == "bpf":
        require("clang")
        subprocess.run(["clang", *CLANG, path, "-o", output], check=True)
    else:
        compiler = f"{arch}-linux-gnu-gcc"
        require(compiler, "pahole")
        subprocess.run([compiler, *GCC, path, "-o", output], check=True)
        subprocess.run(["pahole", "-J", output], check=True)
    return output


def facts(path: Path, arch: str | None = None) -> Facts:
    opened = open_sources([str(path)], arch=arch)
    if opened.headers is not None:
        return Facts(opened.graph, opened.model, choose(opened.headers), opened.headers)
    return Facts(opened.graph, opened.model, select(opened.graph))


@functools.cache
def source(folder: Path, tool: str, arch: str, side: str) -> Path:
    """The two sources of a table for a target, made once."""
    if tool not in HEADERS:
        return compiled(folder, side, text(TABLES[tool], side), tool, arch)
    path = folder / f"{tool}-{side}.h"
    path.write_text("#include <linux/ioctl.h>\n" + text(TABLES[tool], side))
    return path


@functools.cache
def judged(folder: Path, tool: str, arch: str, back: bool) -> dict[str, dict[str, Comparison]]:
    """All comparisons of a table on a target, by policy."""
    sides = SIDES[::-1] if back else SIDES
    target = arch if tool in HEADERS else None
    found = {}
    for policy in BUILT_IN:
        old, new = (facts(source(folder, tool, arch, side), target) for side in sides)
        judge = load_policy(policy, arch="x86_64")
        found[policy] = compare(old, new, judge, names=sides)
    return found


def findings_of(case: Case, cases: Sequence[Case], comparison: Comparison) -> list[Finding]:
    """Findings about a case's names; the longest name that fits is whose a finding is."""
    names = sorted((case.name for case in cases), key=len, reverse=True)

    def owner(finding: Finding) -> str | None:
        about = f"{finding.subject} {finding.place}"
        if finding.subject in NAMED:
            return NAMED[finding.subject]
        return next((name for name in names if name in about), None)

    return [finding for finding in comparison.findings if owner(finding) == case.name]


@pytest.mark.parametrize(("tool", "arch"), TARGETS)
@pytest.mark.parametrize("back", [False, True], ids=["forwards", "backwards"])
def test_changes_are_judged_as_the_table_says(
    folder: Path, tool: str, arch: str, back: bool
) -> None:
    wrong: dict[str, tuple[object, object]] = defaultdict(lambda: ("", ""))
    comparisons = judged(folder, tool, arch, back)
    for case in TABLES[tool]:
        verdict, kinds = "", ""
        for policy in BUILT_IN:
            found = findings_of(case, TABLES[tool], comparisons[policy])
            kinds = " ".join(sorted(finding.kind for finding in found))
            verdict += "NCSB"[max(f.severity for f in found)] if found else "-"
        expected = (case.back_verdict, case.back) if back else (case.verdict, case.kinds)
        if case.big and arch == "s390x" and not back:
            expected = case.big
        if expected != (verdict, kinds):
            wrong[case.name] = expected, (verdict, kinds)
    assert not wrong, "\n".join(f"{name}: {pair}" for name, pair in wrong.items())


def test_every_kind_occurs_in_the_tables(folder: Path) -> None:
    seen = {
        change.kind
        for tool, arch in (("gcc", "x86_64"), ("bpf", ""), ("header", "x86_64"), ("uapi", "x86_64"))
        for back in (False, True)
        for finding in judged(folder, tool, arch, back)["kernel"].findings
        for change in finding.changes()
    }
    assert set(KINDS) - seen == {"base-type-changed"}  # takes two targets
    assert sum(map(len, TABLES.values())) >= 60


def test_no_finding_is_nobodys(folder: Path) -> None:
    for tool, arch in (("gcc", "x86_64"), ("header", "x86_64"), ("bpf", ""), ("uapi", "x86_64")):
        cases = TABLES[tool]
        for comparison in judged(folder, tool, arch, back=False).values():
            known = [f for case in cases for f in findings_of(case, cases, comparison)]
            assert [f for f in comparison.findings if f not in known] == []


@pytest.mark.parametrize("options", [(), ("-O0",), ("-O2", "-gdwarf-4")], ids=" ".join)
def test_rebuilding_the_same_source_in_another_order_is_no_difference(
    folder: Path, options: tuple[str, ...]
) -> None:
    # Another order of definitions gives types other ids, other neighbours and other first users.
    forward = source(folder, "gcc", "x86_64", "before")
    reversed_ = folder / f"reversed{''.join(options)}.c"
    reversed_.write_text(text(CASES[::-1], "before"))
    output = reversed_.with_suffix(".o")
    command = ["x86_64-linux-gnu-gcc", *GCC, *options, reversed_, "-o", output]
    subprocess.run(command, check=True)
    subprocess.run(["pahole", "-J", output], check=True)
    policy = load_policy("kernel")
    comparison = compare(facts(forward), facts(output), policy, names=("a", "b"))
    assert comparison.findings == ()
    assert comparison.compared["structs and unions"] > 60

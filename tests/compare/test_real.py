"""Diffs of real kernels say what another reader's dumps of them say, all of it and nothing else."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Uapigen

from compare.independent import hold, read

PAIRS = [
    ("amd64-6.1", "amd64-7.3rc7-cloud"),
    ("amd64-6.1", "arm64-6.1"),
    ("amd64-7.1-layout-section", "amd64-6.1"),
    ("amd64-6.1", "i386-6.1-686pae-pahole132"),
    ("armhf-6.12-armmp-pahole132", "s390x-6.12"),
]


def diffed(uapigen: Uapigen, corpus: Path, old: str, new: str, output: Path) -> dict[str, Any]:
    paths = [corpus / f"{name}.btf.xz" for name in (old, new)]
    uapigen("diff", *paths, "--format", "json", "-o", output, exit_code=1)
    report: dict[str, Any] = json.loads(output.read_text("utf-8"))
    return report


@pytest.mark.slow
@pytest.mark.parametrize(("old", "new"), PAIRS)
def test_every_layout_fact_is_true_and_none_is_missing(
    uapigen: Uapigen, corpus: Path, tmp_path: Path, old: str, new: str
) -> None:
    report = diffed(uapigen, corpus, old, new, tmp_path / "report.json")
    verdict = hold(report, *(read(corpus / f"{name}.layout.json.gz") for name in (old, new)))
    assert verdict.wrong == []
    assert verdict.missed == []
    assert verdict.checked["members"] > 5000
    assert verdict.checked["differences"] > 3000


@pytest.mark.slow
def test_the_independent_check_notices_what_is_wrong_and_what_is_missing(
    uapigen: Uapigen, corpus: Path, tmp_path: Path
) -> None:
    report = diffed(uapigen, corpus, "amd64-6.1", "arm64-6.1", tmp_path / "report.json")
    dumps = [read(corpus / f"{name}.layout.json.gz") for name in ("amd64-6.1", "arm64-6.1")]
    moved = next(
        i
        for i, finding in enumerate(report["findings"])
        if finding["subject"] == "struct task_struct" and finding["before"]
    )
    wrong = copy.deepcopy(report)
    wrong["findings"][moved]["before"]["bit_offset"] += 8
    assert hold(wrong, *dumps).wrong != []
    lacking = copy.deepcopy(report)
    del lacking["findings"][moved]
    assert hold(lacking, *dumps).missed != []


def test_a_kernel_does_not_differ_from_itself(uapigen: Uapigen, kernel: Path) -> None:
    done = uapigen("diff", kernel, kernel)
    assert "no difference" in done.stdout


@pytest.mark.slow
def test_a_change_of_the_data_model_is_said_once(
    uapigen: Uapigen, corpus: Path, tmp_path: Path
) -> None:
    report = diffed(uapigen, corpus, "amd64-6.1", "i386-6.1-686pae-pahole132", tmp_path / "r.json")
    roots = {f["subject"]: f for f in report["findings"] if f["kind"] == "base-type-changed"}
    assert {"pointers", "long", "unsigned long", "unsigned long long"} <= set(roots)
    assert roots["pointers"]["before"]["bit_size"] == 64
    assert len(roots["pointers"]["reached"]) > 5000
    assert any("different architectures" in note for note in report["notes"])


@pytest.mark.slow
def test_syscalls_that_came_and_went_are_named(
    uapigen: Uapigen, corpus: Path, tmp_path: Path
) -> None:
    report = diffed(uapigen, corpus, "amd64-6.1", "amd64-7.3rc7-cloud", tmp_path / "r.json")
    kinds = {f["subject"]: f["kind"] for f in report["findings"] if "syscall-" in f["kind"]}
    # Kernel release notes: cachestat 6.5, lookup_dcookie gone in 6.8, mseal 6.10
    assert kinds["syscall cachestat"] == kinds["syscall mseal"] == "syscall-added"
    assert kinds["syscall lookup_dcookie"] == "syscall-removed"
    assert "syscall read" not in kinds
    functions = [f["subject"] for f in report["findings"] if f["kind"].startswith("function-")]
    assert not any(
        name.startswith(("__x64_sys_", "__ia32_sys_", "__se_sys_")) for name in functions
    )

"""Diffs of two kernels' headers say what gcc says of both, all of it and nothing else."""

from __future__ import annotations

import copy
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import Uapigen

from compare.independent_headers import Tree, hold, read

Trees = tuple[Path, Path]


@pytest.fixture(scope="session")
def trees() -> Trees:
    """``usr/include`` of an older and of a newer kernel."""
    folder = os.environ.get("UAPIGEN_HEADER_TREES")
    if folder is None:
        pytest.skip("needs UAPIGEN_HEADER_TREES (.ci/fetch-headers)")
    return Path(folder, "old/usr/include"), Path(folder, "new/usr/include")


@pytest.fixture(scope="session")
def asked(trees: Trees) -> tuple[Tree, Tree]:
    """What gcc says of both."""
    if shutil.which("x86_64-linux-gnu-gcc") is None:
        pytest.skip("needs x86_64-linux-gnu-gcc")
    old, new = map(read, trees)
    return old, new


def diffed(uapigen: Uapigen, old: Path, new: Path, output: Path) -> dict[str, Any]:
    arguments = ("--arch", "x86_64", "--format", "json", "-o", output)
    uapigen("diff", old, new, *arguments, exit_code=1)
    report: dict[str, Any] = json.loads(output.read_text("utf-8"))
    return report


@pytest.mark.slow
@pytest.mark.parametrize("step", [1, -1], ids=["forwards", "backwards"])
def test_every_fact_is_true_and_none_is_missing(
    uapigen: Uapigen, trees: Trees, asked: tuple[Tree, Tree], tmp_path: Path, step: int
) -> None:
    report = diffed(uapigen, *trees[::step], tmp_path / "report.json")
    verdict = hold(report, *asked[::step])
    assert verdict.wrong == []
    assert verdict.missed == []
    assert verdict.checked["constants"] > 1000
    assert verdict.checked["members"] > 200
    assert verdict.checked["differences"] > 400


@pytest.mark.slow
def test_the_independent_check_notices_what_is_wrong_and_what_is_missing(
    uapigen: Uapigen, trees: Trees, asked: tuple[Tree, Tree], tmp_path: Path
) -> None:
    report = diffed(uapigen, *trees, tmp_path / "report.json")
    found = {"constant-added": "value", "member-appended": "bit_offset"}
    for kind, fact in found.items():
        at = next(i for i, one in enumerate(report["findings"]) if one["kind"] == kind)
        wrong = copy.deepcopy(report)
        wrong["findings"][at]["after"][fact] += 8
        assert hold(wrong, *asked).wrong != []
        lacking = copy.deepcopy(report)
        del lacking["findings"][at]
        assert hold(lacking, *asked).missed != []


@pytest.mark.slow
def test_headers_of_one_tree_do_not_differ_from_themselves(uapigen: Uapigen, trees: Trees) -> None:
    folder = trees[1] / "linux"
    assert "no difference" in uapigen("diff", folder, folder, "--arch", "x86_64").stdout


def test_a_directory_of_many_targets_has_one_of_them(uapigen: Uapigen, tmp_path: Path) -> None:
    for side, value in (("old", 1), ("new", 2)):
        for target in ("x86_64-linux-gnu", "mips-linux-gnu"):
            folder = tmp_path / side / target / "asm"
            folder.mkdir(parents=True)
            number = value if target.startswith("mips") else 7
            (folder / "own.h").write_text(f"#define OWN {number}\n")
        (tmp_path / side / "linux").mkdir()
        (tmp_path / side / "linux/it.h").write_text("#include <asm/own.h>\n#define IT (OWN + 1)\n")
    sides = (tmp_path / "old", tmp_path / "new")
    assert "no difference" in uapigen("diff", *sides, "--arch", "x86_64").stdout
    done = uapigen("diff", *sides, "--arch", "mips", "--format", "json", exit_code=1)
    changed = {one["subject"] for one in json.loads(done.stdout)["findings"]}
    assert changed == {"OWN", "IT"}

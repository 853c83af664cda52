"""Where CI promises all tools, a test that skips for want of one fails."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from .tree import clean_environment

TESTS = """
import pytest

def test_in_the_test():
    pytest.skip("needs frobnicate")

@pytest.fixture
def tool(needs):
    needs("frobnicate")

def test_in_a_fixture(tool):
    pass

@pytest.mark.skipif(True, reason="needs frobnicate")
def test_by_a_mark():
    pass

def test_that_may_be_absent():
    pytest.skip("needs python3.14")

def test_for_another_reason():
    pytest.skip("no point on a Tuesday")

@pytest.mark.xfail(reason="needs frobnicate")
def test_that_is_expected_to_fail():
    assert False
"""
MODULE = """
import pytest

pytest.skip("needs frobnicate", allow_module_level=True)
"""


@pytest.mark.parametrize(
    ("ci", "summary", "exit_code"),
    [
        ("", "6 skipped, 1 xfailed", 0),
        ("true", "1 failed, 2 skipped, 1 xfailed, 3 errors", 1),
    ],
)
def test_skip_for_want_of_a_tool_fails_in_ci_only(
    tmp_path: Path, ci: str, summary: str, exit_code: int
) -> None:
    tests = tmp_path / "tests"
    tests.mkdir()
    shutil.copy(ROOT / "tests" / "conftest.py", tests)
    (tests / "test_some.py").write_text(TESTS)
    (tests / "test_module.py").write_text(MODULE)
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
            "--continue-on-collection-errors", "tests",
        ],
        cwd=tmp_path,
        env={**clean_environment(), "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert summary in done.stdout
    assert done.returncode == exit_code
    if ci:
        assert "needs frobnicate, which CI must have" in done.stdout

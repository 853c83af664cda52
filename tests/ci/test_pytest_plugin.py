"""The fixture ``uapigen_abi``, in a pytest run of its own, as another repository has it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Uapigen, python_path

Run = Callable[..., tuple[int, str]]

HEADER = "struct event { int id; long time; };\n"
TEST = """\
def test_abi(uapigen_abi):
    uapigen_abi.check("abi.json", "../event.h"{more})
"""


@pytest.fixture
def repository(tmp_path: Path, uapigen: Uapigen) -> Path:
    (tmp_path / "tests").mkdir()
    (tmp_path / "event.h").write_text(HEADER)
    uapigen("snapshot", "event.h", "-o", "tests/abi.json", cwd=tmp_path)
    return tmp_path


@pytest.fixture
def run(repository: Path) -> Run:
    """``run(header, more, option...)``: (exit code, output) of a test of the header."""

    def run_pytest(header: str, more: str = "", *options: str) -> tuple[int, str]:
        (repository / "event.h").write_text(header)
        (repository / "tests" / "test_it.py").write_text(TEST.format(more=more))
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "uapigen.pytest_plugin",
             "-p", "no:cacheprovider", *options, "tests"],
            cwd=repository,
            # Where uapigen is installed it is loaded by itself, and not a second time.
            env={**os.environ, "PYTHONPATH": python_path(), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    return run_pytest


def test_same_types_pass(run: Run) -> None:
    assert run(HEADER)[0] == 0


def test_compatible_change_passes(run: Run) -> None:
    assert run(HEADER + "struct more { int x; };\n")[0] == 0


def test_binary_break_fails_with_the_report(run: Run) -> None:
    code, output = run(HEADER.replace("int id", "long id"))
    assert code == 1
    assert "abi.json: " in output
    assert "binary break: struct event" in output
    assert "Traceback" not in output


def test_source_break_fails_unless_it_is_allowed(run: Run) -> None:
    renamed = HEADER.replace("time", "when")
    assert "source break: struct event" in run(renamed)[1]
    assert run(renamed, ", allow_source_break=True")[0] == 0


def test_policy_is_that_of_the_command_line(run: Run, repository: Path) -> None:
    (repository / "tests" / "own.toml").write_text(
        'extends = "kernel"\n[[suppress]]\nsubject = "struct event"\nreason = "not yet released"\n'
    )
    changed = HEADER.replace("int id", "long id")
    assert run(changed, ', policy="own.toml"')[0] == 0
    assert "no policy" in run(changed, ', policy="nix"')[1] or run(changed, ', policy="n"')[0] == 1


def test_update_rewrites_the_golden_file(run: Run, repository: Path) -> None:
    changed = HEADER.replace("int id", "long id")
    assert run(changed, "", "--uapigen-update")[0] == 0
    golden = json.loads((repository / "tests" / "abi.json").read_text())
    assert re.search(r'"id", 0, "long( int)?"', json.dumps(golden))
    assert run(changed)[0] == 0


def test_golden_file_that_is_missing_or_broken_fails_with_a_sentence(
    run: Run, repository: Path
) -> None:
    (repository / "tests" / "abi.json").write_text('{"uapigen_snapshot": 1,')
    code, output = run(HEADER)
    assert code == 1
    assert "uapigen: abi.json" in output
    (repository / "tests" / "abi.json").unlink()
    assert "abi.json: No such file" in run(HEADER)[1]

"""The hooks of .pre-commit-hooks.yaml: their commands exist, and pre-commit itself runs them."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Needs, Uapigen

yaml = pytest.importorskip("yaml", reason="needs PyYAML")

HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
CONFIG = """\
repos:
  - repo: {repository}
    rev: {revision}
    hooks:
      - id: uapigen-check
        args: [abi.json, event.h]
      - id: uapigen-build
"""
TABLE = """\
[[tool.uapigen.bindings]]
source = "event.h"
output = "bindings.py"
"""


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_command_of_a_hook_is_one_of_ours(hook: dict[str, object], uapigen: Uapigen) -> None:
    program, *arguments = shlex.split(str(hook["entry"]))
    assert program == "uapigen"
    assert "usage: " in uapigen(*arguments, "--help").stdout


def git(*arguments: str, cwd: Path) -> str:
    who = ["-c", "user.name=Nobody", "-c", "user.email=nobody@example.org"]
    done = subprocess.run(
        ["git", *who, *arguments], cwd=cwd, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.slow
def test_pre_commit_runs_the_hooks(tmp_path: Path, needs: Needs, uapigen: Uapigen) -> None:
    needs("git")
    pytest.importorskip("pre_commit", reason="needs pre-commit")
    ours = tmp_path / "ours"  # this tree as it is, as a repository
    ignored = shutil.ignore_patterns(".git", ".venv", ".*_cache", "__pycache__", "bindings")
    shutil.copytree(ROOT, ours, ignore=ignored)
    git("init", "-q", cwd=ours)
    git("add", "-A", cwd=ours)
    git("commit", "-q", "-m", "As it is", cwd=ours)
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "event.h").write_text("struct event { int id; };\n")
    (theirs / "pyproject.toml").write_text(TABLE)
    uapigen("snapshot", "event.h", "-o", "abi.json", cwd=theirs)
    uapigen("build", cwd=theirs)
    config = CONFIG.format(repository=ours, revision=git("rev-parse", "HEAD", cwd=ours))
    (theirs / ".pre-commit-config.yaml").write_text(config)
    git("init", "-q", cwd=theirs)
    git("add", "-A", cwd=theirs)

    def pre_commit() -> subprocess.CompletedProcess[str]:
        without = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        return subprocess.run(
            [sys.executable, "-m", "pre_commit", "run", "--all-files"],
            cwd=theirs, env={**without, "PRE_COMMIT_HOME": str(tmp_path / "home")},
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    done = pre_commit()
    assert done.returncode == 0, done.stdout + done.stderr
    (theirs / "event.h").write_text("struct event { long id; };\n")
    git("add", "-A", cwd=theirs)
    done = pre_commit()
    assert done.returncode == 1
    assert "binary break: struct event" in done.stdout
    assert "+++ bindings.py" in done.stdout

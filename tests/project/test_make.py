"""The commands that the README promises, in a copy of the tree."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT, Needs

from .tree import clean_environment, copy_tree


def make(tree: Path, *arguments: str, exit_code: int = 0, **environment: str) -> str:
    """What ``make`` printed, on either stream."""
    done = subprocess.run(
        ["make", *arguments],
        cwd=tree,
        env={**clean_environment(), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == exit_code, done.stdout
    return done.stdout


def test_help_lists_every_command() -> None:
    rules = (ROOT / "Makefile").read_text()
    phony = next(line for line in rules.splitlines() if line.startswith(".PHONY:"))
    listed = {line.split()[0] for line in make(ROOT).splitlines()}
    assert listed == set(phony.removeprefix(".PHONY:").split())


def test_no_python_that_is_new_enough_is_said_in_a_sentence(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "make", "echo"):
        (programs / name).symlink_to(shutil.which(name) or name)
    old = programs / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    told = make(tmp_path, "bindings", exit_code=2, PATH=os.fspath(programs), SHELL="/bin/sh")
    assert "uapigen needs Python 3.11 or newer" in told
    assert not (tmp_path / ".venv").exists()


@pytest.mark.slow
def test_the_two_commands_do_all_the_set_up(
    needs: Needs, running_kernel: Path, tmp_path: Path
) -> None:
    needs("make")
    tree = copy_tree(tmp_path / "uapigen")
    told = make(tree, "bindings")
    (hint,) = (line.strip() for line in told.splitlines() if "import bindings" in line)
    done = subprocess.run(
        hint,
        shell=True,
        cwd=tree,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(done.stdout.split()) == 2
    again = make(tree, "bindings")
    assert "Setting up" not in again
    assert f"{running_kernel}" in again
    assert " passed" in make(tree, "test", "ARGS=tests/btf -x", CI="")
    assert "uapigen" in make(tree, "wheel")
    make(tree, "clean")
    assert not (tree / ".venv").exists()

"""A copy of the project's tree, as somebody who cloned it would have it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT

__all__ = ["clean_environment", "copy_tree"]


def copy_tree(to: Path) -> Path:
    """Copy what git tracks, or would track, with its changes; returns ``to``."""
    if not (ROOT / ".git").exists():
        pytest.skip("needs a git checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, os.fsdecode(listed.stdout).split("\0")):
        if (ROOT / name).is_file():
            target = to / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target)
    return to


def clean_environment() -> dict[str, str]:
    """The environment without what would make this checkout importable elsewhere."""
    ours = ("PYTHON", "VIRTUAL_ENV", "COVERAGE", "COV_", "PYTEST", "MAKE", "MFLAGS")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}

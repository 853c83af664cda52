"""Projects to build bindings in, and an environment that has uapigen as users have it."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT

Project = Callable[..., Path]

HEADER = """\
struct point { int x, y; };
struct line { struct point from, to; unsigned char width:3; };
#define ORIGIN 0x10
"""
TABLE = """\
[[tool.uapigen.bindings]]
source = "shapes.h"
output = "src/shapes.py"
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """``project(table, {path: text})``: a directory with a pyproject.toml and a header."""

    def make(table: str = TABLE, files: dict[str, str] | None = None) -> Path:
        root = tmp_path / "project"
        for name, text in {"shapes.h": HEADER, "pyproject.toml": table, **(files or {})}.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return root

    return make


def checked(
    *command: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None
) -> str:
    """Run a program that must succeed; its standard output."""
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a wheel of this tree."""
    folder = tmp_path_factory.mktemp("wheels")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet"]
    checked(*pip, "--no-deps", "--wheel-dir", folder, ROOT)
    return folder


@pytest.fixture(scope="session")
def builder(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> Path:
    """The Python of an environment with build backends and the wheel of this tree."""
    folder = tmp_path_factory.mktemp("builder")
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    (wheel,) = wheels.glob("*.whl")
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    checked(
        *pip,
        wheel,
        "build",
        "hatchling",
        "editables",
        "setuptools>=77",
        "wheel",
        "pytest",
        cwd=folder,
        env=outside(),
    )
    return python


def outside() -> dict[str, str]:
    """The environment without what leads to this tree."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

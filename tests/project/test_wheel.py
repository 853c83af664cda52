"""A wheel built from the tree holds all that is needed, and does the main job elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT
from kitchen import interpreters
from kitchen.targets import run

from .tree import clean_environment, copy_tree


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = copy_tree(tmp_path_factory.mktemp("tree"))
    out = tmp_path_factory.mktemp("wheel")
    options = ["--no-deps", "--no-build-isolation", "--quiet", "--wheel-dir", out]
    run([sys.executable, "-m", "pip", "wheel", *options, tree])
    (found,) = out.glob("*.whl")
    return found


def test_wheel_has_templates_and_support_code_and_no_tests(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    templates = {f"uapigen/templates/{p.name}" for p in (ROOT / "templates").glob("*.j2")}
    modules = {str(p.relative_to(ROOT)) for p in (ROOT / "uapigen").rglob("*.py")}
    assert templates
    assert templates <= names
    assert modules <= names
    assert "uapigen/snapshot/snapshot.schema.json" in names
    assert {"uapigen/py.typed"} <= names or not (ROOT / "uapigen/py.typed").exists()
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"uapigen"}


@pytest.mark.slow
def test_installed_wheel_does_the_main_job_from_another_directory(
    wheel: Path, kernel: Path, tmp_path: Path
) -> None:
    venv, elsewhere = tmp_path / "venv", tmp_path / "elsewhere"
    elsewhere.mkdir()
    environment = clean_environment()
    run([sys.executable, "-m", "venv", venv], env=environment)
    run([venv / "bin" / "pip", "install", "--quiet", wheel], env=environment)

    def there(*command: str | Path) -> str:
        done = subprocess.run(
            command, cwd=elsewhere, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    where = there(venv / "bin" / "python", "-c", "import uapigen; print(uapigen.__file__)")
    assert where.startswith(os.fspath(venv))
    there(venv / "bin" / "uapigen", kernel, "-o", "bindings")
    there(venv / "bin" / "python", "-m", "uapigen", kernel, "-o", "bindings", "--check")
    script = "import bindings as k; print(k.list_head.prev.offset, k.list_head(next=1).next)"
    oldest = interpreters.python("3.10")  # which has nothing of uapigen's
    assert there(oldest, "-c", f"import sys; sys.path[0:0] = ['.']; {script}") == "8 0x1\n"

"""The example projects, built and installed in every way that pip and build know."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT

from .conftest import checked, outside
from .test_command import state

PROJECTS = {
    "build_hatchling": ("exec_log", "exec_log/events.py", "abi/exec_event.json"),
    "build_setuptools": ("thermo", "thermo/abi.py", "include/thermo.h"),
}

pytestmark = pytest.mark.slow


@pytest.fixture(params=PROJECTS)
def copied(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str, str, str]:
    """A copy of an example: its directory, its package, its bindings, their source."""
    name: str = request.param
    ignored = shutil.ignore_patterns(".uapigen", "build", "dist", "*.egg-info", "__pycache__")
    root = shutil.copytree(ROOT / "examples" / name, tmp_path / name, ignore=ignored)
    for suffix in ("", "i"):  # what somebody made in the checkout
        (root / "src" / (PROJECTS[name][1] + suffix)).unlink(missing_ok=True)
    return root, *PROJECTS[name]


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as file:
        return set(file.namelist())


def run_tests(python: Path, root: Path, folder: Path) -> None:
    """The example's own tests, against what is installed in ``folder``."""
    env = {**outside(), "PYTHONPATH": str(folder)} if folder else outside()
    checked(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", root,
            root / "tests", cwd=root / "tests", env=env)  # fmt: skip


def installed(python: Path, wheel: Path, folder: Path) -> Path:
    checked(python, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, wheel)
    return folder


def test_wheel_has_the_bindings_and_works(
    copied: tuple[Path, str, str, str], builder: Path, tmp_path: Path
) -> None:
    root, _, bindings, _ = copied
    pip = [builder, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    checked(*pip, "--wheel-dir", tmp_path / "out", root, env=outside())
    (wheel,) = (tmp_path / "out").glob("*.whl")
    assert {bindings, f"{bindings}i"} <= names_in(wheel)
    run_tests(builder, root, installed(builder, wheel, tmp_path / "site"))


def test_sdist_has_what_the_wheel_is_made_of(
    copied: tuple[Path, str, str, str], builder: Path, tmp_path: Path
) -> None:
    root, _, bindings, source = copied
    # build makes the wheel from the sdist, not from the tree
    checked(builder, "-m", "build", "--no-isolation", "--outdir", tmp_path / "out", root,
            env=outside())  # fmt: skip
    (sdist,) = (tmp_path / "out").glob("*.tar.gz")
    (wheel,) = (tmp_path / "out").glob("*.whl")
    assert any(name.endswith(source) for name in checked("tar", "tzf", sdist).split())
    assert {bindings, f"{bindings}i"} <= names_in(wheel)
    run_tests(builder, root, installed(builder, wheel, tmp_path / "site"))


def test_editable_install_writes_into_the_tree_and_only_once(
    copied: tuple[Path, str, str, str], builder: Path, tmp_path: Path
) -> None:
    root, package, bindings, _ = copied
    python = editable_environment(builder, tmp_path)
    pip = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    checked(*pip, "--editable", root, env=outside())
    assert (root / "src" / bindings).is_file()
    checked(python, "-c", f"import {package}", env=outside())
    checked(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", root / "tests",
            cwd=root / "tests", env=outside())  # fmt: skip
    before = state(root)
    checked(*pip, "--editable", root, env=outside())
    after = state(root)
    made = [name for name in before if name.startswith(f"src/{bindings}")]
    assert len(made) == 2
    assert [before[name] for name in made] == [after[name] for name in made]


def editable_environment(builder: Path, tmp_path: Path) -> Path:
    """An environment of its own that sees what the builder has."""
    folder = tmp_path / "editable"
    checked(builder, "-m", "venv", "--system-site-packages", folder)
    python = folder / "bin" / "python"
    packages = checked(builder, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
    own = checked(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
    (Path(own.strip()) / "builder.pth").write_text(packages)
    return python


def test_ordinary_build_of_setuptools_leaves_the_tree_alone(builder: Path, tmp_path: Path) -> None:
    root = shutil.copytree(ROOT / "examples" / "build_setuptools", tmp_path / "project")
    for path in ("src/thermo/abi.py", "src/thermo/abi.pyi"):
        (root / path).unlink(missing_ok=True)
    checked(builder, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
            "--wheel-dir", tmp_path / "out", root, env=outside())  # fmt: skip
    assert not (root / "src/thermo/abi.py").exists()
    assert not (root / ".uapigen").exists()


def test_build_in_isolation_finds_uapigen_as_a_requirement(
    wheels: Path, builder: Path, tmp_path: Path
) -> None:
    root = shutil.copytree(ROOT / "examples" / "build_hatchling", tmp_path / "project")
    links = " ".join(filter(None, [str(wheels), outside().get("PIP_FIND_LINKS")]))
    env = {**outside(), "PIP_FIND_LINKS": links}
    checked(builder, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir",
            tmp_path / "out", root, env=env)  # fmt: skip
    (wheel,) = (tmp_path / "out").glob("*.whl")
    assert "exec_log/events.py" in names_in(wheel)


BROKEN = {
    "build_hatchling": ('source = "abi/exec_event.json"', 'sauce = "abi/exec_event.json"'),
    "build_setuptools": ('source = "include/thermo.h"', 'source = "include/missing.h"'),
}


@pytest.mark.parametrize("name", BROKEN)
def test_hook_that_is_misconfigured_ends_the_build_with_a_sentence(
    name: str, builder: Path, tmp_path: Path
) -> None:
    root = shutil.copytree(ROOT / "examples" / name, tmp_path / "project")
    table = root / "pyproject.toml"
    table.write_text(table.read_text().replace(*BROKEN[name]))
    import subprocess

    done = subprocess.run(
        [builder, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir",
         tmp_path / "out", root],
        env=outside(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode
    assert "uapigen: " in done.stdout + done.stderr
    assert not list((tmp_path / "out").glob("*.whl"))

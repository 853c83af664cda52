"""``uapigen build``: what is out of date is made, nothing else is touched."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest
from conftest import Needs, Uapigen, python_path
from hypothesis import given
from hypothesis import strategies as st

from uapigen.cli.depfile import read_depfile, write_depfile

from .conftest import HEADER, TABLE, Project, checked

PACKAGE = TABLE.replace("shapes.py", "shapes").replace('"shapes.h"', '["shapes.h", "more.h"]')
MORE = '#include "shapes.h"\nstruct area { struct line edge[4]; };\n'


def state(root: Path) -> dict[str, tuple[int, int]]:
    """Each file of the output: inode and time, which change when it is written."""
    found = {}
    for path in sorted((root / "src").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            found[str(path.relative_to(root))] = (path.stat().st_ino, path.stat().st_mtime_ns)
    return found


@pytest.mark.parametrize("table", [TABLE, PACKAGE], ids=["module", "package"])
def test_second_build_touches_nothing(project: Project, uapigen: Uapigen, table: str) -> None:
    root = project(table, {"more.h": MORE})
    assert uapigen("build", cwd=root).stdout.endswith(": made\n")
    before = state(root)
    assert before
    assert uapigen("build", cwd=root).stdout.endswith(": up to date\n")
    assert state(root) == before
    shutil.rmtree(root / ".uapigen")  # without what was noted, by what would be written
    assert uapigen("build", cwd=root).stdout.endswith(": up to date\n")
    assert state(root) == before


def test_times_do_not_matter(project: Project, uapigen: Uapigen) -> None:
    root = project()
    uapigen("build", cwd=root)
    before = state(root)
    os.utime(root / "shapes.h")
    assert "up to date" in uapigen("build", cwd=root).stdout
    assert state(root) == before


CHANGES = {
    "source": lambda root: (root / "shapes.h").write_text(HEADER + "struct more { int z; };\n"),
    "included header": lambda root: (root / "more.h").write_text(MORE + "struct n { int z; };\n"),
    "option": lambda root: (root / "pyproject.toml").write_text(PACKAGE + 'defines = ["ANY=3"]\n'),
    "file gone": lambda root: (root / "src/shapes/_facts.py").unlink(),
    "file changed": lambda root: (root / "src/shapes/_facts.py").write_text("x = 1\n"),
    "file too many": lambda root: (root / "src/shapes/stray.py").write_text(""),
    "output gone": lambda root: shutil.rmtree(root / "src"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_change_is_noticed(project: Project, uapigen: Uapigen, change: object) -> None:
    root = project(PACKAGE, {"more.h": MORE})
    uapigen("build", cwd=root)
    whole = sorted(state(root))
    assert callable(change)
    change(root)
    uapigen("build", cwd=root)
    assert set(whole) <= set(state(root))
    assert not (root / "src/shapes/stray.py").exists()
    assert (root / "src/shapes/_facts.py").read_text().strip() != "x = 1"
    assert uapigen("build", "--check", cwd=root).stdout == ""


def test_options_that_do_not_change_the_text_touch_nothing(
    project: Project, uapigen: Uapigen
) -> None:
    root = project()
    uapigen("build", cwd=root)
    before = state(root)
    assert "up to date" in uapigen("build", "--set", "defines=ANY=3", cwd=root).stdout
    assert state(root) == before


def test_check_shows_the_difference_and_writes_nothing(project: Project, uapigen: Uapigen) -> None:
    root = project()
    uapigen("build", cwd=root)
    before = state(root)
    (root / "shapes.h").write_text(HEADER.replace("0x10", "0x20"))
    run = uapigen("build", "--check", cwd=root, exit_code=1)
    assert "-ORIGIN: int = 16" in run.stdout or "-    ORIGIN" in run.stdout or "16" in run.stdout
    assert state(root) == before
    assert uapigen("build", "--check", cwd=project(), exit_code=0).stdout == ""


def test_failed_build_leaves_what_was_there(project: Project, uapigen: Uapigen) -> None:
    root = project()
    uapigen("build", cwd=root)
    before = state(root)
    (root / "shapes.h").write_text("struct broken {\n")
    run = uapigen("build", cwd=root, exit_code=3)
    assert run.stderr.startswith("uapigen: shapes: shapes.h:")
    assert len(run.stderr.splitlines()) == 1
    assert state(root) == before


def test_missing_source_is_a_refusal_of_the_system(project: Project, uapigen: Uapigen) -> None:
    root = project(TABLE.replace("shapes.h", "missing.btf"))
    run = uapigen("build", cwd=root, exit_code=4)
    assert run.stderr == "uapigen: shapes: missing.btf: No such file or directory\n"


def test_directory_of_somebody_else_is_not_replaced(project: Project, uapigen: Uapigen) -> None:
    root = project(PACKAGE, {"more.h": MORE, "src/shapes/mine.py": "x = 1\n"})
    uapigen("build", cwd=root, exit_code=2)
    assert (root / "src/shapes/mine.py").read_text() == "x = 1\n"


def test_modules_of_the_project_are_not_imported(project: Project, uapigen: Uapigen) -> None:
    root = project(files={"json.py": "raise SystemExit('wrong json')\n", "ctypes.py": "1/0\n"})
    assert "made" in uapigen("build", "--project", str(root)).stdout


# Dependencies


@given(
    st.lists(
        st.text(
            st.characters(exclude_characters="\n\\\0", exclude_categories=["Cs", "Cc"]), min_size=1
        ).filter(lambda path: not path.startswith(":")),
        min_size=1,
        unique=True,
    )
)
def test_depfile_is_read_as_it_was_written(paths: list[str]) -> None:
    with tempfile.NamedTemporaryFile() as file:
        write_depfile(file.name, ["out"], paths)
        assert read_depfile(file.name) == paths


def test_depfile_names_only_files_that_are_there(project: Project, uapigen: Uapigen) -> None:
    root = project(TABLE.replace("shapes.h", "linux/inotify.h"))
    uapigen("build", "--depfile", "out.d", cwd=root)
    inputs = read_depfile(str(root / "out.d"))
    assert inputs[0] == "pyproject.toml"
    assert any(path.endswith("linux/inotify.h") for path in inputs)
    assert [path for path in inputs if not (root / path).exists()] == []


MAKEFILE = """\
src/shapes.py:
	$(PYTHON) -m uapigen build --depfile out.d
-include out.d
"""
NINJA = """\
rule build
  command = $python -m uapigen build --depfile out.d && touch src/shapes.py
  depfile = out.d
build src/shapes.py: build pyproject.toml
"""


def test_make_knows_the_dependencies(project: Project, needs: Needs) -> None:
    needs("make")
    root = project(
        files={
            "Makefile": MAKEFILE,
            "outer.h": '#include "shapes.h"\n',
            "pyproject.toml": TABLE.replace('"shapes.h"', '"outer.h"'),
        }
    )
    env = {**os.environ, "PYTHONPATH": python_path(), "PYTHON": sys.executable}
    assert "uapigen build" in checked("make", cwd=root, env=env)
    assert "up to date" in checked("make", cwd=root, env=env)
    (root / "shapes.h").write_text(HEADER + "struct more { int z; };\n")
    assert "uapigen build" in checked("make", cwd=root, env=env)
    assert "more" in (root / "src/shapes.py").read_text()


def test_ninja_knows_the_dependencies(project: Project, needs: Needs) -> None:
    needs("ninja")
    root = project(files={"build.ninja": f"python = {sys.executable}\n{NINJA}"})
    env = {**os.environ, "PYTHONPATH": python_path()}
    checked("ninja", cwd=root, env=env)
    assert "no work to do" in checked("ninja", cwd=root, env=env)
    (root / "shapes.h").write_text(HEADER + "struct more { int z; };\n")
    assert "no work to do" not in checked("ninja", cwd=root, env=env)
    assert "more" in (root / "src/shapes.py").read_text()


MESON = """\
project('shapes')
custom_target('shapes', output: 'shapes.py', depfile: 'shapes.d', build_by_default: true,
  command: ['@PYTHON@', '-m', 'uapigen', '@SOURCE_ROOT@/shapes.h', '--depfile', '@DEPFILE@',
            '-o', '@OUTPUT@'])
"""


def test_meson_knows_the_dependencies(project: Project, needs: Needs) -> None:
    needs("meson", "ninja")
    root = project(files={"meson.build": MESON.replace("@PYTHON@", sys.executable)})
    env = {**os.environ, "PYTHONPATH": python_path()}
    checked("meson", "setup", "out", cwd=root, env=env)
    checked("ninja", "-C", "out", cwd=root, env=env)
    assert "no work to do" in checked("ninja", "-C", "out", cwd=root, env=env)
    (root / "shapes.h").write_text(HEADER + "struct more { int z; };\n")
    assert "no work to do" not in checked("ninja", "-C", "out", cwd=root, env=env)
    assert "more" in (root / "out/shapes.py").read_text()

"""Generated bindings are a source: they are read as data, and say what they were made of."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Uapigen

from compare.cases import CASES
from compare.test_cases import compiled, text

HEADER = """\
#include <linux/ioctl.h>
#define LIMIT 3
#define NAME "n"
struct point { int x, y; };
typedef struct { struct point from, to; union { int a; char b; } kind; } line_t;
struct shape { line_t *lines; unsigned flags:3, :5, more:4; struct { int z; }; char data[]; };
enum { ONE = 1, TWO };
enum colour { RED, GREEN };
#define SHAPE_GET _IOR('s', 1, struct point)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "s.h").write_text(HEADER)
    return tmp_path


@pytest.mark.parametrize("output", ["bindings.py", "package"])
def test_bindings_do_not_differ_from_the_object_they_were_made_of(
    uapigen: Uapigen, tmp_path: Path, output: str
) -> None:
    built = compiled(tmp_path, "cases", text(CASES, "before"), "gcc", "x86_64")
    uapigen(built, "-o", output, cwd=tmp_path)
    done = uapigen("diff", output, built, cwd=tmp_path)
    assert "no difference" in done.stdout
    changed = compiled(tmp_path, "changed", text(CASES, "after"), "gcc", "x86_64")
    done = uapigen("diff", output, changed, cwd=tmp_path, exit_code=1)
    same = uapigen("diff", built, changed, cwd=tmp_path, exit_code=1)
    assert done.stdout.splitlines()[2:] == same.stdout.splitlines()[2:]


@pytest.mark.parametrize("sources", [["s.h"], ["s.h", "linux/fuse.h"]])
def test_bindings_do_not_differ_from_the_headers_they_were_made_of(
    uapigen: Uapigen, folder: Path, sources: list[str]
) -> None:
    output = "s.py" if len(sources) == 1 else "package"
    uapigen(*sources, "-o", output, "--arch", "x86_64", cwd=folder)
    done = uapigen("check", output, *sources, "--arch", "x86_64", cwd=folder)
    assert "no difference" in done.stdout
    (folder / "s.h").write_text(HEADER.replace("LIMIT 3", "LIMIT 4").replace("int z", "long z"))
    done = uapigen("check", output, *sources, "--arch", "x86_64", cwd=folder, exit_code=1)
    assert "constant-changed" in done.stdout
    assert "member-resized" in done.stdout


def test_a_whole_kernels_bindings_do_not_differ_from_it(
    uapigen: Uapigen, kernel: Path, tmp_path: Path
) -> None:
    only = ("--only", "struct task_struct", "--only", "struct sk_buff", "--only", "vfs_*")
    uapigen(kernel, *only, "-o", "k.py", cwd=tmp_path)
    assert "no difference" in uapigen("check", "k.py", kernel, cwd=tmp_path).stdout


def test_bindings_are_not_run(uapigen: Uapigen, folder: Path) -> None:
    uapigen("s.h", "-o", "s.py", "--arch", "x86_64", cwd=folder)
    path = folder / "s.py"
    path.write_text(path.read_text() + f"\nopen({str(folder / 'ran')!r}, 'w')\n")
    uapigen("check", "s.py", "s.h", "--arch", "x86_64", cwd=folder)
    assert not (folder / "ran").exists()


MALFORMED = [
    ("class point(Struct, size=8", "class point(Struct, size=open('x', 'w')"),
    ("class point(", "class point(("),
    ('"arch": "x86_64"', '"arch": "vax"'),
]


@pytest.mark.parametrize(("before", "after"), MALFORMED)
def test_malformed_bindings_end_with_a_sentence(
    uapigen: Uapigen, folder: Path, before: str, after: str
) -> None:
    uapigen("s.h", "-o", "s.py", "--arch", "x86_64", cwd=folder)
    path = folder / "s.py"
    assert before in path.read_text()
    path.write_text(path.read_text().replace(before, after))
    done = uapigen("check", "s.py", "s.h", "--arch", "x86_64", cwd=folder, exit_code=3)
    assert done.stderr.startswith("uapigen: s.py: ")
    assert done.stderr.count("\n") == 1

"""The command line over headers: one, many, with BTF, and what can go wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import uapigen as package
from uapigen.cli import header_package, main
from uapigen.errors import SystemRefusalError
from uapigen.headers.clang_library import library
from uapigen.layout.agreement import disagreements
from uapigen.sources import is_header, open_sources

ROOT = Path(__file__).parents[2]
BTF = ROOT / "emit" / "inputs" / "types.x86_64.btf"

A = """\
#include "base.h"
/**
 * struct a - first
 * @x: a number
 */
struct a { struct base base; int x; };
#define A_ONE 1
#define A_NAME "a"
#define A_TWICE(x) ((x) * 2)
#define A_NOTHING
enum { A_ENUM = 5 };
"""
B = """\
#include "base.h"
struct b { struct base *base; };
#define B_ONE 1
"""
BASE = "struct base { unsigned char v[3]; };\n#define BASE_ONE 1\n"
BROKEN = "struct broken { int x;\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory with headers."""
    try:
        library()
    except SystemRefusalError:
        pytest.skip("needs libclang")
    for name, text in {"a": A, "b": B, "base": BASE, "broken": BROKEN}.items():
        (tmp_path / f"{name}.h").write_text(text, encoding="utf-8")
    return tmp_path


def run(*arguments: object, code: int = 0) -> None:
    assert main([*map(str, arguments)]) == code


def python(place: Path, script: str) -> str:
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_one_header_is_one_module(place: Path) -> None:
    run(place / "a.h", "-o", place / "a.py")
    assert {p.name for p in place.glob("a.py*")} == {"a.py", "a.pyi"}
    told = python(place, "import a; print(a.a(x=1), a.A_ONE, a.A_NAME, a.A_TWICE(4), a.A_ENUM)")
    assert told == "(struct a){.base = {.v = {0, 0, 0}}, .x = 1} 1 a 8 5"


def test_one_header_that_is_to_be_a_package_is_one(place: Path) -> None:
    run(place / "a.h", "-o", place / "out")
    assert python(place, "import out; print(out.a.a.x.offset, out.base.BASE_ONE)") == "4 1"


def test_many_headers_are_a_package(place: Path) -> None:
    run(place / "a.h", place / "b.h", "-o", place / "out")
    script = "import out; b = out.b.b(); print(out.b.base is out.a.base is out.base.base, dir(out))"
    told = python(place, script)
    assert told.startswith("True ")
    assert all(f"'{name}'" in told for name in ("a", "b", "base", "ctype"))


def test_a_header_that_fails_ends_the_run_and_leaves_out_as_it_was(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(place / "a.h", "-o", place / "out")
    before = (place / "out" / "a.py").read_text()
    for sources in (["a.h", "broken.h"], ["broken.h"], ["b.h", "a.h", "base.h", "broken.h"]):
        run(*[place / name for name in sources], "-o", place / "out", code=3)
        assert "broken.h:1: " in capsys.readouterr().err
    assert (place / "out" / "a.py").read_text() == before
    assert sorted(p.name for p in place.iterdir() if p.name.startswith(".")) == []


def test_keep_going_leaves_out_what_fails_by_name(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = place / "report.json"
    run(place / "a.h", place / "broken.h", "-o", place / "out", "--keep-going",
        "--report", report)  # fmt: skip
    assert "failed: broken.h: " in capsys.readouterr().err
    assert not (place / "out" / "broken.py").exists()
    missing = json.loads(report.read_text())["missing"]
    assert [(m["name"], m["kind"]) for m in missing] == [
        ("broken.h", "header"),
        ("A_NOTHING", "macro"),
    ]
    assert missing[1]["header"] == "a.h"
    assert all(m["reason"] for m in missing)


@pytest.mark.parametrize("out", ["out", "out.py"])
@pytest.mark.parametrize("headers", [["broken.h"], ["broken.h", "too.h"]])
def test_keep_going_with_no_header_left_is_an_error(
    place: Path, out: str, headers: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "too.h").write_text("#error no\n")
    (place / "out.py").write_text("as it was")
    run(*[place / name for name in headers], "-o", place / out, "--keep-going", code=3)
    assert "broken.h:1: " in capsys.readouterr().err
    assert not (place / "out").exists()
    assert (place / "out.py").read_text() == "as it was"


def test_keep_going_with_btf_alone_left_writes_that(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(BTF, place / "broken.h", "-o", place / "out.py", "--keep-going", "--arch", "x86_64")
    assert "failed: broken.h: " in capsys.readouterr().err
    assert python(place, "import out; print(out.BLUE)") == "7"


@pytest.mark.parametrize("data", [bytes(range(256)), b"\x7fELF" + bytes(200)])
def test_keep_going_leaves_out_what_is_called_a_header_and_is_none(
    place: Path, data: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "binary.h").write_bytes(data)
    for out in ("out", "out.py"):
        run(place / "binary.h", place / "a.h", "-o", place / out, code=3)
        capsys.readouterr()
        run(place / "binary.h", place / "a.h", "-o", place / out, "--keep-going")
        assert "failed: binary.h: " in capsys.readouterr().err


def test_error_of_one_of_many_headers_says_how_to_go_on(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for out in ("out", "out.py"):
        run(place / "a.h", place / "broken.h", "-o", place / out, code=3)
        assert capsys.readouterr().err.endswith(" (--keep-going leaves it out)\n")
        run(place / "broken.h", "-o", place / out, code=3)
        assert "--keep-going" not in capsys.readouterr().err


def test_report_of_a_module_keeps_the_keys_that_reports_have(place: Path) -> None:
    run(place / "a.h", "-o", place / "a.py", "--report", place / "r.json", "--exclude", "a")
    report = json.loads((place / "r.json").read_text())
    assert (report["sources"], report["arch"]) == (["a.h"], "x86_64")
    found = {m["name"]: m["reason"] for m in report["missing"]}
    assert found["struct a"] == "excluded"
    assert "A_NOTHING" in found


@pytest.mark.parametrize("out", ["a.py", "out"])
def test_depfile_names_what_was_included(place: Path, out: str) -> None:
    run(place / "a.h", "-o", place / out, "--depfile", place / "a.d")
    told = (place / "a.d").read_text()
    assert told.startswith(f"{place / out}: {place / 'a.h'} ")
    assert str(place / "base.h") in told


@pytest.mark.parametrize("out", ["a.py", "out"])
def test_check_tells_whether_out_would_change(
    place: Path, out: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = (place / "a.h", place / "b.h", "-o", place / out)
    run(*arguments)
    run(*arguments, "--check")
    (place / "b.h").write_text(B.replace("B_ONE 1", "B_ONE 2"))
    run(*arguments, "--check", code=1)
    assert '+    "B_ONE": 2,' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "there", "gone"),
    [
        (["--only", "A_*"], ["A_ONE", "A_TWICE", "A_ENUM"], ["a", "base", "BASE_ONE"]),
        (["--only", "struct a"], ["a", "base"], ["A_ONE", "A_TWICE"]),
        (["--exclude", "A_T*", "--exclude", "A_ONE"], ["a", "A_NAME"], ["A_ONE", "A_TWICE"]),
    ],
)
def test_patterns_choose_types_constants_and_macros(
    place: Path, options: list[str], there: list[str], gone: list[str]
) -> None:
    run(place / "a.h", "-o", place / "m.py", *options)
    run(place / "a.h", place / "b.h", "-o", place / "out", *options)
    for module in ("m", "out.a"):
        script = (
            f"import importlib; m = importlib.import_module({module!r})\n"
            f"print([hasattr(m, n) for n in {there}], [hasattr(m, n) for n in {gone}])"
        )
        assert python(place, script) == f"{[True] * len(there)} {[False] * len(gone)}"


def test_pattern_without_a_match_is_an_error(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for out in ("m.py", "out"):
        run(place / "a.h", place / "b.h", "-o", place / out, "--only", "nothing_*", code=2)
        assert "'nothing_*' matches nothing" in capsys.readouterr().err


def test_definitions_and_headers_read_first(place: Path) -> None:
    (place / "first.h").write_text("typedef int first_t;\n")
    (place / "c.h").write_text("#ifdef SET\n#define C_SET SET\n#endif\nstruct c { first_t x; };\n")
    run(place / "c.h", "-o", place / "c.py", "-D", "SET=3", "-I", place, "--include", "first.h")
    assert python(place, "import c; print(c.C_SET, c.c.x.size)") == "3 4"


def test_same_bytes_whatever_process_made_what(place: Path) -> None:
    headers = [place / name for name in ("a.h", "b.h", "base.h")]
    for number in range(6):
        headers.append(place / f"n{number}.h")
        headers[-1].write_text(f'#include "base.h"\nstruct n{number} {{ struct base b; }};\n')
    texts = []
    for out in ("one", "two"):
        run(*headers, "-o", place / out)
        files = sorted((place / out).rglob("*.py*"))
        texts.append([(p.relative_to(place / out), p.read_text()) for p in files])
    assert texts[0] == texts[1]


@pytest.mark.parametrize("shares", [[[0, 2], [1, 3]], [[0, 3], [1, 2]], [[3], [0, 1, 2]]])
def test_same_bytes_whichever_process_read_what(
    place: Path, shares: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Types of the C library's are gathered from all headers that use them."""
    other = "#include <bits/types.h>\n#define __int32_t int\n"
    texts = [
        f"{other}#include <stdint.h>\nstruct n0 {{ int32_t x; }};\n",
        "#include <stdint.h>\n#include <time.h>\n"
        "struct n1 { int32_t x; int64_t y; struct timespec t; };\n",
        '#define BASE_TWO 2\n#include "base.h"\n#include <time.h>\n'
        "struct n2 { struct timespec t; int x; };\n",
        '#include "base.h"\n#include <stdint.h>\nstruct n3 { int64_t y; struct base b; };\n',
    ]
    (place / "base.h").write_text(f"{BASE}#ifndef BASE_TWO\n#define BASE_TWO\n#endif\n")
    headers = [place / f"n{number}.h" for number in range(4)]
    for header, text in zip(headers, texts, strict=True):
        header.write_text(text)
    found = []
    for split in ([[0, 1, 2, 3]], shares):
        monkeypatch.setattr(
            header_package,
            "in_workers",
            lambda _count, work, split=split: [work(iter(share)) for share in split],
        )
        run(*headers, "-o", place / "out", "--report", place / "report.json")
        files = sorted((place / "out").rglob("*.py*"))
        found.append([(p.relative_to(place / "out"), p.read_text()) for p in files])
        found[-1].append((Path("report.json"), (place / "report.json").read_text()))
    assert found[0] == found[1]


# What is a header


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.h", b"", True),
        ("a.h", b"int x;", True),
        ("a", b"/* c */\nstruct x;\n", True),
        ("a.txt", b"#include <x.h>\n", True),
        ("a.txt", b"hello\n", False),
        ("a.h", b"\x9f\xeb\x01\x00", False),
        ("a.h", b"\x7fELF\x02\x01", False),
        ("a.h", b"int x;\0", False),
    ],
)
def test_header_is_told_by_its_content(
    tmp_path: Path, name: str, data: bytes, expected: bool
) -> None:
    (tmp_path / name).write_bytes(data)
    assert is_header(str(tmp_path / name)) is expected


def test_binary_that_is_called_a_header_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.h").write_bytes(bytes(range(256)))
    run(tmp_path / "x.h", "-o", tmp_path / "x.py", code=3)
    assert "x.h: is not BTF" in capsys.readouterr().err


def test_header_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("no/such.h", "-o", tmp_path / "x.py", code=4)
    assert "no/such.h: No such file" in capsys.readouterr().err


# BTF and headers

OVER = """\
typedef unsigned int u32;
struct point { int x; long y; };      /* not as BTF has it */
struct node;
struct only_here { struct point p; struct node *n; u32 v; };
#define OVER_ONE 1
#define OVER_TWICE(x) ((x) * 2)
"""


@pytest.fixture
def over(place: Path) -> Path:
    (place / "over.h").write_text(OVER, encoding="utf-8")
    return place / "over.h"


@pytest.mark.parametrize("out", ["both.py", "both"])
def test_types_are_btfs_and_the_rest_the_headers(
    over: Path, out: str, capsys: pytest.CaptureFixture[str]
) -> None:
    place = over.parent
    report = place / "r.json"
    run(BTF, over, "-o", place / out, "--report", report)
    told = capsys.readouterr().err
    assert "struct point in over.h is not that of BTF: its size is 16, not 8 bytes" in told
    warnings = json.loads(report.read_text())["warnings"]
    assert [w.partition(":")[0] for w in warnings] == ["struct point in over.h is not that of BTF"]
    script = (
        "import both as k, ctypes; print(k.OVER_ONE, k.OVER_TWICE(2), k.BLUE,"
        "ctypes.sizeof(k.point), k.only_here.v.offset, ctypes.sizeof(k.ctype('struct point___2')),"
        "k.only_here(n=1).n.target is k.node)"
    )
    assert python(place, script) == "1 4 7 8 24 16 True"


@pytest.mark.parametrize("out", ["both.py", "both"])
def test_enumerators_that_only_the_header_has_are_constants(place: Path, out: str) -> None:
    (place / "e.h").write_text("enum colour { BLUE = 9, MAUVE = 11 };\n")
    run(BTF, place / "e.h", "-o", place / out, "--arch", "x86_64")
    told = python(place, "import both as k; print(k.BLUE, k.MAUVE, k.colour.BLUE)")
    assert told == "7 11 7"
    run(BTF, place / "e.h", "-o", place / out, "--arch", "x86_64", "--only", "struct point")
    assert python(place, "import both as k; print(hasattr(k, 'MAUVE'))") == "False"
    run(BTF, place / "e.h", "-o", place / out, "--arch", "x86_64", "--only", "MAUVE")
    assert python(place, "import both as k; print(k.MAUVE, hasattr(k, 'point'))") == "11 False"


def test_types_that_agree_are_no_other_types(over: Path) -> None:
    over.write_text("struct point { int x, y; };\nstruct more { struct point p; };\n")
    opened = open_sources([str(BTF), str(over)], arch="x86_64")
    assert opened.headers is not None
    assert disagreements(opened.headers, opened.model) == []
    loaded = package.load([str(BTF), str(over)], arch="x86_64")
    assert type(loaded.more().p) is loaded.point
    assert "point___2" not in dir(loaded)


def test_btf_with_names_of_another_tool(tmp_path: Path) -> None:
    run(BTF, "--arch", "x86_64", "-o", tmp_path / "vmlinux", "--naming", "ctypesgen")
    script = (
        "from vmlinux import struct_node, union_either, enum_colour, node\n"
        "import vmlinux; print(struct_node is node, 'struct_node' in dir(vmlinux))"
    )
    assert python(tmp_path, script) == "True True"
    assert "struct_node = node\n" in (tmp_path / "vmlinux" / "__init__.pyi").read_text()


# Without files, shown, verified


def test_load_gives_what_a_module_gives(place: Path) -> None:
    k = package.load(str(place / "a.h"))
    assert (k.A_ONE, k.A_NAME, k.A_TWICE(4), k.A_ENUM) == (1, "a", 8, 5)
    assert k.a.x.offset == 4
    assert k.a.__doc__ == "first\n\nx: a number"
    assert k.__abi__["user_space"] is True


def test_load_by_the_name_that_c_includes(place: Path) -> None:
    k = package.load("a.h", include_dirs=(str(place),))
    assert k.ctype("struct base").v.size == 3


def test_show(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("show", "struct a", place / "a.h")
    assert "struct base base;" in " ".join(capsys.readouterr().out.split())


def test_verify(place: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run(place / "a.h", "-o", place / "a.py")
    run("verify", place / "a.py", place / "a.h")
    run(place / "a.h", place / "b.h", "-o", place / "out")
    run("verify", place / "out", place / "a.h", place / "b.h")
    module = place / "out" / "a.py"
    module.write_text(module.read_text().replace('"A_ONE": 1', '"A_ONE": 2'))
    capfd.readouterr()
    run("verify", place / "out", place / "a.h", code=1)
    assert "constant A_ONE: is 2, in the source 1" in capfd.readouterr().out


def test_verify_expects_no_more_of_btf_with_headers_than_was_chosen(place: Path) -> None:
    from btf.builder import Btf

    btf = Btf()
    size = btf.typedef("size_type", btf.int("long unsigned int", 8))
    module = btf.struct("module", 8, ("size", size, 0))
    btf.struct("chosen_ops", 16, ("owner", btf.ptr(module), 0), ("size", btf.ptr(size), 64))
    (place / "types.btf").write_bytes(btf.dump())
    (place / "types.h").write_text(
        "typedef unsigned long size_type;\ntypedef size_type size_too;\n"
    )
    said = [place / "types.btf", place / "types.h", "--arch", "x86_64"]
    for only in (["--only", "chosen_*"], ["--only", "size_*"], []):
        run(*said, *only, "-o", place / "some")
        run("verify", place / "some", *said, *only)


def test_show_and_verify_read_headers_as_they_were_read(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "deep").mkdir()
    (place / "deep" / "part.h").write_text("typedef short part_t;\n")
    (place / "c.h").write_text("#include <part.h>\nstruct c { part_t x[SIZE]; };\n")
    said = ["-I", place / "deep", "-D", "SIZE=3"]
    run(place / "c.h", "-o", place / "c.py", *said)
    run("verify", place / "c.py", place / "c.h", *said)
    run("verify", place / "c.py", place / "c.h", *said[:-1], "SIZE=4", code=1)
    run("show", "struct c", place / "c.h", *said)
    assert "/* size: 6 bytes" in capsys.readouterr().out


def test_of_two_headers_of_one_name_the_first_has_the_module(tmp_path: Path) -> None:
    for folder, name in (("one", "ONE"), ("two", "TWO")):
        (tmp_path / folder / "linux").mkdir(parents=True)
        (tmp_path / folder / "linux" / "x.h").write_text(f"#define {name} 1\n")
    headers = [str(tmp_path / folder / "linux" / "x.h") for folder in ("one", "two")]
    report = tmp_path / "report.json"
    folders = [f"-I{tmp_path / folder}" for folder in ("one", "two")]
    assert main([*headers, *folders, "-o", str(tmp_path / "out"), "--report", str(report)]) == 0
    assert "ONE" in (tmp_path / "out" / "linux" / "x.py").read_text()
    assert "TWO" in (tmp_path / "out" / "linux" / "x___2.py").read_text()
    (warning,) = json.loads(report.read_text())["warnings"]
    assert warning == f"linux.x is {headers[0]}; {headers[1]} is linux.x___2"

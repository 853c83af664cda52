"""``uapigen check GOLDEN`` without a SOURCE, and golden files of headers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Uapigen

OLD = """\
#include <linux/ioctl.h>
#define LIMIT 8
#define NAME "dev"
#define GONE 1
#define DEV_GET _IOR('d', 1, struct arg)
#define DEV_SET _IOW('d', 2, int)
#define NEXT(x) ((x) + LIMIT)
struct arg { int a; };
enum { FIRST, SECOND };
"""
NEW = """\
#include <linux/ioctl.h>
#define LIMIT 9
#define NAME "device"
#define COME 1
#define DEV_GET _IOR('d', 1, struct arg)
#define DEV_SET _IOW('d', 3, int)
#define NEXT(x) ((x) + LIMIT)
struct arg { int a; int b; };
enum { FIRST, BETWEEN, SECOND };
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "old.h").write_text(OLD)
    (tmp_path / "new.h").write_text(NEW)
    return tmp_path


def test_headers_are_looked_for_as_c_includes_them(uapigen: Uapigen, tmp_path: Path) -> None:
    golden = tmp_path / "abi.json"
    uapigen("snapshot", "linux/fuse.h", "linux/if.h", "-o", golden, "--arch", "i386")
    done = uapigen("check", golden, "--format", "json")
    report = json.loads(done.stdout)
    assert report["new"]["name"] == "linux/fuse.h and linux/if.h"
    assert report["new"]["arch"] == "i386"
    assert report["compared"]["constants"] > 100
    golden.write_text(golden.read_text().replace('["FUSE_ROOT_ID", 1', '["FUSE_ROOT_ID", 2'))
    assert "FUSE_ROOT_ID" in uapigen("check", golden, exit_code=1).stdout
    uapigen("check", golden, "--update")
    uapigen("check", golden)


def test_a_kernel_is_looked_for_where_it_runs(
    uapigen: Uapigen, kernel: Path, tmp_path: Path
) -> None:
    golden = tmp_path / "abi.json"
    uapigen("snapshot", kernel, "--only", "struct list_head", "-o", golden)
    assert "/sys/kernel/btf/vmlinux" in uapigen("check", golden).stdout


@pytest.mark.parametrize(
    ("golden", "message"),
    [
        ("old.h", "is a header itself: name the SOURCE"),
        ("own.json", "old.h: No such file, nor is it in an include directory: name the SOURCE"),
        ("foreign.json", "is for s390x, this machine's kernel for"),
    ],
)
def test_where_there_is_no_such_place_a_sentence_asks_for_it(
    uapigen: Uapigen, folder: Path, golden: str, message: str
) -> None:
    uapigen("snapshot", "old.h", "-o", "own.json", cwd=folder)
    (folder / "foreign.json").write_text(
        '{"uapigen_snapshot": 1, "arch": "s390x", "byteorder": "big", "pointer_size": 8,'
        ' "release": null, "sources": []}'
    )
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    done = uapigen("check", folder / golden, cwd=elsewhere, exit_code=2)
    assert message in done.stderr


def findings(uapigen: Uapigen, folder: Path, *arguments: str, exit_code: int) -> dict[str, Any]:
    done = uapigen(*arguments, "--format", "json", cwd=folder, exit_code=exit_code)
    return {
        f"{one['subject']}{'.' * bool(one['place'])}{one['place']}": one["severity"]
        for one in json.loads(done.stdout)["findings"]
    }


@pytest.mark.parametrize(("old", "new"), [("old", "new"), ("new", "old")])
def test_macros_ioctls_and_enumerators_of_golden_headers_are_compared_both_ways(
    uapigen: Uapigen, folder: Path, old: str, new: str
) -> None:
    for side in (old, new):
        uapigen("snapshot", f"{side}.h", "-o", f"{side}.json", "--arch", "x86_64", cwd=folder)
    arch = ("--arch", "x86_64")
    against_header = findings(
        uapigen, folder, "check", f"{old}.json", f"{new}.h", *arch, exit_code=1
    )
    assert against_header.keys() >= {"LIMIT", "NAME", "DEV_SET"}
    assert ("GONE" in against_header) == (old == "old")
    assert ("COME" in against_header) == (old == "new")
    assert any("SECOND" in name for name in against_header)
    assert against_header["DEV_SET"] == "binary break"
    # A snapshot says of a header what the header says.
    assert against_header == findings(
        uapigen, folder, "check", f"{old}.json", f"{new}.json", exit_code=1
    )
    diffs = [
        findings(uapigen, folder, "diff", f"{old}.{a}", f"{new}.{b}", *arch, exit_code=1)
        for a in ("h", "json")
        for b in ("h", "json")
    ]
    assert diffs == diffs[:1] * 4


def test_a_snapshot_has_macros_of_128_bits(uapigen: Uapigen, tmp_path: Path) -> None:
    (tmp_path / "wide.h").write_text("#define BIT128(x) ((unsigned __int128)1 << (x))\n")
    uapigen("snapshot", "wide.h", "-o", "wide.json", "--arch", "x86_64", cwd=tmp_path)
    done = uapigen("diff", "wide.h", "wide.json", "--arch", "x86_64", cwd=tmp_path)
    assert "1 macro function" in done.stdout


def test_prototypes_that_were_looked_up_are_counted(uapigen: Uapigen, tmp_path: Path) -> None:
    (tmp_path / "it.h").write_text("struct s { int a; };\nint f(int a);\nint g(struct s *a);\n")
    uapigen("snapshot", "it.h", "-o", "abi.json", cwd=tmp_path)
    done = uapigen("check", "abi.json", "it.h", "--format", "json", cwd=tmp_path)
    assert json.loads(done.stdout)["compared"] == {"structs and unions": 1, "functions": 2}

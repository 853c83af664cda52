"""Which files a unit has, how C includes them, and whose they are."""

from __future__ import annotations

from pathlib import Path

from uapigen.headers.clang import read_header
from uapigen.headers.files import FileNames
from uapigen.headers.read import read_headers
from uapigen.ir.declarations import Unit

from .reading import OPTIONS, find


def write(root: Path, **texts: str) -> None:
    for name, text in texts.items():
        path = root / (name.replace("__", "/") + ".h")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def named(unit: Unit) -> dict[str, str]:
    """The module that defines each named type."""
    return {
        name: unit.files[path].module
        for type_id, path in unit.owners.items()
        if (name := getattr(unit.graph[type_id], "name", ""))
    }


def test_includes_are_listed_in_order_also_of_what_was_included_before(tmp_path: Path) -> None:
    write(
        tmp_path,
        linux__a="#include <linux/c.h>\n#include <linux/b.h>\ntypedef b_t a_t;",
        linux__b="#ifndef B\n#define B\n#include <linux/c.h>\ntypedef c_t b_t;\n#endif",
        linux__c="#ifndef C\n#define C\ntypedef int c_t;\n#endif",
    )
    unit = read_header(str(tmp_path / "linux/a.h"), OPTIONS)
    modules = {
        file.module: [unit.files[p].module for p in file.includes] for file in unit.files.values()
    }
    assert modules == {
        "linux/a.h": ["linux/c.h", "linux/b.h"],
        "linux/b.h": ["linux/c.h"],
        "linux/c.h": [],
    }
    assert named(unit) == {"a_t": "linux/a.h", "b_t": "linux/b.h", "c_t": "linux/c.h"}


def test_system_header_gives_only_what_is_needed_of_it(tmp_path: Path) -> None:
    write(tmp_path, linux__s="#include <stdint.h>\nstruct s { uint8_t a; };\nint32_t f(void);")
    unit = read_header(str(tmp_path / "linux/s.h"), OPTIONS)
    assert {"uint8_t", "int32_t", "s", "f"} <= named(unit).keys()
    assert "uint64_t" not in named(unit)
    stdint = next(file for file in unit.files.values() if file.module == "stdint.h")
    assert stdint.system
    assert {constant.name for constant in unit.constants} == set()


def test_type_that_only_a_macro_names_is_there(tmp_path: Path) -> None:
    write(tmp_path, linux__m="#include <sys/uio.h>\n#define SIZE(n) ((n) * sizeof(struct iovec))")
    unit = read_header(str(tmp_path / "linux/m.h"), OPTIONS)
    assert find(unit, "struct iovec")
    assert [macro.name for macro in unit.macros] == ["SIZE"]


def test_headers_beside_a_users_header_are_the_users(tmp_path: Path) -> None:
    write(
        tmp_path,
        project='#include "part.h"\ntypedef part_t t;',
        part="typedef int part_t; typedef int u;",
    )
    unit = read_header(str(tmp_path / "project.h"), OPTIONS)
    assert named(unit) == {"t": "project.h", "part_t": "part.h", "u": "part.h"}
    assert not any(file.system for file in unit.files.values())


def test_given_header_is_listed_by_its_own_unit_alone(tmp_path: Path) -> None:
    write(
        tmp_path,
        linux__a="#include <linux/b.h>\n#define A 1\nstruct a { struct b b; };",
        linux__b="#define B 2\nstruct b { int x; }; struct other { int y; };",
    )
    paths = [str(tmp_path / "linux/a.h"), str(tmp_path / "linux/b.h")]
    a, b = read_headers(paths, OPTIONS).units
    assert {"a", "b"} == set(named(a))
    assert {"b", "other"} == set(named(b))
    assert [constant.name for constant in a.constants] == ["A"]
    assert [constant.name for constant in b.constants] == ["B"]


def test_file_has_one_path_however_it_is_included(tmp_path: Path) -> None:
    write(
        tmp_path,
        linux__a='#include <linux/b.h>\n#include "../linux/b.h"\n#include "b.h"\ntypedef b_t a_t;',
        linux__b="#pragma once\ntypedef int b_t;",
    )
    unit = read_header(str(tmp_path / "linux/a.h"), OPTIONS)
    assert sorted(file.module for file in unit.files.values()) == ["linux/a.h", "linux/b.h"]
    assert len(unit.files[unit.header].includes) == 1


def test_header_keeps_the_path_that_the_user_gave(tmp_path: Path) -> None:
    write(tmp_path, linux__a="typedef int t;")
    link = tmp_path / "link.h"
    link.symlink_to(tmp_path / "linux/a.h")
    unit = read_header(str(link), OPTIONS)
    assert unit.header == str(link)
    assert set(unit.files) == {str(link)}


def test_relative_path_is_below_the_working_directory(tmp_path: Path) -> None:
    import os

    write(tmp_path, linux__a="typedef int t;")
    before = os.getcwd()
    os.chdir(tmp_path)
    try:
        unit = read_header("linux/a.h", OPTIONS)
    finally:
        os.chdir(before)
    assert unit.header == "linux/a.h"
    assert unit.files["linux/a.h"].module == "linux/a.h"


def test_names_of_installed_headers() -> None:
    names = FileNames([], OPTIONS)
    assert names.module("/usr/include/linux/netfilter/x.h") == "linux/netfilter/x.h"
    assert names.system("/usr/include/sys/socket.h")
    assert not names.system("/usr/include/linux/fuse.h")
    assert not names.system("/usr/include/asm-generic/types.h")

"""Macros that use what their header does not include."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.headers.macros.definitions import evaluate
from uapigen.headers.macros import Evaluated

pytest.importorskip("clang", reason="needs libclang")


def _tree(directory: Path, files: dict[str, str], *, of: str = "linux/mine.h") -> Evaluated:
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return evaluate(directory / of)


def _values(found: Evaluated) -> dict[str, object]:
    return {constant.name: constant.value for constant in found.constants}


def _reasons(found: Evaluated) -> dict[str, str]:
    return {omission.name: omission.reason for omission in found.omissions}


def test_ioctl_numbers_need_no_include_of_their_own(tmp_path: Path) -> None:
    text = """
struct mine { char name[24]; };
#define MINE_NONE _IO('m', 1)
#define MINE_GET _IOR('m', 2, struct mine)
#define MINE_INT _IOW('m', 3, int)
#define MINE_SIZE _IOWR('m', 4, size_t)
"""
    found = _tree(tmp_path, {"linux/mine.h": text})
    assert _values(found) == {
        "MINE_NONE": 0x6D01,
        "MINE_GET": 0x80186D02,
        "MINE_INT": 0x40046D03,
        "MINE_SIZE": 0xC0086D04,
    }
    assert set(found.context) == {"linux/ioctl.h", "stddef.h"}


def test_a_sibling_that_defines_the_name_is_found(tmp_path: Path) -> None:
    found = _tree(
        tmp_path,
        {
            "linux/mine.h": "#define FIRST (BASE + 1)\n#define SIZE sizeof(struct theirs)\n"
            "#define COLOUR TEAL\n#define WIDTH sizeof(wide_t)\n",
            "linux/theirs.h": "#define BASE 100\nstruct theirs { int a[5]; };\n"
            "enum colours {\n\tRED,\n\tTEAL,\n};\ntypedef long wide_t;\n",
        },
    )
    assert _values(found) == {"FIRST": 101, "SIZE": 20, "COLOUR": 1, "WIDTH": 8}
    assert found.context == ("linux/theirs.h",)


def test_what_is_found_may_need_more(tmp_path: Path) -> None:
    found = _tree(
        tmp_path,
        {
            "linux/mine.h": "#define FIRST (ONE + 1)\n",
            "linux/one.h": "#define ONE (TWO * 10)\n",
            "linux/two.h": "#define TWO 2\n",
        },
    )
    assert _values(found) == {"FIRST": 21}


def test_what_evaluates_alone_keeps_its_value(tmp_path: Path) -> None:
    found = _tree(
        tmp_path,
        {
            "linux/mine.h": "#define WIDTH 4\n#define TWICE (2 * WIDTH)\n"
            "#define SUM (WIDTH + OTHER)\n",
            "linux/theirs.h": "#undef WIDTH\n#define WIDTH 8\n#define OTHER 1\n",
        },
    )
    assert _values(found) == {"WIDTH": 4, "TWICE": 8, "SUM": 5}


def test_a_header_that_conflicts_is_not_used(tmp_path: Path) -> None:
    found = _tree(
        tmp_path,
        {
            "linux/mine.h": "struct same { int a; };\n#define SUM (sizeof(struct same) + OTHER)\n"
            "#define GOOD (FINE + 1)\n",
            "linux/theirs.h": "struct same { long a; };\n#define OTHER 1\n",
            "linux/fine.h": "#define FINE 1\n",
        },
    )
    assert _values(found) == {"GOOD": 2}
    assert _reasons(found) == {"SUM": "needs OTHER, which no header for this target declares"}


def test_of_two_meanings_neither_is_guessed(tmp_path: Path) -> None:
    found = _tree(
        tmp_path,
        {
            "linux/mine.h": "#define SUM (1 + OTHER)\n",
            "linux/one.h": "#define OTHER 1\n",
            "linux/two.h": "#define OTHER 2\n",
        },
    )
    assert _reasons(found) == {"SUM": "needs OTHER, which headers define differently"}


def test_two_that_say_the_same_are_one(tmp_path: Path) -> None:
    found = _tree(
        tmp_path,
        {
            "linux/mine.h": "#define SUM (1 + OTHER)\n",
            "linux/one.h": "#define OTHER  2\n",
            "linux/two.h": "#define OTHER 2\n",
        },
    )
    assert _values(found) == {"SUM": 3}


def test_a_target_s_own_value_comes_before_the_generic_one(tmp_path: Path) -> None:
    found = _tree(
        tmp_path,
        {
            "linux/mine.h": "#define WAIT (0 - EAGAINST)\n#define CLOSE O_NEAR\n",
            "asm-generic/errno-base.h": "#define EAGAINST 11\n",
            "asm-generic/errno.h": "#include <asm-generic/errno-base.h>\n#define ELATE 12\n",
            "asm/errno.h": "#define EAGAINST 7\n",
            "asm-generic/fcntl.h": "#ifndef O_NEAR\n#define O_NEAR 1\n#endif\n",
            "asm/fcntl.h": "#define O_NEAR 64\n#include <asm-generic/fcntl.h>\n",
        },
    )
    assert _values(found) == {"WAIT": -7, "CLOSE": 64}


def test_the_size_of_a_struct_that_is_broken_in_context_is_not_believed(tmp_path: Path) -> None:
    found = _tree(
        tmp_path,
        {
            "linux/mine.h": "#define SIZE sizeof(struct theirs)\n",
            "linux/theirs.h": "struct theirs { unknown_t member; };\n",
        },
    )
    assert _reasons(found) == {
        "SIZE": "needs struct theirs, which no header for this target declares"
    }


def test_ioctl_numbers_know_what_they_are_made_for(tmp_path: Path) -> None:
    text = """
#include <linux/types.h>
#include <linux/ioctl.h>
typedef struct { int x; } point_t;
struct mine { char name[24]; };
#define MINE_IOWR(nr, type) _IOWR('m', nr, type)
#define NONE _IO('m', 1)
#define STRUCT _IOR('m', 2, struct mine)
#define TYPEDEF _IOR('m', 3, point_t)
#define SCALAR _IOW('m', 4, __u64)
#define ARRAY _IOW('m', 5, __u32[4])
#define POINTER _IOW('m', 6, char *)
#define WRAPPED MINE_IOWR(7, struct mine)
#define ALIAS STRUCT
#define BY_HAND _IOC(_IOC_READ, 'm', 8, sizeof(point_t))
#define ANY_SIZE _IOC(_IOC_READ, 'm', 9, 0)
#define OF_VALUE _IOR('m', 10, 5u)
#define SIZE sizeof(struct mine)
#define NUMBER 5u
"""
    found = _tree(tmp_path, {"linux/mine.h": text})
    assert found.ioctl_arguments == {
        "NONE": "",
        "STRUCT": "struct mine",
        "TYPEDEF": "point_t",
        "SCALAR": "__u64",
        "ARRAY": "__u32[4]",
        "POINTER": "char *",
        "WRAPPED": "struct mine",
        "ALIAS": "struct mine",
        "BY_HAND": "point_t",
        "ANY_SIZE": "",
        "OF_VALUE": "unsigned int",
    }
    assert not found.omissions

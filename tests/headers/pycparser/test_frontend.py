"""GNU C that pycparser does not know, and what is said of what cannot be read."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest

from uapigen.errors import InputError, SystemRefusalError, UsageError
from uapigen.headers.pycparser_frontend import read_header
from uapigen.ir.declarations import Unit
from uapigen.ir.spelling import Speller
from uapigen.ir.types import Enum, Func, Struct, Typedef, Union
from uapigen.layout.targets import TARGETS

from ..clang.reading import OPTIONS, find, node


def read(directory: Path, text: str, **options: object) -> Unit:
    """The unit of a header with this text."""
    path = directory / "sample.h"
    path.write_text(dedent(text), encoding="utf-8")
    return read_header(str(path), replace(OPTIONS, **options))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "size", "align", "offsets"),
    [
        ("struct s { char a; int b; } __attribute__((packed));", 5, 1, [0, 8]),
        ("struct __attribute__((__packed__)) s { char a; int b; };", 5, 1, [0, 8]),
        ("struct s { char a; int b __attribute__((packed)); };", 5, 1, [0, 8]),
        ("struct s { char a; int b __attribute__((packed, aligned(2))); };", 6, 2, [0, 16]),
        ("struct s { char a; __attribute__((aligned(8))) char b, c; };", 24, 8, [0, 64, 128]),
        ("struct s { char a, b __attribute__((aligned(4))), c; };", 8, 4, [0, 32, 40]),
        ("struct s { char a; _Alignas(8) char b; };", 16, 8, [0, 64]),
        ("struct s { char a; _Alignas(long) char b; };", 16, 8, [0, 64]),
        ("struct s { char a; } __attribute__((aligned));", 16, 16, [0]),
        (
            "struct o { long x; }; struct s { char a; } "
            "__attribute__((aligned(__alignof__(struct o) * 2)));", 16, 16, [0],
        ),
        ("struct s { char a; struct { int b; }; };", 8, 4, [0, 32]),
        ("struct s { char a; struct inner { int b; }; };", 1, 1, [0]),
        ("struct s { int n; char data[]; };", 4, 4, [0, 32]),
        ("struct o { int x; char y; }; struct s { char a[sizeof(struct o)]; };", 8, 1, [0]),
        ("enum { N = 1 << 2 }; struct s { char a[N + 1][2]; };", 10, 1, [0]),
        ("struct s { int a : 3, : 5, b : 8; int : 0; int c : 1; };", 8, 4, [0, 3, 8, 32]),
        ("#pragma pack(push, 2)\nstruct s { char a; int b; };\n#pragma pack(pop)\n", 6, 2, [0, 16]),
        ("#pragma pack(1)\nstruct o { int b; };\n#pragma pack()\nstruct s { char a; int b; };",
         8, 4, [0, 32]),
        ("typedef int word __attribute__((mode(DI))); struct s { char a; word b; };",
         16, 8, [0, 64]),
        ("typedef int wide __attribute__((aligned(8))); struct s { char a; wide b; };",
         16, 8, [0, 64]),
        ("struct o { char c; }; typedef struct o __attribute__((aligned(4))) four;"
         "struct s { char a; four b; };", 8, 4, [0, 32]),
        ("struct s { char a; unsigned __int128 b; };", 32, 16, [0, 128]),
        ("struct s { char a; __typeof__(int (*)[4]) b; };", 16, 8, [0, 64]),
        ("struct s { char a; __extension__ union { long l; char c[9]; } u; };", 24, 8, [0, 64]),
        ("struct s { __volatile__ __signed__ char a; int *__restrict b; };", 16, 8, [0, 64]),
        ("struct s { void (*call)(struct s *, int (*)(void)); __builtin_va_list ap; };",
         32, 8, [0, 64]),
        ("struct s { _Bool a : 1; enum e { X } b : 2; char c; };", 4, 4, [0, 1, 8]),
        ("struct s { char a; int b __attribute__((vector_size(16))); char c; };",
         48, 16, [0, 128, 256]),
        ("struct s { char a; int b __attribute__((packed, vector_size(8))); };", 9, 1, [0, 8]),
    ],
)  # fmt: skip
def test_layout_attributes_survive(
    tmp_path: Path, text: str, size: int, align: int, offsets: list[int]
) -> None:
    found = node(read(tmp_path, text), "struct s")
    assert isinstance(found, Struct)
    assert (found.byte_size, found.byte_align) == (size, align)
    assert [member.bit_offset for member in found.members] == offsets


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("extern int f(int a[3], const char *, ...) __attribute__((nonnull(2)));", "f",
         "int (int *a, const char *, ...)"),
        ("static inline long f(void) { return ({ long x = 1; x; }); }", "f", "long int (void)"),
        ("int f(void) __asm__(\"g\") __attribute__((const));", "f", "int (void)"),
        ("typedef unsigned long long int f;", "f", "long long unsigned int"),
        ("typedef float f __attribute__((vector_size(16)));", "f", "float[4]"),
        ("typedef char *(*f[2])(int (*)[3]);", "f", "char *(*[2])(int (*)[3])"),
        ("typedef double _Complex f;", "f", "double[2]"),
    ],
)  # fmt: skip
def test_declarations_are_spelled_as_c_has_them(
    tmp_path: Path, text: str, name: str, expected: str
) -> None:
    unit = read(tmp_path, text)
    found = node(unit, name)
    assert isinstance(found, (Func, Typedef))
    kind = found.proto if isinstance(found, Func) else found.target
    assert Speller(unit.graph).spell(kind) == expected


def test_enums_have_the_size_that_their_values_ask_for(tmp_path: Path) -> None:
    unit = read(
        tmp_path,
        "enum plain { A, B = 0x80000000 }; enum minus { C = -1 }; enum big { D = 1LL << 40 };"
        "enum tiny { E = 200 } __attribute__((packed));",
    )
    enums = [node(unit, f"enum {name}") for name in ("plain", "minus", "big", "tiny")]
    assert [(e.byte_size, e.signed) for e in enums if isinstance(e, Enum)] == [
        (4, False), (4, True), (8, False), (1, False),
    ]  # fmt: skip


def test_unions_and_their_place(tmp_path: Path) -> None:
    found = node(read(tmp_path, "union u { char c; short s : 9; long l; };"), "union u")
    assert isinstance(found, Union)
    assert (found.byte_size, [m.bit_offset for m in found.members]) == (8, [0, 0, 0])


def test_macros_functions_files_and_comments(tmp_path: Path) -> None:
    (tmp_path / "part.h").write_text("#pragma once\n#define PART 7\nstruct part { int x; };\n")
    unit = read(
        tmp_path,
        """
        #ifndef SAMPLE_H
        #define SAMPLE_H
        #include "part.h"
        #include "part.h"
        /**
         * struct whole - all of it
         * @part: a part
         */
        struct whole { struct part part; };
        #define WHOLE (sizeof(struct whole) + PART)
        #define GONE 1
        #undef GONE
        #define TWICE(x) ((x) * 2)
        #define NAME "whole"
        #define BLOCK do { } while (0)
        static inline unsigned char low(int word) { return word; }
        int variable;
        #endif
        """,
    )
    values = {constant.name: (constant.value, constant.c_type) for constant in unit.constants}
    assert values == {
        "PART": (7, "int"),
        "WHOLE": (11, "unsigned long"),
        "NAME": ("whole", "char *"),
    }
    assert {macro.name for macro in unit.macros} == {"TWICE", "low"}
    assert {omission.name for omission in unit.omissions} == {"BLOCK", "variable"}
    assert unit.docs[find(unit, "struct whole")].members == {"part": "a part"}
    part = str(tmp_path / "part.h")
    assert unit.owners[find(unit, "struct part")] == part
    assert unit.files[unit.header].includes == (part,)
    assert (unit.files[part].module, unit.files[part].system) == ("part.h", False)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("struct s { int x }", r"sample.h: line 1: "),
        ("\n\nstruct s { unheard_of_t x; };", r"sample.h: line 3: 'unheard_of_t' is not declared"),
        ("struct s { struct unheard_of x; };", r"line 1: incomplete type 'struct unheard_of'"),
        ("struct s { int x; };\nstruct s { int x; };", r"line 2: redefinition of struct s"),
        ("typedef int t;\ntypedef long t;", r"line 2: redefinition of typedef t"),
        ("enum { A };\nenum { A };", r"line 2: redefinition of enumerator A"),
        ("#include <unheard/of.h>\n", r"sample.h:1: unheard/of.h: No such file"),
        ("#error no\n", r"sample.h:1: #error no"),
        ("struct s { int x;", r"line 1: '\{' without its '\}'"),
        ("struct s { struct s x; };", r"line 1: incomplete type 'struct s'"),
    ],
)
def test_malformed_header_is_refused_with_its_line(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        read(tmp_path, text)


def test_header_that_nests_too_deeply_is_refused(tmp_path: Path) -> None:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)  # Python's own; black raises it
    try:
        with pytest.raises(InputError, match="nests too deeply"):
            read(tmp_path, f"int {'(' * 5000}x{')' * 5000};")
    finally:
        sys.setrecursionlimit(before)


@pytest.mark.parametrize(
    ("text", "name", "kind", "reason"),
    [
        ("struct s { int x; } __attribute__((scalar_storage_order(\"big-endian\")));",
         "s", "struct", "scalar_storage_order"),
        ("struct s { __typeof__(1 + 1) x; };", "s", "struct", "is no type's name"),
        ("struct s { int x : 40; };", "s", "struct", "bitfield x of 40 bits"),
        ("typedef __typeof__(variable) t;", "t", "typedef", "is no type's name"),
    ],
)  # fmt: skip
def test_what_cannot_be_had_is_left_out_by_name_alone(
    tmp_path: Path, text: str, name: str, kind: str, reason: str
) -> None:
    unit = read(tmp_path, f"{text}\nstruct kept {{ int x; }};")
    assert find(unit, "struct kept")
    (omission,) = unit.omissions
    assert (omission.name, omission.kind) == (name, kind)
    assert reason in omission.reason


@pytest.mark.slow
def test_macro_bomb_is_stopped(tmp_path: Path) -> None:
    lines = ["#define M0 int x0;"]
    lines += [f"#define M{n} M{n - 1} M{n - 1}" for n in range(1, 60)]
    with pytest.raises(InputError, match="do its macros expand without end"):
        read(tmp_path, "\n".join([*lines, "M59"]))


@pytest.mark.parametrize("arch", ["s390x", "i386", "aarch64", "riscv64"])
def test_preprocessor_for_another_target_is_refused(tmp_path: Path, arch: str) -> None:
    with pytest.raises(UsageError, match=f"is no preprocessor for {arch}: it defines "):
        # By another name than the default's, for which a cross compiler is looked for.
        read(tmp_path, "int x;", model=TARGETS[arch], cpp="cc  -E")


def test_preprocessor_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemRefusalError, match="no-such-cpp"):
        read(tmp_path, "int x;", cpp="no-such-cpp -E")


def test_prerequisites_are_found(tmp_path: Path) -> None:
    unit = read(tmp_path, "struct s { uint16_t port; struct sockaddr_storage address; };")
    assert unit.prerequisites == ("stdint.h", "sys/socket.h")


def test_macros_are_evaluated_behind_what_they_use(tmp_path: Path) -> None:
    unit = read(tmp_path, "#define GET_SIZE _IOR('x', 1, size_t)\n")
    assert [(c.name, c.value) for c in unit.constants] == [("GET_SIZE", 0x80087801)]


def test_tag_that_is_a_macros_argument_is_found(tmp_path: Path) -> None:
    """As in scsi/cxlflash_ioctl.h."""
    unit = read(
        tmp_path,
        "struct foo { int a[2]; };\n"
        "#define MY_IOWR(number, tag) _IOWR('x', number, struct tag)\n"
        "#define GET_FOO MY_IOWR(1, foo)\n",
    )
    assert [(c.name, c.value) for c in unit.constants] == [("GET_FOO", 0xC0087801)]
    assert unit.ioctl_arguments == {"GET_FOO": "struct foo"}


def test_ioctl_numbers_know_what_they_are_made_for(tmp_path: Path) -> None:
    unit = read(
        tmp_path,
        """
        #include <linux/ioctl.h>
        #define ALIGNED struct odd
        ALIGNED { int x; };
        #define NONE _IO('x', 0)
        #define LONG _IOR('x', 1, unsigned long int)
        #define ODD _IOWR('x', 2, ALIGNED)
        #define ARRAY _IOW('x', 3, char[16])
        #define UNDEFINED _IOW('x', 4, struct undefined *)
        #define BY_HAND _IOC(_IOC_READ, 'x', 5, 7)
        #define ALIAS odd
        """,
    )
    assert unit.ioctl_arguments == {
        "NONE": "",
        "LONG": "unsigned long",
        "ODD": "struct odd",
        "ARRAY": "char[16]",
        "UNDEFINED": "struct undefined *",
        "BY_HAND": "",
    }
    assert unit.type_aliases == {"ALIGNED": "struct odd", "ALIAS": "struct odd"}

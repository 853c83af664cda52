"""Macros and inline functions, as the front end hands them on."""

from __future__ import annotations

from pathlib import Path

import pytest

from uapigen.headers.clang_functions import InlineFunctions
from uapigen.headers.clang_library import Cursor, library, text
from uapigen.headers.clang_macros import macros_of
from uapigen.headers.clang_parse import TranslationUnit
from uapigen.headers.read import read_headers
from uapigen.headers.targets import clang_arguments

from .reading import OPTIONS, find, read

ARGUMENTS = clang_arguments(OPTIONS)

# A definition, its parameters and its body.
DEFINITIONS = [
    ("#define M 1", None, "1"),
    ("#define M", None, ""),
    ("#define M(a, b) ((a) + b)", ("a", "b"), "((a) + b)"),
    ("#define M() 1", (), "1"),
    ("#define M (a)", None, "(a)"),
    ("#define M(a, ...) f(a, __VA_ARGS__)", ("a", "*__VA_ARGS__"), "f(a, __VA_ARGS__)"),
    ("#define M(rest...) f(rest)", ("*rest",), "f(rest)"),
    ("#define M 1 /* one */", None, "1"),
    ("#define M 1 // one", None, "1"),
    ("#define M 1 /* over\n two lines */ + 2", None, "1   + 2"),
    ("#define M 1 + \\\n 2", None, "1 +  2"),
    ("#define M 1 + \\\r\n 2", None, "1 +  2"),
    ("#define M \"/* no comment */\"", None, '"/* no comment */"'),
    ("#define M '\"' /* c */", None, "'\"'"),
    ("#  define  M  7", None, "7"),
    ("#define M(a /* first */, \\\n b) a b", ("a", "b"), "a b"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "params", "body"), DEFINITIONS)
def test_definition_is_read_from_the_text(
    tmp_path: Path, line: str, params: tuple[str, ...] | None, body: str
) -> None:
    path = tmp_path / "sample.h"
    path.write_bytes(f"\n{line}\nint after;\n".encode())
    with TranslationUnit(str(path), ARGUMENTS) as unit:
        macros = macros_of(unit)
    found = macros["M"]
    assert (found.params, found.body, found.line) == (params, body, 2)
    assert list(macros) == ["M"]


def test_last_definition_counts(tmp_path: Path) -> None:
    unit = read(tmp_path, "#define A 1\n#undef A\n#define A 2\n#define B 3\n#undef B\n")
    assert [(c.name, c.value) for c in unit.constants] == [("A", 2)]


def test_macro_that_another_file_undefines_is_gone(tmp_path: Path) -> None:
    (tmp_path / "part.h").write_text("#define A 1\n#define B 2\n")
    unit = read(tmp_path, '#include "part.h"\n#undef A\n')
    assert [c.name for c in unit.constants] == ["B"]


def test_macro_in_a_skipped_branch_is_not_there(tmp_path: Path) -> None:
    unit = read(tmp_path, "#if 0\n#define A 1\n#else\n#define A 2\n#endif\n")
    assert [(c.name, c.value) for c in unit.constants] == [("A", 2)]


def test_what_is_no_expression_is_left_out_with_the_reason(tmp_path: Path) -> None:
    unit = read(
        tmp_path,
        "#define OPEN {\n#define LOOP(x) do { x; } while (0)\n"
        "static inline void f(int *p) { *p = 1; }",
    )
    assert {(o.kind, o.name) for o in unit.omissions} == {
        ("macro", "OPEN"),
        ("function-like macro", "LOOP"),
        ("function", "f"),
    }
    assert all(omission.reason for omission in unit.omissions)


def test_function_like_macro_finds_what_its_header_does_not_include(tmp_path: Path) -> None:
    unit = read(tmp_path, "#define GET(len) _IOC(_IOC_READ, 'H', 7, len)\n")
    assert [macro.name for macro in unit.macros] == ["GET"]


def test_function_like_macro_finds_the_size_of_another_headers_struct(tmp_path: Path) -> None:
    (tmp_path / "linux").mkdir()
    (tmp_path / "linux/peculiar.h").write_text("struct peculiar { char x[12]; };\n")
    (tmp_path / "linux/twice.h").write_text("#define TWICE_PECULIAR(n) ((n) * 2)\n")
    unit = read(
        tmp_path,
        "#define PAYLOAD(n) ((n) - sizeof(struct peculiar))\n"
        "#define DOUBLE(n) ((n) - TWICE_PECULIAR(sizeof(struct peculiar)))\n"
        "#define NOWHERE(n) ((n) - sizeof(struct nowhere))\n",
        name="linux/sample.h",
    )
    assert [(m.name, m.expression) for m in unit.macros] == [
        ("PAYLOAD", "_C.plain(_C(n) - _C.ulong(12))"),
        ("DOUBLE", "_C.plain(_C(n) - _C.ulong(24))"),
    ]
    assert not unit.graph.ids_named("peculiar")
    assert [(o.name, o.reason) for o in unit.omissions] == [
        ("NOWHERE", "takes the size of struct nowhere, which is not defined")
    ]


BODIES = [
    ("static inline int f(int a) { return a; }", "return a;"),
    ("static __inline__ int f(int a)\n{\n\treturn a; /* } */\n}", "return a;"),
    ("static inline int f(int a) { if (a) { return '}'; } }", "if (a) { return '}'; }"),
    ("static inline int f(int a) {\n#if 0\nreturn 1;\n#else\nreturn 2;\n#endif\n}", "return 2;"),
    ("static inline int __attribute__((unused)) f(int a) { return a; }", "return a;"),
]  # fmt: skip


def test_enumerators_and_macros_of_other_headers_keep_their_types(tmp_path: Path) -> None:
    """Here those of headers that have units of their own."""
    (tmp_path / "other.h").write_text("enum { FIVE = 5 };\n#define TWO 2U\n")
    (tmp_path / "mine.h").write_text(
        '#include "other.h"\n'
        "#define OF_ENUMERATOR(x) ((x) % (FIVE))\n"
        "#define OF_MACRO(x) ((TWO << 30) + (x))\n"
    )
    paths = [str(tmp_path / name) for name in ("mine.h", "other.h")]
    unit = read_headers(paths, OPTIONS).units[0]
    found = {macro.name: macro.expression for macro in unit.macros}
    assert found["OF_ENUMERATOR"] == "_C.plain(_C(x) % 5)"
    assert found["OF_MACRO"] == "_C.plain(_C.uint(0x80000000) + _C(x))"
    assert not unit.omissions


@pytest.mark.parametrize(("definition", "body"), BODIES)
def test_body_of_an_inline_function_is_what_the_compiler_sees(
    tmp_path: Path, definition: str, body: str
) -> None:
    path = tmp_path / "sample.h"
    path.write_text(definition)
    with TranslationUnit(str(path), ARGUMENTS) as unit:
        functions = InlineFunctions(unit, unit.file_name)

        def visit(cursor: Cursor) -> None:
            if cursor.kind == 8:
                functions.add(text(library().clang_getCursorSpelling(cursor)), cursor)

        unit.visit(visit)
        found = functions["f"]
    assert " ".join(found.body.split()) == body
    assert (found.params, found.returns) == ((("a", "int"),), "int")


def test_function_that_a_macro_makes_is_not_read(tmp_path: Path) -> None:
    unit = read(
        tmp_path,
        "#define MAKE(name) static inline int name(void) { return 1; }\nMAKE(f)\nint after(void);",
    )
    assert [macro.name for macro in unit.macros] == []
    assert unit.graph.ids_named("f")


def test_ioctl_number_tells_its_argument(tmp_path: Path) -> None:
    unit = read(
        tmp_path,
        "#include <linux/ioctl.h>\nstruct arg { int a; };\n#define GET _IOR('H', 7, struct arg)\n"
        "#define MINE struct arg\n",
    )
    assert unit.ioctl_arguments == {"GET": "struct arg"}
    assert unit.type_aliases == {"MINE": "struct arg"}


def test_argument_of_an_ioctl_number_is_found_where_its_users_find_it(tmp_path: Path) -> None:
    (tmp_path / "linux").mkdir()
    (tmp_path / "linux/peculiar.h").write_text("struct peculiar { int a; };")
    unit = read(tmp_path, "#define GET _IOR('H', 7, struct peculiar)\n", name="linux/sample.h")
    assert unit.ioctl_arguments == {"GET": "struct peculiar"}
    assert unit.files[unit.owners[find(unit, "struct peculiar")]].module == "linux/peculiar.h"
    assert [constant.name for constant in unit.constants] == ["GET"]


@pytest.mark.parametrize(("arch", "value"), [("x86_64", "8"), ("s390x", "8"), ("i386", "4")])
def test_compilers_own_macros_are_known_to_others(tmp_path: Path, arch: str, value: str) -> None:
    unit = read(tmp_path, "#define BITS(n) ((n) * __SIZEOF_LONG__)\n", arch=arch)
    assert [macro.name for macro in unit.macros] == ["BITS"]
    assert value in unit.macros[0].expression
    assert {constant.name for constant in unit.constants} == set()

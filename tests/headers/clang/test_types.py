"""C's types as nodes of the model."""

from __future__ import annotations

from pathlib import Path

import pytest

from uapigen.ir.spelling import Speller
from uapigen.ir.types import Enum, Forward, Func, Struct, Typedef, Union

from .reading import byte_size, find, node, read

# A declaration, the name to look up, and how the model spells its target.
TARGETS = [
    ("typedef unsigned long t;", "long unsigned int"),
    ("typedef __signed__ char t;", "signed char"),
    ("typedef _Bool t;", "_Bool"),
    ("typedef __int128 t;", "__int128"),
    ("typedef unsigned __int128 t;", "__int128 unsigned"),
    ("typedef const volatile int *restrict t;", "const volatile int *restrict"),
    ("typedef int t[2][3];", "int[2][3]"),
    ("typedef int t[];", "int[0]"),
    ("typedef char *(*t)(const char *, int);", "char *(*)(const char *, int)"),
    ("typedef void (*t)(int (*)(void), ...);", "void (*)(int (*)(void), ...)"),
    ("typedef int t();", "int (...)"),
    ("typedef int t __attribute__((mode(DI)));", "long int"),
    ("typedef int t __attribute__((vector_size(16)));", "int[4]"),
    ("typedef double _Complex t;", "double[2]"),
    ("typedef _Atomic(int) t;", "int"),
    ("typedef __typeof__(1UL) t;", "long unsigned int"),
    ("struct s; typedef struct s *t;", "struct s *"),
    ("enum e { A }; typedef enum e t;", "enum e"),
    ("typedef __WCHAR_TYPE__ t;", "int"),
    ("typedef long double t;", "long double"),
]


@pytest.mark.parametrize(("text", "spelled"), TARGETS)
def test_type_is_spelled_as_c_has_it(tmp_path: Path, text: str, spelled: str) -> None:
    unit = read(tmp_path, text)
    typedef = node(unit, "t")
    assert isinstance(typedef, Typedef)
    assert Speller(unit.graph).spell(typedef.target) == spelled


ENUMS = [
    ("enum e { A, B = 5, C };", 4, False, [0, 5, 6]),
    ("enum e { A = -1 };", 4, True, [-1]),
    ("enum e { A = 0x80000000 };", 4, False, [0x80000000]),
    ("enum e { A = 1ULL << 63 };", 8, False, [1 << 63]),
    ("enum e { A = -1, B = 1LL << 40 };", 8, True, [-1, 1 << 40]),
    ("enum e { A } __attribute__((packed));", 1, False, [0]),
]


@pytest.mark.parametrize(("text", "size", "signed", "values"), ENUMS)
def test_enum_has_the_size_sign_and_values_of_gcc(
    tmp_path: Path, text: str, size: int, signed: bool, values: list[int]
) -> None:
    enum = node(read(tmp_path, text), "enum e")
    assert isinstance(enum, Enum)
    assert (enum.byte_size, enum.signed) == (size, signed)
    assert [enumerator.value for enumerator in enum.enumerators] == values


TYPEDEF_ALIGNMENTS = [
    ("typedef unsigned long long t __attribute__((aligned(16)));", 16),
    ("typedef unsigned long long t __attribute__((aligned(2)));", 2),
    ("typedef unsigned long long t;", None),
    ("typedef int t __attribute__((vector_size(16)));", 16),
    ("typedef struct { int a; } t __attribute__((aligned(64)));", 64),
]


@pytest.mark.parametrize(("text", "align"), TYPEDEF_ALIGNMENTS)
def test_typedef_says_where_it_changes_the_alignment(
    tmp_path: Path, text: str, align: int | None
) -> None:
    typedef = node(read(tmp_path, text), "t")
    assert isinstance(typedef, Typedef)
    assert typedef.byte_align == align


@pytest.mark.parametrize("declarator", ["d[]", "d[0]"])
def test_flexible_array_has_no_elements(tmp_path: Path, declarator: str) -> None:
    unit = read(tmp_path, f"struct s {{ int n; char {declarator}; }};")
    record = node(unit, "struct s")
    assert isinstance(record, Struct)
    assert byte_size(unit, record.members[1].type) == 0
    assert record.byte_size == 4


def test_array_of_one_element_stays(tmp_path: Path) -> None:
    unit = read(tmp_path, "struct s { int n; char d[1]; };")
    record = node(unit, "struct s")
    assert isinstance(record, Struct)
    assert byte_size(unit, record.members[1].type) == 1


def test_member_without_a_name_has_none(tmp_path: Path) -> None:
    record = node(
        read(tmp_path, "struct s { union { int a; struct { int b; }; }; int :3, :0; int c:2; };"),
        "struct s",
    )
    assert isinstance(record, Struct)
    assert [(m.name, m.bit_offset, m.bit_width) for m in record.members] == [
        ("", 0, 0),
        ("", 32, 3),
        ("c", 64, 2),
    ]


def test_typedef_gives_an_untagged_struct_no_tag(tmp_path: Path) -> None:
    unit = read(tmp_path, "typedef struct { int a; } t; typedef struct u { int a; } u;")
    typedef = node(unit, "t")
    assert isinstance(typedef, Typedef)
    assert unit.graph[typedef.target] == Struct(
        "",
        4,
        unit.graph[typedef.target].members,
        4,  # type: ignore[union-attr]
    )
    assert isinstance(node(unit, "struct u"), Struct)


def test_definition_that_declares_no_member_is_there_all_the_same(tmp_path: Path) -> None:
    unit = read(tmp_path, "struct outer { struct inner { int a; }; enum { LOST }; int b; };")
    assert isinstance(node(unit, "struct inner"), Struct)
    enums = [unit.graph[i] for i in unit.graph.ids_of(Enum)]
    assert [e.enumerators[0].name for e in enums if isinstance(e, Enum)] == ["LOST"]
    outer = node(unit, "struct outer")
    assert isinstance(outer, Struct)
    assert [member.name for member in outer.members] == ["b"]


def test_struct_group_has_a_tag_and_no_group_to_its_members(tmp_path: Path) -> None:
    unit = read(
        tmp_path,
        "#include <linux/stddef.h>\n"
        "struct s { int a; __struct_group(part, group, /* none */, int b; char c;); };",
    )
    assert node(unit, "struct part")
    record = node(unit, "struct s")
    assert isinstance(record, Struct)
    group = unit.graph[record.members[1].type]
    assert isinstance(group, Union)
    assert [member.name for member in group.members] == ["", "group"]


def test_undefined_struct_is_a_forward(tmp_path: Path) -> None:
    unit = read(tmp_path, "struct s { struct opaque *o; union u *p; };")
    assert node(unit, "opaque") == Forward("opaque", "struct")
    assert node(unit, "u") == Forward("u", "union")


def test_function_has_its_parameters_names_and_linkage(tmp_path: Path) -> None:
    unit = read(
        tmp_path, "int open_it(const char *path, int);\nstatic inline int two(void) { return 2; }"
    )
    function = node(unit, "open_it")
    assert isinstance(function, Func)
    assert function.linkage == "extern"
    assert Speller(unit.graph).spell(function.proto) == "int (const char *path, int)"
    static = node(unit, "two")
    assert isinstance(static, Func)
    assert static.linkage == "static"


def test_what_a_function_defines_inside_is_its_own(tmp_path: Path) -> None:
    unit = read(
        tmp_path,
        "static inline int f(void) { struct local { int a; } x; enum { HIDDEN }; return 1; }",
    )
    assert not unit.graph.ids_named("local")
    assert not list(unit.graph.ids_of(Enum))


def test_variable_is_left_out_by_name(tmp_path: Path) -> None:
    unit = read(tmp_path, "extern int counter;")
    assert [(o.kind, o.name) for o in unit.omissions] == [("variable", "counter")]


def test_type_that_libclang_has_otherwise_costs_only_its_struct(tmp_path: Path) -> None:
    unit = read(tmp_path, "struct bad { long double d; }; struct good { int a; };", arch="sparc")
    assert [(o.kind, o.name) for o in unit.omissions] == [("struct", "bad")]
    assert "long double" in unit.omissions[0].reason
    assert isinstance(node(unit, "struct good"), Struct)


def test_deep_declarator_is_left_out_by_name(tmp_path: Path) -> None:
    unit = read(tmp_path, f"typedef int {'*' * 150}deep; typedef int flat;")
    assert [(o.kind, o.name) for o in unit.omissions] == [("typedef", "deep")]
    assert find(unit, "flat")

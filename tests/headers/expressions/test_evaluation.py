"""Values and C types of constants, and what is none."""

from __future__ import annotations

from typing import Any

import pytest

from tests.headers.expressions.tools import expressions_of
from uapigen.headers.expressions import Expressions, NotAnExpression, Types
from uapigen.ir.graph import SourceInfo
from uapigen.ir.list_graph import ListGraph
from uapigen.ir.types import Array, Enum, Enumerator, Int, Member, Pointer, Struct, Typedef
from uapigen.layout.targets import find_target


@pytest.mark.parametrize(
    ("body", "value", "c_type"),
    [
        ("~0U", 4294967295, "unsigned int"),
        ("-1UL", 2**64 - 1, "unsigned long"),
        ("0x80000000", 2**31, "unsigned int"),
        ("2147483648", 2**31, "long"),
        ("-2147483648", -(2**31), "long"),
        ("017", 15, "int"),
        ("0b101", 5, "int"),
        ("0xFFull", 255, "unsigned long long"),
        ("'A'", 65, "int"),
        ("'\\0'", 0, "int"),
        ("'\\x7f'", 127, "int"),
        ("'ab'", 0x6162, "int"),
        ("1 << 31", -(2**31), "int"),
        ("(1 << 4) | 1U", 17, "unsigned int"),
        ("-7 / 2", -3, "int"),
        ("-7 % 2", -1, "int"),
        ("7 / -2", -3, "int"),
        ("-1 >> 1", -1, "int"),
        ("-1 < 0U", 0, "int"),
        ("1 ? -1 : 0U", 4294967295, "unsigned int"),
        ("0 ?: 3L", 3, "long"),
        ("0 && 1 / 0", 0, "int"),
        ("1 ? 2 : 1 / 0", 2, "int"),
        ("(1, 2L)", 2, "long"),
        ("(unsigned char)-1", 255, "unsigned char"),
        ("(unsigned char)200 + (unsigned char)100", 300, "int"),
        ("(_Bool)256", 1, "_Bool"),
        ("(int)3.99", 3, "int"),
        ("1.5 + 1", 2.5, "double"),
        ("0.1f", 0.10000000149011612, "float"),
        ("sizeof(int)", 4, "unsigned long"),
        ("sizeof(char *[3])", 24, "unsigned long"),
        ('sizeof("abc")', 4, "unsigned long"),
        ("sizeof('a')", 4, "unsigned long"),
        ("sizeof(int (*)(void))", 8, "unsigned long"),
        ("_Alignof(long)", 8, "unsigned long"),
        ("(long)&((int *)0)[3]", 12, "long"),
        ("(char *)16 - (char *)4", 12, "long"),
        ("(short *)16 - (short *)4", 6, "long"),
        ("(void *)0 == (void *)0", 1, "int"),
        ("(void *)-1 == -1", 1, "int"),
        ("(char *)8 > (char *)4", 1, "int"),
        ("!(void *)0", 1, "int"),
        ("__extension__ 5", 5, "int"),
        ("__builtin_choose_expr(0, 1, 2)", 2, "int"),
        ("__builtin_bswap32(0x01020304)", 0x04030201, "unsigned int"),
        ("__builtin_types_compatible_p(int, signed)", 1, "int"),
        ('"a\\tb" "\\x63"', "a\tbc", "char *"),
        ('"\\xff"', b"\xff", "char *"),
    ],
)
def test_constant(body: str, value: Any, c_type: str) -> None:
    found = expressions_of().evaluate(body)
    assert (found.value, found.c_type) == (value, c_type)
    assert type(found.value) is type(value)


@pytest.mark.parametrize(
    ("arch", "body", "value", "c_type"),
    [
        ("i386", "0x80000000", 2**31, "unsigned int"),
        ("i386", "2147483648", 2**31, "long long"),
        ("i386", "~0UL", 2**32 - 1, "unsigned long"),
        ("i386", "sizeof(void *)", 4, "unsigned int"),
        ("i386", "1UL + 1", 2, "unsigned long"),
        ("i386", "-1L < 1U", 0, "int"),
        ("x86_64", "-1L < 1U", 1, "int"),
        ("x86_64", "'\\xff'", -1, "int"),
        ("arm", "'\\xff'", 255, "int"),
        ("s390x", "(char)-1", 255, "char"),
        ("mips", "(char)-1", -1, "char"),
        ("x32", "sizeof(long)", 4, "unsigned int"),
    ],
)
def test_constant_of_a_target(arch: str, body: str, value: int, c_type: str) -> None:
    found = expressions_of(arch=arch).evaluate(body)
    assert (found.value, found.c_type) == (value, c_type)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "is empty"),
        ("x = 1", "assigns (=)"),
        ("x++", "changes a variable (++)"),
        ("{ 1, 2 }", "is a list in braces"),
        ("(struct foo) { 1 }", "holds a compound literal"),
        ("({ 1; })", "is a statement expression"),
        ("do { } while (0)", "is a statement (do)"),
        ("static int x", "is a declaration (static)"),
        ("struct foo", "is a type or a declaration (struct)"),
        ("unsigned long", "is a type or a declaration (unsigned)"),
        ("1 +", "is no complete expression"),
        ("1 2", "is no expression (2 is out of place)"),
        ("(1", "is no complete expression"),
        ("foo", "uses foo, which is not defined"),
        ("foo(1)", "calls foo"),
        ("1 / 0", "has no value (division by zero)"),
        ("1 % (3 - 3)", "has no value (remainder of a division by zero)"),
        (
            "1 << 32",
            "has no value (shift by a negative count, or by the width of the type or more)",
        ),
        ("(void *)-1", "is a pointer"),
        ("sizeof(struct foo)", "takes the size of struct foo, which is not defined"),
        ("sizeof(foo_t)", "uses foo_t, which is not defined"),
        ("*(int *)4", "reads memory through a pointer"),
        ("1.0L", "computes with a long double"),
        ("08", "holds 08, which is no number of C"),
        ("L'a'", "holds L'a', which is wide"),
        ("(void)0", "is no constant"),
        ("1.5 | 1", "computes what C does not (| of double operands)"),
        ("18446744073709551616", "holds 18446744073709551616, which fits into no type"),
    ],
)
def test_what_is_no_constant_has_a_reason(body: str, reason: str) -> None:
    with pytest.raises(NotAnExpression) as caught:
        expressions_of().evaluate(body)
    assert str(caught.value) == reason


@pytest.mark.parametrize(
    "body",
    [
        "(" * 5000 + "1" + ")" * 5000,
        "-" * 1 + " -" * 5000 + "1",
        "1" + " + 1" * 5000,
        "1 ? " * 3000 + "1" + " : 1" * 3000,
        "9" * 5000,
        "0x" + "f" * 5000,
        "1e999999999",
        "0x1p999999999",
        "'" + "a" * 5000 + "'",
        "\x00",
        "1 @ 2",
        "\\",
        "'",
        '"abc',
        "sizeof(int[9999999999][9999999999])",
    ],
)
def test_hostile_bodies_are_refused_or_evaluated(body: str) -> None:
    try:
        found = expressions_of().evaluate(body)
    except NotAnExpression:
        return
    assert isinstance(found.value, (int, float))


@pytest.fixture(scope="module")
def unit() -> Expressions:
    """Of a header with a struct, an enum and typedefs."""
    model = find_target("x86_64")
    info = SourceInfo("test.h", lambda: "", model.big_endian, model.pointer_size, model.arch)
    graph = ListGraph(info)
    u8, u32 = (graph.add(Int(name, size, False)) for name, size in
               (("unsigned char", 1), ("unsigned int", 4)))  # fmt: skip
    inner = graph.add(Struct("", 8, (Member("x", u32, 0), Member("y", u32, 32)), 4))
    graph.add(
        Struct(
            "foo",
            40,
            (
                Member("a", u8, 0),
                Member("b", graph.add(Array(u32, 3)), 32),
                Member("", inner, 128),
                Member("bits", u32, 192, 3),
                Member("p", graph.add(Pointer(u8)), 256),
            ),
            8,
        )
    )
    graph.add(Typedef("__u8", u8))
    graph.add(Typedef("__u32", u32))
    members = (Enumerator("SMALL", 1), Enumerator("BIG", 1 << 31))
    graph.add(Enum("e", 4, False, members))
    return expressions_of(types=Types(graph, model))


@pytest.mark.parametrize(
    ("body", "value", "c_type"),
    [
        ("sizeof(struct foo)", 40, "unsigned long"),
        ("sizeof(((struct foo *)0)->b)", 12, "unsigned long"),
        ("sizeof(((struct foo *)0)->b) / sizeof(((struct foo *)0)->b[0])", 3, "unsigned long"),
        ("offsetof(struct foo, b[2])", 12, "unsigned long"),
        ("__builtin_offsetof(struct foo, y)", 20, "unsigned long"),
        ("(unsigned long)&((struct foo *)0)->x", 16, "unsigned long"),
        ("(int)(__u8)-1", 255, "int"),
        ("~(__u32)0", 4294967295, "unsigned int"),
        ("(__u8)1 + (__u8)1", 2, "int"),
        ("SMALL | 2", 3, "int"),
        ("BIG", 1 << 31, "unsigned int"),
        ("(enum e)3", 3, "unsigned int"),
        ("_Alignof(struct foo)", 8, "unsigned long"),
        ("__builtin_types_compatible_p(__u32, unsigned)", 1, "int"),
    ],
)
def test_constant_of_a_headers_types(unit: Expressions, body: str, value: int, c_type: str) -> None:
    found = unit.evaluate(body)
    assert (found.value, found.c_type) == (value, c_type)

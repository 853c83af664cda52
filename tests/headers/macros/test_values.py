"""What expressions are worth, and of which type."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.headers.macros.definitions import evaluate_text

pytest.importorskip("clang", reason="needs libclang")

_DECLARATIONS = """
#include <linux/types.h>
struct pair { __u8 first; __u32 second; };
enum colour { RED = 3, GREEN, LAST = 1u << 31 };
#define BITS 4
#define TIMES(a, b) ((a) * (b))
"""

# body, value, C type: on x86_64
_VALUES = [
    ("0x10", 16, "int"),
    ("010", 8, "int"),
    ("0b101", 5, "int"),
    ("-1", -1, "int"),
    ("~0U", 2**32 - 1, "unsigned int"),
    ("-1UL", 2**64 - 1, "unsigned long"),
    ("0xffffffffffffffffULL", 2**64 - 1, "unsigned long long"),
    ("(-9223372036854775807LL - 1)", -(2**63), "long long"),
    ("0x80000000", 2**31, "unsigned int"),
    ("2147483648", 2**31, "long"),
    ("(1 << 31)", -(2**31), "int"),
    ("1 | 2", 3, "int"),
    ("'a'", 97, "int"),
    ("'\\377'", -1, "int"),
    ("L'\\xffff'", 0xFFFF, "int"),
    ("((__u32)-1)", 2**32 - 1, "unsigned int"),
    ("((__s8)0x80)", -128, "signed char"),
    ("((_Bool)7)", 1, "_Bool"),
    ("(char)200", -56, "char"),
    ("__extension__ 5", 5, "int"),
    ("sizeof(struct pair)", 8, "unsigned long"),
    ("__builtin_offsetof(struct pair, second)", 4, "unsigned long"),
    ("sizeof(((struct pair *)0)->first)", 1, "unsigned long"),
    ("GREEN", 4, "int"),
    ("((enum colour)3)", 3, "enum colour"),
    ("TIMES(BITS, 5) + 1", 21, "int"),
    ("((void *)-1)", 2**64 - 1, "void *"),
    ("((struct pair *)16)", 16, "struct pair *"),
    ("((void (*)(int))1)", 1, "void (*)(int)"),
    ("1.5", 1.5, "double"),
    ("1.5f", 1.5, "float"),
    ("0x1p3L", 8.0, "long double"),
    ("1e400L", math.inf, "long double"),
    ('"plain"', "plain", "char *"),
    ('("in" " " "parts")', "in parts", "char *"),
    ('((char *)"cast")', "cast", "char *"),
    ('"a\\0b\\n\\"\\\\"', 'a\0b\n"\\', "char *"),
    ('"\\xff\\x00z"', b"\xff\0z", "char *"),
    ('"gr\u00fc\u00df"', "gr\u00fc\u00df", "char *"),
    ('u8"\u20ac"', "\u20ac", "char *"),
    ('L"wide\\x1234" "5"', "wide\u12345", "wchar_t *"),
    ('u"\\U0001F600"', "\U0001f600", "char16_t *"),
    ('U"\\U0001F600!"', "\U0001f600!", "char32_t *"),
    ('""', "", "char *"),
]


def test_each_expression_has_cs_value_and_type(tmp_path: Path) -> None:
    lines = [f"#define M{i} {body}" for i, (body, _, _) in enumerate(_VALUES)]
    found = evaluate_text(tmp_path, "\n".join([_DECLARATIONS, *lines, ""]))
    constants = {constant.name: constant for constant in found.constants}
    assert not found.omissions
    for i, (body, value, c_type) in enumerate(_VALUES):
        constant = constants[f"M{i}"]
        assert (constant.value, constant.c_type) == (value, c_type), body
        assert type(constant.value) is type(value), body


@pytest.mark.parametrize(
    ("arch", "values"),
    [
        ("i386", {"M": -1, "U": 2**32 - 1, "S": 4, "C": -1, "P": 2**32 - 1}),
        ("aarch64", {"M": -1, "U": 2**64 - 1, "S": 8, "C": 255, "P": 2**64 - 1}),
        ("s390x", {"M": -1, "U": 2**64 - 1, "S": 8, "C": 255, "P": 2**64 - 1}),
    ],
)
def test_values_are_the_targets(tmp_path: Path, arch: str, values: dict[str, int]) -> None:
    text = """
#define M -1L
#define U -1UL
#define S sizeof(long)
#define C ((char)255)
#define P ((void *)-1)
"""
    found = evaluate_text(tmp_path, text, arch)
    assert {constant.name: constant.value for constant in found.constants} == values


def test_an_enumerator_of_the_same_name_is_its_value(tmp_path: Path) -> None:
    found = evaluate_text(tmp_path, "enum { IPPROTO_X = 7\n#define IPPROTO_X IPPROTO_X\n};\n")
    assert [(c.name, c.value) for c in found.constants] == [("IPPROTO_X", 7)]


def test_a_macro_is_worth_what_it_is_at_the_headers_end(tmp_path: Path) -> None:
    text = """
#define WORD 4
enum { AT_FIRST = WORD };
#undef WORD
#define WORD 8
#define TWO (2 * WORD)
"""
    found = evaluate_text(tmp_path, text)
    assert {c.name: c.value for c in found.constants} == {"WORD": 8, "TWO": 16}


@settings(max_examples=25, deadline=None)
@given(st.lists(st.binary(max_size=12), min_size=1, max_size=30))
def test_strings_of_any_bytes_come_back(
    tmp_path_factory: pytest.TempPathFactory, strings: list[bytes]
) -> None:
    lines = []
    for i, data in enumerate(strings):
        lines.append(f'#define S{i} "' + "".join(f'\\x{byte:02x}""' for byte in data) + '"')
    found = evaluate_text(tmp_path_factory.mktemp("strings"), "\n".join([*lines, ""]))
    values = [constant.value for constant in found.constants]
    assert [v.encode() if isinstance(v, str) else v for v in values] == strings


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=50))
def test_integers_of_any_size_and_base_come_back(
    tmp_path_factory: pytest.TempPathFactory, numbers: list[int]
) -> None:
    lines = []
    for i, number in enumerate(numbers):
        lines += [
            f"#define H{i} {number:#x}ULL",
            f"#define O{i} 0{number:o}ULL",
            f"#define D{i} {number}ULL",
            f"#define N{i} (-{number}ULL)",
        ]
    found = evaluate_text(tmp_path_factory.mktemp("numbers"), "\n".join([*lines, ""]))
    expected = [value for n in numbers for value in (n, n, n, -n % 2**64)]
    assert [constant.value for constant in found.constants] == expected

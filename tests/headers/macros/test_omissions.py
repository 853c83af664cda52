"""What is no constant is left out, says why, and harms no other macro."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.headers.macros.definitions import evaluate_text
from uapigen.errors import InputError

pytest.importorskip("clang", reason="needs libclang")

_DECLARATIONS = """
struct opaque;
struct pair { int first, second; };
typedef struct { int x; } point_t;
extern int variable;
int function(int);
#define CALLABLE(x) ((x) + 1)
#define NOTHING
"""

_REASONS = [
    ("", "empty"),
    ("NOTHING", "empty"),
    ("(", "brackets that do not match"),
    ("1)", "brackets that do not match"),
    ("(1]", "brackets that do not match"),
    ("int x; int y", "statements or declarations, not an expression"),
    ("do { } while (0)", "not an expression"),
    ("{ 1, 2 }", "an initialiser, not an expression"),
    ("1, 2", "a list of values, not an expression"),
    ('"open', "a quotation mark without its other half"),
    ("it's", "a quotation mark without its other half"),
    ("static inline", "specifiers or attributes, not an expression"),
    ("__attribute__((packed, aligned(4)))", "specifiers or attributes, not an expression"),
    ("if", "not an expression"),
    ("@", "not an expression"),
    ("1 +", "not an expression"),
    ("struct pair", "a type: struct pair"),
    ("unsigned long", "a type: unsigned long"),
    ("point_t", "a type: point_t"),
    ("pair", "a type: struct pair"),
    ("int __attribute__((aligned(8)))", "a type with attributes: int __attribute__((aligned(8)))"),
    ("variable", "names the variable variable"),
    ("(&variable)", "names the variable variable"),
    ("function", "names the function function"),
    ("function(1)", "calls function()"),
    ("CALLABLE", "another name of the function-like macro CALLABLE"),
    ("st_atim.tv_sec", "another name of the member st_atim.tv_sec"),
    ("pad[3]", "another name of the member pad[3]"),
    ("elsewhere", "another name of elsewhere, which no header declares as a constant"),
    ("(1 + elsewhere)", "needs elsewhere, which no header for this target declares"),
    ("sizeof(struct opaque)", "needs struct opaque, which no header for this target declares"),
    ("undeclared(1)", "needs undeclared, which no header for this target declares"),
    ("undeclared(2)", "needs undeclared, which no header for this target declares"),
    ("undefined(int)", "needs undefined, which no header for this target declares"),
    ("((struct pair){ 1, 2 })", "neither a number nor a string but a struct pair"),
    ("((__int128)1 << 100)", "a value of 128 bits"),
    ("(1 << 40)", "shift count >= width of type"),
    ('L"\\xffffffff"', "a string of code units that are no characters"),
    ("__LINE__", "depends on where it is used"),
    ("__FILE__", "depends on where it is used"),
    ("__func__", "depends on where it is used"),
    ("(__COUNTER__ + 1)", "depends on where it is used"),
]


@pytest.fixture(scope="module")
def reasons(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    lines = [_DECLARATIONS]
    for i, (body, _) in enumerate(_REASONS):
        lines += [f"#define M{i} {body}", f"#define GOOD{i} {i}"]
    found = evaluate_text(tmp_path_factory.mktemp("omissions"), "\n".join([*lines, ""]))
    values = {constant.name: constant.value for constant in found.constants}
    assert values == {f"GOOD{i}": i for i in range(len(_REASONS))}
    return {omission.name: omission.reason for omission in found.omissions}


@pytest.mark.parametrize("i", range(len(_REASONS)), ids=[body or "-" for body, _ in _REASONS])
def test_the_reason_is_one_that_a_programmer_accepts(reasons: dict[str, str], i: int) -> None:
    assert reasons[f"M{i}"] == _REASONS[i][1]


def test_types_are_given_back_as_aliases(tmp_path: Path) -> None:
    text = """
struct pair { int a; };
#define COMPAT struct pair
#define renamed pair
#define word long
"""
    found = evaluate_text(tmp_path, text)
    assert found.type_aliases == {
        "COMPAT": "struct pair",
        "renamed": "struct pair",
        "word": "long",
    }
    assert {omission.name for omission in found.omissions} == set(found.type_aliases)


def test_an_include_guard_is_no_loss(tmp_path: Path) -> None:
    guarded = "/* © */\n#ifndef _SAMPLE_H\n#define _SAMPLE_H\n#define EMPTY\n#endif\n"
    found = evaluate_text(tmp_path, guarded)
    assert [omission.name for omission in found.omissions] == ["EMPTY"]


def test_macros_that_name_each_other_end(tmp_path: Path) -> None:
    found = evaluate_text(tmp_path, "#define A B\n#define B A\n#define SELF SELF\n")
    assert [o.name for o in found.omissions] == ["A", "B", "SELF"]


def test_a_header_that_does_not_compile_is_refused(tmp_path: Path) -> None:
    # clang takes the size of a struct with an unknown member for 1 and says nothing.
    text = "struct broken { unknown_t member; };\n#define SIZE sizeof(struct broken)\n"
    with pytest.raises(InputError, match="unknown type name 'unknown_t'"):
        evaluate_text(tmp_path, text)

"""Macro expansion, token by token as gcc's preprocessor does it."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from tests.headers.expressions.tools import macros_of
from uapigen.headers.expressions import NotAnExpression
from uapigen.headers.expressions.expansion import TOKEN_LIMIT, Expander
from uapigen.headers.expressions.tokens import tokenize

MACROS = r"""
#define ONE 1
#define ADD(a, b) ((a) + (b))
#define TWICE(x) ADD(x, x)
#define NOTHING
#define EMPTY()
#define LPAR (
#define SELF SELF + 1
#define PING PONG + 1
#define PONG PING + 2
#define CALLS(x) x(CALLS(x))
#define GLUE(a, b) a ## b
#define XGLUE(a, b) GLUE(a, b)
#define GLUE3(a, b, c) a##b##c
#define STR(x) #x
#define XSTR(x) STR(x)
#define ALL(...) f(__VA_ARGS__)
#define SOME(a, ...) f(a, ## __VA_ARGS__)
#define NAMED(a, rest...) f(a, rest)
#define OPT(a, ...) f(a __VA_OPT__(,) __VA_ARGS__)
#define FIRST(a, ...) a
#define INDIRECT FIRST
#define LATER(x) x ADD
#define G(a) a
#define ONE2 12
"""

CALLS = [
    "ONE + ONE2",
    "ADD(1, 2)",
    "ADD ( ONE , ADD(2, 3) )",
    "TWICE(TWICE(y))",
    "ADD",
    "ADD + 1",
    "a NOTHING b EMPTY() c",
    "ADD LPAR 1, 2)",
    "SELF",
    "PING",
    "CALLS(g)",
    "GLUE(ON, E)",
    "GLUE(ONE, 2)",
    "XGLUE(ONE, 2)",
    "GLUE(, x) GLUE(x, ) GLUE(, )",
    "GLUE3(a, , c)",
    "GLUE(<, <)",
    "GLUE(1, u) GLUE(0x, ff)",
    "STR(a  +   \"b\\n\" 'c')",
    "STR(ONE) XSTR(ONE) XSTR(ADD(1, 2))",
    "STR( )",
    "ALL() ALL(1) ALL(1, (2, 3), ONE)",
    "SOME(1) SOME(1, 2) SOME(1, ONE, 3)",
    "NAMED(1, 2, 3)",
    "OPT(1) OPT(1, 2)",
    "INDIRECT(1, 2)",
    "LATER(G)(1, 2)",
    "G(ADD)(1, 2)",
    "G(G)(1)",
    "ADD(ADD(1, 2), ADD(3, ADD(4, 5)))",
    "G((a, b))",
    "G(G(ADD(ONE, (ONE))))",
]


@pytest.mark.parametrize("text", CALLS)
def test_expands_as_gcc_does(text: str, needs: Any) -> None:
    needs("gcc")
    source = f"{MACROS}\nuapigen_here\n{text}\n"
    command = ["gcc", "-E", "-P", "-std=gnu2x", "-x", "c", "-"]
    done = subprocess.run(command, input=source, capture_output=True, text=True, check=True)
    theirs = done.stdout.partition("uapigen_here")[2]
    ours = Expander(macros_of(MACROS)).expand(tokenize(text))
    assert [token.text for token in ours] == [token.text for token in tokenize(theirs)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ADD(1)", "calls ADD with 1 arguments instead of 2"),
        ("ADD(1, 2", "calls ADD without a closing parenthesis"),
        ("GLUE(+, 1)", "pastes + and 1, which is no token"),
    ],
)
def test_what_cannot_be_expanded_is_named(text: str, reason: str) -> None:
    with pytest.raises(NotAnExpression) as caught:
        Expander(macros_of(MACROS)).expand(tokenize(text))
    assert str(caught.value) == reason


def test_macro_bomb_is_refused_within_the_limit() -> None:
    lines = ["#define B0 1"] + [f"#define B{i} B{i - 1} + B{i - 1}" for i in range(1, 60)]
    with pytest.raises(NotAnExpression, match=f"more than {TOKEN_LIMIT} tokens"):
        Expander(macros_of("\n".join(lines))).expand(tokenize("B59"))


def test_arguments_that_nest_without_end_are_refused() -> None:
    lines = ["#define F0(x) x"] + [f"#define F{i}(x) F{i - 1}(F{i - 1}(x))" for i in range(1, 40)]
    with pytest.raises(NotAnExpression, match=r"more than \d+ (tokens|deep)"):
        Expander(macros_of("\n".join(lines))).expand(tokenize("F39(1)"))

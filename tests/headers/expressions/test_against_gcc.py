"""Random expressions, computed here and by a program that gcc compiles."""

from __future__ import annotations

import ctypes
import math
from pathlib import Path
from typing import Any

import pytest
from conftest import EXHAUSTIVE
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.headers.expressions.tools import ask_gcc, function, runtime
from uapigen.headers.expressions import Expressions, NotAnExpression, Types
from uapigen.layout.targets import find_target

_TYPES = (
    "char",
    "signed char",
    "unsigned char",
    "short",
    "unsigned short",
    "int",
    "unsigned int",
    "long",
    "unsigned long",
    "long long",
    "unsigned long long",
    "_Bool",
    "double",
    "float",
)
_EDGES = (0, 1, 2, 3, 7, 8, 31, 32, 63, 127, 128, 255, 256, 4095, 0x7FFF, 0x8000, 0xFFFF, 0x10000)
_EDGES += (0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x100000000, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)
_SUFFIXES = ("", "", "u", "U", "l", "ul", "LL", "uLL", "LU")


@st.composite
def _literals(draw: st.DrawFn) -> str:
    value = draw(st.sampled_from(_EDGES))
    spelled = draw(st.sampled_from([str, hex, lambda n: f"0{n:o}"]))(value)
    suffix = draw(st.sampled_from(_SUFFIXES))
    if value >= 1 << 63 and spelled[0] != "0" and "u" not in suffix.lower():
        suffix = f"u{suffix}"  # gcc gives it a type that C does not have
    return f"{spelled}{suffix}"


_CONSTANTS = st.one_of(
    _literals(),
    _literals(),
    st.sampled_from(["'A'", "'\\n'", "'\\xff'", "'\\377'", "'ab'"]),
    st.sampled_from(["1.5", "0.1f", "2e3", "0x1p-3"]),
    st.sampled_from([f"sizeof({name})" for name in _TYPES] + ["sizeof(int *[3])"]),
)
_LEAVES = st.one_of(_CONSTANTS, st.sampled_from(["a", "b", "c", "a", "b", "c", "sizeof(a)"]))
_OPERATORS = "+ - * / % & | ^ << >> < <= > >= == != && || ,".split()  # noqa: SIM905


def _larger(smaller: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    bracketed = smaller.map(lambda text: f"({text})")
    return st.one_of(
        st.tuples(smaller, st.sampled_from(_OPERATORS), smaller).map(" ".join),
        st.tuples(bracketed, st.sampled_from(_OPERATORS), bracketed).map(" ".join),
        st.tuples(st.sampled_from(["-", "~", "!", "+"]), bracketed).map("".join),
        st.tuples(st.sampled_from(_TYPES), bracketed).map(lambda p: f"({p[0]}){p[1]}"),
        st.tuples(bracketed, smaller, bracketed).map(lambda p: f"{p[0]} ? {p[1]} : {p[2]}"),
        bracketed.map(lambda text: f"sizeof{text}"),
    )


_EXPRESSIONS = st.recursive(_LEAVES, _larger, max_leaves=10)
_CONSTANT_EXPRESSIONS = st.recursive(_CONSTANTS, _larger, max_leaves=10)

# C's declaration, ctypes' class: a value of each is what a caller passes.
_ARGUMENTS: dict[str, Any] = {
    "signed char": ctypes.c_int8,
    "unsigned char": ctypes.c_uint8,
    "short": ctypes.c_int16,
    "unsigned short": ctypes.c_uint16,
    "int": ctypes.c_int32,
    "unsigned int": ctypes.c_uint32,
    "long": ctypes.c_long,
    "unsigned long": ctypes.c_ulong,
    "_Bool": ctypes.c_bool,
    "double": ctypes.c_double,
}


@st.composite
def _arguments(draw: st.DrawFn) -> dict[str, tuple[str, Any]]:
    found = {}
    for name in "abc":
        kind = draw(st.sampled_from(sorted(_ARGUMENTS)))
        value = draw(st.sampled_from(_EDGES))
        made = _ARGUMENTS[kind](value / 8 if kind == "double" else value)
        found[name] = kind, made
    return found


def _shown(value: Any) -> str:
    """A value as C initialises a variable with it."""
    plain = value.value
    if isinstance(plain, float):
        return plain.hex()
    return f"(long long){int(plain) & (1 << 64) - 1}ull"


def _same(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, float) and math.isnan(ours):
        return isinstance(theirs, float) and math.isnan(theirs)
    return type(ours) is type(theirs) and ours == theirs


def _examples(count: int) -> Any:
    return settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],  # one expression is told apart without shrinking the batch
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )


def _check(expressions: list[str], arguments: dict[str, tuple[str, Any]], directory: Path) -> None:
    """Compare all expressions that C defines for these arguments."""
    translator = Expressions({}, Types(None, find_target("x86_64")))
    model, values = runtime(), [value for _, value in arguments.values()]
    ours: list[tuple[str, Any]] = []
    for expression in expressions:
        try:
            macro = translator.translate("M", tuple(arguments), expression)
            made = function(macro, model)(*values)
        except (NotAnExpression, ArithmeticError, ValueError, TypeError):
            continue  # what gcc makes of these is in the tables of the other tests
        ours.append((expression, made))
    variables = {f"{kind} {name}": _shown(value) for name, (kind, value) in arguments.items()}
    theirs = ask_gcc([text for text, _ in ours], directory, variables=variables)
    compared = 0
    for (expression, made), answer in zip(ours, theirs, strict=True):
        if answer is not None:  # a part that has no effect may be what C does not allow
            assert _same(made, answer[0]), f"{expression}: {made!r} here, {answer[0]!r} by gcc"
            compared += 1
    assert compared > len(expressions) // 4


def _check_constants(expressions: list[str], directory: Path) -> None:
    """The same for values and types of expressions without arguments."""
    translator = Expressions({}, Types(None, find_target("x86_64")))
    ours = []
    for expression in expressions:
        try:
            ours.append((expression, translator.evaluate(expression)))
        except (NotAnExpression, TypeError):
            continue
    theirs = ask_gcc([text for text, _ in ours], directory)
    for (expression, made), answer in zip(ours, theirs, strict=True):
        assert answer is not None, f"{expression}: {made} here, refused by gcc"
        assert _same(made.value, answer[0]), f"{expression}: {made} here, {answer} by gcc"
        assert made.c_type == answer[1], f"{expression}: {made} here, {answer} by gcc"
    assert len(ours) > len(expressions) // 4


@pytest.fixture(scope="session")
def gcc(needs: Any) -> None:
    needs("gcc")
    if find_target("x86_64").pointer_size != ctypes.sizeof(ctypes.c_void_p):
        pytest.skip("needs a 64-bit machine")


@pytest.mark.usefixtures("gcc")
@_examples(12)
@given(st.lists(_EXPRESSIONS, min_size=60, max_size=60), _arguments())
def test_functions_compute_what_gcc_computes(
    tmp_path: Path, expressions: list[str], arguments: dict[str, tuple[str, Any]]
) -> None:
    _check(expressions, arguments, tmp_path)


@pytest.mark.usefixtures("gcc")
@_examples(8)
@given(st.lists(_CONSTANT_EXPRESSIONS, min_size=60, max_size=60))
def test_constants_have_gccs_values_and_types(tmp_path: Path, expressions: list[str]) -> None:
    _check_constants(expressions, tmp_path)


@pytest.mark.slow
@pytest.mark.usefixtures("gcc")
@_examples(120 if EXHAUSTIVE else 50)
@given(
    st.lists(_EXPRESSIONS, min_size=100, max_size=100),
    st.lists(_CONSTANT_EXPRESSIONS, min_size=100, max_size=100),
    _arguments(),
)
def test_many_expressions_are_what_gcc_computes(
    tmp_path: Path,
    expressions: list[str],
    constants: list[str],
    arguments: dict[str, tuple[str, Any]],
) -> None:
    _check(expressions, arguments, tmp_path)
    _check_constants(constants, tmp_path)

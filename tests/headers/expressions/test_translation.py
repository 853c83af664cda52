"""Macros as Python functions: what they give for a caller's arguments, and how they read."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from enum import IntEnum
from types import SimpleNamespace
from typing import Any

import pytest

from tests.headers.expressions.tools import called, expressions_of, function, macros_of, runtime
from uapigen.headers.expressions import InlineFunction, NotAnExpression

MACROS = r"""
#define ALIGNTO 4U
#define ALIGN(len) ( ((len)+ALIGNTO-1) & ~(ALIGNTO-1) )
#define ALIGN_TO(x, a) ALIGN_MASK(x, (__typeof__(x))(a) - 1)
#define ALIGN_MASK(x, mask) (((x) + (mask)) & ~(mask))
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#define IOC(dir,type,nr,size) (((dir) << 30) | ((type) << 8) | ((nr) << 0) | ((size) << 16))
#define IOR(type,nr,size) IOC(2U,(type),(nr),(sizeof(size)))
#define FOURCC(a,b,c,d) ((unsigned int)(a) | ((unsigned int)(b) << 8) | ((unsigned int)(c) << 16) | ((unsigned int)(d) << 24))
#define MAJOR(dev) ((dev)>>8)
#define MKDEV(ma,mi) ((ma)<<8 | (mi))
#define EXITSTATUS(status) (((status) & 0xff00) >> 8)
#define SIGNALED(status) (((signed char)(((status) & 0x7f) + 1) >> 1) > 0)
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define BOTH(a, b) ((a) && !(b) || 0)
#define QUOTIENT(a, b) ((a) / (b))
#define SHIFT(n) (1 << (n))
#define GUARDED(a, b) ((b) ? (a) / (b) : -1)
#define KEYWORDS(from, in, _C) ((from) <= (in) == (_C))
#define CHAIN(a, b, c) ((a) < (b) < (c))
#define CONVERT(type, x) ((type)(x))
#define SIZE_OF_POINTER(type) sizeof(type *)
#define OFFSET(type) offsetof(type, len)
#define FLAGS(p) ((p)->flags & 6)
#define NESTED(p) ((p).inner.value + 1)
#define LE16(p) ((p)[0] | (p)[1] << 8)
#define HALF(x) ((x) * 0.5)
#define MESSAGE(n) "always" " this"
#define CONSTANT(n) 0x10
#define UNSIGNED(n) ~0U
#define COUNT(n) sizeof(char[(n) * 2])
#define IGNORES(a, ...) (a)
#define IDENTITY(x) x
#define DATA(p) ((void *)((char *)(p) + 4))
#define IS_NULL(p) ((void *)(p) == 0)
#define BEHIND(a, b) ((short *)(a) - (short *)(b))
#define SWAPPED(x) __builtin_bswap16(x)
#define CHOICE(x) (__builtin_constant_p(x) ? (x) + 1 : (x) + 1)
"""  # noqa: E501


def test_way_for_constants_is_taken_where_the_other_one_is_no_expression() -> None:
    text = "#define SWAP(x) (__builtin_constant_p(x) ? (x) + 1 : unheard_of(x))"
    assert called(text, "SWAP", 1) == 2
    with pytest.raises(NotAnExpression):
        called("#define SWAP(x) ((x) ? (x) + 1 : unheard_of(x))", "SWAP", 1)


class Colour(IntEnum):
    RED = 5


class Inner(ctypes.Structure):
    _fields_ = [("value", ctypes.c_int8)]


class Header(ctypes.Structure):
    _fields_ = [
        ("flags", ctypes.c_uint16),
        ("low", ctypes.c_uint8, 4),
        ("inner", Inner),
        ("len", ctypes.c_uint32),
    ]


@pytest.mark.parametrize(
    ("name", "arguments", "result"),
    [
        ("ALIGN", (5,), 8),
        ("ALIGN", (-1,), 0),
        ("ALIGN", (0xFFFFFFFF,), 0),  # wraps: unsigned int
        ("ALIGN", (0x100000001,), 4),  # ~3U is no mask of 64 bits
        ("ALIGN", (ctypes.c_uint64(9),), 12),
        ("ALIGN_TO", (13, 8), 16),
        ("ALIGN_TO", (ctypes.c_uint64(1 << 40), 4096), 1 << 40),
        ("DIV_ROUND_UP", (7, 2), 4),
        ("IOR", ("X", 1, ctypes.c_uint64), 0x80085801),
        ("IOR", (b"X", 1, "unsigned int"), 0x80045801),
        ("IOR", (ord("X"), 1, Header), 0x80000001 | 88 << 8 | ctypes.sizeof(Header) << 16),
        ("IOR", ("X", 1, Header()), 0x80000001 | 88 << 8 | ctypes.sizeof(Header) << 16),
        ("IOR", ("X", 1, "char *"), 0x80085801),
        ("IOR", ("X", 1, ctypes.c_char_p), 0x80085801),
        ("IOR", ("X", 1, Colour), 0x80045801),
        ("IOR", ("X", 1, 7), 0x80045801),
        ("FOURCC", ("Y", "U", "Y", "V"), 0x56595559),
        ("FOURCC", (b"\xff", 0, 0, "\x7f"), 0x7F0000FF | 0xFFFFFF00),
        ("MAJOR", (0x1234,), 0x12),
        ("MKDEV", (8, 1), 0x801),
        ("MKDEV", (Colour.RED, True), 0x501),
        ("EXITSTATUS", (0x0300,), 3),
        ("SIGNALED", (9,), 1),
        ("SIGNALED", (0x7F,), 0),
        ("MAX", (3, ctypes.c_uint8(7)), 7),
        ("MAX", (-1, ctypes.c_uint32(1)), 0xFFFFFFFF),
        ("BOTH", (3, 0), 1),
        ("BOTH", (3, 1), 0),
        ("QUOTIENT", (-7, 2), -3),
        ("SHIFT", (31,), -(2**31)),
        ("GUARDED", (1, 0), -1),
        ("KEYWORDS", (1, 2, 1), 1),
        ("CHAIN", (3, 2, 1), 1),
        ("CONVERT", (ctypes.c_uint8, 257), 1),
        ("CONVERT", ("unsigned short", -1), 65535),
        ("CONVERT", ("long unsigned", -1), 2**64 - 1),
        ("CONVERT", (Colour, -1), 2**32 - 1),
        ("SIZE_OF_POINTER", (ctypes.c_int,), 8),
        ("OFFSET", (Header,), Header.len.offset),
        ("FLAGS", (Header(flags=0xFF),), 6),
        ("FLAGS", (ctypes.pointer(Header(flags=2)),), 2),
        ("NESTED", (Header(inner=Inner(-3)),), -2),
        ("LE16", (b"\x01\x80",), 0x8001),
        ("LE16", ((ctypes.c_int8 * 2)(-1, 0),), -1),
        ("LE16", ([1, 2],), 513),
        ("HALF", (3,), 1.5),
        ("MESSAGE", (0,), "always this"),
        ("CONSTANT", (0,), 16),
        ("UNSIGNED", (0,), 2**32 - 1),
        ("COUNT", (21,), 42),
        ("IGNORES", (4, 5, 6), 4),
        ("IDENTITY", (0x8000000000000000,), 1 << 63),
        ("IS_NULL", (ctypes.c_uint32(0),), 1),
        ("BEHIND", (ctypes.c_uint64(2), ctypes.c_uint64(8)), -3),
        ("SWAPPED", (0x1234,), 0x3412),
        ("CHOICE", (4,), 5),
    ],
)
def test_result(name: str, arguments: tuple[Any, ...], result: Any) -> None:
    found = called(MACROS, name, *arguments)
    assert found == result
    assert type(found) is type(result)


@pytest.mark.parametrize(
    ("name", "arguments", "error"),
    [
        ("QUOTIENT", (1, 0), ZeroDivisionError),
        ("SHIFT", (32,), ValueError),
        ("SHIFT", (-1,), ValueError),
        ("ALIGN", (1 << 64,), OverflowError),
        ("ALIGN", ("ab",), TypeError),
        ("ALIGN", (None,), TypeError),
        ("FOURCC", ("é", "a", "b", "c"), TypeError),
        ("IOR", ("X", 1, int), TypeError),
        ("IOR", ("X", 1, "struct nowhere"), LookupError),
        ("CONVERT", (Header, 1), TypeError),
        ("FLAGS", (Inner(),), AttributeError),
        ("LE16", (b"\x01",), IndexError),
    ],
)
def test_arguments_that_c_would_not_take_are_refused(
    name: str, arguments: tuple[Any, ...], error: type[Exception]
) -> None:
    with pytest.raises(error):
        called(MACROS, name, *arguments)


@pytest.mark.parametrize(
    ("name", "heading", "expression"),
    [
        ("ALIGN", "len", "_C.plain((_C(len) + _C.uint(4) - 1) & _C.uint(0xfffffffc))"),
        ("EXITSTATUS", "status", "_C.plain((_C(status) & 0xff00) >> 8)"),
        ("KEYWORDS", "from_, in_, _C_", "_C.plain((_C(from_) <= _C(in_)) == _C(_C_))"),
        ("CONSTANT", "n", "0x10"),
        ("MESSAGE", "n", "'always this'"),
        ("IGNORES", "a, *__VA_ARGS__", "_C.plain(a)"),
        ("IOR", "type, nr, size",
         "_C.plain(_C.uint(0x80000000) | (_C(type) << 8) | (_C(nr) << 0)"
         " | (_C.sizeof(size) << 16))"),
    ],
)  # fmt: skip
def test_python_reads_like_the_c(name: str, heading: str, expression: str) -> None:
    definition = macros_of(MACROS)[name]
    made = expressions_of(MACROS).translate(name, definition.params or (), definition.body)
    assert (", ".join(made.params), made.expression) == (heading, expression)
    assert made.c_text == f"{name}({', '.join(definition.params or ())}) {definition.body}"


@pytest.mark.parametrize(
    ("definition", "reason"),
    [
        ("#define M(a) #a", "turns the spelling of a into a string"),
        ("#define M(a) x_##a", "makes a name out of the spelling of a"),
        ("#define M(a, ...) f(a, __VA_ARGS__)", "takes any number of arguments"),
        ("#define M(a) ((a)->b = 1)", "assigns (=)"),
        ("#define M(a) ({ a; })", "is a statement expression"),
        ("#define M(a) ((struct s) { a })", "holds a compound literal"),
        ("#define M(a) { (a), 1 }", "is a list in braces"),
        ("#define M(a) if (a) x", "is a statement (if)"),
        ("#define M(a) (a)->*", "is no expression (* is out of place)"),
        ("#define M(a) sizeof(struct a)", "names a member or a tag by its parameter a"),
        ("#define M(a) ((a).a)", "names a member or a tag by its parameter a"),
        ("#define M(a) f(a)", "calls f"),
        ("#define M(a) M(a)", "calls M"),
        ("#define M(a) (*(int *)(a))", "reads memory through a pointer"),
        ("#define M(a) &(a)", "takes the address of a"),
        ("#define M(a)", "is empty"),
        ("#define M(a) int a", "is a type or a declaration (int)"),
    ],
)
def test_what_is_no_expression_has_a_reason(definition: str, reason: str) -> None:
    macros = macros_of(definition)
    with pytest.raises(NotAnExpression) as caught:
        expressions_of(definition).translate("M", macros["M"].params or (), macros["M"].body)
    assert str(caught.value) == reason


def test_a_pointer_is_one_of_the_bindings() -> None:
    class Pointer(int):
        _spelling_ = "void"

    bindings = SimpleNamespace(
        pointer=lambda _: Pointer, big_endian=False, pointer_size=8, abi={"arch": "x86_64"}
    )
    definition = macros_of(MACROS)["DATA"]
    macro = expressions_of(MACROS).translate("DATA", definition.params or (), definition.body)
    data = function(macro, runtime(bindings=bindings))
    header = Header()
    found = data(header)
    assert isinstance(found, Pointer)
    assert found == ctypes.addressof(header) + 4
    assert found.kept is header  # type: ignore[attr-defined]
    assert data(0x1000) == 0x1004


# Inline functions

SWITCH = "switch (x) { case 1: case 2: return 10; case 3: { return 20; } default: return 30; }"


def _inline(body: str, *params: tuple[str, str], returns: str = "int") -> Callable[..., Any]:
    made = expressions_of(MACROS).translate_function(
        InlineFunction("f", params, returns, body), "test.h"
    )
    return function(made, runtime())


@pytest.mark.parametrize(
    ("body", "params", "returns", "arguments", "result"),
    [
        ("return x + 1;", [("x", "unsigned char")], "int", (256,), 1),
        ("return x;", [("x", "int")], "unsigned char", (-1,), 255),
        ("if (x < 0) return -1; return x > 0;", [("x", "int")], "int", (7,), 1),
        ("if (x < 0) return -1; return x > 0;", [("x", "int")], "int", (-7,), -1),
        ("if (x) { return 1; } else return 2;", [("x", "int")], "int", (0,), 2),
        ("if (a) if_; return 1;", None, "int", (), None),
        ("return ALIGN(class);", [("class", "const unsigned int")], "unsigned short", (0x1FFFD,),
         0),
        ("return p->flags;", [("p", "const struct header *")], "int", (Header(flags=9),), 9),
        ("return 5;", [], "long", (), 5),
        (SWITCH, [("x", "int")], "int", (2,), 10),
        (SWITCH, [("x", "int")], "int", (3,), 20),
        (SWITCH, [("x", "int")], "int", (4,), 30),
        ("switch (x) { case 1: return 2; } return 3;", [("x", "int")], "int", (0,), 3),
    ],
)  # fmt: skip
def test_inline_function(
    body: str,
    params: list[tuple[str, str]] | None,
    returns: str,
    arguments: tuple[Any, ...],
    result: Any,
) -> None:
    if params is None:
        with pytest.raises(NotAnExpression, match="statements that do not return"):
            _inline(body, ("a", "int"))
        return
    assert _inline(body, *params, returns=returns)(*arguments) == result


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("int y = x; return y;", "has statements that do not return (int)"),
        ("if (x) return 1;", "does not return on every way"),
        ("for (;;) return 1;", "has statements that do not return (for)"),
        ("return f(x);", "calls f"),
        ("if (x) { if (x > 1) return 1; } return 2;", "does not return on every way"),
        (
            "switch (x) { case 1: { if (x) return 1; } default: return 2; }",
            "does not return on every way",
        ),
        ("switch (x) { case 1: { } default: return 2; }", "does not return on every way"),
        ("", "returns nothing"),
        ("switch (x) { case 1: x; } return 1;", "has statements that do not return (x)"),
        ("switch (x) { case 1: return 1; }", "does not return on every way"),
    ],
)
def test_inline_functions_that_do_more_are_left_out(body: str, reason: str) -> None:
    with pytest.raises(NotAnExpression) as caught:
        _inline(body, ("x", "int"))
    assert str(caught.value) == reason


def test_macros_call_inline_functions() -> None:
    functions = {
        "half": InlineFunction("half", (("x", "unsigned char"),), "int", "return x / 2;"),
        "loop": InlineFunction("loop", (("x", "int"),), "int", "return loop(x - 1);"),
    }
    expressions = expressions_of("#define H(n) (half((n) + 1) << 1)")
    with_functions = type(expressions)({}, expressions._types, functions)
    macro = with_functions.translate("H", ("n",), "(half((n) + 1) << 1)")
    assert function(macro, runtime())(258) == 2
    with pytest.raises(NotAnExpression, match="calls loop, which calls loop"):
        with_functions.translate("H", ("n",), "loop(n)")

"""What the translation makes of each part of an expression."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from uapigen.emit.support.cvalues import CModel, CValue
from uapigen.headers.expressions.errors import NotAnExpression
from uapigen.headers.expressions.types import CType, PointerType, spelling

__all__ = [
    "ATOM",
    "COMPARISON",
    "LEVELS",
    "MODEL",
    "UNARY",
    "Address",
    "Constant",
    "Nothing",
    "Object",
    "Term",
    "Text",
    "TypeText",
    "Words",
    "checked",
    "computed",
    "folded",
    "joined",
    "operand",
    "result",
]

MODEL = "_C"
"""What generated functions call the target's ``CModel``."""

COMPARISON = 4
UNARY = 11
ATOM = 12
# How strongly Python's operators bind; those that also C has.
LEVELS = dict.fromkeys(("<", "<=", ">", ">=", "==", "!="), COMPARISON)
LEVELS |= {"|": 5, "^": 6, "&": 7, "<<": 8, ">>": 8, "+": 9, "-": 9, "*": 10, "/": 10, "%": 10}
_UNCLEAR = range(LEVELS["|"], LEVELS["<<"] + 1)
_MAX_TEXT = 4000
_BIG = 1 << 16
"""From here on, unsigned numbers read better in hexadecimal."""


class Constant(NamedTuple):
    """A number that is known; ``spelled`` is how the source writes it, if it is a literal."""

    value: CValue
    spelled: str = ""


class Words(NamedTuple):
    """A string constant."""

    data: bytes


class Address(NamedTuple):
    """A pointer whose value is known, as in ``(struct foo *)0``."""

    type: PointerType
    value: int


class Object(NamedTuple):
    """An object at a known address: what ``*`` makes of an :class:`Address`."""

    type: CType
    address: int


class Text(NamedTuple):
    """Python that computes it when the function is called.

    ``level`` is how strongly its outermost operator binds. What it gives is a
    ``CValue``, unless ``raw``: then whatever the caller passed, or a member of it.
    With ``pointer``, it is the address that a pointer of this type holds;
    ``kept`` is what the caller passed that lies there.
    """

    text: str
    level: int = ATOM
    raw: bool = False
    pointer: PointerType | None = None
    kept: str = ""


class TypeText(NamedTuple):
    """A type that is known when the function is called: that of what ``text`` gives."""

    text: str


class Nothing(NamedTuple):
    """A value of type ``void``."""


Term: TypeAlias = Constant | Words | Address | Object | Text | Nothing


def operand(term: Term) -> tuple[str, int]:
    """A term as an operand of a Python operator, and how strongly it binds.

    An ``int`` or a double constant is a plain number: the other operand gives it its type.
    """
    if isinstance(term, Text):
        return (f"{MODEL}({term.text})", ATOM) if term.raw else (term.text, term.level)
    if not isinstance(term, Constant):
        raise NotAnExpression(_not_a_number(term))
    value = term.value.value
    if isinstance(value, Exception):
        raise NotAnExpression(f"has no value ({value})")
    if isinstance(value, float):
        if not math.isfinite(value):
            raise NotAnExpression("computes with an infinity, or with what is no number")
        text = repr(value)
    elif term.spelled:
        text = term.spelled
    else:
        text = hex(value) if value >= _BIG and not term.value.type.signed else str(value)
    attribute = term.value.type.attribute
    if attribute in ("int", "double"):
        return text, UNARY if value < 0 else ATOM
    return f"{MODEL}.{attribute}({text})", ATOM


def _not_a_number(term: Term) -> str:
    if isinstance(term, Words):
        return "computes with a string"
    if isinstance(term, Address):
        return "computes with a pointer"
    if isinstance(term, Object):
        return "reads memory through a pointer"
    return "uses a value of type void"


def joined(symbol: str, left: Term, right: Term) -> Text:
    """``left symbol right`` in Python, with the parentheses that it needs."""
    level = LEVELS[symbol]
    left_text, left_level = operand(left)
    right_text, right_level = operand(right)
    # Python chains comparisons: none may be another's operand. Other operators that
    # few know the order of have parentheses that they could do without.
    if left_level < level or (left_level != level and level in _UNCLEAR) or level == COMPARISON:
        left_text = f"({left_text})" if left_level < UNARY else left_text
    if right_level <= level or (level in _UNCLEAR and right_level < UNARY):
        right_text = f"({right_text})"
    text = f"{left_text} {symbol} {right_text}"
    if len(text) > _MAX_TEXT:
        raise NotAnExpression(f"takes more than {_MAX_TEXT} characters of Python")
    return Text(text, level)


def checked(value: CValue) -> CValue:
    """A constant that C defines."""
    if isinstance(value.value, Exception):
        raise NotAnExpression(f"has no value ({value.value})")
    return value


def computed(operation: Callable[..., CValue], *operands: Any) -> Constant:
    """A constant, if C allows this operation on operands of these types."""
    try:
        return Constant(operation(*operands))
    except TypeError as problem:
        raise NotAnExpression(f"computes what C does not ({problem})") from None


def folded(model: CModel, symbol: str, left: Term, right: Term) -> Constant | Text:
    """``left symbol right``: computed if both are constants, else in Python."""
    if isinstance(left, Constant) and isinstance(right, Constant):
        return computed(model.binary, symbol, left.value, right.value)
    return joined(symbol, left, right)


def result(term: Term) -> str:
    """What a function returns: a plain number, a string or a pointer."""
    if isinstance(term, Words):
        return repr(plain_text(term.data))
    if isinstance(term, Text):
        if term.pointer is None:
            return f"{MODEL}.plain({term.text})"
        target = spelling(term.pointer.target)
        kept = f", {term.kept}" if term.kept else ""
        return f"{MODEL}.pointer({target!r}, {term.text}{kept})"
    text, _ = operand(term)
    return text if isinstance(term, Constant) and "(" not in text else f"{MODEL}.plain({text})"


def plain_text(data: bytes) -> str | bytes:
    """A string constant; ``bytes`` for one that is not UTF-8."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data

"""Inline functions that only compute: their statements as one expression."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from uapigen.headers.expressions.errors import NotAnExpression
from uapigen.headers.expressions.nodes import Conditional, Node
from uapigen.headers.expressions.tokens import Token

__all__ = ["InlineFunction", "returned"]


class InlineFunction(NamedTuple):
    """A ``static inline`` function as a header defines it."""

    name: str
    params: tuple[tuple[str, str], ...]
    """Names, and types as C spells them."""
    returns: str
    body: str
    """The statements without the braces around them, and without directives of the preprocessor;
    macros are not expanded."""


_Parse: TypeAlias = Callable[[list[Token]], Node]


def returned(tokens: Sequence[Token], parse: _Parse) -> Node:
    """What a function with these statements returns, as one expression.

    ``return x;`` and ``if (c) return x;`` with whatever follows; raises
    :class:`NotAnExpression` for a body with any other statement.
    """
    node, rest = _block(list(tokens), parse)
    if node is None:
        raise NotAnExpression("does not return on every way")
    del rest  # never reached
    return node


def _block(tokens: list[Token], parse: _Parse) -> tuple[Node | None, list[Token]]:
    """Statements one after the other, up to one that returns: its value, and what is left."""
    while tokens:
        word = tokens[0].text
        if word == "return":
            value, rest = _until_semicolon(tokens[1:])
            return parse(value), rest
        if word != "if":
            raise NotAnExpression(f"has statements that do not return ({word})")
        condition, rest = _bracketed(tokens[1:], "(", ")")
        chosen, rest = _statement(rest, parse)
        if rest and rest[0].text == "else":
            other, rest = _statement(rest[1:], parse)
        else:
            other = None
        following: Node | None = None
        if chosen is None or other is None:
            following, rest = _block(rest, parse)
        chosen, other = chosen or following, other or following
        if chosen is None or other is None:
            return None, rest
        return Conditional(parse(condition), chosen, other), rest
    return None, []


def _statement(tokens: list[Token], parse: _Parse) -> tuple[Node | None, list[Token]]:
    if tokens and tokens[0].text == "{":
        inner, rest = _bracketed(tokens, "{", "}")
        return _block(inner, parse)[0], rest
    if tokens and tokens[0].text == "return":
        value, rest = _until_semicolon(tokens[1:])
        return parse(value), rest
    raise NotAnExpression("has statements that do not return")


def _until_semicolon(tokens: list[Token]) -> tuple[list[Token], list[Token]]:
    for at, token in enumerate(tokens):
        if token.kind == "punctuator" and token.text == ";":
            return tokens[:at], tokens[at + 1 :]
    raise NotAnExpression("ends within a statement")


def _bracketed(tokens: list[Token], opening: str, closing: str) -> tuple[list[Token], list[Token]]:
    """What stands between brackets at the beginning, and what follows them."""
    depth = 0
    for at, token in enumerate(tokens):
        if token.kind == "punctuator":
            depth += (token.text == opening) - (token.text == closing)
        if not depth:
            return tokens[1:at], tokens[at + 1 :]
    raise NotAnExpression("has brackets that do not match")

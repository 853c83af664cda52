"""Inline functions that only compute: their statements as one expression."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import NamedTuple, TypeAlias

from uapigen.headers.expressions.errors import NotAnExpression
from uapigen.headers.expressions.nodes import Binary, Conditional, Node
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

    ``return x;``, ``if (c) return x;`` with whatever follows, and ``switch`` over cases that
    return; raises :class:`NotAnExpression` for a body with any other statement.
    """
    node, _ = _block(list(tokens), parse)
    if node is None:
        raise NotAnExpression("returns nothing")
    return node


_NOT_ALWAYS = "does not return on every way"


def _no_return(tokens: list[Token]) -> str:
    return f"has statements that do not return ({tokens[0].text if tokens else 'none'})"


def _block(tokens: list[Token], parse: _Parse) -> tuple[Node | None, list[Token]]:
    """Statements up to where all ways have returned: the value, and what is left.

    None for no statement at all.
    """
    while tokens:
        word = tokens[0].text
        if word == "return":
            value, rest = _until(";", tokens[1:])
            return parse(value), rest
        if word == "switch":
            return _switch(tokens, parse)
        if word != "if":
            raise NotAnExpression(_no_return(tokens))
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
            raise NotAnExpression(_NOT_ALWAYS)
        return Conditional(parse(condition), chosen, other), rest
    return None, []


def _switch(tokens: list[Token], parse: _Parse) -> tuple[Node | None, list[Token]]:
    """A ``switch`` as comparisons in turn; what follows it is what no case returns."""
    condition, rest = _bracketed(tokens[1:], "(", ")")
    cases, rest = _bracketed(rest, "{", "}")
    value = parse(condition)
    tests: list[tuple[Node, Node]] = []
    default: Node | None = None
    while cases:
        labels: list[Node] = []
        is_default = False
        while cases and cases[0].text in ("case", "default"):
            is_default = is_default or cases[0].text == "default"
            label, cases = _until(":", cases[1:])
            if label:
                labels.append(Binary("==", value, parse(label)))
        chosen, cases = _statement(cases, parse)
        if not labels and not is_default:
            raise NotAnExpression("has statements that no case leads to")
        if chosen is None:
            raise NotAnExpression(_NOT_ALWAYS)
        if is_default:
            default = chosen
        else:
            tests.append((reduce(lambda a, b: Binary("||", a, b), labels), chosen))
    if default is None:
        default, rest = _block(rest, parse)
    if default is None:
        raise NotAnExpression(_NOT_ALWAYS)
    for test, chosen in reversed(tests):
        default = Conditional(test, chosen, default)
    return default, rest


def _statement(tokens: list[Token], parse: _Parse) -> tuple[Node | None, list[Token]]:
    if tokens and tokens[0].text == "{":
        inner, rest = _bracketed(tokens, "{", "}")
        return _block(inner, parse)[0], rest
    if tokens and tokens[0].text == "return":
        value, rest = _until(";", tokens[1:])
        return parse(value), rest
    raise NotAnExpression(
        f"has statements that do not return ({tokens[0].text if tokens else '}'})"
    )


def _until(end: str, tokens: list[Token]) -> tuple[list[Token], list[Token]]:
    """What stands before a punctuator, and what behind it."""
    for at, token in enumerate(tokens):
        if token.kind == "punctuator" and token.text == end:
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

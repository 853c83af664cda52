"""Macros that are expressions: their values, and the same in Python.

What comes in is what a preprocessor knows, names and bodies of macros, and the
types of a unit. A body is expanded (``expansion.py``), parsed by the tables of
``grammar.lark`` (``parser.py``), and computed as far as it is constant
(``translation.py``); what is left is Python over ``emit/support/cvalues.py``.

What cannot be done right raises :class:`NotAnExpression`, whose message is the
reason for the report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from keyword import iskeyword
from typing import NamedTuple

from uapigen.headers.expressions.errors import NotAnExpression
from uapigen.headers.expressions.expansion import Expander, Macro, parameters
from uapigen.headers.expressions.nodes import Node
from uapigen.headers.expressions.parser import parse, terminals
from uapigen.headers.expressions.terms import MODEL, Address, Term, Text, Words, operand
from uapigen.headers.expressions.tokens import Token
from uapigen.headers.expressions.translation import Translation
from uapigen.headers.expressions.types import Types
from uapigen.ir.declarations import MacroFunction, Value

__all__ = ["Expressions", "Macro", "NotAnExpression", "Types", "Valued", "evaluate", "translate"]

_TOO_DEEP = "nests too deeply"


class Valued(NamedTuple):
    """A constant's value, and its type as C spells it (``char *`` for a string)."""

    value: Value
    c_type: str


class Expressions:
    """The macros of one unit. Keep one for all macros of it: bodies are read once."""

    def __init__(self, macros: Mapping[str, Macro], types: Types) -> None:
        self._expander = Expander(macros)
        self._types = types

    def evaluate(self, body: str | Sequence[str]) -> Valued:
        """The value of an object-like macro with this body, or of any expression.

        Raises :class:`NotAnExpression` for what is no number or string.
        """
        try:
            translation = Translation(self._types, {})
            tokens = self._expander.expand(self._expander.tokens(body))
            term = translation.term(self._parsed(tokens))
            if isinstance(term, Words):
                return Valued(_text(term.data), "char *")
            number = translation.constant(term).value
            return Valued(number.plain(), number.type.name)
        except RecursionError:
            raise NotAnExpression(_TOO_DEEP) from None

    def translate(
        self, name: str, params: Sequence[str], body: str | Sequence[str], header: str = ""
    ) -> MacroFunction:
        """A function-like macro as Python; raises :class:`NotAnExpression`.

        The expression's names are the result's ``params``, and ``_C``, the target's
        ``cvalues.CModel``. A parameter called like a keyword has an underscore behind it.
        """
        names, variadic = parameters(params)
        python = _python_names(names)
        bound = {c: Text(text, raw=True) for c, text in zip(names, python, strict=True)}
        try:
            tokens = self._expander.body(name, params, body)
            if variadic and any(t.kind == "param" and t.text == names[-1] for t in tokens):
                raise NotAnExpression("takes any number of arguments")
            expression = _result(Translation(self._types, bound).term(self._parsed(tokens)))
        except RecursionError:
            raise NotAnExpression(_TOO_DEEP) from None
        spelled = ", ".join([*names[:-1], "..."] if variadic else names)
        c_text = body if isinstance(body, str) else " ".join(body)
        if variadic:
            python[-1] = f"*{python[-1]}"
        return MacroFunction(name, tuple(python), f"{name}({spelled}) {c_text}", expression, header)

    def _parsed(self, tokens: list[Token]) -> Node:
        return parse(terminals(tokens, self._types.is_typedef))


def _python_names(names: Sequence[str]) -> list[str]:
    """Parameters as Python can call them."""
    found: list[str] = []
    for name in names:
        if not (name.isidentifier() and name.isascii()):
            raise NotAnExpression(f"has a parameter {name}, which is no name in Python")
        while iskeyword(name) or name == MODEL or name in found:
            name += "_"
        found.append(name)
    return found


def _result(term: Term) -> str:
    """What a function returns."""
    if isinstance(term, Words):
        return repr(_text(term.data))
    if isinstance(term, Text):
        if term.pointer is not None:
            raise NotAnExpression("gives a pointer")
        return f"{MODEL}.plain({term.text})"
    if isinstance(term, Address):
        raise NotAnExpression("gives a pointer")
    text, _ = operand(term)
    return text if text.lstrip("-").isalnum() else f"{MODEL}.plain({text})"


def _text(data: bytes) -> str | bytes:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


def evaluate(body: str | Sequence[str], macros: Mapping[str, Macro], types: Types) -> Valued:
    """:meth:`Expressions.evaluate` for a single macro."""
    return Expressions(macros, types).evaluate(body)


def translate(
    name: str,
    params: Sequence[str],
    body: str | Sequence[str],
    macros: Mapping[str, Macro],
    types: Types,
) -> MacroFunction:
    """:meth:`Expressions.translate` for a single macro."""
    return Expressions(macros, types).translate(name, params, body)

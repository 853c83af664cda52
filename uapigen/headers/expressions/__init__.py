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

from uapigen.emit.support.cvalues import NumberType
from uapigen.headers.expressions.errors import NotAnExpression
from uapigen.headers.expressions.expansion import Expander, Macro, parameters
from uapigen.headers.expressions.functions import InlineFunction, returned
from uapigen.headers.expressions.nodes import Node, SizeOf, TypeName
from uapigen.headers.expressions.parser import parse, terminals
from uapigen.headers.expressions.terms import (
    MODEL,
    Term,
    Text,
    TypeText,
    Words,
    plain_text,
    result,
)
from uapigen.headers.expressions.tokens import Token
from uapigen.headers.expressions.translation import SWAPS, Translation
from uapigen.headers.expressions.types import CType, PointerType, Types
from uapigen.ir.declarations import MacroFunction, Value

__all__ = [
    "Expressions",
    "InlineFunction",
    "Macro",
    "NotAnExpression",
    "Types",
    "Valued",
    "evaluate",
    "translate",
]

_TOO_DEEP = "nests too deeply"


class Valued(NamedTuple):
    """A constant's value, and its type as C spells it (``char *`` for a string)."""

    value: Value
    c_type: str


class Expressions:
    """The macros of one unit. Keep one for all macros of it: bodies are read once."""

    def __init__(
        self,
        macros: Mapping[str, Macro],
        types: Types,
        functions: Mapping[str, InlineFunction] | None = None,
    ) -> None:
        self._expander = Expander(macros)
        self._types = types
        self._functions = functions or {}
        self._called: list[str] = []

    def evaluate(self, body: str | Sequence[str]) -> Valued:
        """The value of an object-like macro with this body, or of any expression.

        Raises :class:`NotAnExpression` for what is no number or string.
        """
        try:
            translation = Translation(self._types, {}, self._call)
            tokens = self._expander.expand(self._expander.tokens(body))
            term = translation.term(self._parsed(tokens))
            if isinstance(term, Words):
                return Valued(plain_text(term.data), "char *")
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
            translation = Translation(self._types, bound, self._call)
            expression = result(translation.term(self._parsed(tokens)))
        except RecursionError:
            raise NotAnExpression(_TOO_DEEP) from None
        spelled = ", ".join([*names[:-1], "..."] if variadic else names)
        c_text = body if isinstance(body, str) else " ".join(body)
        if variadic:
            python[-1] = f"*{python[-1]}"
        return MacroFunction(name, tuple(python), f"{name}({spelled}) {c_text}", expression, header)

    def translate_function(self, function: InlineFunction, header: str = "") -> MacroFunction:
        """An inline function that only computes as Python, as :meth:`translate` has it.

        Arguments and the result are converted to the types that it declares.
        """
        python = _python_names([name for name, _ in function.params])
        terms = [Text(text, raw=True) for text in python]
        try:
            expression = result(self._inlined(function, terms))
        except RecursionError:
            raise NotAnExpression(_TOO_DEEP) from None
        params = ", ".join(_declared(kind, name) for name, kind in function.params)
        heading = _declared(function.returns, f"{function.name}({params or 'void'})")
        c_text = f"{heading} {{ {' '.join(function.body.split())} }}"
        return MacroFunction(function.name, tuple(python), c_text, expression, header)

    def _parsed(self, tokens: list[Token]) -> Node:
        return parse(terminals(tokens, self._types.is_typedef))

    def _call(self, name: str, arguments: Sequence[Term]) -> Term:
        """What an inline function gives that a macro calls."""
        function = self._functions.get(name)
        if function is None or name in self._called:
            raise NotAnExpression(f"calls {name}")
        if len(arguments) != len(function.params):
            raise NotAnExpression(f"calls {name} with {len(arguments)} arguments")
        self._called.append(name)
        try:
            return self._inlined(function, arguments)
        except NotAnExpression as reason:
            raise NotAnExpression(f"calls {name}, which {reason}") from None
        finally:
            self._called.pop()

    def _inlined(self, function: InlineFunction, arguments: Sequence[Term]) -> Term:
        """A function's result, with its arguments in the places of its parameters."""
        types = Translation(self._types, {}, self._call)
        bound: dict[str, Term] = {}
        for (name, spelled), argument in zip(function.params, arguments, strict=True):
            kind = self._spelled(types, spelled)
            if isinstance(kind, NumberType):
                bound[name] = types.converted(kind, argument)
            elif isinstance(kind, PointerType) and isinstance(argument, Text):
                bound[name] = argument  # an object, or what points to one
            else:
                raise NotAnExpression(f"takes {name} as {spelled}")
        translation = Translation(self._types, bound, self._call)
        body = function.body
        if function.name in SWAPS:
            body = f"return {function.name}({function.params[0][0]});"
        expanded = self._expander.expand(self._expander.tokens(body))
        value = translation.term(returned(expanded, self._parsed))
        kind = self._spelled(types, function.returns)
        if not isinstance(kind, (NumberType, PointerType)):
            raise NotAnExpression(f"returns {function.returns}")
        return value if isinstance(value, Words) else translation.converted(kind, value)

    def _spelled(self, translation: Translation, spelled: str) -> CType:
        """The type of a declaration."""
        node = self._parsed(self._expander.tokens(f"sizeof({spelled})"))
        assert isinstance(node, SizeOf)
        if not isinstance(node.operand, TypeName):
            raise NotAnExpression(f"uses the type {spelled}, which is not defined")
        kind = translation.type(node.operand)
        assert not isinstance(kind, TypeText)
        return kind


def _declared(kind: str, name: str) -> str:
    return f"{kind}{name}" if kind.endswith("*") else f"{kind} {name}"


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

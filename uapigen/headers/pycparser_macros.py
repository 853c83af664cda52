"""The macros of a translation unit: what a preprocessor's ``-dD`` shows, and what they are worth.

Values come from ``headers/expressions``, for the target; it is slow to import and is only
when a unit has macros to evaluate.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from uapigen.headers.context import Need
from uapigen.headers.macro_text import IncludeGuards, why_no_expression
from uapigen.headers.macros import MacroDefinition
from uapigen.headers.pycparser_scope import Scope, UndeclaredError, UnsupportedError
from uapigen.headers.pycparser_tokens import Directive
from uapigen.ir.declarations import Constant, MacroFunction, Omission, Value
from uapigen.ir.types import Pointer

if TYPE_CHECKING:
    from uapigen.headers.expressions import Expressions, InlineFunction

__all__ = ["Evaluation", "evaluate", "final_macros", "names_used"]

_DEFINE = re.compile(r"([A-Za-z_$][\w$]*)(\([^)]*\))?\s*(.*)", re.DOTALL)
_USED = re.compile(
    r"""(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[0-9][\w.]*)"""
    r"""|(?:\b(struct|union|enum)\s+)?\b([A-Za-z_]\w*)"""
)
"""A literal, a name or a tag."""
_CALLED = re.compile(r"\b([A-Za-z_]\w*)\s*\(|\(\s*([A-Za-z_]\w*)[\s*]*\)")
"""What is called, or in parentheses: perhaps in a cast."""
_UNDECLARED = re.compile(
    r"(?:(struct|union|enum) )?([A-Za-z_$][\w$]*), which is not defined|calls (\w+)$"
)
_POINTER_CAST = re.compile(r"[\s(]*\(\s*([A-Za-z_][\w\s]*[*\s]*)\)")
_EMPTY = "empty"
_MACRO, _FUNCTION = "macro", "function-like macro"


def final_macros(
    directives: Iterable[Directive], path_of: Callable[[str], str]
) -> dict[str, MacroDefinition]:
    """Macros by name as the directives leave them; in the order of the definitions that count.

    The preprocessor's own have no header.
    """
    found: dict[str, MacroDefinition] = {}
    for word, text, place in directives:
        if word == "undef":
            found.pop(text, None)
            continue
        parts = _DEFINE.match(text)
        if parts is None:
            continue
        name, listed, body = parts.groups()
        params = None
        if listed is not None:
            params = tuple(map(_param, listed[1:-1].split(","))) if listed[1:-1].strip() else ()
        found.pop(name, None)
        path = path_of(place.path)
        found[name] = MacroDefinition(name, params, body.strip(), path, place.line)
    return found


def _param(listed: str) -> str:
    name = listed.strip()
    if name.endswith("..."):
        return "*" + (name.removesuffix("...").strip() or "__VA_ARGS__")
    return name


def names_used(macros: Mapping[str, MacroDefinition], roots: Iterable[str]) -> Iterator[str]:
    """Names and tags (``struct foo``) in the bodies of macros and of those that they use.

    Where one of them has ``struct`` before a parameter, any name may be a struct's.
    """
    seen = set()
    plain: dict[str, None] = {}
    keywords: dict[str, None] = {}
    todo = list(roots)
    while todo:
        name = todo.pop()
        macro = macros.get(name)
        if macro is None or name in seen:
            continue
        seen.add(name)
        for tag, used in _USED.findall(macro.body):
            if used:
                yield f"{tag} {used}" if tag else used
                todo.append(used)
                if not tag:
                    plain[used] = None
                elif used in (macro.params or ()):
                    keywords[tag] = None
    yield from (f"{keyword} {name}" for keyword in keywords for name in plain)


def evaluate(scope: Scope, tokens: Sequence[str]) -> Value:
    """The value of a constant expression whose macros are expanded already.

    Raises :class:`UnsupportedError` for what is none.
    """
    from uapigen.headers.expressions import Expressions, NotAnExpression
    from uapigen.headers.pycparser_growing import GrowingTypes

    try:
        return Expressions({}, GrowingTypes(scope)).evaluate(tokens).value
    except NotAnExpression as error:
        undeclared = _UNDECLARED.search(str(error))
        if undeclared:
            tag, name, called = undeclared.groups()
            raise UndeclaredError(tag or "", name or called) from None
        raise UnsupportedError(f"'{' '.join(tokens)}' {error}") from None


class Evaluation:
    """What the macros and inline functions of some files are worth."""

    def __init__(
        self,
        macros: Mapping[str, MacroDefinition],
        scope: Scope,
        functions: Mapping[str, InlineFunction],
    ) -> None:
        self.macros = macros
        self.scope = scope
        self._functions = functions
        self._guards = IncludeGuards()
        self.constants: list[Constant] = []
        self.functions: list[MacroFunction] = []
        self.omissions: list[Omission] = []

    @cached_property
    def _expressions(self) -> Expressions:
        from uapigen.headers.expressions import Expressions, Types

        types = Types(self.scope.graph, self.scope.model)
        return Expressions(self.macros, types, self._functions)

    def macros_of(self, paths: Collection[str], only: Collection[str] | None = None) -> None:
        """Evaluate the macros that these files define; of them ``only`` some, if given."""
        for name, macro in self.macros.items():
            if macro.header in paths and (only is None or name in only):
                self._macro(macro)

    def _macro(self, macro: MacroDefinition) -> None:
        if not macro.body and macro.params is None:
            if (macro.header, macro.name) not in self._guards:
                self.omissions.append(Omission(macro.name, _MACRO, macro.header, _EMPTY))
            return
        from uapigen.headers.expressions import NotAnExpression

        name, params, body, header, _ = macro
        try:
            if params is None:
                reason = why_no_expression(body)
                if reason:
                    raise NotAnExpression(reason)
                self.constants.append(Constant(name, *self._value(macro), header))
            else:
                self.functions.append(self._expressions.translate(name, params, body, header))
        except NotAnExpression as error:
            kind = _MACRO if params is None else _FUNCTION
            self.omissions.append(Omission(name, kind, header, str(error)))

    def _value(self, macro: MacroDefinition) -> tuple[Value, str]:
        """The value and the C type of an object-like macro; a pointer's is its number."""
        from uapigen.headers.expressions import NotAnExpression

        try:
            return self._expressions.evaluate(macro.name)
        except NotAnExpression:
            cast = _POINTER_CAST.match(macro.body)
            kind = cast and self._pointer(cast[1])
            if not kind:
                raise
        return self._expressions.evaluate(f"(__UINTPTR_TYPE__)({macro.name})").value, kind

    def _pointer(self, spelled: str) -> str:
        """The pointer type of a cast as C spells it; empty for what is none."""
        if spelled.rstrip().endswith("*"):
            return spelled.strip()
        scope = self.scope
        found = scope.typedefs.get(spelled.strip())
        node = scope.graph[scope.resolved(found)] if found is not None else None
        if not isinstance(node, Pointer):
            return ""
        return scope.spell(scope.graph.add(Pointer(scope.resolved(node.target))))

    def inline(self, name: str, header: str) -> None:
        """Translate an inline function."""
        from uapigen.headers.expressions import NotAnExpression

        try:
            function = self._functions[name]
            self.functions.append(self._expressions.translate_function(function, header))
        except KeyError:
            reason = "has a parameter that is an array or a function"
            self.omissions.append(Omission(name, "function", header, reason))
        except NotAnExpression as error:
            self.omissions.append(Omission(name, "function", header, str(error)))

    # What failed, and another try

    def failed(self) -> list[str]:
        """Names of the macros that have no value."""
        return [o.name for o in self.omissions if o.kind in (_MACRO, _FUNCTION)]

    def failed_constants(self) -> list[str]:
        """Names of those without parameters that have a body."""
        return [o.name for o in self.omissions if o.kind == _MACRO and o.reason != _EMPTY]

    def are_types(self, spellings: Mapping[str, str]) -> None:
        """Say of the macros that failed which types they are."""
        self.omissions = [
            omission._replace(reason=f"a type: {spellings[omission.name]}")
            if omission.kind == _MACRO and omission.name in spellings
            else omission
            for omission in self.omissions
        ]

    def needs(self) -> dict[Need, None]:
        """What the macros that failed use and nothing declares."""
        needs: dict[Need, None] = {}
        for name, kind, _, reason in self.omissions:
            if kind not in (_MACRO, _FUNCTION) or reason == _EMPTY:
                continue
            undeclared = _UNDECLARED.search(reason)
            if undeclared:
                tag, used, called = undeclared.groups()
                needs[Need(tag or "", used or called)] = None
            elif kind == _MACRO:
                # A function-like macro that is not defined may have got a type for an argument.
                for called in self._called(name):
                    if called not in self.macros and not self.scope.knows(called):
                        needs[Need("", called)] = None
        return needs

    def _called(self, root: str) -> Iterator[str]:
        """Names that a macro, or one that it uses, calls or casts to."""
        for name in dict.fromkeys([root, *names_used(self.macros, [root])]):
            if name in self.macros:
                for called, cast in _CALLED.findall(self.macros[name].body):
                    yield called or cast

    def take(self, other: Evaluation) -> None:
        """Replace omissions by what another evaluation has found, and know its macros."""
        self.macros = other.macros
        found = {constant.name for constant in other.constants}
        found |= {function.name for function in other.functions}
        order = {name: index for index, name in enumerate(self.macros)}
        self.constants += other.constants
        self.constants.sort(key=lambda constant: order[constant.name])
        self.functions += other.functions
        self.functions.sort(key=lambda function: order[function.name])
        self.omissions = [
            omission
            for omission in self.omissions
            if omission.kind not in (_MACRO, _FUNCTION) or omission.name not in found
        ]

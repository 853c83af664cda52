"""The macros of a translation unit: what a preprocessor's ``-dD`` shows, and what they are worth.

Values come from ``headers/expressions``, for the target; it is slow to import and is only
when a unit has macros to evaluate.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from uapigen.headers.pycparser_scope import Scope, UndeclaredError, UnsupportedError
from uapigen.headers.pycparser_tokens import Directive
from uapigen.ir.declarations import Constant, MacroFunction, Omission, Value

if TYPE_CHECKING:
    from uapigen.headers.expressions import Expressions

__all__ = [
    "Evaluation",
    "InlineFunction",
    "Macro",
    "evaluate",
    "final_macros",
    "names_used",
]

_DEFINE = re.compile(r"([A-Za-z_$][\w$]*)(\([^)]*\))?\s*(.*)", re.DOTALL)
_GUARD = re.compile(
    r"^[ \t]*#[ \t]*(?:ifndef[ \t]+|if[ \t]+!\s*defined[ \t]*\(?[ \t]*)(\w+)", re.MULTILINE
)

_USED = re.compile(
    r"""(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[0-9][\w.]*)"""
    r"""|(?:\b(struct|union|enum)\s+)?\b([A-Za-z_]\w*)"""
)
"""A literal, a name or a tag."""
_CALLED = re.compile(r"\b([A-Za-z_]\w*)\s*\(|\(\s*([A-Za-z_]\w*)[\s*]*\)")
"""What is called, or in parentheses: perhaps in a cast."""
_EMPTY = "empty"
_UNDECLARED = re.compile(r"(?:(struct|union|enum) )?([A-Za-z_$][\w$]*), which is not defined")


class Macro(NamedTuple):
    """A macro that is defined at the end of a translation unit."""

    params: tuple[str, ...] | None
    """None for an object-like macro; a variadic one's last is ``*name``."""
    body: str
    header: str
    """Path of the file that defines it; "" for the preprocessor's own."""


class InlineFunction(NamedTuple):
    """A ``static inline`` function whose body is ``return expression;``."""

    name: str
    params: tuple[tuple[str, str], ...]
    """Name and type."""
    returns: str
    expression: str
    header: str


def final_macros(
    directives: Iterable[Directive], path_of: Callable[[str], str]
) -> dict[str, Macro]:
    """Macros by name as the directives leave them; in the order of the definitions that count."""
    found: dict[str, Macro] = {}
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
            params = tuple(map(_param, listed[1:-1].split(","))) if listed != "()" else ()
        found.pop(name, None)
        found[name] = Macro(params, body.strip(), path_of(place.path))
    return found


def _param(listed: str) -> str:
    name = listed.strip()
    if name.endswith("..."):
        return "*" + (name.removesuffix("...").strip() or "__VA_ARGS__")
    return name


@lru_cache(maxsize=512)
def _guard(path: str) -> str:
    """The macro that keeps a header from being read twice; "" without one."""
    if not os.path.isfile(path):
        return ""
    with open(path, encoding="utf-8", errors="replace") as file:
        found = _GUARD.search(file.read())
    return found[1] if found else ""


def names_used(macros: Mapping[str, Macro], roots: Iterable[str]) -> Iterator[str]:
    """Names and tags (``struct foo``) in the bodies of macros and of those that they use."""
    seen = set()
    todo = list(roots)
    while todo:
        name = todo.pop()
        macro = macros.get(name)
        if macro is None or name in seen:
            continue
        seen.add(name)
        for tag, used in _USED.findall(macro.body):
            if not used:
                continue  # a literal
            yield f"{tag} {used}" if tag else used
            todo.append(used)


def _called(macros: Mapping[str, Macro], root: str) -> Iterator[str]:
    """Names that a macro, or one that it uses, calls or casts to."""
    for name in {root, *names_used(macros, [root])}:
        if name in macros:
            for called, cast in _CALLED.findall(macros[name].body):
                yield called or cast


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
            raise UndeclaredError(undeclared[1] or "", undeclared[2]) from None
        raise UnsupportedError(f"'{' '.join(tokens)}' {error}") from None


class Evaluation:
    """What the macros and inline functions of some files are worth."""

    def __init__(self, macros: dict[str, Macro], scope: Scope) -> None:
        self.macros = macros
        self.scope = scope
        self.constants: list[Constant] = []
        self.functions: list[MacroFunction] = []
        self.omissions: list[Omission] = []

    @cached_property
    def _expressions(self) -> Expressions:
        from uapigen.headers.expressions import Expressions, Types

        return Expressions(self.macros, Types(self.scope.graph, self.scope.model))

    def macros_of(self, paths: Collection[str], only: Collection[str] | None = None) -> None:
        """Evaluate the macros that these files define; of them ``only`` some, if given."""
        for name, macro in self.macros.items():
            if macro.header in paths and (only is None or name in only):
                self._macro(name, macro)

    def needs(self) -> dict[tuple[str, str], None]:
        """What object-like macros that failed use and nothing declares: (tag or "", name)."""
        needs: dict[tuple[str, str], None] = {}
        for name, kind, _, reason in self.omissions:
            undeclared = _UNDECLARED.search(reason)
            if kind != "macro":
                continue
            if undeclared:
                needs[undeclared[1] or "", undeclared[2]] = None
            elif reason != _EMPTY:
                # A function-like macro that is not defined may have got a type for an argument.
                for called in _called(self.macros, name):
                    if called not in self.macros and not self.scope.knows(called):
                        needs["", called] = None
        return needs

    def take(self, other: Evaluation) -> None:
        """Replace omissions by the values that another evaluation has found."""
        self.constants += other.constants
        found = {constant.name for constant in other.constants}
        self.omissions = [
            omission
            for omission in self.omissions
            if omission.kind != "macro" or omission.name not in found
        ]

    def _macro(self, name: str, macro: Macro) -> None:
        if macro.params is not None:
            self._function(name, macro)
        elif macro.body:
            self._constant(name, macro)
        elif _guard(macro.header) != name:
            self._omit(name, "macro", macro.header, _EMPTY)

    def _constant(self, name: str, macro: Macro) -> None:
        from uapigen.headers.expressions import NotAnExpression

        try:
            value, c_type = self._expressions.evaluate(name)
        except NotAnExpression as error:
            self._omit(name, "macro", macro.header, str(error))
        else:
            self.constants.append(Constant(name, value, c_type, macro.header))

    def _function(self, name: str, macro: Macro) -> None:
        from uapigen.headers.expressions import NotAnExpression

        assert macro.params is not None
        try:
            made = self._expressions.translate(name, macro.params, macro.body, macro.header)
        except NotAnExpression as error:
            self._omit(name, "function-like macro", macro.header, str(error))
        else:
            self.functions.append(made)

    def inline(self, function: InlineFunction) -> bool:
        """Translate a ``static inline`` function; whether that could be done."""
        from uapigen.headers.expressions import NotAnExpression

        names = {name: f"(({kind})({name}))" for name, kind in function.params}
        words = re.split(r"([A-Za-z_$][\w$]*)", function.expression)
        body = "".join(names.get(word, word) for word in words)
        if function.returns != "void":
            body = f"({function.returns})({body})"
        try:
            made = self._expressions.translate(
                function.name, [name for name, _ in function.params], body, function.header
            )
        except NotAnExpression:
            return False
        listed = ", ".join(f"{kind} {name}" for name, kind in function.params) or "void"
        text = f"{function.returns} {function.name}({listed}) {{ return {function.expression}; }}"
        self.functions.append(made._replace(c_text=text))
        return True

    def _omit(self, name: str, kind: str, header: str, reason: str) -> None:
        self.omissions.append(Omission(name, kind, header, reason))

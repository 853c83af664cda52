"""All that a macro's meaning hangs on, as text: two macros of one text mean the same."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from uapigen.headers.macros import MacroDefinition
from uapigen.ir.graph import TypeGraph
from uapigen.ir.references import moved, references
from uapigen.ir.types import Enum, Forward, Func, TypeId, Var

__all__ = ["ClosedTexts"]

_TOKEN = re.compile(r"[A-Za-z_]\w*")
_LITERAL = re.compile(r'"(?:\\.|[^"\\])*"|' + r"'(?:\\.|[^'\\])*'|\b0[xX][0-9a-fA-F]+\w*|\b\d\w*")
_KEYWORDS = frozenset(
    {
        "char", "short", "int", "long", "signed", "unsigned", "float", "double", "void", "const",
        "volatile", "struct", "union", "enum", "sizeof", "return", "static", "inline", "if", "else",
        "for", "while", "do", "goto", "break", "continue",
    }
)  # fmt: skip
"""Of C: they mean the same everywhere, unless a macro is called so."""


class ClosedTexts:
    """The texts of a translation unit's macros.

    ``declared`` are the names that it declares: of types, enumerators, functions and variables;
    ``graph`` has such of these types as are known. ``perhaps`` are names that may be declared
    elsewhere.
    """

    def __init__(
        self,
        macros: Mapping[str, MacroDefinition],
        declared: Collection[str],
        graph: TypeGraph,
        perhaps: Collection[str],
    ) -> None:
        self._macros = macros
        self._declared = declared
        self._graph = graph
        self._perhaps = perhaps
        self._enumerators: dict[str, list[TypeId]] = {}
        for type_id in graph.ids_of(Enum):
            node = graph[type_id]
            assert isinstance(node, Enum)
            for name, _ in node.enumerators:
                self._enumerators.setdefault(name, []).append(type_id)
        self._lines: dict[str, tuple[str, list[str]]] = {}
        self._described: dict[str, str | None] = {}

    def of(self, name: str) -> str | None:
        """A macro with all macros that it is made of, and all types that these name.

        None if there is among it what is declared, and not known, or may be declared elsewhere.
        """
        lines, todo, seen = [], [name], {name}
        while todo:
            line, words = self._line(todo.pop())
            lines.append(line)
            for word in words:
                if word in seen:
                    continue
                seen.add(word)
                if word in self._macros:
                    todo.append(word)
                elif word in self._declared:
                    described = self._description(word)
                    if described is None:
                        return None
                    lines.append(described)
                elif word in self._perhaps and word not in _KEYWORDS:
                    return None
        return "\n".join(lines)

    def _line(self, name: str) -> tuple[str, list[str]]:
        """A macro's own line, and the words in it that others may give a meaning."""
        found = self._lines.get(name)
        if found is None:
            _, params, body, *_ = self._macros[name]
            words = _TOKEN.findall(_LITERAL.sub("0", body))
            if params:
                own = {param.lstrip("*") for param in params}
                words = [word for word in words if word not in own]
            found = self._lines[name] = f"{name} {params or ''} {body}", words
        return found

    def _description(self, name: str) -> str | None:
        if name not in self._described:
            self._described[name] = self._describe(name)
        return self._described[name]

    def _describe(self, name: str) -> str | None:
        """All types of a name, or that have an enumerator of it, down to the last one that they
        refer to; None if one of them is not known."""
        ids = [*self._graph.ids_named(name), *self._enumerators.get(name, ())]
        numbers = {type_id: number for number, type_id in enumerate(ids)}
        lines = []
        for type_id in ids:  # which grows
            node = self._graph[type_id]
            if isinstance(node, (Forward, Func, Var)):
                return None
            for reference in references(node):
                if reference not in numbers:
                    numbers[reference] = len(ids)
                    ids.append(reference)
            lines.append(f"{type(node).__name__}{tuple(moved(node, numbers.__getitem__))}")
        return "\n".join(lines) or None

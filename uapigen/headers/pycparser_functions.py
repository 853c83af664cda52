"""Inline functions of a translation unit, from its tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from uapigen.headers.expressions import InlineFunction
from uapigen.headers.pycparser_declarations import External
from uapigen.headers.pycparser_rewrite import MalformedError, closing

__all__ = ["InlineFunctions"]

_NO_TYPE = frozenset({
    "static", "inline", "__inline", "__inline__", "extern", "__extension__", "_Noreturn",
})  # fmt: skip
_ATTRIBUTE = frozenset({"__attribute__", "__attribute"})


class InlineFunctions(Mapping[str, InlineFunction]):
    """Functions by name, read when asked for.

    One with a parameter that is spelled around its name (a function, an array) is
    not among them.
    """

    def __init__(self, texts: Sequence[str], externals: Sequence[External]) -> None:
        self._texts = texts
        self._places = {
            external.declares[-1]: external
            for external in externals
            if external.body and external.declares
        }
        self._found: dict[str, InlineFunction | None] = {}

    def __getitem__(self, name: str) -> InlineFunction:
        if name not in self._found:
            self._found[name] = self._function(name, self._places[name])
        found = self._found[name]
        if found is None:
            raise KeyError(name)
        return found

    def __contains__(self, name: object) -> bool:
        try:
            return name in self._places and self[str(name)] is not None
        except KeyError:
            return False

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def _function(self, name: str, external: External) -> InlineFunction | None:
        assert external.body
        head = _plain(self._texts[external.start : external.body])
        try:
            at = head.index(name)
            params = _params(head[at + 2 : closing(head, at + 1)])
        except (ValueError, IndexError, MalformedError):
            return None
        if params is None:
            return None
        body = " ".join(self._texts[external.body + 1 : external.end - 1])
        return InlineFunction(name, params, " ".join(head[:at]), body)


def _plain(tokens: Sequence[str]) -> list[str]:
    """Tokens without attributes and what else is no part of a type."""
    found = []
    at = 0
    while at < len(tokens):
        if tokens[at] in _ATTRIBUTE:
            at = closing(tokens, at + 1)
        elif tokens[at] not in _NO_TYPE:
            found.append(tokens[at])
        at += 1
    return found


def _params(tokens: Sequence[str]) -> tuple[tuple[str, str], ...] | None:
    """Names and types of parameters; None for what is not a type with a name behind it."""
    if list(tokens) in ([], ["void"]):
        return ()
    found = []
    param: list[str] = []
    for text in [*tokens, ","]:
        if text == ",":
            if len(param) < 2 or not param[-1].isidentifier():
                return None
            found.append((param[-1], " ".join(param[:-1])))
            param = []
        elif text in ("(", "[", "..."):
            return None
        else:
            param.append(text)
    return tuple(found)

"""For what types ioctl numbers are made, and which macros are types, by their tokens.

``_IOR('f', 1, long)`` is a number by what ``_IOC`` makes of it (``asm-generic/ioctl.h``). With
``_IOC`` and ``_IOC_TYPECHECK`` as words of our own, the type is what is left between them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from uapigen.headers.expressions.errors import NotAnExpression
from uapigen.headers.expressions.expansion import Expander
from uapigen.headers.macros import MacroDefinition
from uapigen.headers.pycparser_rewrite import MalformedError, closing

__all__ = ["MacroTypes"]

_NUMBER, _TYPE, _NONE = "uapigen_ioc", "uapigen_type", "uapigen_none"
_REDEFINED = {
    "_IOC": (("direction", "type", "number", "argument"), f"{_NUMBER} (argument)"),
    "_IOC_TYPECHECK": (("argument",), f"{_TYPE} (argument)"),
    "_IO": (("type", "number"), _NONE),
}
_BY_HAND = re.compile(r"\b_IOC\s*\(")
"""A number that is put together so may have a size that is no type's."""
_CALL_OR_NAME = re.compile(r"\s*[A-Za-z_]\w*\s*(?:\(|$)")


class MacroTypes:
    """What types the macros of a translation unit speak of, as tokens."""

    def __init__(self, macros: Mapping[str, MacroDefinition]) -> None:
        self._macros = macros
        redefined = {
            name: MacroDefinition(name, params, body, "", 0)
            for name, (params, body) in _REDEFINED.items()
        }
        self._ioctls = Expander({**macros, **redefined})
        self._plain = Expander(macros)

    def ioctl_argument(self, name: str) -> list[str] | None:
        """The type that an ioctl number is made for, [] for none; None for another macro."""
        if not _CALL_OR_NAME.match(self._macros[name].body):
            return None
        tokens = _expanded(self._ioctls, name)
        if tokens == [_NONE]:
            return []
        if tokens[:1] != [_NUMBER]:
            return None
        argument = _bare(tokens[1:])
        if argument[:1] in ([_TYPE], ["sizeof"]):
            return _bare(argument[1:])
        return [] if _BY_HAND.search(self._macros[name].body) else None

    def expansion(self, name: str) -> list[str]:
        """What a macro without parameters stands for; [] for what has no end."""
        return _expanded(self._plain, name)


def _expanded(expander: Expander, name: str) -> list[str]:
    try:
        return _bare([token.text for token in expander.expand(expander.tokens(name))])
    except NotAnExpression:
        return []


def _bare(tokens: list[str]) -> list[str]:
    """Tokens without the brackets around all of them."""
    try:
        while tokens[:1] == ["("] and closing(tokens, 0) == len(tokens) - 1:
            tokens = tokens[1:-1]
    except MalformedError:
        return []
    return tokens

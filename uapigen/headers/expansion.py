"""How long a macro is when all macros in it have been replaced: an upper bound, by arithmetic.

Forty macros that each name the one before it twice are a terabyte of tokens; so
is one that puts forty calls of ``#define TWICE(x) x x`` into each other. A compiler
follows them until memory ends. Here each macro is read once: a function-like one's
length is linear in its arguments' lengths, so that only sums and products of
numbers are needed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

__all__ = ["Expansion"]

_TOKEN = re.compile(
    r'"(?:\\.|[^"\\])*"' + r"|'(?:\\.|[^'\\])*'|[A-Za-z_]\w*|\.?\d[\w.]*|\S", re.DOTALL
)
_LARGEST = 10**9
"""Where counting stops."""
_DEEPEST = 100
"""Macros within macros, and calls within calls, that are followed."""


class _Definition(Protocol):
    @property
    def params(self) -> tuple[str, ...] | None: ...
    @property
    def body(self) -> str: ...


class _Length(NamedTuple):
    """Tokens of a macro's own, and how often each parameter's argument is repeated."""

    fixed: int
    repeats: tuple[int, ...] = ()


class Expansion:
    """The lengths of macros that may name each other, as far as they stay below a limit."""

    def __init__(self, definitions: Mapping[str, _Definition], limit: int) -> None:
        self._definitions = definitions
        self._limit = limit
        self._depth = 0
        self._lengths: dict[str, _Length] = {}
        self._open: list[str] = []

    def exceeds(self, name: str) -> bool:
        """Whether an object-like macro may become more tokens than the limit."""
        return self._length(name).fixed > self._limit

    def _length(self, name: str) -> _Length:
        known = self._lengths.get(name)
        if known is None:
            if name in self._open:
                # A macro is not replaced within itself, which is simple where it is so at once.
                # Several that name each other come out in as many ways as there are orders of them.
                return _Length(1 if name == self._open[-1] else _LARGEST)
            self._open.append(name)
            definition = self._definitions[name]
            params = tuple(param.lstrip("*") for param in definition.params or ())
            tokens = _TOKEN.findall(definition.body)
            if len(tokens) <= self._limit:
                counted = self._count(tokens, 0, len(tokens), params)
            else:
                counted = [len(tokens), *(_LARGEST for _ in params)]
            known = self._lengths[name] = _Length(counted[0], tuple(counted[1:]))
            self._open.pop()
        return known

    def _count(
        self, tokens: Sequence[str], start: int, end: int, params: tuple[str, ...]
    ) -> list[int]:
        """Tokens that a stretch of a body becomes: its own, and per parameter."""
        total = [0] * (1 + len(params))
        if self._depth == _DEEPEST:
            return [_LARGEST for _ in total]
        self._depth += 1
        at = start
        while at < end:
            token = tokens[at]
            at += 1
            if token in params:
                total[1 + params.index(token)] += 1
                continue
            definition = self._definitions.get(token)
            if definition is None:
                total[0] += 1
            elif definition.params is None:
                _add(total, [self._length(token).fixed], 1)
            elif at < end and tokens[at] == "(":
                length = self._length(token)
                close, commas = _arguments(tokens, at, end)
                _add(total, [length.fixed], 1)
                borders = [at, *commas, close]
                for i in range(len(borders) - 1):
                    argument = self._count(tokens, borders[i] + 1, borders[i + 1], params)
                    # The last parameter of a variadic macro takes all that is left.
                    repeats = length.repeats[min(i, len(length.repeats) - 1) :][:1]
                    _add(total, argument, repeats[0] if repeats else 1)
                at = close + 1
            else:
                total[0] += 1
        self._depth -= 1
        return total


def _arguments(tokens: Sequence[str], at: int, end: int) -> tuple[int, list[int]]:
    """Where a call's bracket closes, and its commas."""
    depth = 0
    commas: list[int] = []
    for i in range(at, end):
        if tokens[i] == "(":
            depth += 1
        elif tokens[i] == ")":
            depth -= 1
            if not depth:
                return i, commas
        elif tokens[i] == "," and depth == 1:
            commas.append(i)
    return end, commas


def _add(total: list[int], more: Sequence[int], times: int) -> None:
    for i, number in enumerate(more):
        total[i] = min(total[i] + number * times, _LARGEST)

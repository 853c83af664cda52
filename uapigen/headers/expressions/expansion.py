"""Macro expansion as the preprocessor does it (C11 6.10.3), on tokens.

The algorithm is Dave Prosser's: each token carries the names of the macros
that it came out of (its hide set) and is not expanded by them again; ``#``,
``##``, ``__VA_ARGS__``, ``__VA_OPT__`` and GNU's ``, ## __VA_ARGS__`` included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from uapigen.headers.expressions.errors import NotAnExpression
from uapigen.headers.expressions.tokens import Token, tokenize

__all__ = ["TOKEN_LIMIT", "Expander", "Macro", "parameters"]

TOKEN_LIMIT = 20_000
"""Tokens that the expansion of one macro may handle; the largest of the uapi needs 1,500."""
_DEPTH_LIMIT = 100
"""Arguments within arguments; each costs some of Python's stack."""


class Macro(Protocol):
    """A macro's definition: what the front ends collect."""

    @property
    def params(self) -> Sequence[str] | None:
        """Names of the parameters; None for an object-like macro. The last one of a variadic
        macro is ``...``, ``name...`` or ``*name``.
        """

    @property
    def body(self) -> str | Sequence[str]:
        """The replacement list: as text, or as the spellings of its tokens."""


class _Definition(NamedTuple):
    params: tuple[str, ...] | None
    variadic: bool
    body: list[Token]


def parameters(params: Sequence[str]) -> tuple[tuple[str, ...], bool]:
    """The names of a macro's parameters, and whether the last one takes all that follow."""
    names = list(params)
    if not names or not (names[-1].endswith("...") or names[-1].startswith("*")):
        return tuple(names), False
    names[-1] = names[-1].removesuffix("...").strip().removeprefix("*") or "__VA_ARGS__"
    return tuple(names), True


class Expander:
    """Expands tokens by the macros of one place in one translation unit."""

    def __init__(self, macros: Mapping[str, Macro]) -> None:
        self._macros = macros
        self._definitions: dict[str, _Definition] = {}
        self._budget = 0

    def tokens(self, body: str | Sequence[str]) -> list[Token]:
        """The tokens of a body, given as text or as spellings."""
        return tokenize(body if isinstance(body, str) else " ".join(body))

    def expand(self, tokens: list[Token]) -> list[Token]:
        """All macros expanded. Raises :class:`NotAnExpression` beyond :data:`TOKEN_LIMIT`."""
        self._budget = TOKEN_LIMIT
        return self._expand(tokens, 0)

    def body(self, name: str, params: Sequence[str], body: str | Sequence[str]) -> list[Token]:
        """What a call of a function-like macro becomes, all macros in it expanded.

        Its parameters stay in it, as tokens of the kind ``param``.
        """
        self._budget = TOKEN_LIMIT
        names, variadic = parameters(params)
        definition = _Definition(names, variadic, self.tokens(body))
        arguments = [[Token("param", param)] for param in names]
        return self._expand(self._substitute(definition, arguments, frozenset([name]), 0), 0)

    def _spend(self, count: int) -> None:
        self._budget -= count
        if self._budget < 0:
            raise NotAnExpression(f"expands to more than {TOKEN_LIMIT} tokens")

    def _definition(self, name: str) -> _Definition | None:
        found = self._definitions.get(name)
        if found is None:
            macro = self._macros.get(name)
            if macro is None:
                return None
            if macro.params is None:
                found = _Definition(None, False, self.tokens(macro.body))
            else:
                names, variadic = parameters(macro.params)
                found = _Definition(names, variadic, self.tokens(macro.body))
            self._definitions[name] = found
        return found

    def _expand(self, tokens: list[Token], depth: int) -> list[Token]:
        if depth > _DEPTH_LIMIT:
            raise NotAnExpression(f"nests macros more than {_DEPTH_LIMIT} deep")
        done: list[Token] = []
        rest = tokens[::-1]  # a stack: what comes next is last
        while rest:
            token = rest.pop()
            self._spend(1)
            if token.kind != "name" or token.text in token.hidden:
                done.append(token)
                continue
            definition = self._definition(token.text)
            if definition is None:
                done.append(token)
                continue
            if definition.params is None:
                hidden = token.hidden | {token.text}
                replacement = self._substitute(definition, [], hidden, depth)
            elif rest and rest[-1].text == "(" and rest[-1].kind == "punctuator":
                arguments, closing = self._arguments(token.text, rest, definition)
                hidden = (token.hidden & closing.hidden) | {token.text}
                replacement = self._substitute(definition, arguments, hidden, depth)
            else:
                done.append(token)
                continue
            self._spend(len(replacement))
            if replacement and replacement[0].space != token.space:
                replacement[0] = replacement[0]._replace(space=token.space)
            rest += replacement[::-1]
        return done

    def _arguments(
        self, name: str, rest: list[Token], definition: _Definition
    ) -> tuple[list[list[Token]], Token]:
        """Take a call's arguments off the stack: their tokens and the closing parenthesis."""
        assert definition.params is not None
        rest.pop()
        found: list[list[Token]] = [[]]
        depth = 0
        limit = len(definition.params)
        while rest:
            token = rest.pop()
            if token.kind == "punctuator":
                if token.text == ")" and not depth:
                    if limit == 0 and found == [[]]:
                        found = []
                    if definition.variadic and len(found) == limit - 1:
                        found.append([])
                    if len(found) != limit:
                        raise NotAnExpression(
                            f"calls {name} with {len(found)} arguments instead of {limit}"
                        )
                    return found, token
                if token.text == "(":
                    depth += 1
                elif token.text == ")":
                    depth -= 1
                elif (
                    token.text == ","
                    and not depth
                    and not (definition.variadic and len(found) == limit)
                ):
                    found.append([])
                    continue
            found[-1].append(token)
        raise NotAnExpression(f"calls {name} without a closing parenthesis")

    def _substitute(
        self,
        definition: _Definition,
        arguments: list[list[Token]],
        hidden: frozenset[str],
        depth: int,
    ) -> list[Token]:
        """The body with the arguments in their places, each token hidden from ``hidden``."""
        params = definition.params or ()
        expanded: dict[str, list[Token]] = {}
        given = dict(zip(params, arguments, strict=True))

        def full(name: str) -> list[Token]:
            if name not in expanded:
                expanded[name] = self._expand(given[name], depth + 1)
            return expanded[name]

        body, found, at = definition.body, list[Token](), 0
        while at < len(body):
            token = body[at]
            at += 1
            following = body[at] if at < len(body) else None
            if token.text == "#" and definition.params is not None:
                if following is None or following.text not in given:
                    raise NotAnExpression("has a # without a parameter behind it")
                found.append(_stringized(given[following.text], token.space))
                at += 1
            elif token.text == "##" and token.kind == "punctuator" and found:
                if following is None:
                    raise NotAnExpression("ends in ##")
                at += 1
                is_variadic = definition.variadic and following.text == params[-1]
                if is_variadic and found[-1].text == ",":
                    if given[following.text]:
                        found += full(following.text)
                    else:
                        found.pop()
                else:
                    right = _argument(given.get(following.text), following)
                    found[-1:] = _pasted(found[-1], right[0])
                    found += right[1:]
            elif token.text == "__VA_OPT__" and definition.variadic:
                end = _closing(body, at)
                if full(params[-1]):
                    inner = definition._replace(body=body[at + 1 : end])
                    found += self._substitute(inner, arguments, frozenset(), depth)
                at = end + 1
            elif token.kind == "name" and token.text in given:
                pasted = following is not None and following.text == "##"
                taken = _argument(given[token.text], token) if pasted else full(token.text)
                if taken:
                    found.append(taken[0]._replace(space=token.space))
                    found += taken[1:]
            else:
                found.append(token)
        return [
            token._replace(hidden=token.hidden | hidden) if hidden else token
            for token in found
            if token.kind != "place"
        ]


def _argument(tokens: list[Token] | None, token: Token) -> list[Token]:
    """An operand of ``##``: an argument as it stands, or the token itself."""
    if tokens is None:
        return [token]
    return list(tokens) or [Token("place", "")]


def _closing(body: list[Token], opening: int) -> int:
    depth = 0
    for at in range(opening, len(body)):
        if body[at].text == "(":
            depth += 1
        elif body[at].text == ")":
            depth -= 1
            if not depth:
                return at
    raise NotAnExpression("has a __VA_OPT__ without parentheses")


def _stringized(tokens: list[Token], space: bool) -> Token:
    """C's ``#``: the spelling of an argument as a string literal."""
    text = ""
    for token in tokens:
        if token.kind == "param":
            raise NotAnExpression(f"turns the spelling of {token.text} into a string")
        part = token.text
        if token.kind in ("string", "char"):
            part = part.replace("\\", "\\\\").replace('"', '\\"')
        text += (" " if token.space and text else "") + part
    return Token("string", f'"{text}"', space)


def _pasted(left: Token, right: Token) -> list[Token]:
    """C's ``##``: two tokens as one."""
    for token in (left, right):
        if token.kind == "param":
            raise NotAnExpression(f"makes a name out of the spelling of {token.text}")
    if left.kind == "place":
        return [right._replace(space=left.space)]
    if right.kind == "place":
        return [left]
    made = tokenize(left.text + right.text)
    if len(made) != 1:
        raise NotAnExpression(f"pastes {left.text} and {right.text}, which is no token")
    return [made[0]._replace(space=left.space, hidden=left.hidden & right.hidden)]

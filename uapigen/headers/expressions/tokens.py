"""C's preprocessing tokens (C11 6.4), and what literals mean."""

from __future__ import annotations

import re
from typing import NamedTuple

from uapigen.headers.expressions.errors import NotAnExpression

__all__ = ["NO_MACROS", "Token", "character", "number", "string", "tokenize"]

NO_MACROS: frozenset[str] = frozenset()


class Token(NamedTuple):
    """A token: ``kind`` is ``name``, ``number``, ``char``, ``string``, ``param`` (a parameter
    of the macro that is translated), ``place`` (where an empty argument was) or ``punctuator``.

    ``hidden`` names the macros that may not be expanded in it again.
    """

    kind: str
    text: str
    space: bool = False
    """White space stands before it."""
    hidden: frozenset[str] = NO_MACROS


_TOKEN = re.compile(
    r"""(?P<space>(?:\s|\\\r?\n|/\*.*?\*/|//[^\n]*)+)
    |(?P<char>(?:u8|[uUL])?'(?:[^'\\\n]|\\.)+')
    |(?P<string>(?:u8|[uUL])?"(?:[^"\\\n]|\\.)*")
    |(?P<name>[A-Za-z_$][\w$]*)
    |(?P<number>\.?[0-9](?:[eEpP][+-]|[\w.])*)
    |(?P<punctuator>\.\.\.|<<=|>>=|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|\#\#|
        [-+*/%&|^~!<>=?:;,.(){}\[\]\#@`\\])""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)


def tokenize(text: str) -> list[Token]:
    """The tokens of a macro's body; raises :class:`NotAnExpression` for what is none."""
    tokens: list[Token] = []
    space = False
    at, end = 0, len(text)
    match = _TOKEN.match
    while at < end:
        found = match(text, at)
        if found is None:
            raise NotAnExpression(f"holds {text[at]!r}, which begins no token of C")
        kind = found.lastgroup
        assert kind is not None
        if kind == "space":
            space = True
        else:
            tokens.append(Token(kind, found.group(), space))
            space = False
        at = found.end()
    return tokens


_INTEGER = re.compile(
    r"(?:0[xX](?P<hex>[0-9a-fA-F]+)|0[bB](?P<binary>[01]+)|(?P<octal>0[0-7]*)"
    r"|(?P<decimal>[1-9][0-9]*))(?P<suffix>[uU]?(?:ll|LL|[lL])?|(?:ll|LL|[lL])[uU])"
)
_FLOAT = re.compile(
    r"(?P<value>(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+"
    r"|0[xX][0-9a-fA-F]*\.?[0-9a-fA-F]*[pP][+-]?[0-9]+)(?P<suffix>[fFlL]?)"
)
_ESCAPES = {"a": 7, "b": 8, "e": 27, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_ESCAPES |= {character: ord(character) for character in "\\'\"?"}
_PIECE = re.compile(
    r"\\(?:(?P<octal>[0-7]{1,3})|x(?P<hex>[0-9a-fA-F]+)|u(?P<u>[0-9a-fA-F]{4})"
    r"|U(?P<U>[0-9a-fA-F]{8})|(?P<simple>.))|(?P<plain>[^\\])",
    re.DOTALL,
)


_LONGEST = 200
"""Characters of a number; no type holds a longer one."""


def number(text: str) -> tuple[int, str, bool] | tuple[float, str]:
    """What a number is: (value, suffix in lower case, decimal?), or a floating constant
    as (value, suffix in lower case).
    """
    if len(text) > _LONGEST:
        raise NotAnExpression(f"holds a number of {len(text)} characters")
    found = _INTEGER.fullmatch(text)
    if found is not None:
        suffix = found["suffix"].lower()
        for name, base in (("hex", 16), ("binary", 2), ("octal", 8), ("decimal", 10)):
            if found[name]:
                return int(found[name], base), suffix, base == 10
    found = _FLOAT.fullmatch(text)
    if found is None:
        raise NotAnExpression(f"holds {text}, which is no number of C")
    value = found["value"]
    try:
        converted = float.fromhex(value) if value[:2] in ("0x", "0X") else float(value)
    except (ValueError, OverflowError):
        raise NotAnExpression(f"holds {text}, which no double does") from None
    return converted, found["suffix"].lower()


def _bytes(literal: str, quote: str) -> bytes:
    prefix, _, rest = literal.partition(quote)
    if prefix not in ("", "u8"):
        raise NotAnExpression(f"holds {literal}, which is wide")
    found = bytearray()
    for piece in _PIECE.finditer(rest[:-1]):
        kind = piece.lastgroup
        assert kind is not None
        text = piece[kind]
        if kind == "plain":
            found += text.encode("utf-8", "surrogateescape")
        elif kind in ("octal", "hex"):
            number = int(text, 8 if kind == "octal" else 16)
            if number > 255:
                raise NotAnExpression(f"holds {literal}, whose escape does not fit into a char")
            found.append(number)
        elif kind in "uU":
            found += _unicode(int(text, 16), literal)
        elif text in _ESCAPES:
            found.append(_ESCAPES[text])
        else:
            raise NotAnExpression(f"holds {literal}, whose escape C does not know")
    return bytes(found)


def _unicode(code_point: int, literal: str) -> bytes:
    try:
        return chr(code_point).encode()
    except (ValueError, OverflowError):
        raise NotAnExpression(f"holds {literal}, which names no character") from None


def string(literal: str) -> bytes:
    """The bytes of a string literal, without the terminating zero."""
    return _bytes(literal, '"')


def character(literal: str) -> bytes:
    """The bytes of a character constant: one, or up to four as gcc packs them into an int."""
    found = _bytes(literal, "'")
    if len(found) > 4:
        raise NotAnExpression(f"holds {literal}, which is too long")
    return found

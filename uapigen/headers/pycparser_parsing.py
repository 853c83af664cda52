"""pycparser at work on rewritten declarations, and what it says when it refuses one."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from functools import cache, partial

from pycparser import c_ast, c_parser

from uapigen.headers.pycparser_rewrite import BUILTIN_TYPES, PRELUDE, TAG, TYPEOF, Declaration
from uapigen.headers.pycparser_scope import C_WORDS

__all__ = [
    "RefusedError",
    "is_name",
    "parse_declarations",
    "parse_type_name",
    "unknown_names",
    "used_types",
]

_ERROR_LINE = re.compile(r"[^:]*:(\d+)(?::\d+)?: (.*)", re.DOTALL)
_BEFORE_A_TYPE = frozenset({"{", ";", "typedef", "extern", "static", "const", "volatile"})


@cache
def _parser() -> c_parser.CParser:
    return c_parser.CParser()


class RefusedError(Exception):
    """pycparser refused a declaration: its index, and the token in its text.

    The token is -1 where pycparser does not say it.
    """

    def __init__(self, index: int, token: int, problem: str) -> None:
        super().__init__(problem)
        self.index = index
        self.token = token
        self.problem = problem


def parse_declarations(
    declarations: Sequence[Declaration], type_names: Collection[str] = ()
) -> list[c_ast.Node]:
    """pycparser's nodes. ``type_names`` are declared before; raises :class:`RefusedError`."""
    typeofs = [t for d in declarations for t in d.text if t.startswith(TYPEOF)]
    before = PRELUDE + "".join(f"typedef int {name};\n" for name in [*typeofs, *type_names])
    skipped = before.count("\n")
    try:
        # One token a line, so that an error's line tells the token.
        nodes: list[c_ast.Node] = _parser().parse(before + _lines(declarations)).ext[skipped:]
    except c_parser.ParseError as error:
        raise _refused(declarations, str(error), before) from None
    return nodes


def parse_type_name(text: Sequence[str], type_names: Collection[str]) -> c_ast.Node:
    """The node of a type without a declared name; raises :class:`RefusedError`."""
    lines = ["int uapigen [ sizeof (", *text, ") ] ;"]
    # Its tokens are on lines 1 to n here; what stands before them is on line 0.
    probe = Declaration(lines, [], [])
    try:
        (declared,) = parse_declarations([probe], type_names)
    except RefusedError as error:
        token = error.token - 1 if error.token >= 0 else -1
        raise RefusedError(0, min(token, len(text) - 1), error.problem) from None
    operand = declared.type.dim.expr
    if not isinstance(operand, c_ast.Typename):
        raise RefusedError(0, 0, "is no type")
    return operand


def _lines(declarations: Sequence[Declaration]) -> str:
    return "\n".join([token for declaration in declarations for token in declaration.text])


def _refused(declarations: Sequence[Declaration], message: str, before: str) -> RefusedError:
    """What pycparser refused: by its message's line, else by trying."""
    told = _ERROR_LINE.match(message)
    if told is None:
        fails = partial(_fails, declarations, before)
        index = bisect_left(range(len(declarations) - 1), True, key=fails)
        return RefusedError(index, -1, message.strip(": "))
    token = max(int(told[1]) - 1 - before.count("\n"), 0)
    index, last = 0, len(declarations) - 1
    while token >= len(declarations[index].text) and index < last:
        token -= len(declarations[index].text)
        index += 1
    return RefusedError(index, min(token, len(declarations[index].text) - 1), told[2])


def _fails(declarations: Sequence[Declaration], before: str, last: int) -> bool:
    """Whether pycparser refuses the declarations up to one."""
    try:
        _parser().parse(before + _lines(declarations[: last + 1]))
    except c_parser.ParseError:
        return True
    return False


# Which names a text takes for types


def is_name(text: str) -> bool:
    """Whether it is a name that has to be declared."""
    return (
        text[:1].isidentifier()
        and text not in C_WORDS
        and text not in BUILTIN_TYPES
        and not text.startswith(TAG)
    )


def used_types(texts: Sequence[str]) -> Iterator[int]:
    """Where declarations and members begin with the name of a type that is not C's own."""
    begins = True
    for index, text in enumerate(texts):
        if begins and is_name(text):
            yield index
        begins = text in _BEFORE_A_TYPE if begins else text in "{;"


def unknown_names(texts: Sequence[str], token: int) -> list[str]:
    """Names at which, or behind which, pycparser may have stopped: types that it does not know."""
    if token < 0:
        return [texts[index] for index in used_types(texts)]
    return [text for text in (texts[token], texts[max(token - 1, 0)]) if is_name(text)]

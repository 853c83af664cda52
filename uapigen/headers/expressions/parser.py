"""From tokens to a tree: names told apart, then the tables of ``grammar.lark``."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from uapigen.headers.expressions.errors import NotAnExpression
from uapigen.headers.expressions.nodes import (
    Binary,
    Call,
    Cast,
    Character,
    Comma,
    Compatible,
    Conditional,
    Index,
    Layer,
    MemberOf,
    Name,
    Node,
    Number,
    Offset,
    Parameter,
    SizeOf,
    Specifier,
    String,
    TypeName,
    Unary,
)
from uapigen.headers.expressions.tables import TABLES
from uapigen.headers.expressions.tokens import Token

__all__ = ["parse", "terminals"]

Terminal: TypeAlias = tuple[str, Token]

_PUNCTUATORS = {
    "(": "LEFT",
    ")": "RIGHT",
    "[": "OPEN",
    "]": "CLOSE",
    ",": "COMMA",
    "?": "QUESTION",
    ":": "COLON",
    ".": "DOT",
    "->": "DOT",
    "||": "OR",
    "&&": "AND",
    "|": "BAR",
    "^": "CARET",
    "&": "AMPERSAND",
    "==": "EQUALITY",
    "!=": "EQUALITY",
    "<": "RELATION",
    ">": "RELATION",
    "<=": "RELATION",
    ">=": "RELATION",
    "<<": "SHIFT",
    ">>": "SHIFT",
    "+": "SIGN",
    "-": "SIGN",
    "*": "STAR",
    "/": "DIVISION",
    "%": "DIVISION",
    "~": "NOT",
    "!": "NOT",
}
_WORDS = (
    "void char short int long signed unsigned float double _Bool __int128 const volatile restrict "
    "__signed __signed__ __const __const__ __volatile __volatile__ __restrict __restrict__"
)
_KEYWORDS = dict.fromkeys(_WORDS.split(), "WORD") | {
    "sizeof": "SIZEOF",
    "_Alignof": "SIZEOF",
    "__alignof__": "SIZEOF",
    "__alignof": "SIZEOF",
    "__builtin_offsetof": "OFFSETOF",
    "offsetof": "OFFSETOF",
    "__builtin_types_compatible_p": "COMPATIBLE",
    "typeof": "TYPEOF",
    "__typeof__": "TYPEOF",
    "__typeof": "TYPEOF",
    "struct": "TAG",
    "union": "TAG",
    "enum": "TAG",
}
_ASSIGNMENTS = frozenset(["=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="])
_STATEMENTS = frozenset(
    [
        "do",
        "if",
        "else",
        "while",
        "for",
        "switch",
        "case",
        "default",
        "return",
        "goto",
        "break",
        "continue",
        "asm",
        "__asm__",
    ]
)
_DECLARATIONS = frozenset(
    [
        "static",
        "extern",
        "inline",
        "__inline",
        "__inline__",
        "typedef",
        "register",
        "auto",
        "__attribute__",
    ]
)
_SHOWN = 30


def terminals(tokens: Sequence[Token], is_type: Callable[[str], bool]) -> list[Terminal]:
    """Each token with the grammar's name for it; ``is_type`` knows the typedefs.

    Raises :class:`NotAnExpression` with the most telling reason for what is no
    expression at the first look.
    """
    _refuse(tokens)
    types = _parameters_that_are_types(tokens)
    found: list[Terminal] = []
    for token in tokens:
        kind, text = token.kind, token.text
        if kind == "punctuator":
            terminal = _PUNCTUATORS.get(text)
            if terminal is None:
                raise NotAnExpression(f"holds {text}, which no expression does")
        elif kind == "name":
            if text == "__extension__":
                continue
            terminal = _KEYWORDS.get(text) or ("TYPE" if is_type(text) else "VALUE")
        elif kind == "param":
            terminal = "TYPE" if text in types else "VALUE"
        else:
            terminal = "STRING" if kind == "string" else "VALUE"
        found.append((terminal, token))
    return found


def _refuse(tokens: Sequence[Token]) -> None:
    if not tokens:
        raise NotAnExpression("is empty")
    reason = ""
    for at, token in enumerate(tokens):
        text = token.text
        if token.kind == "name":
            if text in _STATEMENTS:
                raise NotAnExpression(f"is a statement ({text})")
            if text in _DECLARATIONS:
                raise NotAnExpression(f"is a declaration ({text})")
        elif token.kind != "punctuator":
            continue
        elif text == "{":
            before = tokens[at - 1].text if at else ""
            if before == "(":
                raise NotAnExpression("is a statement expression")
            reason = reason or (
                "holds a compound literal" if before == ")" else "is a list in braces"
            )
        elif text == ";":
            raise NotAnExpression("is a statement (;)")
        elif text in _ASSIGNMENTS:
            reason = reason or f"assigns ({text})"
        elif text in ("++", "--"):
            reason = reason or f"changes a variable ({text})"
    if reason:
        raise NotAnExpression(reason)


def _parameters_that_are_types(tokens: Sequence[Token]) -> frozenset[str]:
    """Parameters that the macro can only mean as types: ``(p)x``, ``(p *)``, ``offsetof(p, m)``.

    ``(p)(x)`` is taken for a cast, not for a call of ``p``. After ``sizeof(p)`` nothing
    is known.
    """
    found = set()
    for at, token in enumerate(tokens):
        if token.kind != "param" or not at or at + 1 == len(tokens):
            continue
        before, after = tokens[at - 1].text, tokens[at + 1].text
        first = tokens[at - 2].text if at > 1 else ""
        if before not in ("(", "const", "volatile"):
            continue
        if first in ("offsetof", "__builtin_offsetof") and after == ",":
            found.add(token.text)
        elif after == "*":
            rest = [t.text for t in tokens[at + 1 :]]
            stars = next((i for i, text in enumerate(rest) if text != "*"), len(rest))
            if rest[stars : stars + 1] == [")"]:
                found.add(token.text)
        elif after == ")" and first not in ("sizeof", "typeof", "__typeof__", "__typeof"):
            # A call's own parentheses, f(p), are none of a cast.
            called = at > 1 and (tokens[at - 2].kind in ("name", "param") or first in (")", "]"))
            behind = tokens[at + 2] if at + 2 < len(tokens) else None
            if behind is not None and not called and _begins_operand(behind):
                found.add(token.text)
    return frozenset(found)


def _begins_operand(token: Token) -> bool:
    """No binary operator begins so."""
    return token.kind != "punctuator" or token.text in ("(", "~", "!")


class _Tables(NamedTuple):
    start: int
    accept: int
    rules: list[tuple[str, int, Callable[..., Any] | None]]
    actions: list[dict[str, int]]
    gotos: list[dict[str, int]]


@functools.cache
def _tables() -> _Tables:
    with open(TABLES, encoding="utf-8") as file:
        made = json.load(file)
    rules = [
        (origin, length, None if action is None else _ACTIONS[action])
        for origin, length, action in made["rules"]
    ]
    return _Tables(made["start"], made["accept"], rules, made["actions"], made["gotos"])


def parse(tokens: Sequence[Terminal]) -> Node:
    """The tree of an expression; raises :class:`NotAnExpression`."""
    start, accept, rules, actions, gotos = _tables()
    states, values = [start], list[Any]()
    state = start
    for terminal, token in (*tokens, ("$END", Token("end", ""))):
        while True:
            action = actions[state].get(terminal)
            if action is None:
                raise NotAnExpression(_out_of_place(tokens, token))
            if action >= 0:
                break
            origin, length, make = rules[-1 - action]
            if make is None:  # stands for itself
                states.pop()
            else:
                made = make(*values[-length:])
                del states[-length:], values[-length:]
                values.append(made)
            state = gotos[states[-1]][origin]
            states.append(state)
            if state == accept:
                break
        if state == accept:
            break
        state = action
        states.append(state)
        values.append(token)
    node: Node = _value(values[0])
    return node


def _out_of_place(tokens: Sequence[Terminal], token: Token) -> str:
    if token.kind == "end":
        return "is no complete expression"
    terminal, first = tokens[0]
    if terminal in ("WORD", "TYPE", "TAG"):
        return f"is a type or a declaration ({first.text})"
    return f"is no expression ({token.text[:_SHOWN]} is out of place)"


# Actions: what the grammar's alternatives make of their parts


def _value(part: Any) -> Any:
    """A token that is an expression by itself, as a node."""
    if type(part) is not Token:
        return part
    if part.kind == "name":
        return Name(part.text)
    if part.kind == "param":
        return Parameter(part.text)
    if part.kind == "number":
        return Number(part.text)
    if part.kind == "char":
        return Character(part.text)
    return String((part.text,))


def _field(token: Token) -> str:
    if token.kind == "param":
        raise NotAnExpression(f"names a member or a tag by its parameter {token.text}")
    if token.kind != "name":
        raise NotAnExpression(f"is no expression ({token.text[:_SHOWN]} is out of place)")
    return token.text


def _specifier(part: Any) -> Specifier:
    if type(part) is not Token:
        specifier: Specifier = part
        return specifier
    if part.kind == "param":
        return Specifier("param", part.text)
    return Specifier("word" if part.text in _KEYWORDS else "typedef", part.text)


def _step(part: Any) -> str | Node:
    return _field(part) if type(part) is Token and part.kind in ("name", "param") else part


def _further(items: tuple[Any, ...], _: Token, item: Any, *closing: Token) -> tuple[Any, ...]:
    return (*items, _value(item) if closing else item)


_ACTIONS: dict[str, Callable[..., Any]] = {
    "comma": lambda left, _, right: Comma(_value(left), _value(right)),
    "conditional": lambda condition, _, chosen, __, other: Conditional(
        _value(condition), _value(chosen), _value(other)
    ),
    "conditional_without_middle": lambda condition, _, __, other: Conditional(
        _value(condition), None, _value(other)
    ),
    "binary": lambda left, operator, right: Binary(operator.text, _value(left), _value(right)),
    "unary": lambda operator, operand: Unary(operator.text, _value(operand)),
    "cast": lambda _, name, __, operand: Cast(name, _value(operand)),
    "sizeof_value": lambda word, operand: SizeOf(word.text, _value(operand)),
    "sizeof_type": lambda word, _, name, __: SizeOf(word.text, name),
    "index": lambda operand, _, index, __: Index(_value(operand), _value(index)),
    "call": lambda function, _, arguments, __: Call(
        _value(function), tuple(map(_value, arguments))
    ),
    "call_without_arguments": lambda function, _, __: Call(_value(function), ()),
    "member": lambda operand, dot, field: MemberOf(
        _value(operand), _field(field), dot.text == "->"
    ),
    "offset": lambda _, __, name, ___, path, ____: Offset(name, tuple(map(_step, path))),
    "compatible": lambda _, __, left, ___, right, ____: Compatible(left, right),
    "first": lambda item: (item,),
    "further": _further,
    "next": lambda items, item: (*items, item),
    "parenthesised": lambda _, inner, __: inner,
    "joined": lambda left, right: String((*_value(left).literals, right.text)),
    "tagged": lambda word, field: Specifier(word.text, _field(field)),
    "typeof_value": lambda _, __, operand, ___: Specifier("typeof", "", _value(operand)),
    "typeof_type": lambda _, __, name, ___: Specifier("typeof", "", name),
    "type_name": lambda specifiers, layers=(): TypeName(
        tuple(map(_specifier, specifiers)), tuple(layers)
    ),
    "pointer": lambda _: (Layer("*"),),
    "another_pointer": lambda layers, _: (*layers, Layer("*")),
    "qualified": lambda layers, _: layers,
    "around": lambda layers, direct: (*direct, *layers),
    "around_array": lambda direct, array: (*direct, *array),
    "array": lambda _, nelems, __: (Layer("[]", _value(nelems)),),
    "flexible": lambda _, __: (Layer("[]"),),
    "function": lambda _, __: (Layer("()"),),
    "function_behind": lambda direct, _, __: (*direct, Layer("()")),
    "function_of": lambda _, __, ___: (Layer("()"),),
    "function_behind_of": lambda direct, _, __, ___: (*direct, Layer("()")),
}

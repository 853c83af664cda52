"""Pointers: what is added to them counts in what they point to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from uapigen.emit.support.cvalues import CValue, NumberType
from uapigen.headers.expressions.errors import NotAnExpression
from uapigen.headers.expressions.terms import (
    MODEL,
    Address,
    Constant,
    Term,
    Text,
    checked,
    folded,
)
from uapigen.headers.expressions.types import PointerType, Types

__all__ = ["as_pointer", "is_pointer", "pointer_binary"]

_Convert: TypeAlias = Callable[[NumberType, Term], Term]


_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")


def _pointer_type(term: Term) -> PointerType | None:
    if isinstance(term, Address):
        return term.type
    return term.pointer if isinstance(term, Text) else None


def is_pointer(term: Term) -> bool:
    """Whether a term is known to be a pointer."""
    return _pointer_type(term) is not None


def as_pointer(types: Types, kind: PointerType, inner: Term) -> Term:
    """A term cast to a pointer."""
    if isinstance(inner, Address):
        return Address(kind, inner.value)
    if isinstance(inner, Constant):
        return Address(kind, types.model.size_t(checked(inner.value)).value)
    if not isinstance(inner, Text):
        raise NotAnExpression("makes a pointer of a string")
    if inner.pointer is not None:
        return inner._replace(pointer=kind)
    if inner.raw:
        text = f"{MODEL}.address({inner.text})"
        return Text(text, raw=False, pointer=kind, kept=inner.text)
    return Text(f"{MODEL}.{types.model.size_t.attribute}({inner.text})", pointer=kind)


def pointer_binary(types: Types, symbol: str, left: Term, right: Term, convert: _Convert) -> Term:
    """Pointer arithmetic: what is added counts in targets."""
    kinds = [kind for kind in (_pointer_type(left), _pointer_type(right)) if kind is not None]
    if symbol in _COMPARISONS:
        sides = [convert(types.model.size_t, _as_number(types, term)) for term in (left, right)]
        return folded(types.model, symbol, *sides)
    if len(kinds) == 2:
        if symbol != "-":
            raise NotAnExpression(f"applies {symbol} to two pointers")
        return _distance(types, left, right, convert)
    on_left = is_pointer(left)
    if symbol != "+" and not (symbol == "-" and on_left):
        raise NotAnExpression(f"applies {symbol} to a pointer")
    pointer, index = (left, right) if on_left else (right, left)
    size = types.size(kinds[0].target)
    offset = convert(types.model.ptrdiff_t, index)
    if size != 1:
        offset = folded(types.model, "*", offset, Constant(types.model.ptrdiff_t(size)))
    total = folded(types.model, symbol, _as_number(types, pointer), offset)
    if isinstance(total, Constant):
        return Address(kinds[0], types.model.size_t(total.value).value)
    kept = pointer.kept if isinstance(pointer, Text) else ""
    return total._replace(pointer=kinds[0], kept=kept)


def _distance(types: Types, left: Term, right: Term, convert: _Convert) -> Term:
    """The difference of two pointers, in what they point to."""
    kind = types.model.ptrdiff_t
    sides = [convert(kind, _as_number(types, term)) for term in (left, right)]
    distance = folded(types.model, "-", *sides)
    target = _pointer_type(left)
    assert target is not None
    size = types.size(target.target)
    return distance if size == 1 else folded(types.model, "/", distance, Constant(kind(size)))


def _as_number(types: Types, term: Term) -> Term:
    if isinstance(term, Address):
        return Constant(CValue(types.model.size_t, term.value))
    return term._replace(pointer=None) if isinstance(term, Text) else term

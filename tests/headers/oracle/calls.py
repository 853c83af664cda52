"""With what function-like macros are called."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

from .gcc import Macro

__all__ = ["Argument", "argument_lists", "spelled", "type_places"]

Argument = int | str
"""An int, or the C spelling of a type."""

_TYPES = ("unsigned int", "unsigned long long", "char")
_VALUES = (
    (0, 1, 2, 3, 5, 7),
    (1, 2, 3, 4, 5, 6),
    (7, 1, 0, 9, 2, 4),
    (255, 16, 4, 8, 1, 2),
    (4097, 300, 12, 5, 6, 3),
    (0x12345678, 0x765, 0x21, 1, 1, 1),
    (-1, 5, 6, 7, 8, 9),
)
_MOST = 6


@cache
def argument_lists(
    count: int, types: frozenset[int] = frozenset()
) -> tuple[tuple[Argument, ...], ...]:
    """Lists of that many arguments, with types in these places.

    Where no place is known to be a type's, there are lists of ints, and lists with a type in
    any one place.
    """
    if count > _MOST:
        return ()
    if not count:
        return ((),)
    ints = [values[:count] for values in _VALUES]
    if types:
        typed = [_with_types(values, types, n) for n, values in enumerate(ints)]
        return tuple(dict.fromkeys(typed))
    single = [
        _with_types(ints[n], frozenset({place}), n)
        for place in range(count)
        for n in range(len(_TYPES))
    ]
    return (*ints, *single)


def _with_types(
    values: tuple[int, ...], places: frozenset[int], start: int
) -> tuple[Argument, ...]:
    return tuple(
        _TYPES[(start + place) % len(_TYPES)] if place in places else value
        for place, value in enumerate(values)
    )


def spelled(argument: Argument) -> str:
    """As C spells it."""
    return f"({argument})" if isinstance(argument, int) and argument < 0 else str(argument)


# Which parameters are types

_SIZE_OF = re.compile(r"\b(?:sizeof|_Alignof|__alignof__)\s*\(+\s*(\w+)\s*\)")
_CALL = re.compile(r"\b([A-Za-z_]\w*)\s*\(")


def type_places(macro: Macro, macros: Mapping[str, Macro]) -> frozenset[int]:
    """The parameters that a macro, or one that it hands them on to, takes the size of."""
    return frozenset(_type_places(macro, macros, frozenset({macro.name})))


def _type_places(
    macro: Macro, macros: Mapping[str, Macro], entered: frozenset[str]
) -> Iterator[int]:
    params = macro.params or ()
    yield from (params.index(name) for name in _SIZE_OF.findall(macro.body) if name in params)
    for call in _CALL.finditer(macro.body):
        name = call[1]
        if name in entered or name not in macros or macros[name].params is None:
            continue
        arguments = _arguments(macro.body, call.end())
        for place in _type_places(macros[name], macros, entered | {name}):
            given = arguments[place].strip("() ") if place < len(arguments) else ""
            if given in params:
                yield params.index(given)


def _arguments(text: str, start: int) -> list[str]:
    """What stands between commas from `start` to the bracket that closes."""
    arguments, depth, begin = [], 0, start
    for position in range(start, len(text)):
        character = text[position]
        if depth == 0 and character in ",)":
            arguments.append(text[begin:position])
            begin = position + 1
            if character == ")":
                break
        depth += (character == "(") - (character == ")")
    return arguments

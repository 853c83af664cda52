"""With what function-like macros are called."""

from __future__ import annotations

from functools import cache
from itertools import product

__all__ = ["Argument", "argument_lists", "spelled"]

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
def argument_lists(count: int) -> tuple[tuple[Argument, ...], ...]:
    """Lists of that many arguments: of ints, and with a type for one of them."""
    if count > _MOST:
        return ()
    if not count:
        return ((),)
    ints = [values[:count] for values in _VALUES]
    typed = [
        (*ints[number][:place], name, *ints[number][place + 1 :])
        for place, (number, name) in product(range(count), enumerate(_TYPES, 1))
    ]
    return (*ints, *typed)


def spelled(argument: Argument) -> str:
    """As C spells it."""
    return f"({argument})" if isinstance(argument, int) and argument < 0 else str(argument)

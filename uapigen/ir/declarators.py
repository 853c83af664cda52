"""C's rules for declarators: what each form of a type puts around the name it declares.

A C declaration wraps around the name it declares: ``int (*name[4])(void)``.
So a type is spelled as two halves, what comes before the name and what comes
after it, and both are built from the inside out: a pointer adds ``*`` to the
first half, an array ``[n]`` to the front of the second, and a pointer to an
array or a function needs parentheses around both, because in C the second
half binds tighter than ``*``.

    int                    "int "        ""
    int *                  "int *"       ""
    int[4]                 "int "        "[4]"
    int (*)[4]             "int (*"      ")[4]"
    int (*)(void)          "int (*"      ")(void)"

A first half ends with a space exactly if a name must be kept apart from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeAlias

__all__ = [
    "MAX_DEPTH",
    "MAX_LENGTH",
    "MAX_PARAMS",
    "Spelled",
    "Words",
    "array",
    "fits",
    "function",
    "joined",
    "parameter_list",
    "pointer",
    "qualified",
]

Spelled: TypeAlias = tuple[str, str, int]
"""The halves, and how many pointers, arrays, qualifiers and functions are around the name."""

MAX_DEPTH = 64
"""Pointers, arrays, qualifiers and functions around a name; a kernel's deepest has 8."""
MAX_LENGTH = 4096
"""Characters; a kernel's longest type has 430."""
MAX_PARAMS = 256
"""The C standard asks for 127; a kernel's longest list has 18."""

_SUFFIXES = ("(", "[")
_QUALIFIERS = ("const ", "volatile ", "restrict ")
_LEADING = re.compile(r"(?:(?:const|volatile|restrict) )+")


def pointer(target: Spelled) -> Spelled:
    """A pointer to the type."""
    before, after, depth = target
    if after[:1] in _SUFFIXES:
        return f"{before}(*", f"){after}", depth + 1
    return f"{before}*", after, depth + 1


def array(element: Spelled, nelems: int) -> Spelled:
    """An array of ``nelems`` of the type."""
    before, after, depth = element
    return before, f"[{nelems}]{after}", depth + 1


def qualified(target: Spelled, keyword: str) -> Spelled:
    """The type with one more qualifier, which it may have: a const array of what is const."""
    before, after, depth = target
    _, star, own = before.rpartition("*")
    if star and (not own or own.startswith(_QUALIFIERS)):  # the pointer itself is qualified
        if f" {keyword} " not in f" {own}":
            before = f"{before}{keyword} "
    else:
        leading = _LEADING.match(before)
        if not (leading and keyword in leading[0]):
            before = f"{keyword} {before}"
    return before, after, depth + 1


def parameter_list(texts: Iterable[str], variadic: bool) -> str:
    """What stands between a function's parentheses."""
    listed = ", ".join(texts)
    if variadic:
        return f"{listed}, ..." if listed else "..."
    return listed or "void"


def function(returned: Spelled, params: str, deepest: int) -> Spelled:
    """A function with these parameters, of which the deepest is so deep."""
    before, after, depth = returned
    return before, f"({params}){after}", max(depth, deepest) + 1


def fits(spelled: Spelled) -> bool:
    """Whether a type is not too deep, nor too long."""
    before, after, depth = spelled
    return depth <= MAX_DEPTH and len(before) + len(after) <= MAX_LENGTH


def joined(before: str, after: str) -> str:
    """A type without a name."""
    if after.startswith("["):
        return before.rstrip() + after
    return (before + after).rstrip()


class Words(dict[str, str]):
    """A parameter's name as one ASCII word; names are untrusted, and Rust's need not be words."""

    def __missing__(self, name: str) -> str:
        word = name
        if not (name.isidentifier() and name.isascii()):
            word = "".join(c if c.isascii() and c.isalnum() else "_" for c in name)
        if word[:1].isdigit():
            word = f"_{word}"
        self[name] = word
        return word

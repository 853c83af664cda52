"""Text of many lines that are alike, woven from columns.

A kernel's 70,000 members are a line each in a table and in a stub. A line made
by itself takes a dozen steps of the interpreter. So each part of a line is a
column over all members of all types (names, offsets, types), made by ``map``
over the column before it; a part that is the same for many, as all that stands
for a type is, is made once and looked up. One ``join`` weaves the columns.

What is odd about a line, a name that needs escapes or a length that black
would wrap, is found by columns, too, and that line is then replaced by one made
with care: the first column takes it whole, the others nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import compress, count
from operator import add
from typing import TypeVar

from uapigen.emit.text import LINE_LENGTH

__all__ = ["Made", "long_lines", "woven"]

_Key = TypeVar("_Key")


class Made(dict[_Key, str]):
    """Texts by what they stand for, made when first asked for."""

    def __init__(self, make: Callable[[_Key], str]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: _Key) -> str:
        text = self[key] = self._make(key)
        return text


def long_lines(*columns: Sequence[str], beside: int = 0) -> Iterator[int]:
    """The numbers of lines that black would wrap. Their line break is in a column.

    ``beside``: the characters of a line, or the most of any, that are in no column.
    """
    lengths: Iterable[int] = map(len, columns[0])
    for column in columns[1:]:
        lengths = map(add, lengths, map(len, column))
    return compress(count(), map((LINE_LENGTH + 1 - beside).__lt__, lengths))


def woven(blocks: Iterable[tuple[str, int, str]], first: list[str], *columns: Sequence[str]) -> str:
    """The text of all blocks: what stands before a block's lines, their number, what is behind.

    Together the blocks have as many lines as each column. What stands around lines is added to
    the ``first`` one, which is spent so.
    """
    pending, at = "", 0
    for head, lines, tail in blocks:
        if lines:
            first[at] = f"{pending}{head}{first[at]}"
            pending = tail
            at += lines
        else:
            pending += head + tail
    width = 1 + len(columns)
    woven = [""] * (width * len(first) + 1)
    for number, column in enumerate((first, *columns)):
        woven[number:-1:width] = column
    woven[-1] = pending
    return "".join(woven)

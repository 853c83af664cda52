"""Reading two trees of headers side by side, for a comparison.

Each is read in a process of its own. They tell each other what macros consist of: those that
are text alone, and the same text on both sides, are not evaluated.
"""

from __future__ import annotations

import pickle
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TypeAlias

from uapigen.errors import InputError
from uapigen.headers.bounds import Bounded
from uapigen.headers.options import HeaderOptions
from uapigen.headers.read import Headers, front_end, read_headers

__all__ = ["read_pair", "read_tree"]

_SECONDS = 120
"""Processor time for a tree; that of a kernel takes 3."""

_Exchange: TypeAlias = Callable[[dict[str, str]], Mapping[str, str]]
"""From what macros consist of to those that are the same on the other side."""


def read_tree(names: Sequence[str], options: HeaderOptions) -> Headers:
    """Read many headers for a comparison: no comments; what cannot be read is ``failed``."""
    return _result(_begin(names, options, None), names, options)


def read_pair(
    old: tuple[Sequence[str], HeaderOptions], new: tuple[Sequence[str], HeaderOptions]
) -> tuple[Headers, Headers]:
    """Read two trees, each given by its headers' paths and how to read them.

    A constant of no interest, as it is the same on both sides, has its text for a value.
    """
    if old[1].model != new[1].model or old[1].defines != new[1].defines:
        return _both(_begin(*old, None), _begin(*new, None), old, new)
    first, second = socket.socketpair()
    with first, second:
        begun = (
            _begin(*old, partial(_exchange, first, second, True)),
            _begin(*new, partial(_exchange, second, first, False)),
        )
    return _both(*begun, old, new)


def _both(
    first: Bounded[Headers] | None,
    second: Bounded[Headers] | None,
    old: tuple[Sequence[str], HeaderOptions],
    new: tuple[Sequence[str], HeaderOptions],
) -> tuple[Headers, Headers]:
    return _result(first, *old), _result(second, *new)


def _begin(
    names: Sequence[str], options: HeaderOptions, exchange: _Exchange | None
) -> Bounded[Headers] | None:
    """The reading, begun in another process; None where libclang is not to do it."""
    if front_end(options).__module__ != "uapigen.headers.clang":
        return None
    return Bounded(names[0], partial(_read, names, options, exchange), _SECONDS)


def _result(
    begun: Bounded[Headers] | None, names: Sequence[str], options: HeaderOptions
) -> Headers:
    if begun is not None:
        with suppress(InputError):  # somewhere among them: each by itself, then
            return begun.result()
    return read_headers(names, options, keep_going=True)


def _read(names: Sequence[str], options: HeaderOptions, exchange: _Exchange | None) -> Headers:
    from uapigen.headers.clang_together import Together

    together = Together(names, options)
    return together.read(exchange(together.texts()) if exchange else None)


def _exchange(
    own: socket.socket, other: socket.socket, first: bool, texts: dict[str, str]
) -> Mapping[str, str]:
    """Send what there is to the other process, and get its own; nothing where that has ended."""
    other.close()
    theirs: dict[str, str] = {}
    with own, suppress(OSError, EOFError), own.makefile("rwb") as file:
        for sends in (first, not first):
            if sends:
                pickle.dump(texts, file, pickle.HIGHEST_PROTOCOL)
                file.flush()
            else:
                theirs = pickle.load(file)
    return {name: text for name, text in texts.items() if theirs.get(name) == text}

"""Parsing a source's text by the lark grammar beside it."""

from __future__ import annotations

import functools
from importlib.resources import files
from typing import Any

from uapigen.errors import InputError, SystemRefusalError

__all__ = ["parse", "read_text"]

_SHOWN = 60


def read_text(path: str) -> str:
    """A file's text; raises :class:`InputError` where it is not UTF-8, :class:`SystemRefusalError`
    where it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read().decode()
    except OSError as error:
        raise SystemRefusalError(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InputError(path, f"byte {error.start:#x}", "not UTF-8") from None


def parse(grammar: str, text: str, source: str, form: str) -> list[Any]:
    """The parts of a text: the children of the grammar's ``start``.

    ``grammar`` is the file's name, ``source`` that of the text. Raises :class:`InputError` with
    the line that is not of the form that ``form`` shows.
    """
    from lark.exceptions import UnexpectedInput

    try:
        tree = _parser(grammar).parse(text)
    except UnexpectedInput as error:
        lines = text.splitlines()
        number = error.line if 0 < error.line <= len(lines) else len(lines)
        line = " ".join(lines[number - 1].split()) if lines else ""
        shown = line if len(line) <= _SHOWN else line[:_SHOWN] + "..."
        raise InputError(source, f"line {number}", f"{shown!r} is not {form}") from None
    children: list[Any] = tree.children
    return children


@functools.cache
def _parser(grammar: str) -> Any:
    from lark import Lark  # slow to import

    text = files(__package__).joinpath(grammar).read_text("utf-8")
    return Lark(text, parser="lalr", propagate_positions=True)

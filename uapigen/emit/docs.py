"""Comments as docstrings: of classes in the tables, and of classes in stubs.

Comments come from headers, and so from strangers: what they say gets into
generated text as characters of a string literal only.
"""

from __future__ import annotations

import re

from uapigen.emit.support.tables import escaped
from uapigen.emit.text import LINE_LENGTH
from uapigen.ir.declarations import Doc

__all__ = ["doc_text", "docstring"]

_MAX_LENGTH = 20_000
"""Characters of a comment that are kept; the longest of the uapi has 3,500."""


def doc_text(doc: Doc) -> str:
    """A comment as a class's ``__doc__``: its text, then a line or more for each member."""
    parts = [_clean(doc.text)]
    members = []
    for name, text in doc.members.items():
        first, *rest = _clean(text).split("\n")
        members.append("\n".join([f"{name}: {first}".rstrip(), *(_indented(rest, 4))]))
    parts.append("\n".join(members))
    return "\n\n".join(part for part in parts if part)[:_MAX_LENGTH]


def _clean(text: str) -> str:
    """Lines without what white space surrounds them all."""
    lines = [line.rstrip() for line in text.expandtabs().splitlines()]
    while lines and not lines[0]:
        del lines[0]
    while lines and not lines[-1]:
        del lines[-1]
    rest = [len(line) - len(line.lstrip()) for line in lines[1:] if line]
    cut = min(rest, default=0)
    return "\n".join([line.lstrip() for line in lines[:1]] + [line[cut:] for line in lines[1:]])


def _indented(lines: list[str], by: int) -> list[str]:
    return [f"{' ' * by}{line}" if line else "" for line in lines]


def docstring(text: str, indent: int, quotes: str = '"""') -> str:
    """A docstring statement as black sets it, with its line break; "" for an empty text.

    With quotes that are apostrophes, it may stand inside a raw string in double quotes.
    """
    text = _UNUSUAL.sub(lambda found: _character(found[0]), text)
    for quote in ('"', "'"):
        text = text.replace(quote * 3, f"{quote}{quote}\\{quote}")
    pad = " " * indent
    lines = [line.rstrip() for line in text.strip().split("\n")]
    if not lines[0]:
        return ""
    if lines[0][0] == quotes[0]:
        lines[0] = f" {lines[0]}"
    if len(lines) == 1 and len(lines[0]) + indent + 6 <= LINE_LENGTH:
        space = " " if lines[0][-1] == quotes[0] else ""
        return f"{pad}{quotes}{lines[0]}{space}{quotes}\n"
    body = "\n".join([lines[0], *_indented(lines[1:], indent)])
    return f"{pad}{quotes}{body}\n{pad}{quotes}\n"


_UNUSUAL = re.compile(r"[^ -\[\]-~\n]")


def _character(c: str) -> str:
    if c == "\\":
        return "\\\\"
    return c if c.isprintable() else escaped(c)

"""What may go to a terminal: escaped names, and colour where it is wanted."""

from __future__ import annotations

import os
import sys

__all__ = ["clean", "paint", "wants_colour"]

_STYLES = {
    "head": "1",
    "place": "2",
    "gap": "33",
    "line": "36",
    "total": "32",
    "problem": "1;31",
}
"""A row's part -> SGR parameters: bold, dim, yellow, cyan, green, bold red."""


def clean(text: str) -> str:
    """The text with everything that is not printable as an escape, so that names stay names."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def paint(style: str, text: str) -> str:
    """The text in a style's colour; a style without one leaves it as it is."""
    code = _STYLES.get(style)
    return f"\x1b[{code}m{text}\x1b[0m" if code and text else text


def wants_colour(when: str) -> bool:
    """What ``--color`` (``auto``, ``always`` or ``never``) means here.

    ``auto`` is colour on a terminal that has some, unless NO_COLOR is set
    (https://no-color.org).
    """
    if when != "auto":
        return when == "always"
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return sys.stdout.isatty()

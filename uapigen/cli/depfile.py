"""Dependencies in make's syntax, as ``cc -M`` writes them and ninja reads them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from uapigen.errors import SystemRefusalError

__all__ = ["read_depfile", "write_depfile"]

_WORD = re.compile(r"(?:\\[ #\\]|\$\$|[^ \n])+")
_ESCAPED = re.compile(r"\\([ #])|\$\$")


def write_depfile(path: str, outputs: Iterable[str], inputs: Iterable[str]) -> None:
    """One rule: ``outputs`` depend on ``inputs``. Raises :class:`SystemRefusalError`."""
    targets, sources = (
        " ".join(map(_escaped, dict.fromkeys(paths))) for paths in (outputs, inputs)
    )
    try:
        with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(f"{targets}: {sources}\n")
    except OSError as error:
        raise SystemRefusalError(f"{path}: {error.strerror or error}") from None


def _escaped(path: str) -> str:
    return path.replace("$", "$$").replace(" ", "\\ ").replace("#", "\\#")


def read_depfile(path: str) -> list[str]:
    """The inputs in a file that :func:`write_depfile` wrote for one output."""
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        words = _WORD.findall(file.read())
    return [_ESCAPED.sub(lambda m: m[1] or "$", word) for word in words[1:]]

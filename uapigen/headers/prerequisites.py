"""What a header expects to have been included before it.

A header is tried alone first. What clang then misses is looked for as it is for
macros (``context.py``): in a table of well-known headers, then in the
definitions of the same include tree. A header that refuses to be included
directly is read through one that includes it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence

from uapigen.errors import InputError
from uapigen.headers.clang_parse import Diagnostic, TranslationUnit

__all__ = ["parse"]

_TRIALS = 16
"""Parses that finding one header's prerequisites may cost."""
_PROVIDERS = 3
"""Headers tried for one name."""
_SHOWN = 3
"""Diagnostics in an error's message."""

_INDIRECTLY = re.compile(r"directly", re.IGNORECASE)


def parse(path: str, arguments: Sequence[str], includes: Sequence[str] = ()) -> TranslationUnit:
    """The header, parsed without errors behind the prerequisites that it needs.

    They are what its ``before`` has beyond ``includes``. Raises :class:`InputError` with clang's
    diagnostics of the header alone where nothing helps.
    """
    best = TranslationUnit(path, arguments, includes)
    alone = best.diagnostics
    trials = 0
    tried: set[str] = set()
    while best.diagnostics and not _hopeless(best.diagnostics):
        for candidate in _candidates(best, arguments, tried):
            trials += 1
            unit = _try(best, candidate, arguments)
            if len(unit.diagnostics) < len(best.diagnostics):
                best.close()
                best = unit
                break
            unit.close()
            if trials == _TRIALS:
                break
        else:
            break
        if trials == _TRIALS:
            break
    if best.diagnostics:
        best.close()
        raise InputError("", "", "; ".join(map(str, alone[:_SHOWN])))
    return best


def _hopeless(diagnostics: Sequence[Diagnostic]) -> bool:
    """Whether clang gave up: a file is missing, or there are more errors than it counts."""
    return any(diagnostic.fatal for diagnostic in diagnostics)


def _candidates(
    unit: TranslationUnit, arguments: Sequence[str], tried: set[str]
) -> Iterator[tuple[str, bool]]:
    """Headers that may help, as C includes them, and whether each stands for the header itself."""
    from uapigen.headers.context import include_directories, providers, what_is_needed

    directories = include_directories(arguments)
    for diagnostic in unit.diagnostics:
        need = what_is_needed(diagnostic.text)
        if need is not None:
            found = providers(need, os.path.abspath(unit.path), directories)[:_PROVIDERS]
            through = False
        elif _INDIRECTLY.search(diagnostic.text):
            found = _includers(unit.path)
            through = True
        else:
            continue
        for header in found:
            if header not in tried:
                tried.add(header)
                yield header, through


def _try(
    unit: TranslationUnit, candidate: tuple[str, bool], arguments: Sequence[str]
) -> TranslationUnit:
    header, through = candidate
    if through:
        return TranslationUnit(unit.path, arguments, [*unit.before, header], direct=False)
    return TranslationUnit(unit.path, arguments, [*unit.before, header], direct=unit.direct)


def _includers(path: str) -> list[str]:
    """Headers in the same directory that include this one, by path."""
    directory, name = os.path.split(os.path.abspath(path))
    pattern = re.compile(
        rb'^[ \t]*#[ \t]*include[ \t]*[<"](?:[^>"\n]*/)?' + re.escape(name.encode()) + rb'[>"]',
        re.MULTILINE,
    )
    found = []
    for entry in sorted(os.listdir(directory)):
        other = os.path.join(directory, entry)
        if entry.endswith(".h") and entry != name and os.path.isfile(other):
            with open(other, "rb") as file:
                if pattern.search(file.read()):
                    found.append(other)
    return found

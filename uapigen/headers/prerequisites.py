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
from typing import NamedTuple

from uapigen.errors import InputError
from uapigen.headers.clang_parse import Diagnostic, TranslationUnit
from uapigen.headers.context import Need, providers, searched_directories, what_is_needed
from uapigen.headers.files import read_source

__all__ = ["headers_for", "includers", "parse"]

_TRIALS = 16
"""Parses that finding one header's prerequisites may cost."""
_PROVIDERS = 3
"""Headers tried for one name."""
_SHOWN = 3
"""Diagnostics in an error's message."""

_BSD_NAMES = frozenset(
    ("u_char", "u_short", "u_int", "u_long", "quad_t", "u_quad_t", "caddr_t", "ino_t")
)
"""What our own header has of <sys/types.h>."""


_CONFLICT = re.compile("redefinition of|conflicting types")


class _Candidate(NamedTuple):
    """A header that may help."""

    header: str
    """As C includes it, or a path."""
    need: Need | None
    """What it is for; None if it includes the header that refuses to be included directly."""


def parse(path: str, arguments: Sequence[str], includes: Sequence[str] = ()) -> TranslationUnit:
    """The header, parsed without errors behind the prerequisites that it needs.

    They are what its ``before`` has beyond ``includes``. Raises :class:`InputError` with clang's
    diagnostics of the header alone where nothing helps.
    """
    unit = TranslationUnit(path, arguments, includes)
    alone, tried = unit.diagnostics, set[str]()
    better: TranslationUnit | None = unit
    while better is not None and unit.diagnostics:
        better = _with_one_more(unit, arguments, tried)
        if better is not None:
            unit.close()
            unit = better
    if unit.diagnostics:
        unit.close()
        shown = [_shown(diagnostic, path) for diagnostic in alone[:_SHOWN]]
        raise InputError("", "", "; ".join(shown))
    return unit


def _shown(diagnostic: Diagnostic, path: str) -> str:
    """``file:line: text``; what clang finds behind the header is wrong at its end."""
    if not diagnostic.file:
        lines = max(read_source(path).count(b"\n"), 1)
        diagnostic = diagnostic._replace(file=path, line=lines)
    return f"{diagnostic.file}:{diagnostic.line}: {diagnostic.text}"


def _with_one_more(
    unit: TranslationUnit, arguments: Sequence[str], tried: set[str]
) -> TranslationUnit | None:
    """The header behind one more prerequisite that helps, or None."""
    if any(diagnostic.fatal for diagnostic in unit.diagnostics):
        return None  # a file is missing, or there is no end of errors
    for candidate in _candidates(unit, arguments):
        if candidate.header in tried:
            continue
        if len(tried) == _TRIALS:
            return None
        tried.add(candidate.header)
        before = [*unit.before, candidate.header]
        direct = unit.direct and candidate.need is not None
        new = TranslationUnit(unit.path, arguments, before, direct=direct)
        if _helped(unit, new, candidate.need):
            return new
        new.close()
    return None


def _helped(old: TranslationUnit, new: TranslationUnit, need: Need | None) -> bool:
    """Whether what was needed is there, and nothing is at odds with it."""
    if need is None:
        return not new.diagnostics
    if any(what_is_needed(diagnostic.text) == need for diagnostic in new.diagnostics):
        return False
    troubled = {diagnostic.file for diagnostic in old.diagnostics}
    return not any(
        diagnostic.file not in troubled or _CONFLICT.search(diagnostic.text)
        for diagnostic in new.diagnostics
    )


def _candidates(unit: TranslationUnit, arguments: Sequence[str]) -> Iterator[_Candidate]:
    directories = searched_directories(arguments)
    for diagnostic in unit.diagnostics:
        need = what_is_needed(diagnostic.text)
        if need is not None:
            for header in headers_for(need, unit.path, directories):
                yield _Candidate(header, need)
        elif "directly" in diagnostic.text:
            yield from (_Candidate(header, None) for header in includers(unit.path))


def headers_for(need: Need, path: str, directories: tuple[str, ...]) -> tuple[str, ...]:
    """What to include before the header at ``path``, which needs this; the likely ones first."""
    found = providers(need, os.path.abspath(path), directories).headers[:_PROVIDERS]
    return (*found, "uapigen-bsd-types.h") if need.name in _BSD_NAMES else found


def includers(path: str) -> list[str]:
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

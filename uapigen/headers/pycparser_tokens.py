"""What a preprocessor prints, as tokens that know where they come from.

``cc -E -dD -dI`` prints the text of all files with macros expanded, line markers
(``# 12 "file.h" 1``), and the ``#define``, ``#undef`` and ``#include`` directives themselves.
From these come places for messages, owners of declarations, and which file includes which.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import NamedTuple

__all__ = ["PRAGMA", "Directive", "Place", "Preprocessed", "read_output", "tokenize"]

PRAGMA = "#pragma"
"""How a token begins that is a whole ``#pragma pack`` line."""

_TOKEN = re.compile(
    r"""
    [A-Za-z_$][\w$]*
    | \.?[0-9](?:[eEpP][+-]|[\w.])*
    | (?:u8|[uUL])?"(?:\\.|[^"\\\n])*"
    | (?:[uUL])?'(?:\\.|[^'\\\n])*'
    | \.\.\. | <<= | >>= | -> | \+\+ | -- | << | >> | [<>=!]= | && | \|\| | [-+*/%&|^]= | \#\#
    | [^\s]
    """,
    re.VERBOSE,
)
_MARKER = re.compile(r'#\s+(\d+)\s+"((?:\\.|[^"\\])*)"([\d\s]*)$')
_ESCAPED = re.compile(r"\\([0-7]{3}|.)")
_ENTERS = "1"
_INCLUDED = re.compile(r'<([^>]+)>|"([^"]+)"')


class Place(NamedTuple):
    """A line of a file."""

    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


class Directive(NamedTuple):
    """``#define`` (``text`` is all behind the word) or ``#undef`` of a file."""

    word: str
    text: str
    place: Place


class _Run(NamedTuple):
    """Lines of output, from ``first`` on, that come from consecutive lines of one file."""

    first: int
    path: str
    line: int


@dataclass
class Preprocessed:
    """A translation unit's tokens; columns rather than objects, for there are many."""

    texts: list[str] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    """By token, the line of output that it is on."""
    directives: list[Directive] = field(default_factory=list)
    includes: dict[str, dict[str, None]] = field(default_factory=dict)
    """By path, the paths that a file includes, in order."""
    runs: list[_Run] = field(default_factory=list)

    def place(self, token: int) -> Place:
        """Where a token comes from; the last one's place for one that is past the end."""
        if not self.rows:
            return Place("", 0)
        row = self.rows[min(token, len(self.rows) - 1)]
        run = self.runs[bisect_right(self.runs, row, key=lambda run: run.first) - 1]
        return Place(run.path, run.line + row - run.first)


def tokenize(text: str) -> list[str]:
    """C's tokens, without comments and white space."""
    return _TOKEN.findall(text)


def read_output(output: str) -> Preprocessed:
    """Read the output of ``cc -E -dD -dI``."""
    found = Preprocessed(runs=[_Run(0, "", 1)])
    texts, rows = found.texts, found.rows
    inclusions = _Inclusions(found.includes)
    path, start, first = "", 1, 0
    findall = _TOKEN.findall
    for row, line in enumerate(output.split("\n")):
        if line[:1] != "#":
            if line and not line.isspace():
                tokens = findall(line)
                texts += tokens
                rows += [row] * len(tokens)
            continue
        marker = _MARKER.match(line)
        if marker:
            start, path, first = int(marker[1]), _unescaped(marker[2]), row + 1
            found.runs.append(_Run(first, path, start))
            if _ENTERS in marker[3].split():
                inclusions.enter(path)
            continue
        word, _, rest = line[1:].strip().partition(" ")
        rest = rest.strip()
        if word in ("define", "undef"):
            found.directives.append(Directive(word, rest, Place(path, start + row - first)))
        elif word in ("include", "include_next"):
            inclusions.asked(path, rest)
        elif word == "pragma" and re.match(r"pack\b", rest):
            texts.append(f"{PRAGMA} {rest}")
            rows.append(row)
    inclusions.resolve()
    return found


class _Inclusions:
    """Pairs ``#include`` lines with the files that they open.

    A file that guards itself is opened once: later lines have no marker behind
    them, and mean the file that the same name meant before.
    """

    def __init__(self, includes: dict[str, dict[str, None]]) -> None:
        self._includes = includes
        self._asked: list[tuple[str, str, str]] = []
        self._opened: dict[str, str] = {}
        self._waiting = False

    def asked(self, path: str, line: str) -> None:
        """An ``#include`` of ``path``."""
        named = _INCLUDED.match(line)
        self._waiting = named is not None
        if named:
            self._asked.append((path, named[1] or named[2], ""))

    def enter(self, path: str) -> None:
        """A file begins."""
        if self._waiting:  # else it is the preprocessor's own, before the first line
            includer, name, _ = self._asked[-1]
            self._asked[-1] = includer, name, path
            self._opened.setdefault(name, path)
            self._waiting = False

    def resolve(self) -> None:
        """Note all inclusions, in their order."""
        for includer, name, path in self._asked:
            opened = path or self._opened.get(name)
            if opened:
                self._includes.setdefault(includer, {})[opened] = None


def _unescaped(name: str) -> str:
    """A file's name as a marker spells it."""
    if "\\" not in name:
        return name
    return _ESCAPED.sub(lambda m: chr(int(m[1], 8)) if len(m[1]) == 3 else m[1], name)

"""Running gcc, and reading what it answers: macros, errors by line."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path

from .targets import Target

__all__ = [
    "Failure",
    "Macro",
    "Preprocessed",
    "compile_object",
    "includes",
    "preprocess",
    "tags_of",
]

TIMEOUT = 120  # seconds, for a run that takes a fraction of one

_DEBUG = (
    "-g",
    "-gdwarf-4",
    "-fno-eliminate-unused-debug-types",
    "-fno-eliminate-unused-debug-symbols",
)
# Errors are told where a macro is used, not where it was defined.
_ERRORS = ("-fmax-errors=0", "-ftrack-macro-expansion=0", "-fno-diagnostics-show-caret")
_ENVIRONMENT = {**os.environ, "LC_ALL": "C"}


@dataclass(frozen=True)
class Failure:
    """An error of gcc: `line` of the compiled file itself, 0 for one in a header."""

    line: int
    text: str


@dataclass(frozen=True)
class Macro:
    """A macro as it stands at the end: its file is the one that defined it last."""

    name: str
    params: tuple[str, ...] | None
    body: str
    file: str

    @cached_property
    def tokens(self) -> frozenset[str]:
        """The identifiers of its body."""
        return frozenset(_IDENTIFIER.findall(_LITERAL.sub(" ", self.body)))


@dataclass(frozen=True)
class Preprocessed:
    """A header with all that it includes: macros left at its end, and its own text."""

    macros: Mapping[str, Macro]
    text: Mapping[str, str]
    """By file that was read: what it has beside directives, its macros expanded."""

    @cached_property
    def defined(self) -> frozenset[str]:
        """Its macros, but for those that stand for themselves (bool and vector on powerpc)."""
        return frozenset(name for name, macro in self.macros.items() if macro.body != name)

    @cached_property
    def words(self) -> frozenset[str]:
        """All identifiers that appear in it."""
        return frozenset(word for part in self.text.values() for word in _IDENTIFIER.findall(part))

    @cached_property
    def tags(self) -> frozenset[str]:
        """Structs and unions that it defines, as "struct x"."""
        return frozenset(tag for part in self.text.values() for tag in tags_of(part))

    def reach(self, macro: Macro) -> Iterator[Macro]:
        """A macro and all that its expansion can use, in no order."""
        todo, seen = [macro], {macro.name}
        while todo:
            current = todo.pop()
            yield current
            for name in current.tokens:
                if name not in seen and name in self.macros:
                    seen.add(name)
                    todo.append(self.macros[name])


def tags_of(text: str) -> list[str]:
    """Structs and unions that a text seems to define; what it really does, DWARF says."""
    return list(dict.fromkeys(f"{kind} {name}" for kind, name in _TAG.findall(text)))


def includes(names: Sequence[str]) -> str:
    """C that includes these headers; a name that is a directive is taken as it is."""
    return "".join(f"{name}\n" if name[0] == "#" else f"#include <{name}>\n" for name in names)


@cache
def _search(target: Target) -> Sequence[str]:
    """Where to look for headers: gcc's own, and the target's.

    Left to itself, gcc for this machine prefers a cross package's headers for the same target.
    """
    done = subprocess.run(
        [target.gcc, "-print-file-name=include"], capture_output=True, text=True, check=True
    )
    directories = [done.stdout.strip(), *reversed(target.include)]
    return ["-nostdinc", *(part for one in directories for part in ("-isystem", one))]


# Preprocessing

_TAG = re.compile(r"\b(struct|union)\s+(?:__attribute__\s*\(\(.*?\)\)\s*)?([A-Za-z_]\w*)\s*\{")
_IDENTIFIER = re.compile(r"\b[A-Za-z_]\w*")
_LITERAL = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""")
_MARKER = re.compile(r'# \d+ "((?:[^"\\]|\\.)*)"')
_DEFINE = re.compile(r"#define ([A-Za-z_]\w*)(?:\(([^)]*)\))?(?: (.*))?$")
_UNDEF = re.compile(r"#undef ([A-Za-z_]\w*)")


def preprocess(target: Target, names: Sequence[str]) -> Preprocessed | None:
    """Include these headers, the last of them the one in question; None if gcc cannot."""
    done = subprocess.run(
        [target.gcc, "-E", "-dD", "-w", *_search(target), *target.options, "-x", "c", "-"],
        input=includes(names),
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT,
        env=_ENVIRONMENT,
        errors="surrogateescape",
    )
    if done.returncode:
        return None
    macros: dict[str, Macro] = {}
    file = ""
    text: dict[str, list[str]] = {file: []}
    for line in done.stdout.split("\n"):
        if not line.startswith("#"):
            if line:
                text[file].append(line)
        elif marker := _MARKER.match(line):
            file = real_path(marker[1])
            text.setdefault(file, [])
        elif define := _DEFINE.match(line):
            name, params, body = define.groups()
            names_of = None if params is None else tuple(filter(None, re.split(r",\s*", params)))
            macros[name] = Macro(name, names_of, body or "", file)
        elif undef := _UNDEF.match(line):
            macros.pop(undef[1], None)
    return Preprocessed(macros, {path: "\n".join(lines) for path, lines in text.items()})


@lru_cache(maxsize=4096)
def real_path(path: str) -> str:
    """A file's one path: cross compilers find their headers by way of `..`."""
    return os.path.realpath(path) if not path.startswith("<") else path


# Compiling

_FAILURE = re.compile(r"^(.*?):(\d+):\d+: (?:fatal )?error: (.*)$", re.M)


def compile_object(target: Target, source: Path, program: Path, *options: str) -> list[Failure]:
    """Compile `source` with debug information into `program`; what is wrong with it, if not."""
    done = subprocess.run(
        [
            target.gcc,
            *_DEBUG,
            *_ERRORS,
            *_search(target),
            *target.options,
            *options,
            "-c",
            source,
            "-o",
            program,
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT,
        env=_ENVIRONMENT,
        errors="surrogateescape",
    )
    if not done.returncode:
        return []
    failures = [
        Failure(int(line) if file == str(source) else 0, text)
        for file, line, text in _FAILURE.findall(done.stderr)
    ]
    assert failures, f"{target.gcc} exits with {done.returncode}:\n{done.stderr}"
    return failures

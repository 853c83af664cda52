"""The macros of a translation unit: which are defined at its end, and as what.

libclang says where each definition begins; the text is read from the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from uapigen.headers.clang_library import Cursor, library, text
from uapigen.headers.clang_parse import Position, TranslationUnit
from uapigen.headers.files import read_source
from uapigen.headers.macros import MacroDefinition

__all__ = [
    "FIRST_PREPROCESSING",
    "Macros",
    "Preprocessed",
    "definition_at",
    "macros_of",
    "predefined",
    "still_defined",
]

FIRST_PREPROCESSING = 500
"""``CXCursor_FirstPreprocessing``: cursors below are declarations."""
_MACRO_DEFINITION = 501
_INCLUSION_DIRECTIVE = 503

_NAME = re.compile(rb"[A-Za-z_$][\w$]*")
# A line as the preprocessor sees it: comments may hold newlines, and a backslash continues it.
_LOGICAL_LINE = re.compile(
    rb"""(?:[^\n\\/"']+|\\\r?\n|\\.|/\*.*?\*/|//(?:[^\n\\]|\\.)*"""
    rb"""|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|[/"'])*""",
    re.DOTALL,
)
_COMMENT_OR_LITERAL = re.compile(
    rb"""/\*.*?\*/|//[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'""", re.DOTALL
)
_CONTINUATION = re.compile(rb"\\\r?\n")
_PARAMS = re.compile(rb"\(([^)]*)\)")
_UNDEF = re.compile(rb"^[ \t]*#[ \t]*undef[ \t]+([A-Za-z_$][\w$]*)", re.MULTILINE)
_PREFIX = "uapigen_defined_"


@dataclass
class Preprocessed:
    """What the preprocessor met in a translation unit."""

    includes: dict[str, dict[str, None]] = field(default_factory=dict)
    """The files that each file includes."""
    definitions: list[Position] = field(default_factory=list)
    """Where macros are defined."""
    predefined: list[Cursor] = field(default_factory=list)
    """The compiler's own macros, which no file defines."""

    def add(self, cursor: Cursor, unit: TranslationUnit, path_of: Callable[[int], str]) -> bool:
        """Note a cursor of the unit's top level; whether it is the preprocessor's."""
        kind: int = cursor.kind
        if kind == _MACRO_DEFINITION:
            position = unit.position(library().clang_getCursorLocation(cursor))
            if position.file:
                self.definitions.append(position)
            else:
                self.predefined.append(cursor)
        elif kind == _INCLUSION_DIRECTIVE:
            included = library().clang_getIncludedFile(cursor)
            if included:
                file = unit.position(library().clang_getCursorLocation(cursor)).file
                listed = self.includes.setdefault(path_of(file) if file else "", {})
                listed[path_of(included)] = None
        return kind >= FIRST_PREPROCESSING


class Macros(Mapping[str, MacroDefinition]):
    """A translation unit's macros by name; the last definition counts.

    ``positions`` are where definitions begin, in their order; ``path_of`` names a file.
    ``predefined`` has the compiler's own, which can be looked up but are not listed.
    """

    def __init__(
        self,
        positions: Sequence[Position],
        path_of: Callable[[int], str],
        predefined: Callable[[], Mapping[str, MacroDefinition]] = dict,
    ) -> None:
        self._predefined = predefined
        self._path_of = path_of
        self._sources: dict[str, bytes] = {}
        self._positions: dict[str, Position] = {}
        self._definitions: dict[str, MacroDefinition] = {}
        for position in positions:
            found = _NAME.match(self._source(path_of(position.file)), position.offset)
            if found:
                name = found[0].decode()
                self._positions.pop(name, None)  # in the order of what counts
                self._positions[name] = position

    def __getitem__(self, name: str) -> MacroDefinition:
        found = self._definitions.get(name)
        if found is None and name not in self._positions:
            return self._compilers[name]
        if found is None:
            file, offset, line = self._positions[name]
            path = self._path_of(file)
            found = self._definitions[name] = definition_at(self._source(path), offset, path, line)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._positions)

    def __len__(self) -> int:
        return len(self._positions)

    def __contains__(self, name: object) -> bool:
        return name in self._positions or name in self._compilers

    @cached_property
    def _compilers(self) -> Mapping[str, MacroDefinition]:
        return self._predefined()

    def _source(self, path: str) -> bytes:
        source = self._sources.get(path)
        if source is None:
            source = self._sources[path] = read_source(path)
        return source

    def of_files(self, paths: Collection[str]) -> list[str]:
        """Names of those that are defined in these files, in the order of their definitions."""
        path_of = self._path_of
        return [name for name, at in self._positions.items() if path_of(at.file) in paths]

    def perhaps_undefined(self, paths: Iterable[str]) -> list[str]:
        """Names of those that one of these files undefines, unless it defines them after that."""
        found = []
        for path in paths:
            source = self._source(path)
            if b"undef" not in source:
                continue
            for undefined in _UNDEF.finditer(source):
                name = undefined[1].decode()
                at = self._positions.get(name)
                if at and not (self._path_of(at.file) == path and at.offset > undefined.start()):
                    found.append(name)
        return list(dict.fromkeys(found))


def definition_at(source: bytes, offset: int, path: str, line: int) -> MacroDefinition:
    """The macro whose name is at an offset of a file's bytes."""
    whole = _LOGICAL_LINE.match(source, offset)
    assert whole is not None  # it matches the empty text
    plain = _COMMENT_OR_LITERAL.sub(_without_comment, _CONTINUATION.sub(b"", whole[0]))
    name = _NAME.match(plain)
    assert name is not None
    body, params = plain[name.end() :], None
    listed = _PARAMS.match(body)
    if listed:
        body = body[listed.end() :]
        params = tuple(map(_param, listed[1].split(b","))) if listed[1].strip() else ()
    decoded = body.decode("utf-8", "surrogateescape").strip()
    return MacroDefinition(name[0].decode(), params, decoded, path, line)


def _without_comment(found: re.Match[bytes]) -> bytes:
    return b" " if found[0].startswith(b"/") else found[0]


def _param(listed: bytes) -> str:
    """``...`` is ``*__VA_ARGS__``, ``rest...`` is ``*rest``."""
    name = listed.strip().decode()
    if name.endswith("..."):
        return "*" + (name.removesuffix("...").strip() or "__VA_ARGS__")
    return name


def predefined(unit: TranslationUnit, cursors: Sequence[Cursor]) -> dict[str, MacroDefinition]:
    """Macros that no file defines (``__INT_MAX__``): they have no text, but tokens."""
    found = _PREDEFINED.get(unit.arguments)
    if found is not None:
        return found
    found = _PREDEFINED[unit.arguments] = {}
    for cursor in cursors:
        name, *body = unit.tokens(cursor) or [""]
        if name and not library().clang_Cursor_isMacroFunctionLike(cursor):
            found[name] = MacroDefinition(name, None, " ".join(body), "", 0)
    return found


_PREDEFINED: dict[tuple[str, ...], dict[str, MacroDefinition]] = {}
"""By clang's arguments, which say what they are."""


def macros_of(unit: TranslationUnit) -> Macros:
    """All macros of a translation unit, for later than the unit is there."""
    positions: list[Position] = []
    paths: dict[int, str] = {}

    def visit(cursor: Cursor) -> None:
        if cursor.kind == _MACRO_DEFINITION:
            position = unit.position(library().clang_getCursorLocation(cursor))
            if position.file:
                paths.setdefault(position.file, unit.file_name(position.file))
                positions.append(position)

    unit.visit(visit)
    return Macros(positions, paths.__getitem__)


def still_defined(
    names: Sequence[str], path: str, arguments: Sequence[str], before: Sequence[str]
) -> set[str]:
    """Which of these macros are defined once the header has been included."""
    asked = "".join(f"#ifdef {name}\nextern int {_PREFIX}{name};\n#endif\n" for name in names)
    found = set()

    def visit(cursor: Cursor) -> None:
        if cursor.kind < FIRST_PREPROCESSING:
            spelled = text(library().clang_getCursorSpelling(cursor))
            if spelled.startswith(_PREFIX):
                found.add(spelled.removeprefix(_PREFIX))

    with TranslationUnit(path, arguments, before, after=asked, macros=False) as unit:
        unit.visit(visit)
    return found

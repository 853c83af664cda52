"""Inline functions of a translation unit, as text: libclang skips their bodies."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from uapigen.headers.clang_library import Cursor, library, text
from uapigen.headers.clang_parse import TranslationUnit
from uapigen.headers.files import read_source

if TYPE_CHECKING:  # its package is for headers that have something to translate
    from uapigen.headers.expressions import InlineFunction

__all__ = ["InlineFunctions"]

_HEAD = re.compile(rb"\s*(?:__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)\s*)*\{")
_BRACE = re.compile(
    rb"""[{}]|/\*.*?\*/|//[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'""", re.DOTALL
)
_COMMENT = re.compile(rb"/\*.*?\*/|//[^\n]*", re.DOTALL)
_DIRECTIVE = re.compile(rb"^[ \t]*#(?:[^\n\\]|\\.)*", re.MULTILINE | re.DOTALL)


class InlineFunctions(Mapping[str, "InlineFunction"]):
    """Functions by name, read when asked for, as long as the translation unit is there.

    A function whose definition is not in the text as it stands (a macro makes it)
    is not among them. ``path_of`` names a file by libclang's handle.
    """

    def __init__(self, parsed: TranslationUnit, path_of: Callable[[int], str]) -> None:
        self._parsed = parsed
        self._path_of = path_of
        self._lib = library()
        self._cursors: dict[str, Cursor] = {}
        self._found: dict[str, InlineFunction | None] = {}

    def add(self, name: str, cursor: Cursor) -> None:
        """Know a function by its declaration, if that is inline."""
        if self._lib.clang_Cursor_isFunctionInlined(cursor):
            self._cursors[name] = cursor

    def __getitem__(self, name: str) -> InlineFunction:
        if name not in self._found:
            self._found[name] = self._function(name, self._cursors[name])
        found = self._found[name]
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._cursors)

    def __len__(self) -> int:
        return len(self._cursors)

    def _function(self, name: str, cursor: Cursor) -> InlineFunction | None:
        from uapigen.headers.expressions import InlineFunction

        body = self._body(cursor)
        if body is None:
            return None
        lib = self._lib
        arguments = [
            lib.clang_Cursor_getArgument(cursor, index)
            for index in range(lib.clang_Cursor_getNumArguments(cursor))
        ]
        params = tuple(
            (text(lib.clang_getCursorSpelling(argument)), self._spelling(argument))
            for argument in arguments
        )
        returns = text(
            lib.clang_getTypeSpelling(lib.clang_getResultType(lib.clang_getCursorType(cursor)))
        )
        return InlineFunction(name, params, returns, body)

    def _spelling(self, cursor: Cursor) -> str:
        return text(self._lib.clang_getTypeSpelling(self._lib.clang_getCursorType(cursor)))

    def _body(self, cursor: Cursor) -> str | None:
        """The statements, without comments, directives and what the preprocessor skips."""
        lib = self._lib
        end = self._parsed.position(lib.clang_getRangeEnd(lib.clang_getCursorExtent(cursor)))
        source = read_source(self._path_of(end.file))
        head = _HEAD.match(source, end.offset)
        if not head:
            return None
        depth = 1
        for found in _BRACE.finditer(source, head.end()):
            depth += {b"{": 1, b"}": -1}.get(found[0], 0)
            if not depth:
                break
        else:
            return None
        body = bytearray(source[head.end() : found.start()])
        for begin, finish in self._parsed.skipped(end.file):
            if head.end() <= begin <= finish <= found.start():
                length = finish - begin
                body[begin - head.end() : finish - head.end()] = b" " * length
        plain = _DIRECTIVE.sub(b"", _COMMENT.sub(b" ", bytes(body)))
        return plain.decode("utf-8", "surrogateescape").strip()

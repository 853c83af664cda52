"""Parsing one header by libclang: what is included before it, what went wrong, its files.

The header is included by a main file in memory, so that it is an include file
as for any C program (``#pragma once``, ``#include_next``), and so that what it
needs can be included before it as C would.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Sequence
from functools import cache
from types import TracebackType
from typing import NamedTuple

from uapigen.errors import InputError
from uapigen.headers.clang_library import (
    Cursor,
    Location,
    Token,
    UnsavedFile,
    Visitor,
    library,
    text,
)

__all__ = ["Diagnostic", "Position", "TranslationUnit", "as_path", "visit_children"]

_MAIN = "uapigen-translation-unit.c"
"""The main file's name; in the working directory, so that relative paths are as the user meant."""

_DETAILED_PREPROCESSING_RECORD = 0x01
_INCOMPLETE = 0x02
_SKIP_FUNCTION_BODIES = 0x40
_KEEP_GOING = 0x200
_OPTIONS = _INCOMPLETE | _SKIP_FUNCTION_BODIES

_WARNING, _ERROR, _FATAL = 2, 3, 4
_DECLARES_NOTHING = "declaration does not declare anything"
_IGNORED = {
    f"unknown attribute '{name}' ignored": f"libclang does not know the attribute {name}"
    f" (--frontend pycparser leaves out only what has it)"
    for name in ("scalar_storage_order", "__scalar_storage_order__")
}
"""Warnings that are errors here: what GCC lays out otherwise for it."""
_MAX_DIAGNOSTICS = 100
"""Errors looked at; clang stops at twenty unless told otherwise."""


_FAILURES = {2: "libclang crashed, or had no memory left (do its macros expand without end?)"}
"""By ``CXErrorCode``."""


class Diagnostic(NamedTuple):
    """An error, as clang words it."""

    file: str
    line: int
    text: str
    fatal: bool

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}" if self.file else self.text


class Position(NamedTuple):
    """Where a cursor is, after macro expansion."""

    file: int
    """libclang's handle; 0 for none: predefined macros."""
    offset: int
    """In bytes."""
    line: int
    """From 1."""


_new = tuple.__new__
"""For the tens of thousands of positions of a large unit."""


class TranslationUnit:
    """A header, parsed for one target; a context manager that frees libclang's memory.

    ``before`` are headers to be included first, as C includes them (``sys/socket.h``) or by path,
    ``after`` is C that follows. A header that is not included ``direct``ly is so by one of them.
    ``macros`` says whether macro definitions are to be visited, ``keep_going`` whether clang is to
    go on behind what is fatal for the header: a file that is not there.
    Raises :class:`InputError` where clang cannot even begin (a file that cannot be read).
    Errors within the header are in :attr:`diagnostics`.
    """

    def __init__(
        self,
        path: str,
        arguments: Sequence[str],
        before: Sequence[str] = (),
        *,
        direct: bool = True,
        after: str = "",
        macros: bool = True,
        keep_going: bool = False,
    ) -> None:
        self.path = path
        self.arguments = tuple(arguments)
        self.before = tuple(before)
        self.direct = direct
        self._lib = library()
        includes = [*before, as_path(path)] if direct else before
        contents = "".join(f"{include(header)}\n" for header in includes) + after
        options = _OPTIONS | (_DETAILED_PREPROCESSING_RECORD if macros else 0)
        options |= _KEEP_GOING if keep_going else 0
        self._tu = self._parse(contents.encode("utf-8", "surrogateescape"), arguments, options)
        self._file, self._offset = ctypes.c_void_p(), ctypes.c_uint()
        self._line = ctypes.c_uint()
        self._place = (
            ctypes.byref(self._file), ctypes.byref(self._line), None, ctypes.byref(self._offset)
        )  # fmt: skip
        self._names: dict[int, str] = {}
        self.nests_silently = False
        """Whether a struct holds the definition of another one that is no member's type."""
        self.diagnostics = self._collect_diagnostics(_MAX_DIAGNOSTICS + after.count("\n"))

    def _parse(self, contents: bytes, arguments: Sequence[str], options: int) -> ctypes.c_void_p:
        encoded = [argument.encode("utf-8", "surrogateescape") for argument in arguments]
        main = UnsavedFile(_MAIN.encode(), contents, len(contents))
        unit = ctypes.c_void_p()
        error = self._lib.clang_parseTranslationUnit2(
            _index(),
            _MAIN.encode(),
            (ctypes.c_char_p * len(encoded))(*encoded),
            len(encoded),
            ctypes.byref(main),
            1,
            options,
            ctypes.byref(unit),
        )
        if error:
            raise InputError(self.path, "", _FAILURES.get(error, f"libclang's error {error}"))
        return unit

    def __enter__(self) -> TranslationUnit:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free libclang's memory."""
        self._lib.clang_disposeTranslationUnit(self._tu)

    def _collect_diagnostics(self, at_most: int) -> list[Diagnostic]:
        lib = self._lib
        found: list[Diagnostic] = []
        for index in range(lib.clang_getNumDiagnostics(self._tu)):
            if len(found) == at_most:
                break
            diagnostic = lib.clang_getDiagnostic(self._tu, index)
            severity = lib.clang_getDiagnosticSeverity(diagnostic)
            spelling = text(lib.clang_getDiagnosticSpelling(diagnostic))
            if severity == _WARNING and spelling == _DECLARES_NOTHING:
                self.nests_silently = True
            if severity == _WARNING and spelling in _IGNORED:
                severity, spelling = _ERROR, _IGNORED[spelling]
            if severity >= _ERROR:
                location = lib.clang_getDiagnosticLocation(diagnostic)
                file, _, line = self.position(location)
                name = self.file_name(file) if file else ""
                found.append(Diagnostic(name, line, spelling, severity == _FATAL))
            lib.clang_disposeDiagnostic(diagnostic)
        return found

    def position(self, location: Location) -> Position:
        """The position of a location."""
        self._lib.clang_getFileLocation(location, *self._place)
        found = self._file.value or 0, self._offset.value, self._line.value
        return _new(Position, found)

    def file_name(self, file: int) -> str:
        """The path of a file; "" for the main file in memory."""
        name = self._names.get(file)
        if name is None:
            name = os.path.normpath(text(self._lib.clang_getFileName(file)))
            name = self._names[file] = "" if name == _MAIN else name
        return name

    def header_file(self) -> int:
        """libclang's handle of the header itself."""
        found: int = self._lib.clang_getFile(self._tu, os.fsencode(self.path)) or 0
        return found

    def skipped(self, file: int) -> list[tuple[int, int]]:
        """Offsets between which the preprocessor skipped a file's text: behind ``#if 0``, up to
        the name of the directive that ends it."""
        lib = self._lib
        listed = lib.clang_getSkippedRanges(self._tu, file)
        try:
            return [
                (
                    self.position(lib.clang_getRangeStart(listed.contents.ranges[index])).offset,
                    self.position(lib.clang_getRangeEnd(listed.contents.ranges[index])).offset,
                )
                for index in range(listed.contents.count)
            ]
        finally:
            lib.clang_disposeSourceRangeList(listed)

    def tokens(self, cursor: Cursor) -> list[str]:
        """The tokens that a cursor extends over."""
        lib, found, count = self._lib, ctypes.POINTER(Token)(), ctypes.c_uint()
        lib.clang_tokenize(
            self._tu, lib.clang_getCursorExtent(cursor), ctypes.byref(found), ctypes.byref(count)
        )
        try:
            return [
                text(lib.clang_getTokenSpelling(self._tu, found[index]))
                for index in range(count.value)
            ]
        finally:
            lib.clang_disposeTokens(self._tu, found, count)

    def visit(self, visitor: Callable[[Cursor], bool | None]) -> None:
        """Call ``visitor`` for each top-level cursor: macro definitions first, then declarations.

        The walk ends where it returns True, or raises an exception, which is raised here.
        """
        visit_children(self._lib.clang_getTranslationUnitCursor(self._tu), visitor)


def visit_children(parent: Cursor, visitor: Callable[[Cursor], bool | None]) -> None:
    """Call ``visitor`` for each child until it returns True; an exception that it raises is raised
    here."""
    raised: list[BaseException] = []

    def visit(cursor: Cursor, _parent: Cursor, _data: object) -> int:
        try:
            return 0 if visitor(cursor) else 1
        except BaseException as error:  # noqa: BLE001  # C code is between here and the caller
            raised.append(error)
            return 0

    library().clang_visitChildren(parent, Visitor(visit), None)
    if raised:
        raise raised[0]


def as_path(path: str) -> str:
    """The path in a form that :func:`include` takes for one."""
    return path if path.startswith(_PATHS) else f"./{path}"


def include(header: str) -> str:
    """The line that includes a header: by a path that says so (``/``, ``./``, ``../``), else as C
    includes it.

    Raises :class:`InputError` for a name that C cannot include.
    """
    if "\n" in header or '"' in header:
        raise InputError(header, "", "a header's name holds a quotation mark or a line break")
    return f'#include "{header}"' if header.startswith(_PATHS) else f"#include <{header}>"


_PATHS = ("/", "./", "../")


@cache
def _index() -> ctypes.c_void_p:
    """One index for all: it holds nothing but options."""
    return ctypes.c_void_p(library().clang_createIndex(0, 0))

"""The libclang front end: one header, read for one target, as a :class:`Unit`."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import NamedTuple

from uapigen.errors import InputError
from uapigen.headers.clang_library import Cursor, library, text
from uapigen.headers.clang_parse import TranslationUnit
from uapigen.headers.clang_types import (
    ENUM_DECL,
    RECORD_DECLS,
    TYPEDEF_DECL,
    TypeConverter,
    UnsupportedTypeError,
)
from uapigen.headers.files import FileNames, reachable
from uapigen.headers.graph import HeaderGraph
from uapigen.headers.options import HeaderOptions
from uapigen.headers.targets import clang_arguments, include_directories
from uapigen.ir.declarations import HeaderFile, Omission, Unit
from uapigen.ir.graph import SourceInfo
from uapigen.ir.types import Forward, Func, TypeId

__all__ = ["read_header"]

_FUNCTION_DECL, _VAR_DECL = 8, 9
_MACRO_DEFINITION, _INCLUSION_DIRECTIVE = 501, 503
_TAG_DECLS = RECORD_DECLS | {ENUM_DECL}
_INTERNAL_LINKAGE = 2


class _MacroPlace(NamedTuple):
    """Where a macro's definition begins: at its name."""

    file: int
    offset: int


def read_header(path: str, options: HeaderOptions, *, elsewhere: Collection[str] = ()) -> Unit:
    """Read a header for a target.

    ``elsewhere`` are headers that are read as units of their own: what they
    define is not listed here again, but for the types that this header needs.
    Raises :class:`InputError` where the header cannot be parsed, with clang's
    diagnostics as ``file:line: text``.
    """
    arguments = clang_arguments(options, path)
    with TranslationUnit(path, arguments, options.includes) as parsed:
        if parsed.diagnostics:
            raise InputError(path, "", "; ".join(map(str, parsed.diagnostics[:3])))
        return _Reader(parsed, options, elsewhere).unit()


class _Reader:
    """Makes a unit from a translation unit: one walk over its top level."""

    def __init__(
        self, parsed: TranslationUnit, options: HeaderOptions, elsewhere: Collection[str]
    ) -> None:
        self._parsed = parsed
        self._lib = library()
        path = parsed.path
        info = SourceInfo(
            path,
            partial(_sha256, path),
            options.model.big_endian,
            options.model.pointer_size,
            options.model.arch,
        )
        self._graph = HeaderGraph(info)
        self._types = TypeConverter(self._graph, options.model, self._declare)
        self._names = FileNames(
            {path, *elsewhere}, include_directories(options, path), len(options.include_dirs)
        )
        self._elsewhere = {self._names.canonical(other) for other in elsewhere} - {path}
        self._header = parsed.header_file()
        self._includes: dict[int, dict[int, None]] = {}
        self._owned: set[int] | None = None
        self._files: dict[int, HeaderFile] = {}
        self._owners: dict[TypeId, str] = {}
        self._omissions: list[Omission] = []
        self._macros: list[_MacroPlace] = []

    def unit(self) -> Unit:
        self._parsed.visit(self._visit)
        self._types.finish()
        for type_id, problem in self._types.problems.items():
            node = self._graph[type_id]
            assert isinstance(node, Forward)
            header = self._owners.pop(type_id)
            self._omissions.append(Omission(node.name, node.keyword, header, problem))
        for file in list(self._includes):
            self._file(file)
        return Unit(
            graph=self._graph,
            header=self._parsed.path,
            files={file.path: file for file in self._files.values()},
            owners=self._owners,
            omissions=self._omissions,
        )

    # The walk: inclusions and macros come before all declarations

    def _visit(self, cursor: Cursor) -> None:
        kind = cursor.kind
        if kind == _INCLUSION_DIRECTIVE:
            includer = self._parsed.position(self._lib.clang_getCursorLocation(cursor)).file
            included = self._lib.clang_getIncludedFile(cursor)
            if included:
                self._includes.setdefault(includer, {})[included] = None
        elif kind == _MACRO_DEFINITION:
            place = self._parsed.position(self._lib.clang_getCursorLocation(cursor))
            if place.file:
                self._macros.append(_MacroPlace(*place))
        elif kind < 500 and self._is_owned(cursor):
            self._declaration(cursor)

    def _is_owned(self, cursor: Cursor) -> bool:
        if self._owned is None:
            own = reachable(self._header, self._includes)
            self._owned = {file for file in own if self._is_own_file(file)}
        position = self._parsed.position(self._lib.clang_getCursorLocation(cursor))
        return position.file in self._owned

    def _is_own_file(self, file: int) -> bool:
        found = self._file(file)
        return not found.system and found.path not in self._elsewhere

    def _declaration(self, cursor: Cursor) -> None:
        lib, kind = self._lib, cursor.kind
        try:
            if kind in _TAG_DECLS:
                if lib.clang_isCursorDefinition(cursor):
                    self._types.type_id(lib.clang_getCursorType(cursor))
            elif kind == TYPEDEF_DECL:
                self._types.typedef(cursor)
            elif kind == _FUNCTION_DECL:
                self._function(cursor)
            elif kind == _VAR_DECL:
                self._omit(
                    cursor, "variable", "a variable is part of a program, not of its headers"
                )
        except UnsupportedTypeError as error:
            self._omit(cursor, _KINDS[kind], str(error))

    def _function(self, cursor: Cursor) -> None:
        lib = self._lib
        name = text(lib.clang_getCursorSpelling(cursor))
        count = lib.clang_Cursor_getNumArguments(cursor)
        names = tuple(
            text(lib.clang_getCursorSpelling(lib.clang_Cursor_getArgument(cursor, index)))
            for index in range(count)
        )
        static = lib.clang_getCursorLinkage(cursor) == _INTERNAL_LINKAGE
        proto = self._types.prototype(lib.clang_getCursorType(cursor), names)
        found = self._graph.add(Func(name, proto, "static" if static else "extern"))
        self._owners.setdefault(found, self._owner(cursor))

    def _omit(self, cursor: Cursor, kind: str, reason: str) -> None:
        name = text(self._lib.clang_getCursorSpelling(cursor))
        self._omissions.append(Omission(name, kind, self._owner(cursor), reason))

    # Files

    def _declare(self, type_id: TypeId, cursor: Cursor) -> None:
        self._owners[type_id] = self._owner(cursor)

    def _owner(self, cursor: Cursor) -> str:
        file = self._parsed.position(self._lib.clang_getCursorLocation(cursor)).file
        return self._file(file).path

    def _file(self, file: int) -> HeaderFile:
        found = self._files.get(file)
        if found is None:
            names, path = self._names, self._parsed.file_name(file)
            found = self._files[file] = HeaderFile(
                names.canonical(path),
                names.module(path),
                tuple(
                    names.canonical(self._parsed.file_name(included))
                    for included in self._includes.get(file, ())
                ),
                names.system(path),
            )
        return found


_KINDS = {2: "struct", 3: "union", ENUM_DECL: "enum", TYPEDEF_DECL: "typedef"} | {
    _FUNCTION_DECL: "function",
    _VAR_DECL: "variable",
}


def _sha256(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()

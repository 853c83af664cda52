"""The libclang front end: one header, read for one target, as a :class:`Unit`."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property, partial

from uapigen.errors import SystemRefusalError
from uapigen.headers.bounds import INSTALLED, in_bounds
from uapigen.headers.clang_functions import InlineFunctions
from uapigen.headers.clang_library import Cursor, library, text
from uapigen.headers.clang_macros import FIRST_PREPROCESSING, Macros, Preprocessed, predefined
from uapigen.headers.clang_parse import TranslationUnit, include, visit_children
from uapigen.headers.clang_types import (
    ENUM_DECL,
    STRUCT_DECL,
    TYPEDEF_DECL,
    UNION_DECL,
    TypeConverter,
    UnsupportedTypeError,
)
from uapigen.headers.clang_values import add_functions, add_macros
from uapigen.headers.comments import add_comments
from uapigen.headers.files import FileNames, reachable
from uapigen.headers.options import HeaderOptions
from uapigen.headers.prerequisites import parse
from uapigen.headers.targets import clang_arguments, included_first
from uapigen.ir.declarations import HeaderFile, Omission, Unit
from uapigen.ir.graph import SourceInfo
from uapigen.ir.list_graph import ListGraph
from uapigen.ir.types import Enum, Forward, Func, TypeId

__all__ = ["UnitReader", "read_header", "read_unbounded"]

_FUNCTION_DECL, _VAR_DECL = 8, 9
_KINDS = {
    STRUCT_DECL: "struct",
    UNION_DECL: "union",
    ENUM_DECL: "enum",
    TYPEDEF_DECL: "typedef",
    _FUNCTION_DECL: "function",
    _VAR_DECL: "variable",
}
_NAMED_BY_MACROS = frozenset(_KINDS) - {_VAR_DECL}
_NAME = re.compile(r"[A-Za-z_]\w*")
_TAGS = frozenset({STRUCT_DECL, UNION_DECL, ENUM_DECL})
_INTERNAL_LINKAGE = 2


def read_header(path: str, options: HeaderOptions, names: FileNames | None = None) -> Unit:
    """Read a header for a target.

    ``names`` knows all headers of the run, where this is one of several: what
    another one of them defines is listed in that one's unit, and here only as
    far as this header needs it. Raises :class:`InputError` where the header
    cannot be parsed, with clang's diagnostics as ``file:line: text``.
    """
    if not os.access(path, os.R_OK):
        problem = "cannot be read" if os.path.exists(path) else "no such file"
        raise SystemRefusalError(f"{path}: {problem}")
    library()  # its absence is no fault of the header
    read = partial(read_unbounded, path, options, names or FileNames([path], options))
    if os.path.realpath(path).startswith(INSTALLED):
        return read()
    return in_bounds(path, read)


def read_unbounded(
    path: str,
    options: HeaderOptions,
    names: FileNames,
    *,
    known: Collection[str] = (),
    comments: bool = True,
    inline: bool = True,
    types: bool = True,
) -> Unit:
    """As :func:`read_header`, at whatever cost; ``known`` macros are not looked at, ``inline``
    functions on demand. Without ``types``, there are constants only."""
    arguments = clang_arguments(options, path)
    with parse(path, arguments, included_first(options)) as parsed:
        reader = UnitReader(parsed, options, names)
        if not types:
            unit = reader.without_types()
            add_macros(unit, parsed, reader.macros, reader.owned, arguments, known)
            return unit
        unit = reader.unit()
        unit.prerequisites = parsed.before[len(options.includes) :]
        functions, context = add_macros(unit, parsed, reader.macros, reader.owned, arguments, known)
        if context and not _has_arguments(unit):
            unit = _behind(unit, parsed, context, arguments, options, names)
        behind = partial(_unit_behind, parsed, arguments=arguments, options=options, names=names)
        add_functions(
            unit,
            parsed,
            functions,
            reader.macros,
            reader.functions,
            arguments,
            options.model,
            behind,
            inline=inline,
        )
    if comments:
        add_comments(unit, reader.owned)
    return unit


_TAGGED = re.compile(r"\b(?:struct|union|enum) (\w+)")


def _has_arguments(unit: Unit) -> bool:
    """Whether all types that ioctl numbers are made for are there."""
    spellings = unit.ioctl_arguments.values()
    return all(unit.graph.ids_named(name) for s in spellings for name in _TAGGED.findall(s))


def _behind(
    unit: Unit,
    parsed: TranslationUnit,
    context: Sequence[str],
    arguments: Sequence[str],
    options: HeaderOptions,
    names: FileNames,
) -> Unit:
    """The unit with types that its macros name, and its users are expected to have included."""
    types = _unit_behind(parsed, context, arguments=arguments, options=options, names=names)
    if types is None:
        return unit
    return replace(unit, graph=types.graph, files=types.files, owners=types.owners)


def _unit_behind(
    parsed: TranslationUnit,
    context: Sequence[str],
    *,
    arguments: Sequence[str],
    options: HeaderOptions,
    names: FileNames,
) -> Unit | None:
    """The header's types, and what its macros name of these headers behind it; None if that
    cannot be."""
    after = "".join(f"{include(header)}\n" for header in context)
    with TranslationUnit(
        parsed.path, arguments, parsed.before, direct=parsed.direct, after=after
    ) as richer:
        return None if richer.diagnostics else UnitReader(richer, options, names).unit()


class UnitReader:
    """Makes a unit from a translation unit: one walk over its top level."""

    def __init__(
        self,
        parsed: TranslationUnit,
        options: HeaderOptions,
        names: FileNames,
        headers: Sequence[str] = (),
    ) -> None:
        self._parsed = parsed
        self._names = names
        self._lib = library()
        self._header = names.canonical(parsed.path)
        self._headers = frozenset(map(names.canonical, headers)) or {self._header}
        """Those whose unit it is: what they define is its."""
        info = SourceInfo(
            parsed.path,
            partial(_sha256, parsed.path),
            options.model.big_endian,
            options.model.pointer_size,
            options.model.arch,
        )
        self._graph = ListGraph(info)
        self._types = TypeConverter(self._graph, options.model, self._declare)
        self._types.look_inside = parsed.nests_silently
        self._paths: dict[int, str] = {}
        self.preprocessed = Preprocessed()
        """May be set to what is known already."""
        self.declared: set[str] | None = None
        """If it is a set, it gets the names of all types, enumerators, functions and variables."""
        self._scanned = False
        self._owners: dict[TypeId, str] = {}
        self._omissions: list[Omission] = []
        self.functions = InlineFunctions(parsed, self.path_of)

    def unit(self) -> Unit:
        """The unit, without its macros."""
        self._scanned = bool(self.preprocessed.predefined)
        self._parsed.visit(self._visit)
        self._types.finish()
        if self.declared is not None:
            for type_id in self._graph.ids_of(Enum):
                node = self._graph[type_id]
                assert isinstance(node, Enum)
                self.declared.update(name for name, _ in node.enumerators)
        for type_id, problem in self._types.problems.items():
            node = self._graph[type_id]
            assert isinstance(node, Forward)
            header = self._owners.pop(type_id)
            self._omissions.append(Omission(node.name, node.keyword, header, problem))
        paths = {self._header: None} | self.preprocessed.includes
        for included in self.preprocessed.includes.values():
            paths |= included
        return Unit(
            graph=self._graph,
            header=self._header,
            files={path: self._header_file(path) for path in paths if path},
            owners=self._owners,
            omissions=self._omissions,
        )

    def without_types(self) -> Unit:
        """The unit with neither types nor macros; the latter are known then."""
        self._parsed.visit(
            lambda cursor: not self.preprocessed.add(cursor, self._parsed, self.path_of)
        )
        return Unit(graph=self._graph, header=self._header, files={}, owners={}, omissions=[])

    @cached_property
    def owned(self) -> set[str]:
        """Files whose declarations are the unit's; known when all inclusions are."""
        return {
            path
            for header in self._headers
            for path in reachable(header, self.preprocessed.includes)
            if path in self._headers or not self._names.elsewhere(path)
        }

    @cached_property
    def macros(self) -> Macros:
        own = partial(predefined, self._parsed, self.preprocessed.predefined)
        return Macros(self.preprocessed.definitions, self.path_of, own)

    # The walk: inclusions and macros come before all declarations

    def _visit(self, cursor: Cursor) -> None:
        kind = cursor.kind
        if kind >= FIRST_PREPROCESSING:
            if not self._scanned:
                self.preprocessed.add(cursor, self._parsed, self.path_of)
            return
        own = self._owner(cursor) in self.owned
        if self.declared is not None:
            self._list(cursor, own)
        if own:
            self._declaration(cursor)
        elif kind in _NAMED_BY_MACROS:
            self._elsewhere(cursor)

    def _list(self, cursor: Cursor, own: bool) -> None:
        assert self.declared is not None
        self.declared.add(text(self._lib.clang_getCursorSpelling(cursor)))
        if cursor.kind == ENUM_DECL and not own:  # those of its own are in the graph
            visit_children(cursor, lambda inside: self._list(inside, own))

    def _declaration(self, cursor: Cursor) -> None:
        lib, kind = self._lib, cursor.kind
        try:
            if kind in _TAGS:
                if lib.clang_isCursorDefinition(cursor):
                    self._types.type_id(lib.clang_getCursorType(cursor))
            elif kind == TYPEDEF_DECL:
                self._types.typedef(cursor)
            elif kind == _FUNCTION_DECL:
                self._function(cursor)
            elif kind == _VAR_DECL:
                self._omit(cursor, "a variable is part of a program, not of its headers")
        except UnsupportedTypeError as error:
            self._omit(cursor, str(error))

    def _elsewhere(self, cursor: Cursor) -> None:
        """Convert what other files define if the unit's macros name it; know their functions."""
        name = text(self._lib.clang_getCursorSpelling(cursor))
        if cursor.kind == _FUNCTION_DECL:
            self.functions.add(name, cursor)
        elif name in self._named:
            with suppress(UnsupportedTypeError):  # then a macro that needs it says so
                self._types.type_id(self._lib.clang_getCursorType(cursor))

    @cached_property
    def _named(self) -> set[str]:
        """Names that the unit's macros use, or other macros for them."""
        found: set[str] = set()
        listed = set(self.macros)
        todo = self.macros.of_files(self.owned)
        while todo:
            new = set(_NAME.findall(self.macros[todo.pop()].body)) - found
            found |= new
            todo += new & listed
        return found

    def _function(self, cursor: Cursor) -> None:
        lib = self._lib
        name = text(lib.clang_getCursorSpelling(cursor))
        params = tuple(
            text(lib.clang_getCursorSpelling(lib.clang_Cursor_getArgument(cursor, index)))
            for index in range(lib.clang_Cursor_getNumArguments(cursor))
        )
        proto = self._types.prototype(lib.clang_getCursorType(cursor), params)
        static = lib.clang_getCursorLinkage(cursor) == _INTERNAL_LINKAGE
        found = self._graph.add(Func(name, proto, "static" if static else "extern"))
        self._owners.setdefault(found, self._owner(cursor))
        self.functions.add(name, cursor)

    def _omit(self, cursor: Cursor, reason: str) -> None:
        name = text(self._lib.clang_getCursorSpelling(cursor))
        self._omissions.append(Omission(name, _KINDS[cursor.kind], self._owner(cursor), reason))

    # Files

    def _declare(self, type_id: TypeId, cursor: Cursor) -> None:
        self._owners[type_id] = self._owner(cursor)

    def _owner(self, cursor: Cursor) -> str:
        """The path of the file that a cursor is in."""
        return self.path_of(self._parsed.position(self._lib.clang_getCursorLocation(cursor)).file)

    def path_of(self, file: int) -> str:
        """The canonical path of a file by libclang's handle; "" for the main file in memory."""
        path = self._paths.get(file)
        if path is None:
            name = self._parsed.file_name(file) if file else ""
            path = self._paths[file] = self._names.canonical(name) if name else ""
        return path

    def _header_file(self, path: str) -> HeaderFile:
        names = self._names
        includes = tuple(self.preprocessed.includes.get(path, ()))
        return HeaderFile(path, names.module(path), includes, names.system(path))


def _sha256(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()

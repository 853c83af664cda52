"""The pycparser front end: one header, read for one target without libclang, as a :class:`Unit`.

A preprocessor expands it (``pycparser_cpp.py``), its declarations are cut apart and
those chosen that it needs (``pycparser_declarations.py``), rewritten as plain C
(``pycparser_rewrite.py``), parsed by pycparser, and converted (``pycparser_types.py``).
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from functools import cache, partial

from pycparser import c_ast, c_parser

from uapigen.errors import InputError, SystemRefusalError
from uapigen.headers.files import FileNames, reachable
from uapigen.headers.graph import HeaderGraph
from uapigen.headers.options import HeaderOptions
from uapigen.headers.pycparser_cpp import Preprocessor
from uapigen.headers.pycparser_declarations import External, needed, split
from uapigen.headers.pycparser_macros import Evaluation, InlineFunction, final_macros
from uapigen.headers.pycparser_rewrite import PRELUDE, Declaration, MalformedError, Rewriter
from uapigen.headers.pycparser_scope import UnsupportedError
from uapigen.headers.pycparser_tokens import PRAGMA, Preprocessed
from uapigen.headers.pycparser_types import Converter
from uapigen.ir.declarations import HeaderFile, Omission, Unit
from uapigen.ir.graph import SourceInfo
from uapigen.ir.types import Forward, Func, TypeId

__all__ = ["read_header"]

_ERROR_LINE = re.compile(r"[^:]*:(\d+)(?::\d+)?: (.*)", re.DOTALL)


@cache
def _parser() -> c_parser.CParser:
    return c_parser.CParser()


def read_header(path: str, options: HeaderOptions, names: FileNames | None = None) -> Unit:
    """Read a header for a target.

    ``names`` knows all headers of the run, where this is one of several: what
    another one of them defines is listed in that one's unit, and here only as
    far as this header needs it. Raises :class:`InputError` where the header
    cannot be preprocessed or parsed, as ``file:line: text``.
    """
    if not os.access(path, os.R_OK):
        problem = "cannot be read" if os.path.exists(path) else "no such file"
        raise SystemRefusalError(f"{path}: {problem}")
    names = names or FileNames([path], options)
    output = Preprocessor(options).run(path)
    return _Reader(path, output, options, names).unit()


class _Reader:
    """Makes a unit of a preprocessed header."""

    def __init__(
        self, path: str, output: Preprocessed, options: HeaderOptions, names: FileNames
    ) -> None:
        self._path = path
        self._output = output
        self._names = names
        self._header = names.canonical(path)
        self._canonical: dict[str, str] = {}
        info = SourceInfo(
            path,
            partial(_sha256, path),
            options.model.big_endian,
            options.model.pointer_size,
            options.model.arch,
        )
        self._graph = HeaderGraph(info)
        self._rewriter = Rewriter(output.texts)
        self._types = Converter(self._graph, options.model, self._rewriter, self._own)
        self._owners: dict[TypeId, str] = {}
        self._omissions: list[Omission] = []
        self._inline: list[InlineFunction] = []
        self._includes = {
            self._file(includer): {self._file(path): None for path in included}
            for includer, included in output.includes.items()
        }
        self._owned = {
            path
            for path in reachable(self._header, self._includes)
            if path == self._header or not (names.system(path) or names.given(path))
        }

    def unit(self) -> Unit:
        self._declarations()
        self._problems()
        unit = Unit(
            graph=self._graph,
            header=self._header,
            files=self._files(),
            owners=self._owners,
            omissions=self._omissions,
        )
        macros = final_macros(self._output.directives, self._file)
        evaluation = Evaluation(macros, self._types.scope)
        evaluation.macros_of(self._owned)
        for function in self._inline:
            evaluation.inline(function)
        unit.constants += evaluation.constants
        unit.macros += evaluation.functions
        unit.omissions += evaluation.omissions
        return unit

    # Declarations

    def _declarations(self) -> None:
        texts = self._output.texts
        try:
            externals = needed(texts, split(texts), self._is_owned)
        except MalformedError as error:
            raise self._error(error.token, str(error)) from None
        batch: list[tuple[External, Declaration]] = []
        for external in externals:
            if texts[external.start].startswith(PRAGMA):
                self._rewriter.pragma(texts[external.start])
                continue
            try:
                batch.append((external, self._rewriter.rewrite(external.start, external.end)))
            except MalformedError as error:
                raise self._error(error.token, str(error)) from None
        nodes = self._parsed([declaration for _, declaration in batch])
        for external, declaration in batch:
            for declared in declaration.declared:
                node = next(nodes)
                try:
                    self._declare(node, declaration, declared, external)
                except UnsupportedError as error:
                    self._omit(node, external, str(error))

    def _is_owned(self, external: External) -> bool:
        return self._file(self._output.place(external.start).path) in self._owned

    def _parsed(self, declarations: Sequence[Declaration]) -> Iterator[c_ast.Node]:
        """pycparser's nodes of the declarations; one token a line, so that errors tell theirs."""
        tokens = [token for declaration in declarations for token in declaration.text]
        before = PRELUDE.count("\n")
        try:
            tree = _parser().parse(PRELUDE + "\n".join(tokens), self._path)
        except c_parser.ParseError as error:
            origins = [origin for declaration in declarations for origin in declaration.origins]
            told = _ERROR_LINE.match(str(error))
            if told is None:
                raise InputError(self._path, "", str(error)) from None
            index = min(max(int(told[1]) - 1 - before, 0), len(origins) - 1)
            raise self._error(origins[index], told[2]) from None
        return iter(tree.ext[before:])

    def _declare(
        self, node: c_ast.Node, declaration: Declaration, declared: object, external: External
    ) -> None:
        types = self._types
        owned = self._is_owned(external)
        if isinstance(node, c_ast.Typedef):
            found = types.typedef(node, declared)  # type: ignore[arg-type]
            self._own(found, external.start)
            return
        assert isinstance(node, c_ast.Decl)
        if isinstance(node.type, c_ast.FuncDecl):
            if owned:
                proto = types.prototype(node.type)
                static = "static" in node.storage
                self._own(
                    self._graph.add(Func(node.name, proto, "static" if static else "extern")),
                    external.start,
                )
            return
        types.type_id(node.type)
        if node.name and owned:
            self._omit(node, external, "a variable is part of a program, not of its headers")

    def _omit(self, node: c_ast.Node, external: External, reason: str) -> None:
        if not self._is_owned(external):
            return
        kind = "variable"
        if isinstance(node, c_ast.Typedef):
            kind = "typedef"
        elif isinstance(node, c_ast.Decl) and isinstance(node.type, c_ast.FuncDecl):
            kind = "function"
        header = self._file(self._output.place(external.start).path)
        self._omissions.append(Omission(node.name or "", kind, header, reason))

    def _problems(self) -> None:
        for type_id, problem in self._types.problems.items():
            node = self._graph[type_id]
            assert isinstance(node, Forward)
            header = self._owners.pop(type_id)
            if header in self._owned:
                self._omissions.append(Omission(node.name, node.keyword, header, problem))

    def _error(self, token: int, problem: str) -> InputError:
        path, line = self._output.place(token)
        return InputError(path or self._path, f"line {line}", problem)

    # Files

    def _own(self, type_id: TypeId, token: int) -> None:
        self._owners.setdefault(type_id, self._file(self._output.place(token).path))

    def _file(self, path: str) -> str:
        """The canonical path of a file by its name in a line marker; "" for none."""
        found = self._canonical.get(path)
        if found is None:
            real = path and not path.startswith("<")
            found = self._canonical[path] = self._names.canonical(path) if real else ""
        return found

    def _files(self) -> dict[str, HeaderFile]:
        paths = {self._header: None}
        for includer, included in self._includes.items():
            paths |= {includer: None} | included
        names = self._names
        return {
            path: HeaderFile(
                path, names.module(path), tuple(self._includes.get(path, ())), names.system(path)
            )
            for path in paths
            if path
        }


def _sha256(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()

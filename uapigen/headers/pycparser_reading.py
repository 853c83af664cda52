"""One preprocessed header, read: its types in a graph, its macros, what it lacks."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, TypeAlias

from pycparser import c_ast

from uapigen.errors import InputError
from uapigen.headers.context import Need
from uapigen.headers.files import FileNames, reachable
from uapigen.headers.macros import MacroDefinition
from uapigen.headers.options import HeaderOptions
from uapigen.headers.pycparser_declarations import External, needed, split
from uapigen.headers.pycparser_macros import final_macros, names_used
from uapigen.headers.pycparser_parsing import (
    RefusedError,
    is_name,
    parse_declarations,
    unknown_names,
    used_types,
)
from uapigen.headers.pycparser_rewrite import Declaration, Declared, MalformedError, Rewriter
from uapigen.headers.pycparser_scope import (
    C_WORDS,
    ConflictError,
    Scope,
    UndeclaredError,
    UnsupportedError,
)
from uapigen.headers.pycparser_tokens import PRAGMA, Preprocessed
from uapigen.headers.pycparser_types import Converter, is_definition
from uapigen.ir.declarations import HeaderFile, Omission
from uapigen.ir.graph import SourceInfo
from uapigen.ir.list_graph import ListGraph
from uapigen.ir.types import Forward, Func, TypeId

if TYPE_CHECKING:
    from uapigen.headers.expressions import InlineFunction

__all__ = ["LackError", "Reading"]

_MAX_FAILURES = 20
"""Declarations that pycparser may refuse before the whole header counts as refused."""
_Rewritten: TypeAlias = tuple[External, Declaration]


def _kind(node: c_ast.Node) -> str:
    """What an omission calls a declaration."""
    if isinstance(node, c_ast.Typedef):
        return "typedef"
    return "function" if isinstance(node.type, c_ast.FuncDecl) else "variable"


def _kind_of_text(text: Sequence[str]) -> str:
    if "typedef" in text:
        return "typedef"
    for keyword in ("struct", "union", "enum"):
        if text[0] == keyword and text[-2:] == ["}", ";"]:
            return keyword
    return "function" if "(" in text else "variable"


class LackError(InputError):
    """The header uses something that is not declared."""

    def __init__(self, path: str, line: int, cause: UndeclaredError) -> None:
        super().__init__(path, f"line {line}", str(cause))
        self.need = Need(cause.tag, cause.name)


class Reading:
    """A header as it has been preprocessed, converted when it is made.

    ``only`` names macros, for whose sake alone it is read: declarations are then converted as far
    as these use them. ``also`` names declarations (tags as ``struct foo``) that are wanted, too.
    Raises :class:`InputError` for text that is no declarations at all.
    """

    def __init__(
        self,
        path: str,
        output: Preprocessed,
        options: HeaderOptions,
        names: FileNames,
        only: Collection[str] | None = None,
        also: Collection[str] = (),
    ) -> None:
        self.path = path
        self.header = names.canonical(path)
        self.lacks: list[LackError] = []
        self.conflicts: list[InputError] = []
        """Where something is declared a second time, and differently."""
        self.omissions: list[Omission] = []
        self.owners: dict[TypeId, str] = {}
        self.inline: list[tuple[str, str]] = []
        """The header's own functions that have a body, and the files that define them."""
        self._output = output
        self._tokens: dict[TypeId, int] = {}
        self._options = options
        self._names = names
        self._canonical: dict[str, str] = {}
        info = SourceInfo(
            path,
            partial(_sha256, path),
            options.model.big_endian,
            options.model.pointer_size,
            options.model.arch,
        )
        self.graph = ListGraph(info)
        self._rewriter = Rewriter(output.texts)
        self._types = Converter(self.graph, options.model, self._rewriter, self._own)
        self._includes = {
            self._file(includer): {self._file(path): None for path in included}
            for includer, included in output.includes.items()
            if self._file(includer)
        }
        self.owned = {
            path
            for path in reachable(self.header, self._includes)
            if path == self.header or not names.elsewhere(path)
        }
        self._declarations(only, also)
        self._problems()

    @property
    def scope(self) -> Scope:
        return self._types.scope

    @cached_property
    def macros(self) -> dict[str, MacroDefinition]:
        """All macros that are defined at the end."""
        return final_macros(self._output.directives, self._file)

    # Declarations

    @cached_property
    def _externals(self) -> list[External]:
        return split(self._output.texts)

    def declares(self, needs: Iterable[Need]) -> bool:
        """Whether one of these is declared in one of the files."""
        asked = set(map(str, needs))
        return any(not asked.isdisjoint(external.declares) for external in self._externals)

    def type_spelling(self, tokens: Sequence[str]) -> str:
        """The type that tokens name, as C spells it; empty for what is no type here."""
        first = tokens[0] if tokens else ""
        if not (first in C_WORDS or first in self.scope.typedefs):
            return ""
        if any(" " not in name for name in self.lacking(tokens)):
            return ""  # a tag need not be defined
        try:
            return self.scope.spell(self._types.type_name(tokens))
        except (UnsupportedError, MalformedError):
            return ""

    def tag_spelling(self, tokens: Sequence[str]) -> str:
        """The type whose tag the only token is; empty for none."""
        if len(tokens) == 1:
            for keyword in ("struct", "union", "enum"):
                if self.scope.is_complete(keyword, tokens[0]):
                    return f"{keyword} {tokens[0]}"
        return ""

    def lacking(self, tokens: Sequence[str]) -> list[str]:
        """Types among tokens that are not in the graph: names, and tags as ``struct foo``."""
        found = []
        before = ""
        for text in tokens:
            if before in ("struct", "union", "enum"):
                if not self.scope.is_complete(before, text):
                    found.append(f"{before} {text}")
            elif is_name(text) and not self.scope.knows(text):
                found.append(text)
            before = text
        return found

    def for_macros(self, only: Collection[str]) -> Reading:
        """The same text, read for the sake of some macros."""
        return Reading(self.path, self._output, self._options, self._names, only)

    def _declarations(self, only: Collection[str] | None, also: Collection[str]) -> None:
        texts = self._output.texts
        wanted = self._is_owned if only is None else lambda _external: False
        try:
            names = [*names_used(self.macros, only or ()), *also]
            externals = needed(texts, self._externals, wanted, names)
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
        for external, declaration in batch:
            for token in used_types(declaration.text):
                if declaration.text[token] not in self._typedefs:
                    place = External(declaration.origins[token], external.end, [])
                    self._fail(UndeclaredError("", declaration.text[token]), place, "", "")
        if self.lacks:
            return  # it has to be read again, behind what it lacks
        for (external, declaration), nodes in self._parsed(batch):
            if len(nodes) != len(declaration.declared):
                raise self._error(external.start, "pycparser sees another number of declarations")
            for node, declared in zip(nodes, declaration.declared, strict=True):
                try:
                    self._declare(node, declared, external)
                except UnsupportedError as error:
                    self._fail(error, external, _kind(node), node.name or "")

    def _is_owned(self, external: External) -> bool:
        return self._file(self._output.place(external.start).path) in self.owned

    def _parsed(self, batch: list[_Rewritten]) -> Iterator[tuple[_Rewritten, list[c_ast.Node]]]:
        """Parse declarations together; one that pycparser refuses is left out and noted."""
        failures = 0
        while True:
            try:
                nodes = parse_declarations([declaration for _, declaration in batch])
                break
            except RefusedError as error:
                external, declaration = batch.pop(error.index)
                origin = declaration.origins[max(error.token, 0)]
                failures += 1
                if failures > _MAX_FAILURES:
                    raise self._error(origin, error.problem) from None
                cause = self._undeclared(declaration, error.token) or UnsupportedError(
                    f"pycparser cannot parse it: {error.problem}"
                )
                name = external.declares[-1] if external.declares else ""
                at = External(origin, external.end, external.declares)
                self._fail(cause, at, _kind_of_text(declaration.text), name.rpartition(" ")[2])
        for rewritten in batch:
            count = len(rewritten[1].declared)
            yield rewritten, nodes[:count]
            del nodes[:count]

    def _undeclared(self, declaration: Declaration, token: int) -> UndeclaredError | None:
        """The unknown type's name at which, or behind which, pycparser stopped."""
        names = unknown_names(declaration.text, token)
        return next((UndeclaredError("", n) for n in names if n not in self._typedefs), None)

    @cached_property
    def _typedefs(self) -> set[str]:
        """Names that typedefs declare, and a few more."""
        texts = self._output.texts
        return {
            name
            for external in self._externals
            if "typedef" in texts[external.start : external.start + 3]
            for name in external.declares
        }

    def _declare(
        self,
        node: c_ast.Node,
        declared: Declared,
        external: External,
    ) -> None:
        types = self._types
        owned = self._is_owned(external)
        if isinstance(node, c_ast.Typedef):
            self._own(types.typedef(node, declared), external.start)
            return
        assert isinstance(node, c_ast.Decl)
        if isinstance(node.type, c_ast.FuncDecl):
            if owned:
                self._function(node, external)
            return
        if node.name is None and not is_definition(node.type):
            return  # struct foo;
        types.type_id(node.type)
        if node.name and owned:
            problem = "a variable is part of a program, not of its headers"
            self._fail(UnsupportedError(problem), external, "variable", node.name)

    def _function(self, node: c_ast.Decl, external: External) -> None:
        proto = self._types.prototype(node.type)
        linkage = "static" if "static" in node.storage else "extern"
        found = self.graph.add(Func(node.name, proto, linkage))
        self._own(found, external.start)
        if external.body:
            self.inline.append((node.name, self.owners[found]))

    def functions(self) -> Mapping[str, InlineFunction]:
        """All functions that have a body."""
        from uapigen.headers.pycparser_functions import InlineFunctions

        return InlineFunctions(self._output.texts, self._externals)

    def _fail(self, error: Exception, external: External, kind: str, name: str) -> None:
        """Note a declaration that cannot be had, if it is the header's own."""
        place = self._output.place(external.start)
        if isinstance(error, ConflictError):
            self.conflicts.append(self._error(external.start, str(error)))
        if self._file(place.path) not in self.owned:
            return
        if isinstance(error, UndeclaredError):
            self.lacks.append(LackError(*place, error))
        else:
            self.omissions.append(Omission(name, kind, self._file(place.path), str(error)))

    def _problems(self) -> None:
        for type_id, error in self._types.problems.items():
            node = self.graph[type_id]
            assert isinstance(node, Forward)
            header = self.owners.pop(type_id)
            if isinstance(error, ConflictError):
                self.conflicts.append(self._error(self._tokens[type_id], str(error)))
            if header not in self.owned:
                continue
            if isinstance(error, UndeclaredError):
                place = self._output.place(self._tokens[type_id])
                self.lacks.append(LackError(*place, error))
                continue
            problem = error.problem if isinstance(error, InputError) else str(error)
            self.omissions.append(Omission(node.name, node.keyword, header, problem))

    def _error(self, token: int, problem: str) -> InputError:
        path, line = self._output.place(token)
        return InputError(path or self.path, f"line {line}", problem)

    # Files

    def _own(self, type_id: TypeId, token: int) -> None:
        self._tokens.setdefault(type_id, token)
        self.owners.setdefault(type_id, self._file(self._output.place(token).path))

    def _file(self, path: str) -> str:
        """The canonical path of a file by its name in a line marker; "" for none."""
        found = self._canonical.get(path)
        if found is None:
            real = path and not path.startswith("<")
            found = self._canonical[path] = self._names.canonical(path) if real else ""
        return found

    def files(self) -> dict[str, HeaderFile]:
        """By path: the header, and what it includes."""
        paths = {self.header: None}
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

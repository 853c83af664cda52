"""A single C declaration, or a type's name, as a type: :func:`uapigen.parse_type`.

pycparser parses it, so there is neither a preprocessor nor a header. A name that C does
not know, where only a type can stand, is a type of that name: its declaration is
somebody else's affair. What it is in Python is asked of bindings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from pycparser import c_ast

from uapigen.errors import InputError, LayoutError, UsageError
from uapigen.headers.pycparser_parsing import (
    RefusedError,
    is_name,
    parse_declarations,
    parse_type_name,
    unknown_names,
    used_types,
)
from uapigen.headers.pycparser_rewrite import Declaration, Declared, MalformedError, Rewriter
from uapigen.headers.pycparser_scope import UnsupportedError
from uapigen.headers.pycparser_tokens import tokenize
from uapigen.headers.pycparser_types import Converter
from uapigen.ir.graph import SourceInfo, TypeGraph
from uapigen.ir.list_graph import ListGraph
from uapigen.ir.spelling import Speller
from uapigen.ir.types import Forward, TypeId
from uapigen.layout.targets import TARGETS, DataModel, find_target, host_arch

__all__ = ["Bindings", "ParsedType", "parse_type"]

_MAX_LENGTH = 1 << 16
"""Characters of a declaration."""
_MAX_NAMES = 256
"""Names of types in one declaration that are not declared."""
_ALIGNING = frozenset({"aligned", "vector_size", "mode"})
_QUALIFIERS = frozenset({"const", "volatile", "restrict"})
_ANNOTATIONS = frozenset({
    "__user", "__kernel", "__iomem", "__percpu", "__rcu", "__force", "__nocast", "__private",
    "__bitwise", "__must_check",
})  # fmt: skip
"""Words of the kernel's for its checkers (``linux/compiler_types.h``); compilers see nothing."""


class Bindings(Protocol):
    """What knows the types that a declaration names: :func:`uapigen.load`'s result, or a
    generated package.
    """

    def ctype(self, spelling: str) -> Any: ...


@dataclass(frozen=True)
class ParsedType:
    """A type as a declaration says it."""

    name: str
    """What the declaration declares; empty for a type's name alone."""
    spelling: str
    """The type as C spells it, without the name: ``int (*)(struct file *, loff_t)``."""
    graph: TypeGraph = field(repr=False)
    """The type, and all that the declaration defines."""
    type_id: TypeId = field(repr=False)
    """The type in the graph: any node of ``ir/types.py``. A struct that is named and not defined is
    a ``Forward``; so is a type's name, with the keyword ``typedef``."""
    bindings: Bindings | None = field(default=None, repr=False)
    """Where :attr:`ctype` looks."""

    def __str__(self) -> str:
        return self.spelling

    @property
    def ctype(self) -> Any:
        """The ctypes type that the bindings have for it; None for ``void``.

        Raises :class:`UsageError` without bindings, and LookupError for a
        type that they lack.
        """
        if self.bindings is None:
            raise UsageError(f"{self.spelling!r} was parsed without bindings that know its types")
        return self.bindings.ctype(self.spelling)


def parse_type(
    declaration: str, bindings: Bindings | None = None, *, arch: str | None = None
) -> ParsedType:
    """Parse one C declaration (``int count[4]``) or type's name (``struct file *``).

    GNU C's attributes are understood, the kernel's annotations (``__user``) ignored; macros stay
    what they are, for there is no preprocessor. Where the declaration defines a struct, its
    layout is that of ``arch``, or of this machine. ``bindings`` (:func:`uapigen.load`'s
    result, or a generated package) give :attr:`ParsedType.ctype`.

    Raises :class:`InputError` for what is no declaration, or more than one, and
    :class:`UsageError` for an unknown ``arch``.
    """
    if len(declaration) > _MAX_LENGTH:
        raise InputError(_shown(declaration), "", f"is longer than {_MAX_LENGTH} characters")
    return _Parse(declaration, _model(arch)).result(bindings)


def _model(arch: str | None) -> DataModel:
    return find_target(arch) if arch is not None else TARGETS[host_arch() or "x86_64"]


def _shown(declaration: str) -> str:
    """A declaration in a message."""
    text = " ".join(declaration.split())
    return repr(text if len(text) <= 80 else f"{text[:79]}…")


class _Parse:
    """One declaration on its way."""

    def __init__(self, declaration: str, model: DataModel) -> None:
        self._shown = _shown(declaration)
        self._tokens = [text for text in tokenize(declaration) if text not in _ANNOTATIONS]
        while self._tokens[-1:] == [";"]:
            self._tokens.pop()
        info = SourceInfo(self._shown, _no_digest, model.big_endian, model.pointer_size, model.arch)
        self.graph = ListGraph(info)
        self._model = model
        self._names = dict.fromkeys(_where_types_begin(self._tokens))
        """Names that are taken for types."""

    def result(self, bindings: Bindings | None) -> ParsedType:
        if not self._tokens:
            raise self._error("is empty")
        try:
            name, type_id = self._parse()
            spelling = Speller(self.graph).spell(type_id)
        except (MalformedError, UnsupportedError) as error:
            raise self._error(str(error)) from None
        except RecursionError:
            raise self._error("nests too deeply") from None
        return ParsedType(name, spelling, self.graph, type_id, bindings)

    def _error(self, problem: str) -> InputError:
        return InputError(self._shown, "", problem)

    def _parse(self) -> tuple[str, TypeId]:
        """What is declared, and its type: of a type's name, or else of a declaration."""
        rewriter = Rewriter(())
        rewritten = rewriter.rewrite_tokens([*self._tokens, ";"])
        text = rewritten.text[:-1]
        problem = None
        try:
            node = self._tried(text, lambda names: parse_type_name(text, names))
            types = self._converter(rewriter)
            type_id = self._converted(types, lambda: types.type_id(node))
        except RefusedError:
            pass
        except UnsupportedError as error:
            problem = str(error)
        else:
            self._refuse_alignment(rewritten.declared[0])
            return "", type_id
        self._names = dict.fromkeys(_where_types_begin(self._tokens))
        try:
            nodes = self._tried(
                rewritten.text, lambda names: parse_declarations([rewritten], names)
            )
        except RefusedError as error:
            problem = problem or error.problem or "is no declaration of C"
            raise self._error(problem) from None
        if len(nodes) != 1:
            raise self._error(f"has {len(nodes)} declarations, not one")
        types = self._converter(rewriter)
        return self._declared(types, nodes[0], rewritten)

    def _tried(self, text: list[str], parse: Callable[[list[str]], Any]) -> Any:
        """What ``parse`` makes with the names as types that pycparser stops at."""
        while True:
            try:
                return parse(list(self._names))
            except RefusedError as error:
                candidates = unknown_names(text, error.token)
                new = [name for name in candidates if name not in self._names]
                if not new or len(self._names) >= _MAX_NAMES:
                    raise
                self._names[new[0]] = None

    def _converter(self, rewriter: Rewriter) -> Converter:
        types = Converter(self.graph, self._model, rewriter, lambda _id, _token: None)
        for name in self._names:
            types.scope.typedefs[name] = self.graph.add(Forward(name, "typedef"))
        return types

    def _converted(self, types: Converter, convert: Callable[[], TypeId]) -> TypeId:
        found = convert()
        for problem in types.problems.values():
            raise self._error(problem.problem if isinstance(problem, LayoutError) else str(problem))
        return found

    def _declared(
        self, types: Converter, node: c_ast.Node, rewritten: Declaration
    ) -> tuple[str, TypeId]:
        declared = rewritten.declared[0]
        if isinstance(node, c_ast.Typedef):
            return node.name, self._converted(types, lambda: types.typedef(node, declared))
        if not isinstance(node, c_ast.Decl):
            raise self._error("is no declaration of C")
        self._refuse_alignment(declared)
        return node.name or "", self._converted(types, lambda: types.type_id(node.type))

    def _refuse_alignment(self, declared: Declared) -> None:
        """Refuse what is the object's, not its type's: it would be lost."""
        for attribute in [*declared.specifiers, *declared.attributes]:
            if attribute.name in _ALIGNING:
                raise self._error(f"{attribute.name} is no part of a type; declare a typedef")


def _where_types_begin(tokens: list[str]) -> Iterator[str]:
    """Names with which a declaration, a member or a parameter begins."""
    yield from (tokens[index] for index in used_types(tokens))
    begins, depth = False, 0
    for index, token in enumerate(tokens):
        depth += (token == "(") - (token == ")")
        # "(name)(" is a name in brackets, as functions are declared that macros are called like.
        if begins and is_name(token) and tokens[index + 1 : index + 3] != [")", "("]:
            yield token
        begins = (depth > 0 and token in "(,") or (begins and token in _QUALIFIERS)


def _no_digest() -> str:
    return ""

"""How C writes a type: declarators.

A C declaration wraps around the name it declares: ``int (*name[4])(void)``.
So a type is spelled as two halves, what comes before the name and what comes
after it, and both are built from the inside out: a pointer adds ``*`` to the
first half, an array ``[n]`` to the front of the second, and a pointer to an
array or a function needs parentheses around both, because in C the second
half binds tighter than ``*``.

    int                    "int "        ""
    int *                  "int *"       ""
    int[4]                 "int "        "[4]"
    int (*)[4]             "int (*"      ")[4]"
    int (*)(void)          "int (*"      ")(void)"

The halves of a type are made once; a first half ends with a space exactly if
a name must be kept apart from it.

What is spelled is bounded in depth and length, since a few bytes of input can
ask for any amount of text: a pointer to itself, a function that takes two of
the functions before it. The bounds are a property of the type, so that it is
refused whatever was spelled before it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable
from itertools import islice
from operator import add, itemgetter
from typing import TypeAlias

from uapigen.errors import InputError
from uapigen.ir.graph import TypeGraph, resolve
from uapigen.ir.naming import identifier
from uapigen.ir.types import (
    Array,
    Enum,
    Float,
    Forward,
    Func,
    FuncProto,
    Int,
    Pointer,
    Qualifier,
    Struct,
    Typedef,
    TypeId,
    TypeTag,
    Union,
    Unknown,
    Var,
    Void,
)

__all__ = ["Halves", "Named", "Namer", "Speller", "plain_name"]

Halves: TypeAlias = tuple[str, str]
"""What stands before and after the declared name."""

_Spelled: TypeAlias = tuple[str, str, int]
"""The halves, and how many pointers, arrays, qualifiers and functions are around the name."""

Named: TypeAlias = Struct | Union | Enum | Forward | Typedef | Int | Float
"""The nodes that a declaration names; all else is built around them."""

Namer: TypeAlias = Callable[[TypeId, Named], str]
"""The whole spelling of a named type: "struct foo", "u64"."""

_MAX_DEPTH = 64
"""Pointers, arrays, qualifiers and functions around a name; a kernel's deepest has 8."""
_MAX_LENGTH = 4096
"""Characters; a kernel's longest type has 430."""
_MAX_PARAMS = 256
"""The C standard asks for 127; a kernel's longest list has 18."""

_WORDS = re.compile(r"\w+(?: \w+)*", re.ASCII)
_ODD = "\0"
"""Instead of what takes a closer look; nothing that is spelled has such a character."""
_TOO_DEEP = "types nest too deep to be spelled"
_NAMED = frozenset({Struct, Union, Enum, Forward, Typedef, Int, Float})
_ALIASES = frozenset({Typedef, Qualifier, TypeTag})
_SUFFIXES = ("(", "[")
_QUALIFIERS = ("const ", "volatile ", "restrict ")
_LEADING = re.compile(r"(?:(?:const|volatile|restrict) )+")
_KERNEL_TAGS = frozenset({"user", "rcu", "percpu"})


class Speller:
    """Spells the types of one graph; remembers what it has spelled.

    ``namer`` decides what a named type is called, which is where anonymous
    and duplicate ones get their names; ``type_tags`` says whether ``__user``
    and its like are written.
    """

    def __init__(
        self, graph: TypeGraph, namer: Namer | None = None, *, type_tags: bool = False
    ) -> None:
        self.graph = graph
        self.namer = namer or plain_name
        self.type_tags = type_tags
        self._made = _Made(graph, self._build)
        self._words = _Words()

    def halves(self, type_id: TypeId) -> Halves:
        """The two halves of a declaration of this type."""
        made = self._made
        try:
            return made[type_id][:2]
        except RecursionError:
            raise self._malformed(type_id, _TOO_DEEP) from None
        finally:
            made.unwound = 0

    def spell(self, type_id: TypeId, name: str = "") -> str:
        """A declaration of ``name``, or without one the type alone ("char[16]")."""
        before, after = self.halves(type_id)
        return f"{before}{name}{after}" if name else _joined(before, after)

    def spell_all(self, type_ids: Iterable[TypeId]) -> dict[TypeId, str]:
        """What :meth:`spell` says of each; without those of which it raises an error."""
        made = self._made
        spelled = {}
        for type_id in type_ids:
            try:
                before, after, _ = made[type_id]
            except (InputError, RecursionError):
                continue
            spelled[type_id] = _joined(before, after) if after else before.rstrip()
        made.unwound = 0
        return spelled

    def prototypes(self, wanted: Container[TypeId] | None = None) -> dict[TypeId, str]:
        """The graph's own prototypes, or those of ``wanted``, spelled.

        Without those that need a closer look.
        """
        found = self.graph.prototypes()
        if wanted is not None:
            found = found.among(wanted)
        names = map(itemgetter(0), found.declared.values())
        types = map(itemgetter(1), found.declared.values())
        befores = map(_Befores(self._made).__getitem__, types)
        texts = map(add, befores, map(self._words.__getitem__, names))
        text = dict(zip(found.declared, texts, strict=True))
        params = map(text.__getitem__, found.params)
        listed = [", ".join(islice(params, count)) for count in found.counts]
        returned = {type_id: self._returned(type_id) for type_id in set(found.returns)}
        self._made.unwound = 0
        # What has a parameter that takes a closer look is spelled one by one.
        return {
            proto: f"{before}({params}){after}"
            for proto, (before, after), params, count in zip(
                found.ids,
                map(returned.__getitem__, found.returns),
                listed,
                found.counts,
                strict=True,
            )
            if _ODD not in params
            and before is not _ODD
            and len(params) < _MAX_LENGTH
            and count <= _MAX_PARAMS
        }

    def _returned(self, type_id: TypeId) -> Halves:
        """The halves of a prototype's result."""
        try:
            return self._made[type_id][:2]
        except (InputError, RecursionError):
            return _ODD, ""

    def params(self, proto: FuncProto) -> str:
        """The parameter list, without its parentheses."""
        return self._params(proto)[0]

    def _params(self, proto: FuncProto) -> tuple[str, int]:
        """The parameter list, and the depth of its deepest type."""
        made, words = self._made, self._words
        parts = [made[target] for _, target in proto.params]
        spelled = [
            f"{before}{words[name]}{after}" if name else _joined(before, after)
            for (name, _), (before, after, _) in zip(proto.params, parts, strict=True)
        ]
        if proto.variadic:
            spelled.append("...")
        return ", ".join(spelled) or "void", max([depth for _, _, depth in parts], default=0)

    def _malformed(self, type_id: TypeId, problem: str) -> InputError:
        return InputError(self.graph.info.name, f"type {type_id}", problem)

    def _build(self, type_id: TypeId) -> _Spelled:
        node = self.graph.nodes[type_id]
        kind = type(node)
        made = self._made
        if kind is Pointer:
            before, after, depth = made[node.target]  # type: ignore[union-attr]
            if after[:1] in _SUFFIXES:
                return self._bounded(type_id, f"{before}(*", f"){after}", depth + 1)
            if depth:
                return self._bounded(type_id, f"{before}*", after, depth + 1)
            return f"{before}*", after, 1
        if kind in _NAMED:
            if kind is Typedef and type(self.graph.nodes[node.target]) in _ALIASES:  # type: ignore[union-attr]
                resolve(self.graph, type_id)  # an endless chain of them names nothing
            return self.namer(type_id, node) + " ", "", 0  # type: ignore[arg-type]
        match node:
            case FuncProto():
                before, after, depth = made[node.returns]
                if len(node.params) > _MAX_PARAMS:
                    raise self._malformed(type_id, f"has more than {_MAX_PARAMS} parameters")
                params, deepest = self._params(node)
                return self._bounded(type_id, before, f"({params}){after}", max(depth, deepest) + 1)
            case Array():
                before, after, depth = made[node.element]
                return self._bounded(type_id, before, f"[{node.nelems}]{after}", depth + 1)
            case Qualifier():
                before, after, depth = made[node.target]
                return self._bounded(type_id, _qualified(node.keyword, before), after, depth + 1)
            case TypeTag():
                before, after, depth = made[node.target]
                if self.type_tags and not node.attribute:
                    tag = f"__{node.name}" if node.name in _KERNEL_TAGS else f"/* {node.name} */"
                    before = f"{before}{tag} "
                return self._bounded(type_id, before, after, depth + 1)
            case Void():
                return "void ", "", 0
            case Func() | Var():
                raise self._malformed(type_id, f"{node.name} is not a type")
            case Unknown():
                raise self._malformed(type_id, f"has a kind ({node.kind}) that is not known")
            case _:
                raise self._malformed(type_id, f"{kind.__name__} is not a type")

    def _bounded(self, type_id: TypeId, before: str, after: str, depth: int) -> _Spelled:
        if depth > _MAX_DEPTH:
            raise self._malformed(type_id, _TOO_DEEP)
        if len(before) + len(after) > _MAX_LENGTH:
            raise self._malformed(type_id, f"takes more than {_MAX_LENGTH} characters to spell")
        return before, after, depth


def _joined(before: str, after: str) -> str:
    """A type without a name."""
    if after.startswith("["):
        return before.rstrip() + after
    return (before + after).rstrip()


def _qualified(keyword: str, before: str) -> str:
    """A type with one more qualifier, which it may have: a const array of what is const."""
    _, star, own = before.rpartition("*")
    if star and (not own or own.startswith(_QUALIFIERS)):  # the pointer itself is qualified
        return before if f" {keyword} " in f" {own}" else f"{before}{keyword} "
    leading = _LEADING.match(before)
    return before if leading and keyword in leading[0] else f"{keyword} {before}"


class _Made(dict[TypeId, _Spelled]):
    """Types as they are spelled, by id; made when first asked for.

    What cannot be spelled is remembered, too: thousands of types may be built
    around one that is malformed, and each would be followed down to it again.
    """

    def __init__(self, graph: TypeGraph, make: Callable[[TypeId], _Spelled]) -> None:
        super().__init__()
        self._graph = graph
        self._make = make
        self._refused: dict[TypeId, tuple[str, str]] = {}
        self.unwound = 0
        """Types left since one was found to be too deep."""

    def __missing__(self, type_id: TypeId) -> _Spelled:
        if type_id in self._refused:
            raise InputError(self._graph.info.name, *self._refused[type_id])
        try:
            made = self[type_id] = self._make(type_id)
        except InputError as error:
            self._refused[type_id] = error.place, error.problem
            raise
        except RecursionError:
            # A type that contains itself without a struct between, or is one of
            # hundreds in a row. As many levels were gone down as are left now.
            self.unwound += 1
            if self.unwound > _MAX_DEPTH:
                self._refused[type_id] = f"type {type_id}", _TOO_DEEP
            raise
        return made


class _Befores(dict[TypeId, str]):
    """What stands before a name of that type; ``_ODD`` if something stands behind it, too."""

    def __init__(self, made: _Made) -> None:
        super().__init__()
        self._made = made

    def __missing__(self, type_id: TypeId) -> str:
        try:
            before, after, _ = self._made[type_id]
        except (InputError, RecursionError):  # said when it is spelled alone
            after = _ODD
        self[type_id] = _ODD if after else before
        return self[type_id]


class _Words(dict[str, str]):
    """A parameter's name as one ASCII word; names are untrusted, and Rust's need not be words."""

    def __missing__(self, name: str) -> str:
        word = name
        if not (name.isidentifier() and name.isascii()):
            word = "".join(c if c.isascii() and c.isalnum() else "_" for c in name)
        if word[:1].isdigit():
            word = f"_{word}"
        self[name] = word
        return word


def plain_name(_type_id: TypeId, node: Named) -> str:
    """The name as C has it; ``struct {...}`` for a type without one.

    Words only: a name that is none (Rust's, or hostile bytes) becomes one.
    """
    name = node.name if _WORDS.fullmatch(node.name) else identifier(node.name)
    if isinstance(node, Int | Float | Typedef) or (
        isinstance(node, Forward) and node.keyword == "typedef"
    ):
        return name
    keyword = node.keyword if isinstance(node, Forward) else type(node).__name__.lower()
    return f"{keyword} {name}" if node.name else f"{keyword} {{...}}"

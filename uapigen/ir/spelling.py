"""How C writes a type: declarators, by the rules of ``declarators.py``.

The halves of a type are made once.

What is spelled is bounded in depth and length, since a few bytes of input can
ask for any amount of text: a pointer to itself, a function that takes two of
the functions before it. The bounds are a property of the type, so that it is
refused whatever was spelled before it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import filterfalse, repeat
from operator import itemgetter
from types import MappingProxyType
from typing import TypeAlias

from uapigen.errors import InputError
from uapigen.ir.declarators import (
    MAX_DEPTH,
    MAX_LENGTH,
    MAX_PARAMS,
    Spelled,
    Words,
    array,
    fits,
    function,
    joined,
    parameter_list,
    pointer,
    qualified,
)
from uapigen.ir.graph import TypeGraph, resolve
from uapigen.ir.naming import identifier
from uapigen.ir.spelling_at_once import NamesOf, spell_most, spell_prototypes
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

Named: TypeAlias = Struct | Union | Enum | Forward | Typedef | Int | Float
"""The nodes that a declaration names; all else is built around them."""

Namer: TypeAlias = Callable[[TypeId, Named], str]
"""The whole spelling of a named type: "struct foo", "u64"."""

_WORDS = re.compile(r"\w+(?: \w+)*", re.ASCII)
_TOO_DEEP = "types nest too deep to be spelled"
_NAMED = frozenset({Struct, Union, Enum, Forward, Typedef, Int, Float})
_ALIASES = frozenset({Typedef, Qualifier, TypeTag})
_KERNEL_TAGS = frozenset({"user", "rcu", "percpu"})


class Speller:
    """Spells the types of one graph; remembers what it has spelled.

    ``namer`` decides what a named type is called, which is where anonymous
    and duplicate ones get their names, and ``names_of`` says so of many at
    once, of which those in ``class_of`` need not be decoded for it;
    ``type_tags`` says whether ``__user`` and its like are written.
    """

    def __init__(
        self,
        graph: TypeGraph,
        namer: Namer | None = None,
        names_of: NamesOf | None = None,
        class_of: Mapping[TypeId, type] = MappingProxyType({}),
        *,
        type_tags: bool = False,
    ) -> None:
        self.graph = graph
        self.namer = namer or plain_name
        self._names_of = names_of or _none_at_once
        self._class_of = class_of
        self.type_tags = type_tags
        self._made = _Made(graph, self._build)
        self._words = Words()

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
        return f"{before}{name}{after}" if name else joined(before, after)

    def spell_all(self, type_ids: Iterable[TypeId]) -> dict[TypeId, str]:
        """What :meth:`spell` says of each; without those of which it raises an error."""
        made, ids = self._made, self.make_all(type_ids)
        return {
            type_id: joined(before, after) if after else before.rstrip()
            for type_id, (before, after, _) in zip(ids, map(made.__getitem__, ids), strict=True)
        }

    def make_all(self, type_ids: Iterable[TypeId]) -> list[TypeId]:
        """Make the halves of these types, and return those that have any."""
        made, ids = self._made, list(type_ids)
        spell_most(self.graph, made, ids, self._names_of, self._words, self._class_of)
        for type_id in filterfalse(made.__contains__, ids):
            with suppress(InputError, RecursionError):
                made[type_id]
        made.unwound = 0
        return list(filter(made.__contains__, ids))

    def prototypes(self, wanted: Container[TypeId] | None = None) -> dict[TypeId, str]:
        """The graph's own prototypes, or those of ``wanted``, spelled.

        Without those that need a closer look.
        """
        found = self.graph.prototypes()
        if wanted is not None:
            found = found.among(wanted)
        types = map(itemgetter(1), found.declared.values())
        ids = self.make_all({*types, *found.returns})
        return spell_prototypes(found, {i: self._made[i] for i in ids}, self._words)

    def params(self, proto: FuncProto) -> str:
        """The parameter list, without its parentheses."""
        return self._params(proto)[0]

    def _params(self, proto: FuncProto) -> tuple[str, int]:
        """The parameter list, and the depth of its deepest type."""
        made, words = self._made, self._words
        parts = [made[target] for _, target in proto.params]
        spelled = [
            f"{before}{words[name]}{after}" if name else joined(before, after)
            for (name, _), (before, after, _) in zip(proto.params, parts, strict=True)
        ]
        deepest = max([depth for _, _, depth in parts], default=0)
        return parameter_list(spelled, proto.variadic), deepest

    def _malformed(self, type_id: TypeId, problem: str) -> InputError:
        return InputError(self.graph.info.name, f"type {type_id}", problem)

    def _build(self, type_id: TypeId) -> Spelled:
        node = self.graph.nodes[type_id]
        kind = type(node)
        made = self._made
        if kind in _NAMED:
            if kind is Typedef and type(self.graph.nodes[node.target]) in _ALIASES:  # type: ignore[union-attr]
                resolve(self.graph, type_id)  # an endless chain of them names nothing
            return self.namer(type_id, node) + " ", "", 0  # type: ignore[arg-type]
        match node:
            case Pointer():
                return self._bounded(type_id, pointer(made[node.target]))
            case FuncProto():
                returned = made[node.returns]
                if len(node.params) > MAX_PARAMS:
                    raise self._malformed(type_id, f"has more than {MAX_PARAMS} parameters")
                return self._bounded(type_id, function(returned, *self._params(node)))
            case Array():
                return self._bounded(type_id, array(made[node.element], node.nelems))
            case Qualifier():
                return self._bounded(type_id, qualified(made[node.target], node.keyword))
            case TypeTag():
                before, after, depth = made[node.target]
                if self.type_tags and not node.attribute:
                    tag = f"__{node.name}" if node.name in _KERNEL_TAGS else f"/* {node.name} */"
                    before = f"{before}{tag} "
                return self._bounded(type_id, (before, after, depth + 1))
            case Void():
                return "void ", "", 0
            case Func() | Var():
                raise self._malformed(type_id, f"{node.name} is not a type")
            case Unknown():
                raise self._malformed(type_id, f"has a kind ({node.kind}) that is not known")
            case _:
                raise self._malformed(type_id, f"{kind.__name__} is not a type")

    def _bounded(self, type_id: TypeId, spelled: Spelled) -> Spelled:
        if not fits(spelled):
            if spelled[2] > MAX_DEPTH:
                raise self._malformed(type_id, _TOO_DEEP)
            raise self._malformed(type_id, f"takes more than {MAX_LENGTH} characters to spell")
        return spelled


class _Made(dict[TypeId, Spelled]):
    """Types as they are spelled, by id; made when first asked for.

    What cannot be spelled is remembered, too: thousands of types may be built
    around one that is malformed, and each would be followed down to it again.
    """

    def __init__(self, graph: TypeGraph, make: Callable[[TypeId], Spelled]) -> None:
        super().__init__()
        self._graph = graph
        self._make = make
        self._refused: dict[TypeId, tuple[str, str]] = {}
        self.unwound = 0
        """Types left since one was found to be too deep."""

    def __missing__(self, type_id: TypeId) -> Spelled:
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
            if self.unwound > MAX_DEPTH:
                self._refused[type_id] = f"type {type_id}", _TOO_DEEP
            raise
        return made


def _none_at_once(_kind: type, type_ids: Sequence[TypeId]) -> Iterable[None]:
    """Leaves all names to a namer."""
    return repeat(None, len(type_ids))


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

"""What each struct, union, enum and typedef is called where names must be unique.

C has a namespace of tags, one of ordinary names, and scopes; a kernel's types
come from thousands of files, so the same tag may name different types. Here
every composite and enum gets a *key*: a Python identifier, unique among
records (structs and unions) or among enums.

- Its tag, if it has one; a keyword gets an underscore behind it.
- A second, different type of the same tag is ``foo___2``, in the source's
  order. Identical ones are one; two are identical if nothing that C shows of
  them differs, followed through members, arrays and pointers.
- Without a tag: the name of the typedef that names it; else its first parent's
  key and the member it is the type of, ``inode__i_pipe``, or a number,
  ``inode__anon1``; for an enum that nobody's member is, ``anon_`` and its
  first constant.

A name that is no identifier (Rust's, or hostile bytes) keeps its spelling as
data and gets a key from its letters and digits.
"""

from __future__ import annotations

import keyword as python
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import accumulate, compress, count
from operator import add, not_

from uapigen.ir.graph import TypeGraph
from uapigen.ir.identity import Variants
from uapigen.ir.types import (
    Array,
    Composite,
    Enum,
    Pointer,
    Qualifier,
    Struct,
    Typedef,
    TypeId,
    TypeTag,
    Union,
)

__all__ = [
    "KEYWORDS",
    "AnonymousBehind",
    "Keys",
    "Unique",
    "holders_of_untagged",
    "identifier",
    "keyword_of",
]

_MANY = 1000
_MAX_CHAIN = 64
"""Arrays, pointers and qualifiers around a type without a tag."""
_MAX_KEY = 200
"""Characters of a key that is made of others; a kernel's longest has 81.

Types without tags inside of each other would have keys of any length.
"""
_RESERVED = frozenset({*python.kwlist, "const", "volatile", "restrict"})
"""Python's words, and C's qualifiers: where one is used as a tag, spellings must not be taken
for qualified ones."""
_NOT_WORD = re.compile(r"[^A-Za-z0-9_]+")


def identifier(name: str) -> str:
    """A Python identifier for a C name: the name itself wherever possible."""
    if name.isidentifier() and name.isascii():
        return f"{name}_" if name in _RESERVED else name
    made = _NOT_WORD.sub("_", name) or "_"
    return f"_{made}" if made[0].isdigit() else made


def keyword_of(node: Struct | Union | Enum) -> str:
    """``struct``, ``union`` or ``enum``."""
    return KEYWORDS[type(node)]


KEYWORDS: dict[type, str] = {Struct: "struct", Union: "union", Enum: "enum"}
_WORDS = {kind: f"{word} " for kind, word in KEYWORDS.items()}


class Unique:
    """Hands out names, the first comer's unchanged and later ones ``name___2`` and so on."""

    def __init__(self) -> None:
        self.taken: set[str] = set()
        self._numbers: dict[str, int] = {}

    def take(self, wanted: str) -> str:
        name = wanted
        if name in self.taken:
            number = self._numbers.get(wanted, 1)
            while name in self.taken:
                number += 1
                name = f"{wanted}___{number}"
            self._numbers[wanted] = number
        self.taken.add(name)
        return name

    def take_alone(self, names: Sequence[str]) -> set[str]:
        """Hand out unchanged, at once, those of the names that no other one could want, too."""
        once = {name for name, number in Counter(names).items() if number == 1}
        plain = set(filter(str.isidentifier, filter(str.isascii, once))) - _RESERVED
        plain = {name for name in plain if "___" not in name} - self.taken
        plain -= {identifier(name) for name in names if name not in plain}
        self.taken |= plain
        return plain


class Keys:
    """Keys and exact spellings of one graph's types.

    ``of`` maps a type id to its key, ``spelling`` to what C would call it (with
    ``___2`` for a second type of the name); ``same`` maps a type that is
    identical to an earlier one to that one. ``class_of`` knows all that have a key.
    """

    def __init__(self, graph: TypeGraph) -> None:
        self.graph = graph
        self.records = Unique()
        self.enums = Unique()
        self.of: dict[TypeId, str] = {}
        self.class_of: dict[TypeId, type] = {}
        self.spelling: dict[TypeId, str] = {}
        self.same: dict[TypeId, TypeId] = {}
        self._behind = AnonymousBehind(graph)
        self._holders: Collection[TypeId] | None = None

    def spelled(self, type_ids: Iterable[TypeId]) -> list[str]:
        """By their keys ("struct foo"), types that have some."""
        ids = list(type_ids)
        words = map(_WORDS.__getitem__, map(self.class_of.__getitem__, ids))
        return list(map(add, words, map(self.of.__getitem__, ids)))

    def key(self, type_id: TypeId) -> str:
        return self.of[self.same.get(type_id, type_id)]

    def part_behind(self, type_id: TypeId) -> TypeId:
        """The type without a tag behind arrays, pointers and qualifiers; 0 if there is none."""
        return self._behind[type_id]

    def name_tagged(self, graph: TypeGraph, type_ids: Iterable[TypeId]) -> None:
        """Give a key to each tagged composite and enum, in order."""
        ids = list(type_ids)
        classes, names = graph.tags(ids)
        self.class_of.update(zip(ids, classes, strict=True))
        parts = [0 if name else type_id for type_id, name in zip(ids, names, strict=True)]
        self._behind.update(zip(ids, parts, strict=True))
        is_enum = [found is Enum for found in classes]
        enums = list(filter(None, compress(names, is_enum)))
        records = list(filter(None, compress(names, map(not_, is_enum))))
        alone: dict[type, set[str]] = {Enum: self.enums.take_alone(enums)}
        alone[Struct] = alone[Union] = self.records.take_alone(records)
        kept = [name in alone[found] for name, found in zip(names, classes, strict=True)]
        plain_ids, plain_names = list(compress(ids, kept)), list(compress(names, kept))
        words = map(_WORDS.__getitem__, compress(classes, kept))
        self.of.update(zip(plain_ids, plain_names, strict=True))
        self.spelling.update(zip(plain_ids, map(add, words, plain_names), strict=True))
        others = [i for i, name, k in zip(ids, names, kept, strict=True) if name and not k]
        if others:
            by_tag: dict[tuple[type, str], TypeId | Variants] = {}
            graph.decode([i for i in others if self.class_of[i] is not Enum])
            for type_id in others:
                self._name_variant(graph, by_tag, type_id, graph.nodes[type_id])  # type: ignore[arg-type]
            # In the order of ids: who comes first of those of one name keeps it in a stub.
            keyed = [(type_id, self.of[type_id]) for type_id in ids if type_id in self.of]
            self.of.clear()
            self.of.update(keyed)

    def _name_variant(
        self,
        graph: TypeGraph,
        by_tag: dict[tuple[type, str], TypeId | Variants],
        type_id: TypeId,
        node: Composite | Enum,
    ) -> None:
        """Give a key to a type that may not be the first of its name; ``by_tag`` has those."""
        name = node.name
        first = by_tag.setdefault((type(node), name), type_id)
        if first == type_id:
            self._take(type_id, identifier(name), f"{keyword_of(node)} {name}")
            return
        if not isinstance(first, Variants):
            first = by_tag[type(node), name] = Variants(graph, first)
        twin = first.twin(type_id)
        if twin is not None:
            self.same[type_id] = twin
            self._pair_nested(graph, type_id, twin)
            return
        name = f"{name}___{first.count}"
        self._take(type_id, identifier(name), f"{keyword_of(node)} {name}")

    def _pair_nested(self, graph: TypeGraph, later: TypeId, earlier: TypeId) -> None:
        """The anonymous types in a type that is the same as an earlier one are the same, too."""
        pairs = [(later, earlier)]
        while pairs:
            a, b = (graph.nodes[type_id] for type_id in pairs.pop())
            if not isinstance(a, (Struct, Union)) or not isinstance(b, (Struct, Union)):
                continue
            for m, n in zip(a.members, b.members, strict=True):
                inner, first = self._behind[m.type], self._behind[n.type]
                if inner != first and inner not in self.same:
                    self.same[inner] = self.same.get(first, first)
                    pairs.append((inner, first))

    def name_typedefed(self, graph: TypeGraph, typedef_ids: Iterable[TypeId]) -> None:
        """Give anonymous types the name of the first typedef that names them."""
        behind = self._behind
        for typedef_id in typedef_ids:
            typedef = graph.nodes[typedef_id]
            assert isinstance(typedef, Typedef)
            if typedef.target and behind[typedef.target] == typedef.target:
                self._take(typedef.target, identifier(typedef.name))

    def prepare(
        self,
        graph: TypeGraph,
        type_ids: Sequence[TypeId],
        holders: Callable[[], Collection[TypeId] | None] | None = None,
    ) -> None:
        """Find at once which types have members without a tag, if many will be asked about.

        ``holders`` gives them if somebody else found them, or None.
        """
        if len(type_ids) >= _MANY and graph.base is None:
            known = holders() if holders is not None else None
            self._holders = {*(holders_of_untagged(graph, type_ids) if known is None else known)}

    def with_parts(self, type_ids: Iterable[TypeId]) -> list[TypeId]:
        """Those of the types that may have members without a tag."""
        if self._holders is not None:
            return list(filter(self._holders.__contains__, type_ids))
        return [i for i in type_ids if self.class_of[i] is not Enum]

    def name_nested(self, graph: TypeGraph, type_ids: Sequence[TypeId]) -> list[TypeId]:
        """Name the anonymous types in these records' members; returns those it named."""
        counts, names, types, _, _ = graph.members(type_ids)
        stops, named = list(accumulate(counts)), []
        behind, record, number = self._behind, -1, 0
        for at in compress(count(), map(behind.__getitem__, types)):
            inner = behind[types[at]]
            if inner in self.of or inner in self.same:
                continue
            owner = bisect_right(stops, at)
            if owner != record:
                record, number = owner, 0
            number += not names[at]
            word = identifier(names[at]) if names[at] else f"anon{number}"
            self._take(inner, f"{self.key(type_ids[owner])}__{word}"[:_MAX_KEY])
            named.append(inner)
        return named

    def name_rest(self, graph: TypeGraph, type_ids: Iterable[TypeId]) -> None:
        """Name what nothing named so far: constants' enums, and types in prototypes."""
        of, same, class_of = self.of, self.same, self.class_of
        left = [i for i in type_ids if i not in of and i not in same]
        for type_id, first in zip(left, graph.first_names(left), strict=True):
            if first is None:
                first = KEYWORDS[class_of[type_id]]
            self._take(type_id, identifier(f"anon_{first}")[:_MAX_KEY])

    def _take(self, type_id: TypeId, wanted: str, spelling: str = "") -> None:
        if type_id not in self.of:
            found = self.class_of.get(type_id) or type(self.graph.nodes[type_id])
            self.class_of[type_id] = found
            key = (self.enums if found is Enum else self.records).take(wanted)
            self.of[type_id] = key
            self.spelling[type_id] = spelling or f"{KEYWORDS[found]} {key}"


def holders_of_untagged(graph: TypeGraph, type_ids: Sequence[TypeId]) -> list[TypeId]:
    """The structs and unions that may have members without a tag, of a source without a base.

    ``type_ids`` are all of its structs, unions and enums.
    """
    return list(graph.holders(graph.untagged(type_ids), _MAX_CHAIN))


class AnonymousBehind(dict[TypeId, TypeId]):
    """The type without a tag behind a type's arrays, pointers and qualifiers, or 0.

    Not behind a typedef, which names it already. Who knows what is behind structs, unions and
    enums, themselves or nothing, may say so before.
    """

    def __init__(self, graph: TypeGraph) -> None:
        super().__init__()
        self._nodes = graph.nodes

    def __missing__(self, type_id: TypeId) -> TypeId:
        inner = type_id
        for _ in range(_MAX_CHAIN):
            if inner in self:
                break
            node = self._nodes[inner]
            if isinstance(node, Array):
                inner = node.element
            elif isinstance(node, (Pointer, Qualifier, TypeTag)):
                inner = node.target
            else:
                found = isinstance(node, (Struct, Union, Enum)) and not node.name
                self[inner] = inner if found else 0
                break
        self[type_id] = self.get(inner, 0)
        return self[type_id]

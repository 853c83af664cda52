"""How the type of something differs between two sources: by its bytes, or by its name only."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from uapigen.compare.facts import Facts
from uapigen.errors import InputError
from uapigen.ir.naming import keyword_of
from uapigen.ir.types import (
    Array,
    Enum,
    Float,
    Forward,
    FuncProto,
    Int,
    Pointer,
    Qualifier,
    Struct,
    Type,
    Typedef,
    TypeId,
    TypeTag,
    Union,
    Void,
)

__all__ = ["Shape", "Shapes", "cause_of_size", "function_of", "type_change"]

_MAX_LEVELS = 64
_FLOATS = frozenset({"float", "double", "long double"})
_WORDS = re.compile(r"\b(?:const|volatile|restrict)\b ?")


class Shape(NamedTuple):
    """What a type is, behind typedefs and qualifiers, arrays of arrays as one."""

    node: Type
    """The element's, for an array."""
    nelems: int | None
    """None for what is no array."""


class Shapes:
    """Questions about one source's types that see through typedefs; answers are remembered."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self._meanings: dict[TypeId, str] = {}

    def resolved(self, type_id: TypeId) -> Type:
        """The node behind typedefs, qualifiers and tags."""
        nodes = self.facts.graph.nodes
        for _ in range(_MAX_LEVELS):
            node = nodes[type_id]
            if not isinstance(node, (Typedef, Qualifier, TypeTag)):
                return node
            type_id = node.target
        raise InputError(self.facts.graph.info.name, f"type {type_id}", "endless chain of typedefs")

    def shape(self, type_id: TypeId) -> Shape:
        node, nelems = self.resolved(type_id), None
        for _ in range(_MAX_LEVELS):
            if not isinstance(node, Array):
                break
            nelems = node.nelems if nelems is None else nelems * node.nelems
            node = self.resolved(node.element)
        if isinstance(node, Int) and node.name in _FLOATS:
            node = Float(node.name, node.byte_size)  # by an encoder before BTF_KIND_FLOAT
        return Shape(node, nelems)

    def meaning(self, type_id: TypeId, level: int = 0) -> str:
        """A text that two types share if their values mean the same.

        Typedefs are followed, qualifiers left out, integers told apart by size and
        signedness, tags by their names.
        """
        known = self._meanings.get(type_id)
        if known is None:
            if level > _MAX_LEVELS:
                return "…"
            known = self._meanings[type_id] = self._make_meaning(type_id, level + 1)
        return known

    def _make_meaning(self, type_id: TypeId, level: int) -> str:
        node, nelems = self.shape(type_id)
        array = "" if nelems is None else f"[{nelems}]"
        if isinstance(node, Int):
            return f"{array}{'i' if node.signed else 'u'}{node.byte_size}"
        if isinstance(node, Float):
            return f"{array}f{node.byte_size}"
        if isinstance(node, Pointer):
            return f"{array}*{self.meaning(node.target, level)}"
        if isinstance(node, FuncProto):
            params = ",".join(self.meaning(param.type, level) for param in node.params)
            return f"{self.meaning(node.returns, level)}({params}{',...' * node.variadic})"
        if isinstance(node, (Struct, Union, Enum)):
            return f"{array}{keyword_of(node)} {node.name or self._named_by(type_id)}"
        if isinstance(node, Forward):
            return f"{array}{node.keyword} {node.name}"
        return "void" if isinstance(node, Void) else f"{array}{type(node).__name__}"

    def _named_by(self, type_id: TypeId) -> str:
        """The last typedef in front of a type without a tag; else its parts' names."""
        nodes, name = self.facts.graph.nodes, ""
        for _ in range(_MAX_LEVELS):
            node = nodes[type_id]
            if isinstance(node, Typedef):
                name = node.name
            if isinstance(node, Array):
                type_id = node.element
            elif isinstance(node, (Typedef, Qualifier, TypeTag)):
                type_id = node.target
            else:
                break
        if name or not isinstance(node, (Struct, Union, Enum)):
            return name
        parts = node.enumerators if isinstance(node, Enum) else node.members
        return "{" + " ".join(part.name for part in parts) + "}"


def type_change(old: Shapes, before: TypeId, new: Shapes, after: TypeId) -> str:
    """The kind of difference, without what uses the type: ``resized``, ``retyped`` …; "" for none.

    None where both are spelled alike: then what that name means has changed, which is
    said at the name. An array of another length is ``resized``.
    """
    first, second = old.facts.spell(before), new.facts.spell(after)
    if first == second:
        return ""
    old_size, new_size = old.facts.byte_size(before), new.facts.byte_size(after)
    a, b = old.shape(before), new.shape(after)
    if isinstance(a.node, (FuncProto, Void)) or isinstance(b.node, (FuncProto, Void)):
        alike = old.meaning(before) == new.meaning(after)
        return _spelled_otherwise(first, second) if alike else "retyped"
    if _sort(a) != _sort(b):
        return "retyped"
    if old_size != new_size and not _one_name(a, b):
        return "resized"
    if old.meaning(before) == new.meaning(after):
        return _spelled_otherwise(first, second)
    if a.nelems != b.nelems:
        return "resized"
    if isinstance(a.node, (Int, Enum)) and isinstance(b.node, (Int, Enum)):
        if a.node.signed == b.node.signed:
            return "respelled"
        return "signedness" if type(a.node) is type(b.node) else "respelled"
    if isinstance(a.node, Pointer) and isinstance(b.node, Pointer):
        return "retargeted"
    return "retyped"


def _sort(shape: Shape) -> tuple[type, bool]:
    """What an element is by its bytes, and whether there are several."""
    node = Int if isinstance(shape.node, Enum) else type(shape.node)
    return node, shape.nelems is not None


def _one_name(a: Shape, b: Shape) -> bool:
    """Whether both are one tag's types, however often: their size differs because it changed."""
    return (
        isinstance(a.node, (Struct, Union, Enum))
        and type(a.node) is type(b.node)
        and bool(a.node.name)
        and a.node.name == b.node.name
        and a.nelems == b.nelems
    )


def _spelled_otherwise(first: str, second: str) -> str:
    return "qualified" if _unqualified(first) == _unqualified(second) else "respelled"


@lru_cache(maxsize=4096)
def _unqualified(spelling: str) -> str:
    return _WORDS.sub("", spelling).replace(" ", "")


def cause_of_size(old: Shapes, before: TypeId, new: Shapes, after: TypeId) -> str:
    """Of two types that are spelled alike: the name whose meaning changed.

    A tag (``struct foo``), a typedef, a base type, or ``pointers``; "" where it is a
    record without a tag, whose parts are looked at instead.
    """
    for _ in range(_MAX_LEVELS):
        a, b = old.facts.graph.nodes[before], new.facts.graph.nodes[after]
        if isinstance(a, Array) and isinstance(b, Array):
            before, after = a.element, b.element
        elif isinstance(a, (Qualifier, TypeTag)):
            before = a.target
        elif isinstance(b, (Qualifier, TypeTag)):
            after = b.target
        elif isinstance(a, Typedef) and isinstance(b, Typedef):
            inner = old.facts.graph.nodes[a.target]
            untagged = isinstance(inner, (Struct, Union, Enum)) and not inner.name
            if untagged or old.facts.spell(a.target) != new.facts.spell(b.target):
                return a.name
            before, after = a.target, b.target
        else:
            break
    if isinstance(a, (Struct, Union, Enum)):
        return f"{keyword_of(a)} {a.name}" if a.name else ""
    if isinstance(a, Pointer):
        return "pointers"
    return old.facts.spell(before)


def function_of(shapes: Shapes, type_id: TypeId) -> FuncProto | None:
    """The prototype of a function, or of the functions that a type points to."""
    node = shapes.resolved(type_id)
    if isinstance(node, Pointer):
        node = shapes.resolved(node.target)
    return node if isinstance(node, FuncProto) else None

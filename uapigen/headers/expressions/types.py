"""Types that expressions name, with the facts of one target.

Numbers are :class:`~uapigen.emit.support.cvalues.NumberType` (an enum is the
integer type that it is compatible with); all else is one of the tuples here. What a header
defines comes from its :class:`~uapigen.ir.graph.TypeGraph`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple, TypeAlias

from uapigen.emit.support.cvalues import CModel, CValue, NumberType
from uapigen.errors import LayoutError
from uapigen.headers.expressions.errors import NotAnExpression
from uapigen.ir.graph import TypeGraph
from uapigen.ir.spelling import Speller
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
    Typedef,
    TypeId,
    TypeTag,
    Union,
    Void,
)
from uapigen.layout.records import Layout
from uapigen.layout.targets import DataModel

__all__ = [
    "VOID_TYPE",
    "ArrayType",
    "CType",
    "Field",
    "OtherType",
    "PointerType",
    "RecordType",
    "Types",
    "base_type",
    "spelling",
]


class PointerType(NamedTuple):
    target: CType


class ArrayType(NamedTuple):
    element: CType
    nelems: int


class RecordType(NamedTuple):
    """A struct or union; ``type_id`` is None for one that is not defined."""

    spelling: str
    type_id: TypeId | None


class OtherType(NamedTuple):
    """``void``, a function, a number that Python lacks (``long double``); ``byte_size`` of the
    last, else 0.
    """

    spelling: str
    byte_size: int = 0


CType: TypeAlias = NumberType | PointerType | ArrayType | RecordType | OtherType

VOID_TYPE = OtherType("void")


class Field(NamedTuple):
    """Where a member lies in a record, and what it is."""

    byte_offset: int
    bit_width: int
    type: CType


_SIGNS = {"__signed": "signed", "__signed__": "signed"}
_QUALIFIERS = frozenset(
    [
        "const",
        "volatile",
        "restrict",
        "__const",
        "__const__",
        "__volatile",
        "__volatile__",
        "__restrict",
        "__restrict__",
    ]
)


def base_type(words: list[str], model: CModel, long_double_size: int) -> CType | None:
    """The type that words such as ``unsigned long int`` name, in any order; else None."""
    left = [_SIGNS.get(word, word) for word in words if word not in _QUALIFIERS]
    if left == ["void"]:
        return VOID_TYPE
    unsigned = left.count("unsigned")
    signed = left.count("signed")
    longs = left.count("long")
    rest = [word for word in left if word not in ("unsigned", "signed", "long")]
    if unsigned + signed > 1 or longs > 2:
        return None
    if rest == ["double"] and not unsigned + signed and longs < 2:
        if longs:
            return OtherType("long double", long_double_size)
        return model.numbers["double"]
    if longs:
        if rest not in ([], ["int"]):
            return None
        name = "long long" if longs == 2 else "long"
    elif not rest:
        if not unsigned + signed:
            return None
        name = "int"
    elif rest in (["short"], ["short", "int"], ["int", "short"]):
        name = "short"
    elif len(rest) == 1:
        name = rest[0]
    else:
        return None
    if name == "char" and signed:
        name = "signed char"
    if unsigned:
        name = f"unsigned {name}"
    return model.by_name.get(name)


class Types:
    """What names of types, and of enumerators, stand for in one unit.

    ``graph`` may be None: then only C's own types are known.
    """

    def __init__(self, graph: TypeGraph | None, model: DataModel) -> None:
        self._graph, self._data_model = graph, model
        self.model = CModel({"arch": model.arch, "pointer_size": model.pointer_size})
        self._made: dict[TypeId, CType] = {}

    @cached_property
    def _layout(self) -> Layout:
        assert self._graph is not None
        return Layout(self._graph, self._data_model)

    @cached_property
    def _speller(self) -> Speller:
        assert self._graph is not None
        return Speller(self._graph)

    def _named(self, name: str, kind: type) -> TypeId | None:
        if self._graph is None:
            return None
        graph = self._graph
        return next((i for i in graph.ids_named(name) if isinstance(graph[i], kind)), None)

    # By name

    def base(self, words: list[str]) -> CType | None:
        """A type of C's own, by its words; None for other words."""
        return base_type(words, self.model, self._data_model.long_double_size)

    def is_typedef(self, name: str) -> bool:
        return self._named(name, Typedef) is not None

    def typedef(self, name: str) -> CType:
        """What a typedef stands for; raises :class:`NotAnExpression` for none."""
        type_id = self._named(name, Typedef)
        if type_id is None:
            raise NotAnExpression(f"uses the type {name}, which is not defined")
        return self.of(type_id)

    def tag(self, keyword: str, name: str) -> CType:
        """The type of a tag; a struct or union need not be defined."""
        type_id = self._named(name, {"struct": Struct, "union": Union, "enum": Enum}[keyword])
        if type_id is not None:
            return self.of(type_id)
        if keyword == "enum":
            raise NotAnExpression(f"uses enum {name}, which is not defined")
        return RecordType(f"{keyword} {name}", None)

    def enumerator(self, name: str) -> CValue | None:
        """An enumerator: an ``int`` where its value is one, else of its enum's type."""
        found = self._enumerators.get(name)
        if found is None:
            return None
        value, enum = found
        return CValue(self.model.int if -(1 << 31) <= value < 1 << 31 else enum, value)

    @cached_property
    def _enumerators(self) -> dict[str, tuple[int, NumberType]]:
        if self._graph is None:
            return {}
        found = {}
        for type_id in self._graph.ids_of(Enum):
            node = self._graph[type_id]
            assert isinstance(node, Enum)
            kind = self._enum(node)
            for name, value in node.enumerators:
                found[name] = value, kind
        return found

    # By id

    def of(self, type_id: TypeId) -> CType:
        """The type with this id in the graph."""
        found = self._made.get(type_id)
        if found is None:
            found = self._made[type_id] = self._of(type_id)
        return found

    def _of(self, type_id: TypeId) -> CType:
        assert self._graph is not None
        node = self._graph[type_id]
        while isinstance(node, (Typedef, Qualifier, TypeTag)):
            node = self._graph[type_id := node.target]
        if isinstance(node, Void):
            return VOID_TYPE
        if isinstance(node, Int):
            made = self.base(node.name.split())
            return made or self.model.of_size(node.byte_size, node.signed)
        if isinstance(node, Float):
            made = self.base(node.name.split())
            return made or OtherType(node.name, node.byte_size)
        if isinstance(node, Enum):
            return self._enum(node)
        if isinstance(node, (Struct, Union)):
            return RecordType(self._speller.halves(type_id)[0].strip(), type_id)
        if isinstance(node, Forward):
            return RecordType(f"{node.keyword} {node.name}", None)
        if isinstance(node, Array):
            return ArrayType(self.of(node.element), node.nelems)
        if isinstance(node, Pointer):
            return PointerType(self.of(node.target))
        if isinstance(node, FuncProto):
            return OtherType("a function")
        raise NotAnExpression(f"uses a {type(node).__name__} as a type")

    def _enum(self, node: Enum) -> NumberType:
        return self.model.of_size(node.byte_size, node.signed)

    # Facts

    def size(self, kind: CType) -> int:
        """``sizeof`` in bytes; raises :class:`NotAnExpression` for a type that has none."""
        if isinstance(kind, NumberType):
            return int(kind.size)
        if isinstance(kind, PointerType):
            return self.model.pointer_size
        if isinstance(kind, ArrayType):
            return kind.nelems * self.size(kind.element)
        if isinstance(kind, RecordType):
            return self._size_align(kind)[0]
        if kind.byte_size > 0:
            return kind.byte_size
        if kind.spelling in ("void", "a function"):  # as GNU C has it
            return 1
        raise NotAnExpression(f"takes the size of {kind.spelling}")

    def align(self, kind: CType) -> int:
        """``_Alignof`` in bytes."""
        if isinstance(kind, ArrayType):
            return self.align(kind.element)
        if isinstance(kind, RecordType):
            return self._size_align(kind)[1]
        return self._data_model.aligns[self.size(kind)]

    def _size_align(self, kind: RecordType) -> tuple[int, int]:
        if kind.type_id is None:
            raise NotAnExpression(f"takes the size of {kind.spelling}, which is not defined")
        try:
            return self._layout.size_align(kind.type_id)
        except LayoutError as error:
            raise NotAnExpression(f"takes the size of {kind.spelling}: {error.problem}") from None

    def field(self, record: RecordType, name: str) -> Field:
        """A member of a struct or union, also one of its anonymous members'."""
        if record.type_id is None:
            raise NotAnExpression(f"uses {record.spelling}, which is not defined")
        for field_name, field in self._fields(record.type_id, 0):
            if field_name == name:
                return field
        raise NotAnExpression(f"uses {record.spelling}'s member {name}, which it lacks")

    def _fields(self, type_id: TypeId, bit_offset: int) -> Iterator[tuple[str, Field]]:
        assert self._graph is not None
        node = self._graph[type_id]
        assert isinstance(node, (Struct, Union))
        for member in node.members:
            at = bit_offset + member.bit_offset
            kind = self.of(member.type)
            if member.name:
                yield member.name, Field(at // 8, member.bit_width, kind)
            elif isinstance(kind, RecordType) and kind.type_id is not None:
                yield from self._fields(kind.type_id, at)


def spelling(kind: CType) -> str:
    """A type as C spells it, for what a pointer points to."""
    if isinstance(kind, NumberType):
        return kind.name
    if isinstance(kind, PointerType):
        target = spelling(kind.target)
        return f"{target}*" if target.endswith("*") else f"{target} *"
    if isinstance(kind, ArrayType):
        raise NotAnExpression("gives a pointer to an array")
    if not kind.spelling or kind.spelling == "a function" or kind.spelling.endswith(" "):
        raise NotAnExpression("gives a pointer to what has no name")
    return kind.spelling

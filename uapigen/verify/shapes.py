"""What a source says of a type's values: the yardstick for somebody else's word.

Generated bindings (``uapigen verify``) and classes written by hand
(``validate``) are held against these. They come from the nodes of the IR
alone, and nothing that emits has a part in them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias

from uapigen.errors import InputError
from uapigen.ir.graph import TypeGraph, resolve
from uapigen.ir.types import (
    Array,
    Enum,
    Float,
    Forward,
    FuncProto,
    Int,
    Pointer,
    Struct,
    TypeId,
    Union,
)

__all__ = ["Kind", "Leaf", "Shape", "is_record", "leaves", "shape_of"]

Kind: TypeAlias = Literal[
    "int",
    "bool",
    "char",
    "float",
    "enum",
    "pointer",
    "array",
    "struct",
    "union",
    "function",
    "incomplete",
    "void",
]

_FLOAT_NAMES = ("float", "double", "long double")  # pahole before 1.24 wrote them as integers


class Shape(NamedTuple):
    """A type behind its typedefs and qualifiers.

    ``type_id``: of an enum, struct, union or function itself, of a pointer its
    target. ``nelems`` and ``element`` are an array's.
    """

    kind: Kind
    byte_size: int
    signed: bool = False
    type_id: TypeId = 0
    nelems: int = 0
    element: Shape | None = None


class Leaf(NamedTuple):
    """A member that has a name; ``bit_offset`` counts from the outermost type."""

    name: str
    type: TypeId
    bit_offset: int
    bit_width: int


def shape_of(graph: TypeGraph, pointer_size: int, type_id: TypeId) -> Shape:
    """The shape of any type. Raises :class:`InputError` for a malformed one."""
    type_id, lengths = _behind_arrays(graph, type_id)
    shape = _single(graph, pointer_size, type_id)
    for nelems in reversed(lengths):
        shape = Shape("array", nelems * shape.byte_size, nelems=nelems, element=shape)
    return shape


def _behind_arrays(graph: TypeGraph, type_id: TypeId) -> tuple[TypeId, list[int]]:
    lengths: list[int] = []
    for _ in range(64):
        type_id = resolve(graph, type_id)
        node = graph[type_id]
        if not isinstance(node, Array):
            return type_id, lengths
        lengths.append(node.nelems)
        type_id = node.element
    raise InputError(graph.info.name, f"type {type_id}", "endless chain of arrays")


def _single(graph: TypeGraph, pointer_size: int, type_id: TypeId) -> Shape:
    """The shape of what is no array, typedef or qualifier."""
    node = graph[type_id]
    if isinstance(node, Int):
        if node.name in _FLOAT_NAMES:
            return Shape("float", node.byte_size)
        if node.byte_size == 1 and (node.boolean or node.name == "char"):
            return Shape("bool" if node.boolean else "char", 1, node.signed)
        return Shape("int", node.byte_size, node.signed)
    if isinstance(node, Float):
        return Shape("float", node.byte_size)
    if isinstance(node, Enum):
        return Shape("enum", node.byte_size, node.signed, type_id)
    if isinstance(node, Pointer):
        return Shape("pointer", pointer_size, False, node.target)
    if isinstance(node, Struct):
        return Shape("struct", node.byte_size, False, type_id)
    if isinstance(node, Union):
        return Shape("union", node.byte_size, False, type_id)
    if isinstance(node, FuncProto):
        return Shape("function", 0, False, type_id)
    if isinstance(node, Forward):
        return Shape("incomplete", 0, False, type_id)
    return Shape("void", 0)


def leaves(graph: TypeGraph, type_id: TypeId, bit_offset: int = 0) -> Iterator[Leaf]:
    """The members of a struct or union by name, those of anonymous parts among them.

    In the source's order. Unnamed bitfields are padding and no leaves.
    """
    node = graph[resolve(graph, type_id)]
    assert isinstance(node, Struct | Union)
    for member in node.members:
        start = bit_offset + member.bit_offset
        if member.name:
            yield Leaf(member.name, member.type, start, member.bit_width)
        elif not member.bit_width and is_record(graph, member.type):
            yield from leaves(graph, member.type, start)


def is_record(graph: TypeGraph, type_id: TypeId) -> bool:
    """Whether a type is a struct or union behind its typedefs and qualifiers."""
    return isinstance(graph[resolve(graph, type_id)], Struct | Union)

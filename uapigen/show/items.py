"""From what was found to the item that is shown: one function a kind of type."""

from __future__ import annotations

from uapigen.errors import InputError
from uapigen.ir.graph import TypeGraph, resolve
from uapigen.ir.types import (
    Array,
    Enum,
    Float,
    Func,
    FuncProto,
    Int,
    Qualifier,
    Section,
    Struct,
    TypeId,
    TypeTag,
    Union,
    Var,
)
from uapigen.ir.types import Typedef as TypedefNode
from uapigen.show.find import Found
from uapigen.show.model import (
    Base,
    Body,
    Forward,
    Function,
    Item,
    Parameter,
    Typedef,
    Variable,
)
from uapigen.show.view import Viewer

__all__ = ["item_of"]

_MAX_CHAIN = 64


def item_of(viewer: Viewer, found: Found) -> Item:
    """What is shown of a type; raises :class:`~uapigen.errors.InputError` if it is malformed."""
    type_id, spelling = found
    node = viewer.graph[type_id]
    match node:
        case Struct() | Union() | Enum():
            return viewer.body(type_id, spelling)
        case TypedefNode():
            return _typedef(viewer, type_id, spelling)
        case Func():
            return _function(viewer, type_id, node, spelling)
        case Var():
            return _variable(viewer, type_id, node, spelling)
        case Int() | Float():
            return _base(viewer, type_id, node)
        case _:
            return Forward(spelling)


def _base(viewer: Viewer, type_id: TypeId, node: Int | Float) -> Base:
    _, byte_align = viewer.layout.size_align(type_id)
    if isinstance(node, Float):
        return Base("float", node.name, node.byte_size, byte_align, True, False)
    return Base("int", node.name, node.byte_size, byte_align, node.signed, node.boolean)


def _typedef(viewer: Viewer, type_id: TypeId, spelling: str) -> Typedef:
    graph = viewer.graph
    resolve(graph, type_id)  # it refuses an endless chain
    byte_size, byte_align = viewer.size_align(type_id)
    steps: list[tuple[str, str]] = []
    body: Body | None = None
    inline = False
    chain: list[str] = []
    at = type_id
    for _ in range(_MAX_CHAIN):
        node = graph[at]
        assert isinstance(node, TypedefNode)
        align = _own_align(viewer, at, node)
        inlined = viewer.inlined(node.target)
        if inlined is not None:
            body, inline = viewer.nested(inlined, 0), True
            declared = f"{inlined.between}{node.name}{inlined.after}{align}"
            steps.append((f"typedef {inlined.before}", declared))
        else:
            steps.append((f"typedef {viewer.spell(node.target, node.name)}{align}", ""))
        chain.append(viewer.spell(node.target))
        at = _by_value(graph, node.target)
        if inline or not isinstance(graph[at], TypedefNode):
            break
    end = graph[at]
    if not inline and isinstance(end, Struct | Union | Enum):
        body = viewer.body(at, f"{type(end).__name__.lower()} {end.name}")
    return Typedef(
        spelling,
        byte_size,
        byte_align,
        tuple(steps),
        tuple(chain),
        body,
        inline,
        viewer.tags(type_id),
    )


def _own_align(viewer: Viewer, type_id: TypeId, node: TypedefNode) -> str:
    """The attribute of a typedef that does not align as what it names, like ``__aligned_u64``."""
    byte_align = viewer.size_align(type_id)[1]
    if byte_align is None or byte_align == viewer.size_align(node.target)[1]:
        return ""
    return f" __attribute__((aligned({byte_align})))"


def _by_value(graph: TypeGraph, type_id: TypeId) -> TypeId:
    """What a value of the type is or consists of, up to the next typedef."""
    for _ in range(_MAX_CHAIN):
        node = graph[type_id]
        if isinstance(node, Array):
            type_id = node.element
        elif isinstance(node, Qualifier | TypeTag):
            type_id = node.target
        else:
            break
    return type_id


def _function(viewer: Viewer, type_id: TypeId, node: Func, spelling: str) -> Function:
    proto = viewer.graph[node.proto]
    if not isinstance(proto, FuncProto):
        raise InputError(
            viewer.graph.info.name, f"type {type_id}", "is a function without a prototype"
        )
    return Function(
        spelling,
        viewer.spell(node.proto, node.name),
        node.linkage,
        viewer.spell(proto.returns),
        tuple(
            Parameter(param.name, viewer.spell(param.type), viewer.tags(type_id, index))
            for index, param in enumerate(proto.params)
        ),
        proto.variadic,
        viewer.tags(type_id),
    )


def _variable(viewer: Viewer, type_id: TypeId, node: Var, spelling: str) -> Variable:
    section, byte_offset = _place(viewer.graph, type_id)
    return Variable(
        spelling,
        viewer.spell(node.type, node.name),
        viewer.spell(node.type),
        node.linkage,
        viewer.size_align(node.type)[0],
        section,
        byte_offset,
        viewer.tags(type_id),
    )


def _place(graph: TypeGraph, var_id: TypeId) -> tuple[str, int]:
    """The section that a variable lies in, and its offset there in bytes."""
    layer: TypeGraph | None = graph
    while layer is not None:
        for section_id in layer.ids_of(Section):
            section = graph[section_id]
            assert isinstance(section, Section)
            for var, byte_offset, _ in section.vars:
                if var == var_id:
                    return section.name, byte_offset
        layer = layer.base
    return "", 0

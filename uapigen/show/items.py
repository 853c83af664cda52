"""From what was found to the item that is shown: one function a kind of type."""

from __future__ import annotations

from uapigen.ir.graph import TypeGraph
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
from uapigen.ir.types import Forward as ForwardNode
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
    byte_size, byte_align = viewer.size_align(type_id)
    steps: list[tuple[str, str]] = []
    body: Body | None = None
    inline = False
    at, ends_at = type_id, ""
    for _ in range(_MAX_CHAIN):
        node = graph[at]
        assert isinstance(node, TypedefNode)
        name = node.name
        inlined = viewer.inlined(node.target)
        if inlined is not None:
            body, inline = viewer.nested(inlined, 0), True
            steps.append((f"typedef {inlined.before}", f"{inlined.between}{name}{inlined.after}"))
        else:
            steps.append((f"typedef {viewer.spell(node.target, name)}", ""))
        ends_at = viewer.spell(node.target)
        at = _by_value(graph, node.target)
        if inline or not isinstance(graph[at], TypedefNode):
            break
    end = graph[at]
    if not inline and isinstance(end, Struct | Union | Enum):
        body = viewer.body(at, f"{type(end).__name__.lower()} {end.name}")
    return Typedef(
        spelling, byte_size, byte_align, tuple(steps), ends_at, body, inline, viewer.tags(type_id)
    )


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
    declaration = viewer.spell(node.proto, node.name)
    proto = viewer.graph[node.proto]
    if not isinstance(proto, FuncProto):
        return Function(
            spelling, declaration, node.linkage, "", (), False, viewer.tags(type_id)
        )
    return Function(
        spelling,
        declaration,
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

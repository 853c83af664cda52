"""What a node refers to, and the node with its references moved."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from uapigen.ir.types import (
    Array,
    DeclTag,
    Func,
    FuncProto,
    Param,
    Pointer,
    Qualifier,
    Section,
    Struct,
    Type,
    Typedef,
    TypeId,
    TypeTag,
    Union,
    Var,
)

__all__ = ["moved", "references"]


def references(node: Type) -> Sequence[TypeId]:
    """The types that a node names itself, in order."""
    if isinstance(node, (Struct, Union)):
        return [member.type for member in node.members]
    if isinstance(node, FuncProto):
        return [node.returns, *(param.type for param in node.params)]
    if isinstance(node, Array):
        return (node.element,)
    if isinstance(node, Func):
        return (node.proto,)
    if isinstance(node, Var):
        return (node.type,)
    if isinstance(node, Section):
        return [placed.var for placed in node.vars]
    target = getattr(node, "target", None)  # pointers, typedefs, qualifiers, tags
    return () if target is None else (target,)


def moved(node: Type, move: Callable[[TypeId], TypeId]) -> Type:
    """The node with every type id in it moved."""
    match node:
        case Struct() | Union():
            members = tuple([m._replace(type=move(m.type)) for m in node.members])
            return node._replace(members=members)
        case Array():
            return node._replace(element=move(node.element))
        case Pointer() | Typedef() | Qualifier() | TypeTag() | DeclTag():
            return node._replace(target=move(node.target))
        case FuncProto():
            params = tuple([Param(p.name, move(p.type)) for p in node.params])
            return FuncProto(move(node.returns), params, node.variadic)
        case Func():
            return node._replace(proto=move(node.proto))
        case Var():
            return node._replace(type=move(node.type))
        case Section():
            return node._replace(vars=tuple([v._replace(var=move(v.var)) for v in node.vars]))
        case _:
            return node

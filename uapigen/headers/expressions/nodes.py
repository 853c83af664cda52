"""C's expressions as a tree."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

__all__ = [
    "Binary",
    "Call",
    "Cast",
    "Character",
    "Comma",
    "Compatible",
    "Conditional",
    "Index",
    "Layer",
    "MemberOf",
    "Name",
    "Node",
    "Number",
    "Offset",
    "Parameter",
    "SizeOf",
    "Specifier",
    "String",
    "TypeName",
    "Unary",
]


class Number(NamedTuple):
    """An integer or floating constant as it is spelled."""

    text: str


class Character(NamedTuple):
    """A character constant as it is spelled."""

    text: str


class String(NamedTuple):
    """One or more adjacent string literals as they are spelled."""

    literals: tuple[str, ...]


class Name(NamedTuple):
    """An identifier that is no type, macro or parameter: an enumerator, a function."""

    text: str


class Parameter(NamedTuple):
    """A parameter of the macro."""

    name: str


class Unary(NamedTuple):
    """``+ - ~ ! * &``."""

    operator: str
    operand: Node


class Binary(NamedTuple):
    """All binary operators but the comma; ``&&`` and ``||`` among them."""

    operator: str
    left: Node
    right: Node


class Comma(NamedTuple):
    left: Node
    right: Node


class Conditional(NamedTuple):
    """``condition ? chosen : other``; GNU C's ``condition ?: other`` has no ``chosen``."""

    condition: Node
    chosen: Node | None
    other: Node


class Cast(NamedTuple):
    type: TypeName
    operand: Node


class SizeOf(NamedTuple):
    """``sizeof`` (or ``_Alignof``, as ``operator`` says) of a type or of an expression's type."""

    operator: str
    operand: Node | TypeName


class Offset(NamedTuple):
    """``offsetof(type, path)``; the path's steps are names and indices."""

    type: TypeName
    path: tuple[str | Node, ...]


class Compatible(NamedTuple):
    """``__builtin_types_compatible_p``."""

    left: TypeName
    right: TypeName


class Index(NamedTuple):
    operand: Node
    at: Node


class Call(NamedTuple):
    function: Node
    arguments: tuple[Node, ...]


class MemberOf(NamedTuple):
    """``operand.name``, or ``operand->name``."""

    operand: Node
    name: str
    arrow: bool


class Specifier(NamedTuple):
    """Part of a type's name: ``kind`` is ``word`` (``unsigned``, ``const``), ``typedef``,
    ``struct``, ``union``, ``enum``, ``param`` (a parameter that is a type) or ``typeof``.
    """

    kind: str
    name: str
    operand: Node | TypeName | None = None


class Layer(NamedTuple):
    """One layer of a declarator: ``*``, ``[]`` with its size or None, ``()``."""

    kind: str
    nelems: Node | None = None


class TypeName(NamedTuple):
    """A type's name; the layer nearest to the missing identifier comes first."""

    specifiers: tuple[Specifier, ...]
    layers: tuple[Layer, ...]


Node: TypeAlias = (
    Number
    | Character
    | String
    | Name
    | Parameter
    | Unary
    | Binary
    | Comma
    | Conditional
    | Cast
    | SizeOf
    | Offset
    | Compatible
    | Index
    | Call
    | MemberOf
)

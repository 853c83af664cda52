"""pycparser's syntax tree as the nodes of a :class:`~uapigen.ir.list_graph.ListGraph`.

Where members lie is computed by ``layout/natural.py``, in the order of the
source: a struct's members are complete before it is. What was taken out of the text
(``pycparser_rewrite.py``) is put back here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from pycparser import c_ast

from uapigen.errors import LayoutError
from uapigen.headers.pycparser_parsing import RefusedError, parse_type_name
from uapigen.headers.pycparser_rewrite import (
    TAG,
    TYPEOF,
    Attribute,
    Declared,
    Definition,
    Rewriter,
)
from uapigen.headers.pycparser_scope import Scope, UndeclaredError, UnsupportedError
from uapigen.ir.list_graph import ListGraph
from uapigen.ir.types import (
    Array,
    Enum,
    Enumerator,
    Forward,
    FuncProto,
    Int,
    Member,
    Param,
    Pointer,
    Qualifier,
    Struct,
    Typedef,
    TypeId,
    Union,
)
from uapigen.layout.natural import DeclaredMember, lay_out
from uapigen.layout.targets import DataModel

__all__ = ["Converter", "is_definition"]

_REFUSED = frozenset({"ms_struct", "scalar_storage_order"})
"""Attributes that change a layout in ways that are not known here."""
_MODES = {"QI": 1, "byte": 1, "HI": 2, "SI": 4, "DI": 8, "TI": 16}
_FLOAT_MODES = {"SF": "float", "DF": "double", "TF": "__float128"}
_INTEGERS = {1: "char", 2: "short int", 4: "int", 8: "long long int", 16: "uapigen_int128"}

_Node: TypeAlias = c_ast.Node
Owned: TypeAlias = Callable[[TypeId, int], None]


class Converter:
    """Adds the types of one translation unit to a graph.

    ``owned`` is told of each struct, union and enum that is defined, with the token that begins it.
    A definition that cannot be had is left out: ``problems`` says why, and what
    refers to it sees a type without a definition.
    """

    def __init__(
        self, graph: ListGraph, model: DataModel, rewriter: Rewriter, owned: Owned
    ) -> None:
        self.graph = graph
        self.model = model
        self.scope = Scope(graph, model)
        self.problems: dict[TypeId, UnsupportedError | LayoutError] = {}
        self._rewriter = rewriter
        self._owned = owned
        self._definitions: dict[int, TypeId] = {}

    # Declarations

    def typedef(self, node: c_ast.Typedef, declared: Declared) -> TypeId:
        """Declare a typedef; its id."""
        attributes = [*declared.specifiers, *declared.attributes]
        target = self._with_mode(self.type_id(node.type), attributes)
        align = self._aligned(attributes) or None
        target, align = self._with_vector(target, align, attributes)
        if align is not None and align == self._align_or_zero(target):
            align = None
        found = self.graph.add(Typedef(node.name, target, align))
        self.scope.declare_typedef(node.name, found)
        return found

    def _align_or_zero(self, type_id: TypeId) -> int:
        try:
            return self.scope.extent(type_id)[1]
        except UnsupportedError:
            return 0

    def prototype(self, node: c_ast.FuncDecl) -> TypeId:
        """A function's type."""
        returns = self.type_id(node.type)
        if isinstance(node.type, (c_ast.FuncDecl, c_ast.ArrayDecl)):
            raise UnsupportedError("a function that returns a function or an array")
        if node.args is None:
            return self.graph.add(FuncProto(returns, (), variadic=True))
        params: list[Param] = []
        variadic = False
        for param in node.args.params:
            if isinstance(param, c_ast.EllipsisParam):
                variadic = True
            elif isinstance(param, c_ast.ID):
                raise UnsupportedError(f"its parameter {param.name} has no type")
            else:
                params.append(Param(param.name or "", self._param_type(param.type)))
        if len(params) == 1 and not variadic and params[0] == Param("", 0):
            params = []
        return self.graph.add(FuncProto(returns, tuple(params), variadic))

    def _param_type(self, node: _Node) -> TypeId:
        """A parameter's type: arrays and functions are pointers there."""
        if isinstance(node, c_ast.ArrayDecl):
            return self.graph.add(Pointer(self.type_id(node.type)))
        if isinstance(node, c_ast.FuncDecl):
            return self.graph.add(Pointer(self.prototype(node)))
        return self.type_id(node)

    # Types

    def type_id(self, node: _Node) -> TypeId:
        """The id of a type; raises :class:`UnsupportedError`."""
        if isinstance(node, (c_ast.TypeDecl, c_ast.Typename)):
            inner = node.type
            if isinstance(node, c_ast.Typename):
                return self.type_id(inner)
            return self._qualified(self._specified(inner), node.quals)
        if isinstance(node, c_ast.PtrDecl):
            return self._qualified(self.graph.add(Pointer(self.type_id(node.type))), node.quals)
        if isinstance(node, c_ast.ArrayDecl):
            element = self.type_id(node.type)
            return self.graph.add(Array(element, self._bound(node.dim)))
        if isinstance(node, c_ast.FuncDecl):
            return self.prototype(node)
        return self._specified(node)

    def _qualified(self, type_id: TypeId, quals: Sequence[str]) -> TypeId:
        for keyword in ("restrict", "volatile", "const"):
            if keyword in quals:
                type_id = self.graph.add(Qualifier(keyword, type_id))
        return type_id

    def _bound(self, dim: _Node | None) -> int:
        if dim is None:
            return 0
        assert isinstance(dim, c_ast.Constant)
        bound = self._value(int(dim.value))
        if bound < 0:
            raise UnsupportedError(f"an array of {bound} elements")
        return bound

    def _value(self, expression: int) -> int:
        return self.scope.integer(self._rewriter.expressions[expression])

    def _specified(self, node: _Node) -> TypeId:
        if isinstance(node, c_ast.IdentifierType):
            return self._named(node.names)
        if isinstance(node, (c_ast.Struct, c_ast.Union, c_ast.Enum)):
            if is_definition(node):
                return self._definition(int(node.name.removeprefix(TAG)), node)
            return self.scope.tag(type(node).__name__.lower(), node.name)
        raise UnsupportedError(f"pycparser's {type(node).__name__} has no counterpart")

    def _named(self, names: list[str]) -> TypeId:
        if len(names) == 1 and names[0].startswith(TYPEOF):
            return self.type_name(self._rewriter.typeofs[int(names[0].removeprefix(TYPEOF))])
        return self.scope.named(names)

    def type_name(self, tokens: Sequence[str]) -> TypeId:
        """The type that tokens name; raises :class:`UnsupportedError` for what is none."""
        rewritten = self._rewriter.rewrite_tokens([*tokens, ";"]).text[:-1]
        names = {token for token in rewritten if token in self.scope.typedefs}
        try:
            return self.type_id(parse_type_name(rewritten, names))
        except RefusedError:
            raise UnsupportedError(f"'{' '.join(tokens)}' is no type's name") from None

    # Definitions

    def _definition(self, number: int, node: _Node) -> TypeId:
        found = self._definitions.get(number)
        if found is not None:
            return found
        definition = self._rewriter.definitions[number]
        found = self._definitions[number] = self.scope.define_tag(
            definition.keyword, definition.tag
        )
        try:
            if definition.keyword == "enum":
                self.graph.define(found, self._enum(definition))
            else:
                self.graph.define(found, self._composite(definition, node))
        except (UnsupportedError, LayoutError) as error:
            self.problems[found] = error
            self.graph.define(found, Forward(definition.tag, definition.keyword))
        self._owned(found, definition.token)
        return found

    def _enum(self, definition: Definition) -> Enum:
        enumerators = []
        value = -1
        for name, expression in definition.enumerators:
            value = self.scope.integer(expression) if expression else value + 1
            enumerators.append(Enumerator(name, value))
            self.scope.declare_enumerator(name, value)
        lowest = min((e.value for e in enumerators), default=0)
        highest = max((e.value for e in enumerators), default=0)
        signed = lowest < 0
        bits = max(highest.bit_length() + signed, (-lowest - 1).bit_length() + 1 if signed else 0)
        packed = any(a.name == "packed" for a in definition.attributes)
        size = next((n for n in (1, 2, 4, 8, 16) if 8 * n >= bits), 16)
        if not packed:
            size = max(size, 4)
        for attribute in definition.attributes:
            if attribute.name == "mode":
                size = self._mode_size(attribute)
        return Enum(definition.tag, size, signed, tuple(enumerators))

    def _composite(self, definition: Definition, node: _Node) -> Struct | Union:
        assert isinstance(node, (c_ast.Struct, c_ast.Union))
        decls = node.decls or []
        if len(decls) != len(definition.members):
            raise UnsupportedError("pycparser sees other members than its text has")
        spelling = f"{definition.keyword} {definition.tag or '{...}'}"
        self._check(definition.attributes)
        packed = any(attribute.name == "packed" for attribute in definition.attributes)
        kept: list[tuple[str, TypeId, int]] = []
        declared: list[DeclaredMember] = []
        for decl, taken in zip(decls, definition.members, strict=True):
            type_id, member = self._member(decl, taken, packed, definition.pack)
            if member is None:
                continue
            declared.append(member)
            kept.append(
                (member.name, type_id, -1 if member.bit_width is None else member.bit_width)
            )
        union = definition.keyword == "union"
        aligned = self._aligned(definition.attributes)
        size, align, offsets = lay_out(spelling, declared, self.model, union=union, aligned=aligned)
        members = tuple(
            Member(name, type_id, offset, max(width, 0))
            for (name, type_id, width), offset in zip(kept, offsets, strict=True)
            if width  # those of width 0 have done what they are for
        )
        return (Union if union else Struct)(definition.tag, size, members, align)

    def _member(
        self, decl: c_ast.Decl, taken: Declared, packed: bool, pack: int
    ) -> tuple[TypeId, DeclaredMember | None]:
        """A member's type, and what its layout depends on; None where nothing is a member."""
        attributes = [*taken.specifiers, *taken.attributes]
        self._check(attributes)
        type_id = self._with_mode(self.type_id(decl.type), attributes)
        width = None
        if decl.bitsize is not None:
            assert isinstance(decl.bitsize, c_ast.Constant)
            width = self._value(int(decl.bitsize.value))
        elif not decl.name and not self._is_anonymous_member(decl.type):
            return type_id, None  # declares a tag, and no member
        type_id, of_vector = self._with_vector(type_id, None, attributes)
        try:
            size, align = self.scope.extent(type_id)
        except UndeclaredError:
            raise
        except UnsupportedError as error:
            raise UnsupportedError(f"member {decl.name or '(anonymous)'}: {error}") from None
        if width is not None and not 0 <= width <= 8 * size:
            raise UnsupportedError(f"bitfield {decl.name or '(unnamed)'} of {width} bits")
        packed = packed or any(attribute.name == "packed" for attribute in attributes)
        aligned = self._aligned(attributes)
        align = of_vector or align
        return type_id, DeclaredMember(size, align, width, decl.name or "", aligned, packed, pack)

    def _is_anonymous_member(self, node: _Node) -> bool:
        """``struct {…};``, or with -fms-extensions ``struct foo;``: not ``struct foo {…};``."""
        if not isinstance(node, (c_ast.Struct, c_ast.Union)):
            return isinstance(node, c_ast.TypeDecl) and self._is_anonymous_member(node.type)
        if is_definition(node):
            return not self._rewriter.definitions[int(node.name.removeprefix(TAG))].tag
        return False

    # Attributes

    def _check(self, attributes: Sequence[Attribute]) -> None:
        for attribute in attributes:
            if attribute.name in _REFUSED:
                raise UnsupportedError(f"__attribute__(({attribute.name})) is not supported")

    def _aligned(self, attributes: Sequence[Attribute]) -> int:
        """The largest ``aligned`` attribute, in bytes; 0 without one."""
        largest = 0
        for attribute in attributes:
            if attribute.name == "aligned":
                align = self.model.biggest_align
                if attribute.args:
                    align = self.scope.alignment(attribute.args)
                if align & (align - 1) or align < 0:
                    raise UnsupportedError(f"an alignment of {align}, which is no power of two")
                largest = max(largest, align)
        return largest

    def _mode_size(self, attribute: Attribute) -> int:
        mode = attribute.args[0].strip("_") if attribute.args else ""
        words = {"word": self.model.pointer_size, "pointer": self.model.pointer_size}
        size = _MODES.get(mode) or words.get(mode)
        if size is None:
            raise UnsupportedError(f"mode {mode} is not known")
        return size

    def _with_mode(self, type_id: TypeId, attributes: Sequence[Attribute]) -> TypeId:
        """The type that ``mode`` makes of another one."""
        for attribute in attributes:
            if attribute.name != "mode":
                continue
            mode = attribute.args[0].strip("_") if attribute.args else ""
            if mode in _FLOAT_MODES:
                return self.scope.named([_FLOAT_MODES[mode]])
            size = self._mode_size(attribute)
            node = self.graph[self.scope.resolved(type_id)]
            if not isinstance(node, Int):
                raise UnsupportedError(f"mode {mode} of a type that is no integer")
            if node.byte_size == size:
                continue
            name = "long int" if size == 8 == self.model.pointer_size else _INTEGERS[size]
            words = name.split() if node.signed else ["unsigned", *name.split()]
            type_id = self.scope.named(
                ["signed", "char"] if name == "char" and node.signed else words
            )
        return type_id

    def _with_vector(
        self, target: TypeId, align: int | None, attributes: Sequence[Attribute]
    ) -> tuple[TypeId, int | None]:
        """The type that ``vector_size`` makes of another one, and its alignment."""
        for attribute in attributes:
            if attribute.name == "vector_size":
                target, align = self._vector(target, attribute)
        return target, align

    def _vector(self, element: TypeId, attribute: Attribute) -> tuple[TypeId, int]:
        """A vector is an array that is aligned as a whole."""
        size = self.scope.integer(attribute.args)
        each, _ = self.scope.extent(element)
        if not each or size % each:
            raise UnsupportedError(f"a vector of {size} bytes")
        return self.graph.add(Array(element, size // each)), size


def is_definition(node: _Node) -> bool:
    """Whether a node is a struct, union or enum that had a body."""
    return isinstance(node, (c_ast.Struct, c_ast.Union, c_ast.Enum)) and bool(
        node.name and node.name.startswith(TAG)
    )

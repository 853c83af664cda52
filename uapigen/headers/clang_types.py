"""clang's types as the nodes of a :class:`~uapigen.ir.list_graph.ListGraph`.

Sizes, alignments and offsets are those of clang's record layout; nothing is
computed here. A record is given an id when a type first mentions it, and its
members later, from a queue: C's types refer to each other in circles and to any depth.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from uapigen.errors import InputError
from uapigen.headers.clang_library import Cursor, FieldVisitor, Type, library, text
from uapigen.headers.clang_parse import visit_children
from uapigen.ir.list_graph import ListGraph
from uapigen.ir.types import (
    Array,
    Enum,
    Enumerator,
    Float,
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
from uapigen.layout.targets import DataModel

__all__ = ["ENUM_DECL", "RECORD_DECLS", "TYPEDEF_DECL", "TypeConverter", "UnsupportedTypeError"]

STRUCT_DECL, UNION_DECL, ENUM_DECL = 2, 3, 5
ENUM_CONSTANT_DECL = 7
PARM_DECL = 10
TYPEDEF_DECL = 20
RECORD_DECLS = frozenset({STRUCT_DECL, UNION_DECL})

_UNEXPOSED, _VOID, _LONG_DOUBLE, _COMPLEX, _POINTER = 1, 2, 23, 100, 101
_RECORD, _ENUM, _TYPEDEF, _FUNCTION_NO_PROTO, _FUNCTION_PROTO = 105, 106, 107, 110, 111
_CONSTANT_ARRAY, _VECTOR, _INCOMPLETE_ARRAY, _ELABORATED = 112, 113, 114, 119
_ATTRIBUTED, _EXT_VECTOR, _ATOMIC = 163, 176, 177

# Base types by ``CXTypeKind``, under the names that GCC gives them in DWARF, and so BTF.
_INTEGERS: dict[int, tuple[str, bool]] = {
    4: ("char", False),
    5: ("unsigned char", False),
    6: ("char16_t", False),
    7: ("char32_t", False),
    8: ("short unsigned int", False),
    9: ("unsigned int", False),
    10: ("long unsigned int", False),
    11: ("long long unsigned int", False),
    12: ("__int128 unsigned", False),
    13: ("char", True),
    14: ("signed char", True),
    15: ("wchar_t", True),
    16: ("short int", True),
    17: ("int", True),
    18: ("long int", True),
    19: ("long long int", True),
    20: ("__int128", True),
}
_BOOL = 3
_FLOATS = {
    21: "float",
    22: "double",
    _LONG_DOUBLE: "long double",
    30: "__float128",
    31: "_Float16",
    32: "_Float16",
    39: "__bf16",
    40: "__ibm128",
}

_MAX_DEPTH = 100
"""Pointers, arrays, functions and typedefs around each other in one type."""

Declared: TypeAlias = Callable[[TypeId, Cursor], None]


class UnsupportedTypeError(Exception):
    """A type that the model of C cannot say; the text is why."""


class TypeConverter:
    """Adds types to a graph as they are asked for, with all that they refer to.

    ``declared`` is told of each struct, union, enum and typedef that gets an
    id, with its cursor. :meth:`finish` must be called before the graph is read.
    A record that cannot be had is left out of it: :attr:`problems` says why,
    and what refers to it sees a type without a definition.
    """

    def __init__(self, graph: ListGraph, model: DataModel, declared: Declared) -> None:
        self.graph = graph
        self.model = model
        self.problems: dict[TypeId, str] = {}
        self.look_inside = False
        """Whether records are searched for definitions that are no member's type."""
        self._lib = library()
        self._declared = declared
        self._by_type: dict[int, TypeId] = {}
        self._by_decl: dict[int, TypeId] = {}
        self._typedefs: dict[str, TypeId] = {}
        self._queue: deque[tuple[TypeId, Type, Cursor, str]] = deque()
        self._depth = 0
        self._convert: dict[int, Callable[[Type], TypeId]] = {
            _VOID: lambda _: 0,
            _BOOL: self._bool,
            _COMPLEX: self._complex,
            _POINTER: self._pointer,
            _RECORD: self._tagged,
            _ENUM: self._tagged,
            _TYPEDEF: self._typedef,
            _FUNCTION_NO_PROTO: self._no_prototype,
            _FUNCTION_PROTO: self._prototype,
            _CONSTANT_ARRAY: self._array,
            _INCOMPLETE_ARRAY: self._flexible_array,
            _VECTOR: self._vector,
            _EXT_VECTOR: self._vector,
            _ELABORATED: lambda t: self.type_id(self._lib.clang_Type_getNamedType(t)),
            _ATTRIBUTED: lambda t: self.type_id(self._lib.clang_Type_getModifiedType(t)),
            _ATOMIC: lambda t: self.type_id(self._lib.clang_Type_getValueType(t)),
            _UNEXPOSED: self._canonical,
            **dict.fromkeys(_INTEGERS, self._integer),
            **dict.fromkeys(_FLOATS, self._float),
        }

    def type_id(self, clang_type: Type) -> TypeId:
        """The id of a type; raises :class:`UnsupportedTypeError`."""
        key: int = clang_type.data[0]
        found = self._by_type.get(key)
        if found is None:
            found = self._by_type[key] = self._inwards(self._qualified, clang_type)
        return found

    def _inwards(self, convert: Callable[..., TypeId], *given: object) -> TypeId:
        """Convert what a type is made of, which must come to an end."""
        if self._depth >= _MAX_DEPTH:
            raise UnsupportedTypeError(f"nests more than {_MAX_DEPTH} types in each other")
        self._depth += 1
        try:
            return convert(*given)
        finally:
            self._depth -= 1

    def _qualified(self, clang_type: Type) -> TypeId:
        convert = self._convert.get(clang_type.kind)
        if convert is None:
            raise UnsupportedTypeError(f"libclang's type kind {clang_type.kind} has no counterpart")
        return self._with_qualifiers(clang_type, convert(clang_type))

    def _with_qualifiers(self, clang_type: Type, found: TypeId) -> TypeId:
        lib = self._lib
        if lib.clang_isRestrictQualifiedType(clang_type):
            found = self.graph.add(Qualifier("restrict", found))
        if lib.clang_isVolatileQualifiedType(clang_type):
            found = self.graph.add(Qualifier("volatile", found))
        if lib.clang_isConstQualifiedType(clang_type):
            found = self.graph.add(Qualifier("const", found))
        return found

    def finish(self) -> None:
        """Define all records that were mentioned."""
        queue = self._queue
        while queue:
            self._define(*queue.popleft())

    # Types without a name

    def _bool(self, clang_type: Type) -> TypeId:
        size = self._lib.clang_Type_getSizeOf(clang_type)
        return self.graph.add(Int("_Bool", size, False, boolean=True))

    def _integer(self, clang_type: Type) -> TypeId:
        name, signed = _INTEGERS[clang_type.kind]
        return self.graph.add(Int(name, self._lib.clang_Type_getSizeOf(clang_type), signed))

    def _float(self, clang_type: Type) -> TypeId:
        size = self._lib.clang_Type_getSizeOf(clang_type)
        if clang_type.kind == _LONG_DOUBLE and size != self.model.long_double_size:
            raise UnsupportedTypeError(
                f"libclang's long double for {self.model.arch} has {size} bytes, "
                f"GCC's {self.model.long_double_size}"
            )
        return self.graph.add(Float(_FLOATS[clang_type.kind], size))

    def _complex(self, clang_type: Type) -> TypeId:
        # "The same representation and alignment requirements as an array type containing
        # exactly two elements" (C11 6.2.5p13).
        element = self.type_id(self._lib.clang_getElementType(clang_type))
        return self.graph.add(Array(element, 2))

    def _pointer(self, clang_type: Type) -> TypeId:
        return self.graph.add(Pointer(self.type_id(self._lib.clang_getPointeeType(clang_type))))

    def _array(self, clang_type: Type) -> TypeId:
        element = self.type_id(self._lib.clang_getArrayElementType(clang_type))
        return self.graph.add(Array(element, self._lib.clang_getArraySize(clang_type)))

    def _flexible_array(self, clang_type: Type) -> TypeId:
        element = self.type_id(self._lib.clang_getArrayElementType(clang_type))
        return self.graph.add(Array(element, 0))

    def _vector(self, clang_type: Type) -> TypeId:
        element = self.type_id(self._lib.clang_getElementType(clang_type))
        return self.graph.add(Array(element, self._lib.clang_getNumElements(clang_type)))

    def _canonical(self, clang_type: Type) -> TypeId:
        canonical = self._lib.clang_getCanonicalType(clang_type)
        if canonical.kind == _UNEXPOSED:
            raise UnsupportedTypeError(f"{self.spelling(clang_type)} has no counterpart")
        return self.type_id(canonical)

    def _no_prototype(self, clang_type: Type) -> TypeId:
        returns = self.type_id(self._lib.clang_getResultType(clang_type))
        return self.graph.add(FuncProto(returns, (), variadic=True))

    def _prototype(self, clang_type: Type) -> TypeId:
        return self.prototype(clang_type, ())

    def prototype(self, clang_type: Type, names: tuple[str, ...]) -> TypeId:
        """The id of a function's type with these names of its parameters; () for none."""
        lib = self._lib
        returns = self.type_id(lib.clang_getResultType(clang_type))
        count = lib.clang_getNumArgTypes(clang_type)
        types = [self.type_id(lib.clang_getArgType(clang_type, i)) for i in range(count)]
        params = tuple(map(Param, names or [""] * count, types))
        variadic = bool(lib.clang_isFunctionTypeVariadic(clang_type))
        return self.graph.add(FuncProto(returns, params, variadic))

    def _declared_type(self, clang_type: Type, cursor: Cursor) -> TypeId:
        """The id of the type that a field, parameter or typedef is declared with.

        clang's types have no names of parameters; the declaration of a function pointer has.
        """
        if not self._leads_to_function(clang_type):
            return self.type_id(clang_type)
        parameters: deque[Cursor] = deque()

        def visit(child: Cursor) -> None:
            if child.kind == PARM_DECL:
                parameters.append(child)

        visit_children(cursor, visit)
        return self._with_names(clang_type, parameters)

    def _leads_to_function(self, clang_type: Type) -> bool:
        lib = self._lib
        while clang_type.kind in (_POINTER, _CONSTANT_ARRAY):
            if clang_type.kind == _POINTER:
                clang_type = lib.clang_getPointeeType(clang_type)
            else:
                clang_type = lib.clang_getArrayElementType(clang_type)
        return self._is_function(clang_type)

    def _is_function(self, clang_type: Type) -> bool:
        kind = clang_type.kind
        if kind == _UNEXPOSED:  # in parentheses
            kind = self._lib.clang_getCanonicalType(clang_type).kind
        return bool(kind == _FUNCTION_PROTO)

    def _with_names(self, clang_type: Type, parameters: deque[Cursor]) -> TypeId:
        """The id of a type whose functions have these parameters, a result's before its own."""
        lib, inwards = self._lib, partial(self._inwards, self._with_names)
        if clang_type.kind == _POINTER:
            pointee = inwards(lib.clang_getPointeeType(clang_type), parameters)
            found = self.graph.add(Pointer(pointee))
        elif clang_type.kind == _CONSTANT_ARRAY:
            element = inwards(lib.clang_getArrayElementType(clang_type), parameters)
            found = self.graph.add(Array(element, lib.clang_getArraySize(clang_type)))
        elif self._is_function(clang_type):
            returns = inwards(lib.clang_getResultType(clang_type), parameters)
            params = []
            for index in range(lib.clang_getNumArgTypes(clang_type)):
                target = lib.clang_getArgType(clang_type, index)
                if parameters:
                    cursor = parameters.popleft()
                    name = text(lib.clang_getCursorSpelling(cursor))
                    params.append(Param(name, self._declared_type(target, cursor)))
                else:
                    params.append(Param("", self.type_id(target)))
            variadic = bool(lib.clang_isFunctionTypeVariadic(clang_type))
            found = self.graph.add(FuncProto(returns, tuple(params), variadic))
        else:
            return self.type_id(clang_type)
        return self._with_qualifiers(clang_type, found)

    def spelling(self, clang_type: Type) -> str:
        """As clang writes it."""
        return text(self._lib.clang_getTypeSpelling(clang_type))

    # Types with a declaration

    def _typedef(self, clang_type: Type) -> TypeId:
        return self.typedef(self._lib.clang_getTypeDeclaration(clang_type))

    def typedef(self, cursor: Cursor) -> TypeId:
        """The id of a typedef by its declaration."""
        lib = self._lib
        name = text(lib.clang_getCursorSpelling(cursor))
        found = self._typedefs.get(name)
        if found is None:
            underlying = lib.clang_getTypedefDeclUnderlyingType(cursor)
            target = self._declared_type(underlying, cursor)
            own = lib.clang_getCursorType(cursor)
            align = lib.clang_Type_getAlignOf(own)
            if underlying.kind in (_VECTOR, _EXT_VECTOR):
                differs = True  # its target is an array, which is aligned as its elements are
            else:
                differs = align != lib.clang_Type_getAlignOf(underlying)
            node = Typedef(name, target, align if differs and align > 0 else None)
            found = self._typedefs[name] = self.graph.add(node)
            self._declared(found, lib.clang_getCanonicalCursor(cursor))
        return found

    def _tagged(self, clang_type: Type) -> TypeId:
        lib = self._lib
        decl = lib.clang_getTypeDeclaration(clang_type)
        key = decl.data[0]
        found = self._by_decl.get(key)
        if found is not None:
            return found
        # As written without qualifiers: "struct foo", "foo_t" or "struct (unnamed at …)".
        spelling = self.spelling(lib.clang_getCursorType(decl))
        keyword = _KEYWORDS[decl.kind]
        name = spelling.removeprefix(keyword + " ")
        if name == spelling or "(" in name:
            name = ""
        if lib.clang_Type_getSizeOf(clang_type) < 0:
            found = self._by_decl[key] = self.graph.add(Forward(name, keyword))
            return found
        found = self._by_decl[key] = self.graph.reserve()
        self._queue.append((found, clang_type, decl, name))
        self._declared(found, decl)
        return found

    def _define(self, type_id: TypeId, clang_type: Type, decl: Cursor, name: str) -> None:
        if decl.kind == ENUM_DECL:
            self.graph.define(type_id, self._enum(decl, name))
            return
        lib = self._lib
        try:
            members = self._members(clang_type)
        except UnsupportedTypeError as error:
            self.problems[type_id] = str(error)
            self.graph.define(type_id, Forward(name, _KEYWORDS[decl.kind]))
            return
        if self.look_inside:
            visit_children(decl, self._inside)
        make = Struct if decl.kind == STRUCT_DECL else Union
        size = lib.clang_Type_getSizeOf(clang_type)
        # The record's own: a qualified type's spelling may be a typedef's with another alignment.
        align = lib.clang_Type_getAlignOf(lib.clang_getCursorType(decl))
        self.graph.define(type_id, make(name, size, members, align))

    def _inside(self, cursor: Cursor) -> None:
        if cursor.kind in _KEYWORDS and self._lib.clang_isCursorDefinition(cursor):
            self.type_id(self._lib.clang_getCursorType(cursor))

    def _members(self, clang_type: Type) -> tuple[Member, ...]:
        lib = self._lib
        members: list[Member] = []
        raised: list[BaseException] = []

        def visit(field: Cursor, _data: object) -> int:
            try:
                width = lib.clang_getFieldDeclBitWidth(field)
                if width:  # `int : 0` has done its work: it shows in the offsets
                    name = text(lib.clang_getCursorSpelling(field))
                    target = self._declared_type(lib.clang_getCursorType(field), field)
                    offset = lib.clang_Cursor_getOffsetOfField(field)
                    members.append(
                        Member("" if "(" in name else name, target, offset, max(width, 0))
                    )
            except BaseException as error:  # noqa: BLE001  # C code is between here and the caller
                raised.append(error)
                return 0
            return 1

        lib.clang_Type_visitFields(clang_type, FieldVisitor(visit), None)
        if raised:
            raise raised[0]
        return tuple(members)

    def _enum(self, decl: Cursor, name: str) -> Enum:
        lib = self._lib
        base = self.graph[self.type_id(lib.clang_getEnumDeclIntegerType(decl))]
        if not isinstance(base, Int):
            raise InputError(self.graph.info.name, f"enum {name}", "its type is no integer")
        value_of = (
            lib.clang_getEnumConstantDeclValue
            if base.signed
            else lib.clang_getEnumConstantDeclUnsignedValue
        )
        enumerators: list[Enumerator] = []

        def visit(cursor: Cursor) -> None:
            if cursor.kind == ENUM_CONSTANT_DECL:
                spelled = text(lib.clang_getCursorSpelling(cursor))
                enumerators.append(Enumerator(spelled, value_of(cursor)))

        visit_children(decl, visit)
        return Enum(name, base.byte_size, base.signed, tuple(enumerators))


_KEYWORDS = {STRUCT_DECL: "struct", UNION_DECL: "union", ENUM_DECL: "enum"}

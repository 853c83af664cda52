"""ctypes classes as BTF, so that the kernel knows what is in a BPF map."""

from __future__ import annotations

import ctypes
import enum
import re
import sys
from _ctypes import CFuncPtr  # ctypes has it without saying so
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from uapigen.btf.writer import write_btf
from uapigen.emit.support.declarators import outermost, unqualified
from uapigen.errors import InputError
from uapigen.ir.classes import written_bits
from uapigen.ir.graph import SourceInfo
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
    Struct,
    Type,
    Typedef,
    TypeId,
    Union,
)

__all__ = ["EncodedBtf", "encode"]

_BIG = sys.byteorder == "big"
_SIMPLE: dict[str, tuple[str, str]] = {
    "c": ("char", "i"),
    "b": ("signed char", "i"),
    "B": ("unsigned char", "u"),
    "h": ("short int", "i"),
    "H": ("short unsigned int", "u"),
    "i": ("int", "i"),
    "I": ("unsigned int", "u"),
    "l": ("long int", "i"),
    "L": ("long unsigned int", "u"),
    "q": ("long long int", "i"),
    "Q": ("long long unsigned int", "u"),
    "?": ("_Bool", "b"),
    "f": ("float", "f"),
    "d": ("double", "f"),
    "g": ("long double", "f"),
    "u": ("wchar_t", "i"),
}
"""``_type_`` of a simple type: C's name as compilers spell it in debug information, and kind."""
_POINTERS = {"P": None, "z": "c", "Z": "u"}


class EncodedBtf(bytes):
    """BTF of some classes; ``BPF_BTF_LOAD`` takes it as it is.

    :meth:`id` gives a class's type id, for ``btf_key_type_id`` and the like.
    """

    ids: Mapping[Any, TypeId]
    """The type id of each class that was given."""

    def id(self, cls: Any) -> TypeId:
        """The type id of a class that was given; KeyError for another."""
        return self.ids[cls]


def encode(classes: Iterable[Any]) -> EncodedBtf:
    """BTF of ctypes types, in this machine's byte order, and of all that they contain.

    What can be encoded: structures and unions of any byte order, with
    ``_anonymous_`` parts, bitfields, bases; simple types, arrays, pointers and
    function types of these; classes of generated bindings, of which BTF says what
    the bindings' source said; ``IntEnum`` classes. Numbers of the other byte
    order are ``__be32`` (``__le32``) and its like there.

    Raises :class:`~uapigen.errors.InputError` for what the kernel would refuse,
    like a class whose name is no C identifier, and TypeError for what is no
    ctypes type.
    """
    graph = _Encoder()
    ids = {cls: graph.type_of(cls) for cls in classes}
    written = write_btf(graph.graph, loadable=True, big_endian=_BIG)
    encoded = EncodedBtf(written.data)
    encoded.ids = {cls: written.ids[type_id] for cls, type_id in ids.items()}
    return encoded


class _Encoder:
    """Types of classes in the making."""

    def __init__(self) -> None:
        self._generated: dict[Any, _Generated] = {}
        size = ctypes.sizeof(ctypes.c_void_p)
        self.graph = ListGraph(SourceInfo("encode()", lambda: "", _BIG, size))
        self._known: dict[Any, TypeId] = {}

    def type_of(self, cls: Any) -> TypeId:
        """The type of a class; None is void."""
        if cls is None:
            return 0
        found = self._known.get(cls)
        return self._add(cls) if found is None else found

    def _add(self, cls: Any) -> TypeId:
        is_class = isinstance(cls, type)
        if not is_class:
            raise TypeError(f"{cls!r} is no ctypes type")
        if "_spelling_" in vars(cls) and hasattr(cls, "_leaves_"):
            return self._keep(cls, self._bindings_of(cls).exact(cls._spelling_))
        if issubclass(cls, (ctypes.Structure, ctypes.Union)):
            return self._record(cls)
        if issubclass(cls, enum.IntEnum):
            return self._keep(cls, self._enum(cls))
        if issubclass(cls, ctypes.Array):
            node: Type = Array(self.type_of(cls._type_), cls._length_)
        elif issubclass(cls, ctypes._Pointer):
            return self._pointer(cls)
        elif issubclass(cls, CFuncPtr):
            node = Pointer(self.graph.add(self._function(cls)))
        elif issubclass(cls, ctypes._SimpleCData):
            node = self._simple(cls)
        else:
            raise TypeError(f"{cls!r} is no ctypes type")
        return self._keep(cls, self.graph.add(node))

    def _keep(self, cls: Any, type_id: TypeId) -> TypeId:
        self._known[cls] = type_id
        return type_id

    def _bindings_of(self, cls: Any) -> _Generated:
        made = self._generated.get(cls._bindings_)
        if made is None:
            made = self._generated[cls._bindings_] = _Generated(self.graph, cls._bindings_)
        return made

    def _record(self, cls: Any) -> TypeId:
        type_id = self._keep(cls, self.graph.reserve())
        node = Union if issubclass(cls, ctypes.Union) else Struct
        name = _NOT_C.sub("_", cls.__name__) if cls.__name__.isascii() else cls.__name__
        self.graph.define(type_id, node(name, ctypes.sizeof(cls), tuple(self._members(cls))))
        return type_id

    def _members(self, cls: Any) -> Iterator[Member]:
        """Fields in order, those of base classes first."""
        for base in reversed(cls.__mro__):
            if "_spelling_" in vars(base) and hasattr(base, "_leaves_"):
                yield from self._bindings_of(base).members(base._spelling_)
                continue
            anonymous = vars(base).get("_anonymous_", ())
            for name, ctype, *width in vars(base).get("_fields_", ()):
                field = vars(base)[name]
                if not width:
                    shown = "" if name in anonymous else name
                    yield Member(shown, self.type_of(ctype), 8 * field.offset)
                    continue
                bit_offset, bit_width = written_bits(base, field, _BIG)
                if not bit_width:
                    raise InputError(
                        "encode()",
                        f"{cls.__name__}.{name}",
                        "its bits do not lie side by side in this machine's byte order",
                    )
                yield Member(name, self.type_of(_native(ctype)), bit_offset, bit_width)

    def _enum(self, cls: Any) -> TypeId:
        constants = tuple([Enumerator(n, m.value) for n, m in cls.__members__.items()])
        values = [value for _, value in constants]
        signed = min(values, default=0) < 0
        limit = 1 << 31 if signed else 1 << 32
        fits = all(-limit <= value < limit for value in values)
        return self.graph.add(Enum(cls.__name__, 4 if fits else 8, signed, constants))

    def _pointer(self, cls: Any) -> TypeId:
        type_id = self._keep(cls, self.graph.reserve())  # its target may point back
        self.graph.define(type_id, Pointer(self.type_of(cls._type_)))
        return type_id

    def _function(self, cls: Any) -> FuncProto:
        params = tuple([Param("", self.type_of(kind)) for kind in cls._argtypes_])
        return FuncProto(self.type_of(cls._restype_), params)

    def _simple(self, cls: Any) -> Type:
        code = getattr(cls, "_type_", "")
        if code in _POINTERS:
            inner = _POINTERS[code]
            return Pointer(0 if inner is None else self.graph.add(_scalar(inner, _SIZE[inner])))
        if code not in _SIMPLE:
            raise TypeError(f"{cls!r} has no counterpart in C")
        size = ctypes.sizeof(cls)
        if not _is_swapped(cls):
            return _scalar(code, size)
        if _SIMPLE[code][1] == "f":
            raise TypeError(f"{cls!r}: BTF has no floating point number of the other byte order")
        native = self.graph.add(_scalar(_UNSIGNED[size], size))
        return Typedef(f"__{'le' if _BIG else 'be'}{8 * size}", native)


_SIZE = {"c": 1, "u": ctypes.sizeof(ctypes.c_wchar)}
_UNSIGNED = {2: "H", 4: "I", 8: "Q"}
_NOT_C = re.compile(r"\W")


def _scalar(code: str, byte_size: int) -> Int | Float:
    name, kind = _SIMPLE[code]
    if kind == "f":
        return Float(name, byte_size)
    return Int(name, byte_size, kind == "i", kind == "b")


def _is_swapped(cls: Any) -> bool:
    """Whether a simple type has the other byte order: ctypes makes such types by itself."""
    native = getattr(cls, "__ctype_le__" if not _BIG else "__ctype_be__", cls)
    return native is not cls


def _native(cls: Any) -> Any:
    """A bitfield's type in this machine's byte order."""
    return getattr(cls, "__ctype_be__" if _BIG else "__ctype_le__", cls)


class _Generated:
    """Types of generated bindings, from their tables: these know C's types, classes do not."""

    def __init__(self, graph: ListGraph, bindings: Any) -> None:
        self._graph = graph
        self._bindings = bindings
        self._known: dict[str, TypeId] = {}

    def exact(self, spelling: str) -> TypeId:
        """A type by what C calls it."""
        return self.type_of(self._bindings.aliases.get(spelling, spelling))

    def members(self, spelling: str) -> Sequence[Member]:
        """The members of a record."""
        node = self._graph[self.exact(spelling)]
        assert isinstance(node, (Struct, Union))
        return node.members

    def type_of(self, spelling: str, *, complete: bool = True) -> TypeId:
        """A type by its key; what need not be ``complete`` is declared only."""
        spelling = unqualified(spelling)
        keyword, _, key = spelling.partition(" ")
        is_record = keyword in ("struct", "union") and key.isidentifier()
        if is_record and not complete and spelling not in self._known:
            return self._graph.add(Forward(key, keyword))
        found = self._known.get(spelling)
        if found is None:
            found = self._record(spelling, keyword, key) if is_record else self._other(spelling)
            self._known[spelling] = found
        return found

    def _record(self, spelling: str, keyword: str, key: str, *, named: bool = True) -> TypeId:
        bindings = self._bindings
        statement = bindings.tables.statement("record", key)
        if statement is None or statement[0] != keyword:
            return self._elsewhere(spelling)
        _, listed, facts = statement
        type_id = self._graph.reserve()
        if named:
            self._known[spelling] = type_id
        members = []
        for name, offset, c_type, *width in listed:
            plain = unqualified(c_type)
            if not name and not width and plain.startswith(("struct ", "union ")):
                inner = self._record(plain, *plain.split(" ", 1), named=False)
            else:
                inner = self.type_of(c_type)
            members.append(Member(name, inner, offset if width else 8 * offset, *width))
        made = (Struct if keyword == "struct" else Union)(
            key if named else "", facts["size"], tuple(members)
        )
        self._graph.define(type_id, made)
        return type_id

    def _elsewhere(self, spelling: str) -> TypeId:
        other = self._bindings._elsewhere(spelling)
        if other is None:
            raise InputError("encode()", spelling, "is not among its bindings")
        return _Generated(self._graph, other).exact(spelling)

    def _other(self, spelling: str) -> TypeId:
        graph, bindings = self._graph, self._bindings
        if spelling == "void":
            return 0
        outer = outermost(spelling)
        if outer is not None:
            count, inner = outer
            if count is None:
                return graph.add(Pointer(self._target(inner)))
            return graph.add(Array(self.type_of(inner), count))
        if spelling.startswith("enum "):
            statement = bindings.tables.statement("enum", spelling[5:])
            if statement is None:
                return self._elsewhere(spelling)
            _, constants, facts = statement
            listed = tuple([Enumerator(name, value) for name, value in constants.items()])
            return graph.add(Enum(spelling[5:], facts["size"], facts["signed"], listed))
        if spelling in bindings.scalars:
            kind, size, _ = bindings.scalars[spelling]
            if kind == "f":
                return graph.add(Float(spelling, size))
            return graph.add(Int(spelling, size, kind in "ic", kind == "b"))
        target = bindings.tables.entry("typedefs", spelling)
        if target is None:
            return self._elsewhere(spelling)
        return graph.add(Typedef(spelling, self.type_of(target)))

    def _target(self, spelling: str) -> TypeId:
        """What a pointer points to: a function's type is left open, a record declared."""
        if "(" in spelling and outermost(spelling) is None:
            return self._graph.add(FuncProto(0, ()))
        typedef = self._bindings.tables.entry("typedefs", unqualified(spelling))
        if typedef is not None:
            return self._graph.add(Typedef(unqualified(spelling), self._target(typedef)))
        try:
            return self.type_of(spelling, complete=False)
        except InputError:
            return 0  # of a type that these bindings do not have

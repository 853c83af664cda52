"""What names stand for while a translation unit is converted: types, tags, enumerators."""

from __future__ import annotations

import re
from collections.abc import Sequence

from uapigen.ir.list_graph import ListGraph
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
    Union,
    Void,
)
from uapigen.layout.targets import DataModel

__all__ = ["C_WORDS", "ConflictError", "Scope", "UndeclaredError", "UnsupportedError"]

_LITERAL = re.compile(r"(0[xX][0-9a-fA-F]+|[1-9]\d*|0[0-7]*)[uUlL]*")
_VA_LIST_SIZES = {"x86_64": 24, "x32": 24, "aarch64": 32, "s390x": 32, "ppc": 12, "alpha": 16}
"""Bytes of ``va_list`` where it is no pointer, by the psABIs."""
_MAX_CHAIN = 64

_BASES = {
    "char": "char", "signed char": "signed char", "unsigned char": "unsigned char",
    "short": "short int", "unsigned short": "short unsigned int",
    "int": "int", "unsigned": "unsigned int",
    "long": "long int", "unsigned long": "long unsigned int",
    "long long": "long long int", "unsigned long long": "long long unsigned int",
    "uapigen_int128": "__int128", "uapigen_unsigned_int128": "__int128 unsigned",
    "char16_t": "char16_t", "char32_t": "char32_t", "_Bool": "_Bool",
}  # fmt: skip
"""Integer types by what :func:`_canonical` makes of their words, as GCC calls them in DWARF."""
_WRITTEN = {dwarf: name for name, dwarf in _BASES.items() if "uapigen" not in name} | {
    "unsigned int": "unsigned int",
    "__int128 unsigned": "unsigned __int128",
}
_SIZES = {
    "char": 1, "signed char": 1, "unsigned char": 1, "short": 2, "unsigned short": 2, "int": 4,
    "unsigned": 4, "long long": 8, "unsigned long long": 8, "uapigen_int128": 16,
    "uapigen_unsigned_int128": 16, "char16_t": 2, "char32_t": 4, "_Bool": 1,
}  # fmt: skip
_FLOATS = {
    "float": ("float", 4), "double": ("double", 8), "_Float32": ("_Float32", 4),
    "_Float64": ("_Float64", 8), "_Float32x": ("_Float32x", 8), "_Float16": ("_Float16", 2),
    "__float128": ("__float128", 16), "_Float128": ("__float128", 16), "__bf16": ("__bf16", 2),
    "__ibm128": ("__ibm128", 16), "__ieee128": ("__float128", 16),
}  # fmt: skip
_TYPEDEFS = {"__int128_t": "uapigen_int128", "__uint128_t": "uapigen_unsigned_int128"}
_LONG_DOUBLE = ("long double", "_Float64x")

C_WORDS = frozenset({
    "auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else",
    "enum", "extern", "float", "for", "goto", "if", "inline", "int", "long", "register",
    "restrict", "return", "short", "signed", "sizeof", "static", "struct", "switch", "typedef",
    "union", "unsigned", "void", "volatile", "while", "_Alignas", "_Alignof", "_Atomic", "_Bool",
    "_Complex", "_Noreturn", "_Static_assert", "__signed__", "__int128", "__typeof__", "typeof",
    "__alignof__", "offsetof", "__builtin_offsetof", "__extension__", "__attribute__", "__asm__",
    "__inline", "__inline__", "__volatile__", "__builtin_va_list",
})  # fmt: skip
"""Words of C and GNU C that need no declaration."""


class UnsupportedError(Exception):
    """A declaration that the model of C cannot say; the text is why."""


class UndeclaredError(UnsupportedError):
    """A declaration that uses what is not declared: the header does not stand alone.

    ``tag`` is ``struct``, ``union`` or ``enum`` for a type that is not complete, else empty.
    """

    def __init__(self, tag: str, name: str) -> None:
        what = f"incomplete type '{tag} {name}'" if tag else f"'{name}' is not declared"
        super().__init__(what)
        self.tag = tag
        self.name = name


class ConflictError(UnsupportedError):
    """A name that is declared as something else already, which no C compiler takes."""


class Scope:
    """The file scope of a translation unit, as far as it has been read."""

    def __init__(self, graph: ListGraph, model: DataModel) -> None:
        self.graph = graph
        self.model = model
        self.typedefs: dict[str, TypeId] = {}
        self.enumerators: dict[str, int] = {}
        self.tags: dict[tuple[str, str], TypeId] = {}
        self._bases: dict[tuple[str, ...], TypeId] = {}
        self._expressions: object = None

    # Names

    def named(self, names: Sequence[str]) -> TypeId:
        """The type of specifiers: a typedef's name, or the words of a base type."""
        if len(names) == 1:
            found = self.typedefs.get(names[0])
            if found is not None:
                return found
        key = tuple(names)
        if key not in self._bases:
            self._bases[key] = self._base(names)
        return self._bases[key]

    def _base(self, names: Sequence[str]) -> TypeId:
        graph, model = self.graph, self.model
        words = list(names)
        if "_Complex" in words:
            words.remove("_Complex")
            return graph.add(Array(self.named(words or ["double"]), 2))
        name = _canonical(words)
        if name == "void":
            return 0
        if name == "__builtin_va_list":
            return self._va_list()
        if name in _TYPEDEFS:
            return graph.add(Typedef(name, self.named([_TYPEDEFS[name]])))
        if name in _LONG_DOUBLE:
            return graph.add(Float("long double", model.long_double_size))
        if name in _FLOATS:
            return graph.add(Float(*_FLOATS[name]))
        if name not in _BASES:
            raise UndeclaredError("", " ".join(names))
        size = _SIZES.get(name, model.pointer_size)
        signed = not name.startswith(("unsigned", "uapigen_unsigned", "char16", "char32", "_Bool"))
        if name == "char":
            signed = model.char_signed
        return graph.add(Int(_BASES[name], size, signed, boolean=name == "_Bool"))

    def _va_list(self) -> TypeId:
        size = _VA_LIST_SIZES.get(self.model.arch)
        if size is None:
            return self.graph.add(Pointer(0))
        word = self.graph.add(Pointer(0))
        return self.graph.add(Array(word, size // self.model.pointer_size))

    def tag(self, keyword: str, name: str) -> TypeId:
        """A struct, union or enum by its tag, defined or not (yet)."""
        key = keyword, name
        if key not in self.tags:
            self.tags[key] = self.graph.reserve()
            self.graph.define(self.tags[key], Forward(name, keyword))
        return self.tags[key]

    def define_tag(self, keyword: str, name: str) -> TypeId:
        """The id that a definition is to have."""
        if not name:
            return self.graph.reserve()
        found = self.tag(keyword, name)
        if not isinstance(self.graph[found], Forward):
            raise ConflictError(f"redefinition of {keyword} {name}")
        return found

    def knows(self, name: str) -> bool:
        """Whether a name is C's own, a typedef's or an enumerator's."""
        return name in C_WORDS or name in self.typedefs or name in self.enumerators

    def is_complete(self, keyword: str, tag: str) -> bool:
        """Whether a tag is defined."""
        found = self.tags.get((keyword, tag))
        return found is not None and not isinstance(self.graph[found], Forward)

    def declare_typedef(self, name: str, type_id: TypeId) -> None:
        """Let a name stand for a typedef; raises :class:`ConflictError` if that differs."""
        before = self.typedefs.setdefault(name, type_id)
        if before != type_id:
            old, new = self.resolved(before), self.resolved(type_id)
            if old != new and self.graph[old] != self.graph[new]:
                raise ConflictError(f"redefinition of typedef {name} as another type")

    def declare_enumerator(self, name: str, value: int) -> None:
        """Let a name stand for a number; raises :class:`ConflictError` if it does so already."""
        if name in self.enumerators:
            raise ConflictError(f"redefinition of enumerator {name}")
        self.enumerators[name] = value

    def resolved(self, type_id: TypeId) -> TypeId:
        """What is behind typedefs and qualifiers."""
        for _ in range(_MAX_CHAIN):
            node = self.graph[type_id]
            if not isinstance(node, (Typedef, Qualifier)):
                return type_id
            type_id = node.target
        raise UnsupportedError("a chain of typedefs without an end")

    def spell(self, type_id: TypeId) -> str:
        """A type with base types as people write them, not as GCC's DWARF has them."""
        from uapigen.ir.spelling import Named, Speller, plain_name

        def name(type_id: TypeId, node: Named) -> str:
            return _WRITTEN.get(node.name) or plain_name(type_id, node)

        return Speller(self.graph, name).spell(type_id)

    # Sizes

    def extent(self, type_id: TypeId) -> tuple[int, int]:
        """Size and alignment in bytes; raises :class:`UnsupportedError` for what has none."""
        node = self.graph[type_id]
        aligns = self.model.aligns
        if isinstance(node, (Struct, Union)):
            assert node.byte_align is not None
            return node.byte_size, node.byte_align
        if isinstance(node, (Int, Float, Enum)):
            return node.byte_size, aligns[node.byte_size]
        if isinstance(node, Pointer):
            return self.model.pointer_size, aligns[self.model.pointer_size]
        if isinstance(node, Array):
            size, align = self.extent(node.element)
            return node.nelems * size, align
        if isinstance(node, Typedef):
            size, align = self.extent(node.target)
            return size, node.byte_align or align
        if isinstance(node, Qualifier):
            return self.extent(node.target)
        if isinstance(node, Forward):
            raise UndeclaredError(node.keyword.replace("typedef", ""), node.name)
        what = {Void: "void", FuncProto: "a function"}.get(type(node), type(node).__name__)
        raise UnsupportedError(f"{what} has no size")

    # Expressions

    def integer(self, tokens: Sequence[str]) -> int:
        """The value of an integer constant expression."""
        if len(tokens) == 1:
            literal = _LITERAL.fullmatch(tokens[0])
            if literal:
                digits = literal[1]
                octal = digits[0] == "0" and digits.isdecimal() and len(digits) > 1
                return int(digits, 8 if octal else 0)
            if tokens[0] in self.enumerators:
                return self.enumerators[tokens[0]]
        from uapigen.headers.pycparser_macros import evaluate

        value = evaluate(self, tokens)
        if not isinstance(value, int):
            raise UnsupportedError(f"{' '.join(tokens)} is no integer")
        return value

    def alignment(self, tokens: Sequence[str]) -> int:
        """What ``aligned(tokens)`` or ``_Alignas(tokens)`` asks for, in bytes."""
        first = tokens[0] if tokens else ""
        if first in self.typedefs or first in ("struct", "union", "enum") or first in _WORDS:
            tokens = ["_Alignof", "(", *tokens, ")"]
        return self.integer(tokens)


_WORDS = frozenset({
    "char", "short", "int", "long", "signed", "unsigned", "float", "double", "void", "_Bool",
    "const", "volatile",
})  # fmt: skip


def _canonical(words: Sequence[str]) -> str:
    """The words of a base type in one of their orders, as the tables here have them."""
    if len(words) == 1:
        return {"signed": "int"}.get(words[0], words[0])
    unsigned, longs = "unsigned" in words, words.count("long")
    if "double" in words:
        return "long double" if longs == 1 and len(words) == 2 else " ".join(words)
    base = [w for w in words if w not in ("unsigned", "signed", "long", "int")]
    if len(base) > 1 or longs > 2 or (longs and base):
        return " ".join(words)
    if base == ["char"]:
        return "unsigned char" if unsigned else "signed char" if "signed" in words else "char"
    kind = base[0] if base else " ".join(["long"] * longs)
    if not kind:
        return "unsigned" if unsigned else "int"
    return f"unsigned {kind}" if unsigned else kind

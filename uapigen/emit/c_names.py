"""Names for C: what bindings call by keys, a C compiler must find in its own two namespaces.

C has one namespace for all tags and one for typedefs and enumerators together
(C11 6.2.3), so a second type of a name gets ``___2`` behind it, whichever kind
it is. Base types that C has under that name are C's own; those of other
languages (Rust's ``u32``, a ``char`` of four bytes) become typedefs.
"""

from __future__ import annotations

from uapigen.ir.naming import Unique, identifier
from uapigen.ir.types import Enum, Enumerator, Float, Forward, Int, Struct, Typedef, TypeId, Union
from uapigen.layout.plan import Plan, scalar_code
from uapigen.layout.targets import DataModel

__all__ = ["PREDEFINED", "CNames", "member_name"]

# fmt: off
_KEYWORDS = frozenset((
    "_Alignas", "_Alignof", "_Atomic", "_Bool", "_Complex", "_Generic", "_Imaginary",
    "_Noreturn", "_Static_assert", "_Thread_local", "alignof", "asm", "auto", "bool", "break",
    "case", "char", "const", "constexpr", "continue", "default", "do", "double", "else", "enum",
    "extern", "false", "float", "for", "goto", "if", "inline", "int", "long", "nullptr",
    "register", "restrict", "return", "short", "signed", "sizeof", "static", "static_assert",
    "struct", "switch", "thread_local", "true", "typedef", "typeof", "typeof_unqual", "union",
    "unsigned", "void", "volatile", "while", "__int128", "__auto_type", "__builtin_va_list",
    "__int128_t", "__uint128_t",
))
# fmt: on
"""C11's and C23's, and what GCC has declared before the first line."""
_KEYWORDS_SINCE_C23 = frozenset({"bool", "true", "false", "alignof", "constexpr", "nullptr"})

PREDEFINED = ("linux", "unix", "i386", "mips", "MIPSEL", "MIPSEB", "R3000", "LANGUAGE_C", "m68k")
"""Macros of GCC's whose names nobody reserved; they must not replace a member's."""

_INTEGERS = {1: "char", 2: "short", 4: "int", 8: "long long", 16: "__int128"}
_FLOAT_SIZES = {"_Float16": 2, "float": 4, "double": 8, "_Float128": 16, "__float128": 16}
_FLOATS = {2: "_Float16", 4: "float", 8: "double", 10: "long double", 12: "long double"}
_WORDS = frozenset({"char", "short", "int", "long", "signed", "unsigned", "__int128"})


def member_name(name: str) -> str:
    """A member's name: its own unless C would not take it."""
    return _plain(name)


def _plain(name: str) -> str:
    # identifier() is about Python's keywords, which C lets stand.
    plain = name if name.isidentifier() and name.isascii() else identifier(name)
    return f"{plain}_" if plain in _KEYWORDS - _KEYWORDS_SINCE_C23 else plain


class CNames:
    """Unique C names of a plan's types; a :data:`~uapigen.ir.spelling.Namer`."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._tags = Unique()
        self._ordinary = Unique()
        self._tag_of: dict[tuple[str, str], str] = {}
        self._typedef_of: dict[TypeId, str] = {}
        self._scalar_of: dict[tuple[str, str, int], str] = {}
        self.scalars: dict[str, str] = {}
        """Base types that C has not: the name, and C's type of that size."""

    def __call__(self, type_id: TypeId, node: object) -> str:
        """A named type as C spells it here."""
        if isinstance(node, (Struct, Union, Enum)):
            return self._tag(type_id, node)
        if isinstance(node, Forward):
            return self._forward(node)
        if isinstance(node, Typedef):
            return self.typedef(type_id, node)
        assert isinstance(node, (Int, Float))
        return self._base(node)

    def _tag(self, type_id: TypeId, node: Struct | Union | Enum) -> str:
        keys = self.plan.keys
        keyword = type(node).__name__.lower()
        # One that is only pointed to is whichever is defined of that tag, as in C.
        exact = keys.spelling.get(keys.same.get(type_id, type_id), f"{keyword} {node.name}")
        return self._tagged(keyword, exact.partition(" ")[2])

    def _forward(self, node: Forward) -> str:
        plain = node.keyword == "typedef"
        return _plain(node.name) if plain else self._tagged(node.keyword, node.name)

    def _tagged(self, keyword: str, tag: str) -> str:
        spelled = self._tag_of.get((keyword, tag))
        if spelled is None:
            spelled = self._tag_of[keyword, tag] = f"{keyword} {self._tags.take(_plain(tag))}"
        return spelled

    def typedef(self, type_id: TypeId, node: Typedef) -> str:
        first = self.plan.first_typedef(type_id)
        name = self._typedef_of.get(first)
        if name is None:
            name = self._typedef_of[first] = self._ordinary.take(_plain(node.name))
        return name

    def enumerator(self, constant: Enumerator) -> str:
        return self._ordinary.take(_plain(constant.name))

    def _base(self, node: Int | Float) -> str:
        code = scalar_code(node)
        name = self._scalar_of.get((node.name, code, node.byte_size))
        if name is None:
            name = node.name
            if not _is_c(name, code, node.byte_size, self.plan.model):
                name = self._ordinary.take(_plain(name.replace(" ", "_")))
                self.scalars[name] = _of_size(code, node.byte_size)
            self._scalar_of[node.name, code, node.byte_size] = name
        return name


def _is_c(name: str, code: str, byte_size: int, model: DataModel) -> bool:
    """Whether C has a base type of that name, and of that size on the target."""
    if name == "_Bool":
        return code == "b"
    if code == "f":
        own_size = model.long_double_size if name == "long double" else _FLOAT_SIZES.get(name)
        return own_size == byte_size
    words = name.split()
    if not words or not _WORDS.issuperset(words) or code not in "ciuC":
        return False
    if "char" in words:
        return byte_size == 1
    if "__int128" in words:
        return byte_size == 16
    if "short" in words:
        return byte_size == 2
    longs = words.count("long")
    return byte_size == (4, model.pointer_size, 8)[min(longs, 2)]


def _of_size(code: str, byte_size: int) -> str:
    if code == "b":
        return "_Bool"
    if code == "f":
        return _FLOATS.get(byte_size, "__float128")
    return f"{'signed' if code in 'ic' else 'unsigned'} {_INTEGERS[byte_size]}"

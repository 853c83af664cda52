"""Types, constants and functions by their C names, made when first asked for."""

from __future__ import annotations

import ctypes
import os
import sys
from keyword import iskeyword

from .declarators import base_words, outermost, unqualified
from .members import Bytes, NumberItems, Opaque, Packed, Pointer, PointerItems
from .names import demangled
from .records import StructRecord, StructType, UnionRecord, UnionType, make_record

TYPE_CHECKING = False  # typing itself takes longer to import than all of this
if TYPE_CHECKING:
    from typing import Any

INTEGERS: dict[tuple[str, int], Any] = {
    ("u", 1): ctypes.c_uint8,
    ("u", 2): ctypes.c_uint16,
    ("u", 4): ctypes.c_uint32,
    ("u", 8): ctypes.c_uint64,
    ("i", 1): ctypes.c_int8,
    ("i", 2): ctypes.c_int16,
    ("i", 4): ctypes.c_int32,
    ("i", 8): ctypes.c_int64,
    ("b", 1): ctypes.c_bool,
    ("c", 1): ctypes.c_char,  # signed
    ("C", 1): ctypes.c_char,  # unsigned
    ("f", 4): ctypes.c_float,
    ("f", 8): ctypes.c_double,
}
MACHINES = {"amd64": "x86_64", "arm64": "aarch64", "i686": "i386", "armv7l": "arm"}


class Bindings:
    """What one generated package knows.

    ``facts`` holds ``scalars`` (C name: kind letter, size, alignment),
    ``aliases`` (exact spellings whose key is another), ``incomplete`` (declared
    but not defined) and ``function_tags``.
    """

    has_ops = True  # else ``ops`` is C's to name
    load_ops: Any = None  # loads the code of interfaces, where it is not imported

    def __init__(
        self, abi: dict[str, Any], facts: dict[str, Any], tables: Any, module: str
    ) -> None:
        self.abi, self.tables, self.module = abi, tables, module
        self.big_endian: bool = abi["byteorder"] == "big"
        self.pointer_size: int = abi["pointer_size"]
        self.scalars: dict[str, tuple[str, int, int]] = facts["scalars"]
        self.aliases: dict[str, str] = facts["aliases"]
        self.incomplete: frozenset[str] = frozenset(facts["incomplete"])
        self.function_tags: dict[str, tuple[str, ...]] = facts["function_tags"]
        self.shown: set[str] = set()  # what the module shows of all this so far
        self._types: dict[str, Any] = {}
        self._storage: dict[str, tuple[Any, Any]] = {}
        self._pointers: dict[str, Any] = {}
        # What ``signatures.py`` makes: pointers of this process, values, signatures.
        self.local_pointers: dict[str, Any] = {}
        self.values: dict[str, Any] = {}
        self.signatures: dict[tuple[str, str], Any] = {}
        self._ops: Any = None
        body = {"__slots__": (), "_bindings_": self}
        self.Struct: Any = StructType("Struct", (StructRecord,), dict(body))
        self.Union: Any = UnionType("Union", (UnionRecord,), dict(body))

    @property
    def functions(self) -> Any:
        """Functions by name, as data."""
        from .functions import Entries

        return Entries(self, "functions", lambda b, name, c: b.prototype(c, name))

    @property
    def variables(self) -> Any:
        """Variables by name, as data."""
        from .functions import Entries, Variable

        return Entries(self, "variables", Variable)

    @property
    def ops(self) -> Any:
        """Operation tables by name, as interfaces."""
        if self._ops is None:
            self._ops = self._opened_ops()
        return self._ops

    def _opened_ops(self) -> Any:
        if self.load_ops is not None:
            self.load_ops()
        from .operations import Operations

        return Operations(self)

    def prototype(self, spelling: str, name: str = "") -> Any:
        """A function's type as data, and its name if it is that of a function."""
        from .functions import Prototype

        return Prototype(self, spelling, name)

    # By name

    def lookup(self, name: str) -> Any:
        """What a bare C name stands for: typedef, tag, enumerator or constant."""
        # A class body turns bindings.__be32 into bindings._Class__be32.
        for wanted in (name, *demangled(name)):
            try:
                found = self._bare(wanted)
            except LookupError as error:  # its name is here, what it stands for is not
                raise AttributeError(str(error)) from None
            if found is not NotImplemented:
                return found
        raise AttributeError(f"module {self.module!r} has no attribute {name!r}")

    def _bare(self, name: str) -> Any:
        keyword = name[-1:] == "_" and iskeyword(name[:-1])
        for bare in (name, name[:-1]) if keyword else (name,):
            spellings = (bare, f"struct {bare}", f"union {bare}", f"enum {bare}")
            # What is listed under a name goes before what is only spelled so.
            for spelling in sorted(spellings, key=self.aliases.__contains__):
                found = self._exact(spelling)
                if found is not NotImplemented:
                    return found
            constant = self.tables.entry("constants", bare)
            if isinstance(constant, tuple):
                raise AttributeError(
                    f"{bare} differs between {', '.join(constant)}: ask one"
                )
            if constant is not None:
                return constant
        word, _, tag = name.partition("_")  # where a tag's bare name is taken
        if word in ("struct", "union", "enum") and tag:
            found = self._exact(f"{word} {tag}")
            if found is not NotImplemented:
                return found
        if "naming" in self.abi:
            from .naming import tool_name

            return tool_name(self, name)
        return NotImplemented

    def names(self) -> list[str]:
        """All bare names, sorted."""
        found = {*self.tables.keys("record"), *self.tables.keys("enum")}
        found |= {*self.tables.names("typedefs"), *self.tables.names("constants")}
        if "naming" in self.abi:
            from .naming import tool_names

            found |= tool_names(self)
        return sorted(found)

    def clear_names(self) -> list[str]:
        """All names but those that raise, sorted.

        These are constants about which enums differ, and typedefs of what the
        source does not define.
        """
        entry, names = self.tables.entry, self.tables.names
        tags = {*self.tables.keys("record"), *self.tables.keys("enum")}
        typedefs = {
            name: unqualified(entry("typedefs", name)) for name in names("typedefs")
        }

        def is_clear(name: str) -> bool:
            target = name
            while target in typedefs:
                target = typedefs[target]
            if target is not name:
                word, _, tag = target.partition(" ")
                is_tag = word in ("struct", "union", "enum") and tag.isidentifier()
                return tag in tags or not is_tag
            return name in tags or not isinstance(entry("constants", name), tuple)

        return [name for name in self.names() if is_clear(name)]

    def ctype(self, spelling: str) -> Any:
        """The type of an exact C spelling: ``struct foo``, ``u64``, ``char *[4]`` …

        None for ``void``. Raises LookupError for a type that is not here.
        """
        try:
            found = self._exact(spelling)
        except ValueError:  # int[four]
            found = NotImplemented
        if found is NotImplemented:
            other = self._elsewhere(spelling)
            if other is None:
                raise LookupError(self._absence(spelling))
            found = other.ctype(spelling)
        return found

    def resolve(self, spelling: str) -> Any:
        """The type that a table spells so, by its key; raises LookupError."""
        found = self._made(spelling)
        if found is NotImplemented:
            other = self._elsewhere(spelling)
            if other is None:
                raise LookupError(self._absence(spelling))
            found = other.ctype(spelling)
        return found

    def _elsewhere(self, spelling: str) -> Bindings | None:  # noqa: ARG002
        """Other bindings that define what these lack: a header's includes."""
        return None

    def _absence(self, spelling: str) -> str:
        if spelling in self.incomplete:
            return f"{spelling} is declared but not defined in the source"
        return f"{spelling!r} is not among these bindings"

    def _exact(self, spelling: str) -> Any:
        """By what C calls it, which may be another type's key."""
        return self._made(self.aliases.get(spelling, spelling))

    def _made(self, spelling: str) -> Any:
        if spelling in self._types:
            return self._types[spelling]
        found = self._by_key(spelling)
        if found is NotImplemented:
            plain = unqualified(" ".join(spelling.split()))
            found = self._derived(plain) if plain == spelling else self._made(plain)
        if found is not NotImplemented:
            found = self._types.setdefault(spelling, found)
        return found

    def _by_key(self, spelling: str) -> Any:
        """A struct, union, enum, typedef or base type."""
        keyword, _, key = spelling.partition(" ")
        if keyword in ("struct", "union") and key:
            found = self.tables.statement("record", key)
            if found is None or found[0] != keyword:
                return NotImplemented
            _, members, facts = found
            size_align = (facts["size"], facts["align"], keyword == "union")
            made = make_record(
                self, key, size_align, facts.get("name", spelling), members
            )
            if "doc" in facts:
                made.__doc__ = facts["doc"]
            return made
        if keyword == "enum" and key:
            found = self.tables.statement("enum", key)
            return NotImplemented if found is None else self._enum(key, *found[1:])
        if spelling in self.scalars:
            return self._scalar(spelling)[0]
        target = self.tables.entry("typedefs", spelling)
        return NotImplemented if target is None else self.resolve(target)

    def _derived(self, spelling: str) -> Any:
        """A pointer, array or function, or void."""
        if spelling == "void":
            return None
        if not spelling.endswith(("*", "]", ")")):
            words = base_words(spelling)
            same = [name for name in self.scalars if base_words(name) == words]
            return self._made(same[0]) if words and same else NotImplemented
        outer = outermost(spelling)
        if outer is not None:
            return self.storage(spelling)[0] if outer[1] else NotImplemented
        if "(" not in spelling:
            return NotImplemented
        return self.prototype(spelling)

    def _enum(self, key: str, constants: dict[str, int], facts: dict[str, Any]) -> Any:
        from .enums import make_enum

        made = make_enum(key, constants, self.module)
        if "doc" in facts:
            made.__doc__ = facts["doc"]
        return made

    # How members are stored

    def storage(self, spelling: str) -> tuple[Any, Any]:
        """(ctypes type of a member's bytes, how its value is wrapped or None)."""
        found = self._storage.get(spelling)
        if found is None:
            made = self._stored(unqualified(spelling))
            found = self._storage.setdefault(spelling, made)
        return found

    def _stored(self, spelling: str) -> tuple[Any, Any]:
        outer = outermost(spelling)
        if outer is not None:
            count, inner = outer
            if count is None:
                return self._scalar_type("u", self.pointer_size), inner
            return self._array(inner, count), None
        if spelling.startswith("enum "):
            heading = self.tables.heading(self.aliases.get(spelling, spelling)[5:])
            if heading is None:
                return self._stored_elsewhere(spelling)
            return (
                self._scalar_type("i" if heading["signed"] else "u", heading["size"]),
                None,
            )
        if spelling in self.scalars:
            return self._scalar(spelling)
        target = self.tables.entry("typedefs", spelling)
        if target is not None:
            return self.storage(target)
        found = self._made(spelling)
        if found is NotImplemented:
            return self._stored_elsewhere(spelling)
        return found, None

    def _stored_elsewhere(self, spelling: str) -> tuple[Any, Any]:
        other = self._elsewhere(spelling)
        if other is None:
            raise LookupError(self._absence(spelling))
        return other.storage(other.aliases.get(spelling, spelling))

    def integer(self, spelling: str) -> tuple[int, bool, bool]:
        """(size in bytes, signed?, boolean?) of an integer or enum type."""
        spelling = unqualified(spelling)
        if spelling.startswith("enum "):
            heading = self.tables.heading(self.aliases.get(spelling, spelling)[5:])
            if heading is not None:
                return heading["size"], heading["signed"], False
        if spelling in self.scalars:
            kind, size, _ = self.scalars[spelling]
            return size, kind in "ic", kind == "b"
        target = self.tables.entry("typedefs", spelling)
        if target is not None:
            return self.integer(target)
        other = self._elsewhere(spelling)
        if other is None:
            raise LookupError(self._absence(spelling))
        return other.integer(spelling)

    def _scalar(self, spelling: str) -> tuple[Any, Any]:
        kind, size, align = self.scalars[spelling]
        if (kind, size) in INTEGERS:
            return self._scalar_type(kind, size), None
        if (
            kind == "f"
            and size == ctypes.sizeof(ctypes.c_longdouble)
            and self._is_host()
        ):
            return ctypes.c_longdouble, None
        code: Any = Bytes(size, self.big_endian, kind == "i")
        if kind == "f" and size == 2:
            code = Packed(">e" if self.big_endian else "<e")
        made = self._types.get(spelling)
        if made is None:
            unit = min(align, 8, size & -size)
            words = self._scalar_type("u", unit) * (size // unit)
            body = {"_fields_": [("_bytes", words)], "_align_": align, "_code_": code}
            meta: Any = type(Opaque)
            new = meta(spelling, (Opaque,), body)
            made = self._types.setdefault(spelling, new)
        return made, code

    def _is_host(self) -> bool:
        machine = os.uname().machine
        return bool(MACHINES.get(machine, machine) == self.abi["arch"])

    def _scalar_type(self, kind: str, size: int) -> Any:
        found = INTEGERS[kind, size]
        if size > 1 and self.big_endian != (sys.byteorder == "big"):
            return found.__ctype_le__ if sys.byteorder == "big" else found.__ctype_be__
        return found

    def _array(self, element: str, count: int) -> Any:
        inner, wrap = self.storage(element)
        if wrap is None:
            return inner * count
        mixin: Any
        if isinstance(wrap, str):
            mixin, body = PointerItems, {"_pointer_": self.pointer(wrap)}
        else:
            mixin, body = NumberItems, {"_code_": wrap}

        def of(length: int) -> Any:
            plain = inner * length
            return type(plain)(
                plain.__name__, (mixin, plain), {**body, "_of_": staticmethod(of)}
            )

        return of(count)

    # Pointers

    def pointer(self, target: str) -> Any:
        """The class of pointers to a C spelling."""
        found = self._pointers.get(target)
        if found is None:
            body = {"_bindings_": self, "_spelling_": target}
            made = type("Pointer", (Pointer,), body)
            found = self._pointers.setdefault(target, made)
        return found

    def forget(self, namespace: dict[str, Any]) -> None:
        """Take all that was made out of a module that is being loaded again."""
        for name in self.shown:
            namespace.pop(name, None)
        if self.has_ops:
            namespace.pop("ops", None)
        own = (f"{self.module}._", f"{self.module}.ops")
        for name in [n for n in sys.modules if n.startswith(own)]:
            del sys.modules[name]

    # Pickling: by names, so that the other process needs the same bindings

    def pointer_to(self, spelling: str, address: int) -> Any:
        """A pointer to that address, where a type of that spelling lies."""
        return self.pointer(spelling)(address)

    def struct_of(self, spelling: str, data: bytes) -> Any:
        """A struct or union with these bytes."""
        return self.ctype(spelling).from_buffer_copy(data)

    def __reduce__(self) -> Any:
        from pkgutil import resolve_name

        if self.module not in sys.modules:
            raise TypeError(f"types of {self.module} cannot be pickled: not imported")
        return resolve_name, (f"{self.module}:ctype.__self__",)

    def __deepcopy__(self, _: Any) -> Bindings:
        return self

"""From layout facts to ctypes structs and unions.

A struct's facts are its size, its alignment and its members, each
``(name, byte offset, C type)``, or ``(name, bit offset, C type, bit width)``
for a bitfield. ctypes is told the storage: the members that are whole bytes,
and padding wherever its own placement would differ, so that neither its
bitfield algorithm nor its packing rules, which vary between versions, have a
say.
"""

from __future__ import annotations

import ctypes
import keyword
import operator
import sys

from .members import BitMember, BytesMember, PointerMember
from .names import attribute_name, demangled
from .values import REPR_DEPTH, designated

TYPE_CHECKING = False  # typing itself takes longer to import than all of this
if TYPE_CHECKING:
    from typing import Any

HAS_ALIGN = sys.version_info >= (3, 13)  # ctypes honours _align_
WORDS: dict[int, Any] = {2: ctypes.c_uint16, 4: ctypes.c_uint32, 8: ctypes.c_uint64}


class RecordType:
    """What the metaclasses of generated structs and unions share.

    No ``type`` itself: ahead of ctypes' metaclass, it would make plain classes.
    """

    _leaves_: tuple[tuple[str, Any, int, Any], ...]

    def __init__(
        self, name: str, bases: Any, body: dict[str, Any], **options: Any
    ) -> None:
        super().__init__(name, bases, body, **options)  # type: ignore[call-arg]
        if "_fields_" in body and "_leaves_" not in body:  # a user's own subclass
            own = vars(self)
            self._leaves_ += tuple(
                (field[0], field[1], own[field[0]].offset, None)
                for field in body["_fields_"]
            )

    def __getattr__(self, name: str) -> Any:
        if name == "dtype":  # where no member has that name: numpy asks for it
            from .dtypes import dtype_of

            return dtype_of(self)
        return getattr(self, _unmangled(self, name))


class StructType(RecordType, type(ctypes.Structure)):  # type: ignore[misc]
    """Metaclass of generated structs."""


class UnionType(RecordType, type(ctypes.Union)):  # type: ignore[misc]
    """Metaclass of generated unions."""


class Record:
    """What structs and unions share.

    ``_leaves_`` lists the members, those of anonymous parts among them, as
    ``(C name, storage type or None, offset, how to wrap it)``.
    """

    __slots__ = ()
    _bindings_: Any = None
    _spelling_ = ""
    _leaves_: tuple[tuple[str, Any, int, Any], ...] = ()

    def __init__(self, /, *args: Any, **members: Any) -> None:
        leaves = self._leaves_
        if len(args) > len(leaves):
            raise TypeError(
                f"{type(self).__name__} has {len(leaves)} members, {len(args)} given"
            )
        named = [(leaf[0], value) for leaf, value in zip(leaves, args, strict=False)]
        for name, value in (*named, *members.items()):
            if not _has(type(self), attribute_name(name)):
                raise TypeError(f"{type(self).__name__} has no member {name!r}")
            setattr(self, attribute_name(name), value)

    def __getattr__(self, name: str) -> Any:
        return getattr(self, _unmangled(type(self), name))

    def __repr__(self) -> str:
        return f"({self._spelling_}){designated(self, REPR_DEPTH)}"

    def __copy__(self) -> Any:
        from .keeping import copied

        return copied(self)

    def __deepcopy__(self, _: Any) -> Any:
        return self.__copy__()

    def __reduce__(self) -> Any:
        """Pickled as its bytes: a pointer comes back as the address it was."""
        cls: Any = type(self)
        if "_leaves_" in vars(cls) and "_spelling_" in vars(cls):
            return cls._bindings_.struct_of, (cls._spelling_, bytes(self))
        return cls.from_buffer_copy, (bytes(self),)


class StructRecord(Record, ctypes.Structure, metaclass=StructType):
    """Base of generated structs."""

    __slots__ = ("__weakref__",)


class UnionRecord(Record, ctypes.Union, metaclass=UnionType):
    """Base of generated unions."""

    __slots__ = ("__weakref__",)


def _unmangled(cls: Any, name: str) -> str:
    """What ``_Class__reserved`` means: ``x.__reserved`` inside a class body."""
    names = {leaf[0] for leaf in cls._leaves_}
    for candidate in demangled(name):
        if candidate in names:
            return attribute_name(candidate)
    raise AttributeError(f"{cls.__name__!r} has no member {name!r}")


def _has(cls: Any, name: str) -> bool:
    """Whether the class has that very attribute."""
    return any(name in vars(base) for base in cls.__mro__)


def _set_mangled(self: Any, name: str, value: Any) -> None:
    if name[:1] == "_" != name[1:2] and not _has(type(self), name):
        name = _unmangled(type(self), name)
    object.__setattr__(self, name, value)


def _free(stem: str, taken: set[str]) -> str:
    """A name for what C has no name for: with a space in it, unlike C's.

    ctypes lifts all names out of an anonymous part, and would hide a member of
    the outer type behind padding of that name.
    """
    while stem in taken:
        stem += "_"
    return stem


def _place(
    fields: list[tuple[str, Any, int]],
    size: int,
    align: int,
    is_union: bool,
    taken: set[str],
) -> tuple[list[tuple[str, Any]], int | None, int]:
    """Storage fields with the padding that puts each at its offset.

    Returns the ctypes fields, the ``_pack_`` they need or None, and the
    alignment (bytes) that ctypes will give a class with these. Depends on the
    alignments of the interpreter that runs this, which is why it runs here.
    """
    aligns = [ctypes.alignment(kind) for _, kind, _ in fields]
    natural = max(aligns, default=1)
    pack = None
    offsets = [offset for _, _, offset in fields]
    misplaced = any(map(operator.mod, offsets, aligns))
    if natural > align or misplaced:
        pack = align
        while any(map(operator.mod, offsets, [min(pack, a) for a in aligns])):
            pack //= 2
        aligns = [min(pack, a) for a in aligns]
        natural = max(aligns, default=1)
    laid: list[tuple[str, Any]] = []
    position = 0
    for (name, kind, offset), a in zip(fields, aligns, strict=True):
        if offset > position and not is_union and -(-position // a) * a != offset:
            pad = _free(f"pad {position}", taken)
            laid.append((pad, ctypes.c_uint8 * (offset - position)))
        laid.append((name, kind))
        position = max(position, offset + ctypes.sizeof(kind))
    if size != -(-position // natural) * natural:
        begin = 0 if is_union else position
        laid.append((_free(f"pad {begin}", taken), ctypes.c_uint8 * (size - begin)))
    return laid, pack, natural


def _realise(
    meta: Any,
    base: Any,
    name: str,
    fields: list[tuple[str, Any, int]],
    facts: tuple[int, int, bool],
    body: dict[str, Any],
    anonymous: list[str],
    height: int,
) -> Any:
    """A ctypes class with these storage fields at their offsets, of exactly this size.

    ``facts``: size and alignment in bytes, and whether it is a union.
    """
    size, align, is_union = facts
    taken = {field[0] for field in fields}
    laid, pack, natural = _place(fields, size, align, is_union, taken)
    if natural < align and not HAS_ALIGN and natural < (lift := min(align, 8)):
        raiser = (_free("align 0", taken), WORDS[lift] * 0)
        if pack is None:
            laid.insert(0, raiser)
        else:  # packing would cap this too: pack an anonymous part instead
            part = meta(name, (base,), _body({}, laid, pack, anonymous, None))
            anonymous = [f"packed {height}"]
            laid, pack = [raiser, (anonymous[0], part)], None
    lifted = align if natural < align and HAS_ALIGN else None
    return meta(name, (base,), _body(body, laid, pack, anonymous, lifted))


def _body(
    body: dict[str, Any],
    laid: Any,
    pack: int | None,
    anonymous: list[str],
    align: int | None,
) -> dict[str, Any]:
    body = {"__slots__": (), **body}
    if pack is not None:
        body |= {"_pack_": pack, "_layout_": "ms"}  # 3.14 wants the layout by name
    if align is not None:
        body["_align_"] = align
    if anonymous:
        body["_anonymous_"] = anonymous
    body["_fields_"] = laid
    return body


def make_record(
    bindings: Any,
    name: str,
    facts: tuple[int, int, bool],
    spelling: str,
    members: list[tuple[Any, ...]],
) -> Any:
    """The class of a struct or union.

    ``facts``: size and alignment in bytes, and whether it is a union;
    ``members`` as in the module's docstring.
    """
    leaves, fields = [], []
    height = 0
    for member_name, offset, c_type, *rest in members:
        if rest:
            kind = bindings.integer(c_type)
            leaves.append((member_name, None, offset, (offset, rest[0], kind)))
            continue
        storage, wrap = bindings.storage(c_type)
        if member_name:
            fields.append((attribute_name(member_name), storage, offset))
            leaves.append((member_name, storage, offset, wrap))
        else:
            height = max(height, storage._height_ + 1)
            fields.append(("", storage, offset))
            leaves += [_shifted(leaf, offset) for leaf in storage._leaves_]
    # Names of anonymous parts differ along every nesting path: CPython up to
    # 3.12 crashes on two of one name.
    parts: list[str] = []
    for at, (field, kind, offset) in enumerate(fields):
        if not field:
            parts.append(f"part {height}.{len(parts)}")
            fields[at] = (parts[-1], kind._raw_(), offset)
    meta, base = (
        (UnionType, bindings.Union) if facts[2] else (StructType, bindings.Struct)
    )
    body = {
        "__module__": bindings.module,
        "_leaves_": tuple(leaves),
        "_spelling_": spelling,
        "_height_": height,
    }
    if any(leaf[0].startswith("__") for leaf in leaves):
        body["__setattr__"] = _set_mangled

    def plain() -> Any:
        return _realise(meta, base, name, fields, facts, body, parts, height)

    cls = plain()
    wrapped = [leaf for leaf in leaves if leaf[3] is not None]
    # Not getattr(): up to 3.12 a union keeps finding what it found before setattr().
    attributes = vars(cls)
    # An anonymous part must show ctypes' own fields to the class around it.
    cls._raw_ = staticmethod(plain if wrapped else lambda: cls)
    for leaf_name, _, offset, wrap in wrapped:
        attribute = attribute_name(leaf_name)
        member: Any
        if isinstance(wrap, str):
            member = PointerMember(leaf_name, attributes[attribute], wrap, bindings)
        elif isinstance(wrap, tuple):
            member = BitMember(leaf_name, *wrap, bindings.big_endian)
        else:
            member = BytesMember(leaf_name, offset, wrap)
        setattr(cls, attribute, member)
    for leaf_name, *_ in leaves:
        if keyword.iskeyword(leaf_name) and f"{leaf_name}_" not in attributes:
            setattr(cls, f"{leaf_name}_", attributes[attribute_name(leaf_name)])
    return cls


def _shifted(leaf: tuple[str, Any, int, Any], by: int) -> tuple[str, Any, int, Any]:
    """A leaf of an anonymous part that starts ``by`` bytes into the outer type."""
    name, storage, offset, wrap = leaf
    if storage is None:
        bit_offset, *rest = wrap
        return name, None, offset + 8 * by, (bit_offset + 8 * by, *rest)
    return name, storage, offset + by, wrap

"""The typed model of C that front ends make and everything else reads.

A node is an immutable named tuple and refers to other nodes by *type id*: an
``int`` that indexes the :class:`~uapigen.ir.graph.TypeGraph` the node came
from. Id 0 is ``void``. Ids make cyclic types (``struct list_head``) plain
data, and let a reader decode a node only when somebody asks for it.

Named tuples rather than dataclasses because a kernel has a quarter of a
million nodes and members: they are made and read at C speed.

Units: ``byte_size`` and ``byte_align`` are bytes, ``bit_offset`` and
``bit_width`` bits. A bit offset counts from the start of the enclosing type;
from the least significant bit of byte 0 on little-endian targets, from the
most significant one on big-endian targets (as DWARF 4 and BTF have it).

A new kind of node must be known to ``ir/graph.py`` (what it refers to),
``ir/spelling.py`` (how C writes it) and ``layout/sizes.py`` (how big it is).
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

__all__ = [
    "VOID",
    "Array",
    "Composite",
    "DeclTag",
    "Enum",
    "Enumerator",
    "Float",
    "Forward",
    "Func",
    "FuncProto",
    "Int",
    "Member",
    "Param",
    "Pointer",
    "Qualifier",
    "Section",
    "SectionVar",
    "Struct",
    "Type",
    "TypeId",
    "TypeTag",
    "Typedef",
    "Union",
    "Unknown",
    "Var",
    "Void",
]

TypeId: TypeAlias = int
"""Index of a type in its graph; 0 is void."""


class Void(NamedTuple):
    """``void``."""


VOID = Void()


class Int(NamedTuple):
    """An integer, character or boolean base type, under its C name.

    ``bit_offset`` and ``bit_width`` differ from ``0`` and ``8 * byte_size``
    only in sources that describe a bitfield by a type of its own (the old BTF
    encoding); a reader has moved them to the member by then.
    """

    name: str
    byte_size: int
    signed: bool
    boolean: bool = False
    bit_offset: int = 0
    bit_width: int = 0


class Float(NamedTuple):
    """A floating point base type."""

    name: str
    byte_size: int


class Pointer(NamedTuple):
    """``target *``; its size is the target ABI's."""

    target: TypeId


class Array(NamedTuple):
    """``element[nelems]``; 0 elements for a flexible or zero-length array."""

    element: TypeId
    nelems: int


class Member(NamedTuple):
    """A member of a struct or union; ``bit_width`` 0 means no bitfield.

    An empty ``name`` is an anonymous member: its own members are reached from
    the enclosing type, or, for a bitfield, it is padding.
    """

    name: str
    type: TypeId
    bit_offset: int
    bit_width: int = 0


class Struct(NamedTuple):
    """A struct; an empty ``name`` if it has no tag.

    ``byte_align`` is what the source says of the C alignment, ``None`` where
    it says nothing (BTF never does) and it is inferred.
    """

    name: str
    byte_size: int
    members: tuple[Member, ...]
    byte_align: int | None = None


class Union(NamedTuple):
    """A union; fields as in :class:`Struct`."""

    name: str
    byte_size: int
    members: tuple[Member, ...]
    byte_align: int | None = None


Composite: TypeAlias = Struct | Union


class Enumerator(NamedTuple):
    """One constant of an enum."""

    name: str
    value: int


class Enum(NamedTuple):
    """An enum of any size (1 to 8 bytes), with its constants in source order."""

    name: str
    byte_size: int
    signed: bool
    enumerators: tuple[Enumerator, ...]


class Forward(NamedTuple):
    """A struct, union or enum that is declared but not defined: ``struct foo;``.

    Also a type's name whose declaration is not there (``headers/parse.py``).
    """

    name: str
    keyword: str
    """``struct``, ``union`` or ``enum``; ``typedef`` for a type's name."""
    mentioned: bool = False
    """Defined where this comes from, but not described here (a snapshot leaves it out)."""


class Typedef(NamedTuple):
    """``typedef target name;``"""

    name: str
    target: TypeId
    byte_align: int | None = None


class Qualifier(NamedTuple):
    """``const``, ``volatile`` or ``restrict`` (``keyword``) applied to a type."""

    keyword: str
    target: TypeId


class TypeTag(NamedTuple):
    """``__attribute__((btf_type_tag(name)))``, as in ``char __user *``.

    ``attribute``: ``name`` is a GCC attribute itself, not a tag's text.
    """

    name: str
    target: TypeId
    attribute: bool = False


class Param(NamedTuple):
    """A parameter of a function; the name may be empty."""

    name: str
    type: TypeId


class FuncProto(NamedTuple):
    """A function's type."""

    returns: TypeId
    params: tuple[Param, ...]
    variadic: bool = False


class Func(NamedTuple):
    """A function; ``linkage`` is ``static``, ``global`` or ``extern``."""

    name: str
    proto: TypeId
    linkage: str


class Var(NamedTuple):
    """A variable; ``linkage`` as in :class:`Func`."""

    name: str
    type: TypeId
    linkage: str


class SectionVar(NamedTuple):
    """Where a variable (or an extern function) lies in its section, in bytes."""

    var: TypeId
    byte_offset: int
    byte_size: int


class Section(NamedTuple):
    """A data section and the variables in it."""

    name: str
    byte_size: int
    vars: tuple[SectionVar, ...]


class DeclTag(NamedTuple):
    """``__attribute__((btf_decl_tag(name)))`` on a declaration.

    ``component`` is the index of the member or parameter it is about, -1 for
    the declaration itself. ``attribute`` as in :class:`TypeTag`.
    """

    name: str
    target: TypeId
    component: int
    attribute: bool = False


class Unknown(NamedTuple):
    """A kind that this version does not know but that the source let it skip."""

    name: str
    kind: int


Type: TypeAlias = (
    Void
    | Int
    | Float
    | Pointer
    | Array
    | Struct
    | Union
    | Enum
    | Forward
    | Typedef
    | Qualifier
    | TypeTag
    | FuncProto
    | Func
    | Var
    | Section
    | DeclTag
    | Unknown
)

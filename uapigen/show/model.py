"""What is shown of a type: plain facts, worked out; the writers only lay them out.

Bit offsets count from the start of the outermost type that contains the thing
by value, also in nested anonymous parts; what lies behind a pointer counts
from its own start. The names here are as the source has them: untrusted.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from uapigen.ir.types import Enumerator

__all__ = [
    "BIT_HOLE",
    "BIT_PADDING",
    "HOLE",
    "PADDING",
    "Base",
    "Body",
    "EnumBody",
    "Field",
    "Forward",
    "Function",
    "Gap",
    "Item",
    "Parameter",
    "Record",
    "Totals",
    "Typedef",
    "Variable",
]

HOLE = "hole"
"""Whole bytes between two members."""
BIT_HOLE = "bit hole"
"""What follows a bitfield, up to the end of its storage unit or to the next member."""
PADDING = "padding"
"""Whole bytes behind the last member."""
BIT_PADDING = "bit padding"
"""What follows a last bitfield, up to the end of its storage unit."""


class Gap(NamedTuple):
    """Bits that no member uses; ``kind`` is one of the four above."""

    kind: str
    bit_offset: int
    bit_width: int


class Field(NamedTuple):
    """A member; ``before body between name after`` declares it.

    Where the type has no size in this source, ``byte_size`` is None; for a
    bitfield it is the size of its declared type.
    """

    name: str
    c_type: str
    before: str
    between: str
    after: str
    bit_offset: int
    bit_width: int
    """0: no bitfield."""
    byte_size: int | None
    byte_align: int
    """The ``aligned`` attribute that explains where it lies; 0 where none is needed."""
    byte_padding: int
    """Trailing padding inside the struct that the member is."""
    typedefs: tuple[str, ...]
    """The names that were looked through to get at ``body``, the outermost first."""
    tags: tuple[str, ...]
    body: Body | None
    """The definition, where it is written in place."""
    by_value: bool
    """False where ``body`` is behind a pointer."""


class Totals(NamedTuple):
    """Sums over a record's own members and gaps, not those of nested parts.

    In a union, where members share their bytes, the sums are 0.
    """

    members: int
    member_bytes: int
    """Without bitfields."""
    bitfield_bits: int
    holes: int
    hole_bytes: int
    bit_holes: int
    bit_hole_bits: int
    padding_bytes: int
    padding_bits: int


class Record(NamedTuple):
    """A struct or union (``keyword``); ``spelling`` is empty for one without a tag."""

    keyword: str
    spelling: str
    byte_size: int
    byte_align: int | None
    """The C alignment; None where the type cannot be laid out."""
    packed: bool
    aligned: int
    """The ``aligned`` attribute (bytes) that makes it so; 0 where none is needed."""
    rows: tuple[Field | Gap, ...]
    """In memory order."""
    totals: Totals
    tags: tuple[str, ...]
    problem: str
    """Why the type cannot be laid out; empty where it can."""


class EnumBody(NamedTuple):
    """An enum; ``mode`` is the machine mode that makes its size, empty for ``int``'s."""

    spelling: str
    byte_size: int
    signed: bool
    mode: str
    enumerators: tuple[Enumerator, ...]
    tags: tuple[str, ...]


Body: TypeAlias = Record | EnumBody


class Base(NamedTuple):
    """A base type: ``kind`` is "int", "float" or "void"."""

    kind: str
    spelling: str
    byte_size: int
    byte_align: int
    signed: bool
    boolean: bool


class Forward(NamedTuple):
    """A tag that is declared and not defined."""

    spelling: str


class Typedef(NamedTuple):
    """A typedef; ``steps`` are the declarations on the way down, its own first.

    A step is what stands before and after the body, or its whole text where
    nothing is defined in place. ``body`` is what the way ends at: in place of
    the last step's definition if it has no tag, else beside it.
    """

    spelling: str
    byte_size: int | None
    byte_align: int | None
    steps: tuple[tuple[str, str], ...]
    chain: tuple[str, ...]
    """What each step names, spelled in C; the last is what the type is."""
    body: Body | None
    inline: bool
    tags: tuple[str, ...]


class Parameter(NamedTuple):
    """Of a function."""

    name: str
    c_type: str
    tags: tuple[str, ...]


class Function(NamedTuple):
    """A function; ``declaration`` is its prototype with parameter names."""

    spelling: str
    declaration: str
    linkage: str
    returns: str
    parameters: tuple[Parameter, ...]
    variadic: bool
    tags: tuple[str, ...]


class Variable(NamedTuple):
    """A variable; ``section`` is empty where the source names none."""

    spelling: str
    declaration: str
    c_type: str
    linkage: str
    byte_size: int | None
    section: str
    byte_offset: int
    tags: tuple[str, ...]


Item: TypeAlias = Record | EnumBody | Base | Forward | Typedef | Function | Variable
"""What a name can stand for."""

"""What a source says of all its types, a column for each fact: for questions about all of them.

A loop over columns takes a fraction of the steps that one over nodes takes, and nothing
needs to be decoded for it.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import chain
from operator import itemgetter
from typing import NamedTuple

from uapigen.ir.types import Enum, Member, TypeId

__all__ = [
    "FORM",
    "NONE",
    "POINTER",
    "RECORD",
    "Columns",
    "Enums",
    "Members",
    "enums_in_columns",
    "in_columns",
]

NONE, RECORD, POINTER, FORM = range(4)
"""Classes of types: FORM is a typedef, an array, a qualified or tagged type; NONE any other."""


class Columns(NamedTuple):
    """A source's own types as layout sees them, each class's ascending by id.

    What a type refers to may be no type at all.
    """

    classes: bytes
    """Of all types, by id."""
    records: Sequence[TypeId]
    """Structs and unions."""
    sizes: Sequence[int]
    """Theirs, in bytes."""
    vlens: Sequence[int]
    """How many members they have."""
    unions: Sequence[TypeId]
    with_bitfields: Sequence[TypeId]
    """Records that may have some."""
    member_types: Sequence[TypeId]
    """Of all records' members, one after another."""
    member_offsets: array[int]
    """In bits; with a bitfield's width in the upper 8 bits, where a record may have any."""
    enums: Iterable[tuple[TypeId, int]]
    """With sizes in bytes."""
    have_names: Callable[[slice], Sequence[int]]
    """Whether those members have one: 0 for one without."""
    forms: Sequence[TypeId]
    form_targets: Sequence[TypeId]
    """What each form consists of."""
    form_counts: Sequence[int]
    """Of how many of it: 1, but for arrays."""
    typedefs_named: Callable[[Collection[str]], Iterable[TypeId]]
    """Typedefs of these names."""


class Members(NamedTuple):
    """The members of some structs and unions, one's behind the other's: as many in each column."""

    counts: Sequence[int]
    """How many each struct or union has."""
    names: Sequence[str]
    types: Sequence[TypeId]
    bit_offsets: Sequence[int]
    bit_widths: Sequence[int]
    """0 for what is no bitfield."""


class Enums(NamedTuple):
    """Some enums, and their constants, one's behind the other's and in the source's order."""

    byte_sizes: Sequence[int]
    signed: Sequence[bool]
    counts: Sequence[int]
    """How many constants each has."""
    names: Sequence[str]
    values: Sequence[int]


def in_columns(listed: Iterable[Sequence[Member]]) -> Members:
    """The members of structs and unions that are there one by one."""
    listed = list(listed)
    members = list(chain.from_iterable(listed))
    names, types, bit_offsets, bit_widths = (list(map(itemgetter(at), members)) for at in range(4))
    return Members(list(map(len, listed)), names, types, bit_offsets, bit_widths)


def enums_in_columns(nodes: Iterable[Enum]) -> Enums:
    """Enums that are there one by one."""
    nodes = list(nodes)
    listed = [node.enumerators for node in nodes]
    every = list(chain.from_iterable(listed))
    return Enums(
        [node.byte_size for node in nodes],
        [node.signed for node in nodes],
        list(map(len, listed)),
        list(map(itemgetter(0), every)),
        list(map(itemgetter(1), every)),
    )

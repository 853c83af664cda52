"""What a source says of all its types, a column for each fact: for questions about all of them.

A loop over columns takes a fraction of the steps that one over nodes takes, and nothing
needs to be decoded for it.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from itertools import chain
from operator import itemgetter
from typing import NamedTuple, TypeAlias

from uapigen.ir.types import Member, TypeId

__all__ = ["Columns", "Members", "Record", "in_columns"]


Record: TypeAlias = tuple[TypeId, bool, bool, int, int, int]
"""A struct or union: its id, a union?, may it have bitfields?, its size in bytes, and where
its members start and stop in the columns of members."""


class Columns(NamedTuple):
    """A source's own types as layout sees them, each kind's ascending by id."""

    records: Iterable[Record]
    member_types: Sequence[TypeId]
    """Checked to be types of the source."""
    member_offsets: Sequence[int]
    """In bits; with a bitfield's width in the upper 8 bits, where a record may have any."""
    used: Container[TypeId]
    """What is embedded, or has a typedef or another form that may be."""
    pointers: Iterable[TypeId]
    enums: Iterable[tuple[TypeId, int]]
    """With sizes in bytes."""
    aliases: Iterable[tuple[TypeId, TypeId, str]]
    """Typedefs, qualified and tagged types: what each stands for, and its name."""
    arrays: Iterable[tuple[TypeId, TypeId, int]]
    """With their elements' types and number."""


class Members(NamedTuple):
    """The members of some structs and unions, one's behind the other's: as many in each column."""

    counts: Sequence[int]
    """How many each struct or union has."""
    names: Sequence[str]
    types: Sequence[TypeId]
    bit_offsets: Sequence[int]
    bit_widths: Sequence[int]
    """0 for what is no bitfield."""


def in_columns(listed: Iterable[Sequence[Member]]) -> Members:
    """The members of structs and unions that are there one by one."""
    listed = list(listed)
    members = list(chain.from_iterable(listed))
    names, types, bit_offsets, bit_widths = (list(map(itemgetter(at), members)) for at in range(4))
    return Members(list(map(len, listed)), names, types, bit_offsets, bit_widths)

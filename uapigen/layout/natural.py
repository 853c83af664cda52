"""The natural C layout: where a compiler puts the members of a struct or union.

For sources that declare members and say no offsets (a header that no compiler
has read). The rules are GCC's, ``place_field`` and ``layout_decl`` of its
``stor-layout.c``, which on Linux is what the psABI documents say:

- A member lies at the next multiple of its alignment: its type's, or the larger
  one of an ``aligned`` attribute on the member. ``packed`` makes the type's
  alignment count as 1, whatever the type says; an attribute on the member stays.
- A bitfield begins at the next bit, unless its *container* (its declared type,
  aligned) would not hold all of it: then at the next container. ``packed``
  bitfields begin at the next bit, always. A width of 0 moves what follows to
  the next container, in packed structs, too.
- A bitfield's declared type aligns the struct as any member's does; that of an
  unnamed one only by the Arm procedure call standards. On m68k declared types
  of bitfields mean nothing at all.
- ``#pragma pack(n)`` bounds all alignments of members, and unbinds bitfields from
  their containers.
- The size is a multiple of the alignment, which is the largest of the members'
  and of the struct's own attribute, and at least 1.

Bit offsets are counted as ``ir/types.py`` has them: in memory order, from the
most significant bit of a byte on big-endian targets. So byte order has no part in this.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from uapigen.errors import LayoutError
from uapigen.layout.targets import DataModel

__all__ = ["DeclaredMember", "NaturalLayout", "lay_out"]

_MODE_WIDTHS = frozenset({8, 16, 32, 64})
"""Widths at which GCC treats an aligned bitfield as the integer of that size."""


class DeclaredMember(NamedTuple):
    """A member as it is declared. Sizes and alignments are bytes."""

    byte_size: int
    """Of its type; 0 for a flexible array."""
    byte_align: int
    """Of its type, as a member of a struct."""
    bit_width: int | None = None
    """None where it is no bitfield."""
    name: str = ""
    """Empty for an unnamed bitfield, or an anonymous struct or union."""
    aligned: int = 0
    """The largest ``aligned`` attribute or ``_Alignas`` on the member itself; 0 without."""
    packed: bool = False
    """It has the attribute itself, or its struct has."""
    max_align: int = 0
    """What ``#pragma pack`` says where it is declared; 0 for no bound."""


class NaturalLayout(NamedTuple):
    """Size and alignment in bytes, and each member's bit offset."""

    byte_size: int
    byte_align: int
    bit_offsets: list[int]


def lay_out(
    spelling: str,
    members: Iterable[DeclaredMember],
    model: DataModel,
    *,
    union: bool = False,
    aligned: int = 0,
) -> NaturalLayout:
    """Lay members out in the order of their declaration.

    ``aligned`` is the largest ``aligned`` attribute (bytes) of the struct or
    union itself, 0 without one. A ``packed`` attribute of the struct is said by
    each member. Raises :class:`LayoutError`, which names ``spelling``, for a bitfield whose
    type is aligned beyond its size: GCC does not keep it to multiples of that.
    """
    record_align = max(8 * aligned, 8)
    at = end = 0  # bits
    offsets = []
    for member in members:
        width = member.bit_width
        if union:
            at = 0
        if width is None:
            align = _plain_align(member)
            record_align = max(record_align, align)
            width = 8 * member.byte_size
        else:
            if member.byte_align > member.byte_size:
                problem = "is of a type that is aligned beyond its size"
                raise LayoutError(spelling, f"bitfield {member.name}", problem)
            align = _bitfield_align(member, at, model)
            record_align = max(record_align, _demanded_align(member, align, model))
        at = _round_up(at, align)
        if member.bit_width and model.bitfields_align:
            at = _within_container(member, at)
        offsets.append(at)
        at += width
        end = max(end, at)
    return NaturalLayout(_round_up(end, record_align) // 8, record_align // 8, offsets)


def _plain_align(member: DeclaredMember) -> int:
    """Alignment in bits of a member that is no bitfield."""
    # Packing beats what the type asks for, not what the declaration does.
    own = 1 if member.packed and member.byte_align > 1 else member.byte_align
    return 8 * _bounded(max(own, member.aligned), member.max_align)


def _bitfield_align(member: DeclaredMember, at: int, model: DataModel) -> int:
    """The alignment in bits that a bitfield asks for at the bit where it would begin."""
    width = member.bit_width
    align = 8 * member.aligned or 1
    if width == 0:
        # Neither an attribute nor a pragma has a say in it.
        if model.bitfields_align:
            return max(align, 8 * member.byte_align)
        return max(align, 8 * model.biggest_align)
    if width in _MODE_WIDTHS:
        mode_align = 8 * model.aligns[width // 8]
        aligned_here = at % mode_align == 0
        if aligned_here and not (mode_align > 8 and member.packed):
            align = max(align, mode_align)
    if member.packed and not member.aligned:
        align = 1 if align < 8 else 8
    return min(align, 8 * member.max_align) if member.max_align else align


def _demanded_align(member: DeclaredMember, align: int, model: DataModel) -> int:
    """What a bitfield makes of the struct's alignment, in bits; ``align`` is the bitfield's own."""
    if not model.bitfields_align:
        return align
    if not (member.name or model.unnamed_bitfields_align):
        return 1
    of_type = member.byte_align
    if member.bit_width:
        if member.max_align:
            of_type = min(of_type, member.max_align)
        elif member.packed:
            of_type = 1
    return max(align, 8 * of_type)


def _within_container(member: DeclaredMember, at: int) -> int:
    """The first bit, from ``at`` on, where a bitfield does not straddle its containers."""
    if member.packed or member.max_align:
        return at
    align = 8 * member.byte_align
    assert member.bit_width is not None
    units = -(-(at % align + member.bit_width) // align)
    return _round_up(at, align) if units > 8 * member.byte_size // align else at


def _bounded(align: int, bound: int) -> int:
    return min(align, bound) if bound else align


def _round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple

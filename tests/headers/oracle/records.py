"""The types that a header file defines, from debug information: sizes, offsets, bits, values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from .dwarf import Entry

__all__ = ["Record", "Types", "types_of"]

_RECORDS = ("struct", "union")
_TRANSPARENT = ("typedef", "const", "volatile", "restrict", "atomic")
_SIGNED = (5, 6)  # DW_ATE_signed, DW_ATE_signed_char


@dataclass
class Record:
    """A struct or union. Of members in anonymous parts, the offset from its own start.

    `members` are byte offset and byte size by name, `bitfields` bit offset and width, counted from
    the start in the order of the target's bytes: from the least significant bit of byte 0 on
    little-endian targets, from the most significant one on others. `a.b` is member b of the
    unnamed type of member a, or of its first element.
    """

    size: int
    members: dict[str, tuple[int, int]] = field(default_factory=dict)
    bitfields: dict[str, tuple[int, int]] = field(default_factory=dict)


@dataclass
class Types:
    """What one file defines. `enums` has one entry an enum, its spelling empty without a tag."""

    records: dict[str, Record] = field(default_factory=dict)
    enums: list[tuple[str, dict[str, int]]] = field(default_factory=list)
    typedefs: dict[str, int] = field(default_factory=dict)
    """Sizes in bytes of all typedefs for something that has one; records are above as well."""


def types_of(entries: list[Entry], file: str, *, big_endian: bool) -> Types:
    """What of a compiled program's types was declared in `file`."""
    types = Types()
    for entry in entries:
        attributes = entry.attributes
        if attributes.get("decl_file") != file or "declaration" in attributes:
            continue
        if entry.tag in _RECORDS and entry.name:
            types.records[f"{entry.tag} {entry.name}"] = _record(entry, big_endian)
        elif entry.tag == "enumeration":
            spelling = f"enum {entry.name}" if entry.name else ""
            types.enums.append((spelling, _enumerators(entry)))
        elif entry.tag == "typedef":
            meant = strip(entry)
            if meant is None or meant.tag == "subroutine" or "declaration" in meant.attributes:
                continue
            types.typedefs[entry.name] = size_of(meant)
            if meant.tag in _RECORDS and not meant.name:
                types.records[entry.name] = _record(meant, big_endian)
    return types


def _record(entry: Entry, big_endian: bool) -> Record:
    record = Record(entry.attributes["byte_size"])
    _add_members(record, entry, 0, "", big_endian)
    return record


def _add_members(record: Record, part: Entry, base: int, prefix: str, big_endian: bool) -> None:
    for member in part.children:
        if member.tag != "member":
            continue
        attributes = member.attributes
        offset = base + attributes.get("data_member_location", 0)
        meant = strip(member)
        assert meant is not None, f"{member.name} is of type void"
        if "bit_size" in attributes:
            if member.name:
                record.bitfields[prefix + member.name] = _bits(member, base, big_endian)
            continue
        if not member.name:
            if meant.tag in _RECORDS:
                _add_members(record, meant, offset, prefix, big_endian)
            continue
        size = size_of(meant)
        record.members[prefix + member.name] = (offset, size)
        inner = _element(meant)
        if inner.tag in _RECORDS and not inner.name and size and not _has_typedef(member):
            _add_members(record, inner, offset, f"{prefix}{member.name}.", big_endian)


def _bits(member: Entry, base: int, big_endian: bool) -> tuple[int, int]:
    attributes = member.attributes
    width = attributes["bit_size"]
    if "data_bit_offset" in attributes:
        return 8 * base + attributes["data_bit_offset"], width
    start = 8 * (base + attributes.get("data_member_location", 0))
    if big_endian:
        return start + attributes["bit_offset"], width
    unit = 8 * (attributes.get("byte_size") or size_of(strip(member)))
    return start + unit - attributes["bit_offset"] - width, width


def _enumerators(enum: Entry) -> dict[str, int]:
    """gcc writes negative values as signed numbers, others as unsigned ones."""
    return {child.name: child.attributes["const_value"] for child in enum.children}


# Types


def strip(entry: Entry) -> Entry | None:
    """The type that an entry refers to, without typedefs and qualifiers; None is void."""
    found = entry.type
    while found is not None and found.tag in _TRANSPARENT:
        found = found.type
    return found


def _has_typedef(entry: Entry) -> bool:
    """Whether a typedef stands between an entry and the type that it is of."""
    found = entry.type
    while found is not None and found.tag in (*_TRANSPARENT, "array"):
        if found.tag == "typedef":
            return True
        found = found.type
    return False


def _element(entry: Entry) -> Entry:
    while entry.tag == "array":
        found = strip(entry)
        assert found is not None
        entry = found
    return entry


def size_of(entry: Entry | None) -> int:
    """Bytes; of an array without a length none."""
    assert entry is not None, "void has no size"
    if "byte_size" in entry.attributes:
        return entry.attributes["byte_size"]
    assert entry.tag == "array", f"{entry.tag} {entry.name} has no size"
    size = size_of(strip(entry))
    for length in _lengths(entry):
        size *= length
    return size


def _lengths(array: Entry) -> Iterator[int]:
    for child in array.children:
        if child.tag == "subrange":
            if "count" in child.attributes:
                yield child.attributes["count"]
            else:
                last = child.attributes.get("upper_bound")
                yield 0 if last is None else last + 1

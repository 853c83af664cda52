"""Which types a compiled program defines, by name: what the oracle then asks the compiler about.

Only names, nesting and kinds are taken from DWARF. Sizes, offsets and bits are not: those come
from the compiler's own evaluation, see oracle.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from elftools.dwarf import constants
from elftools.dwarf.die import DIE
from elftools.elf.elffile import ELFFile

__all__ = ["Definitions", "Member", "Record", "definitions"]

QUALIFIERS = {"DW_TAG_const_type", "DW_TAG_volatile_type", "DW_TAG_restrict_type"}
RECORDS = {"DW_TAG_structure_type": "struct", "DW_TAG_union_type": "union"}
NOT_A_NUMBER = {"long double"}  # no integer-like value that Python could set


@dataclass(frozen=True)
class Member:
    """A member as C reaches it from the outer type: `part.slot[3].value`.

    Of an array only the last element is visited, of every dimension. `number` tells whether the
    member can be set to 1, `signed` whether a bitfield reads -1 when all its bits are set,
    `flexible` whether it is an array of no elements or of any number.
    """

    path: str
    bitfield: bool = False
    signed: bool = False
    number: bool = False
    flexible: bool = False


@dataclass(frozen=True)
class Record:
    """A struct or union with a name of its own or a typedef's."""

    spelling: str
    members: tuple[Member, ...]


@dataclass(frozen=True)
class Definitions:
    """What one program defines. An anonymous enum is found under the spelling ''."""

    records: tuple[Record, ...]
    scalar_typedefs: tuple[str, ...]
    enums: dict[str, dict[str, int]]


def definitions(program: Path) -> Definitions:
    """Read the named types of `program`, a linked file with one compilation unit or several."""
    records: dict[str, Record] = {}
    typedefs: list[str] = []
    enums: dict[str, dict[str, int]] = {}
    with program.open("rb") as stream:
        dwarf = ELFFile(stream).get_dwarf_info()
        for unit in dwarf.iter_CUs():
            for die in unit.get_top_DIE().iter_children():
                if "DW_AT_declaration" in die.attributes:
                    continue
                if die.tag == "DW_TAG_enumeration_type":
                    name = _name(die)
                    enum = enums.setdefault(f"enum {name}" if name else "", {})
                    enum.update(_enumerators(die))
                elif die.tag in RECORDS and _name(die):
                    spelling = f"{RECORDS[die.tag]} {_name(die)}"
                    records[spelling] = Record(spelling, tuple(_members(die)))
                elif die.tag == "DW_TAG_typedef":
                    meant = _strip(die)
                    if meant is None:
                        continue
                    if meant.tag in RECORDS:
                        records[_name(die)] = Record(_name(die), tuple(_members(meant)))
                    elif meant.tag not in ("DW_TAG_subroutine_type", "DW_TAG_enumeration_type"):
                        typedefs.append(_name(die))
    return Definitions(tuple(records.values()), tuple(typedefs), enums)


def _members(record: DIE, prefix: str = "") -> Iterator[Member]:
    for die in record.iter_children():
        if die.tag != "DW_TAG_member":
            continue
        inner = _strip(die)
        if not _name(die):  # an anonymous part, or an unnamed bitfield, which has no path
            if inner is not None and inner.tag in RECORDS:
                yield from _members(inner, prefix)
            continue
        path = prefix + _name(die)
        if "DW_AT_bit_size" in die.attributes:
            yield Member(path, bitfield=True, signed=_is_signed(inner))
            continue
        counts, element = _elements(inner)
        flexible = not all(counts)
        yield Member(path, number=_is_number(inner), flexible=flexible)
        if counts and not flexible:
            path += "".join(f"[{count - 1}]" for count in counts)
            yield Member(path, number=_is_number(element))
        if not flexible and element is not None and element.tag in RECORDS:
            yield from _members(element, path + ".")


def _elements(die: DIE | None) -> tuple[list[int], DIE | None]:
    """Of an array its dimensions and what it is an array of; of anything else just itself."""
    counts: list[int] = []
    while die is not None and die.tag == "DW_TAG_array_type":
        counts += _dimensions(die)
        die = _strip(die)
    return counts, die


def _dimensions(array: DIE) -> Iterator[int]:
    for die in array.iter_children():
        if die.tag == "DW_TAG_subrange_type":
            count = die.attributes.get("DW_AT_count")
            last = die.attributes.get("DW_AT_upper_bound")
            if count is not None:
                yield count.value
            elif last is None or last.form == "DW_FORM_exprloc":
                yield 0
            else:
                yield last.value + 1


def _strip(die: DIE) -> DIE | None:
    """The type that `die` refers to, without typedefs and qualifiers; None is void."""
    while "DW_AT_type" in die.attributes:
        die = die.get_DIE_from_attribute("DW_AT_type")
        if die.tag != "DW_TAG_typedef" and die.tag not in QUALIFIERS:
            return die
    return None


def _is_number(die: DIE | None) -> bool:
    if die is None:
        return False
    if die.tag == "DW_TAG_base_type":
        return _name(die) not in NOT_A_NUMBER
    return die.tag in ("DW_TAG_pointer_type", "DW_TAG_enumeration_type")


def _is_signed(die: DIE | None) -> bool:
    """Whether an integer or enum type has negative values."""
    while die is not None and "DW_AT_encoding" not in die.attributes:
        die = _strip(die)
    signed = (constants.DW_ATE_signed, constants.DW_ATE_signed_char)
    return die is not None and die.attributes["DW_AT_encoding"].value in signed


def _enumerators(enum: DIE) -> Iterator[tuple[str, int]]:
    mask = -1 if _is_signed(enum) else (1 << 8 * enum.attributes["DW_AT_byte_size"].value) - 1
    for die in enum.iter_children():
        yield _name(die), die.attributes["DW_AT_const_value"].value & mask


def _name(die: DIE) -> str:
    name = die.attributes.get("DW_AT_name")
    return name.value.decode() if name is not None else ""

"""The checker notices what it is there to notice: bindings written by hand, right and wrong."""

from __future__ import annotations

import ctypes
import enum
from types import SimpleNamespace
from typing import Any

import pytest

from . import check_package

FACTS = {
    "byte_order": "little",
    "alignment_unknown": [],
    "enum_mask": -1,
    "enums": {"enum colour": {"RED": 0, "BLUE": 2}},
    "facts": {
        "struct point": {
            "size": 8,
            "align": 4,
            "fields": {"x": 0, "from": 4},
            "sizes": {"x": 4, "from": 4},
            "ones": {"x": "0100000000000000", "from": "0000000001000000"},
            "bitfields": {},
            "all_ones": {},
        },
        "struct bits": {
            "size": 2,
            "align": 1,
            "fields": {"last": 1},
            "sizes": {"last": 1},
            "ones": {"last": "0001"},
            "bitfields": {"mid": "1c00"},
            "all_ones": {"mid": -1},
        },
    },
}


class Bits:
    """A signed bitfield in the first byte of its holder."""

    def __init__(self, bit_offset: int, bit_width: int) -> None:
        self.bit_offset, self.bit_width, self.offset, self.size = bit_offset, bit_width, 0, 1

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        value = instance.storage >> self.bit_offset & (1 << self.bit_width) - 1
        return value - (1 << self.bit_width) if value >> self.bit_width - 1 else value

    def __set__(self, instance: Any, value: int) -> None:
        mask = (1 << self.bit_width) - 1
        rest = instance.storage & ~(mask << self.bit_offset)
        instance.storage = rest | (value & mask) << self.bit_offset


def bindings(point: list[Any], mid: tuple[int, int], red: int = 0, **options: int) -> Any:
    struct_point = type("point", (ctypes.Structure,), {**options, "_fields_": point})
    if hasattr(struct_point, "from"):
        struct_point.from_ = getattr(struct_point, "from")
    fields = [("storage", ctypes.c_uint8), ("last", ctypes.c_uint8)]
    struct_bits = type("bits", (ctypes.Structure,), {"_fields_": fields, "mid": Bits(*mid)})
    colour = enum.IntEnum("colour", {"RED": red, "BLUE": 2})
    types = {"struct point": struct_point, "struct bits": struct_bits, "enum colour": colour}
    bare = {spelling.split()[-1]: cls for spelling, cls in types.items()}
    return SimpleNamespace(ctype=types.__getitem__, RED=colour.RED, BLUE=colour.BLUE, **bare)


RIGHT_POINT = [("x", ctypes.c_int32), ("from", ctypes.c_int32)]
RIGHT_MID = (2, 3)


def found(*args: Any) -> list[str]:
    return list(check_package.differences(bindings(*args), FACTS))


def test_right_bindings_have_no_differences() -> None:
    assert found(RIGHT_POINT, RIGHT_MID) == []


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (([("x", ctypes.c_int32)], RIGHT_MID), "struct point: size 4, in C 8"),
        (
            ([("x", ctypes.c_int16), ("pad", ctypes.c_int16), RIGHT_POINT[1]], RIGHT_MID),
            "struct point.x: size 2, in C 4",
        ),
        (
            ([RIGHT_POINT[1], RIGHT_POINT[0]], RIGHT_MID),
            "struct point.x: offset 4, in C 0",
        ),
        (([("x", ctypes.c_int32), ("y", ctypes.c_int32)], RIGHT_MID), "has no member from"),
        (([("x", ctypes.c_int64), ("from", ctypes.c_int64)], RIGHT_MID), "size 16, in C 8"),
        (
            ([("x", ctypes.c_int32.__ctype_be__), RIGHT_POINT[1]], RIGHT_MID),
            "struct point.x: set to 1, it gives 0000000100000000, in C 0100000000000000",
        ),
        (([("x", ctypes.c_uint8 * 4), RIGHT_POINT[1]], RIGHT_MID), "which is no number"),
        ((RIGHT_POINT, (3, 3)), "struct bits.mid: set to -1, it gives 3800, in C 1c00"),
        ((RIGHT_POINT, (2, 4)), "bit offset and width are (2, 4), in C (2, 3)"),
        ((RIGHT_POINT, (2, 2)), "struct bits.mid: cleared, it leaves f3ff, in C e3ff"),
        ((RIGHT_POINT, RIGHT_MID, 1), "enum colour.RED: is <colour.RED: 1>, in C 0"),
        ((RIGHT_POINT, RIGHT_MID, 1), "enum colour.RED: as a member is <colour.RED: 1>, in C 0"),
    ],
)
def test_a_wrong_binding_is_told(args: Any, sentence: str) -> None:
    assert any(sentence in difference for difference in found(*args)), found(*args)


def test_a_bare_name_must_mean_the_same_type() -> None:
    confused = bindings(RIGHT_POINT, RIGHT_MID)
    confused.bits = confused.point
    (told,) = check_package.differences(confused, FACTS)
    assert told.startswith("struct bits: is <class")


def test_alignment_is_compared_unless_it_is_unknown() -> None:
    packed = bindings(RIGHT_POINT, RIGHT_MID, _pack_=1)
    told = list(check_package.differences(packed, FACTS))
    assert told == ["struct point: alignment 1, in C 4"]
    unknown = {**FACTS, "alignment_unknown": ["struct point"]}
    assert list(check_package.differences(packed, unknown)) == []

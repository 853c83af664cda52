"""Many integers of a structure in one go: ctypes' descriptors take a step for each of them."""

from __future__ import annotations

import ctypes
import operator
import struct
from collections.abc import Callable
from typing import Any

__all__ = ["Members"]

Values = tuple[Any, ...]


class Members:
    """Some members of a generated structure, named as in C (``attr.ino``), in any order.

    Offsets and types are the bindings'. ``read(buffer, offset)`` gives their values in the order of
    the names; ``write(buffer, offset, *values)`` takes them in it, and zeroes what lies between.
    """

    def __init__(self, record: Any, *names: str) -> None:
        self.names = names
        places = [_place(record, name) for name in names]
        ranks = sorted(range(len(places)), key=places.__getitem__)
        start = end = places[ranks[0]][0]
        text = "="
        for offset, code in map(places.__getitem__, ranks):
            text += f"{offset - end}x{code}"
            end = offset + struct.calcsize(f"={code}")
        packed = struct.Struct(text)
        self.read: Callable[..., Values] = packed.unpack_from
        self.write: Callable[..., None] = packed.pack_into
        if ranks != sorted(ranks) and len(ranks) > 1:
            named = operator.itemgetter(*(ranks.index(at) for at in range(len(ranks))))
            stored = operator.itemgetter(*ranks)
            self.read = lambda buffer, offset: named(packed.unpack_from(buffer, offset + start))
            self.write = lambda buffer, offset, *values: packed.pack_into(
                buffer, offset + start, *stored(values)
            )
        elif start:
            self.read = lambda buffer, offset: packed.unpack_from(buffer, offset + start)
            self.write = lambda buffer, offset, *values: packed.pack_into(
                buffer, offset + start, *values
            )


def _place(record: Any, name: str) -> tuple[int, str]:
    """(byte offset, letter of :mod:`struct`) of a member, or of a member's member."""
    offset = 0
    for part in name.split("."):
        offset += getattr(record, part).offset
        record = next(kind for leaf, kind, *_ in record._leaves_ if leaf == part)
    size = ctypes.sizeof(record)
    signed = issubclass(record, ctypes._SimpleCData) and record(-1).value < 0
    return offset, ("bhiq" if signed else "BHIQ")[size.bit_length() - 1]

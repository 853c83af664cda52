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

    def __init__(self, record: Any, *names: str, signed: bool | None = None) -> None:
        """``signed``: take all for signed numbers, or for unsigned ones, whatever they are."""
        self.names = names
        places = [_place(record, name, signed) for name in names]
        ranks = sorted(range(len(places)), key=places.__getitem__)
        start = end = places[ranks[0]][0]
        text = "="
        for offset, code in map(places.__getitem__, ranks):
            text += f"{offset - end}x{code}"
            end = offset + struct.calcsize(f"={code}")
        packed = struct.Struct(text)
        # A function of these very parameters: one that took any number of them, and sorted them,
        # would take three times as long as what it calls.
        values = [f"value{rank}" for rank in range(len(names))]
        taken, stored = ", ".join(values), ", ".join(values[rank] for rank in ranks)
        self.write: Callable[..., None] = eval(
            f"lambda buffer, offset, {taken}: pack(buffer, offset + {start}, {stored})",
            {"pack": packed.pack_into},
        )
        unpack = packed.unpack_from
        self.read: Callable[..., Values] = lambda buffer, offset: unpack(buffer, offset + start)
        if not start:
            self.read = unpack
        if ranks != sorted(ranks):
            named = operator.itemgetter(*(ranks.index(at) for at in range(len(ranks))))
            self.read = lambda buffer, offset: named(unpack(buffer, offset + start))


def _place(record: Any, name: str, signed: bool | None) -> tuple[int, str]:
    """(byte offset, letter of :mod:`struct`) of a member, or of a member's member."""
    offset = 0
    for part in name.split("."):
        offset += getattr(record, part).offset
        record = next(kind for leaf, kind, *_ in record._leaves_ if leaf == part)
    size = ctypes.sizeof(record)
    if signed is None:
        signed = issubclass(record, ctypes._SimpleCData) and record(-1).value < 0
    return offset, ("bhiq" if signed else "BHIQ")[size.bit_length() - 1]

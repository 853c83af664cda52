"""Structs and unions: their size and alignment, and each member's place and bits."""

from __future__ import annotations

import ctypes
import keyword
import re
import sys
from typing import Any

from .context import Context, describe
from .values import Memory, Place, check_value

__all__ = ["check_records"]

LARGEST = 1 << 24
"""Bytes; of larger structs only offsets and sizes are looked at."""
PADDING = re.compile(r"(?:pad|align|packed|part) [0-9.]+_*")
"""What bindings call fields of their own; no name in C has a space."""
HAS_ALIGN = sys.version_info >= (3, 13)
"""From there on ctypes aligns beyond 8 bytes."""


def check_records(context: Context) -> None:
    """Look at every struct and union that must be there."""
    for facts in context.expected["records"]:
        context.say("at", facts[0])
        with context.looking_at(facts[0]):
            check_record(context, *facts)


def check_record(
    context: Context, spelling: str, _key: str, byte_size: int, byte_align: int, members: list[Any]
) -> None:
    try:
        cls = context.bindings.ctype(spelling)
    except LookupError as error:
        context.differs(spelling, f"is missing ({error})")
        return
    except Exception as error:  # noqa: BLE001
        context.differs(spelling, f"cannot be made: {describe(error)}")
        return
    context.counted("structs and unions")
    base = ctypes.Structure if spelling.startswith("struct ") else ctypes.Union
    if not isinstance(cls, type) or not issubclass(cls, base):
        context.differs(spelling, f"is no ctypes.{base.__name__}")
        return
    actual = ctypes.sizeof(cls)
    if actual != byte_size:
        context.differs(spelling, f"is {actual} bytes large, in the source {byte_size}")
    allowed = {byte_align} if HAS_ALIGN or byte_align <= 8 else {byte_align, 8}
    if ctypes.alignment(cls) not in allowed:
        context.differs(
            spelling, f"is aligned to {ctypes.alignment(cls)} bytes, in C to {byte_align}"
        )
    memory = Memory(cls) if actual == byte_size <= LARGEST else None
    for member in members:
        where = f"{spelling}: {member[0]}"
        with context.looking_at(where):
            check_member(context, where, cls, member, memory)
    known = {name for member in members for name in (member[0], f"{member[0]}_")}
    for name, field in vars(cls).items():
        if name not in known and hasattr(field, "offset") and not PADDING.fullmatch(name):
            context.differs(f"{spelling}: {name}", "is no member in the source")


def check_member(
    context: Context, where: str, cls: Any, member: list[Any], memory: Memory | None
) -> None:
    name, bit_offset, bit_width, row = member
    name = sys.intern(name)  # as names in programs are, for CPython's caches tell them apart
    field: Any = getattr(cls, name, None)
    if not hasattr(field, "offset"):  # its C name is one of ctypes' or of Python's classes
        name = sys.intern(f"{name}_")
        name = sys.intern(name)  # as names in programs are, for CPython's caches tell them apart
    field = getattr(cls, name, None)
    if not hasattr(field, "offset"):
        context.differs(where, "is missing")
        return
    if keyword.iskeyword(name) and not hasattr(cls, f"{name}_"):
        context.differs(where, f"is not there as {name}_")
    shape = context.shapes[row]
    if bit_width:
        context.counted("bitfields")
        check_bitfield(context, where, name, field, (bit_offset, bit_width), shape, memory)
        return
    context.counted("members")
    if hasattr(field, "bit_offset") and hasattr(field, "bit_width"):
        context.differs(where, "is a bitfield, but not in the source")
    elif 8 * field.offset != bit_offset:
        context.differs(where, f"lies at byte {field.offset}, in the source at {bit_offset // 8}")
    elif field.size != shape[1]:
        context.differs(where, f"is {field.size} bytes large, in the source {shape[1]}")
    elif memory is not None:
        owner = memory.instance
        place = Place(
            where,
            lambda: getattr(owner, name),
            lambda value: setattr(owner, name, value),
            memory,
            field.offset,
        )
        check_value(context, place, shape)


def check_bitfield(
    context: Context,
    where: str,
    name: str,
    field: Any,
    bits: tuple[int, int],
    shape: list[Any],
    memory: Memory | None,
) -> None:
    """``bits``: offset and width."""
    actual = getattr(field, "bit_offset", None), getattr(field, "bit_width", None)
    if actual != bits:
        context.differs(
            where,
            f"has {actual[1]} bits from bit {actual[0]} on,"
            f" in the source {bits[1]} from bit {bits[0]} on",
        )
        return
    if memory is None:
        return
    bit_offset, bit_width = bits
    first, stop = bit_offset // 8, (bit_offset + bit_width + 7) // 8
    low = bit_offset - 8 * first
    if context.byteorder == "big":
        low = 8 * stop - bit_offset - bit_width
    ones, top = (1 << bit_width) - 1, 1 << bit_width - 1
    image = (ones << low).to_bytes(stop - first, context.byteorder)
    signed = shape[0] in ("int", "char") and shape[2]

    setattr(memory.instance, name, True if shape[0] == "bool" else -1 if signed else ones)
    if not memory.took(first, image):
        context.differs(where, "writes other bits than its own")
    memory.put(first, (top << low).to_bytes(stop - first, context.byteorder))
    value = getattr(memory.instance, name)
    memory.clear(first, len(image))
    if value != (-top if signed else top):
        context.differs(where, f"reads {value} where just its highest bit is set")
    setattr(memory.inverse, name, 0)
    if not memory.cleared(first, image):
        context.differs(where, "clears other bits than its own")

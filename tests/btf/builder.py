"""Writes raw BTF for tests, honest or not: whatever is asked for is what the bytes say.

Follows ``Documentation/bpf/btf.rst``. Ids and string offsets of split BTF go on where
its base's end. Nothing is checked: a test of bad input needs ids that do not exist and
counts that are not true.
"""

from __future__ import annotations

import struct
from pathlib import Path

__all__ = ["Btf", "Name", "packed"]

Name = str | bytes
"""Names may be any bytes but NUL; text is encoded as UTF-8."""

_NO_COMPONENT = 0xFFFFFFFF

# What a layout section says of the kinds: bytes behind the record, bytes per element.
LAYOUT_OF_KNOWN = (
    *((0, 0), (4, 0), (0, 0), (12, 0), (0, 12), (0, 12), (0, 8), (0, 0), (0, 0), (0, 0)),
    *((0, 0), (0, 0), (0, 0), (0, 8), (4, 0), (0, 12), (0, 0), (4, 0), (0, 0), (0, 12)),
)


class Btf:
    """BTF in the making. Each kind has a method, which returns the id of the type written."""

    def __init__(self, order: str = "<", *, base: Btf | None = None) -> None:
        self.order, self.base = order, base
        self.types = bytearray()
        self.strings = bytearray() if base else bytearray(b"\0")
        self.first_string: int = base.end_of_strings if base else 0
        self.next_id: int = base.next_id if base else 1
        self._names: dict[bytes, int] = dict(base._names) if base else {b"": 0}

    @property
    def end_of_strings(self) -> int:
        return self.first_string + len(self.strings)

    def name(self, text: Name) -> int:
        """The offset of a name in the string section, where it is put if it is new."""
        raw = text.encode() if isinstance(text, str) else text
        if raw not in self._names:
            self._names[raw] = self.end_of_strings
            self.strings += raw + b"\0"
        return self._names[raw]

    def record(self, kind: int, name: Name | int, size_or_type: int, *words: int, vlen: int = 0,
               flag: bool = False) -> int:  # fmt: skip
        """A ``struct btf_type`` and the words behind it; ``name`` may be a string offset."""
        name_off = name if isinstance(name, int) else self.name(name)
        return self.raw(name_off, flag << 31 | kind << 24 | vlen, size_or_type, *words)

    def raw(self, *words: int) -> int:
        masked = [word & 0xFFFFFFFF for word in words]
        self.types += struct.pack(f"{self.order}{len(masked)}I", *masked)
        self.next_id += 1
        return self.next_id - 1

    # Kinds, by their numbers

    def int(self, name: Name = "int", size: int = 4, *, signed: bool = True, boolean: bool = False,
            char: bool = False, offset: int = 0, bits: int | None = None) -> int:  # fmt: skip
        encoding = signed << 0 | char << 1 | boolean << 2
        bits = 8 * size if bits is None else bits
        return self.record(1, name, size, encoding << 24 | offset << 16 | bits)

    def ptr(self, target: int) -> int:
        return self.record(2, 0, target)

    def array(self, element: int, nelems: int, index: int = 0) -> int:
        return self.record(3, 0, 0, element, index, nelems)

    def struct(self, name: Name, size: int, *members: tuple[Name | int, ...], flag: bool = False,
               kind: int = 4) -> int:  # fmt: skip
        """A member is (name, type, bit offset) or (name, type, bit offset, bit width)."""
        flag = flag or any(len(member) > 3 for member in members)
        words: list[int] = []
        for member in members:
            member_name, target, bit_offset, bit_width = (*member, 0)[:4]
            at = member_name if isinstance(member_name, int) else self.name(member_name)
            words += [at, target, bit_offset | (bit_width << 24)]  # type: ignore[operator, list-item]
        return self.record(kind, name, size, *words, vlen=len(members), flag=flag)

    def union(self, name: Name, size: int, *members: tuple[Name | int, ...]) -> int:
        return self.struct(name, size, *members, kind=5)

    def enum(self, name: Name, *constants: tuple[Name, int], size: int = 4,
             signed: bool = False) -> int:  # fmt: skip
        words = [word for text, value in constants for word in (self.name(text), value)]
        return self.record(6, name, size, *words, vlen=len(constants), flag=signed)

    def fwd(self, name: Name, *, union: bool = False) -> int:
        return self.record(7, name, 0, flag=union)

    def typedef(self, name: Name, target: int) -> int:
        return self.record(8, name, target)

    def volatile(self, target: int) -> int:
        return self.record(9, 0, target)

    def const(self, target: int) -> int:
        return self.record(10, 0, target)

    def restrict(self, target: int) -> int:
        return self.record(11, 0, target)

    def func(self, name: Name, proto: int, linkage: int = 1) -> int:
        return self.record(12, name, proto, vlen=linkage)

    def func_proto(self, returns: int, *params: tuple[Name, int]) -> int:
        words = [word for text, target in params for word in (self.name(text), target)]
        return self.record(13, 0, returns, *words, vlen=len(params))

    def var(self, name: Name, target: int, linkage: int = 1) -> int:
        return self.record(14, name, target, linkage)

    def datasec(self, name: Name, size: int, *variables: tuple[int, int, int]) -> int:
        """A variable is (type id, byte offset, byte size)."""
        words = [word for variable in variables for word in variable]
        return self.record(15, name, size, *words, vlen=len(variables))

    def float(self, name: Name, size: int) -> int:
        return self.record(16, name, size)

    def decl_tag(self, name: Name, target: int, component: int = _NO_COMPONENT, *,
                 attribute: bool = False) -> int:  # fmt: skip
        return self.record(17, name, target, component, flag=attribute)

    def type_tag(self, name: Name, target: int, *, attribute: bool = False) -> int:
        return self.record(18, name, target, flag=attribute)

    def enum64(self, name: Name, *constants: tuple[Name, int], size: int = 8,
               signed: bool = False) -> int:  # fmt: skip
        words = [
            word for text, value in constants for word in (self.name(text), value, value >> 32)
        ]
        return self.record(19, name, size, *words, vlen=len(constants), flag=signed)

    # The whole

    def dump(self, *, header_size: int = 24, layout: bytes | None = None) -> bytes:
        """The blob. With a header of 32 bytes, ``layout`` lies between types and strings."""
        return packed(
            bytes(self.types), bytes(self.strings), self.order, header_size=header_size,
            layout=layout,
        )  # fmt: skip

    def described(self, extra: dict[int, tuple[int, int]]) -> bytes:
        """A layout section of all known kinds and ``extra`` ones: kind -> (fixed, per element)."""
        sizes = dict(enumerate(LAYOUT_OF_KNOWN)) | extra
        rows = [sizes.get(kind, (0, 0)) for kind in range(max(sizes) + 1)]
        return b"".join(struct.pack(f"{self.order}BBH", *row, 0) for row in rows)

    def write(self, path: Path, **options: int | bytes) -> Path:
        path.write_bytes(self.dump(**options))  # type: ignore[arg-type]
        return path


def packed(types: bytes, strings: bytes, order: str = "<", *, header_size: int = 24,
           layout: bytes | None = None) -> bytes:  # fmt: skip
    """Header and sections, without a gap."""
    layout = layout or b""
    words = [0, len(types), len(types) + len(layout), len(strings)]
    if header_size >= 32:
        words += [len(types), len(layout)]
    header = struct.pack(f"{order}HBBI{len(words)}I", 0xEB9F, 1, 0, header_size, *words)
    return header.ljust(header_size, b"\0") + types + layout + strings

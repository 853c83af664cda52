"""ctypes classes written by hand, held against the source.

A class agrees with a struct if every member of the struct is a field of the
class under its C name (``from_`` for ``from``), at its offset, with its size
and kind, and the class is as large as the struct. Anonymous parts may be
``_anonymous_`` fields, be named, or have their members listed in their place.
A field that the source lacks is fine if its name starts with ``_`` or
``pad``: a member that it covered would be missing.

Kinds may differ where every value stays the same: an ``enum`` is any integer
that holds its constants, a pointer any unsigned integer of its size, a
``char`` any byte, and a struct that nobody looks into an array of bytes.
"""

from __future__ import annotations

import ctypes
import keyword
from typing import Any

from uapigen.errors import NotFoundError, ValidationError
from uapigen.ir.classes import Field, Number, describe, fields_of, is_opaque, number_of
from uapigen.ir.graph import TypeGraph, resolve
from uapigen.ir.spelling import Speller
from uapigen.ir.types import Enum, Member, Struct, TypeId, Union
from uapigen.layout.targets import DataModel
from uapigen.show.find import find
from uapigen.verify.shapes import Shape, is_record, leaves, shape_of

__all__ = ["check"]

_PADDING = ("_", "pad")
_RECORDS = ("struct", "union")


def check(graph: TypeGraph, model: DataModel, spelling: str, cls: type) -> None:
    """Raise :class:`ValidationError` unless ``cls`` agrees with the type of that spelling.

    ``cls`` is a ctypes structure or union of any byte order; TypeError for
    anything else. Raises :class:`NotFoundError` for a spelling that is no
    struct or union of the source.
    """
    if not isinstance(cls, type) or not issubclass(cls, (ctypes.Structure, ctypes.Union)):
        raise TypeError(f"{cls!r} is no ctypes structure or union")
    type_id = _find_record(graph, spelling)
    checked = _Check(graph, model)
    checked.value(spelling, shape_of(graph, model.pointer_size, type_id), cls, "")
    if checked.said:
        raise ValidationError(
            spelling, [f"{where}: {', '.join(said)}" for where, said in checked.said.items()]
        )


def _find_record(graph: TypeGraph, spelling: str) -> TypeId:
    for found in find(graph, spelling):
        if is_record(graph, found.type_id):
            return resolve(graph, found.type_id)
    raise NotFoundError(f"{spelling} is no struct or union in {graph.info.name}")


class _Check:
    """One comparison: what differs, by the path of the member that does."""

    def __init__(self, graph: TypeGraph, model: DataModel) -> None:
        self.graph = graph
        self.pointer_size = model.pointer_size
        self.big_endian = model.big_endian
        self.speller = Speller(graph)
        self.said: dict[str, list[str]] = {}

    def say(self, where: str, what: str, source: object) -> None:
        self.said.setdefault(where, []).append(f"{what} (source: {source})")

    def compare(self, where: str, what: str, ours: int, theirs: int) -> None:
        if ours != theirs:
            self.say(where, f"{what} {ours}", theirs)

    def shape(self, type_id: TypeId) -> Shape:
        return shape_of(self.graph, self.pointer_size, type_id)

    # Structs and unions

    def record(self, prefix: str, type_id: TypeId, cls: Any) -> None:
        """Compare all members; ``prefix`` is the path before their names."""
        ours: dict[str, Field] = {}
        for field in fields_of(cls, self.big_endian):
            ours.setdefault(field.name, field)
        used: set[str] = set()
        self.members(prefix, type_id, 0, ours, used)
        for name, field in ours.items():
            if name not in used and not name.lower().startswith(_PADDING):
                self.said.setdefault(prefix + name, []).append(f"not in the source ({field.place})")

    def members(
        self, prefix: str, type_id: TypeId, base: int, ours: dict[str, Field], used: set[str]
    ) -> None:
        """Compare the members of a struct that starts at bit ``base`` with fields by name."""
        node = self.graph[resolve(self.graph, type_id)]
        assert isinstance(node, Struct | Union)
        for member in node.members:
            start = base + member.bit_offset
            if member.name:
                alias = f"{member.name}_" if keyword.iskeyword(member.name) else ""
                field = ours.get(member.name) or ours.get(alias)
                if field is None:
                    self.missing(prefix, member, start, ours)
                else:
                    used.add(field.name)
                    self.member(prefix + member.name, member, start, field)
            elif not member.bit_width and is_record(self.graph, member.type):
                self.anonymous(prefix, member, start, ours, used)

    def anonymous(
        self, prefix: str, member: Member, start: int, ours: dict[str, Field], used: set[str]
    ) -> None:
        """An anonymous part: its members are fields themselves, or the class gave it a name."""
        if not any(leaf.name in ours for leaf in leaves(self.graph, member.type)):
            for name, field in ours.items():
                if name not in used and field.bit_offset == start and field.is_record:
                    used.add(name)
                    self.value(prefix + name, self.shape(member.type), field.type)
                    return
        self.members(prefix, member.type, start, ours, used)

    def missing(self, prefix: str, member: Member, start: int, ours: dict[str, Field]) -> None:
        shape = self.shape(member.type)
        if not member.bit_width and not shape.byte_size:
            return  # a flexible array, which nobody has to list
        width = member.bit_width or 8 * shape.byte_size
        place = Field(member.name, None, start, width, bool(member.bit_width), False).place
        covers = [
            name
            for name, field in ours.items()
            if name.lower().startswith(_PADDING)
            and field.bit_offset < start + width
            and start < field.bit_offset + field.bit_width
        ]
        covered = f", under {covers[0]}" if covers else ""
        spelled = self.speller.spell(member.type)
        self.say(prefix + member.name, f"missing{covered}", f"{spelled}, {place}")

    # Members

    def member(self, where: str, member: Member, start: int, field: Field) -> None:
        shape = self.shape(member.type)
        if member.bit_width or field.is_bitfield:
            self.bits(where, member, start, field, shape)
            return
        self.compare(where, "offset", field.bit_offset // 8, start // 8)
        self.value(where, shape, field.type)

    def bits(self, where: str, member: Member, start: int, field: Field, shape: Shape) -> None:
        """A bitfield here or there: the same bits, and read as the same numbers."""
        width = member.bit_width or 8 * shape.byte_size
        if not field.bit_width:
            self.say(where, "bits that do not lie side by side", f"bit {start}, {width} wide")
        elif (field.bit_offset, field.bit_width) != (start, width):
            ours = f"bit {field.bit_offset}, {field.bit_width} wide"
            self.say(where, ours, f"bit {start}, {width} wide")
        number = None if field.is_bitfield else number_of(field.type)
        if number is not None and number.kind in ("int", "bool", "char"):
            self.byte_order(where, number)
        elif not field.is_bitfield:
            self.say(where, f"kind {describe(field.type)}", "bitfield")
            return
        if shape.kind not in ("int", "enum", "bool", "char"):
            self.say(where, "kind bitfield", self.name_of(shape))
        elif shape.kind == "int" and shape.signed != field.signed:
            ours = "signed" if field.signed else "unsigned"
            self.say(where, f"kind {ours} bitfield", self.name_of(shape))

    def value(self, where: str, shape: Shape, ctype: Any, prefix: str | None = None) -> None:
        """Compare size and kind of what a member holds; structs and arrays all the way down."""
        if shape.kind == "array":
            self.array(where, shape, ctype)
            return
        self.compare(where, "size", ctypes.sizeof(ctype), shape.byte_size)
        if shape.kind in _RECORDS:
            self.inner_record(where, shape, ctype, f"{where}." if prefix is None else prefix)
            return
        number = number_of(ctype)
        if number is None:
            if not (self.has_no_ctype(shape) and is_opaque(ctype, 8)):
                self.say(where, f"kind {describe(ctype)}", self.name_of(shape))
        elif not self.same_kind(shape, number):
            self.say(where, f"kind {number}", self.name_of(shape))
        else:
            self.byte_order(where, number)

    def byte_order(self, where: str, number: Number) -> None:
        if number.byte_size > 1 and number.big_endian != self.big_endian:
            orders = ("little", "big")
            self.say(where, f"byte order {orders[number.big_endian]}", orders[self.big_endian])

    def inner_record(self, where: str, shape: Shape, ctype: Any, prefix: str) -> None:
        if not issubclass(ctype, (ctypes.Structure, ctypes.Union)):
            if not is_opaque(ctype):
                self.say(where, f"kind {describe(ctype)}", self.name_of(shape))
            return
        base = ctypes.Structure if shape.kind == "struct" else ctypes.Union
        if not issubclass(ctype, base):
            self.say(where, f"kind {describe(ctype)}", self.name_of(shape))
        self.record(prefix, shape.type_id, ctype)

    def array(self, where: str, shape: Shape, ctype: Any) -> None:
        assert shape.element is not None
        if not issubclass(ctype, ctypes.Array):
            self.say(where, f"kind {describe(ctype)}", f"array of {shape.nelems}")
            self.compare(where, "size", ctypes.sizeof(ctype), shape.byte_size)
            return
        # Older encoders wrote int[2][3] as int[6].
        length, element = ctype._length_, ctype._type_
        while length < shape.nelems and issubclass(element, ctypes.Array):
            length, element = length * element._length_, element._type_
        if length == shape.nelems:
            self.value(f"{where}[]", shape.element, element)
        elif not (
            is_opaque(ctype)
            and ctypes.sizeof(ctype) == shape.byte_size
            and shape.element.kind in _RECORDS
        ):
            self.say(where, f"array of {ctype._length_}", f"array of {shape.nelems}")

    def has_no_ctype(self, shape: Shape) -> bool:
        """Whether a number can only be written down as its bytes."""
        return (shape.kind == "int" and shape.byte_size > 8) or (
            shape.kind == "float" and shape.byte_size not in (4, 8)
        )

    def same_kind(self, shape: Shape, number: Number) -> bool:
        """Whether every value of the source's type reads the same as the class's."""
        if shape.kind == "enum":
            return number.kind == "int" and self.holds_constants(shape.type_id, number)
        if shape.kind == "pointer":
            return number.kind == "pointer" or (number.kind == "int" and not number.signed)
        if shape.kind == "int":
            if shape.byte_size == 1 and number.kind == "char":
                return True
            return number.kind == "int" and number.signed == shape.signed
        if shape.kind == "bool":
            return number.kind in ("bool", "int", "char")
        if shape.kind == "char":
            return number.kind in ("int", "char")
        return number.kind == shape.kind

    def holds_constants(self, enum_id: TypeId, number: Number) -> bool:
        """Encoders before pahole 1.24 and clang 15 called every enum unsigned: then any will do."""
        node = self.graph[enum_id]
        assert isinstance(node, Enum)
        return number.signed or not node.signed or all(value >= 0 for _, value in node.enumerators)

    def name_of(self, shape: Shape) -> str:
        """The source's kind in words."""
        if shape.kind == "int":
            return f"{'signed' if shape.signed else 'unsigned'} integer"
        if shape.kind == "float":
            return "floating point number"
        if shape.kind in (*_RECORDS, "enum"):
            spelled = self.speller.spell(shape.type_id)
            return shape.kind if "{" in spelled else spelled
        return shape.kind

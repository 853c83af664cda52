"""Types as C that a compiler takes, and checks: ``_Static_assert`` on every size and offset.

A C compiler lays structs out by itself. What makes it come to the source's
layout is worked out beforehand, by the compiler's own rules
(``layout/natural.py``): ``packed`` and ``aligned`` as ``layout/records.py``
infers them, and padding wherever the source has a gap that these rules would
not leave. The asserts then say that it came to the same.

All tags are declared first, so that only types that contain each other by
value, and typedefs, have an order. GNU C (gcc or clang, ``-std=gnu11``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from uapigen.emit.c_names import PREDEFINED, CNames, member_name
from uapigen.emit.c_order import Closure, in_order
from uapigen.errors import InputError, LayoutError
from uapigen.ir.graph import TypeGraph, resolve, skip_qualifiers
from uapigen.ir.naming import Unique
from uapigen.ir.spelling import Speller
from uapigen.ir.types import (
    Array,
    Enum,
    Member,
    Qualifier,
    Struct,
    Typedef,
    TypeId,
    TypeTag,
    Union,
)
from uapigen.layout.natural import DeclaredMember, lay_out
from uapigen.layout.plan import Plan
from uapigen.layout.planned import Failure
from uapigen.layout.targets import DataModel

__all__ = ["CDeclarations", "c_declarations"]

_MODES = {1: "QI", 2: "HI", 8: "DI"}
"""GCC's machine modes for enums that are not of an int's size."""
_INT_MAX = 0x7FFFFFFF


class CDeclarations(NamedTuple):
    """The text, what each type that was asked for is called in it, and what it lacks."""

    text: str
    names: dict[TypeId, str]
    failures: list[Failure]


def c_declarations(
    graph: TypeGraph, model: DataModel, roots: Iterable[TypeId], *, asserts: bool = True
) -> CDeclarations:
    """C for these types, and for what they contain, take and return by value.

    What is only pointed to is declared, but not defined. With ``asserts``, a
    translation unit that has this text in it compiles only where each struct
    and union has the source's size, alignment and offsets (of members that are
    no bitfields, for which C has no constant expression). A type that cannot
    be laid out is among the failures, and what contains it, too.

    Raises :class:`~uapigen.errors.InputError` for a malformed source.
    """
    roots = list(roots)
    closure = Closure(graph)
    closure.add(roots)
    plan = Plan(graph, model, closure.selection())
    writer = _Writer(plan, asserts)
    # What is defined gets its name before what is only declared, typedefs before enumerators.
    for type_id in (*sorted(closure.defined), *sorted(closure.typedefs)):
        writer.speller.spell(type_id)
    for type_id in sorted(closure.declared - closure.defined):
        writer.declare(type_id)
    for type_id, before in in_order(graph, plan, closure):
        writer.define(type_id, before)
    names = {type_id: writer.speller.spell(type_id) for type_id in roots}
    return CDeclarations(writer.text(), names, plan.failures)


class _Writer:
    """Collects declarations; tags and base types go before all of them."""

    def __init__(self, plan: Plan, asserts: bool) -> None:
        self.plan = plan
        self.graph, self.layout, self.model = plan.graph, plan.layout, plan.model
        self.names = CNames(plan)
        self.speller = Speller(plan.graph, self.names)
        self.asserts = asserts
        self._failed: dict[TypeId, str] = {}
        self._tags: dict[str, None] = {}
        self._blocks: list[str] = []
        self._words: set[str] = set()
        """Of members, to keep macros from them."""

    def text(self) -> str:
        predefined = [f"#undef {name}\n" for name in PREDEFINED if name in self._words]
        scalars = [f"typedef {c} {name};\n" for name, c in self.names.scalars.items()]
        tags = [f"{tag};\n" for tag in self._tags]
        parts = ["".join(lines) for lines in (predefined, scalars, tags) if lines]
        return "\n".join([*parts, *self._blocks])

    def declare(self, type_id: TypeId) -> None:
        """A tag, and no more than that."""
        self._tags[self.speller.spell(type_id)] = None

    def define(self, type_id: TypeId, before: Sequence[TypeId]) -> None:
        """A typedef, an enum, a struct or union with its members; ``before`` it stand these."""
        node = self.graph.nodes[type_id]
        try:
            for needed in before:
                if needed in self._failed:
                    problem = f"needs {self._failed[needed]}, which is left out"
                    raise LayoutError(self.graph.info.name, f"type {type_id}", problem)
            if isinstance(node, Typedef):
                self._typedef(type_id, node)
            elif isinstance(node, Enum):
                self._enum(type_id, node)
            else:
                self.declare(type_id)
                if self.plan.planned(type_id):
                    self._record(type_id)
        except InputError as error:
            spelled = self._failed[type_id] = self.speller.spell(type_id)
            self.plan.failures.append(Failure(spelled, error.problem))

    def declared(self, type_id: TypeId, name: str) -> str:
        """A declaration of that type; what C23 writes as ``(...)`` was ``()`` before."""
        return self.speller.spell(type_id, name).replace("(...)", "()")

    def _typedef(self, type_id: TypeId, node: Typedef) -> None:
        name = self.names.typedef(type_id, node)
        align = node.byte_align or self.model.typedef_aligns.get(node.name)
        declared = self.declared(node.target, name)
        if isinstance(self.graph.nodes[skip_qualifiers(self.graph, node.target)], Array):
            self.layout.size_align(node.target)  # raises for an array of what has no size
        self._blocks.append(f"typedef {declared}{_attributes(aligned=align)};\n")

    def _enum(self, type_id: TypeId, node: Enum) -> None:
        spelled = self.speller.spell(type_id)
        constants = [
            f"\t{self.names.enumerator(constant)} = {_constant(constant.value)},\n"
            for constant in node.enumerators
        ]
        if not constants:  # C wants one
            constants = [f"\t{spelled.partition(' ')[2]}__none,\n"]
        mode = _attributes(mode=_MODES.get(node.byte_size))
        self._blocks.append(f"{spelled} {{\n{''.join(constants)}}}{mode};\n")
        if self.asserts:
            self._blocks[-1] += _assert(f"sizeof({spelled})", node.byte_size)

    def _record(self, type_id: TypeId) -> None:
        spelled = self.speller.spell(type_id)
        body = _Body(self, type_id)
        lines = body.lines(type_id, 1)
        self._words.update(body.taken.taken)
        block = f"{spelled} {{\n{''.join(lines)}}}{body.attributes(type_id)};\n"
        if self.asserts:
            record = self.layout.record(type_id)
            block += _assert(f"sizeof({spelled})", record.byte_size)
            block += _assert(f"_Alignof({spelled})", record.byte_align)
            for name, byte_offset in body.offsets:
                block += _assert(f"__builtin_offsetof({spelled}, {name})", byte_offset)
        self._blocks.append(block)


class _Body:
    """The members of one struct or union, those of unnamed ones among them."""

    def __init__(self, writer: _Writer, type_id: TypeId) -> None:
        self.writer = writer
        self.taken = Unique()
        self.offsets: list[tuple[str, int]] = []
        """Of named members that are no bitfields, in bytes from the outermost type's start."""
        self._reserve(type_id)

    def _reserve(self, type_id: TypeId) -> None:
        """Take all members' names, so that padding gets others; no two may have one."""
        for member in self.writer.layout.record(type_id).members:
            if member.name:
                name = member_name(member.name)
                if self.taken.take(name) != name:
                    problem = f"two members would be called {name}"
                    raise LayoutError(self.writer.graph.info.name, f"type {type_id}", problem)
            elif inner := self._unnamed(member):
                self._reserve(inner)

    def _unnamed(self, member: Member) -> TypeId:
        """The struct or union whose members an unnamed member's are, or 0."""
        if member.name or member.bit_width:
            return 0
        target = resolve(self.writer.graph, member.type)
        return target if isinstance(self.writer.graph.nodes[target], (Struct, Union)) else 0

    def _is_written(self, member: Member) -> bool:
        """Whether C has the member; what has neither a name nor members is padding."""
        return bool(member.name or self._unnamed(member))

    def attributes(self, type_id: TypeId) -> str:
        record = self.writer.layout.record(type_id)
        return _attributes(packed=record.packed, aligned=self._forced_align(type_id))

    def _forced_align(self, type_id: TypeId) -> int | None:
        """The record's ``aligned`` attribute, if it needs one."""
        record = self.writer.layout.record(type_id)
        members = [member for member in record.members if self._is_written(member)]
        natural = lay_out("", self._declared(type_id, members), self.writer.model)
        return record.byte_align if record.byte_align > natural.byte_align else None

    def _declared(self, type_id: TypeId, members: Sequence[Member]) -> list[DeclaredMember]:
        layout = self.writer.layout
        packed = layout.record(type_id).packed
        declared = []
        for name, target, _, bit_width in members:
            size, align = layout.size_align(target)
            declared.append(DeclaredMember(size, align, bit_width or None, name, packed=packed))
        return declared

    def lines(self, type_id: TypeId, depth: int, begin: int = 0) -> list[str]:
        """The declarations of a record that lies ``begin`` bytes into the outermost one."""
        layout, model, graph = self.writer.layout, self.writer.model, self.writer.graph
        record = layout.record(type_id)
        union = isinstance(graph.nodes[type_id], Union)
        tabs = "\t" * depth
        lines: list[str] = []
        laid: list[DeclaredMember] = []
        end = 0  # bits, of what a member of a struct lies behind
        for member in record.members:
            if not self._is_written(member):
                continue  # padding already; it is worked out anew
            (declared,) = self._declared(type_id, [member])
            at = _placed(end, declared, model)
            if at != member.bit_offset:
                for pad in _padding(end, member.bit_offset):
                    lines.append(tabs + self._pad(pad))
                    laid.append(pad)
                at = _placed(member.bit_offset, declared, model)
            if at != member.bit_offset:
                name = member.name or "(anonymous)"
                problem = f"C puts member {name} at bit {at}, not {member.bit_offset}"
                raise LayoutError(graph.info.name, f"type {type_id}", problem)
            laid.append(declared)
            lines += self._member(member, depth, begin)
            if not union:
                end = at + (member.bit_width or 8 * declared.byte_size)
        aligned = self._forced_align(type_id) or 0
        natural = lay_out("", laid, model, union=union, aligned=aligned)
        if natural.byte_size < record.byte_size:
            lines += [tabs + self._pad(pad) for pad in _padding(end, 8 * record.byte_size)]
        return lines

    def _member(self, member: Member, depth: int, begin: int) -> Iterator[str]:
        tabs = "\t" * depth
        at = begin + member.bit_offset // 8
        if inner := self._unnamed(member):
            graph = self.writer.graph
            qualifiers = self._qualifiers(member.type)
            keyword = type(graph.nodes[inner]).__name__.lower()
            yield f"{tabs}{qualifiers}{keyword} {{\n"
            yield from self.lines(inner, depth + 1, at)
            yield f"{tabs}}}{self.attributes(inner)};\n"
            return
        name = member_name(member.name)
        declared = self.writer.declared(member.type, name)
        if member.bit_width:
            yield f"{tabs}{declared} : {member.bit_width};\n"
        else:
            yield f"{tabs}{declared};\n"
            self.offsets.append((name, at))

    def _qualifiers(self, type_id: TypeId) -> str:
        graph = self.writer.graph
        found = ""
        while type_id != skip_qualifiers(graph, type_id):
            node = graph.nodes[type_id]
            assert isinstance(node, (Qualifier, TypeTag))
            if isinstance(node, Qualifier):
                found += f"{node.keyword} "
            type_id = node.target
        return found

    def _pad(self, pad: DeclaredMember) -> str:
        if pad.bit_width:
            return f"unsigned char : {pad.bit_width};\n"
        return f"unsigned char {self.taken.take('__padding')}[{pad.byte_size}];\n"


def _placed(end: int, member: DeclaredMember, model: DataModel) -> int:
    """The bit at which a compiler puts a member behind what ends at a bit."""
    before = [DeclaredMember(end // 8, 1)]
    if end % 8:
        before.append(DeclaredMember(1, 1, end % 8, "before"))
    return lay_out("", [*before, member], model).bit_offsets[-1]


def _padding(begin: int, end: int) -> Iterator[DeclaredMember]:
    """Unnamed members from one bit to another: bitfields within a byte, bytes between."""
    first, last = min(-begin % 8, end - begin), end % 8
    if first:
        yield DeclaredMember(1, 1, first)
        begin += first
    whole = end // 8 - begin // 8
    if whole > 0:
        yield DeclaredMember(whole, 1)
        begin += 8 * whole
    if begin < end:
        yield DeclaredMember(1, 1, last)


def _attributes(
    *, packed: bool = False, aligned: int | None = None, mode: str | None = None
) -> str:
    found = ["packed"] if packed else []
    found += [f"aligned({aligned})"] if aligned else []
    found += [f"mode({mode})"] if mode else []
    return f" __attribute__(({', '.join(found)}))" if found else ""


def _constant(value: int) -> str:
    if value < -_INT_MAX:
        return f"-{-value - 1:#x}LL - 1"
    if value > _INT_MAX:
        return f"{value:#x}{'ULL' if value >> 63 else 'LL' if value >> 32 else 'U'}"
    return str(value)


def _assert(what: str, value: int) -> str:
    return f'_Static_assert({what} == {value}, "{what} is {value}");\n'

"""What one source says, by C name, in a form in which two sources can be compared.

Ids never take part, and alignments only where both sources say them. A type is compared
by its *outline*: a nested tuple of what C shows of it, in which named types are spelled and
types without a tag are spelled out, since they have no other place. Equal outlines mean
that nothing differs, so most of two kernels is compared by ``==``; what differs is
looked at member by member (:meth:`Facts.slots`).

Base types are spelled in one way (``unsigned long``, not ``long unsigned int``),
whatever the compiler called them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from uapigen.errors import InputError
from uapigen.ir.graph import TypeGraph
from uapigen.ir.naming import AnonymousBehind, keyword_of
from uapigen.ir.selection import Selection, owner_of_vars
from uapigen.ir.spelling import Named, Speller, plain_name
from uapigen.ir.types import (
    Array,
    Enum,
    Float,
    Forward,
    Func,
    FuncProto,
    Int,
    Qualifier,
    Struct,
    Type,
    Typedef,
    TypeId,
    TypeTag,
    Union,
    Var,
    Void,
)
from uapigen.layout.embedding import in_memory_order
from uapigen.layout.records import Layout
from uapigen.layout.targets import DataModel

if TYPE_CHECKING:
    from uapigen.ir.declarations import Value
    from uapigen.ir.units import Joined

__all__ = ["Facts", "Ids", "Outline", "Slot", "base_name", "part_names"]

Outline: TypeAlias = object
"""Compared and hashed, never looked into."""

Ids: TypeAlias = dict[str, list[TypeId]]
"""Types by their spelling; several of one name where sources have them."""

_UNFINISHED = "(itself)"
_MAX_LEVELS = 64
"""Types without a tag in each other; a kernel's deepest has 9."""


class Slot(NamedTuple):
    """A member of a record, or of an anonymous part of it, with its place in the record."""

    path: str
    """As C reaches it; "" for an anonymous struct, union or bitfield."""
    name: str
    text: str
    """Its declaration."""
    c_type: str
    type: TypeId
    bit_offset: int
    bit_size: int
    """0 where the type has no size: a flexible array, an incomplete type."""
    bit_width: int
    """0 for what is no bitfield."""
    groups: tuple[tuple[int, str], ...]
    """What it lies in, from the outside: (number in the record, ``struct`` or ``union``)."""
    group: bool
    """Whether the slots behind it are its parts."""

    @property
    def bit_end(self) -> int:
        return self.bit_offset + self.bit_size


class Facts:
    """The facts of one source: what was chosen of it, and outlines made when asked for."""

    def __init__(
        self,
        graph: TypeGraph,
        model: DataModel,
        selection: Selection,
        joined: Joined | None = None,
    ) -> None:
        self.graph = graph
        self.model = model
        self.selection = selection
        self.joined = joined
        self.layout = Layout(graph, model)
        self._alone = Layout(graph, model, alone=True)
        self.speller = Speller(graph, _named)
        self._behind = AnonymousBehind(graph)
        self._views = _Views(self)
        self._outlines: dict[TypeId, Outline] = {}
        self._nested: set[TypeId] = set()
        """Types without a tag that are part of another type's outline."""
        self.unsized: dict[str, str] = {}
        """Types whose size the source does not tell, and why."""
        self.tags: dict[str, Ids] = {"struct": {}, "union": {}, "enum": {}}
        self.untagged: list[TypeId] = []
        self.typedefs: Ids = {}
        self.functions: Ids = {}
        self.variables: Ids = {}
        self.constants: Mapping[str, Value] = {}
        self.ioctls: Mapping[str, str] = {}
        """By the name of a constant: the type that the ioctl number is made for; "" for none."""
        self.macros: Mapping[str, str] = {}
        """Macro functions: what they compute."""
        self.says_constants = joined is not None
        """Whether the source is of a sort that has macros; BTF is not."""
        self.says_macros = joined is not None and bool(joined.units)
        if joined is not None:
            self.constants = {name: c.value for name, c in joined.constants.items()}
            self.ioctls = joined.ioctl_arguments
            self.macros = {
                name: f"{', '.join(m.params)}: {m.expression}" for name, m in joined.macros.items()
            }
        self._sort(selection)
        if selection.whole:
            # All at once; one that needs a closer look is spelled when it is asked for.
            self._views.update(self.speller.prototypes())

    def _sort(self, selection: Selection) -> None:
        """The chosen types by their names."""
        nodes = self.graph.nodes
        for type_id in selection.tags:
            node = nodes[type_id]
            assert isinstance(node, (Struct, Union, Enum))
            if node.name:
                keyword = keyword_of(node)
                self.tags[keyword].setdefault(f"{keyword} {node.name}", []).append(type_id)
            else:
                self.untagged.append(type_id)
        for ids, by_name in ((selection.typedefs, self.typedefs), (selection.vars, self.variables)):
            for type_id in ids:
                named = nodes[type_id]
                assert isinstance(named, (Typedef, Var))
                by_name.setdefault(named.name, []).append(type_id)
        own, names, _ = self.graph.functions() if selection.funcs else ([], [], [])
        chosen = None if len(own) == len(selection.funcs) else set(selection.funcs)
        for func_id, name in zip(own, names, strict=True):
            if chosen is None or func_id in chosen:
                self.functions.setdefault(name, []).append(func_id)

    # What both sources must be asked about

    def names(self) -> set[str]:
        """Names of all chosen types, functions and variables, as a source has them."""
        tags = {spelling.partition(" ")[2] for ids in self.tags.values() for spelling in ids}
        return {*tags, *self.typedefs, *self.functions, *self.variables}

    def find(self, spelling: str, kind: type) -> list[TypeId]:
        """Types of a name, chosen or not, the base's too."""
        name = spelling.partition(" ")[2] if issubclass(kind, (Struct, Union, Enum)) else spelling
        layer: TypeGraph | None = self.graph
        while layer is not None:
            found = [i for i in layer.ids_named(name) if isinstance(self.graph.nodes[i], kind)]
            if found:
                return found
            layer = layer.base
        return []

    def is_declared(self, spelling: str) -> bool:
        """Whether a tag is declared without being defined."""
        keyword, _, name = spelling.partition(" ")
        nodes = self.graph.nodes
        return any(
            isinstance(node := nodes[i], Forward) and node.keyword == keyword and not node.mentioned
            for i in self.graph.ids_named(name)
        )

    def orphans(self) -> list[TypeId]:
        """Types without a tag that no chosen type has as a part, once all outlines are made."""
        return [i for i in self.untagged if i not in self._nested]

    @cached_property
    def enumerators(self) -> dict[str, set[int]]:
        """All enumerators of the source and their values, chosen or not."""
        found: dict[str, set[int]] = {}
        layer: TypeGraph | None = self.graph
        while layer is not None:
            for type_id in layer.ids_of(Enum):
                node = self.graph.nodes[type_id]
                assert isinstance(node, Enum)
                for name, value in node.enumerators:
                    found.setdefault(name, set()).add(value)
            layer = layer.base
        return found

    def has_value(self, name: str, value: Value) -> bool:
        """Whether there is a constant of that name and value: an enumerator or a macro."""
        return self.constants.get(name) == value or value in self.enumerators.get(name, ())

    def make_outlines(self) -> None:
        """Make the outlines of all that was chosen; then orphans are known."""
        for by_name in (*self.tags.values(), self.typedefs, self.functions, self.variables):
            for ids in by_name.values():
                for type_id in ids:
                    self.outline(type_id)

    # Outlines

    def distinct(self, type_ids: Iterable[TypeId]) -> dict[Outline, TypeId]:
        """Types of one name that differ, by outline, in the source's order."""
        found: dict[Outline, TypeId] = {}
        for type_id in type_ids:
            found.setdefault(self.outline(type_id), type_id)
        return found

    def outline(self, type_id: TypeId) -> Outline:
        """All that C shows of a struct, union, enum, typedef, function or variable."""
        made = self._outlines.get(type_id)
        if made is None:
            self._outlines[type_id] = _UNFINISHED
            made = self._outlines[type_id] = self._make_outline(type_id)
        return made

    def _make_outline(self, type_id: TypeId) -> Outline:
        node, views = self.graph.nodes[type_id], self._views
        if isinstance(node, (Struct, Union)):
            members = [
                (name, bit_offset, bit_width, views[target])
                for name, target, bit_offset, bit_width in in_memory_order(node)
            ]
            return keyword_of(node), node.byte_size, tuple(members)
        if isinstance(node, Enum):
            return node.byte_size, node.signed, node.enumerators
        if isinstance(node, Typedef):
            return views[node.target]
        if isinstance(node, Func):
            return node.linkage, views[node.proto]
        assert isinstance(node, Var)
        return node.linkage, views[node.type], self.section(type_id)

    def view(self, type_id: TypeId) -> Outline:
        """A type as it is seen where it is used: its spelling, and what has no other place."""
        try:
            spelled = self.spell(type_id)
        except InputError as error:
            return f"(malformed: {error.problem})"
        inner = self._behind[type_id]
        if not inner:
            return spelled
        self._nested.add(inner)
        return spelled, self.outline(inner)

    def section(self, var_id: TypeId) -> str:
        """The section that a variable lies in; "" where the source does not say."""
        return self._sections.get(var_id, ("", 0, 0))[0]

    @cached_property
    def _sections(self) -> dict[TypeId, tuple[str, int, int]]:
        return owner_of_vars(self.graph)

    def spell(self, type_id: TypeId, name: str = "") -> str:
        """A type, or a declaration of ``name``, in C."""
        return self.speller.spell(type_id, name)

    # Sizes

    def byte_size(self, type_id: TypeId) -> int | None:
        """Of any type; None for one that has no size, which is noted in :attr:`unsized`."""
        if isinstance(self.graph.nodes[type_id], (FuncProto, Void)):
            return None
        try:
            return self._alone.size_align(type_id).byte_size
        except InputError as error:
            self.unsized.setdefault(self.spell(type_id), error.problem)
            return None

    def byte_align(self, type_id: TypeId, *, said: bool = False) -> int:
        """Alignment: as the source says it, or the least that explains the layout; 0 for none."""
        try:
            return (self.layout if said else self._alone).size_align(type_id).byte_align
        except InputError:
            return 0

    def said_align(self, type_id: TypeId) -> int | None:
        """The alignment that the source itself says a type has, in bytes; BTF says none."""
        align: int | None = getattr(self.graph.nodes[type_id], "byte_align", None)
        return align

    @cached_property
    def says_aligns(self) -> bool:
        """Whether the source says how its records are aligned."""
        first = next(iter(self.graph.ids_of(Struct, Union)), None)
        return first is not None and self.said_align(first) is not None

    def is_packed(self, type_id: TypeId) -> bool:
        """Whether a struct or union is laid out more densely than its members' types ask for."""
        try:
            return self._alone.record(type_id).packed
        except InputError:
            return False

    # Members

    def slots(self, type_id: TypeId) -> list[Slot]:
        """All members of a record in memory order, those of anonymous parts behind theirs."""
        return list(self._slots(type_id, 0, "", (), [0]))

    def _slots(
        self,
        type_id: TypeId,
        base: int,
        prefix: str,
        groups: tuple[tuple[int, str], ...],
        number: list[int],
    ) -> Iterator[Slot]:
        node = self.graph.nodes[type_id]
        assert isinstance(node, (Struct, Union))
        for name, target, bit_offset, bit_width in in_memory_order(node):
            path = f"{prefix}{name}" if name else ""
            at = base + bit_offset
            inner, mark = self._inlined(target)
            bits = bit_width or 8 * (self.byte_size(target) or 0)
            text = self.spell(target, name) + (f":{bit_width}" if bit_width else "")
            yield Slot(
                path, name, text, self.spell(target), target, at, bits, bit_width, groups,
                bool(inner),
            )  # fmt: skip
            if inner and len(groups) < _MAX_LEVELS:
                number[0] += 1
                keyword = keyword_of(self.graph.nodes[inner])  # type: ignore[arg-type]
                deeper = f"{path}{mark}." if name else prefix
                yield from self._slots(inner, at, deeper, (*groups, (number[0], keyword)), number)

    def _inlined(self, type_id: TypeId) -> tuple[TypeId, str]:
        """The record without a tag that a member consists of; ``[]`` if it is an array."""
        mark = ""
        for _ in range(_MAX_LEVELS):
            node = self.graph.nodes[type_id]
            if isinstance(node, Array):
                mark, type_id = "[]", node.element
            elif isinstance(node, (Qualifier, TypeTag)):
                type_id = node.target
            else:
                break
        found = isinstance(node, (Struct, Union)) and not node.name
        return (type_id, mark) if found else (0, "")


class _Views(dict[TypeId, Outline]):
    """Types as they are seen where they are used, by id."""

    def __init__(self, facts: Facts) -> None:
        super().__init__()
        self._facts = facts

    def __missing__(self, type_id: TypeId) -> Outline:
        made = self[type_id] = self._facts.view(type_id)
        return made


def part_names(node: Type) -> set[str]:
    """Names of a record's members, of an enum's enumerators."""
    if isinstance(node, Enum):
        return {enumerator.name for enumerator in node.enumerators}
    return {m.name for m in node.members} if isinstance(node, (Struct, Union)) else set()


# Base types

_INTEGER_WORDS = frozenset({"unsigned", "signed", "long", "short", "int", "char", "__int128"})


def base_name(node: Int | Float) -> str:
    """One spelling of a base type, whatever order of words its compiler chose."""
    words = node.name.split()
    if not words or not _INTEGER_WORDS.issuperset(words):
        return node.name
    if words == ["char"]:
        return "char"  # neither signed nor unsigned
    if "char" in words or "__int128" in words:
        size = "char" if "char" in words else "__int128"
    else:
        size = "short" if "short" in words else " ".join(["long"] * words.count("long")) or "int"
    if "unsigned" in words:
        return f"unsigned {size}"
    return f"signed {size}" if size == "char" else size


def _named(type_id: TypeId, node: Named) -> str:
    name = plain_name(type_id, node)
    if isinstance(node, (Int, Float)):
        return _BASE_NAMES.setdefault(name, base_name(node)) if node.name == name else name
    return name


_BASE_NAMES: dict[str, str] = {}

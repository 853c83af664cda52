"""The plan: each chosen type's facts in the form in which they are emitted.

The text emitter and the in-memory types both follow a :class:`Plan`, so what
was verified against the source is what a user gets, from a file or without
one. A plan says *where everything lies*; the padding that makes ctypes put it
there depends on the interpreter that imports the result, so the generated
support code adds it (``emit/support/records.py``).

A type that cannot be laid out is left out by name, with its reason in
:attr:`Plan.failures`; types that embed it fail with it, nothing else does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import compress, islice
from operator import ne
from typing import TYPE_CHECKING, Any

from uapigen.errors import InputError, LayoutError
from uapigen.ir.columns import Enums
from uapigen.ir.graph import TypeGraph, resolve
from uapigen.ir.identity import Variants
from uapigen.ir.naming import Keys, Unique, identifier, keyword_of
from uapigen.ir.selection import Selection, owner_of_vars
from uapigen.ir.spelling import Named, Speller, plain_name
from uapigen.ir.types import (
    DeclTag,
    Enum,
    Enumerator,
    Float,
    Forward,
    Func,
    Int,
    Member,
    Struct,
    Typedef,
    TypeId,
    Union,
    Var,
)
from uapigen.layout.constants import enumerators
from uapigen.layout.functions import spelled_functions
from uapigen.layout.planned import EnumPlan, Failure, RecordPlan, VariablePlan
from uapigen.layout.record_columns import RecordColumns, record_columns
from uapigen.layout.records import Layout
from uapigen.layout.targets import DataModel

if TYPE_CHECKING:  # it imports dataclasses, which takes as long as all the rest
    from uapigen.ir.declarations import Doc, Value

__all__ = ["Plan", "scalar_code"]

_C_WORDS = frozenset({"struct", "union", "enum", "const", "volatile", "restrict", "void"})
_BASE_NAME = re.compile(r"[A-Za-z_]\w*(?: [A-Za-z_]\w*)*", re.ASCII)


class Plan:
    """Everything one output says about one source.

    Making it assigns the keys of all chosen types; the facts themselves are
    worked out as they are asked for, so that different parts can be made by
    different processes.
    """

    def __init__(
        self,
        graph: TypeGraph,
        model: DataModel,
        selection: Selection,
        holders: Callable[[], Collection[TypeId] | None] | None = None,
    ) -> None:
        """``holders`` waits for what another process found with ``holders_of_untagged``."""
        self.graph = graph
        self.model = model
        self.selection = selection
        self.layout = Layout(graph, model)
        self.keys = Keys(graph)
        self.failures: list[Failure] = []
        self.failed: set[TypeId] = set()
        """Records that cannot be laid out, of those asked for so far."""
        self.speller = Speller(graph, self._spelling, self._names_of, self.keys.class_of)
        self.c_types = _CTypes(self.speller)
        self._typedef_names: dict[TypeId, str] = {}
        self._typedef_twins: dict[TypeId, TypeId] = {}
        self._typedef_aliases: dict[str, str] = {}
        self._scalars: dict[str, tuple[str, int, int]] = {}
        self._unique_scalars = Unique()
        self._scalar_names: dict[tuple[str, str, int], str] = {}
        self.incomplete: set[str] = set()
        self.macro_values: Mapping[str, Value] = {}
        """Macros that are constants, where headers are among the sources."""
        self.ioctl_arguments: Mapping[str, str] = {}
        """By the name of an ioctl number, C's spelling of the type that it is made for."""
        self.type_aliases: Mapping[str, str] = {}
        """By the name of a macro, C's spelling of the type that it stands for."""
        self.docs: Mapping[TypeId, Doc] = {}
        self.operation_patterns: Sequence[str] = ()
        """Globs over structs that are operation tables, beside those that look like some."""
        self.holders_of_functions: Mapping[TypeId, int] | None = None
        """What the function of this name finds, if another process has done so."""
        self._planned: dict[TypeId, RecordPlan | None] = {}
        self._assign_keys(holders)

    def _assign_keys(self, holders: Callable[[], Collection[TypeId] | None] | None) -> None:
        graph, keys, selection = self.graph, self.keys, self.selection
        if selection.whole:
            graph.preload()
        keys.name_tagged(graph, selection.tags)
        self._name_typedefs()
        # A typedef keeps its name; a base type of that name, as Rust has some, does not.
        self._unique_scalars.taken.update(self._typedef_names.values())
        for type_id in (
            *(graph.base.ids_of(Int, Float) if graph.base else ()),
            *graph.ids_of(Int, Float),
        ):
            self._spelling(type_id, graph.nodes[type_id])  # type: ignore[arg-type]
        keys.name_typedefed(graph, selection.typedefs)
        keys.prepare(graph, selection.tags, holders)
        todo = [i for i in selection.tags if i in keys.of]
        while todo:
            todo = keys.name_nested(graph, keys.with_parts(todo))
        keys.name_rest(graph, selection.tags)

    def _name_typedefs(self) -> None:
        """Names for all typedefs, C's own first: an odd one gets what they leave."""
        graph, unique, spellings = self.graph, Unique(), Unique()
        of_name: dict[str, TypeId | Variants] = {}
        odd = []
        for typedef_id in self.selection.typedefs:
            node = graph.nodes[typedef_id]
            assert isinstance(node, Typedef)
            first = of_name.setdefault(node.name, typedef_id)
            if first != typedef_id:
                if not isinstance(first, Variants):
                    first = of_name[node.name] = Variants(graph, first)
                twin = first.twin(typedef_id)
                if twin is not None:
                    self._typedef_twins[typedef_id] = twin
                    continue
            spelling = spellings.take(node.name)
            if _plain(spelling) == spelling:
                self._typedef_names[typedef_id] = unique.take(spelling)
            else:
                odd.append((typedef_id, spelling))
        for typedef_id, spelling in odd:
            name = self._typedef_names[typedef_id] = unique.take(_plain(spelling))
            self._typedef_aliases[spelling] = name

    def _spelling(self, type_id: TypeId, node: Named) -> str:
        """How emitted tables spell a named type: by its key, which is unique."""
        if isinstance(node, (Struct, Union, Enum, Typedef)):
            (name,) = self._names_of(type(node), (type_id,))
            if isinstance(node, Typedef):
                return _plain(node.name) if name is None else name
            return plain_name(type_id, node) if name is None else f"{keyword_of(node)} {name}"
        if isinstance(node, Forward):
            if node.mentioned:
                return plain_name(type_id, node)
            self.incomplete.add(spelled := f"{node.keyword} {_plain(node.name)}")
            return spelled
        return self._scalar(node)

    def _names_of(self, kind: type, type_ids: Sequence[TypeId]) -> Iterable[str | None]:
        """What structs, unions, enums or typedefs are called, if they are among the chosen."""
        same, names = self.keys.same, self.keys.of
        if kind is Typedef:
            same, names = self._typedef_twins, self._typedef_names
        return map(names.get, map(same.get, type_ids, type_ids))

    def first_typedef(self, type_id: TypeId) -> TypeId:
        """The typedef itself, or an earlier one that is identical to it."""
        return self._typedef_twins.get(type_id, type_id)

    def _scalar(self, node: Int | Float) -> str:
        code = scalar_code(node)
        name = self._scalar_names.get((node.name, code, node.byte_size))
        if name is None:
            plain = _plain(node.name) or f"anon_{code}{8 * node.byte_size}"
            name = self._unique_scalars.take(plain)
            if name != node.name and _plain(node.name) != node.name:
                self._typedef_aliases[node.name] = name
            self._scalar_names[node.name, code, node.byte_size] = name
            align = self.model.aligns.get(node.byte_size, 1)
            self._scalars[name] = (code, node.byte_size, align)
        return name

    def first(self, type_id: TypeId) -> TypeId:
        """The type that stands for all that are identical to this one; itself for most."""
        return self.keys.same.get(type_id) or self._typedef_twins.get(type_id, type_id)

    def describe(self, type_id: TypeId) -> str:
        """A type, function or variable by its C name, for messages."""
        node = self.graph.nodes[type_id]
        if isinstance(node, (Func, Var)):
            return node.name
        return self.keys.spelling.get(type_id) or Speller(self.graph).spell(type_id)

    # Parts

    def record_ids(self) -> list[TypeId]:
        """The structs and unions, sorted by key."""
        keys, class_of = self.keys.of, self.keys.class_of
        return sorted([i for i in keys if class_of[i] is not Enum], key=keys.__getitem__)

    @cached_property
    def columns(self) -> RecordColumns | None:
        """The same as columns, where no member of any is malformed."""
        return record_columns(self)

    def records(self) -> list[RecordPlan]:
        """The structs and unions, sorted by key; failures are noted and left out."""
        return [plan for plan in map(self.planned, self.record_ids()) if plan is not None]

    def planned(self, type_id: TypeId) -> RecordPlan | None:
        """One struct or union; None, with a failure noted, if it cannot be laid out."""
        type_id = self.keys.same.get(type_id, type_id)
        if type_id not in self._planned:
            self._planned[type_id] = self._plan_record(type_id)
        return self._planned[type_id]

    def _plan_record(self, type_id: TypeId) -> RecordPlan | None:
        node = self.graph.nodes[type_id]
        assert isinstance(node, (Struct, Union))
        try:
            layout = self.layout.record(type_id)
            members = self._emitted_members(type_id, layout.members)
        except InputError as error:
            self.failures.append(Failure(self.keys.spelling[type_id], error.problem))
            self.failed.add(type_id)
            return None
        return RecordPlan(
            self.keys.of[type_id],
            "struct" if isinstance(node, Struct) else "union",
            self.keys.spelling[type_id],
            layout.byte_size,
            layout.byte_align,
            members,
            self.c_types,
        )

    def _emitted_members(self, type_id: TypeId, members: Sequence[Member]) -> Sequence[Member]:
        """Members without padding; raises :class:`LayoutError` where two have one name."""
        names = [member[0] for member in members]
        if "" in names:
            members = [member for member in members if member.name or self._is_anonymous(member)]
            names = [name for name in names if name]
        if len(set(names)) != len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise LayoutError(self.graph.info.name, f"type {type_id}", f"two members named {twice}")
        for member in members:
            self.c_types[member[1]]  # raises for a type that cannot be spelled
        return members

    def _is_anonymous(self, member: Member) -> bool:
        """Whether an unnamed member's own members are reached through it; else it is padding."""
        node = self.graph.nodes[resolve(self.graph, member.type)]
        return not member.bit_width and isinstance(node, (Struct, Union))

    @cached_property
    def enum_ids(self) -> list[TypeId]:
        """The enums, sorted by key."""
        keys, first_id = self.keys.of, self.graph.first_id
        ids = list(filter(keys.__contains__, self.graph.ids_of(Enum)))
        if first_id > 1:  # it lies over another source, of which some may be embedded
            ids += [i for i, found in self.keys.class_of.items() if found is Enum and i < first_id]
        return sorted(ids, key=keys.__getitem__)

    @cached_property
    def enum_columns(self) -> Enums:
        """What the enums are, and their constants; sorted by key."""
        return self.graph.enums(self.enum_ids)

    def enums(self) -> Iterator[EnumPlan]:
        """The enums, sorted by key."""
        byte_sizes, signed, counts, names, values = self.enum_columns
        constants = map(Enumerator, names, values)
        listed = [tuple(islice(constants, number)) for number in counts]
        keys = map(self.keys.of.__getitem__, self.enum_ids)
        spellings = map(self.keys.spelling.__getitem__, self.enum_ids)
        return map(EnumPlan, keys, spellings, byte_sizes, signed, listed)

    @cached_property
    def typedefs(self) -> dict[str, str]:
        """Typedef name -> emitted spelling of what it names."""
        nodes: list[Any] = list(map(self.graph.nodes.__getitem__, self._typedef_names))
        targets = [node.target for node in nodes]
        self.c_types.spell_all(set(targets))
        found = {}
        for name, target in zip(self._typedef_names.values(), targets, strict=True):
            try:
                found[name] = self.c_types[target]
            except InputError as error:
                self.failures.append(Failure(name, error.problem))
        return found

    def typedefs_called(self, names: Collection[str]) -> dict[str, str]:
        """Those of :attr:`typedefs` that have one of these names; the others are not spelled."""
        ids = {name: i for i, name in self._typedef_names.items() if name in names}
        nodes: list[Any] = list(map(self.graph.nodes.__getitem__, ids.values()))
        targets = [node.target for node in nodes]
        failed = self.c_types.spell_all(set(targets))
        pairs = zip(ids, targets, strict=True)
        return {name: self.c_types[target] for name, target in pairs if target not in failed}

    @cached_property
    def constants(self) -> dict[str, Value | tuple[str, ...]]:
        """Enumerator or macro -> value, or the spellings of the enums that differ about it.

        A macro goes before an enumerator of its name, as in C.
        """
        spellings = list(map(self.keys.spelling.__getitem__, self.enum_ids))
        return {**enumerators(self.enum_columns, spellings), **self.macro_values}

    def functions(self) -> dict[str, str]:
        """Function name -> its type with parameter names, spelled in C."""
        return dict(zip(*self.function_columns(), strict=True))

    def function_columns(self) -> tuple[Sequence[str], Sequence[str]]:
        """The same as columns: names, and their types."""
        return spelled_functions(self.graph, self.selection.funcs, self.speller, self.failures)

    def variables(self) -> dict[str, VariablePlan]:
        """Variable name -> its type and place."""
        found: dict[str, VariablePlan] = {}
        unique = Unique()
        if not self.selection.vars:
            return found
        sections = owner_of_vars(self.graph)
        for var_id in self.selection.vars:
            var = self.graph.nodes[var_id]
            assert isinstance(var, Var)
            section, byte_offset, byte_size = sections.get(var_id, ("", 0, 0))
            try:
                c_type = self.c_types[var.type]
            except InputError as error:
                self.failures.append(Failure(var.name, error.problem))
                continue
            plan = VariablePlan(c_type, section, byte_offset, byte_size, var.linkage)
            found[unique.take(var.name)] = plan
        return found

    def function_tags(self) -> dict[str, tuple[str, ...]]:
        """Function name -> the tags on its declaration."""
        nodes = self.graph.nodes
        tags = [nodes[tag_id] for tag_id in self.graph.ids_of(DeclTag)]
        targets = {tag.target for tag in tags if isinstance(tag, DeclTag) and tag.component < 0}
        if self.selection.whole:
            first = self.graph.first_id
            targets = {i for i in targets if i >= first and isinstance(nodes[i], Func)}
        else:
            targets.intersection_update(self.selection.funcs)
        found: dict[str, set[str]] = {}
        for tag in tags:
            assert isinstance(tag, DeclTag)
            if tag.component < 0 and tag.target in targets:
                func = nodes[tag.target]
                assert isinstance(func, Func)
                found.setdefault(func.name, set()).add(tag.name)
        return {name: tuple(sorted(tags)) for name, tags in sorted(found.items())}

    def scalars(self) -> dict[str, tuple[str, int, int]]:
        """Base type -> (kind letter, size, alignment in bytes)."""
        return dict(sorted(self._scalars.items()))

    def aliases(self) -> dict[str, str]:
        """Exact C spelling -> spelling by key, where the two differ."""
        exact, by_key = self.keys.spelling.values(), self.keys.spelled(self.keys.spelling)
        differ = map(ne, exact, by_key)
        found = dict(compress(zip(exact, by_key, strict=True), differ))
        found |= self._typedef_aliases
        for name, spelling in self.type_aliases.items():
            target = found.get(spelling, spelling)
            found.setdefault(name, target)
            keyword, _, tag = spelling.partition(" ")
            if keyword in ("struct", "union", "enum") and tag.isidentifier():
                found.setdefault(f"{keyword} {name}", target)
        return dict(sorted(found.items()))


class _CTypes(dict[TypeId, str]):
    """Emitted spellings by type id, made when first asked for."""

    def __init__(self, speller: Speller) -> None:
        super().__init__()
        self.speller = speller

    def __missing__(self, type_id: TypeId) -> str:
        spelled = self[type_id] = self.speller.spell(type_id)
        return spelled

    def spell_all(self, type_ids: set[TypeId]) -> set[TypeId]:
        """Make those that can be made; returns the others."""
        self.update(self.speller.spell_all(type_ids - self.keys()))
        return type_ids - self.keys()


def _plain(name: str) -> str:
    """The name if tables can hold it as it is (words with a space between), else made so."""
    if not name or (_BASE_NAME.fullmatch(name) and _C_WORDS.isdisjoint(name.split())):
        return name
    return identifier(name.replace(" ", "_"))


def scalar_code(node: Int | Float) -> str:
    """Kind letter of a base type: float, boolean, character, signed, unsigned."""
    if isinstance(node, Float) or node.name in ("float", "double", "long double"):
        return "f"  # encoders before BTF_KIND_FLOAT wrote them as integers
    if node.boolean and node.byte_size == 1:
        return "b"
    if node.name == "char" and node.byte_size == 1:
        return "c" if node.signed else "C"
    return "i" if node.signed else "u"

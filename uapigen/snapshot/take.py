"""What a snapshot holds of a source: what was chosen, and what that needs.

Everything is named by a *label*: its C name, or where a second type has it
``name___2``; a type without a name is called after the place where it is
(``inode__i_pipe``), as in bindings (``ir/naming.py``). Lists are sorted by label,
and by the source's order where that decides about names, so that a type that comes
or goes touches no other's lines.

What is only pointed to is mentioned, not described: it may change.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from uapigen.errors import InputError
from uapigen.ir.graph import TypeGraph
from uapigen.ir.naming import Unique, identifier
from uapigen.ir.operations import DECLARATION
from uapigen.ir.selection import owner_of_vars
from uapigen.ir.types import (
    Composite,
    DeclTag,
    Enum,
    Float,
    Forward,
    Func,
    Int,
    Section,
    Struct,
    Type,
    Typedef,
    TypeId,
    Union,
    Var,
)
from uapigen.ir.units import Joined
from uapigen.layout.plan import Plan
from uapigen.layout.planned import Failure
from uapigen.operations import find_tables, name_parameters
from uapigen.snapshot.c_types import Speller, is_label
from uapigen.snapshot.order import needed_pairs

__all__ = ["Taken", "take"]

Row = list[Any]
_NUMBERED = re.compile(r"___\d+$")


class Taken:
    """The lists of a snapshot, by their names in it; and what could not be taken."""

    def __init__(self) -> None:
        self.head: dict[str, Any] = {}
        """What is said of headers as a whole."""
        self.lists: dict[str, list[Any]] = {}
        self.failures: list[Failure] = []
        self.labels: dict[TypeId, str] = {}
        """Of what ``types`` and ``typedefs`` describe."""


def take(plan: Plan, joined: Joined | None = None, pointed: Collection[TypeId] = ()) -> Taken:
    """Take what a plan has chosen, with all facts that its layout found out.

    ``joined`` is what headers say beside types, where there are some; ``pointed`` are
    types that are there as others point to them.
    """
    return _Take(plan, joined, pointed).taken


class _Labels:
    """Labels of one namespace, given in the order in which they are asked for."""

    def __init__(self) -> None:
        self._unique = Unique()
        self.of: dict[TypeId, str] = {}

    def give(self, type_id: TypeId, wanted: str, keyword: str = "") -> str:
        if not is_label(wanted):
            wanted = identifier(wanted)
            wanted = wanted if is_label(wanted) else f"{wanted}_"
        if " " in wanted and wanted in self._unique.taken:
            wanted = wanted.replace(" ", "_")  # a number is no part of a base type's name
        label = self._unique.take(f"{keyword} {wanted}" if keyword else wanted)
        self.of[type_id] = label
        return label


class _Take:
    def __init__(self, plan: Plan, joined: Joined | None, pointed: Collection[TypeId]) -> None:
        self.plan = plan
        self._joined = joined
        self._pointed = {plan.first(type_id) for type_id in pointed}
        if self._pointed:  # one that stands for both was chosen
            chosen = {*plan.selection.tags, *plan.selection.typedefs} - {*pointed}
            self._pointed -= {plan.first(type_id) for type_id in chosen}
        self.graph = plan.graph
        self.taken = Taken()
        self._layers = list(_layers(plan.graph))
        self._speller = Speller(plan.graph, self._label)
        self._tags = _Labels()
        self._names = _Labels()
        self._bases: dict[tuple[object, ...], str] = {}
        self._base_rows: list[tuple[str, Row]] = []
        self._incomplete: dict[str, Row] = {}
        self._mentioned: dict[str, Row | None] = {}
        self._others: dict[object, str] = {}
        self._decl_tags = self._find_decl_tags()
        self._all()

    def _all(self) -> None:
        plan, lists = self.plan, self.taken.lists
        records = sorted(plan.keys.of, key=self._record_order)
        typedefs = [i for i in plan.selection.typedefs if plan.first(i) == i or self._names_one(i)]
        self._namers = self._find_namers(typedefs)
        typedefs.sort(key=self._typedef_order)
        for type_id in records:
            self._label_record(type_id)
        for type_id in typedefs:
            self._names.give(type_id, self._node(type_id).name)
        for layer in reversed(self._layers):
            for type_id in layer.ids_of(Int, Float):
                self._base(self.graph.nodes[type_id])
        after = self._after(records)
        lists["types"] = list(self._each(records, lambda i: self._record(i, after.get(i, ()))))
        lists["typedefs"] = [self._typedef(type_id) for type_id in typedefs]
        lists["functions"] = self._functions()
        lists["variables"], lists["sections"] = self._variables()
        lists["parameters"] = self._parameters(records)
        lists["mentioned"] = self._mentions()
        lists["incomplete"] = [row for _, row in sorted(self._incomplete.items())]
        if self._joined is not None:
            self._add_headers(self._joined, records, typedefs)
        self._base_rows.sort(key=lambda row: row[0])
        lists["base_types"] = [row for _, row in self._base_rows]

    def _add_headers(
        self, joined: Joined, records: Sequence[TypeId], typedefs: Sequence[TypeId]
    ) -> None:
        from uapigen.snapshot.headers import headers_head, headers_lists

        labels = [(i, self._tags.of[i]) for i in records]
        labels += [(i, self._names.of[i]) for i in typedefs]
        self.taken.labels = dict(labels)
        self.taken.lists |= headers_lists(joined, labels, self.plan.first)
        self.taken.head = headers_head(joined, self.taken.lists)

    def _names_one(self, typedef_id: TypeId) -> bool:
        """Whether a typedef names a type without a tag, which may be another one for a twin."""
        target = self._node(typedef_id).target
        return target in self.plan.keys.of and not self._node(target).name

    def _node(self, type_id: TypeId) -> Any:
        return self.graph.nodes[type_id]

    def _each(self, ids: Iterable[TypeId], describe: Any) -> Iterator[Any]:
        """Descriptions; what cannot be spelled is noted and left out."""
        for type_id in ids:
            try:
                yield describe(type_id)
            except InputError as error:
                failure = Failure(self.plan.describe(type_id), error.problem)
                self.taken.failures.append(failure)

    # Order

    def _record_order(self, type_id: TypeId) -> tuple[str, int]:
        key, name = self.plan.keys.of[type_id], self._node(type_id).name
        return identifier(name) if name else _NUMBERED.sub("", key), type_id

    def _find_namers(self, typedefs: Sequence[TypeId]) -> dict[TypeId, TypeId]:
        """The first typedef of each type without a name, which gives it one."""
        found: dict[TypeId, TypeId] = {}
        for type_id in typedefs:  # ascending
            if self._names_one(type_id):
                found.setdefault(self._node(type_id).target, type_id)
        return found

    def _typedef_order(self, type_id: TypeId) -> tuple[str, int]:
        node = self._node(type_id)
        namer = self._namers.get(node.target, type_id)
        return identifier(self._node(namer).name), type_id

    def _after(self, records: Sequence[TypeId]) -> dict[TypeId, list[TypeId]]:
        """For some types those that must come before them, though they are listed behind.

        A type without a name that several types are made with has its name from the
        first of these in the source (``Keys.name_nested``).
        """
        keys, graph, first = self.plan.keys, self.graph, self.plan.first
        level = sorted(i for i in records if graph.nodes[i].name or i in self._namers)  # type: ignore[union-attr]
        root = {type_id: type_id for type_id in level}
        pairs: list[tuple[TypeId, TypeId]] = []
        while level:
            found: dict[TypeId, TypeId] = {}  # the last type with it, so far
            for type_id in level:
                node = graph.nodes[type_id]
                if not isinstance(node, (Struct, Union)):
                    continue
                for target in dict.fromkeys([member.type for member in node.members]):
                    inner = first(keys.part_behind(target))
                    if not inner or inner not in keys.of:
                        continue
                    if inner in found:
                        if root[found[inner]] != root[type_id]:
                            pairs.append((root[found[inner]], root[type_id]))
                    elif inner in root:
                        continue  # named on a level above
                    else:
                        root[inner] = root[type_id]
                    found[inner] = type_id
            level = list(found)
        return needed_pairs([i for i in records if root.get(i) == i], pairs)

    # Labels

    def _label_record(self, type_id: TypeId) -> None:
        node = self._node(type_id)
        wanted = node.name or self.plan.keys.of[type_id]
        self._tags.give(type_id, wanted, type(node).__name__.lower())

    def _label(self, type_id: TypeId, node: Type) -> str:
        """How types are called where others are made with them."""
        for one in (type_id, self.plan.first(type_id)):  # a twin may be described itself
            found = self._tags.of.get(one) or self._names.of.get(one)
            if found is not None:
                return found
        type_id = self.plan.first(type_id)
        if isinstance(node, (Int, Float)):
            return self._base(node)
        if isinstance(node, Forward) and not node.mentioned:
            return self._forward(type_id, node)
        return self._mention(type_id, node)

    def _base(self, node: Any) -> str:
        kind = "f" if isinstance(node, Float) else _int_kind(node)
        known = (node.name, node.byte_size, kind)
        label = self._bases.get(known)
        if label is None:
            label = self._bases[known] = self._names.give(
                -len(self._bases) - 1, node.name or "anon"
            )
            row: Row = [label, node.byte_size, kind]
            self._base_rows.append((identifier(node.name), _with_name(row, label, node.name)))
        return label

    def _forward(self, type_id: TypeId, node: Forward) -> str:
        label = self._other(type_id, node, node.keyword)
        listed = f"typedef {label}" if node.keyword == "typedef" else label
        self._incomplete[label] = _with_name([listed], label.rpartition(" ")[2], node.name)
        return label

    def _mention(self, type_id: TypeId, node: Type) -> str:
        """Something that was not chosen: its name is enough."""
        assert isinstance(node, (Struct, Union, Enum, Typedef, Forward))
        keyword = type(node).__name__.lower()
        if isinstance(node, (Forward, Typedef)):
            keyword = node.keyword if isinstance(node, Forward) else ""
        if not node.name:
            return f"{keyword} {{...}}"
        label = self._other(type_id, node, keyword)
        if label not in self._mentioned:
            self._mentioned[label] = None  # while it is being spelled
            row: Row | None = [label]
            if isinstance(node, Typedef):
                row = [label, self._speller.spell(node.target)]
            elif label == f"{keyword} {node.name}":
                row = None
            self._mentioned[label] = row and _with_name(row, label.rpartition(" ")[2], node.name)
        return label

    def _other(self, type_id: TypeId, node: Any, keyword: str) -> str:
        """The label of something that is not described; all of a name share it."""
        known = (keyword, node.name, isinstance(node, Forward) and not node.mentioned)
        label = self._others.get(known)
        if label is None:
            is_name = keyword in ("", "typedef")
            labels = self._names if is_name else self._tags
            label = labels.give(type_id, node.name, "" if is_name else keyword)
            self._others[known] = label
        return label

    def _mentions(self) -> list[Row]:
        return [row for _, row in sorted(self._mentioned.items()) if row is not None]

    # What is described

    def _record(self, type_id: TypeId, after: Sequence[TypeId]) -> dict[str, Any]:
        node: Composite | Enum = self._node(type_id)
        keyword, _, label = self._tags.of[type_id].partition(" ")
        found: dict[str, Any] = {keyword: label}
        if node.name != label:
            found["name"] = node.name
        if after:
            found["after"] = [self._tags.of[other] for other in after]
        found["size"] = node.byte_size
        if isinstance(node, Enum):
            if node.signed:
                found["signed"] = True
            found["constants"] = [[name, value] for name, value in node.enumerators]
        else:
            align = self._align(type_id, node)
            if align is not None:
                found["align"] = align
            found["members"] = [
                [name, bit_offset, self._speller.spell(target), *([width] if width else ())]
                for name, target, bit_offset, width in node.members
            ]
        return self._with_more(found, type_id)

    def _align(self, type_id: TypeId, node: Composite) -> int | None:
        try:
            return self.plan.layout.record(type_id).byte_align
        except InputError:  # it will fail wherever the snapshot is read, too
            return node.byte_align

    def _typedef(self, type_id: TypeId) -> Row:
        node: Typedef = self._node(type_id)
        label = self._names.of[type_id]
        about: dict[str, Any] = {}
        if node.name != label:
            about["name"] = node.name
        if node.byte_align is not None:
            about["align"] = node.byte_align
        if self.plan.first(type_id) != type_id:
            about["same_as"] = self._names.of[self.plan.first(type_id)]
        try:
            target = self._speller.spell(node.target)
        except InputError as error:
            self.taken.failures.append(Failure(node.name, error.problem))
            target = "void"
        return _with_about([label, target], self._with_more(about, type_id))

    def _functions(self) -> list[Row]:
        chosen = sorted(self.plan.selection.funcs, key=lambda i: (self._node(i).name, i))
        rows = self._each(chosen, self._function)
        return list({repr(row): row for row in rows}.values())

    def _function(self, type_id: TypeId) -> Row:
        node: Func = self._node(type_id)
        row: Row = [node.name, self._speller.spell(node.proto)]
        about = {} if node.linkage == "static" else {"linkage": node.linkage}
        return _with_about(row, self._with_more(about, type_id))

    def _variables(self) -> tuple[list[Row], list[Row]]:
        places = owner_of_vars(self.graph) if self.plan.selection.vars else {}
        chosen = sorted(self.plan.selection.vars, key=lambda i: (self._node(i).name, i))

        def variable(type_id: TypeId) -> Row:
            node: Var = self._node(type_id)
            about: dict[str, Any] = {} if node.linkage == "global" else {"linkage": node.linkage}
            if type_id in places:
                about["section"], about["offset"], about["size"] = places[type_id]
            row: Row = [node.name, self._speller.spell(node.type)]
            return _with_about(row, self._with_more(about, type_id))

        rows = list(self._each(chosen, variable))
        used = {places[type_id][0] for type_id in chosen if type_id in places}
        sections: dict[str, int] = {}
        for layer in reversed(self._layers):
            for type_id in layer.ids_of(Section):
                node = self._node(type_id)
                if node.name in used:
                    sections.setdefault(node.name, node.byte_size)
        return rows, [[name, size] for name, size in sorted(sections.items())]

    def _parameters(self, records: Iterable[TypeId]) -> list[Row]:
        """What function pointers' parameters are called, if that takes functions left out here."""
        graph, selection = self.graph, self.plan.selection
        recorded = getattr(graph, "parameter_names", None)  # if it is a snapshot itself
        all_here = graph.base is None if recorded is None else not recorded
        if selection.whole and all_here:
            return []
        structs = [i for i in records if isinstance(graph.nodes[i], Struct)]
        tables = list(find_tables(graph, structs, ("*",)))
        rows: list[Row] = []
        for table, found in zip(tables, name_parameters(graph, tables), strict=True):
            label = self._tags.of[table.type]
            for operation, names in zip(table.operations, found, strict=True):
                from_function = names.named_by not in ("", DECLARATION)
                if from_function or (selection.funcs and not names.named_by):
                    row: Row = [label, operation.name, " ".join(names.names), names.named_by]
                    rows.append(_with_about(row, {} if names.closely else {"closely": False}))
        return sorted(rows, key=lambda row: row[:2])

    # Tags

    def _find_decl_tags(self) -> dict[TypeId, list[Row]]:
        found: dict[TypeId, list[Row]] = {}
        for layer in self._layers:
            for type_id in layer.ids_of(DeclTag):
                tag = self.graph.nodes[type_id]
                assert isinstance(tag, DeclTag)
                row: Row = [tag.name, tag.component, *([True] if tag.attribute else ())]
                rows = found.setdefault(self.plan.first(tag.target), [])
                if row not in rows:
                    rows.append(row)
        return {target: sorted(rows) for target, rows in found.items()}

    def _with_more(self, about: dict[str, Any], type_id: TypeId) -> dict[str, Any]:
        """With the header that has it, and the tags on it."""
        if self._joined is not None and type_id in self._joined.owners:
            path = self._joined.owners[type_id]
            file = self._joined.files.get(path)
            about["header"] = file.module if file else path
        if type_id in self._pointed:
            about["pointed"] = True
        tags = self._decl_tags.get(type_id)
        if tags:
            about["tags"] = tags
        return about


def _int_kind(node: Int) -> str:
    return f"{'b' if node.boolean else ''}{'i' if node.signed else 'u'}"


def _with_name(row: Row, label: str, name: str) -> Row:
    return row if label == name else [*row, {"name": name}]


def _with_about(row: Row, about: dict[str, Any]) -> Row:
    return [*row, about] if about else row


def _layers(graph: TypeGraph) -> Iterator[TypeGraph]:
    """A graph and those that it lies over."""
    layer: TypeGraph | None = graph
    while layer is not None:
        yield layer
        layer = layer.base

"""Structs and unions as classes of a type stub."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Sequence, Set
from functools import cache
from itertools import chain, compress, count, repeat
from operator import add, not_

from uapigen.emit.columns import Made, long_lines, woven
from uapigen.emit.reached import Reached, reached_members
from uapigen.emit.stub_names import StubNames, is_free, uncommon, unsayable
from uapigen.emit.support.names import RESERVED, attribute_name
from uapigen.emit.text import LINE_LENGTH, bracketed, class_line
from uapigen.ir.graph import resolve
from uapigen.ir.types import (
    Array,
    Enum,
    Float,
    Int,
    Member,
    Pointer,
    Qualifier,
    Struct,
    Typedef,
    TypeId,
    TypeTag,
    Union,
)
from uapigen.layout.plan import Plan, scalar_code

__all__ = ["RecordStubs"]

_SCALAR_STUBS = {"f": "Float", "b": "Bool", "c": "Char", "C": "Char", "i": "Int", "u": "Int"}


_FORMS = frozenset({Typedef, Qualifier, TypeTag})
_MAX_REACHED = 1 << 19
"""Members reached through unnamed ones, in a whole stub, each time; 22,000 in a kernel's.

A few of them that contain each other twice have any number. A class behind the
last one lets a checker accept any member.
"""


class RecordStubs:
    """The classes of one plan; remembers how each type is annotated.

    ``foreign`` gives the name of a struct or union that is not the plan's, or "".
    """

    def __init__(
        self,
        plan: Plan,
        prefix: str,
        foreign: Callable[[TypeId], str] | None,
        names: StubNames,
    ) -> None:
        self.plan = plan
        self.foreign = foreign
        self.graph = plan.graph
        self.prefix = prefix
        self.names = names
        self.aliased: set[str] = set()
        """Types whose name is also that of a member of a class that has them."""
        self._unsayable = unsayable(names.records.values())
        self._class_of = plan.keys.class_of
        self._int = f"{prefix}Int"
        self._types = {*names.records.values()}
        self._annotate = cache(self._find_annotation)
        self._texts = Made(self._text)
        self._bits = Made(self._bitfield)
        self._shown = Made(self._record)
        self._arguments = Made(self._argument)
        self._attributes = _Attributes()
        self._reached = 0

    # Annotations

    def _text(self, type_id: TypeId) -> str:
        """A member's annotation."""
        found = self._class_of.get(type_id)
        if found is not None:
            return self._int if found is Enum else f"{self.prefix}Sub[{self._shown[type_id]}]"
        node = self.graph.nodes[type_id]
        if type(node) is Pointer:  # as most are
            return f"{self.prefix}Ptr[{self._shown[self._pointee(node.target)]}]"
        kind, argument = self._annotate(type_id)
        return f"{self.prefix}{kind}[{argument}]" if argument else f"{self.prefix}{kind}"

    def _pointee(self, target: TypeId) -> TypeId:
        """The struct or union behind a pointer to that type; 0 for none."""
        found = self._class_of.get(target)
        if found is None:
            found = type(self.graph.nodes[target])
            if found in _FORMS:
                target = self._behind(target)
                found = self._class_of.get(target) or type(self.graph.nodes[target])
        return target if found is Struct or found is Union else 0

    def _argument(self, type_id: TypeId) -> str:
        """The record that a member's annotation names, or ""."""
        _, _, innermost = self._texts[type_id].rpartition("[")
        return "" if innermost.startswith(self.prefix) else innermost.rstrip("]")

    def _bitfield(self, type_id: TypeId) -> str:
        kind, _ = self._annotate(type_id)
        return f"{self.prefix}{'BoolBits' if kind == 'Bool' else 'Bits'}"

    def _find_annotation(self, type_id: TypeId) -> tuple[str, str]:
        """The kind of an annotation, and what it is of or ""."""
        found = self._class_of.get(type_id)
        if found is None:
            target = self._final(type_id)
            if target != type_id:
                return self._annotate(target)
            found = type(self.graph.nodes[target])
        if found is Struct or found is Union:
            return "Sub", self._shown[type_id]
        if found is Enum:
            return "Int", ""
        node = self.graph.nodes[type_id]
        if isinstance(node, (Int, Float)):
            code = scalar_code(node)
            # A long double reads as a float only on a machine that has the same.
            return "Value" if code == "f" and node.byte_size > 8 else _SCALAR_STUBS[code], ""
        if isinstance(node, Pointer):
            return "Ptr", self._shown[self._pointee(node.target)]
        if isinstance(node, Array):
            return self._array(node)
        return "Value", ""

    def _array(self, node: Array) -> tuple[str, str]:
        inner, argument = self._annotate(node.element)
        if inner == "Char":
            return "Chars", ""
        if inner == "Sub":
            return "Items", argument
        if argument:
            return "Items", f"{self.prefix}{_ELEMENTS[inner]}[{argument}]"
        return "Items", f"{self.prefix}{_ELEMENTS.get(inner, 'Any')}"

    def _final(self, type_id: TypeId) -> TypeId:
        """What is behind typedefs and qualifiers; raises :class:`InputError` if nothing is."""
        behind = self._behind(type_id)
        return behind if behind in self._class_of else resolve(self.graph, behind)

    def _behind(self, type_id: TypeId) -> TypeId:
        for _ in range(64):
            if type_id in self._class_of:
                break
            node = self.graph.nodes[type_id]
            if not isinstance(node, (Typedef, Qualifier, TypeTag)):
                break
            type_id = node.target
        return type_id

    def _record(self, type_id: TypeId) -> str:
        """The name of a struct or union in the stub, or ``Any``."""
        keys = self.plan.keys
        key = keys.of.get(keys.same.get(type_id, type_id))
        name = self.names.records.get(key, "") if key else ""
        if not name and self.foreign is not None:
            name = self.foreign(type_id) if type_id else ""
        if name and name not in self._types:
            return name if is_free(name, ()) else f"{self.prefix}Any"
        return name if name and name not in self._unsayable else f"{self.prefix}Any"

    # Classes

    def classes(self) -> str:
        """All structs and unions that a stub can say, sorted by key."""
        ids, names = self._said()
        self._shown.update(zip(ids, names, strict=True))
        reached = self._reached_members(ids)
        columns = self._columns(reached)
        self._alias(reached, columns)
        odd = self._odd_classes(reached, columns)
        for at in chain.from_iterable(map(reached.lines_of, odd)):
            for column in columns:
                column[at] = ""
        heads = self._heads(ids, names)
        alone = {*odd, *compress(count(), map(not_, reached.counts))}
        for at in alone:
            make = self._class if reached.counts[at] else self._empty
            heads[at] = make(ids[at], names[at])
        short = {at for at in alone if heads[at].count("\n") == 1}
        separated = _separated(heads, short)
        return woven(zip(separated, reached.counts, repeat(""), strict=False), *columns)

    def _said(self) -> tuple[list[TypeId], list[str]]:
        """The structs and unions that a stub can say, sorted by key, and their names."""
        plan, unsayable = self.plan, self._unsayable
        ids: Sequence[TypeId] = plan.record_ids() if plan.columns is None else plan.columns.ids
        if plan.failed:
            ids = [i for i in ids if i not in plan.failed]
        names = list(map(self.names.records.__getitem__, map(plan.keys.of.__getitem__, ids)))
        if unsayable:
            said = [name not in unsayable for name in names]
            return list(compress(ids, said)), list(compress(names, said))
        return list(ids), names

    def _heads(self, ids: Sequence[TypeId], names: Sequence[str]) -> list[str]:
        """The first lines of classes with members."""
        classes = map(self.plan.keys.class_of.__getitem__, ids)
        bases: dict[type, str] = {
            kind: f"({self.prefix}{kind.__name__}):\n" for kind in (Struct, Union)
        }
        behind = list(map(bases.__getitem__, classes))
        heads = list(map(add, map("class ".__add__, names), behind))
        for at in long_lines(heads):
            heads[at] = class_line(names[at], [self._base(ids[at])])
        return heads

    def _base(self, type_id: TypeId) -> str:
        kind = "Struct" if self.plan.keys.class_of[type_id] is Struct else "Union"
        return f"{self.prefix}{kind}"

    def _columns(self, reached: Reached) -> list[list[str]]:
        """The parts of the members' lines: indentation, name, annotation."""
        types = reached.types
        text_of = {target: f": {self._texts[target]}\n" for target in set(types)}
        texts = list(map(text_of.__getitem__, types))
        for at in compress(count(), reached.bit_widths):
            texts[at] = f": {self._bits[types[at]]}\n"
        return [["    "] * len(types), list(reached.names), texts]

    def _reached_members(self, ids: Sequence[TypeId]) -> Reached:
        """What C reaches from each of these structs and unions."""
        known = self.plan.columns
        all_of_them = known is not None and len(known.ids) == len(ids)
        members = known.members if known and all_of_them else self.graph.members(ids)
        reached = reached_members(self.graph, ids, members, _MAX_REACHED)
        self._reached = reached.counted
        return reached

    def _alias(self, reached: Reached, columns: list[list[str]]) -> None:
        """Name types by an alias in records that have a member of the type's name."""
        _, names, texts = columns
        like_types = self._types.intersection(names).__contains__
        for record in {reached.owner[at] for at in compress(count(), map(like_types, names))}:
            lines = reached.lines_of(record)
            inside = slice(lines.start, lines.stop)
            own = {*filter(like_types, names[inside])}
            arguments = list(map(self._arguments.__getitem__, reached.types[inside]))
            for at in compress(lines, map(own.__contains__, arguments)):
                if not reached.bit_widths[at]:
                    argument = arguments[at - lines.start]
                    self.aliased.add(argument)
                    texts[at] = texts[at].replace(f"[{argument}]", f"[_t_{argument}]")

    def _odd_classes(self, reached: Reached, columns: Sequence[Sequence[str]]) -> set[int]:
        """Which of the records with these members take a closer look.

        One has a member whose attribute is not called the same, two of one name in
        different parts, or a line that is too long.
        """
        if self._reached >= _MAX_REACHED:
            return set(range(len(reached.counts)))
        names = columns[1]
        distinct = set(names)
        looked_at = {*uncommon(distinct), *(RESERVED & distinct)}
        odd = {name for name in looked_at if self._attributes[name] != name}
        found = {reached.owner[at] for at in compress(count(), map(odd.__contains__, names))}
        longest = long_lines(names, columns[2], beside=len(columns[0][0]) if names else 0)
        found.update(map(reached.owner.__getitem__, longest))
        for at in reached.joined:
            lines = reached.lines_of(at)
            if len({*names[lines.start : lines.stop]}) < len(lines):
                found.add(at)
        return found | reached.odd

    # What takes a closer look

    def _class(self, type_id: TypeId, name: str) -> str:
        """The class of a struct or union, member by member."""
        node = self.graph.nodes[type_id]
        assert isinstance(node, (Struct, Union))
        own = {member[0] for member in node.members}
        if unnamed := "" in own:
            own = self._own_names(node.members)
        lines = self._members(node.members, own)
        if unnamed and self._reached >= _MAX_REACHED:
            lines.append(f"    __getattr__: {self.prefix}Any  # type: ignore\n")
        if not lines:
            return self._empty(type_id, name)
        return class_line(name, [self._base(type_id)]) + "".join(lines)

    def _empty(self, type_id: TypeId, name: str) -> str:
        """A class without members."""
        base = self._base(type_id)
        head = class_line(name, [base])
        if len(head) + len(" ...") > LINE_LENGTH + 1:
            head = f"class {name}(\n    {base}\n):\n"
        return f"{head[:-1]} ...\n"

    def _members(self, members: Sequence[Member], own: set[str]) -> list[str]:
        """Annotated members of a record, those of its anonymous parts among them.

        ``own``: the names of the record around them all.
        """
        texts, bits, attributes = self._texts, self._bits, self._attributes
        checked = [
            line
            for member in members
            for line in self._checked(
                member,
                f"    {attributes[member[0]]}: {(bits if member[3] else texts)[member[1]]}\n",
                own,
            )
        ]
        # A member ``from_`` beside ``from``, whose attribute would be the same.
        by_name: dict[str, str] = {}
        for line in checked:
            attribute = line.partition(":")[0]
            if attribute not in by_name or attribute.strip() in own:
                by_name[attribute] = line
        return list(by_name.values())

    def _checked(self, member: Member, line: str, own: set[str]) -> list[str]:
        """A member's line made right in the cases that need a closer look."""
        if not member.name:
            lines = self._members(self._inner(member), own)
            self._reached += len(lines)
            return lines
        if not self._attributes[member.name]:
            return []  # only getattr() reaches it
        argument = self._arguments[member.type]
        if argument in own and not member.bit_width:
            self.aliased.add(argument)
            line = line.replace(f"[{argument}]", f"[_t_{argument}]")
        if len(line) > LINE_LENGTH + 1:
            line = bracketed(line.strip(), 4)
        return [line]

    def _inner(self, member: Member) -> Sequence[Member]:
        """The members reached through an unnamed one; none through padding."""
        node = self.graph.nodes[resolve(self.graph, member.type)]
        if member.bit_width or not isinstance(node, (Struct, Union)):
            return ()
        self._reached += 1 + len(node.members)
        return node.members if self._reached < _MAX_REACHED else ()

    def _own_names(self, members: Sequence[Member]) -> set[str]:
        names = set()
        for member in members:
            if member.name:
                names.add(member.name)
            else:
                names |= self._own_names(self._inner(member))
        return names


def _separated(heads: Sequence[str], short: Set[int]) -> list[str]:
    """What classes begin with, as black sets them: blank lines around those with a body.

    ``short`` are the numbers of those without.
    """
    separated = list(map("\n".__add__, heads))
    separated[:1] = heads[:1]
    for at in short:
        if at - 1 in short:
            separated[at] = heads[at]
    return separated


class _Attributes(dict[str, str]):
    """A member's attribute in a stub, or "" for one that only getattr() reaches."""

    def __missing__(self, name: str) -> str:
        attribute = f"{name}_" if keyword.iskeyword(name) else attribute_name(name)
        if not (attribute.isidentifier() and attribute.isascii()):
            attribute = ""
        self[name] = attribute
        return attribute


# What an array's elements read as, by the annotation of such a member.
_ELEMENTS = {"Int": "int", "Bool": "bool", "Float": "float", "Ptr": "Pointer", "Items": "Array"}

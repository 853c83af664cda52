"""Structs and unions as classes of a type stub."""

from __future__ import annotations

import keyword
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, compress, count
from operator import itemgetter, not_

from uapigen.emit.columns import Made, long_lines, owners, woven
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


_MAX_REACHED = 1 << 19
"""Members reached through unnamed ones, in a whole stub, each time; 22,000 in a kernel's.

A few of them that contain each other twice have any number. A class behind the
last one lets a checker accept any member.
"""

_COMPOSITES = frozenset({Struct, Union})
_FORMS = frozenset({Typedef, Qualifier, TypeTag})


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
        self._types = {*names.records.values()}
        self._texts = Made(self._text)
        self._bits = Made(self._bitfield)
        self._shown = Made(self._record)
        self._arguments = Made(self._argument)
        self._attributes = _Attributes()
        self._reached = 0

    # Annotations

    def _text(self, type_id: TypeId) -> str:
        """A member's annotation."""
        nodes, prefix = self.graph.nodes, self.prefix
        node = nodes[type_id]
        if type(node) is Pointer:  # as most are
            target = node.target
            if type(nodes[target]) in _FORMS:
                target = self._behind(target)
            named = type(nodes[target]) in _COMPOSITES
            return f"{prefix}Ptr[{self._shown[target if named else 0]}]"
        kind, argument = self._annotate(type_id)
        return f"{prefix}{kind}[{argument}]" if argument else f"{prefix}{kind}"

    def _argument(self, type_id: TypeId) -> str:
        """The record that a member's annotation names, or ""."""
        _, _, innermost = self._texts[type_id].rpartition("[")
        return "" if innermost.startswith(self.prefix) else innermost.rstrip("]")

    def _bitfield(self, type_id: TypeId) -> str:
        kind, _ = self._annotate(type_id)
        return f"{self.prefix}{'BoolBits' if kind == 'Bool' else 'Bits'}"

    def _annotate(self, type_id: TypeId) -> tuple[str, str]:
        target = resolve(self.graph, type_id)
        node = self.graph.nodes[target]
        if isinstance(node, (Struct, Union)):
            return "Sub", self._shown[target]
        if isinstance(node, Enum):
            return "Int", ""
        if isinstance(node, (Int, Float)):
            code = scalar_code(node)
            # A long double reads as a float only on a machine that has the same.
            return "Value" if code == "f" and node.byte_size > 8 else _SCALAR_STUBS[code], ""
        if isinstance(node, Pointer):
            behind = self._behind(node.target)
            named = isinstance(self.graph.nodes[behind], (Struct, Union))
            return "Ptr", self._shown[behind if named else 0]
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

    def _behind(self, type_id: TypeId) -> TypeId:
        for _ in range(64):
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
        """All structs and unions that a stub can say, sorted by key.

        Black sets blank lines around classes with a body.
        """
        keys, nodes, failed = self.plan.keys.of, self.graph.nodes, self.plan.failed
        ids = [i for i in keys if isinstance(nodes[i], (Struct, Union)) and i not in failed]
        ids.sort(key=keys.__getitem__)
        names = list(map(self.names.records.__getitem__, map(keys.__getitem__, ids)))
        if self._unsayable:
            said = [name not in self._unsayable for name in names]
            ids, names = list(compress(ids, said)), list(compress(names, said))
        self._shown.update(zip(ids, names, strict=True))
        reached, unnamed = self._reached_members([nodes[i].members for i in ids])  # type: ignore[union-attr]
        columns = self._columns(list(chain.from_iterable(reached)))
        counts = list(map(len, reached))
        owner = list(owners(counts))
        self._alias(reached, owner, columns)
        odd = self._odd_classes(reached, unnamed, owner, columns)
        if odd:
            plain = [at not in odd for at in owner]
            columns = [list(compress(column, plain)) for column in columns]
        blocks = []
        separated = False  # from what is before
        for at, (type_id, name, inside) in enumerate(zip(ids, names, counts, strict=True)):
            kind = "Struct" if type(nodes[type_id]) is Struct else "Union"
            if at in odd:
                head, inside = self._class(nodes[type_id], name, kind), 0  # type: ignore[arg-type]
            elif inside:
                head = f"class {name}({self.prefix}{kind}):\n"
                if len(head) > LINE_LENGTH + 1:
                    head = class_line(name, [f"{self.prefix}{kind}"])
            else:
                head = self._empty(name, kind)
            short = not inside and head.count("\n") == 1
            if at and not (short and not separated):
                head = f"\n{head}"
            separated = not short
            blocks.append((head, inside, ""))
        return woven(blocks, *columns)

    def _columns(self, members: Sequence[Member]) -> list[list[str]]:
        """The parts of the members' lines: indentation, name, annotation."""
        types = map(itemgetter(1), members)
        texts = list(map(Made(lambda t: f": {self._texts[t]}\n").__getitem__, types))
        for at in compress(count(), map(itemgetter(3), members)):
            texts[at] = f": {self._bits[members[at][1]]}\n"
        return [["    "] * len(members), list(map(itemgetter(0), members)), texts]

    def _reached_members(
        self, members: Sequence[Sequence[Member]]
    ) -> tuple[list[Sequence[Member]], set[int]]:
        """Each record's members, those of its anonymous parts in their place.

        And which records have such parts.
        """
        names = map(itemgetter(0), chain.from_iterable(members))
        unnamed = set(compress(owners(map(len, members)), map(not_, names)))
        reached = list(members)
        for at in unnamed:
            reached[at] = self._reached_one_by_one(members[at])
        return reached, unnamed

    def _reached_one_by_one(self, members: Sequence[Member]) -> list[Member]:
        found: list[Member] = []
        for member in members:
            if member[0]:
                found.append(member)
            else:
                found += self._reached_one_by_one(self._inner(member))
        return found

    def _alias(
        self, reached: Sequence[Sequence[Member]], owner: Sequence[int], columns: list[list[str]]
    ) -> None:
        """Name types by an alias in records that have a member of the type's name."""
        _, names, texts = columns
        like_types = self._types.intersection(names).__contains__
        for record in set(compress(owner, map(like_types, names))):
            members = reached[record]
            own = set(map(itemgetter(0), members))
            arguments = map(self._arguments.__getitem__, map(itemgetter(1), members))
            for index, argument in enumerate(arguments):
                if argument in own and not members[index][3]:
                    self.aliased.add(argument)
                    at = bisect_left(owner, record) + index
                    texts[at] = texts[at].replace(f"[{argument}]", f"[_t_{argument}]")

    def _odd_classes(
        self,
        reached: Sequence[Sequence[Member]],
        unnamed: Iterable[int],
        owner: Sequence[int],
        columns: Sequence[Sequence[str]],
    ) -> set[int]:
        """Which of the records with these members take a closer look.

        One has a member whose attribute is not called the same, two of one name in
        different parts, or a line that is too long.
        """
        if self._reached >= _MAX_REACHED:
            return set(range(len(reached)))
        names = columns[1]
        distinct = set(names)
        looked_at = {*uncommon(distinct), *(RESERVED & distinct)}
        odd = {name for name in looked_at if self._attributes[name] != name}
        found = set(compress(owner, map(odd.__contains__, names)))
        found.update(map(owner.__getitem__, long_lines(*columns)))
        for at in unnamed:
            if len({member[0] for member in reached[at]}) < len(reached[at]):
                found.add(at)
        return found

    # What takes a closer look

    def _class(self, node: Struct | Union, name: str, kind: str) -> str:
        """The class of a struct or union, member by member."""
        own = {member[0] for member in node.members}
        if unnamed := "" in own:
            own = self._own_names(node.members)
        lines = self._members(node.members, own)
        if unnamed and self._reached >= _MAX_REACHED:
            lines.append(f"    __getattr__: {self.prefix}Any  # type: ignore\n")
        if not lines:
            return self._empty(name, kind)
        return class_line(name, [f"{self.prefix}{kind}"]) + "".join(lines)

    def _empty(self, name: str, kind: str) -> str:
        """A class without members."""
        base = f"{self.prefix}{kind}"
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

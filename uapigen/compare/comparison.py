"""Two sources compared as a whole: types paired by name, differences judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from uapigen.compare.causes import Cause, Root, Sources
from uapigen.compare.enums import compare_enums
from uapigen.compare.facts import Facts, Ids, base_name, part_names
from uapigen.compare.findings import Change, Comparison, Fact, Layout, Reached, Side
from uapigen.compare.layouts import layout_of, record_named
from uapigen.compare.names import (
    compare_constants,
    compare_functions,
    compare_macros,
    compare_syscalls,
    compare_variables,
)
from uapigen.compare.policy import Policy
from uapigen.compare.record_pair import embedded_cause, size_fact
from uapigen.compare.records import compare_records
from uapigen.compare.roots import Roots
from uapigen.compare.types import Shapes, type_change
from uapigen.ir.graph import TypeGraph
from uapigen.ir.naming import keyword_of
from uapigen.ir.types import Enum, Float, Func, Int, Struct, Type, Typedef, TypeId, Union, Var

__all__ = ["compare"]

_KINDS: dict[str, type] = {"struct": Struct, "union": Union, "enum": Enum}
_OTHER = {"struct": "union", "union": "struct"}
_LEAST_ALIKE = 0.3
"""Share of common names from which on two types without a common name are versions of one."""
_SHOWN_NAMES = 3
"""Of a type without a name, in what it is called."""


def compare(
    old: Facts, new: Facts, policy: Policy, *, names: tuple[str, str], known_only: bool = False
) -> Comparison:
    """Everything that differs between two sources, under a policy.

    ``names`` are the sources' as the user gave them. With ``known_only``, what only the
    new source has is no difference (a golden file is not about it).
    """
    return _Comparison(old, new, policy, known_only).run(names)


class _Comparison:
    def __init__(self, old: Facts, new: Facts, policy: Policy, known_only: bool) -> None:
        self.old, self.new, self.policy = old, new, policy
        self.known_only = known_only
        self.sources = Sources(Shapes(old), Shapes(new), policy.conventions)
        self.roots = Roots(self._explain)
        self.compared: dict[str, int] = {}
        self.pairs: dict[str, tuple[TypeId | None, TypeId | None]] = {}
        """Records that differ, by subject."""

    def run(self, names: tuple[str, str]) -> Comparison:
        for keyword in ("struct", "union", "enum"):
            self._tags(keyword)
        self._typedefs()
        self._orphans()
        compared = [compare_functions, compare_syscalls, compare_variables]
        if self.old.says_constants and self.new.says_constants:
            compared.append(compare_constants)
        if self.old.says_macros and self.new.says_macros:
            compared.append(compare_macros)
        for compare_some in compared:
            for root in compare_some(self.sources, known_only=self.known_only):
                self._add(root)
        self._count_names()
        self.roots.link()
        findings, unused = self.roots.findings(self.policy)
        notes = [*self._notes(), *(f"suppression of {s} matches nothing" for s in unused)]
        sides = [
            _side(facts, name) for facts, name in zip((self.old, self.new), names, strict=True)
        ]
        return Comparison(
            sides[0],
            sides[1],
            self.policy.name,
            tuple(findings),
            {what: number for what, number in self.compared.items() if number},
            tuple(notes),
            self.layouts,
        )

    def _add(self, root: Root) -> None:
        """A change by name; an ioctl's number follows from the size of its argument."""
        change = root.change
        if change.kind == "ioctl-renumbered":
            argument = self.old.ioctls.get(change.subject, "")
            cause = self.roots.size_root(argument)
            if cause is not None and self.new.ioctls.get(change.subject) == argument:
                self.roots.reach(cause, Reached(change.subject, argument, (change,)))
                return
        self.roots.add(change.subject, [root])

    # Tags

    def _tags(self, keyword: str) -> None:
        old, new = self.old.tags[keyword], self.new.tags[keyword]
        kind = _KINDS[keyword]
        both = 0
        for spelling in sorted({*old, *new}):
            before = self._ids(self.old, spelling, old, kind)
            after = self._ids(self.new, spelling, new, kind)
            if before and after:
                both += 1
                self._versions(spelling, before, after)
            elif before:
                self._gone(spelling, before)
            else:
                self._come(spelling, after)
        what = "enums" if keyword == "enum" else "structs and unions"
        self.compared[what] = self.compared.get(what, 0) + both

    @staticmethod
    def _ids(facts: Facts, spelling: str, chosen: Ids, kind: type) -> list[TypeId]:
        """The types of a name, also where only the other source's was chosen."""
        found = chosen.get(spelling, [])
        return found or ([] if facts.selection.whole else facts.find(spelling, kind))

    def _versions(self, spelling: str, before: Sequence[TypeId], after: Sequence[TypeId]) -> None:
        """Types of one name: the equal ones go, what is left is paired by likeness."""
        if len(before) == len(after) == 1:
            if self._differs(before[0], after[0]):
                self._pair(spelling, before[0], after[0])
            return
        old, new = self.old.distinct(before), self.new.distinct(after)
        names = {
            type_id: f"{spelling}___{number}" if number > 1 else spelling
            for number, type_id in enumerate(old.values(), 1)
        }
        gone = [type_id for outline, type_id in old.items() if outline not in new]
        come = [type_id for outline, type_id in new.items() if outline not in old]
        alone = len(old) == len(new) == 1
        pairs = [(gone[0], come[0])] if alone and gone and come else self._alike(gone, come)
        for a, b in pairs:
            self._pair(names[a], a, b)
        for type_id in gone:
            if type_id not in {a for a, _ in pairs}:
                self._gone(names[type_id], [type_id])
        for number, type_id in enumerate(new.values(), 1):
            if type_id in come and type_id not in {b for _, b in pairs}:
                self._come(f"{spelling}___{number}" if number > 1 else spelling, [type_id])

    def _differs(self, a: TypeId, b: TypeId) -> bool:
        """Whether two types of one name differ at all."""
        said = self.old.said_align(a), self.new.said_align(b)
        aligned = None in said or said[0] == said[1]
        return not aligned or self.old.outline(a) != self.new.outline(b)

    def _alike(self, old: Sequence[TypeId], new: Sequence[TypeId]) -> list[tuple[TypeId, TypeId]]:
        """Pairs of types that share most of their members' names, best first."""
        by_name: dict[str, set[TypeId]] = {}
        for b in new:
            for name in part_names(self.new.graph[b]):
                by_name.setdefault(name, set()).add(b)
        likeness = []
        for a in old:
            node = self.old.graph[a]
            for b in set().union(*(by_name.get(name, ()) for name in part_names(node))):
                likeness.append((-_likeness(node, self.new.graph[b]), a, b))
        pairs: list[tuple[TypeId, TypeId]] = []
        left, right = set(old), set(new)
        for less, a, b in sorted(likeness):
            if -less < _LEAST_ALIKE:
                break
            if a in left and b in right:
                left.remove(a)
                right.remove(b)
                pairs.append((a, b))
        return pairs

    def _pair(self, subject: str, a: TypeId, b: TypeId) -> None:
        """Two versions of a type that differ."""
        before, after = self.old.graph[a], self.new.graph[b]
        if isinstance(before, Enum) and isinstance(after, Enum):
            self.roots.add(subject, compare_enums(subject, before, after, self.new.has_value))
            return
        self.pairs[subject] = a, b
        if type(before) is not type(after):
            said = Fact(keyword_of(before)), Fact(keyword_of(after))  # type: ignore[arg-type]
            self.roots.add(subject, [Root(Change("keyword-changed", subject, "", *said))])
        self.roots.add_record(compare_records(self.sources, subject, a, b))

    def _is_typedefs(self, name: str) -> bool:
        """Whether a type is compared as its typedef's, as one source may have it without a tag."""
        if all(getattr(facts.graph, "says_tags", True) for facts in (self.old, self.new)):
            return False
        return all(facts.find(name, Typedef) for facts in (self.old, self.new))

    def _gone(self, spelling: str, ids: Sequence[TypeId]) -> None:
        keyword, _, name = spelling.partition(" ")
        if self._is_typedefs(name):
            return
        other = f"{_OTHER.get(keyword)} {name}"
        now = self.new.find(other, _KINDS[_OTHER[keyword]]) if keyword in _OTHER and name else []
        if now:
            self._pair(spelling, ids[0], now[0])
            return
        declared = self.new.is_declared(spelling)
        kind = "type-undefined" if declared else "type-removed"
        for type_id in self.old.distinct(ids).values():
            node = self.old.graph[type_id]
            if isinstance(node, Enum) and _has_all(self.new, node):
                kind = "tag-removed"
            self.pairs[spelling] = type_id, None
            root = Root(Change(kind, spelling, "", _type_fact(self.old, type_id), None))
            self.roots.add(spelling, [root])

    def _come(self, spelling: str, ids: Sequence[TypeId]) -> None:
        distinct = self.new.distinct(ids).values()
        keyword, _, name = spelling.partition(" ")
        if self.known_only or self._is_typedefs(name):
            return
        if keyword in _OTHER and self.old.find(
            f"{_OTHER[keyword]} {name}", _KINDS[_OTHER[keyword]]
        ):
            return
        kind = "type-defined" if self.old.is_declared(spelling) else "type-added"
        for type_id in distinct:
            self.pairs[spelling] = None, type_id
            root = Root(Change(kind, spelling, "", None, _type_fact(self.new, type_id)))
            self.roots.add(spelling, [root])

    # Typedefs, and types without any name

    def _typedefs(self) -> None:
        old, new = self.old.typedefs, self.new.typedefs
        both = 0
        for name in sorted({*old, *new}):
            before = self._ids(self.old, name, old, Typedef)
            after = self._ids(self.new, name, new, Typedef)
            if before and after:
                both += 1
                if len(before) == len(after) == 1:
                    gone, come = (before, after) if self._differs(*before, *after) else ([], [])
                else:
                    first, second = self.old.distinct(before), self.new.distinct(after)
                    gone = [i for outline, i in first.items() if outline not in second]
                    come = [i for outline, i in second.items() if outline not in first]
                for a, b in zip(gone, come, strict=False):
                    self._typedef(name, a, b)
                continue
            if after and self.known_only:
                continue
            facts, ids = (self.old, before) if before else (self.new, after)
            node = facts.graph[next(iter(facts.distinct(ids).values()))]
            assert isinstance(node, Typedef)
            said = Fact(f"typedef {facts.spell(node.target, name)}")
            change = Change("type-removed", name, "", said, None)
            if after:
                change = Change("type-added", name, "", None, said)
            self.roots.add(name, [Root(change)])
        self.compared["typedefs"] = both

    def _typedef(self, name: str, a: TypeId, b: TypeId) -> None:
        first, second = self.old.graph[a], self.new.graph[b]
        assert isinstance(first, Typedef)
        assert isinstance(second, Typedef)
        before, after = self.old.graph[first.target], self.new.graph[second.target]
        if isinstance(before, (Struct, Union)) and isinstance(after, (Struct, Union)):
            untagged = not before.name or not after.name
        else:
            untagged = isinstance(before, Enum) and isinstance(after, Enum) and not before.name
        if untagged:
            self._pair(name, first.target, second.target)
            return
        said = [
            Fact(f"typedef {facts.spell(node.target, name)}", bit_size=_bits(facts, node.target))
            for facts, node in ((self.old, first), (self.new, second))
        ]
        what = type_change(self.sources.old, first.target, self.sources.new, second.target)
        if not what and self.old.said_align(a) == self.new.said_align(b):
            return
        kind = f"typedef-{what}" if what else "alignment-changed"
        self.roots.add(name, [Root(Change(kind, name, "", said[0], said[1]))])

    def _orphans(self) -> None:
        """Types that have neither a name nor a place in another one, by what is in them."""
        old, new = self.old.distinct(self.old.orphans()), self.new.distinct(self.new.orphans())
        gone = [type_id for outline, type_id in old.items() if outline not in new]
        come = [type_id for outline, type_id in new.items() if outline not in old]
        pairs = self._alike(gone, come)
        for a, b in pairs:
            self._pair(_called(self.old.graph, a), a, b)
        paired = {a for a, _ in pairs}, {b for _, b in pairs}
        for type_id in gone:
            if type_id not in paired[0]:
                self._orphan_gone(type_id)
        for type_id in () if self.known_only else come:
            node = self.new.graph[type_id]
            known = isinstance(node, Enum) and _has_all(self.old, node)
            if type_id not in paired[1] and not known:
                name = _called(self.new.graph, type_id)
                fact = _type_fact(self.new, type_id)
                self.roots.add(name, [Root(Change("type-added", name, "", None, fact))])

    def _orphan_gone(self, type_id: TypeId) -> None:
        """A type without a name that is not there any more; an enum's constants may be."""
        node, name = self.old.graph[type_id], _called(self.old.graph, type_id)
        if isinstance(node, Enum):
            empty = node._replace(enumerators=())
            self.roots.add(name, compare_enums(name, node, empty, self.new.has_value))
            return
        fact = _type_fact(self.old, type_id)
        self.roots.add(name, [Root(Change("type-removed", name, "", fact, None))])

    # Beside the findings

    def _explain(self, cause: str) -> Cause:
        """Why a name that nothing compared so far is about is the cause of something.

        A type that looks the same on both sides has parts that do not; a type that was
        not chosen has changed by itself; anything else is a base type.
        """
        a, b = (record_named(facts, cause) for facts in (self.old, self.new))
        if a is None or b is None:
            said = [_base_fact(facts, cause) for facts in (self.old, self.new)]
            return Root(Change("base-type-changed", cause, "", said[0], said[1]))
        if self.old.outline(a) == self.new.outline(b):
            for first, second in zip(self.old.slots(a), self.new.slots(b), strict=True):
                name = embedded_cause(self.sources, first, second, also_align=True)
                if name and name != cause:
                    return name
        sizes = [(facts.byte_size(i) or 0) for facts, i in ((self.old, a), (self.new, b))]
        kind = "size-grown" if sizes[1] >= sizes[0] else "size-shrunk"
        change = Change(kind, cause, "", size_fact(sizes[0]), size_fact(sizes[1]))
        return Root(change, reason="not among the types that were compared")

    def _count_names(self) -> None:
        for kind, what, old_ids, new_ids in (
            (Func, "functions", self.old.functions, self.new.functions),
            (Var, "variables", self.old.variables, self.new.variables),
        ):
            self.compared[what] = sum(
                name in new_ids or bool(self._ids(self.new, name, new_ids, kind))
                for name in old_ids
            )
        for what, old, new in (
            ("constants", self.old.constants, self.new.constants),
            ("macro functions", self.old.macros, self.new.macros),
        ):
            self.compared[what] = sum(name in new for name in old)

    def _notes(self) -> Iterator[str]:
        a, b = self.old.model, self.new.model
        if a.arch != b.arch:
            yield f"the sources are for different architectures: {a.arch} and {b.arch}"
        if a.big_endian != b.big_endian:
            yield "byte orders differ: offsets of bitfields count from different ends of a byte"
        for what, old, new in (
            ("constants that are macros", self.old.says_constants, self.new.says_constants),
            ("macro functions", self.old.says_macros, self.new.says_macros),
        ):
            if old != new:
                silent = (self.new if old else self.old).graph.info.name
                yield f"{what} are not compared: {silent} has none"
        for facts in (self.old, self.new):
            for spelling, problem in facts.unsized.items():
                if not facts.is_declared(spelling) and "[0]" not in spelling:
                    yield f"{facts.graph.info.name}: {spelling} has no size: {problem}"

    def layouts(self, subject: str) -> tuple[Layout | None, Layout | None]:
        """Both layouts of a record; None where a source lacks it."""
        if subject in self.pairs:
            a, b = self.pairs[subject]
        else:
            a, b = (record_named(facts, subject) for facts in (self.old, self.new))
        return (
            None if a is None else layout_of(self.old, a, subject),
            None if b is None else layout_of(self.new, b, subject),
        )


def _side(facts: Facts, name: str) -> Side:
    info, model = facts.graph.info, facts.model
    return Side(name, model.arch, info.release or "", model.big_endian, model.pointer_size)


def _likeness(a: Type, b: Type) -> float:
    """Share of names that two types have in common, of all that they have."""
    if type(a) is not type(b):
        return 0.0
    first, second = part_names(a), part_names(b)
    return len(first & second) / len(first | second)


def _has_all(facts: Facts, enum: Enum) -> bool:
    """Whether all constants of an enum are there, of whichever enum or as macros."""
    return all(facts.has_value(name, value) for name, value in enum.enumerators)


def _called(graph: TypeGraph, type_id: TypeId) -> str:
    """What a type without a name is called: by what is in it."""
    node = graph[type_id]
    assert isinstance(node, (Struct, Union, Enum))
    parts = node.enumerators if isinstance(node, Enum) else node.members
    listed = [part.name for part in parts[:_SHOWN_NAMES]]
    more = ", …" if len(parts) > _SHOWN_NAMES else ""
    return f"{keyword_of(node)} {{{', '.join(listed)}{more}}}"


def _type_fact(facts: Facts, type_id: TypeId) -> Fact:
    node = facts.graph[type_id]
    assert isinstance(node, (Struct, Union, Enum))
    if isinstance(node, Enum):
        text = f"{len(node.enumerators)} enumerators"
    else:
        text = f"{node.byte_size} bytes"
    return Fact(text, bit_size=8 * node.byte_size)


def _base_fact(facts: Facts, name: str) -> Fact | None:
    """Size and alignment of a base type, of pointers, or of whatever has that name."""
    graph = facts.graph
    if name == "pointers":
        size = facts.model.pointer_size
        return Fact(f"{size} bytes", bit_size=8 * size)
    layer: TypeGraph | None = graph
    while layer is not None:
        for type_id in layer.ids_of(Int, Float):
            node = graph[type_id]
            if isinstance(node, (Int, Float)) and name in (node.name, base_name(node)):
                align = facts.byte_align(type_id)
                text = f"{node.byte_size} bytes, aligned to {align}"
                return Fact(text, bit_size=8 * node.byte_size, value=align)
        layer = layer.base
    for type_id in facts.find(name, Typedef):
        return Fact(name, bit_size=_bits(facts, type_id))
    return None


def _bits(facts: Facts, type_id: TypeId) -> int | None:
    size = facts.byte_size(type_id)
    return None if size is None else 8 * size

"""What one header's unit says about each file it is made of: the parts of a package.

A package has a module for each file. A header that was given is told by its own
unit; a file that is only included by the first unit that includes it; of the C
library's and the compiler's files there is what others need of them, gathered
from all units.

Parts are plain data: they travel between processes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from uapigen.emit.headers import docs_by_table, documented, header_plan, source_of, with_docs
from uapigen.emit.macros import macro_stubs, macro_text
from uapigen.emit.naming import naming_stub
from uapigen.emit.stub_names import is_free
from uapigen.emit.stubs import constants_stub, types_stub
from uapigen.emit.tables import enum_text, record_text, value_text
from uapigen.emit.text import literal
from uapigen.ir.declarations import HeaderFile, Omission, Unit
from uapigen.ir.fingerprint import Fingerprints
from uapigen.ir.graph import TypeGraph, resolve
from uapigen.ir.naming import identifier, keyword_of
from uapigen.ir.references import references
from uapigen.ir.selection import Selection
from uapigen.ir.spelling import plain_name
from uapigen.ir.types import Enum, Func, Struct, Typedef, TypeId, Union, Var
from uapigen.ir.units import Joined, choose, join, types_in
from uapigen.layout.plan import Plan
from uapigen.layout.targets import DataModel

__all__ = ["Given", "Part", "copies_of", "own_plan", "parts_of"]


@dataclass
class Given:
    """What is the same for all units of a run."""

    model: DataModel
    headers: Collection[str]
    """Paths of the headers that were given (and could be read)."""
    only: Sequence[str] = ()
    exclude: Sequence[str] = ()
    naming: str = ""


@dataclass
class Part:
    """What a unit says about one file. Texts are as tables and stubs have them."""

    file: HeaderFile
    unit: int
    """The unit's place among all, which decides who is believed."""
    whole: bool
    """All that the file defines, rather than what others need of it."""
    source: dict[str, str]
    before: tuple[str, ...] = ()
    """Paths of the prerequisites, which the file does not include itself."""
    prerequisites: tuple[str, ...] = ()
    records: dict[str, str] = field(default_factory=dict)
    enums: dict[str, str] = field(default_factory=dict)
    typedefs: dict[str, str] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)
    macros: dict[str, str] = field(default_factory=dict)
    ioctls: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    incomplete: list[str] = field(default_factory=list)
    scalars: dict[str, tuple[str, int, int]] = field(default_factory=dict)
    stub: str = ""
    stub_imports: dict[str, str] = field(default_factory=dict)
    """Name in another file's stub -> that file's path."""
    links: dict[str, str] = field(default_factory=dict)
    """C spelling that it uses of another file -> that file's path."""
    uses: dict[str, int] = field(default_factory=dict)
    """The same -> the type's fingerprint."""
    defines: dict[str, int] = field(default_factory=dict)
    """C spelling -> fingerprint."""
    failures: list[Omission] = field(default_factory=list)

    def merge(self, other: Part) -> None:
        """Add what another unit needs of the file, or a copy of another file's types."""
        for name in _MERGED:
            mine, theirs = getattr(self, name), getattr(other, name)
            mine.update((key, value) for key, value in theirs.items() if key not in mine)
        self.incomplete = sorted({*self.incomplete, *other.incomplete})
        self.failures += [failure for failure in other.failures if failure not in self.failures]
        self.stub = _joined_stubs(self.stub, other.stub)

    def tidy(self) -> None:
        """Bring what is gathered from several units into the form that it has whatever they said
        of types that others had already: that depends on which process read which of them.
        """
        if self.whole:
            return
        self.stub = _joined_stubs(self.stub, "")
        tables = (self.records, self.enums, self.typedefs, self.functions, self.aliases)
        text = "\n".join([*self.aliases, *(t for table in tables for t in table.values())])
        words = set(_WORD.findall(text))
        for named in (self.links, self.uses):
            for spelling in [s for s in named if s.rpartition(" ")[2] not in words]:
                del named[spelling]
        self.incomplete = [s for s in self.incomplete if s.rpartition(" ")[2] in words]
        stubbed = set(_WORD.findall(self.stub))
        for name in [name for name in self.stub_imports if f"_i_{name}" not in stubbed]:
            del self.stub_imports[name]


_WORD = re.compile(r"\w+")
_MERGED = (
    *("records", "enums", "typedefs", "constants", "functions", "macros", "ioctls"),
    *("aliases", "scalars", "stub_imports", "links", "uses", "defines"),
)

_STUB_STATEMENT = re.compile(
    r"^(?:class |def )?(\w+)[^\n]*\n(?:(?: |\)|\"\"\")[^\n]*\n|\n(?= ))*", re.MULTILINE
)


def _joined_stubs(left: str, right: str) -> str:
    """Two stubs' statements, each name once: first what is one line, then classes."""
    found: dict[str, str] = {}
    for text in (left, right):
        for match in _STUB_STATEMENT.finditer(text):
            found.setdefault(match[1], match[0])
    lines = [text for text in found.values() if not text.startswith("class ")]
    classes = [text for text in found.values() if text.startswith("class ")]
    blocks = ["".join(lines)] + ["\n" + text for text in classes]
    return "".join(blocks).lstrip("\n")


def parts_of(
    unit: Unit, index: int, given: Given, done: Mapping[str, Collection[str]]
) -> tuple[list[Part], list[str]]:
    """The parts of a unit, and patterns of ``given.only`` that it has nothing for.

    ``done`` says what there is already of files that were not given: path ->
    C spellings; "" among them for a whole file.
    """
    joined = join([unit])
    selection = choose(joined, given.only, given.exclude)
    groups = _by_file(joined, selection)
    patterns = bool(given.only or given.exclude)
    macros = {constant.header for constant in joined.constants.values()}
    macros |= {macro.header for macro in joined.macros.values()}
    maker = _Maker(unit, index, given, joined)
    parts = []
    for path, file in unit.files.items():
        ids = groups.get(path, set())
        if path == unit.header:
            parts.append(maker.part(path, ids, whole=True))
        elif not (file.system or path in given.headers):
            if "" not in done.get(path, ()) and (ids or path in macros or not patterns):
                parts.append(maker.part(path, ids, whole=True))
        elif file.system or patterns:
            known = done.get(path, ())
            ids = {i for i in ids if _spelling(unit.graph, i) not in known}
            if ids:
                parts.append(maker.part(path, ids, whole=False))
    return parts, selection.unmatched


def own_plan(unit: Unit, given: Given) -> tuple[Plan, Collection[str]]:
    """What a package says of a unit's own header: the plan, and names of macro functions."""
    joined = join([unit])
    groups = _by_file(joined, choose(joined, given.only, given.exclude))
    maker = _Maker(unit, 0, given, joined)
    at_home = maker.at_home(unit.header, groups.get(unit.header, set()), whole=True)
    selection, _ = maker.selected(groups.get(unit.header, set()))
    return header_plan(at_home, given.model, selection), at_home.macros


def copies_of(
    unit: Unit, index: int, given: Given, wanted: Mapping[str, Collection[str]]
) -> list[Part]:
    """Parts with copies of other files' types, as the unit has them: path -> C spellings."""
    joined = join([unit])
    maker = _Maker(unit, index, given, joined)
    named = {_spelling(unit.graph, type_id): type_id for type_id in unit.owners}
    return [
        maker.part(path, {named[s] for s in spellings if s in named}, whole=False)
        for path, spellings in wanted.items()
    ]


def _by_file(joined: Joined, selection: Selection) -> dict[str, set[TypeId]]:
    """What was chosen, by the path of its file."""
    found: dict[str, set[TypeId]] = {}
    for type_id in (*selection.tags, *selection.typedefs, *selection.funcs, *selection.vars):
        path = joined.owners.get(type_id)
        if path is not None:
            found.setdefault(path, set()).add(type_id)
    return found


def _spelling(graph: TypeGraph, type_id: TypeId) -> str:
    """What other files call a type; "" for one without a name."""
    node = graph[type_id]
    if isinstance(node, (Struct, Union, Enum, Typedef)) and node.name:
        return plain_name(type_id, node)
    return ""


class _Maker:
    """Makes the parts of one unit."""

    def __init__(self, unit: Unit, index: int, given: Given, joined: Joined) -> None:
        self.unit, self.index, self.given, self.joined = unit, index, given, joined
        self.graph = unit.graph
        self.prints = Fingerprints(unit.graph)
        self._typedefs: dict[str, set[str]] = {}
        self._namers: dict[TypeId, str] = {}
        for type_id in unit.graph.ids_of(Typedef):
            node = unit.graph[type_id]
            assert isinstance(node, Typedef)
            path = unit.owners.get(type_id, "")
            self._typedefs.setdefault(path, set()).add(node.name)
            self._namers.setdefault(node.target, node.name)

    def part(self, path: str, ids: set[TypeId], *, whole: bool) -> Part:
        """What the unit says about one file: all of it, or these types only."""
        file = self.unit.files[path]
        part = Part(file, self.index, whole, source_of(file))
        if path == self.unit.header:
            part.prerequisites = self.unit.prerequisites
            modules = {f.module: f.path for f in self.unit.files.values()}
            part.before = tuple(modules[n] for n in part.prerequisites if n in modules)
        selection, outside = self.selected(ids)
        at_home = self.at_home(path, ids, whole=whole)
        plan = header_plan(at_home, self.given.model, selection)
        self._fill(part, plan, at_home)
        spellings = {*plan.ioctl_arguments.values(), *plan.type_aliases.values()}
        outside |= {
            type_id
            for spelling in spellings
            for type_id in types_in(self.graph, spelling)
            if type_id in self.unit.owners and type_id not in ids
        }
        self._link(part, outside, ids)
        self._stub(part, plan, at_home)
        part.failures = [
            Omission(spelling, spelling.partition(" ")[0], file.module, reason)
            for spelling, reason in plan.failures
        ]
        return part

    def at_home(self, path: str, ids: set[TypeId], *, whole: bool) -> Joined:
        """What is the file's own of constants, macros and comments."""
        joined = self.joined
        return Joined(
            self.graph,
            [self.unit],
            joined.files,
            joined.owners,
            {name: c for name, c in joined.constants.items() if c.header == path} if whole else {},
            {name: m for name, m in joined.macros.items() if m.header == path} if whole else {},
            {i: doc for i, doc in joined.docs.items() if i in ids},
            joined.constant_docs,
            [],
            joined.ioctl_arguments,
            {n: found for n, found in joined.type_aliases.items() if found[1] == path}
            if whole
            else {},
        )

    def selected(self, ids: set[TypeId]) -> tuple[Selection, set[TypeId]]:
        """The file's own types with those that no file owns, and what they use of other files."""
        graph, owners = self.graph, self.unit.owners
        chosen, seen = set(ids), set(ids)
        outside: set[TypeId] = set()
        todo = list(ids)
        while todo:
            node = graph[todo.pop()]
            for inner in references(node):
                if inner in seen:
                    continue
                seen.add(inner)
                found = graph[inner]
                if isinstance(found, (Struct, Union, Enum, Typedef)):
                    if inner in owners:
                        outside.add(inner)
                        continue
                    chosen.add(inner)
                todo.append(inner)
        selection = Selection()
        for type_id in sorted(chosen):
            node = graph[type_id]
            if isinstance(node, (Struct, Union, Enum)):
                selection.tags.append(type_id)
            elif isinstance(node, Typedef):
                selection.typedefs.append(type_id)
            elif isinstance(node, Func):
                selection.funcs.append(type_id)
            elif isinstance(node, Var):
                selection.vars.append(type_id)
        return selection, outside

    def _fill(self, part: Part, plan: Plan, joined: Joined) -> None:
        """The tables."""
        docs = docs_by_table(plan)
        for record in plan.records():
            doc = docs["records"].get(record.key, "")
            part.records[record.key] = documented(record_text(record), doc)
        for enum in plan.enums():
            part.enums[enum.key] = documented(enum_text(enum), docs["enums"].get(enum.key, ""))
        part.typedefs = {name: f'"{c_type}"' for name, c_type in plan.typedefs.items()}
        for name, value in plan.constants.items():
            if isinstance(value, tuple):
                part.constants[name] = (
                    f"({', '.join(f'{chr(34)}{literal(v)}{chr(34)}' for v in value)},)"
                )
            else:
                part.constants[name] = value_text(value)
        part.functions = {name: f'"{c_type}"' for name, c_type in plan.functions().items()}
        part.macros = {name: macro_text(macro) for name, macro in joined.macros.items()}
        part.ioctls = {n: f'"{literal(s)}"' for n, s in plan.ioctl_arguments.items()}
        part.aliases = plan.aliases()
        part.scalars = plan.scalars()
        part.incomplete = sorted(plan.incomplete)

    def _link(self, part: Part, outside: Iterable[TypeId], ids: Iterable[TypeId]) -> None:
        """What the file uses of others, and what others may use of it."""
        for type_id in sorted(outside):
            spelling = _spelling(self.graph, type_id)
            if spelling:
                part.links[spelling] = self.unit.owners[type_id]
                part.uses[spelling] = self.prints[type_id]
        for type_id in sorted(ids):
            spelling = _spelling(self.graph, type_id)
            if spelling:
                part.defines[spelling] = self.prints[type_id]

    def _stub(self, part: Part, plan: Plan, joined: Joined) -> None:
        prefix = "_s."

        def foreign(type_id: TypeId) -> str:
            """The name of another file's struct or union, imported; "" if it has none."""
            path = self.unit.owners.get(type_id)
            node = self.graph[type_id]
            if path is None or not isinstance(node, (Struct, Union)):
                return ""
            key = identifier(node.name) if node.name else self._namers.get(type_id, "")
            typedefs = self._typedefs.get(path, ())
            if node.name and key in typedefs and self._final(key) != type_id:
                key = f"{keyword_of(node)}_{key}"
            if not key or not is_free(key, ()):
                return ""
            part.stub_imports[key] = path
            return f"_i_{key}"

        body = "\n".join(
            text
            for text in (constants_stub(plan, prefix, ""), types_stub(plan, prefix, foreign))
            if text
        )
        body = with_docs("stub", body, docs_by_table(plan), joined.constant_docs)
        more = [naming_stub(plan, self.given.naming), macro_stubs(joined.macros.values(), prefix)]
        part.stub = "\n".join(text for text in (body, *more) if text)

    def _final(self, name: str) -> TypeId:
        """What a typedef of that name comes down to."""
        for type_id in self.graph.ids_named(name):
            if isinstance(self.graph[type_id], Typedef):
                return resolve(self.graph, type_id)
        return 0

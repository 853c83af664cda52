"""A snapshot as a graph of types, as any other source is one.

Types that are only mentioned lie in a base that the snapshot's own ones lie over:
so nothing takes them for something that was chosen. Every fact is checked where it
is used; layouts that lie are found where every source's are (``layout/records.py``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from typing import Any, NamedTuple

from uapigen.errors import UsageError
from uapigen.ir.graph import SourceInfo
from uapigen.ir.list_graph import ListGraph
from uapigen.ir.operations import ParameterNames
from uapigen.ir.types import (
    DeclTag,
    Enum,
    Enumerator,
    Float,
    Forward,
    Func,
    FuncProto,
    Int,
    Member,
    Section,
    SectionVar,
    Struct,
    Type,
    Typedef,
    TypeId,
    Union,
    Var,
)
from uapigen.ir.units import Joined
from uapigen.layout.targets import DataModel, find_target
from uapigen.operations.parameters import python_names
from uapigen.snapshot.c_types import (
    UNNAMED,
    Parser,
    SpellingError,
    is_mentioned,
    mentioned_tags,
)
from uapigen.snapshot.order import sorted_with
from uapigen.snapshot.shapes import About, Reader
from uapigen.snapshot.text import parse

__all__ = ["Snapshot", "SnapshotGraph", "read_content", "read_labelled", "read_snapshot"]

_KEYWORDS = ("struct", "union", "enum")
_LINKAGES = ("static", "global", "extern")
_INT_KINDS = {"u": (False, False), "i": (True, False), "bu": (False, True), "bi": (True, True)}
_WORD = re.compile(r"\w+", re.ASCII)
_MAX_WORD = 1 << 32
_MAX_BIT = 1 << 43
_MAX_WIDTH = 256
_MAX_ALIKE = 100


class SnapshotGraph(ListGraph):
    """A snapshot's types; its sources are those that it was made from."""

    recorded: list[SourceInfo]
    says_linkage = True
    """Whether functions' linkage is known (generated bindings do not have it)."""
    says_tags = True
    """Whether types without a tag are told from those that are called like their typedef."""
    parameter_names: dict[tuple[TypeId, str], ParameterNames]
    """By operation table and member, where the functions that have the names are not here."""

    @property
    def sources(self) -> list[SourceInfo]:
        return self.recorded


class Snapshot(NamedTuple):
    """What a snapshot says."""

    graph: SnapshotGraph
    model: DataModel
    headers: Joined | None
    """What headers say beside types, if it was made from some."""


def read_snapshot(data: bytes, path: str) -> Snapshot:
    """Read a snapshot; ``path`` is for messages.

    Raises :class:`InputError` with the file and the place in it for whatever is
    not as ``docs/snapshot.schema.json`` has it.
    """
    return read_content(parse(data, path), path)


def read_content(content: dict[str, Any], path: str) -> Snapshot:
    """A snapshot that is not written down; else as :func:`read_snapshot`."""
    return _Reading(Reader(content, path)).snapshot()


def read_labelled(content: dict[str, Any]) -> tuple[Snapshot, Mapping[str, TypeId]]:
    """A snapshot that is being made, and the ids of what its labels stand for."""
    reading = _Reading(Reader(content, "snapshot"))
    return reading.snapshot(), reading.labels


def _constant(text: str) -> Callable[[], str]:
    return lambda: text


class _Reading:
    """One snapshot being read: labels first, then what they stand for."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        reader.known("", "", reader.content)
        self.model = self._find_model()
        info = SourceInfo(
            reader.path, lambda: "", self.model.big_endian, self.model.pointer_size, self.model.arch
        )
        self.labels: dict[str, TypeId] = {}
        self.records = list(self._find_records())
        self.typedefs = [(p, row, reader.row(p, row, (str, str))[1])
                         for p, row in reader.rows("typedefs")]  # fmt: skip
        self.functions = [(p, row, reader.row(p, row, (str, str))[1], 0)
                          for p, row in reader.rows("functions")]  # fmt: skip
        self.variables = [(p, row, reader.row(p, row, (str, str))[1], 0)
                          for p, row in reader.rows("variables")]  # fmt: skip
        self.owners: dict[TypeId, tuple[str, Any]] = {}
        self.tags: list[tuple[str, TypeId, Any]] = []
        self.pointed: set[TypeId] = set()
        self._parts: set[TypeId] = set()
        self.graph = SnapshotGraph(info, self._mentioned(info))
        self.graph.recorded = self._sources(info)
        self.parser = Parser(self.graph, self.labels)

    def snapshot(self) -> Snapshot:
        self._add_base_types()
        self._add_incomplete()
        btf_end = self._reserve()
        define, labels = self.graph.define, self.labels
        for place, label, row in self.records:
            self._more(place, labels[label], row)
            define(labels[label], self._record(place, label, row))
        for place, (label, spelling, *_), about in self.typedefs:
            self._more(place, labels[label], about)
            name, target = self.reader.name(place, about, label), self._type(place, spelling)
            define(labels[label], Typedef(name, target, self.reader.align(place, about)))
        self._define_functions()
        self._define_variables()
        for place, target, tags in self.tags:
            self._add_tags(place, target, tags)
        self.graph.parameter_names = dict(self._parameters())
        self._tell_apart()
        joined = None
        if "headers" in self.reader.content:
            from uapigen.snapshot.headers import read_headers

            joined = read_headers(self.reader, self.graph, self.owners, labels, btf_end)
            if joined is not None:
                joined.pointed = self.pointed
        return Snapshot(self.graph, self.model, joined)

    def _more(self, place: str, type_id: TypeId, about: About) -> None:
        """The header that has something, and the tags on it."""
        if "header" in about:
            self.owners[type_id] = f"{place}.header", about["header"]
        if self.reader.truth(f"{place}.pointed", about.get("pointed", False)):
            self.pointed.add(type_id)
        if "tags" in about:
            self.tags.append((f"{place}.tags", type_id, about["tags"]))

    # The whole

    def _find_model(self) -> DataModel:
        reader, content = self.reader, self.reader.content
        arch = reader.text("arch", content.get("arch"))
        try:
            model = find_target(arch)
        except UsageError:
            reader.refuse("arch", f"{arch[:50]!r} is no architecture that this version knows")
        expected = ("big" if model.big_endian else "little", model.pointer_size)
        for key, value in zip(("byteorder", "pointer_size"), expected, strict=True):
            if content.get(key) != value:
                reader.refuse(key, f"is not that of {arch}, {value!r}")
        return model

    def _sources(self, info: SourceInfo) -> list[SourceInfo]:
        reader = self.reader
        release = reader.content.get("release")
        if release is not None:
            reader.text("release", release)
        found = []
        for place, source in reader.items("sources"):
            if not isinstance(source, dict):
                reader.refuse(place, "is no object")
            name = reader.text(f"{place}.name", source.get("name"))
            digest = reader.text(f"{place}.sha256", source.get("sha256"))
            found.append(info._replace(name=name, digest=_constant(digest), release=release))
        return found

    # Names

    def _label(self, place: str, label: str, type_id: TypeId) -> None:
        if self.labels.setdefault(label, type_id) != type_id:
            self.reader.refuse(place, f"{label[:100]} is there twice")

    def _find_records(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """(place, label, row) of structs, unions and enums, as they are listed."""
        for place, row in self.reader.items("types"):
            if not isinstance(row, dict):
                self.reader.refuse(place, "is no object")
            keyword = next((word for word in _KEYWORDS if word in row), "")
            if not keyword:
                self.reader.refuse(place, "is neither struct, union nor enum")
            label = f"{keyword} {self.reader.text(f'{place}.{keyword}', row[keyword])}"
            place = f"{place} ({label[:100]})"
            self.reader.known(keyword, place, row)
            yield place, label, row

    def _mentioned(self, info: SourceInfo) -> ListGraph:
        """What is pointed to but not described, as a graph of its own."""
        reader, base = self.reader, ListGraph(info)
        named: dict[str, TypeId] = {}
        typedefs = []
        for place, row in reader.rows("mentioned"):
            keyword, _, label = row[0].partition(" ")
            if keyword in _KEYWORDS and label:
                _, about = reader.row(place, row, (str,))
                named[row[0]] = base.add(Forward(reader.name(place, about, label), keyword, True))
            else:
                _, about = reader.row(place, row, (str, str))
                named[row[0]] = base.reserve()
                typedefs.append((place, row, about))
            self._label(place, row[0], named[row[0]])
        spelled = "\n".join([row[1] for _, row, _ in typedefs])
        for label in sorted(mentioned_tags(spelled)):
            named.setdefault(label, base.add(_mention(label)))
        if typedefs:
            words = set(_WORD.findall(spelled))
            named |= {label: base.add(node) for _, label, node in self._base_types()}
            for _, (label, *_), _ in self.typedefs:
                if label in words:
                    named.setdefault(label, base.add(Forward(label, "typedef", True)))
        parser = Parser(base, named)
        for place, row, about in typedefs:
            node = Typedef(reader.name(place, about, row[0]), self._parsed(parser, place, row[1]))
            base.define(named[row[0]], node)
        described = {label for _, label, _ in self.records}
        described |= {row[0] for _, row in reader.rows("incomplete")}
        for label in sorted(mentioned_tags("\n".join(self._spellings())) - described):
            if label not in self.labels:
                self.labels[label] = base.add(_mention(label))
        return base

    def _spellings(self) -> Iterator[str]:
        """All types that are spelled anywhere; their shapes are not checked yet."""
        for _, _, record in self.records:
            members = record.get("members")
            for member in members if isinstance(members, list) else ():
                if isinstance(member, list) and len(member) > 2 and isinstance(member[2], str):
                    yield member[2]
        for name in ("typedefs", "functions", "variables"):
            for _, row in self.reader.rows(name):
                if len(row) > 1 and isinstance(row[1], str):
                    yield row[1]

    def _parsed(self, parser: Parser, place: str, spelling: Any) -> TypeId:
        try:
            return parser.parse(self.reader.text(place, spelling))
        except SpellingError as error:
            self.reader.refuse(place, str(error))

    def _type(self, place: str, spelling: Any) -> TypeId:
        return self._parsed(self.parser, place, spelling)

    def _add_base_types(self) -> None:
        for place, label, node in self._base_types():
            self._label(place, label, self._new(node))

    def _base_types(self) -> Iterator[tuple[str, str, Type]]:
        """(place, label, node) of each."""
        reader = self.reader
        for place, row in reader.rows("base_types"):
            (label, byte_size, kind, *_), about = reader.row(place, row, (str, int, str))
            name = reader.name(place, about, label)
            if not 0 < byte_size <= 16:
                reader.refuse(place, f"a base type of {byte_size} bytes")
            node: Type
            if kind == "f":
                node = Float(name, byte_size)
            elif kind in _INT_KINDS:
                node = Int(name, byte_size, *_INT_KINDS[kind], 0, 8 * byte_size)
            else:
                reader.refuse(place, f"{kind[:20]!r} is no kind of base type")
            yield place, label, node

    def _new(self, node: Type) -> TypeId:
        """The id of a node that is there once, whatever others are like it."""
        type_id = self.graph.reserve()
        self.graph.define(type_id, node)
        return type_id

    def _add_incomplete(self) -> None:
        for place, row in self.reader.rows("incomplete"):
            _, about = self.reader.row(place, row, (str,))
            keyword, _, label = row[0].partition(" ")
            if keyword not in (*_KEYWORDS, "typedef") or not label:
                self.reader.refuse(place, "is no struct, union, enum or typedef")
            node = Forward(self.reader.name(place, about, label), keyword)
            self._label(place, label if keyword == "typedef" else row[0], self._new(node))

    def _reserve(self) -> TypeId:
        """Ids of what is described, in an order that gives types the names they have.

        Those of BTF first, if it is beside headers; where these end, else 0.
        """
        listed = {label: place for place, label, _ in self.records}
        if len(listed) != len(self.records):
            labels = [label for _, label, _ in self.records]
            twice = next(label for label in labels if labels.count(label) > 1)
            self.reader.refuse(listed[twice], "is there twice")
        after = {
            label: [self.reader.text(place, o) for o in self.reader.list(place, row["after"])]
            for place, label, row in self.records
            if "after" in row
        }
        of_header = {label for _, label, row in self.records if "header" in row}
        headers = self.reader.content.get("headers")
        over_btf = isinstance(headers, dict) and headers.get("over_btf") is True
        ordered = sorted_with(list(listed), after)
        btf_end = 0
        for header in (False, True) if over_btf else (None,):
            for label in ordered:
                if header is None or (label in of_header) == header:
                    self._label(listed[label], label, self.graph.reserve())
            for place, (label, *_), about in self.typedefs:
                if header is None or ("header" in about) == header:
                    self._label(place, label, self.graph.reserve())
            for rows in (self.functions, self.variables):
                for at, (place, row, about, _) in enumerate(rows):
                    if header is None or ("header" in about) == header:
                        rows[at] = place, row, about, self.graph.reserve()
            btf_end = btf_end or (len(self.graph) if over_btf else 0)
        return btf_end

    def _tell_apart(self) -> None:
        """Two of one name are different, though what tells them apart may not be described."""
        named: dict[tuple[object, ...], list[TypeId]] = {}
        for _, label, row in self.records:
            name = row.get("name", label.partition(" ")[2])
            if name:
                named.setdefault((label.partition(" ")[0], name), []).append(self.labels[label])
        for place, (label, *_), about in self.typedefs:
            if "same_as" not in about:
                name = self.reader.name(place, about, label)
                named.setdefault(("", name), []).append(self.labels[label])
        for alike in named.values():
            for pair in combinations(alike[:_MAX_ALIKE], 2):
                self.graph.nodes.different |= {pair, pair[::-1]}

    # Types

    def _record(self, place: str, label: str, row: About) -> Type:
        reader = self.reader
        keyword, _, tag = label.partition(" ")
        name = reader.name(place, row, tag)
        byte_size = reader.number(f"{place}.size", row.get("size"), _MAX_WORD)
        if keyword == "enum":
            signed = reader.truth(f"{place}.signed", row.get("signed", False))
            constants = row.get("constants")
            return Enum(name, byte_size, signed, self._constants(f"{place}.constants", constants))
        members = reader.list(f"{place}.members", row.get("members"))
        node = Struct if keyword == "struct" else Union
        made = [self._member(f"{place}.members[{at}]", one) for at, one in enumerate(members)]
        return node(name, byte_size, tuple(made), reader.align(place, row))

    def _member(self, place: str, row: Any) -> Member:
        reader = self.reader
        if not isinstance(row, list) or not 3 <= len(row) <= 4:
            reader.refuse(place, "is no [name, bit offset, type] with or without a bit width")
        name, bit_offset, spelling, *width = row
        type_id = self.parser.known.get(spelling) if isinstance(spelling, str) else None
        if type_id is None:
            type_id = self._type(place, spelling)
        if type_id not in self._parts and is_mentioned(self.graph, type_id):
            reader.refuse(place, f"{spelling[:100]!r} is part of it, but not described")
        self._parts.add(type_id)
        return Member(
            reader.text(place, name),
            type_id,
            reader.number(place, bit_offset, _MAX_BIT),
            reader.number(place, width[0], _MAX_WIDTH) if width else 0,
        )

    def _constants(self, place: str, rows: Any) -> tuple[Enumerator, ...]:
        found = []
        for at, row in enumerate(self.reader.list(place, rows)):
            if not (
                isinstance(row, list)
                and len(row) == 2
                and isinstance(row[0], str)
                and type(row[1]) is int
                and -(1 << 63) <= row[1] < 1 << 64
            ):
                self.reader.refuse(f"{place}[{at}]", "is no [name, number of up to 64 bits]")
            found.append(Enumerator(*row))
        return tuple(found)

    def _linkage(self, place: str, about: About, default: str) -> str:
        linkage = about.get("linkage", default)
        if linkage not in _LINKAGES:
            self.reader.refuse(f"{place}.linkage", "is none of static, global and extern")
        return str(linkage)

    def _define_functions(self) -> None:
        for place, (name, spelling, *_), about, type_id in self.functions:
            proto = self._type(place, spelling)
            if not isinstance(self.graph[proto], FuncProto):
                self.reader.refuse(place, f"{spelling[:100]!r} is no function's type")
            self.graph.define(type_id, Func(name, proto, self._linkage(place, about, "static")))
            self._more(place, type_id, about)

    def _define_variables(self) -> None:
        reader = self.reader
        sections: dict[str, list[SectionVar]] = {}
        for place, (name, spelling, *_), about, type_id in self.variables:
            linkage = self._linkage(place, about, "global")
            self.graph.define(type_id, Var(name, self._type(place, spelling), linkage))
            if "section" in about:
                section = reader.text(f"{place}.section", about["section"])
                where = [reader.number(f"{place}.{key}", about.get(key), _MAX_WORD)
                         for key in ("offset", "size")]  # fmt: skip
                sections.setdefault(section, []).append(SectionVar(type_id, *where))
            self._more(place, type_id, about)
        sizes = {}
        for place, row in reader.rows("sections"):
            sizes[row[0]] = reader.number(
                place, reader.row(place, row, (str, int))[0][1], _MAX_WORD
            )
        for name, placed in sections.items():
            if name not in sizes:
                reader.refuse("sections", f"{name[:100]!r} is not listed, but variables lie in it")
            placed.sort(key=lambda one: one.byte_offset)
            self._new(Section(name, sizes[name], tuple(placed)))

    def _parameters(self) -> Iterator[tuple[tuple[TypeId, str], ParameterNames]]:
        reader = self.reader
        for place, row in reader.rows("parameters"):
            (label, member, names, function, *_), about = reader.row(place, row, (str,) * 4)
            listed = tuple(names.split())
            if label not in self.labels:
                reader.refuse(place, f"{label[:100]} is not described")
            if python_names(listed) != listed:
                reader.refuse(place, f"{names[:100]!r} are no names for parameters")
            closely = reader.truth(f"{place}.closely", about.get("closely", True))
            yield (self.labels[label], member), ParameterNames(listed, function, closely)

    def _add_tags(self, place: str, target: TypeId, tags: Any) -> None:
        for at, tag in enumerate(self.reader.list(place, tags)):
            if not (
                isinstance(tag, list)
                and [type(item) for item in tag] in ([str, int], [str, int, bool])
                and -1 <= tag[1] < _MAX_WORD
            ):
                self.reader.refuse(f"{place}[{at}]", "is no [text, component]")
            self._new(DeclTag(tag[0], target, *tag[1:]))


def _mention(label: str) -> Forward:
    keyword, _, name = label.partition(" ")
    return Forward("" if name == UNNAMED else name, keyword, True)

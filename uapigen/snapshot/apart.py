"""The rows of a snapshot that say what single headers have otherwise than all together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from uapigen.ir.declarations import Doc, Unit
from uapigen.ir.fingerprint import Fingerprints
from uapigen.ir.types import Enum, TypeId
from uapigen.ir.units import Joined, types_in
from uapigen.snapshot.headers import (
    CONSTANT,
    HeaderOf,
    Modules,
    alias_row,
    constant_row,
    macro_row,
    read_alias,
    read_constant,
    read_ioctl,
    read_macro,
)
from uapigen.snapshot.separate import Apart, UnitMaker, identity_of, reached
from uapigen.snapshot.shapes import Reader

__all__ = ["apart_rows", "read_apart"]

Row = list[Any]
_Known = tuple[object, str, int]
"""A type as different graphs know it: what it is called, its file, its fingerprint."""
_COMMENT = "comment "
_KINDS = ("constant", "macro", "ioctl", "alias")


# Writing


def apart_rows(
    joined: Joined,
    labels: Mapping[TypeId, str],
    first: Callable[[TypeId], TypeId],
    read: Joined,
    read_labels: Mapping[str, TypeId],
) -> list[dict[str, Any]]:
    """What each header of ``joined`` has otherwise than ``read``, the snapshot without these rows.

    ``labels`` are those of the types that the snapshot has, ``read_labels`` their ids in
    it; ``first`` gives the type that stands for those that are the same.
    """
    return list(_Finder(joined, labels, first, read, read_labels).all())


class _Finder:
    def __init__(
        self,
        joined: Joined,
        labels: Mapping[TypeId, str],
        first: Callable[[TypeId], TypeId],
        read: Joined,
        read_labels: Mapping[str, TypeId],
    ) -> None:
        self._joined, self._labels, self._first = joined, labels, first
        self._read, self._read_labels = read, read_labels
        self._read_names = {type_id: label for label, type_id in read_labels.items()}
        self._module = Modules(joined)
        self._prints = Fingerprints(read.graph)

    def all(self) -> Iterator[dict[str, Any]]:
        """A row for each header about which there is something to say."""
        joined, read = self._joined, self._read
        assert joined.single is not None
        beside = {}
        for index, header in enumerate(unit.header for unit in read.units):
            own = {*reached(read.files, header)}
            files = dict.fromkeys(self._module[path] for path in joined.single(index)[0].files)
            others = [path for path in files if path in read.files and path not in own]
            beside[header] = Apart(beside=tuple(others))
        maker = UnitMaker(read, beside)
        for index in range(len(joined.units)):
            unit, ids = joined.single(index)
            view, view_ids = maker.make(index)
            found = self._one(unit, ids, view, view_ids, maker.told[index])
            wanted = {*unit.prerequisites, *maker.told[index], *view.owners.values()}
            wanted.update(path for _, path in found.get("types", ()))
            others = [path for path in beside[view.header].beside if path in wanted]
            if others:
                found["beside"] = others
            if found:
                yield {"unit": view.header, **found}

    def _one(
        self,
        unit: Unit,
        ids: Sequence[TypeId],
        view: Unit,
        view_ids: Sequence[TypeId],
        told: set[str],
    ) -> dict[str, Any]:
        ours = self._types(unit, ids)
        theirs: dict[_Known, str] = {}
        for own, path in view.owners.items():
            label = self._read_names.get(view_ids[own], "")
            if label and identity_of(view.graph[own]):
                theirs.setdefault(self._known(label, path), label)
        names = {known[0] for known in ours}
        tables = self._tables(unit, told, self._module)
        rivals = {known[0] for known in theirs} | self._named(unit, tables)
        without = [
            label
            for known, label in theirs.items()
            if known not in ours and known[1] in told and known[0] not in names
        ]
        found: dict[str, Any] = {"prerequisites": list(unit.prerequisites)}
        found["types"] = [
            [label, known[1]]
            for known, label in ours.items()
            if known not in theirs and (known[1] in told or known[0] in rivals)
        ]
        there = self._tables(view, told, {path: path for path in self._read.files})
        for kind, key in zip(
            _KINDS, ("constants", "macros", "ioctls", "type_aliases"), strict=True
        ):
            rows, known_rows = tables[kind], there[kind]
            found[key] = [row for name, row in sorted(rows.items()) if known_rows.get(name) != row]
            without += [f"{kind} {name}" for name in known_rows if name not in rows]
        here = {known: label for known, label in ours.items() if known[1] in told}
        docs = self._docs(unit, ids), self._docs(view, view_ids)
        found["comments"] = []
        for known, label in here.items():
            doc, other = docs[0].get(known), docs[1].get(known)
            label = theirs.get(known, label)
            if doc and doc != other:
                found["comments"].append([label, doc.text, *([doc.members] if doc.members else ())])
            elif other and not doc:
                without.append(f"{_COMMENT}{label}")
        constants = set(tables["constant"]) | {
            name
            for own, path in unit.owners.items()
            if self._module[path] in told
            and isinstance(node := unit.graph[own], Enum)
            and self._label(ids[own])
            for name, _ in node.enumerators
        }
        for name in sorted(constants):
            text, other_text = unit.constant_docs.get(name), view.constant_docs.get(name)
            if text is not None and text != other_text:
                found["comments"].append([f"{CONSTANT}{name}", text])
            elif text is None and other_text is not None:
                without.append(f"{_COMMENT}{CONSTANT}{name}")
        found["without"] = sorted(without)
        return {key: value for key, value in found.items() if value}

    def _types(self, unit: Unit, ids: Sequence[TypeId]) -> dict[_Known, str]:
        """Labels of a unit's types, where the snapshot has them."""
        found: dict[_Known, str] = {}
        for own, path in sorted(unit.owners.items()):
            label = self._label(ids[own])
            if label and identity_of(unit.graph[own]):
                found.setdefault(self._known(label, self._module[path]), label)
        return found

    def _named(self, unit: Unit, tables: Mapping[str, Mapping[str, Row]]) -> set[object]:
        """The types that a unit's macros name."""
        spellings = {row[1] for kind in ("ioctl", "alias") for row in tables[kind].values()}
        ids = [i for spelling in spellings for i in types_in(unit.graph, spelling)]
        return {identity_of(unit.graph[type_id]) for type_id in ids}

    def _label(self, type_id: TypeId) -> str:
        return self._labels.get(type_id) or self._labels.get(self._first(type_id), "")

    def _known(self, label: str, path: str) -> _Known:
        type_id = self._read_labels[label]
        return identity_of(self._read.graph[type_id]), path, self._prints[type_id]

    def _docs(self, unit: Unit, ids: Sequence[TypeId]) -> dict[_Known, Doc]:
        found: dict[_Known, Doc] = {}
        is_read = unit.graph.info is self._read.graph.info
        for own, doc in sorted(unit.docs.items()):
            label = self._read_names.get(ids[own], "") if is_read else self._label(ids[own])
            path = unit.owners.get(own)
            if label and path is not None and (doc.text or doc.members):
                found.setdefault(self._known(label, path if is_read else self._module[path]), doc)
        return found

    def _tables(
        self, unit: Unit, told: set[str], module: Mapping[str, str]
    ) -> dict[str, dict[str, Row]]:
        """By kind and name, the rows of what a unit's files say beside types."""
        joined = self._joined
        constants = {c.name: constant_row(c, module) for c in unit.constants
                     if c.name in joined.constants and module[c.header] in told}  # fmt: skip
        macros = {m.name: macro_row(m, module) for m in unit.macros
                  if m.name in joined.macros and module[m.header] in told}  # fmt: skip
        ioctls = {name: [name, spelling] for name, spelling in unit.ioctl_arguments.items()
                  if name in constants}  # fmt: skip
        headers = {o.name: o.header for o in unit.omissions if o.kind == "macro"}
        aliases = {}
        for name, spelling in unit.type_aliases.items():
            path = headers.get(name, unit.header)
            if name != spelling and name in joined.type_aliases and module[path] in told:
                aliases[name] = alias_row(name, spelling, module[path])
        return {"constant": constants, "macro": macros, "ioctl": ioctls, "alias": aliases}


# Reading


def read_apart(reader: Reader, header: HeaderOf, labels: Mapping[str, TypeId]) -> dict[str, Apart]:
    """By header, what a snapshot says of it alone."""
    found: dict[str, Apart] = {}
    for place, row in reader.items("units"):
        if not isinstance(row, dict):
            reader.refuse(place, "is no object")
        reader.known("units", place, row)
        name = header(f"{place}.unit", row.get("unit"))
        if name in found:
            reader.refuse(place, f"{name[:100]} is there twice")
        found[name] = _read_one(reader, place, row, header, labels)
    return found


def _read_one(
    reader: Reader,
    place: str,
    row: dict[str, Any],
    header: HeaderOf,
    labels: Mapping[str, TypeId],
) -> Apart:
    def type_of(where: str, label: str) -> TypeId:
        if label not in labels:
            reader.refuse(where, f"{label[:100]} is not described")
        return labels[label]

    def texts(key: str) -> list[str]:
        listed = reader.list(f"{place}.{key}", row.get(key, []))
        return [reader.text(f"{place}.{key}", one) for one in listed]

    beside = [header(f"{place}.beside", name) for name in texts("beside")]
    apart = Apart(tuple(texts("prerequisites")), tuple(beside))
    for where, one in reader.inner_rows(place, row, "types"):
        (label, path), _ = reader.row(where, one, (str, str))
        apart.types[type_of(where, label)] = header(where, path)
    for where, one in reader.inner_rows(place, row, "constants"):
        apart.constants[one[0]] = read_constant(reader, where, one, header)
    for where, one in reader.inner_rows(place, row, "macros"):
        apart.macros[one[0]] = read_macro(reader, where, one, header)
    for where, one in reader.inner_rows(place, row, "ioctls"):
        apart.ioctls.update([read_ioctl(reader, where, one)])
    for where, one in reader.inner_rows(place, row, "type_aliases"):
        apart.aliases.update([read_alias(reader, where, one, header)])
    for where, one in reader.inner_rows(place, row, "comments"):
        (label, text, *_), members = reader.row(where, one, (str, str))
        if not all(isinstance(member, str) for member in members.values()):
            reader.refuse(where, "has a member's comment that is no text")
        if label.startswith(CONSTANT):
            apart.constant_docs[label.removeprefix(CONSTANT)] = text
        else:
            apart.docs[type_of(where, label)] = Doc(text, members)
    where = f"{place}.without"
    for lacking in texts("without"):
        kind, _, name = lacking.partition(" ")
        if kind in _KINDS:
            apart.without.add(lacking)
        elif lacking.startswith(_COMMENT + CONSTANT):
            apart.without_constant_docs.add(lacking.removeprefix(_COMMENT + CONSTANT))
        elif lacking.startswith(_COMMENT):
            apart.without_docs.add(type_of(where, name))
        else:
            apart.without_types.add(type_of(where, lacking))
    return apart

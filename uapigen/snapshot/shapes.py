"""What the rows of a snapshot must look like; each check names the place that is wrong.

The same in JSON Schema is ``docs/snapshot.schema.json``. Here it is code, because a
snapshot is read in the time that a schema's validator takes to be imported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from uapigen.errors import InputError

__all__ = ["KEYS", "About", "Reader"]

About = dict[str, Any]
_MAX_NUMBER = 1 << 64
_MAX_ALIGN = 1 << 31


_RECORD = frozenset({"name", "after", "size", "header", "pointed", "tags"})
KEYS = {
    "": frozenset(
        {
            "uapigen_snapshot", "arch", "byteorder", "pointer_size", "release", "sources",
            "headers", "files", "base_types", "types", "typedefs", "functions", "variables",
            "sections", "parameters", "mentioned", "incomplete", "constants", "macros", "ioctls",
            "type_aliases", "comments", "units",
        }
    ),
    "headers": frozenset({"given", "over_btf", "prerequisites", "only", "exclude"}),
    "sources": frozenset({"name", "sha256"}),
    "files": frozenset({"system", "includes"}),
    "units": frozenset(
        {
            "unit", "prerequisites", "beside", "types", "constants", "macros", "ioctls",
            "type_aliases", "comments", "without",
        }
    ),
    "struct": _RECORD | {"struct", "align", "members"},
    "union": _RECORD | {"union", "align", "members"},
    "enum": _RECORD | {"enum", "signed", "constants"},
    "typedefs": frozenset({"name", "align", "same_as", "header", "pointed", "tags"}),
    "functions": frozenset({"linkage", "header", "tags"}),
    "variables": frozenset({"linkage", "section", "offset", "size", "header", "tags"}),
    "parameters": frozenset({"closely"}),
    "base_types": frozenset({"name"}),
    "mentioned": frozenset({"name"}),
    "incomplete": frozenset({"name"}),
}  # fmt: skip
"""The keys of objects; "" is the whole."""


class Reader:
    """Checked access to one snapshot's content."""

    def __init__(self, content: Mapping[str, Any], path: str) -> None:
        self.content = content
        self.path = path

    def refuse(self, place: str, problem: str) -> NoReturn:
        """Raise :class:`InputError`."""
        raise InputError(self.path, place, problem)

    def known(self, sort: str, place: str, found: Mapping[str, Any]) -> None:
        """Refuse an object that has a key which this format does not have."""
        unknown = found.keys() - KEYS[sort]
        if unknown:
            self.refuse(place, f"unknown key {min(unknown)[:100]!r}")

    def rows(self, name: str) -> Iterator[tuple[str, list[Any]]]:
        """(place, row) of a list of rows; a row is a list that begins with a name."""
        for place, row in self.items(name):
            if not isinstance(row, list) or not row or not isinstance(row[0], str):
                self.refuse(place, "is no list that begins with a name")
            yield place, row

    def inner_rows(
        self, place: str, found: Mapping[str, Any], key: str
    ) -> Iterator[tuple[str, list[Any]]]:
        """The same of a list within an object."""
        for at, row in enumerate(self.list(f"{place}.{key}", found.get(key, []))):
            if not isinstance(row, list) or not row or not isinstance(row[0], str):
                self.refuse(f"{place}.{key}[{at}]", "is no list that begins with a name")
            yield f"{place}.{key}[{at}]", row

    def items(self, name: str) -> Iterator[tuple[str, Any]]:
        """(place, item) of a list, which may be absent."""
        items = self.content.get(name, [])
        if not isinstance(items, list):
            self.refuse(name, "is no list")
        for at, item in enumerate(items):
            yield f"{name}[{at}]", item

    def row(self, place: str, row: list[Any], kinds: tuple[type, ...]) -> tuple[list[Any], About]:
        """A row's items, which must be of these classes, and what follows them as an object."""
        about: About = {}
        if len(row) == len(kinds) + 1 and isinstance(row[-1], dict):
            about = row[-1]
            sort = place.partition("[")[0]
            if sort in KEYS:
                self.known(sort, place, about)
        elif len(row) != len(kinds):
            self.refuse(place, f"has {len(row)} items instead of {len(kinds)}")
        for at, kind in enumerate(kinds):
            if type(row[at]) is not kind:
                self.refuse(f"{place}[{at}]", f"is no {_NAMES[kind]}")
        return row, about

    def number(self, place: str, value: Any, limit: int = _MAX_NUMBER) -> int:
        """A whole number from 0 to below ``limit``."""
        if type(value) is not int:
            self.refuse(place, "is no whole number")
        if not 0 <= value < limit:
            self.refuse(place, "is a number that is too large" if value > 0 else "is negative")
        return value

    def text(self, place: str, value: Any) -> str:
        if not isinstance(value, str):
            self.refuse(place, "is no text")
        return value

    def list(self, place: str, value: Any) -> list[Any]:
        if not isinstance(value, list):
            self.refuse(place, "is no list")
        return value

    def truth(self, place: str, value: Any) -> bool:
        if not isinstance(value, bool):
            self.refuse(place, "is neither true nor false")
        return value

    def name(self, place: str, about: About, label: str) -> str:
        """The C name behind a label."""
        return self.text(f"{place}.name", about.get("name", label))

    def align(self, place: str, about: About) -> int | None:
        """An alignment in bytes, where there is one: a power of two."""
        if "align" not in about:
            return None
        align = self.number(f"{place}.align", about["align"], _MAX_ALIGN)
        if not align or align & (align - 1):
            self.refuse(f"{place}.align", f"{align} is no power of two")
        return align


_NAMES = {str: "text", int: "whole number", list: "list"}

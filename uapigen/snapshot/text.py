"""A snapshot as text: JSON, a line for each fact, so that a change is seen in its line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from uapigen.errors import InputError
from uapigen.snapshot.mark import MARK

__all__ = ["FORMAT", "LISTS", "parse", "says_the_same", "snapshot_text"]

FORMAT = 1
"""The version of the format; a later one is refused. ``docs/snapshot.schema.json`` describes it."""
LISTS = (
    "base_types",
    "types",
    "typedefs",
    "functions",
    "variables",
    "sections",
    "parameters",
    "mentioned",
    "incomplete",
    "constants",
    "macros",
    "ioctls",
    "type_aliases",
    "comments",
    "units",
)
_INNER = (
    *("members", "constants"),
    *("types", "macros", "ioctls", "type_aliases", "comments", "without"),
)
"""Lists in a type's line that have lines of their own."""


def snapshot_text(head: Mapping[str, Any], lists: Mapping[str, list[Any]]) -> str:
    """The text; ``head`` are the facts about the snapshot as a whole."""
    parts = [f"{_dumped(MARK)}: {FORMAT}"]
    parts += [f"{_dumped(key)}: {_head_value(value)}" for key, value in head.items()]
    parts += [f"{_dumped(name)}: {_listed(lists[name])}" for name in LISTS if lists.get(name)]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _head_value(value: Any) -> str:
    return _listed(value) if isinstance(value, list) and value else _dumped(value)


def _listed(rows: Iterable[Any]) -> str:
    return "[\n" + ",\n".join(map(_row, rows)) + "\n]"


def _row(row: Any) -> str:
    if not isinstance(row, dict):
        return _dumped(row)
    parts = []
    for key, value in row.items():
        if key in _INNER and value:
            inner = ",\n".join(f"  {_dumped(one)}" for one in value)
            parts.append(f"{_dumped(key)}: [\n{inner}\n]")
        else:
            parts.append(f"{_dumped(key)}: {_dumped(value)}")
    return "{" + ", ".join(parts) + "}"


_dumped = json.JSONEncoder(ensure_ascii=True, allow_nan=False).encode


def says_the_same(old: str, new: str) -> bool:
    """Whether two snapshots differ in where they come from alone: release, sources, digests."""
    return _without_provenance(old) == _without_provenance(new)


_FIRST_LIST = re.compile(rf'^"(?:{"|".join(LISTS)})": \[$', re.MULTILINE)
_PROVENANCE = re.compile(
    r'^"release": .*\n|^"sources": \[\n(?:.*\n)*?\],\n|"[0-9a-f]{64}"', re.MULTILINE
)


def _without_provenance(text: str) -> tuple[str, str]:
    found = _FIRST_LIST.search(text)
    end = found.start() if found else len(text)
    return _PROVENANCE.sub("", text[:end]), text[end:]


def parse(data: bytes, path: str) -> dict[str, Any]:
    """The snapshot's content.

    Raises :class:`InputError` for what is no JSON, or of a later format.
    """
    try:
        found = json.loads(data, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise InputError(path, place, f"is no JSON: {error.msg}") from None
    except RecursionError:
        raise InputError(path, "", "nests too deep for a snapshot") from None
    except ValueError as error:  # bytes that are no text, a number of thousands of digits
        raise InputError(path, "", f"is no JSON: {str(error)[:200]}") from None
    version = found.get(MARK) if isinstance(found, dict) else None
    if type(version) is not int or version < 1:
        raise InputError(path, MARK, "is no version of a snapshot")
    if version > FORMAT:
        raise InputError(
            path,
            MARK,
            f"is of format {version}, which a later uapigen has written; this one reads {FORMAT}",
        )
    assert isinstance(found, dict)
    return found


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number in JSON")

"""What the tests of the libclang front end share: reading C, looking into a unit."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from uapigen.headers.clang import read_header
from uapigen.headers.options import HeaderOptions
from uapigen.ir.declarations import Unit
from uapigen.ir.types import (
    Array,
    Enum,
    Float,
    Forward,
    Func,
    Int,
    Pointer,
    Qualifier,
    Struct,
    Type,
    Typedef,
    TypeId,
    Union,
)
from uapigen.layout.targets import TARGETS

OPTIONS = HeaderOptions(TARGETS["x86_64"])


def read(
    directory: Path, text: str, *, arch: str = "x86_64", name: str = "sample.h", **options: object
) -> Unit:
    """The unit of a header with this text."""
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return read_header(str(path), replace(OPTIONS, model=TARGETS[arch], **options))  # type: ignore[arg-type]


_TAGGED = {"struct": (Struct,), "union": (Union,), "enum": (Enum,)}


def find(unit: Unit, spelling: str) -> TypeId:
    """The id of "struct foo", "enum foo", or a typedef's or function's bare name."""
    keyword, _, name = spelling.rpartition(" ")
    kinds = _TAGGED.get(keyword, (Typedef, Func, Forward))
    found = [i for i in unit.graph.ids_named(name) if isinstance(unit.graph[i], kinds)]
    assert len(found) == 1, f"{spelling}: {len(found)} types"
    return found[0]


def node(unit: Unit, spelling: str) -> Type:
    """The node of that name."""
    return unit.graph[find(unit, spelling)]


def target(unit: Unit, type_id: TypeId) -> Type:
    """The node behind typedefs and qualifiers."""
    found = unit.graph[type_id]
    while isinstance(found, (Typedef, Qualifier)):
        found = unit.graph[found.target]
    return found


class Place(NamedTuple):
    """Where a member lies in the outermost type."""

    bit_offset: int
    bit_width: int
    type: TypeId


def place(unit: Unit, spelling: str, path: str) -> Place:
    """A member's place by the path that C uses for it: ``part.slot[3].value``."""
    found = _find(unit, find(unit, spelling), re.findall(r"\w+|\[\d+\]", path))
    assert found, f"{spelling} has no {path}"
    return found


def _find(unit: Unit, type_id: TypeId, path: list[str]) -> Place | None:
    if not path:
        return Place(0, 0, type_id)
    outer = target(unit, type_id)
    if isinstance(outer, Array):
        index = int(path[0].strip("[]"))
        inner = _find(unit, outer.element, path[1:])
        step = 8 * byte_size(unit, outer.element) * index
        return inner and inner._replace(bit_offset=step + inner.bit_offset)
    for member in outer.members if isinstance(outer, (Struct, Union)) else ():
        if member.name == path[0]:
            inner = _find(unit, member.type, path[1:])
        elif not member.name and not member.bit_width:
            inner = _find(unit, member.type, path)
        else:
            continue
        if inner:
            offset = member.bit_offset + inner.bit_offset
            return Place(offset, inner.bit_width or member.bit_width, inner.type)
    return None


def byte_size(unit: Unit, type_id: TypeId) -> int:
    """A complete type's size."""
    found = target(unit, type_id)
    if isinstance(found, Array):
        return found.nelems * byte_size(unit, found.element)
    if isinstance(found, Pointer):
        return unit.graph.info.pointer_size
    assert isinstance(found, (Int, Float, Enum, Struct, Union)), found
    return found.byte_size

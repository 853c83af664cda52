"""What is shown, as JSON: the schema of ``docs/show.md``."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any

from uapigen.ir.graph import SourceInfo
from uapigen.layout.targets import DataModel
from uapigen.show.model import (
    Base,
    Body,
    EnumBody,
    Field,
    Forward,
    Function,
    Gap,
    Item,
    Record,
    Typedef,
    Variable,
)

__all__ = ["SCHEMA", "render"]

SCHEMA = 1
"""Goes up when a key changes its meaning or goes away; new keys do not change it."""

_Object = dict[str, Any]


def render(items: Iterable[Item], info: SourceInfo, model: DataModel, *, cacheline: int) -> str:
    """One object with all items; the same input gives the same bytes."""
    document = {
        "schema": SCHEMA,
        "source": {
            "name": os.path.basename(info.name),
            "sha256": info.sha256,
            "release": info.release,
        },
        "arch": model.arch,
        "byte_order": "big" if model.big_endian else "little",
        "pointer_size": model.pointer_size,
        "cacheline_bytes": cacheline,
        "types": [_item(item, cacheline) for item in items],
    }
    return json.dumps(document, indent=2) + "\n"


def _item(item: Item, cacheline: int) -> _Object:
    match item:
        case Record() | EnumBody():
            return _body(item, cacheline)
        case Typedef():
            return _typedef(item, cacheline)
        case Function():
            return _function(item)
        case Variable():
            return _variable(item)
        case Base():
            return {
                "kind": item.kind,
                "spelling": item.spelling,
                "byte_size": item.byte_size,
                "byte_align": item.byte_align,
                "signed": item.signed,
                "boolean": item.boolean,
            }
        case Forward():
            return {"kind": "forward", "spelling": item.spelling}


def _body(body: Body, cacheline: int) -> _Object:
    if isinstance(body, EnumBody):
        return {
            "kind": "enum",
            "spelling": body.spelling or None,
            "byte_size": body.byte_size,
            "signed": body.signed,
            "tags": list(body.tags),
            "enumerators": [{"name": name, "value": value} for name, value in body.enumerators],
        }
    fields = [row for row in body.rows if isinstance(row, Field)]
    gaps = [row for row in body.rows if isinstance(row, Gap)]
    return {
        "kind": body.keyword,
        "spelling": body.spelling or None,
        "byte_size": body.byte_size,
        "byte_align": body.byte_align,
        "packed": body.packed,
        "aligned": body.aligned or None,
        "cachelines": -(-body.byte_size // cacheline) if cacheline else None,
        "problem": body.problem or None,
        "tags": list(body.tags),
        "totals": body.totals._asdict(),
        "members": [_field(field, cacheline) for field in fields],
        "gaps": [gap._asdict() for gap in gaps],
    }


def _field(field: Field, cacheline: int) -> _Object:
    return {
        "name": field.name or None,
        "type": field.c_type,
        "byte_offset": field.bit_offset // 8,
        "bit_offset": field.bit_offset,
        "bit_width": field.bit_width or None,
        "byte_size": field.byte_size,
        "aligned": field.byte_align or None,
        "padding_bytes": field.byte_padding,
        "tags": list(field.tags),
        "typedefs": list(field.typedefs),
        "by_value": field.by_value,
        "definition": None if field.body is None else _body(field.body, cacheline),
    }


def _typedef(typedef: Typedef, cacheline: int) -> _Object:
    return {
        "kind": "typedef",
        "spelling": typedef.spelling,
        "byte_size": typedef.byte_size,
        "byte_align": typedef.byte_align,
        "chain": list(typedef.chain),
        "tags": list(typedef.tags),
        "definition": None if typedef.body is None else _body(typedef.body, cacheline),
    }


def _function(function: Function) -> _Object:
    return {
        "kind": "function",
        "spelling": function.spelling,
        "declaration": function.declaration,
        "linkage": function.linkage,
        "returns": function.returns,
        "parameters": [
            {"name": p.name or None, "type": p.c_type, "tags": list(p.tags)}
            for p in function.parameters
        ],
        "variadic": function.variadic,
        "tags": list(function.tags),
    }


def _variable(variable: Variable) -> _Object:
    return {
        "kind": "variable",
        "spelling": variable.spelling,
        "declaration": variable.declaration,
        "type": variable.c_type,
        "linkage": variable.linkage,
        "byte_size": variable.byte_size,
        "section": variable.section or None,
        "byte_offset": variable.byte_offset if variable.section else None,
        "tags": list(variable.tags),
    }

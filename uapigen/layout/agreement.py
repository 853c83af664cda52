"""Where BTF and headers disagree about a type that both define.

An installed header older or newer than the kernel is common: most types agree,
and of those that do not, the bindings have the kernel's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from uapigen.errors import InputError
from uapigen.ir.graph import TypeGraph, resolve
from uapigen.ir.types import Enum, Struct, TypeId, Union
from uapigen.ir.units import Joined, owned
from uapigen.layout.records import Layout
from uapigen.layout.targets import DataModel

__all__ = ["disagreements"]

_Places: TypeAlias = dict[str, tuple[int, int]]
"""Member -> (bit offset, size in bits), those of anonymous parts among them."""

_NAMED = 3
"""Members that a sentence names."""


def disagreements(joined: Joined, model: DataModel) -> list[str]:
    """A sentence for each struct, union or enum of the headers that BTF has otherwise."""
    graph = joined.graph
    layout = Layout(graph, model)
    found = []
    for type_id in sorted(i for i in owned(joined) if i >= joined.btf_end):
        node = graph[type_id]
        if not isinstance(node, (Struct, Union, Enum)) or not node.name:
            continue
        same = [
            i
            for i in graph.ids_named(node.name)
            if i < joined.btf_end and isinstance(graph[i], type(node))
        ]
        told = [_difference(graph, layout, i, type_id) for i in same]
        if told and all(told):
            word = type(node).__name__.lower()
            header = joined.files[joined.owners[type_id]].module
            found.append(f"{word} {node.name} in {header} is not that of BTF: {told[0]}")
    return list(dict.fromkeys(found))


def _difference(graph: TypeGraph, layout: Layout, btf: TypeId, header: TypeId) -> str:
    """What of the header's type is not as BTF has it; "" for nothing that counts."""
    left, right = graph[btf], graph[header]
    if isinstance(left, Enum) and isinstance(right, Enum):
        values = dict(left.enumerators)
        told = [
            f"{name} is {value}, not {values[name]}" if name in values else f"{name} is not in BTF"
            for name, value in right.enumerators
            if values.get(name) != value
        ]
        return _listed(told)
    assert isinstance(left, (Struct, Union))
    assert isinstance(right, (Struct, Union))
    told = []
    if left.byte_size != right.byte_size:
        told.append(f"its size is {right.byte_size}, not {left.byte_size} bytes")
    try:
        theirs = dict(_places(graph, layout, btf, 0))
        ours = dict(_places(graph, layout, header, 0))
    except InputError as error:
        return _listed([*told, error.problem])
    for name, (offset, size) in ours.items():
        if name not in theirs:
            told.append(f"BTF has no {name}")
        elif theirs[name] != (offset, size):
            other, other_size = theirs[name]
            if other != offset:
                told.append(f"{name} is at {_place(offset)}, not {_place(other)}")
            else:
                told.append(f"{name} has {_bits(size)}, not {_bits(other_size)}")
    return _listed(told)


def _places(
    graph: TypeGraph, layout: Layout, type_id: TypeId, base: int, level: int = 0
) -> Iterator[tuple[str, tuple[int, int]]]:
    node = graph[resolve(graph, type_id)]
    if not isinstance(node, (Struct, Union)) or level > 32:
        return
    for name, target, bit_offset, bit_width in node.members:
        if name:
            size = bit_width or 8 * layout.size_align(target).byte_size
            yield name, (base + bit_offset, size)
        elif not bit_width:
            yield from _places(graph, layout, target, base + bit_offset, level + 1)


def _place(bits: int) -> str:
    return f"bit {bits}" if bits % 8 else f"byte {bits // 8}"


def _bits(bits: int) -> str:
    return f"{bits} bits" if bits % 8 else f"{bits // 8} bytes"


def _listed(told: list[str]) -> str:
    more = len(told) - _NAMED
    return "; ".join(told[:_NAMED]) + (f"; and {more} more" if more > 0 else "")

"""A source's functions that operation tables may be filled with, by prototype and by name.

All are found at once, in columns: a kernel has fifty thousand functions, a third of which
have the prototype of some function pointer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TypeAlias

from uapigen.ir.graph import TypeGraph
from uapigen.ir.types import FuncProto, Type, TypeId

__all__ = ["Candidates", "Functions", "Shape", "having_words"]

Shape: TypeAlias = tuple[TypeId, ...]
"""A prototype without names: what it returns, and its parameters' types."""
Functions: TypeAlias = list[tuple[str, tuple[str, ...]]]
"""Functions: name, and names of the parameters."""


class Candidates:
    """A source's functions, of those shapes and with those endings that are asked for.

    A prototype without parameters is everybody's; it has no candidates.
    """

    def __init__(self, graph: TypeGraph, endings: Mapping[TypeId, Iterable[str]]) -> None:
        """``endings`` are those that the functions of each of these prototypes may have."""
        self.shapes = {proto: _shape_of(graph.nodes[proto]) for proto in endings}
        self._names: list[str] = []
        self._protos: list[TypeId] = []
        self._alike: dict[TypeId, tuple[Shape, tuple[str, ...]]] = {}
        wanted = {shape for shape in self.shapes.values() if len(shape) > 1}
        part: TypeGraph | None = graph
        while part is not None:
            names, protos, alike = part.functions_like(wanted)
            self._names += names
            self._protos += protos
            self._alike.update(alike)
            part = part.base
        self._by_word: dict[Shape, dict[str, Functions]] = {}
        for shape, _ in self._alike.values():
            self._by_word.setdefault(shape, {})
        for proto, several in endings.items():
            places = self._by_word.get(self.shapes[proto])
            if places is not None:
                places.update([(ending.rpartition("_")[2], []) for ending in several])
        self._sort()

    def _sort(self) -> None:
        """Put the functions whose names end so where they are looked for."""
        by_word = {proto: self._by_word[shape] for proto, (shape, _) in self._alike.items()}
        words = [name.rpartition("_")[2] for name in self._names]
        places = map(dict.get, map(by_word.__getitem__, self._protos), words)
        for place, name, proto in zip(places, self._names, self._protos, strict=True):
            if place is not None:
                place.append((name, self._alike[proto][1]))

    def ending(self, shape: Shape, ending: str) -> Functions:
        """Those of a shape whose name is the ending, or ends in it behind an underscore."""
        places = self._by_word.get(shape)
        if places is None:
            return []
        found = places.get(ending)  # a single word's, which all of its place end in
        if found is None:
            behind = f"_{ending}"
            found = [
                one
                for one in places[ending.rpartition("_")[2]]
                if one[0].endswith(behind) or one[0] == ending
            ]
        return found

    def of(self, shapes: Collection[Shape]) -> dict[Shape, Functions]:
        """All functions of these shapes, of those that have some."""
        found: dict[Shape, Functions] = {}
        places = {
            proto: (found.setdefault(shape, []), names)
            for proto, (shape, names) in self._alike.items()
            if shape in shapes
        }
        for name, proto in zip(self._names, self._protos, strict=True):
            if proto in places:
                functions, names = places[proto]
                functions.append((name, names))
        return {shape: functions for shape, functions in found.items() if functions}


def having_words(functions: Functions, ending: str) -> Functions:
    """Those whose name has all words of the ending, of which it must have several."""
    first, *others = words = [word for word in ending.split("_") if word] or [""]
    if not others:
        return []
    return [
        function
        for function in functions
        if first in function[0] and not {*words}.difference(function[0].split("_"))
    ]


def _shape_of(proto: Type) -> Shape:
    """A prototype without the names of its parameters."""
    assert isinstance(proto, FuncProto)
    return (proto.returns, *[target for _, target in proto.params])

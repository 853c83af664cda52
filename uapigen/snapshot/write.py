"""A snapshot of what was chosen of a source, as text."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from uapigen.emit.output import write_module
from uapigen.ir.graph import TypeGraph
from uapigen.ir.selection import Selection
from uapigen.ir.types import Typedef, TypeId
from uapigen.ir.units import Joined, pointed_to
from uapigen.layout.plan import Plan
from uapigen.layout.planned import Failure
from uapigen.layout.targets import DataModel
from uapigen.snapshot.headers import tells_apart
from uapigen.snapshot.mark import MARK
from uapigen.snapshot.take import Taken, take
from uapigen.snapshot.text import FORMAT, says_the_same, snapshot_text

__all__ = ["WrittenSnapshot", "put_snapshot", "settled", "write_snapshot"]


class WrittenSnapshot(NamedTuple):
    """The text, and what is not in it though it was chosen."""

    text: str
    failures: Sequence[Failure]


def write_snapshot(
    graph: TypeGraph, model: DataModel, selection: Selection, joined: Joined | None = None
) -> WrittenSnapshot:
    """Write down what a selection has of a graph; ``joined``: and of headers.

    Types that cannot be spelled are left out by name; all others are there, those
    that cannot be laid out among them.
    """
    pointed: list[TypeId] = []
    if joined is not None and tells_apart(joined):
        pointed = pointed_to(joined, selection)
        if pointed:
            selection = _with_types(selection, graph, pointed)
    plan = Plan(graph, model, selection)
    taken = take(plan, joined, pointed)
    sources = graph.sources
    head = {
        "arch": model.arch,
        "byteorder": "big" if model.big_endian else "little",
        "pointer_size": model.pointer_size,
        "release": next((source.release for source in sources if source.release), None),
        "sources": [{"name": os.path.basename(s.name), "sha256": s.sha256} for s in sources],
    }
    head |= taken.head
    if joined is not None and tells_apart(joined):
        _tell_apart(joined, plan, taken, head)
    return WrittenSnapshot(snapshot_text(head, taken.lists), taken.failures)


def _with_types(selection: Selection, graph: TypeGraph, ids: Sequence[TypeId]) -> Selection:
    """A selection with more structs, unions, enums and typedefs."""
    made = Selection()
    made.funcs, made.vars, made.whole = selection.funcs, selection.vars, selection.whole
    typedefs = {type_id for type_id in ids if isinstance(graph[type_id], Typedef)}
    made.tags = sorted({*selection.tags, *ids} - typedefs)
    made.typedefs = sorted({*selection.typedefs, *typedefs})
    return made


def _tell_apart(joined: Joined, plan: Plan, taken: Taken, head: Mapping[str, Any]) -> None:
    """Add what a reader of all the rest would get wrong of single headers."""
    from uapigen.snapshot.apart import apart_rows
    from uapigen.snapshot.read import read_labelled

    read, labels = read_labelled({MARK: FORMAT, **head, **taken.lists})
    assert read.headers is not None
    rows = apart_rows(joined, taken.labels, plan.first, read.headers, labels)
    if rows:
        taken.lists["units"] = rows


def settled(path: str, text: str) -> str:
    """The text to be at ``path``: what is there if it says the same, wherever it comes from."""
    try:
        with open(path, encoding="utf-8", errors="replace", newline="") as file:
            before = file.read()
    except OSError:
        return text  # whoever writes it says what is wrong
    return before if says_the_same(before, text) else text


def put_snapshot(path: str, text: str, *, provenance: bool = False) -> None:
    """Write a snapshot; one that says the same is left alone, unless its ``provenance`` counts.

    Raises :class:`~uapigen.errors.SystemRefusalError`.
    """
    kept = text if provenance else settled(path, text)
    if kept is text:
        folder, name = os.path.split(path)
        write_module({name: text}, folder)

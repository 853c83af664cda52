"""A snapshot of what was chosen of a source, as text."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from uapigen.ir.graph import TypeGraph
from uapigen.ir.selection import Selection
from uapigen.ir.units import Joined
from uapigen.layout.plan import Failure, Plan
from uapigen.layout.targets import DataModel
from uapigen.snapshot.take import take
from uapigen.snapshot.text import snapshot_text

__all__ = ["WrittenSnapshot", "write_snapshot"]


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
    taken = take(Plan(graph, model, selection), joined)
    sources = graph.sources
    head = {
        "arch": model.arch,
        "byteorder": "big" if model.big_endian else "little",
        "pointer_size": model.pointer_size,
        "release": next((source.release for source in sources if source.release), None),
        "sources": [{"name": os.path.basename(s.name), "sha256": s.sha256} for s in sources],
    }
    return WrittenSnapshot(snapshot_text(head | taken.head, taken.lists), taken.failures)

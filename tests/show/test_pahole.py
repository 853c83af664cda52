"""Held against pahole: every struct of the running kernel."""

from __future__ import annotations

from uapigen.ir.types import Struct
from uapigen.show.model import Record
from uapigen.show.view import Viewer
from uapigen.sources import open_sources

from .pahole import Summary, summaries


def test_running_kernel_is_shown_as_pahole_shows_it(needs, running_kernel):
    needs("pahole")
    theirs = summaries(running_kernel)
    assert len(theirs) > 200
    opened = open_sources([running_kernel])
    graph = opened.graph
    ids = {node.name: type_id for type_id in graph.ids_of(Struct) if (node := graph[type_id])}
    viewer = Viewer(graph, opened.model)
    differing = {}
    for tag, summary in theirs.items():
        ours = _summary(viewer.body(ids[tag], tag), summary)
        if ours != summary:
            differing[tag] = (ours, summary)
    assert not differing


def _summary(record: object, theirs: Summary) -> Summary:
    assert isinstance(record, Record)
    total = record.totals
    return Summary(
        record.byte_size,
        -(-record.byte_size // 64),
        total.members,
        total.holes,
        total.hole_bytes,
        total.bit_holes,
        total.bit_hole_bits,
        total.padding_bytes,
        total.padding_bits,
        None if theirs.member_bytes is None else total.member_bytes,
        None if theirs.bitfield_bits is None else total.bitfield_bits,
    )

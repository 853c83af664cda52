"""Bindings from a snapshot are those from its source, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import CORPUS, EXHAUSTIVE

from tests.snapshot.snapshots import bindings, sample, snapshot_of
from uapigen.btf.writer import write_btf
from uapigen.ir.selection import select
from uapigen.ir.types import Struct
from uapigen.sources import open_sources

KERNELS = ["amd64-7.1-layout-section.btf.xz", "s390x-6.12.btf.xz"]
if EXHAUSTIVE:
    KERNELS = sorted(path.name for path in CORPUS.glob("*.btf.xz"))
HEADERS = ["linux/fuse.h", "linux/bpf.h", "linux/videodev2.h", "linux/netlink.h", "linux/stat.h"]


def assert_same(ours: dict[str, str], theirs: dict[str, str]) -> None:
    assert ours.keys() == theirs.keys()
    for name, text in theirs.items():
        assert ours[name] == text, name


@pytest.mark.parametrize("only", [(), ("struct class",), ("twin",), ("call", "counter")])
def test_small_source(only: tuple[str, ...]) -> None:
    text = snapshot_of(sample(), only)
    assert_same(bindings(text.encode()), bindings(sample(), only))
    assert snapshot_of(text.encode()) == text


@pytest.mark.parametrize(
    "only",
    [
        ["struct task_struct"],
        ["*_operations", "enum bpf_*"],
        ["vfs_*", "struct page", "struct folio", "struct slab"],
        ["bpf_*"],
        ["runqueues", "cpu_number", "union bpf_attr"],
    ],
    ids="; ".join,
)
def test_a_selection_of_a_kernel(kernel: Path, only: list[str]) -> None:
    text = snapshot_of(kernel, only)
    assert_same(bindings(text.encode()), bindings(kernel, only))
    assert snapshot_of(text.encode()) == text


@pytest.mark.slow
@pytest.mark.parametrize("name", KERNELS)
def test_a_whole_kernel(corpus: Path, name: str) -> None:
    source = str(corpus / name)
    text = snapshot_of(source)
    assert_same(bindings(text.encode()), bindings(source))
    assert snapshot_of(text.encode()) == text
    only = ["struct folio", "struct slab", "struct sk_buff", "*ops"]
    assert_same(bindings(text.encode(), only), bindings(source, only))


@pytest.mark.parametrize("names", [["fuse"], ["nf_tables"], ["fuse", "ext4"]], ids="+".join)
def test_modules_over_their_kernel(corpus: Path, names: list[str]) -> None:
    modules = [str(corpus / f"modules/amd64-6.1+{name}.btf.xz") for name in names]
    base = str(corpus / "amd64-6.1.btf.xz")
    text = snapshot_of(modules, base=base)
    assert_same(bindings(text.encode()), bindings(modules, base=base))
    assert snapshot_of(text.encode()) == text


@pytest.mark.parametrize("header", HEADERS)
def test_a_header(header: str) -> None:
    text = snapshot_of(header)
    assert_same(bindings(text.encode()), bindings(header))
    assert snapshot_of(text.encode()) == text


def test_headers_for_another_target() -> None:
    headers = ["linux/fuse.h", "linux/if_ether.h", "linux/fs.h"]
    text = snapshot_of(headers, arch="s390x")
    assert_same(bindings(text.encode()), bindings(headers, arch="s390x"))


def test_a_selection_of_a_header() -> None:
    only = ["struct fuse_attr", "FUSE_S*"]
    text = snapshot_of("linux/fuse.h", only)
    assert_same(bindings(text.encode()), bindings("linux/fuse.h", only))


def test_headers_over_a_kernel(kernel: Path) -> None:
    sources, only = [str(kernel), "linux/fuse.h"], ["*fuse*", "FUSE_*"]
    text = snapshot_of(sources, only)
    assert_same(bindings(text.encode()), bindings(sources, only))
    assert snapshot_of(text.encode()) == text


@pytest.mark.slow
def test_all_of_the_kernels_headers_for_user_space() -> None:
    sources = [str(path) for path in sorted(Path("/usr/include/linux").glob("*.h"))]
    good = [path for path in sources if _stands(path)]
    assert len(good) > 400
    text = snapshot_of(good)
    assert_same(bindings(text.encode()), bindings(good))


def _stands(path: str) -> bool:
    from uapigen.errors import UapigenError

    try:
        open_sources([path])
    except UapigenError:
        return False
    return True


def test_alignment_that_the_source_shows_elsewhere_is_kept(kernel: Path) -> None:
    opened = open_sources([kernel])
    (wanted,) = [i for i in opened.graph.ids_named("rq") if isinstance(opened.graph[i], Struct)]
    from uapigen.layout.records import Layout

    source = Layout(opened.graph, opened.model).record(wanted).byte_align
    again = open_sources([snapshot_of(kernel, ["struct rq"]).encode()])
    (found,) = [i for i in again.graph.ids_named("rq") if isinstance(again.graph[i], Struct)]
    assert Layout(again.graph, again.model).record(found).byte_align == source > 8


def test_btf_of_a_snapshot_is_that_of_its_source(kernel: Path) -> None:
    def written(opened_source: Path | bytes, only: list[str]) -> bytes:
        graph = open_sources([opened_source]).graph
        return write_btf(graph, select(graph, only), loadable=True, drop=True).data

    text = snapshot_of(kernel, ["struct task_struct"])
    ours, theirs = written(text.encode(), []), written(kernel, ["struct task_struct"])
    assert abs(len(ours) - len(theirs)) < 0.1 * len(theirs)


# What does not concern it leaves it alone


def test_types_that_come_and_go_touch_no_line_of_others() -> None:
    def lines(data: bytes) -> list[str]:
        text = snapshot_of(data, ["struct class", "twin", "enum colour", "call", "counter"])
        return [line for line in text.splitlines() if '"sha256"' not in line]

    assert lines(sample()) == lines(sample(unrelated=True))


def test_in_a_whole_snapshot_a_new_type_is_new_lines_only() -> None:
    """But for the comma behind what was the last line of a list."""

    def lines(data: bytes) -> set[str]:
        return {line.rstrip(",") for line in snapshot_of(data).splitlines()}

    lost = lines(sample()) - lines(sample(unrelated=True))
    assert [line for line in lost if '"sha256"' not in line] == []

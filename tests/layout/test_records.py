"""Each rule of ``layout/records.py`` with the smallest example that shows it."""

from __future__ import annotations

import marshal
from pathlib import Path

import pytest
from btf.builder import Btf

from uapigen.btf.reader import BtfGraph
from uapigen.ir.types import Struct, Union
from uapigen.layout.records import Layout
from uapigen.layout.targets import TARGETS, find_target
from uapigen.sources import Opened, open_sources

U8, U16, U32, U64, U128 = 1, 2, 3, 4, 5


def _scalars(order: str = "<") -> Btf:
    btf = Btf(order)
    for bits in (8, 16, 32, 64, 128):
        btf.int(f"u{bits}", bits // 8, signed=False)
    return btf


def _layout(btf: Btf, type_id: int, arch: str = "x86_64") -> tuple[int, bool]:
    found = Layout(BtfGraph(btf.dump(), "test"), find_target(arch)).record(type_id)
    return found.byte_align, found.packed


RULES = [
    ("natural", 16, [("a", U8, 0), ("b", U64, 64)], (8, False)),
    ("a member off its alignment", 5, [("a", U8, 0), ("b", U32, 8)], (1, True)),
    ("a size that is no multiple", 6, [("a", U32, 0), ("b", U16, 32)], (1, True)),
    ("a bitfield across its unit", 5, [("a", U32, 0, 28), ("b", U32, 28, 8)], (1, True)),
    ("a bitfield in its unit", 4, [("a", U32, 0, 3), ("b", U32, 3, 29)], (4, False)),
    ("padding that a type's end explains", 64, [("a", U64, 0)], (64, False)),
    ("a hole that a member's attribute explains", 128, [("a", U8, 0), ("b", U8, 512)], (64, False)),
    ("a hole of unnamed bits", 12, [("a", U32, 0), ("b", U32, 64)], (4, False)),
    ("packed, and aligned by its end", 8, [("a", U8, 0), ("b", U32, 8)], (4, True)),
    ("packed, but for one member", 12, [("a", U8, 0), ("b", U32, 8), ("c", U32, 64)], (4, True)),
    ("a size and no members", 16, [], (8, False)),
    ("nothing", 0, [], (1, False)),
]


@pytest.mark.parametrize(("rule", "size", "members", "expected"), RULES)
def test_alignment_is_the_smallest_that_explains_the_layout(
    rule: str, size: int, members: list[tuple[str, int, int]], expected: tuple[int, bool]
) -> None:
    btf = _scalars()
    assert _layout(btf, btf.struct("s", size, *members)) == expected, rule


def test_union_is_aligned_by_its_padding() -> None:
    btf = _scalars()
    assert _layout(btf, btf.union("u", 8, ("a", btf.array(U8, 5), 0))) == (4, False)


def test_type_behind_a_hole_wherever_it_is_embedded_has_the_attribute_itself() -> None:
    btf = _scalars()
    inner = btf.struct("inner", 64, ("a", btf.array(U64, 8), 0))
    btf.struct("outer", 128, ("c", U8, 0), ("x", inner, 512))
    assert _layout(btf, inner) == (64, False)


def test_type_that_is_embedded_elsewhere_without_the_alignment_has_not() -> None:
    btf = _scalars()
    inner = btf.struct("inner", 64, ("a", btf.array(U64, 8), 0))
    btf.struct("outer", 128, ("c", U8, 0), ("x", inner, 512))
    btf.struct("other", 72, ("c", U64, 0), ("x", inner, 64))
    assert _layout(btf, inner) == (8, False)


def test_type_without_padding_is_packed_if_its_surroundings_say_so() -> None:
    btf = _scalars()
    inner = btf.struct("inner", 8, ("a", U32, 0), ("b", U32, 32))
    btf.struct("outer", 16, ("c", U8, 0), ("x", inner, 8), ("d", U32, 96))
    assert _layout(btf, inner) == (1, True)


@pytest.mark.parametrize(
    ("arch", "scalar", "align"),
    [
        ("x86_64", U64, 8),
        ("i386", U64, 4),
        ("arm", U64, 8),
        ("m68k", U64, 2),
        ("m68k", U32, 2),
        ("ppc", U64, 8),
        ("x86_64", U128, 16),
        ("s390x", U128, 8),
        ("aarch64", U128, 16),
    ],
)
def test_scalar_aligns_as_the_target_has_it(arch: str, scalar: int, align: int) -> None:
    btf = _scalars(">" if TARGETS[arch].big_endian else "<")
    record = btf.struct("s", 16, ("a", scalar, 0))
    layout = Layout(BtfGraph(btf.dump(), "test"), TARGETS[arch])
    assert layout.size_align(scalar).byte_align == align
    assert layout.record(record).byte_size == 16


def test_typedefs_with_a_known_attribute_align_by_it() -> None:
    btf = _scalars()
    compat = btf.typedef("compat_u64", U64)
    record = btf.struct("s", 12, ("a", U32, 0), ("b", compat, 32))
    assert _layout(btf, record) == (4, False)
    assert _layout(btf, record, "aarch64") == (1, True)


def test_what_another_process_tells_is_what_is_laid_out_here(kernel: Path) -> None:
    opened = open_sources([str(kernel)])
    ids = list(opened.graph.ids_of(Struct, Union))
    here = Layout(opened.graph, opened.model)
    told = Layout(opened.graph, opened.model)
    told.expect(lambda: marshal.loads(marshal.dumps(here.tell(ids[::2]))))
    for type_id in ids:
        assert told.record(type_id) == here.record(type_id)
    assert told.told().keys() >= set(ids[::2])
    told.expect(lambda: None)
    assert told.told() == {}
    assert told.record(ids[0]) == here.record(ids[0])


def test_all_at_once_a_plain_look_and_a_close_one_find_the_same(
    kernel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _check_looks(open_sources([str(kernel)]), monkeypatch)


@pytest.mark.parametrize("blob", ["s390x-6.12", "i386-6.1-686pae-pahole132"])
def test_all_looks_find_the_same_for_other_targets(
    blob: str, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _check_looks(open_sources([str(corpus / f"{blob}.btf.xz")]), monkeypatch)


def _check_looks(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = list(opened.graph.ids_of(Struct, Union))
    told = Layout(opened.graph, opened.model).tell(ids)
    assert opened.graph.columns() is not None
    monkeypatch.setattr(BtfGraph, "columns", lambda _: None)
    assert Layout(opened.graph, opened.model).tell(ids) == told
    monkeypatch.setattr(Layout, "_lay_out_plain", lambda *_: False)
    assert Layout(opened.graph, opened.model).tell(ids) == told


@pytest.mark.parametrize(("rule", "size", "members", "expected"), RULES)
def test_a_struct_laid_out_with_all_others_may_come_before_its_parts(
    rule: str, size: int, members: list[tuple[str, int, int]], expected: tuple[int, bool]
) -> None:
    btf = _scalars()
    outer = btf.struct("outer", size, ("inner", 7, 0))
    assert btf.struct("inner", size, *members) == outer + 1 == 7
    told = Layout(BtfGraph(btf.dump(), "test"), find_target("x86_64")).tell([outer, 7])
    assert told[7] == (size, *expected, True), rule
    assert told[outer][:2] == told[7][:2]

"""All layouts at once are those that are found for one type after another."""

from __future__ import annotations

import pytest
from btf.builder import Btf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from uapigen.btf.reader import BtfGraph
from uapigen.errors import InputError
from uapigen.layout.extents import Told
from uapigen.layout.records import Layout
from uapigen.layout.targets import find_target

NUMBERS = 5
"""Types 1 to 5 are numbers of 1, 2, 4, 8 and 16 bytes."""
OUT_OF_TURN = st.sampled_from([0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 12, 16, 32, 64])
"""Bytes between members beyond what alignment asks for."""


@st.composite
def sources(draw: st.DrawFn) -> tuple[bytes, list[int]]:
    """A source of numbers, and structs, unions and forms of each other, and the structs' ids.

    Some parts come after what is made of them; most lie as a compiler puts them.
    """
    btf = Btf()
    sizes, aligns = [0], [1]
    for size in (1, 2, 4, 8, 16):
        btf.int(f"n{size}", size)
        sizes.append(size)
        aligns.append(size)
    records = []
    count = draw(st.integers(1, 14))
    for type_id in range(NUMBERS + 1, NUMBERS + 1 + count):
        kind = draw(st.sampled_from("ssssuatcpef"))
        target = draw(st.integers(1, type_id - 1))
        if draw(st.integers(0, 30)) == 0:
            target = draw(st.integers(0, NUMBERS + count))
        known = target < type_id
        size, align = (sizes[target], aligns[target]) if known else (8, 8)
        if kind == "a":
            nelems = draw(st.sampled_from([0, 1, 2, 3, 70000]))
            btf.array(target, nelems)
            size *= nelems
        elif kind == "t":
            btf.typedef(draw(st.sampled_from(["t", "t", "compat_u64"])), target)
        elif kind == "c":
            btf.const(target)
        elif kind == "p":
            btf.ptr(target)
            size = align = 8
        elif kind == "e":
            btf.enum("e", ("E", 1))
            size = align = 4
        elif kind == "f":
            btf.fwd("f")
            size, align = 0, 1
        else:
            size, align = _record(draw, btf, kind, type_id, NUMBERS + count, sizes, aligns)
            records.append(type_id)
        sizes.append(size)
        aligns.append(align)
    return btf.dump(), records


def _record(
    draw: st.DrawFn,
    btf: Btf,
    kind: str,
    type_id: int,
    last: int,
    sizes: list[int],
    aligns: list[int],
) -> tuple[int, int]:
    """Add a struct or union; its size and alignment."""
    end, largest, members = 0, 1, []
    has_bits = kind == "s" and draw(st.integers(0, 5)) == 0
    for number in range(draw(st.integers(0, 5))):
        target = draw(st.integers(1, type_id - 1))
        if draw(st.integers(0, 40)) == 0:
            target = draw(st.integers(0, last))
        size, align = (sizes[target], aligns[target]) if target < type_id else (8, 8)
        packed = draw(st.integers(0, 8)) == 0
        begin = 0 if kind == "u" else (end if packed else -(-end // align) * align)
        begin += 0 if kind == "u" else draw(OUT_OF_TURN)
        name = draw(st.sampled_from([f"m{number}", f"m{number}", ""]))
        width = draw(st.sampled_from([0, 0, 3, 8 * size])) if has_bits and target < 5 else 0
        members.append((name, target, 8 * begin, width) if has_bits else (name, target, 8 * begin))
        end = max(end, begin + size)
        largest = max(largest, 1 if packed else align)
    size = -(-end // largest) * largest + draw(st.sampled_from([0, 0, 0, 0, 4, 8, 32]))
    if kind == "u":
        btf.union("u", size, *members)
    else:
        btf.struct("s", size, *members, flag=has_bits)
    return size, largest


def _one_by_one(data: bytes, ids: list[int], arch: str) -> dict[int, Told]:
    found = {}
    for type_id in ids:
        graph = BtfGraph(data, "test")
        graph.columns = lambda: None  # type: ignore[method-assign]
        found |= Layout(graph, find_target(arch)).tell([type_id])
    return found


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(source=sources(), arch=st.sampled_from(["x86_64", "i386", "s390x"]))
def test_each_type_is_laid_out_as_it_is_alone(source: tuple[bytes, list[int]], arch: str) -> None:
    data, ids = source
    graph = BtfGraph(data, "test")
    assert graph.columns() is not None
    assert Layout(graph, find_target(arch)).tell(ids) == _one_by_one(data, ids, arch)


def test_a_reference_to_no_type_is_left_to_who_decodes_it() -> None:
    for add in (Btf.typedef, Btf.struct):
        btf = Btf()
        if add is Btf.typedef:
            whole = btf.struct("s", 4, ("a", btf.typedef("t", 99), 0))
        else:
            whole = btf.struct("s", 4, ("a", 99, 0))
        graph = BtfGraph(btf.dump(), "test")
        with pytest.raises(InputError, match="refers to type 99"):
            Layout(graph, find_target("x86_64")).tell([whole])


def test_typedefs_without_end_are_not_followed() -> None:
    btf = Btf()
    number = btf.int()
    last = number + 20_000
    for n in range(number + 1, last):
        btf.typedef("t", n + 1)
    btf.typedef("t", number)
    around = [btf.struct("s", 4, ("a", n, 0)) for n in (number + 1, last - 80, last)]
    told = Layout(BtfGraph(btf.dump(), "test"), find_target("x86_64")).tell(around)
    assert told.keys() == set(around[1:])


def test_a_record_shows_its_alignment_through_arrays_of_any_size() -> None:
    btf = Btf()
    number = btf.int()
    empty = btf.struct("empty", 0)
    many = btf.array(empty, 70_000)
    btf.struct("around", 8, ("a", btf.int("char", 1), 0), ("b", many, 32), ("c", number, 32))
    told = Layout(BtfGraph(btf.dump(), "test"), find_target("x86_64")).tell([empty])
    assert told[empty] == (0, 4, False, True)


def test_types_in_each_other_without_end_are_left_out() -> None:
    btf = Btf()
    number = btf.int()
    deep = [btf.struct("first", 4, ("a", number, 0))]
    deep += [btf.struct("s", 4, ("a", deep[-1] + n, 0)) for n in range(90)]
    around = btf.struct("around", 4, ("a", deep[-1] + 2, 0))
    inside = btf.struct("inside", 4, ("a", around, 0))
    told = Layout(BtfGraph(btf.dump(), "test"), find_target("x86_64")).tell([around, inside])
    assert told.keys() == set(deep)

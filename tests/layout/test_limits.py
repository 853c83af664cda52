"""Types that cannot be laid out: each is refused by name, and no other with it."""

from __future__ import annotations

import pytest
from btf.builder import Btf

from uapigen.btf.reader import BtfGraph
from uapigen.errors import LayoutError
from uapigen.layout.records import Layout
from uapigen.layout.targets import find_target


def layout(btf: Btf, arch: str = "x86_64") -> Layout:
    return Layout(BtfGraph(btf.dump(), "x"), find_target(arch))


def problem(btf: Btf, type_id: int) -> str:
    with pytest.raises(LayoutError) as caught:
        layout(btf).size_align(type_id)
    assert caught.value.place == f"type {type_id}"
    return caught.value.problem


def test_members_that_contradict_their_struct_are_refused() -> None:
    btf = Btf()
    number, real, char = btf.int(), btf.float("float", 4), btf.int("char", 1)
    pointer = btf.ptr(number)
    refused = {
        btf.struct("s", 4, ("a", number, 32)): "members end at bit 64, the type at byte 4",
        btf.union("s", 4, ("a", number, 8)): "members end at bit 40, the type at byte 4",
        btf.struct("s", 8, ("a", number, 0), ("b", number, 16)): "member b overlaps the one"
        " before it",
        btf.struct("s", 8, ("a", number, 16), ("b", number, 0)): "member a overlaps the one"
        " before it",
        btf.struct("s", 4, ("a", number, 0, 5), ("b", number, 3, 5)): "member b overlaps the one"
        " before it",
        btf.struct("s", 8, ("a", number, 4)): "member a starts inside a byte",
        btf.struct("s", 8, ("", number, 4)): "member (anonymous) starts inside a byte",
        btf.struct("s", 8, ("a", number, 0, 33)): "bitfield a is wider than its type",
        btf.struct("s", 64, ("a", number, 0, 255)): "bitfield a is wider than its type",
        btf.struct("s", 8, ("a", real, 0, 3)): "bitfield a is of no integer type",
        btf.struct("s", 8, ("a", pointer, 0, 3)): "bitfield a is of no integer type",
        btf.struct("s", 8, ("a", 0, 0)): "member a: void has no size",
        btf.struct("s", 8, ("a", btf.array(0, 0), 0)): "member a: void has no size",
        btf.struct("s", 8, ("a", btf.func_proto(0), 0)): "member a: a FuncProto has no size",
        btf.struct("s", 8, ("a", btf.fwd("f"), 0)): "member a: struct f is declared but not"
        " defined in this source",
        btf.struct("s", 0, ("a", btf.array(char, 0xFFFFFFFF), 0)): "members end at bit 34359738360,"
        " the type at byte 0",
        btf.struct("s", 0, ("a", char, 0xFFFFFFF8)): "members end at bit 4294967296, the type at"
        " byte 0",
    }
    fine = btf.struct("fine", 4, ("a", number, 0))
    found = layout(btf)
    for type_id, expected in refused.items():
        for _ in range(2):  # also the second time
            with pytest.raises(LayoutError) as caught:
                found.record(type_id)
            assert caught.value.problem == expected
    assert found.record(fine).byte_size == 4


@pytest.mark.parametrize("around", [0, 1, 2])
def test_type_that_contains_itself_is_refused(around: int) -> None:
    btf = Btf()
    itself = btf.next_id + around
    for _ in range(around):
        btf.array(btf.next_id + 1, 1)
    btf.struct("s", 8, ("a", 1, 0))
    outer = btf.struct("outer", 8, ("s", itself, 0))
    beside = btf.struct("beside", 8, ("s", btf.ptr(itself), 0))
    assert "contains itself by value" in problem(btf, itself)
    assert problem(btf, outer).endswith("contains itself by value")
    assert layout(btf).record(beside).byte_size == 8


def test_type_that_contains_itself_beside_what_is_not_measured_yet_is_refused() -> None:
    btf = Btf()
    itself, fine = btf.next_id, btf.next_id + 1
    pointer = btf.next_id + 2
    btf.struct("s", 24, ("a", itself, 0), ("p", pointer, 64), ("f", fine, 128))
    btf.struct("fine", 8, ("p", pointer, 0))
    btf.ptr(0)
    assert problem(btf, itself) == "contains itself by value"
    assert layout(btf).record(fine).byte_size == 8


@pytest.mark.parametrize("length", [1, 2, 3, 50])
def test_types_that_contain_each_other_are_refused_whichever_comes_first(length: int) -> None:
    for first in range(1, length + 1):
        btf = Btf()
        for index in range(length):
            btf.struct(f"s{index}", 4, ("a", (index + 1) % length + 1, 0))
        found = layout(btf)
        for type_id in [first, *range(1, length + 1)]:
            with pytest.raises(LayoutError, match="contains itself by value"):
                found.record(type_id)


@pytest.mark.parametrize("make", ["typedef", "const", "array"])
def test_forms_of_themselves_are_refused(make: str) -> None:
    btf = Btf()
    if make == "typedef":
        btf.typedef("t", 1)
    elif make == "const":
        btf.const(1)
    else:
        btf.array(1, 0)
    assert problem(btf, 1) == "contains itself by value"


def nest(btf: Btf, levels: int, *, outer_first: bool) -> list[int]:
    """Structs inside of each other; the innermost first."""
    start = btf.next_id
    if outer_first:
        for index in range(levels):
            btf.struct(f"s{index}", 4, ("a", btf.next_id + 1, 0))
        btf.int()
        return list(range(btf.next_id - 2, start - 1, -1))
    ids = [btf.int()]
    for index in range(levels):
        ids.append(btf.struct(f"s{index}", 4, ("a", ids[-1], 0)))
    return ids[1:]


@pytest.mark.parametrize("outer_first", [False, True])
@pytest.mark.parametrize("asked_outer_first", [False, True])
def test_100_levels_are_laid_out_and_101_refused(
    outer_first: bool, asked_outer_first: bool
) -> None:
    btf = Btf()
    ids = nest(btf, 350, outer_first=outer_first)
    found = layout(btf)
    refused = {}
    for type_id in reversed(ids) if asked_outer_first else ids:
        try:
            found.record(type_id)
        except LayoutError as error:
            refused[type_id] = error.problem
    assert refused.keys() == set(ids[100:])
    assert refused[ids[100]] == "nests more than 100 types in each other"
    assert refused[ids[101]] == "member a: nests more than 100 types in each other"
    assert max(map(len, refused.values())) < 400
    assert refused[ids[-1]].endswith("nests more than 100 types in each other")


def test_thousands_of_levels_are_refused_in_no_time() -> None:
    btf = Btf()
    ids = nest(btf, 50_000, outer_first=True)
    found = layout(btf)
    for type_id in reversed(ids[100:]):
        with pytest.raises(LayoutError):
            found.record(type_id)


def test_typedefs_qualifiers_and_arrays_are_levels_too() -> None:
    btf = Btf()
    inner = btf.int()
    for _ in range(33):
        inner = btf.const(btf.array(btf.typedef("t", inner), 1))
    fits = btf.struct("s", 4, ("a", inner, 0))
    over = btf.struct("s", 4, ("a", btf.const(inner), 0))
    assert layout(btf).record(fits).byte_size == 4
    assert problem(btf, over) == "nests more than 100 types in each other"


@pytest.mark.parametrize("byte_size", [4, 0])
def test_types_that_contain_each_other_twice_are_refused_when_they_are_too_many(
    byte_size: int,
) -> None:
    btf = Btf()
    ids = [btf.int() if byte_size else btf.struct("empty", 0)]
    for level in range(1, 64):
        size = byte_size << level & 0xFFFFFFFF
        at = 4 * size & 0xFFFFFFFF
        ids.append(btf.struct(f"s{level}", size, ("a", ids[-1], 0), ("b", ids[-1], at)))
    found = layout(btf)
    assert found.record(ids[17]).byte_size == byte_size << 17
    with pytest.raises(LayoutError, match="has more than 131072 members in all"):
        found.record(ids[18])
    with pytest.raises(LayoutError):
        found.record(ids[63])


def test_an_array_s_element_is_counted_once() -> None:
    btf = Btf()
    inner = btf.int("char", 1)
    for level in range(3):
        inner = btf.struct(f"s{level}", 256 << 8 * level, ("a", btf.array(inner, 256), 0))
    assert layout(btf).record(inner).byte_size == 1 << 24


def test_arrays_beyond_any_address_space_are_refused() -> None:
    btf = Btf()
    number = btf.int()
    most = btf.array(number, 0xFFFFFFFF)
    over = btf.array(btf.array(number, 0xFFFF), 0xFFFFFFFF)
    empty = btf.struct("empty", 0)
    nothing, too_many = btf.array(empty, 1 << 16), btf.array(empty, (1 << 16) + 1)
    assert layout(btf).size_align(most).byte_size == 4 * 0xFFFFFFFF
    assert problem(btf, over) == "an array of 4294967295 elements is too large"
    assert layout(btf).size_align(nothing).byte_size == 0
    assert problem(btf, too_many) == "an array of 65537 elements is too large"


def test_struct_of_60_000_members_is_laid_out() -> None:
    btf = Btf()
    number = btf.int()
    big = btf.struct("big", 240_000, *((f"m{i}", number, 32 * i) for i in range(60_000)))
    assert len(layout(btf).record(big).members) == 60_000


def test_evidence_from_thousands_of_places_takes_no_time() -> None:
    btf = Btf()
    number = btf.int()
    inner = [btf.struct(f"s{i}", 4, ("a", number, 0)) for i in range(8000)]
    off = [(f"m{i}", target, 128 * i + 8) for i, target in enumerate(inner)]
    btf.struct("off", 16 * len(inner), *off)
    spread = [(f"m{i}", target, 128 * i) for i, target in enumerate(inner)]
    btf.struct("spread", 16 * len(inner), *spread)
    for index in range(20_000):
        btf.typedef(f"t{index}", inner[0])
    found = layout(btf)
    assert {found.record(type_id).byte_align for type_id in inner} == {4}

"""Whether two types are the same C type."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from btf.builder import Btf

from uapigen.btf.reader import BtfGraph
from uapigen.ir.identity import Variants, identical

Make = Callable[[Btf], int]


def same(btf: Btf, left: int, right: int) -> bool:
    graph = BtfGraph(btf.dump(), "x")
    assert identical(graph, left, right) == identical(graph, right, left)
    return identical(BtfGraph(btf.dump(), "x"), left, right)


INT = 1
DIFFERENT: dict[str, Make] = {
    "int": lambda _: INT,
    "unsigned": lambda b: b.int("int", 4, signed=False),
    "long": lambda b: b.int("int", 8),
    "named long": lambda b: b.int("long", 8),
    "float": lambda b: b.float("int", 4),
    "pointer": lambda b: b.ptr(INT),
    "pointer to pointer": lambda b: b.ptr(b.ptr(INT)),
    "array": lambda b: b.array(INT, 2),
    "longer array": lambda b: b.array(INT, 3),
    "array of pointers": lambda b: b.array(b.ptr(INT), 2),
    "const": lambda b: b.const(INT),
    "volatile": lambda b: b.volatile(INT),
    "typedef": lambda b: b.typedef("t", INT),
    "other typedef": lambda b: b.typedef("u", INT),
    "tag": lambda b: b.type_tag("t", INT),
    "struct": lambda b: b.struct("s", 4, ("a", INT, 0)),
    "union": lambda b: b.union("s", 4, ("a", INT, 0)),
    "other tag": lambda b: b.struct("r", 4, ("a", INT, 0)),
    "other name": lambda b: b.struct("s", 4, ("b", INT, 0)),
    "other place": lambda b: b.struct("s", 4, ("a", INT, 8)),
    "other size": lambda b: b.struct("s", 8, ("a", INT, 0)),
    "bitfield": lambda b: b.struct("s", 4, ("a", INT, 0, 3)),
    "wider bitfield": lambda b: b.struct("s", 4, ("a", INT, 0, 4)),
    "one more": lambda b: b.struct("s", 4, ("a", INT, 0), ("b", INT, 32)),
    "other type": lambda b: b.struct("s", 4, ("a", b.ptr(b.const(INT)), 0)),
    "enum": lambda b: b.enum("e", ("A", 1)),
    "other constant": lambda b: b.enum("e", ("B", 1)),
    "other value": lambda b: b.enum("e", ("A", 2)),
    "other enum": lambda b: b.enum("f", ("A", 1)),
    "signed enum": lambda b: b.enum("e", ("A", 1), signed=True),
    "forward": lambda b: b.fwd("s"),
    "forward union": lambda b: b.fwd("s", union=True),
    "function": lambda b: b.func_proto(INT, ("a", INT)),
    "no parameter": lambda b: b.func_proto(INT),
    "other parameter": lambda b: b.func_proto(INT, ("a", b.ptr(INT))),
    "other return": lambda b: b.func_proto(0, ("a", INT)),
    "variadic": lambda b: b.func_proto(INT, ("a", INT), ("", 0)),
}


@pytest.mark.parametrize("left", DIFFERENT)
def test_types_are_the_same_only_as_themselves(left: str) -> None:
    btf = Btf()
    btf.int()
    ids = {name: make(btf) for name, make in DIFFERENT.items()}
    twin = DIFFERENT[left](btf)
    graph = BtfGraph(btf.dump(), "x")
    assert [name for name, type_id in ids.items() if identical(graph, twin, type_id)] == [left]
    assert [name for name, type_id in ids.items() if same(btf, twin, type_id)] == [left]


def test_names_of_parameters_make_no_difference() -> None:
    btf = Btf()
    number = btf.int()
    assert same(btf, btf.func_proto(0, ("a", number)), btf.func_proto(0, ("b", number)))


def ring(btf: Btf, length: int, last: str = "s") -> int:
    """Structs that point to each other in a ring; the first one's id."""
    first = btf.next_id
    for index in range(length):
        target = first if index == length - 1 else btf.next_id + 2
        btf.struct(last if index == length - 1 else "s", 8, ("next", btf.next_id + 1, 0))
        btf.ptr(target)
    return first


def test_types_that_contain_each_other_are_the_same_unless_a_difference_is_found() -> None:
    btf = Btf()
    first, second, longer, other = ring(btf, 3), ring(btf, 3), ring(btf, 4), ring(btf, 3, "t")
    assert same(btf, first, second)
    assert same(btf, first, longer)  # each is an s that points to an s
    assert not same(btf, first, other)


def test_verdicts_do_not_depend_on_what_was_asked_before() -> None:
    btf = Btf()
    rings = [ring(btf, 3), ring(btf, 3, "t"), ring(btf, 6), ring(btf, 3), ring(btf, 3, "t")]
    heads = [head + 2 * step for head in rings for step in range(3)]
    graph = BtfGraph(btf.dump(), "x")
    for left in heads:
        for right in heads:
            assert identical(graph, left, right) == same(btf, left, right)


def test_rings_of_coprime_lengths_come_to_an_end() -> None:
    btf = Btf()
    left, right = ring(btf, 5003), ring(btf, 5009)
    graph = BtfGraph(btf.dump(), "x")
    assert not identical(graph, left, right)  # after as many pairs as are looked at
    assert graph.nodes.compared < 600_000


@pytest.mark.parametrize("behind", [0, 1, 2])
def test_thousands_of_different_types_of_one_name_take_no_time(behind: int) -> None:
    btf = Btf()
    number = btf.int()
    typedefs = []
    for length in range(5000):
        target = btf.array(number, length)
        for _ in range(behind):
            target = btf.ptr(target)
        typedefs.append(btf.typedef("t", target))
    twin = btf.typedef("t", btf.array(number, 77) if not behind else btf.ptr(btf.array(number, 77)))
    graph = BtfGraph(btf.dump(), "x")
    variants = Variants(graph, typedefs[0])
    assert [variants.twin(type_id) for type_id in typedefs[1:]] == [None] * 4999
    assert variants.count == 5000
    assert variants.twin(twin) == (typedefs[77] if behind < 2 else None)


@pytest.mark.parametrize(
    "make",
    [
        lambda btf, i: btf.typedef("t", btf.struct(f"s{i}", 0)),
        lambda btf, i: btf.typedef("t", btf.enum(f"e{i}", ("A", 1))),
        lambda btf, i: btf.typedef("t", btf.ptr(btf.typedef(f"inner{i}", 0))),
        lambda btf, i: btf.typedef("t", btf.ptr(btf.fwd(f"f{i}"))),
        lambda btf, i: btf.func_proto(0, *[("p", 0)] * i),
    ],
    ids=["struct", "enum", "typedef", "forward", "prototype"],
)
def test_twins_among_many_variants_are_found(make: Callable[[Btf, int], int]) -> None:
    btf = Btf()
    first, *others, twin = [make(btf, i) for i in [*range(50), 40]]
    variants = Variants(BtfGraph(btf.dump(), "x"), first)
    assert [variants.twin(type_id) for type_id in others] == [None] * 49
    assert variants.twin(twin) == others[39]

"""Keys: what each struct, union and enum is called where names must be unique."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from btf.builder import Btf

from uapigen.btf.reader import BtfGraph
from uapigen.ir.naming import Keys, Unique, identifier
from uapigen.ir.types import Enum, Struct, Typedef, Union


class Named(NamedTuple):
    """What `Keys` found, by type id."""

    of: dict[int, str]
    spelling: dict[int, str]
    same: dict[int, int]


def names(btf: Btf) -> Named:
    """Keys of all types, made in the order in which a plan makes them."""
    graph = BtfGraph(btf.dump(), "x")
    keys = Keys(graph)
    tags = list(graph.ids_of(Struct, Union, Enum))
    keys.name_tagged(graph, tags)
    keys.name_typedefed(graph, graph.ids_of(Typedef))
    keys.prepare(graph, tags)
    todo = [i for i in tags if i in keys.of]
    while todo:
        records = [i for i in todo if not isinstance(graph[i], Enum)]
        todo = keys.name_nested(graph, records)
    keys.name_rest(graph, tags)
    return Named(keys.of, keys.spelling, keys.same)


def test_typedef_of_void_names_nothing() -> None:
    btf = Btf()
    btf.typedef("nothing", 0)
    btf.typedef("pair", btf.struct("", 8, ("x", btf.int(), 0)))
    assert [*names(btf).of.values()] == ["pair"]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("inode", "inode"),
        ("__kernel_t", "__kernel_t"),
        ("class", "class_"),
        ("None", "None_"),
        ("match", "match"),
        ("const", "const_"),
        ("core::Option<u8>", "core_Option_u8_"),
        ("{closure#0}", "_closure_0_"),
        ("1st", "_1st"),
        ("\u65e5\u672c", "_"),
        ("\ufb01", "_"),  # Python reads it as "fi"
        ("a\nb", "a_b"),
        ("", "_"),
    ],
)
def test_identifier_is_the_name_wherever_it_can_be(name: str, key: str) -> None:
    assert identifier(name) == key
    assert key.isidentifier()


def test_second_comer_gets_a_number_that_nobody_has() -> None:
    unique = Unique()
    unique.take("a___3")
    taken = [unique.take(name) for name in ("a", "a", "a", "a", "a___2", "b")]
    assert taken == ["a", "a___2", "a___4", "a___5", "a___2___2", "b"]


def test_different_types_of_one_tag_are_numbered_in_the_source_s_order() -> None:
    btf = Btf()
    number = btf.int()
    first = btf.struct("s", 4, ("a", number, 0))
    second = btf.struct("s", 4, ("b", number, 0))
    again = btf.struct("s", 4, ("a", number, 0))
    third = btf.struct("s", 8, ("a", number, 0))
    found = names(btf)
    assert [found.of[i] for i in (first, second, third)] == ["s", "s___2", "s___3"]
    assert found.spelling[second] == "struct s___2"
    assert found.same == {again: first}


def test_struct_union_and_enum_of_one_tag_have_spellings_of_their_own() -> None:
    btf = Btf()
    struct, union, enum = btf.struct("t", 0), btf.union("t", 0), btf.enum("t")
    found = names(btf)
    assert [found.of[i] for i in (struct, union, enum)] == ["t", "t___2", "t"]
    assert [found.spelling[i] for i in (struct, union, enum)] == ["struct t", "union t", "enum t"]


def test_type_without_a_tag_is_called_by_its_first_typedef() -> None:
    btf = Btf()
    number = btf.int()
    anonymous = btf.struct("", 4, ("a", number, 0))
    btf.typedef("first_t", anonymous)
    btf.typedef("second_t", anonymous)
    assert names(btf).of[anonymous] == "first_t"


def test_type_without_a_tag_is_called_by_where_it_is() -> None:
    btf = Btf()
    number = btf.int()
    member = btf.struct("", 4, ("a", number, 0))
    deeper = btf.union("", 4, ("b", btf.const(btf.array(member, 1)), 0))
    unnamed = btf.struct("", 4, ("c", number, 0))
    pointed = btf.enum("", ("X", 1))
    outer = btf.struct(
        "outer", 32, ("in", deeper, 0), ("", unnamed, 32), ("p", btf.ptr(pointed), 64)
    )
    alone = btf.enum("", ("FIRST", 1), ("SECOND", 2))
    empty = btf.struct("", 0)
    found = names(btf).of
    assert found[outer] == "outer"
    assert found[deeper] == "outer__in_"
    assert found[member] == "outer__in___b"
    assert found[unnamed] == "outer__anon1"
    assert found[pointed] == "outer__p"
    assert found[alone] == "anon_FIRST"
    assert found[empty] == "anon_struct"


def test_keys_of_types_in_types_without_tags_do_not_grow_with_their_depth() -> None:
    btf = Btf()
    inner = btf.struct("", 4, ("a", btf.int(), 0))
    for _ in range(3000):
        inner = btf.struct("", 4, ("member", inner, 0))
    btf.struct("top", 4, ("member", inner, 0))
    found = names(btf).of
    assert len(set(found.values())) == 3002
    assert max(map(len, found.values())) < 210


def test_thousands_of_types_of_one_tag_take_no_time_together() -> None:
    btf = Btf()
    number = btf.int()
    arrays = [btf.array(number, length) for length in range(3000)]
    for array in arrays:  # different only behind the member
        btf.struct("s", 4, ("a", array, 0))
    for size in range(3000):
        btf.struct("t", size)
    found = names(btf)
    assert found.of[btf.next_id - 1] == "t___3000"
    assert not found.same


def test_pointers_in_a_row_lead_to_a_type_without_a_tag_up_to_a_bound() -> None:
    btf = Btf()
    for index in range(1000):  # as many as make Keys look at all at once
        btf.struct(f"s{index}", 0)
    anonymous = btf.struct("", 0)
    target = anonymous
    for _ in range(20_000):
        target = btf.ptr(target)
    btf.struct("holder", 8, ("p", target, 0))
    assert names(btf).of[anonymous] == "anon_struct"

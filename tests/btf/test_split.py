"""Split BTF over its base or a distilled one, and several sources in one graph."""

from __future__ import annotations

import pytest

from uapigen.btf.distilled import relocate
from uapigen.btf.reader import BtfGraph
from uapigen.errors import InputError, UsageError
from uapigen.ir.merge import MergedGraph
from uapigen.ir.types import (
    Array,
    DeclTag,
    Enum,
    Func,
    FuncProto,
    Int,
    Member,
    Param,
    Pointer,
    Section,
    SectionVar,
    Struct,
    Typedef,
    Union,
    Var,
)

from .builder import Btf


def kernel(order: str = "<", *, long: int = 8, marker: str = "") -> Btf:
    """A base: int, long, struct page, a pointer to it, an enum."""
    btf = Btf(order)
    number = btf.int()
    btf.int("long int", long)
    page = btf.struct("page", 8, ("flags", number, 0), ("count", number, 32))
    btf.ptr(page)
    btf.enum("mode", ("READ", 1))
    if marker:
        btf.struct(marker, 4, ("a", number, 0))
    return btf


def module(base: Btf) -> Btf:
    """Split BTF over `kernel`."""
    btf = Btf(base.order, base=base)
    btf.struct("slab", 24, ("page", 3, 0), ("next", 4, 64), ("own", btf.next_id + 1, 128))
    btf.typedef("own_t", 1)
    return btf


@pytest.mark.parametrize("order", "<>")
def test_ids_and_names_go_on_where_the_base_ends(order: str) -> None:
    base = kernel(order)
    split = module(base)
    graph = BtfGraph(split.dump(), "m", base=BtfGraph(base.dump(), "k"))
    assert (graph.first_id, len(graph)) == (6, 8)
    assert list(graph.ids_of(Struct)) == [6]
    assert graph[6] == Struct(
        "slab", 24, (Member("page", 3, 0), Member("next", 4, 64), Member("own", 7, 128))
    )
    assert graph[3] is graph.base[3]  # type: ignore[index]
    assert graph.ids_named("slab") == [6]
    assert graph.ids_named("page") == []
    assert graph.users(3) == [(6, 0)]
    assert graph.pointer_size == 8
    assert graph.byte_size(3) == 8


def test_split_over_split_btf_is_read() -> None:
    base = kernel()
    split = module(base)
    third = Btf(base=split)
    third.struct("third", 24, ("slab", 6, 0))
    graph = BtfGraph(split.dump(), "m", base=BtfGraph(base.dump(), "k"))
    over = BtfGraph(third.dump(), "t", base=graph)
    assert over[8] == Struct("third", 24, (Member("slab", 6, 0),))
    assert over[5].name == "mode"  # type: ignore[union-attr]
    assert (over.users(6), over.users(3)) == ([(8, 0)], [])


def test_old_bitfields_of_the_base_are_known_to_split_btf() -> None:
    base = Btf()
    base.int("int", 4, offset=1, bits=3)
    split = Btf(base=base)
    record = split.struct("s", 4, ("a", 1, 0))
    graph = BtfGraph(split.dump(), "m", base=BtfGraph(base.dump(), "k"))
    assert graph[record] == Struct("s", 4, (Member("a", 1, 1, 3),))


def test_places_in_split_btf_are_told_by_its_own_ids() -> None:
    base = kernel()
    split = Btf(base=base)
    split.ptr(99)
    graph = BtfGraph(split.dump(), "m", base=BtfGraph(base.dump(), "k"))
    with pytest.raises(InputError, match="type 6: refers to type 99, the last is 6"):
        graph[6]
    split.types += b"\0" * 4
    with pytest.raises(InputError, match="type 7: its record runs past the type section"):
        BtfGraph(split.dump(), "m", base=BtfGraph(base.dump(), "k"))


def test_split_btf_without_a_base_is_refused() -> None:
    with pytest.raises(InputError, match="this is split BTF and needs its base"):
        BtfGraph(module(kernel()).dump(), "m")


def test_base_of_another_byte_order_is_refused() -> None:
    with pytest.raises(InputError, match="byte order differs from its base's, k"):
        BtfGraph(module(kernel()).dump(), "m", base=BtfGraph(kernel(">").dump(), "k"))


# Distilled bases


def distilled(order: str = "<") -> Btf:
    """What a module over `kernel` keeps of it: by name and size, nothing inside."""
    btf = Btf(order)
    btf.int()
    btf.struct("page", 8)
    btf.fwd("inode")
    btf.enum("mode")
    return btf


def over_distilled(base: Btf) -> Btf:
    btf = Btf(base.order, base=base)
    inode = btf.ptr(3)
    btf.struct(
        "s", 40, ("page", 2, 0), ("inode", inode, 64), ("m", 4, 128), ("next", inode + 2, 192)
    )
    btf.ptr(inode + 1)
    proto = btf.func_proto(1, ("a", inode), ("", 0))
    func = btf.func("f", proto)
    btf.var("v", btf.array(2, 2, 1))
    btf.datasec(".data", 4, (btf.next_id - 1, 0, 4))
    btf.decl_tag("kfunc", func)
    btf.typedef("own_t", btf.const(2))
    return btf


def real_base(order: str = "<") -> Btf:
    """The same types under other ids."""
    btf = Btf(order)
    btf.int("char", 1)
    btf.union("inode", 4)
    btf.enum("mode", ("A", 1))
    number = btf.int()
    btf.struct("page", 8, ("flags", number, 0))
    btf.struct("inode", 600)
    return btf


@pytest.mark.parametrize("order", "<>")
def test_references_move_to_the_types_of_the_same_name(order: str) -> None:
    small, real = distilled(order), real_base(order)
    split = over_distilled(small)
    graph = relocate(
        split.dump(), BtfGraph(small.dump(), "m.base"), BtfGraph(real.dump(), "vmlinux")
    )
    assert graph[7] == Pointer(6)
    assert graph[8] == Struct(
        "s", 40, (Member("page", 5, 0), Member("inode", 7, 64), Member("m", 3, 128),
                  Member("next", 9, 192))
    )  # fmt: skip
    assert graph[9] == Pointer(8)
    assert graph[10] == FuncProto(4, (Param("a", 7),), variadic=True)
    assert graph[11] == Func("f", 10, "global")
    assert graph[12] == Array(5, 2)
    assert graph[13] == Var("v", 12, "global")
    assert graph[14] == Section(".data", 4, (SectionVar(13, 0, 4),))
    assert graph[15] == DeclTag("kfunc", 11, -1)
    assert graph[17] == Typedef("own_t", 16)


def match(small: Btf, real: Btf, split: Btf) -> BtfGraph:
    return relocate(split.dump(), BtfGraph(small.dump(), "m"), BtfGraph(real.dump(), "k"))


def test_type_that_is_pointed_to_may_have_another_size() -> None:
    small, real = Btf(), Btf()
    small.struct("page", 8)
    real.int()
    real.struct("page", 16)
    split = Btf(base=small)
    split.ptr(1)
    assert match(small, real, split)[3] == Pointer(2)


def test_type_that_is_embedded_must_have_its_size() -> None:
    small, real = Btf(), Btf()
    small.struct("page", 8)
    real.struct("page", 16)
    split = Btf(base=small)
    split.struct("s", 16, ("a", split.next_id + 1, 0))
    split.array(split.next_id + 1, 2)
    split.const(1)
    with pytest.raises(InputError) as caught:
        match(small, real, split)
    assert str(caught.value) == "m: distilled base, type 1: struct page has no match in k"


def test_type_of_several_candidates_is_refused_where_it_is_embedded() -> None:
    small, real = Btf(), Btf()
    small.struct("page", 8)
    real.struct("page", 8)
    real.struct("page", 8, ("a", 1, 0))
    embeds, points = Btf(base=small), Btf(base=small)
    embeds.struct("s", 8, ("a", 1, 0))
    points.ptr(1)
    with pytest.raises(InputError, match="struct page has 2 matches in k"):
        match(small, real, embeds)
    assert match(small, real, points)[3] == Pointer(1)


@pytest.mark.parametrize("union", [False, True])
def test_forward_declaration_matches_its_own_keyword(union: bool) -> None:
    small, real = Btf(), Btf()
    small.fwd("f", union=union)
    real.enum("f")
    real.struct("f", 4)
    real.union("f", 4)
    split = Btf(base=small)
    split.ptr(1)
    assert match(small, real, split)[4] == Pointer(3 if union else 2)


def test_integers_must_agree_in_everything() -> None:
    small, real = Btf(), Btf()
    small.int("int", 4)
    real.int("int", 4, signed=False)
    split = Btf(base=small)
    split.ptr(1)
    with pytest.raises(InputError, match="int int has no match in k"):
        match(small, real, split)


@pytest.mark.parametrize("target", [50, 0xFFFFFFFF])
def test_reference_beyond_a_distilled_base_s_split_btf_is_refused(target: int) -> None:
    small = distilled()
    split = Btf(base=small)
    split.ptr(target)
    with pytest.raises(InputError, match=f"type section: refers to type {target}"):
        match(small, real_base(), split)


def test_distilled_base_of_thousands_of_types_takes_no_time() -> None:
    small, real = Btf(), Btf()
    for index in range(20_000):
        small.struct(f"s{index}", 4)
        real.struct(f"s{index}", 8)
    split = Btf(base=small)
    split.ptr(20_000)
    assert match(small, real, split)[20_001] == Pointer(20_000)


# Several sources in one graph


def merged(*graphs: BtfGraph) -> MergedGraph:
    return MergedGraph(graphs)


def test_types_of_later_sources_move_up_behind_the_first() -> None:
    first, second = kernel(), Btf()
    char = second.int("char", 1)
    second.struct("t", 8, ("a", second.ptr(char), 0))
    graph = merged(BtfGraph(first.dump(), "a"), BtfGraph(second.dump(), "b"))
    assert len(graph) == 9
    assert graph[3].name == "page"  # type: ignore[union-attr]
    assert graph[8] == Struct("t", 8, (Member("a", 7, 0),))
    assert graph[7] == Pointer(6)
    assert list(graph.ids_of(Int)) == [1, 2, 6]
    assert graph.ids_named("t") == [8]
    assert graph.users(3) == []
    with pytest.raises(InputError, match="type 9: no such type"):
        graph[9]


def test_modules_of_one_kernel_share_it() -> None:
    base = kernel()
    one, two = module(base), module(base)
    two.struct("more", 8, ("page", 3, 0))
    over = BtfGraph(base.dump(), "k")
    graph = merged(BtfGraph(one.dump(), "m1", base=over), BtfGraph(two.dump(), "m2", base=over))
    assert graph.first_id == 6
    assert [graph[i].name for i in graph.ids_of(Struct)] == ["slab", "slab", "more"]  # type: ignore[union-attr]
    assert graph[8] == Struct(
        "slab", 24, (Member("page", 3, 0), Member("next", 4, 64), Member("own", 9, 128))
    )
    assert graph.users(3) == [(6, 0), (8, 0), (10, 0)]
    assert graph.byte_size(10) == 8


def test_kernel_and_its_module_are_both_chosen() -> None:
    base = kernel()
    over = BtfGraph(base.dump(), "k")
    graph = merged(over, BtfGraph(module(base).dump(), "m", base=over))
    assert graph.first_id == 1
    assert [graph[i].name for i in graph.ids_of(Struct, Union, Enum)] == ["page", "mode", "slab"]  # type: ignore[union-attr]


def test_every_kind_moves() -> None:
    first, second = kernel(), over_distilled(whole := distilled())
    over = BtfGraph(whole.dump(), "b")
    split = BtfGraph(second.dump(), "m", base=over)
    graph = merged(BtfGraph(first.dump(), "k"), split)
    by = 5  # the first source has that many types, and the base lies under both
    for type_id in range(split.first_id, len(split)):
        moved = graph[type_id + by]
        assert type(moved) is type(split[type_id])
        assert graph.nodes[type_id + by] is moved
    assert graph[5 + 8] == FuncProto(1, (Param("a", 10),), variadic=True)


def test_reference_that_a_source_lacks_does_not_become_another_s_type() -> None:
    bad, other = Btf(), kernel()
    number = bad.int()
    proto = bad.func_proto(number, ("a", 5))
    bad.func("f", proto)
    graph = merged(BtfGraph(bad.dump(), "bad"), BtfGraph(other.dump(), "other"))
    assert proto not in [proto for proto, *_ in graph.prototypes().rows()]
    with pytest.raises(InputError, match="bad: type 2: refers to type 5, the last is 3"):
        graph[proto]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (kernel("<"), kernel(">")),
        (kernel(long=8), kernel(long=4)),
    ],
)
def test_sources_of_different_abis_are_refused(first: Btf, second: Btf) -> None:
    nothing = Btf(first.order)
    for graphs in ([first, second], [nothing, first, second]):
        with pytest.raises(UsageError, match="one output has one ABI"):
            merged(*(BtfGraph(btf.dump(), "x") for btf in graphs))


def test_pointer_size_is_that_of_the_first_source_that_tells() -> None:
    graph = merged(BtfGraph(Btf().dump(), "a"), BtfGraph(kernel(long=4).dump(), "b"))
    assert (graph.info.name, graph.info.pointer_size) == ("a", 4)

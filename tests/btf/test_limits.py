"""What BTF cannot hold, and what the kernel would not load, is refused or left out by name."""

from __future__ import annotations

import os

import pytest

from tests.btf.bpf import load_btf
from tests.btf.graphs import INT, graph_of, nodes_of
from uapigen.btf.reader import BtfGraph
from uapigen.btf.writer import write_btf
from uapigen.errors import InputError
from uapigen.ir.types import (
    Array,
    DeclTag,
    Enum,
    Enumerator,
    Float,
    Forward,
    Func,
    FuncProto,
    Int,
    Member,
    Param,
    Pointer,
    Qualifier,
    Section,
    SectionVar,
    Struct,
    Type,
    Typedef,
    TypeTag,
    Union,
    Unknown,
    Var,
)

CANNOT: list[tuple[str, list[Type], str]] = [
    ("a kind that is not known", [Unknown("x", 77)], "is of a kind (77) that is not known"),
    ("a name with a NUL", [Struct("a\0b", 0, ())], "BTF has no such name"),
    ("a bitfield beyond 2 MiB", [INT, Struct("s", 1 << 22, (Member("x", 1, 1 << 24, 1),))],
     "BTF cannot say where member x lies"),
    ("a constant of 65 bits", [Enum("e", 8, False, (Enumerator("A", 1 << 64),))],
     "BTF has no constant of 18446744073709551616"),
    ("a type's name without a declaration", [Forward("u8", "typedef")],
     "is a name without a declaration"),
]  # fmt: skip


@pytest.mark.parametrize(("nodes", "problem"), [c[1:] for c in CANNOT], ids=[c[0] for c in CANNOT])
def test_beyond_the_format(nodes: list[Type], problem: str) -> None:
    with pytest.raises(InputError) as error:
        write_btf(graph_of(*nodes))
    assert error.value.problem == problem
    written = write_btf(graph_of(*nodes, Pointer(len(nodes))), drop=True)
    assert written.dropped[-1].reason == problem
    assert nodes_of(BtfGraph(written.data, "x"))[-1] == Pointer(0)


REFUSED: list[tuple[str, list[Type], str]] = [
    ("Rust's names", [Struct("core::Option<u8>", 0, ())], "the kernel takes identifiers only"),
    ("a long name", [Struct("x" * 513, 0, ())], "the kernel takes no name that long"),
    ("a member's name", [INT, Struct("s", 4, (Member("a b", 1, 0),))],
     "member a b: the kernel takes identifiers only"),
    ("a constant's name", [Enum("e", 4, False, (Enumerator("", 1),))],
     "'': the kernel takes identifiers only"),
    ("an incomplete member", [Forward("f", "struct"), Struct("s", 4, (Member("x", 1, 0),))],
     "member x is of a type without a size"),
    ("an incomplete element", [Forward("f", "struct"), INT, Array(1, 2)],
     "its elements are of a type without a size"),
    ("a member behind the end", [INT, Struct("s", 2, (Member("x", 1, 0),))],
     "member x ends behind the type"),
    ("a union's member not at its start", [INT, Union("u", 8, (Member("x", 1, 32),))],
     "member x is not at the union's start"),
    ("itself by value", [Struct("s", 8, (Member("x", 2, 0),)), Array(1, 1)],
     "contains itself by value"),
    ("a pointer to a tag", [INT, Typedef("t", 1), DeclTag("x", 2, -1), Pointer(3)],
     "refers to something that is no type"),
    ("a pointer to itself", [Qualifier("const", 2), Pointer(1)], "is a pointer to itself"),
    ("an extern function", [FuncProto(0, ()), Func("f", 1, "extern")],
     "the kernel takes no function that is defined elsewhere"),
    ("an unnamed parameter", [INT, FuncProto(0, (Param("", 1),)), Func("f", 2, "global")],
     "has a parameter without a name"),
    ("an extern variable", [INT, Var("v", 1, "extern")],
     "the kernel takes no variable that is defined elsewhere"),
    ("a variable without a size", [Var("v", 0, "global")], "is of a type without a size"),
    ("a section before linking", [INT, Var("v", 1, "global"),
                                  Section(".data", 0, (SectionVar(2, 0, 4),))],
     "has no size before it is linked"),
    ("a section of functions", [FuncProto(0, ()), Func("f", 1, "global"),
                                Section(".ksyms", 8, (SectionVar(2, 0, 8),))],
     "holds something else than variables"),
    ("a float of 10 bytes", [Float("long double", 10)], "is of a size that no float has"),
    ("a tag of a component that is not there", [INT, Typedef("t", 1), DeclTag("x", 2, 0)],
     "tags a component that is not there"),
    ("a declaration without a name", [Forward("", "struct")], "the kernel takes identifiers only"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("nodes", "problem"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_refused_by_the_kernel(nodes: list[Type], problem: str) -> None:
    graph = graph_of(*nodes)
    try:
        os.close(load_btf(write_btf(graph).data))
    except AssertionError:
        pass  # as it should be
    else:
        pytest.fail("the kernel takes it")
    with pytest.raises(InputError) as error:
        write_btf(graph, loadable=True)
    assert error.value.problem == problem
    written = write_btf(graph, loadable=True, drop=True)
    if len(BtfGraph(written.data, "x")) > 1:
        os.close(load_btf(written.data))


def test_what_embeds_a_refused_type_goes_with_it_and_pointers_to_it_become_void() -> None:
    graph = graph_of(
        Struct("a<b>", 4, ()),
        Struct("user", 4, (Member("x", 1, 0),)),
        Pointer(1),
        Struct("other", 8, (Member("x", 3, 0),)),
    )
    written = write_btf(graph, loadable=True, drop=True)
    reason = "the kernel takes identifiers only"
    assert written.dropped == [
        ("struct a<b>", reason),
        ("struct user", f"needs struct a<b>: {reason}"),
    ]
    assert nodes_of(BtfGraph(written.data, "x")) == [
        Pointer(0),
        Struct("other", 8, (Member("x", 1, 0),)),
    ]


def test_members_out_of_order_are_sorted_and_their_tags_follow() -> None:
    members = (Member("b", 1, 32), Member("a", 1, 0))
    graph = graph_of(INT, Struct("s", 8, members), DeclTag("of a", 2, 1))
    written = write_btf(graph, loadable=True)
    os.close(load_btf(written.data))
    assert nodes_of(BtfGraph(written.data, "x"))[1:] == [
        Struct("s", 8, members[::-1]),
        DeclTag("of a", 2, 0),
    ]


def test_type_tags_are_moved_before_qualifiers() -> None:
    graph = graph_of(INT, TypeTag("user", 1), Qualifier("const", 2), Qualifier("volatile", 3),
                     Pointer(4))  # fmt: skip
    written = write_btf(graph, loadable=True)
    os.close(load_btf(written.data))
    again = BtfGraph(written.data, "x")
    node, chain = again[written.ids[5]], []
    while not isinstance(node, Int):
        chain.append(node[0] if isinstance(node, (TypeTag, Qualifier)) else "*")
        node = again[node.target]  # type: ignore[union-attr]
    assert chain == ["*", "user", "volatile", "const"]


def test_a_tag_behind_a_typedef_is_left_out_by_name() -> None:
    graph = graph_of(INT, TypeTag("user", 1), Typedef("t", 2))
    written = write_btf(graph, loadable=True)
    os.close(load_btf(written.data))
    assert written.dropped == [("type tag user of t", "stands behind a typedef")]

"""What a snapshot spells is read as the same type."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uapigen.errors import InputError
from uapigen.ir.graph import SourceInfo
from uapigen.ir.list_graph import ListGraph
from uapigen.ir.types import (
    Array,
    FuncProto,
    Int,
    Param,
    Pointer,
    Qualifier,
    Struct,
    Type,
    TypeId,
    TypeTag,
)
from uapigen.snapshot.c_types import Parser, Speller, SpellingError, is_label

INFO = SourceInfo("test", lambda: "", False, 8)


def graph_with(*nodes: Type) -> tuple[ListGraph, dict[str, TypeId]]:
    """A graph of ``int`` (1), ``long unsigned int`` (2), ``struct s`` (3), and more nodes."""
    graph = ListGraph(INFO)
    labels = {}
    for label, node in (
        ("int", Int("int", 4, True)),
        ("long unsigned int", Int("long unsigned int", 8, False)),
        ("struct s", Struct("s", 0, ())),
    ):
        labels[label] = graph.add(node)
    for node in nodes:
        graph.add(node)
    return graph, labels


def spelled(graph: ListGraph, labels: dict[str, TypeId], type_id: TypeId) -> str:
    names = {found: label for label, found in labels.items()}
    return Speller(graph, lambda i, _: names[i]).spell(type_id)


@pytest.mark.parametrize(
    "spelling",
    [
        "int",
        "void *",
        "struct s **",
        "long unsigned int[4]",
        "int *[2][3]",
        "int (*)[2]",
        "int (**)(void)",
        "const int *",
        "int *const volatile",
        "const volatile int *restrict",
        "int (*const)[3]",
        "__tag(user) int *",
        "const __tag(rcu) struct s *",
        "int *__tag(percpu) const *",
        "__attr(noderef) int *",
        "__tag(odd%20text) int",
        "void (*)(struct s *s, int, ...)",
        "int (int a, long unsigned int, int (*cb)(void *, struct s *s))",
        "int (*(*)(int x))(struct s *)",
        "int (*(*[3])(void))[2]",
        "int (int %69nt, int a%2db)",
        "int (...)",
        "int[4] const",
        "void (*)(int) volatile const",
        "int (*[2] const)(struct s *c) __tag(x)",
    ],
)
def test_read_and_spelled_again(spelling: str) -> None:
    graph, labels = graph_with()
    assert spelled(graph, labels, Parser(graph, labels).parse(spelling)) == spelling


@pytest.mark.parametrize(
    ("spelling", "problem"),
    [
        ("struct t", "'struct t' is no type of this snapshot"),
        ("int name", "is no C type"),
        ("int (*", "')' is missing"),
        ("int[", "is no number of elements"),
        ("int[-1]", "is no C type"),
        ("int[99999999999999]", "is no number of elements"),
        ("int; x", "is no C type"),
        ("int (int,", "'' is no type"),
        ("", "is no type of this snapshot"),
        ("(" * 1000, "is no type"),
        ("int " + "(*" * 500 + ")" * 500, "nests too deep"),
        ("int" + "*" * 40_000, "a type of more characters than any has"),
    ],
)
def test_what_is_no_type_is_refused(spelling: str, problem: str) -> None:
    graph, labels = graph_with()
    with pytest.raises(SpellingError) as error:
        Parser(graph, labels).parse(spelling)
    assert problem in str(error.value)


def test_a_type_without_an_end_is_refused() -> None:
    graph = ListGraph(INFO)
    graph.define(graph.reserve(), Pointer(1))
    with pytest.raises(InputError, match="nest too deep"):
        Speller(graph, lambda *_: "x").spell(1)


@pytest.mark.parametrize(
    ("name", "fits"),
    [("u8", True), ("int", True), ("long unsigned int", True), ("foo bar", False),
     ("struct", False), ("void", False), ("a::b", False), ("", False), ("9a", False)],
)  # fmt: skip
def test_labels_are_words(name: str, fits: bool) -> None:
    assert is_label(name) == fits


NAMES = st.one_of(st.just(""), st.text(min_size=1, max_size=6).filter(lambda n: "\0" not in n))


@st.composite
def types(draw: st.DrawFn) -> tuple[ListGraph, dict[str, TypeId], TypeId]:
    graph, labels = graph_with()
    known = [1, 2, 3]
    for _ in range(draw(st.integers(1, 12))):
        target = draw(st.sampled_from(known))
        kind = draw(st.sampled_from("*[cvrtf"))
        if kind == "*":
            node: Type = Pointer(target)
        elif kind == "[":
            node = Array(target, draw(st.integers(0, 2**32 - 1)))
        elif kind == "t":
            node = TypeTag(draw(NAMES), target, draw(st.booleans()))
        elif kind == "f":
            listed = draw(st.lists(st.tuples(NAMES, st.sampled_from(known)), max_size=3))
            params = tuple([Param(name, type_id) for name, type_id in listed])
            node = FuncProto(target, params, draw(st.booleans()))
        else:
            word = {"c": "const", "v": "volatile", "r": "restrict"}[kind]
            node = Qualifier(word, target)
        known.append(graph.add(node))
    return graph, labels, known[-1]


@settings(deadline=None, max_examples=300)
@given(types())
def test_any_type_spelled_is_read_as_itself(
    case: tuple[ListGraph, dict[str, TypeId], TypeId],
) -> None:
    graph, labels, type_id = case
    text = spelled(graph, labels, type_id)
    other, other_labels = graph_with()
    again = Parser(other, other_labels).parse(text)
    assert same(graph, type_id, other, again)


def same(a: ListGraph, left: TypeId, b: ListGraph, right: TypeId) -> bool:
    """Whether two types are the same, names of parameters included."""
    from uapigen.ir.references import moved, references

    x, y = a[left], b[right]
    return moved(x, lambda _: 0) == moved(y, lambda _: 0) and all(
        same(a, i, b, j) for i, j in zip(references(x), references(y), strict=True)
    )

"""Every kind, in both byte orders and under both headers."""

from __future__ import annotations

import pytest

from uapigen.btf.reader import BtfGraph
from uapigen.errors import InputError
from uapigen.ir.types import (
    Array,
    DeclTag,
    Enum,
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

from .builder import Btf

KINDS: list[tuple[str, tuple[object, ...], dict[str, object], Type]] = [
    ("int", ("int", 4), {}, Int("int", 4, True, False, 0, 32)),
    ("int", ("_Bool", 1), {"signed": False, "boolean": True}, Int("_Bool", 1, False, True, 0, 8)),
    ("ptr", (0,), {}, Pointer(0)),
    ("array", (1, 3), {}, Array(1, 3)),
    ("struct", ("s", 8, ("a", 1, 32)), {}, Struct("s", 8, (Member("a", 1, 32, 0),))),
    ("struct", ("s", 4, ("a", 1, 5, 3)), {}, Struct("s", 4, (Member("a", 1, 5, 3),))),
    ("union", ("u", 4, ("a", 1, 0)), {}, Union("u", 4, (Member("a", 1, 0, 0),))),
    ("enum", ("e", ("A", 0xFFFFFFFF)), {}, Enum("e", 4, False, (("A", 0xFFFFFFFF),))),  # type: ignore[arg-type]
    ("enum", ("e", ("A", -1)), {"signed": True}, Enum("e", 4, True, (("A", -1),))),  # type: ignore[arg-type]
    ("fwd", ("f",), {}, Forward("f", "struct")),
    ("fwd", ("f",), {"union": True}, Forward("f", "union")),
    ("typedef", ("t", 1), {}, Typedef("t", 1)),
    ("volatile", (1,), {}, Qualifier("volatile", 1)),
    ("const", (1,), {}, Qualifier("const", 1)),
    ("restrict", (1,), {}, Qualifier("restrict", 1)),
    ("func", ("f", 2, 0), {}, Func("f", 2, "static")),
    ("func_proto", (1, ("a", 1)), {}, FuncProto(1, (Param("a", 1),), False)),
    ("func_proto", (0, ("a", 1), ("", 0)), {}, FuncProto(0, (Param("a", 1),), True)),
    ("var", ("v", 1), {}, Var("v", 1, "global")),
    ("datasec", (".data", 8, (1, 4, 4)), {}, Section(".data", 8, (SectionVar(1, 4, 4),))),
    ("float", ("double", 8), {}, Float("double", 8)),
    ("decl_tag", ("tag", 2), {}, DeclTag("tag", 2, -1, False)),
    ("decl_tag", ("tag", 2, 1), {"attribute": True}, DeclTag("tag", 2, 1, True)),
    ("type_tag", ("user", 1), {}, TypeTag("user", 1, False)),
    ("type_tag", ("packed", 1), {"attribute": True}, TypeTag("packed", 1, True)),
    ("enum64", ("e", ("A", (1 << 64) - 1)), {}, Enum("e", 8, False, (("A", (1 << 64) - 1),))),  # type: ignore[arg-type]
    ("enum64", ("e", ("A", -2)), {"signed": True}, Enum("e", 8, True, (("A", -2),))),  # type: ignore[arg-type]
]


@pytest.mark.parametrize("header_size", [24, 32])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("kind", "arguments", "options", "expected"), KINDS)
def test_kind_is_read(
    kind: str,
    arguments: tuple[object, ...],
    options: dict[str, object],
    expected: Type,
    order: str,
    header_size: int,
) -> None:
    btf = Btf(order)
    btf.int("first")
    btf.func_proto(0)
    type_id = getattr(btf, kind)(*arguments, **options)
    graph = BtfGraph(btf.dump(header_size=header_size), "test")
    assert graph[type_id] == expected
    assert graph.info.big_endian == (order == ">")


def test_integer_of_the_old_encoding_makes_its_member_a_bitfield() -> None:
    btf = Btf()
    odd = btf.int("unsigned int", 4, signed=False, offset=2, bits=3)
    record = btf.struct("old", 4, ("flag", btf.typedef("flag_t", odd), 8))
    node = BtfGraph(btf.dump(), "test")[record]
    assert node == Struct("old", 4, (Member("flag", odd + 1, 10, 3),))


def test_unknown_kind_is_skipped_where_the_blob_describes_it() -> None:
    btf = Btf()
    btf.record(99, "new", 0, 1, 2, 3, vlen=1)
    word = btf.int("behind")
    data = btf.dump(header_size=32, layout=btf.described({99: (4, 8)}))
    graph = BtfGraph(data, "test")
    assert graph[1] == Unknown("new", 99)
    assert graph[word] == Int("behind", 4, True, False, 0, 32)


def test_unknown_kind_is_refused_where_nothing_describes_it() -> None:
    btf = Btf()
    btf.record(99, "new", 0)
    with pytest.raises(InputError, match="kind 99 is unknown"):
        BtfGraph(btf.dump(), "test")


@pytest.mark.parametrize(
    ("kind", "arguments", "problem"),
    [
        ("typedef", ("t", 9), "refers to type 9"),
        ("ptr", (9,), "refers to type 9"),
        ("struct", ("s", 4, ("a", 9, 0)), "refers to type 9"),
        ("func_proto", (0, ("a", 9)), "refers to type 9"),
        ("datasec", (".data", 4, (9, 0, 4)), "refers to type 9"),
        ("func", ("f", 0, 7), "linkage 7"),
        ("int", ("i", 99), "99 bytes"),
        ("float", ("f", 3), "3 bytes"),
        ("enum", ("e",), "an enum of 3 bytes"),
    ],
)
def test_malformed_type_is_refused_by_its_id(
    kind: str, arguments: tuple[object, ...], problem: str
) -> None:
    btf = Btf()
    options = {"size": 3} if kind == "enum" else {}
    type_id = getattr(btf, kind)(*arguments, **options)
    graph = BtfGraph(btf.dump(), "test")
    with pytest.raises(InputError, match=problem) as refused:
        graph[type_id]
    assert refused.value.place == f"type {type_id}"


def test_string_past_its_section_is_refused() -> None:
    btf = Btf()
    type_id = btf.record(8, 4096, 0)
    graph = BtfGraph(btf.dump(), "test")
    with pytest.raises(InputError, match="offset 4096 is past its end"):
        graph[type_id]

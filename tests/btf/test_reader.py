"""Raw BTF as a graph: every kind, both byte orders, both headers, and what is refused."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest

from uapigen.btf.reader import BtfGraph
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
    Void,
)

from .builder import Btf, packed

FORMS = pytest.mark.parametrize(
    ("order", "header_size"), [("<", 24), (">", 24), ("<", 32), (">", 32), ("<", 40)]
)
INT = 1

KINDS: list[tuple[Callable[[Btf], int], Type]] = [
    (lambda b: b.int("int", 4), Int("int", 4, True, False, 0, 32)),
    (lambda b: b.int("u8", 1, signed=False), Int("u8", 1, False, False, 0, 8)),
    (lambda b: b.int("char", 1, char=True), Int("char", 1, True, False, 0, 8)),
    (
        lambda b: b.int("_Bool", 1, signed=False, boolean=True),
        Int("_Bool", 1, False, True, 0, 8),
    ),
    (lambda b: b.int("__int128", 16), Int("__int128", 16, True, False, 0, 128)),
    (lambda b: b.int("old", 4, offset=3, bits=5), Int("old", 4, True, False, 3, 5)),
    (lambda b: b.ptr(INT), Pointer(INT)),
    (lambda b: b.ptr(0), Pointer(0)),
    (lambda b: b.array(INT, 7, INT), Array(INT, 7)),
    (lambda b: b.array(INT, 0xFFFFFFFF), Array(INT, 0xFFFFFFFF)),
    (lambda b: b.struct("empty", 0), Struct("empty", 0, ())),
    (lambda b: b.struct("opaque", 16), Struct("opaque", 16, ())),
    (
        lambda b: b.struct("plain", 8, ("a", INT, 0), ("", INT, 32)),
        Struct("plain", 8, (Member("a", INT, 0), Member("", INT, 32))),
    ),
    (  # without kind_flag the whole word is the offset
        lambda b: b.struct("far", 0, ("a", INT, 0x12345678)),
        Struct("far", 0, (Member("a", INT, 0x12345678),)),
    ),
    (
        lambda b: b.struct("bits", 4, ("a", INT, 0, 3), ("", INT, 3, 2), ("b", INT, 0xFFFFFF, 255)),
        Struct(
            "bits",
            4,
            (Member("a", INT, 0, 3), Member("", INT, 3, 2), Member("b", INT, 0xFFFFFF, 255)),
        ),
    ),
    (  # kind_flag without a bitfield
        lambda b: b.struct("flag", 4, ("a", INT, 0), flag=True),
        Struct("flag", 4, (Member("a", INT, 0),)),
    ),
    (
        lambda b: b.union("u", 4, ("a", INT, 0), ("b", INT, 0, 3)),
        Union("u", 4, (Member("a", INT, 0), Member("b", INT, 0, 3))),
    ),
    (
        lambda b: b.enum("e", ("A", 0), ("B", 0xFFFFFFFF)),
        Enum("e", 4, False, (Enumerator("A", 0), Enumerator("B", 0xFFFFFFFF))),
    ),
    (
        lambda b: b.enum("s", ("MIN", -(1 << 31)), ("M1", -1), signed=True),
        Enum("s", 4, True, (Enumerator("MIN", -(1 << 31)), Enumerator("M1", -1))),
    ),
    (lambda b: b.enum("declared"), Enum("declared", 4, False, ())),
    (lambda b: b.enum("tiny", ("A", 1), size=1), Enum("tiny", 1, False, (Enumerator("A", 1),))),
    (
        lambda b: b.enum64("big", ("A", 1 << 63), ("B", (1 << 64) - 1)),
        Enum("big", 8, False, (Enumerator("A", 1 << 63), Enumerator("B", (1 << 64) - 1))),
    ),
    (
        lambda b: b.enum64("neg", ("A", -(1 << 63)), ("B", -1), signed=True),
        Enum("neg", 8, True, (Enumerator("A", -(1 << 63)), Enumerator("B", -1))),
    ),
    (lambda b: b.fwd("f"), Forward("f", "struct")),
    (lambda b: b.fwd("f", union=True), Forward("f", "union")),
    (lambda b: b.typedef("t", INT), Typedef("t", INT)),
    (lambda b: b.volatile(INT), Qualifier("volatile", INT)),
    (lambda b: b.const(0), Qualifier("const", 0)),
    (lambda b: b.restrict(INT), Qualifier("restrict", INT)),
    (lambda b: b.func_proto(0), FuncProto(0, ())),
    (
        lambda b: b.func_proto(INT, ("a", INT), ("", INT)),
        FuncProto(INT, (Param("a", INT), Param("", INT))),
    ),
    (
        lambda b: b.func_proto(INT, ("a", INT), ("", 0)),
        FuncProto(INT, (Param("a", INT),), variadic=True),
    ),
    (lambda b: b.func("f", INT, 0), Func("f", INT, "static")),
    (lambda b: b.func("f", INT, 1), Func("f", INT, "global")),
    (lambda b: b.func("f", INT, 2), Func("f", INT, "extern")),
    (lambda b: b.var("v", INT, 0), Var("v", INT, "static")),
    (lambda b: b.var("v", INT, 2), Var("v", INT, "extern")),
    (
        lambda b: b.datasec(".data", 64, (INT, 8, 4), (INT, 0, 8)),
        Section(".data", 64, (SectionVar(INT, 8, 4), SectionVar(INT, 0, 8))),
    ),
    (lambda b: b.float("_Float16", 2), Float("_Float16", 2)),
    (lambda b: b.float("long double", 16), Float("long double", 16)),
    (lambda b: b.decl_tag("kfunc", INT), DeclTag("kfunc", INT, -1)),
    (lambda b: b.decl_tag("arg", INT, 3), DeclTag("arg", INT, 3)),
    (lambda b: b.decl_tag("weak", INT, attribute=True), DeclTag("weak", INT, -1, True)),
    (lambda b: b.type_tag("user", INT), TypeTag("user", INT)),
    (lambda b: b.type_tag("aligned(8)", INT, attribute=True), TypeTag("aligned(8)", INT, True)),
]


def read(btf: Btf, **options: object) -> BtfGraph:
    return BtfGraph(btf.dump(**options), "x")  # type: ignore[arg-type]


def refusal(data: bytes, type_id: int | None = None) -> str:
    """What is wrong with the BTF, or with one type of it that can be read otherwise."""
    with pytest.raises(InputError) as caught:
        BtfGraph(data, "x")[type_id or 0]
    return str(caught.value)


@FORMS
def test_every_kind_is_read(order: str, header_size: int) -> None:
    btf = Btf(order)
    btf.int()
    expected = {make(btf): node for make, node in KINDS}
    layout = btf.described({}) if header_size >= 32 else None
    graph = read(btf, header_size=header_size, layout=layout)
    assert graph.big_endian == (order == ">")
    assert len(graph) == btf.next_id
    assert graph[0] == Void()
    for type_id, node in expected.items():
        assert graph[type_id] == node
        assert type_id in list(graph.ids_of(type(node)))


@pytest.mark.parametrize("kind_flag", [False, True])
def test_old_bitfields_are_described_by_their_type(kind_flag: bool) -> None:
    """Before kind_flag, an integer type had a bitfield's offset and width."""
    btf = Btf()
    odd = btf.int("int", 4, offset=2, bits=5)
    plain = btf.int("unsigned int", 4)
    alias = btf.const(btf.typedef("t", odd))
    narrow = btf.int("short", 4, bits=20)
    unstated = btf.int("char", 1, bits=0)
    record = btf.struct(
        "s", 8, ("a", odd, 0), ("b", plain, 32), ("c", alias, 8), ("d", narrow, 32),
        ("e", unstated, 0), flag=kind_flag,
    )  # fmt: skip
    node = read(btf)[record]
    assert isinstance(node, Struct)
    found = [(member.bit_offset, member.bit_width) for member in node.members]
    if kind_flag:
        assert found == [(0, 0), (32, 0), (8, 0), (32, 0), (0, 0)]
    else:
        assert found == [(2, 5), (32, 0), (10, 5), (32, 20), (0, 0)]


def test_vlen_has_24_bits() -> None:
    btf = Btf()
    btf.int()
    members = [("m", INT, 32 * index) for index in range(70_000)]
    record = btf.struct("big", 280_000, *members)
    enum = btf.enum("huge", *(("E", value) for value in range(70_000)))
    graph = read(btf, header_size=32)
    node, constants = graph[record], graph[enum]
    assert isinstance(node, Struct)
    assert isinstance(constants, Enum)
    assert (len(node.members), node.members[-1].bit_offset) == (70_000, 32 * 69_999)
    assert constants.enumerators[-1] == Enumerator("E", 69_999)


@pytest.mark.parametrize("order", "<>")
def test_kinds_that_are_only_described_are_skipped(order: str) -> None:
    btf = Btf(order)
    btf.int()
    plain = btf.record(20, "future", 7)
    wide = btf.record(100, "wider", 0, 1, 2, *range(9), vlen=3)
    behind = btf.struct("behind", 4, ("a", INT, 0))
    user = btf.struct("user", 8, ("a", wide, 0))
    layout = btf.described({20: (0, 0), 100: (8, 12)})
    graph = read(btf, header_size=32, layout=layout)
    assert graph[plain] == Unknown("future", 20)
    assert graph[wide] == Unknown("wider", 100)
    assert graph[behind] == Struct("behind", 4, (Member("a", INT, 0),))
    assert isinstance(graph[user], Struct)
    without = refusal(btf.dump())
    assert without == "x: type section: kind 20 is unknown and its size not described"


def test_sizes_of_known_kinds_are_not_taken_from_the_layout() -> None:
    btf = Btf()
    record = btf.struct("s", 4, ("a", btf.int(), 0))
    lying = bytes([200, 200, 0, 0] * 20)
    assert isinstance(read(btf, header_size=32, layout=lying)[record], Struct)


def test_described_record_of_odd_length_is_refused() -> None:
    btf = Btf()
    btf.record(20, "future", 0)
    layout = btf.described({20: (3, 0)})
    message = "x: type section: a record of kind 20 has an odd length"
    assert refusal(btf.dump(header_size=32, layout=layout)) == message


def words(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


RECORDS: list[tuple[bytes, str]] = [
    (words(0, 1 << 24, 4), "type 1: its record runs past the type section"),
    (words(0), "type 1: its record runs past the type section"),
    (words(0, 2 << 24, 0, 0), "type 2: its record runs past the type section"),
    (words(0, 4 << 24 | 0xFFFFFF, 4), "type 1: its record runs past the type section"),
    (words(0, 19 << 24 | 2, 4, *[0] * 5), "type 1: its record runs past the type section"),
    (words(0, 0, 0), "type section: kind 0 is unknown and its size not described"),
    (words(0, 20 << 24, 0), "type section: kind 20 is unknown and its size not described"),
    (words(0, 0x7F << 24, 0), "type section: kind 127 is unknown and its size not described"),
]


@pytest.mark.parametrize(("types", "message"), RECORDS)
def test_records_that_do_not_fill_the_type_section_are_refused(types: bytes, message: str) -> None:
    assert refusal(packed(types, b"\0")) == f"x: {message}"


TYPES: list[tuple[Callable[[Btf], int], str]] = [
    (lambda b: b.int("i", 0), "an integer of 0 bytes"),
    (lambda b: b.int("i", 17, bits=0), "an integer of 17 bytes"),
    (lambda b: b.int("i", 0xFFFFFFFF, bits=0), "an integer of 4294967295 bytes"),
    (lambda b: b.int("i", 4, bits=33), "33 bits at 0 of 4 bytes"),
    (lambda b: b.int("i", 4, offset=30, bits=3), "3 bits at 30 of 4 bytes"),
    (lambda b: b.float("f", 3), "a floating point type of 3 bytes"),
    (lambda b: b.float("f", 0xFFFFFFFF), "a floating point type of 4294967295 bytes"),
    (lambda b: b.enum("e", size=0), "an enum of 0 bytes"),
    (lambda b: b.enum("e", ("A", 1), size=3), "an enum of 3 bytes"),
    (lambda b: b.enum64("e", size=16), "an enum of 16 bytes"),
    (lambda b: b.ptr(99), "refers to type 99, the last is 2"),
    (lambda b: b.ptr(3), "refers to type 3, the last is 2"),
    (lambda b: b.ptr(0xFFFFFFFF), "refers to type 4294967295, the last is 2"),
    (lambda b: b.array(99, 1), "refers to type 99, the last is 2"),
    (lambda b: b.struct("s", 4, ("a", 1, 0), ("b", 99, 0)), "refers to type 99, the last is 2"),
    (lambda b: b.union("u", 4, ("a", 99, 0)), "refers to type 99, the last is 2"),
    (lambda b: b.typedef("t", 99), "refers to type 99, the last is 2"),
    (lambda b: b.const(99), "refers to type 99, the last is 2"),
    (lambda b: b.volatile(99), "refers to type 99, the last is 2"),
    (lambda b: b.restrict(99), "refers to type 99, the last is 2"),
    (lambda b: b.type_tag("t", 99), "refers to type 99, the last is 2"),
    (lambda b: b.decl_tag("t", 99), "refers to type 99, the last is 2"),
    (lambda b: b.func("f", 99), "refers to type 99, the last is 2"),
    (lambda b: b.func_proto(99), "refers to type 99, the last is 2"),
    (lambda b: b.func_proto(0, ("a", 1), ("b", 99)), "refers to type 99, the last is 2"),
    (lambda b: b.var("v", 99), "refers to type 99, the last is 2"),
    (lambda b: b.datasec("d", 4, (99, 0, 0)), "refers to type 99, the last is 2"),
    (lambda b: b.func("f", 1, 3), "linkage 3 is unknown"),
    (lambda b: b.var("v", 1, 0xFFFFFFFF), "linkage 4294967295 is unknown"),
]


@pytest.mark.parametrize(("make", "problem"), TYPES)
def test_malformed_type_is_refused_and_no_other(make: Callable[[Btf], int], problem: str) -> None:
    btf = Btf()
    btf.int()
    assert make(btf) == 2
    assert refusal(btf.dump(), 2) == f"x: type 2: {problem}"
    assert isinstance(read(btf)[1], Int)


@pytest.mark.parametrize("type_id", [2, 1 << 32, -1])
def test_ids_that_do_not_exist_are_refused(type_id: int) -> None:
    btf = Btf()
    btf.int()
    assert refusal(btf.dump(), type_id) == f"x: type {type_id}: no such type; the last is 1"


def test_functions_and_their_prototypes_are_given_at_once() -> None:
    btf = Btf()
    number = btf.int()
    first = btf.func_proto(number, ("a", number))
    unnamed = btf.func_proto(number, ("", number))
    ids = [btf.func("f", first), btf.func("g", unnamed), btf.func("h", first)]
    graph = read(btf)
    assert graph.functions() == (ids, ["f", "g", "h"], [first, unnamed, first])
    listed = [
        (i, back, list(names), list(types)) for i, back, names, types in graph.prototypes().rows()
    ]
    assert listed == [(first, number, ["a"], [number])]
    btf.func("bad", 99)
    with pytest.raises(InputError, match="type 7: refers to type 99, the last is 7"):
        read(btf).functions()


@pytest.mark.parametrize(
    ("name", "size", "expected"),
    [
        ("long unsigned int", 8, 8),
        ("long int", 4, 4),
        ("long", 8, 8),
        ("long", 2, 0),
        ("int", 4, 0),
    ],
)
def test_a_pointer_is_as_large_as_a_long(name: str, size: int, expected: int) -> None:
    btf = Btf()
    btf.int("char", 1)
    btf.int(name, size)
    assert read(btf).pointer_size == expected


def test_users_of_a_type_are_found_through_its_forms() -> None:
    btf = Btf()
    number = btf.int()
    inner = btf.struct("inner", 4, ("a", number, 0))
    array, alias, const = btf.array(inner, 2), btf.typedef("t", inner), btf.const(inner)
    pointer = btf.ptr(inner)
    outer = btf.struct("outer", 24, ("a", inner, 8), ("b", array, 32, 0), ("p", pointer, 128))
    graph = read(btf)
    assert sorted(graph.users(inner)) == [(array, -1), (alias, -1), (const, -1), (outer, 8)]
    assert graph.users(array) == [(outer, 32)]
    assert graph.users(outer) == []

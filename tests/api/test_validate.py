"""Classes written by hand: those that agree with the source, and what is said of the others."""

from __future__ import annotations

from collections.abc import Callable
from ctypes import (
    CFUNCTYPE,
    POINTER,
    BigEndianStructure,
    Structure,
    Union,
    c_bool,
    c_byte,
    c_char,
    c_char_p,
    c_double,
    c_float,
    c_int,
    c_int16,
    c_int32,
    c_longlong,
    c_ubyte,
    c_uint8,
    c_uint16,
    c_uint32,
    c_uint64,
    c_void_p,
)
from typing import Any

import pytest

import uapigen

Fields = list[tuple[Any, ...]]


def struct(fields: Fields, base: type = Structure, name: str = "Mine", **body: Any) -> type:
    return type(base)(name, (base,), {**body, "_fields_": fields})


EXEC_EVENT: Fields = [
    ("timestamp", c_uint64),
    ("pid", c_uint32),
    ("exit_code", c_int),
    ("comm", c_char * 16),
    ("state", c_ubyte),
    ("uid", c_uint32),
    ("filename", c_char_p),
]
INNER: Fields = [("first", c_uint16), ("second", c_uint32)]
BITS: Fields = [
    ("low", c_uint32, 3),
    ("middle", c_int32, 5),
    ("high", c_uint32, 20),
    ("flag", c_uint32, 1),
    ("why", c_uint32, 2),
]
KINDS: Fields = [
    ("flag", c_bool),
    ("letter", c_char),
    ("tiny", c_byte),
    ("reason", c_uint32),
    ("sign", c_int32),
    ("real", c_float),
    ("precise", c_double),
    ("address", c_void_p),
    ("call", CFUNCTYPE(c_int, c_void_p)),
    ("grid", c_uint32 * 3 * 2),
    ("huge", c_uint64 * 2),
    ("secret", c_uint64),
    ("_tail", c_ubyte * 8),
]


def changed(fields: Fields, name: str, *new: Any) -> Fields:
    """The fields with one replaced by ``new`` (type, width), renamed by it, or left out."""
    found: Fields = []
    for field in fields:
        if field[0] != name:
            found.append(field)
        elif new and isinstance(new[0], tuple):
            found += new
        elif new:
            found.append((name, *new))
    assert found != fields
    return found


def nested(anonymous: Fields, **body: Any) -> type:
    inner = struct(INNER, name="Inner")
    start: Fields = [("one", inner), ("many", inner * 3)]
    return struct(
        [*start, *anonymous, ("refs", struct([("counter", c_int)])), ("end", c_uint8)], **body
    )


HALVES = struct([("low", c_uint16), ("high", c_uint16)], name="Halves")
WORD_AND_HALVES = struct(
    [("word", c_uint32), ("halves", HALVES)], base=Union, _anonymous_=("halves",)
)


AGREEING = {
    "plain": ("struct exec_event", lambda: struct(EXEC_EVENT)),
    "bare name": ("exec_event", lambda: struct(EXEC_EVENT)),
    "explicit padding": (
        "struct exec_event",
        lambda: struct(changed(EXEC_EVENT, "uid", ("_1", c_ubyte * 3), ("uid", c_uint32))),
    ),
    "pad by name": (
        "struct exec_event",
        lambda: struct(changed(EXEC_EVENT, "uid", ("pad", c_ubyte * 3), ("uid", c_uint32))),
    ),
    "inherited fields": (
        "struct exec_event",
        lambda: struct(EXEC_EVENT[4:], base=struct(EXEC_EVENT[:4], name="Head")),
    ),
    "pointer as integer": (
        "struct exec_event",
        lambda: struct(changed(EXEC_EVENT, "filename", c_uint64)),
    ),
    "pointer to a class": (
        "struct exec_event",
        lambda: struct(changed(EXEC_EVENT, "filename", POINTER(c_char))),
    ),
    "bytes for characters": (
        "struct exec_event",
        lambda: struct(changed(EXEC_EVENT, "comm", c_ubyte * 16)),
    ),
    "every kind": ("struct kinds", lambda: struct(KINDS)),
    "nested, parts anonymous": (
        "struct nested",
        lambda: nested([("u", WORD_AND_HALVES)], _anonymous_=("u",)),
    ),
    "nested, parts named": (
        "struct nested",
        lambda: nested([("u", struct([("word", c_uint32), ("halves", HALVES)], base=Union))]),
    ),
    "nested, opaque": (
        "struct nested",
        lambda: struct(
            [
                ("one", c_ubyte * 8),
                ("many", c_ubyte * 8 * 3),
                ("_u", WORD_AND_HALVES),
                ("refs", c_char * 4),
                ("end", c_uint8),
            ],
            _anonymous_=("_u",),
        ),
    ),
    "bitfields": ("struct bits", lambda: struct(BITS)),
    "packed": (
        "struct packed",
        lambda: struct([("tag", c_uint8), ("value", c_uint64), ("tail", c_uint16)], _pack_=1),
    ),
    "keyword with an underscore": (
        "struct keywords",
        lambda: struct([("from_", c_uint32), ("class_", c_uint32)]),
    ),
    "keyword as it is": (
        "struct keywords",
        lambda: struct([("from", c_uint32), ("class", c_uint32)]),
    ),
    "flexible array": (
        "struct message",
        lambda: struct([("length", c_uint32), ("data", c_ubyte * 0)]),
    ),
    "flexible array left out": ("struct message", lambda: struct([("length", c_uint32)])),
    "union": (
        "union either",
        lambda: struct([("word", c_uint32), ("bytes", c_ubyte * 4)], base=Union),
    ),
    "typedef": ("atomic_t", lambda: struct([("counter", c_int)])),
}


@pytest.mark.parametrize(("spelling", "make"), AGREEING.values(), ids=AGREEING)
def test_class_that_agrees_is_returned(
    gcc: uapigen.Loaded, spelling: str, make: Callable[[], type]
) -> None:
    cls = make()
    assert gcc.validate(spelling, cls) is cls


DIFFERING = {
    "offset": (
        "struct exec_event",
        struct(EXEC_EVENT, _pack_=1),
        [
            "struct exec_event: size 45 (source: 48)",
            "uid: offset 33 (source: 36)",
            "filename: offset 37 (source: 40)",
        ],
    ),
    "size": (
        "struct exec_event",
        struct(changed(EXEC_EVENT, "state", c_uint16)),
        ["state: size 2 (source: 1)"],
    ),
    "signed": (
        "struct exec_event",
        struct(changed(EXEC_EVENT, "pid", c_int)),
        ["pid: kind signed integer (source: unsigned integer)"],
    ),
    "unsigned": (
        "struct exec_event",
        struct(changed(EXEC_EVENT, "exit_code", c_uint32)),
        ["exit_code: kind unsigned integer (source: signed integer)"],
    ),
    "float for an integer": (
        "struct exec_event",
        struct(changed(EXEC_EVENT, "pid", c_float)),
        ["pid: kind floating point number (source: unsigned integer)"],
    ),
    "pointer for an integer": (
        "struct exec_event",
        struct(changed(EXEC_EVENT, "timestamp", c_void_p)),
        ["timestamp: kind pointer (source: unsigned integer)"],
    ),
    "signed integer for a pointer": (
        "struct exec_event",
        struct(changed(EXEC_EVENT, "filename", c_longlong)),
        ["filename: kind signed integer (source: pointer)"],
    ),
    "array length": (
        "struct exec_event",
        struct(changed(EXEC_EVENT, "comm", ("comm", c_char * 12), ("_rest", c_char * 4))),
        ["comm: array of 12 (source: array of 16)"],
    ),
    "no array": (
        "struct exec_event",
        struct(changed(EXEC_EVENT, "comm", ("comm", c_uint64), ("_rest", c_uint64))),
        ["comm: kind unsigned integer (source: array of 16), size 8 (source: 16)"],
    ),
    "missing under padding": (
        "struct exec_event",
        struct(changed(EXEC_EVENT, "pid", ("_pid", c_uint32))),
        ["pid: missing, under _pid (source: u32, offset 8, size 4)"],
    ),
    "renamed": (
        "struct exec_event",
        struct(changed(EXEC_EVENT, "pid", ("tgid", c_uint32))),
        [
            "pid: missing (source: u32, offset 8, size 4)",
            "tgid: not in the source (offset 8, size 4)",
        ],
    ),
    "left out at the end": (
        "struct exec_event",
        struct(EXEC_EVENT[:-1]),
        [
            "struct exec_event: size 40 (source: 48)",
            "filename: missing (source: const char *, offset 40, size 8)",
        ],
    ),
    "byte order": (
        "struct keywords",
        struct([("from", c_uint32), ("class", c_uint32)], base=BigEndianStructure),
        [
            "from: byte order big (source: little)",
            "class: byte order big (source: little)",
        ],
    ),
    "inner struct": (
        "struct nested",
        struct(
            [("one", struct([("first", c_int16), ("second", c_uint32)])), ("_rest", c_ubyte * 36)]
        ),
        [
            "one.first: kind signed integer (source: unsigned integer)",
            "many: missing, under _rest (source: struct inner[3], offset 8, size 24)",
            "word: missing, under _rest (source: u32, offset 32, size 4)",
            "low: missing, under _rest (source: u16, offset 32, size 2)",
            "high: missing, under _rest (source: u16, offset 34, size 2)",
            "refs: missing, under _rest (source: atomic_t, offset 36, size 4)",
            "end: missing, under _rest (source: u8, offset 40, size 1)",
        ],
    ),
    "inner struct as a number": (
        "struct nested",
        struct(
            [
                ("one", c_uint64),
                ("many", c_ubyte * 24),
                ("_u", WORD_AND_HALVES),
                ("refs", c_int),
                ("end", c_uint8),
                ("_tail", c_ubyte * 3),
            ],
            _anonymous_=("_u",),
            _pack_=1,
        ),
        [
            "one: kind unsigned integer (source: struct inner)",
            "refs: kind signed integer (source: struct)",
        ],
    ),
    "named part": (
        "struct nested",
        nested([("u", struct([("word", c_int), ("low", c_uint16)], base=Union))]),
        [
            "u.word: kind signed integer (source: unsigned integer)",
            "u.high: missing (source: u16, offset 2, size 2)",
        ],
    ),
    "enum that does not fit": (
        "struct kinds",
        struct(changed(KINDS, "sign", c_uint32)),
        ["sign: kind unsigned integer (source: enum sign)"],
    ),
    "bit width": (
        "struct bits",
        struct(changed(changed(BITS, "low", c_uint32, 4), "high", c_uint32, 19)),
        [
            "low: bit 0, 4 wide (source: bit 0, 3 wide)",
            "middle: bit 4, 5 wide (source: bit 3, 5 wide)",
            "high: bit 9, 19 wide (source: bit 8, 20 wide)",
        ],
    ),
    "bit signedness": (
        "struct bits",
        struct(changed(BITS, "middle", c_uint32, 5)),
        ["middle: kind unsigned bitfield (source: signed integer)"],
    ),
    "no bitfield": (
        "struct bits",
        struct([("low", c_uint32)]),
        [
            "low: bit 0, 32 wide (source: bit 0, 3 wide)",
            "middle: missing (source: s32, bit 3, 5 wide)",
            "high: missing (source: u32, bit 8, 20 wide)",
            "flag: missing (source: bool, bit 28, 1 wide)",
            "why: missing (source: enum reason, bit 29, 2 wide)",
        ],
    ),
    "float for bitfields": (
        "struct bits",
        struct([("low", c_float)]),
        [
            "low: bit 0, 32 wide (source: bit 0, 3 wide), kind floating point number"
            " (source: bitfield)",
            "middle: missing (source: s32, bit 3, 5 wide)",
            "high: missing (source: u32, bit 8, 20 wide)",
            "flag: missing (source: bool, bit 28, 1 wide)",
            "why: missing (source: enum reason, bit 29, 2 wide)",
        ],
    ),
    "array for a bitfield": (
        "struct bits",
        struct([("low", c_ubyte * 4)]),
        [
            "low: bit 0, 32 wide (source: bit 0, 3 wide), kind array of 4 (source: bitfield)",
            "middle: missing (source: s32, bit 3, 5 wide)",
            "high: missing (source: u32, bit 8, 20 wide)",
            "flag: missing (source: bool, bit 28, 1 wide)",
            "why: missing (source: enum reason, bit 29, 2 wide)",
        ],
    ),
    "bitfield for a pointer": (
        "struct exec_event",
        struct(changed(EXEC_EVENT, "filename", c_uint64, 64)),
        ["filename: kind bitfield (source: pointer)"],
    ),
    "struct for a number": (
        "struct inner",
        struct([("first", c_uint16), ("second", struct([("x", c_uint32)], name="Second"))]),
        ["second: kind struct Second (source: unsigned integer)"],
    ),
    "bitfield for a member": (
        "struct keywords",
        struct([("from", c_uint32, 31), ("class", c_uint32)]),
        ["from: bit 0, 31 wide (source: bit 0, 32 wide)"],
    ),
    "struct for a union": (
        "union either",
        struct([("word", c_uint32), ("bytes", c_ubyte * 4)]),
        [
            "union either: size 8 (source: 4), kind struct Mine (source: union either)",
            "bytes: offset 4 (source: 0)",
        ],
    ),
    "flexible array with a length": (
        "struct message",
        struct([("length", c_uint32), ("data", c_ubyte * 8)]),
        ["struct message: size 12 (source: 4)", "data: array of 8 (source: array of 0)"],
    ),
}


@pytest.mark.parametrize(("spelling", "cls", "differences"), DIFFERING.values(), ids=DIFFERING)
def test_each_difference_is_said(
    gcc: uapigen.Loaded, spelling: str, cls: type, differences: list[str]
) -> None:
    with pytest.raises(uapigen.ValidationError) as caught:
        gcc.validate(spelling, cls)
    assert caught.value.differences == differences
    assert str(caught.value) == f"{spelling}: {'; '.join(differences)}"


def test_big_endian_class_agrees_with_a_big_endian_source(big_endian: uapigen.Loaded) -> None:
    class Bits(BigEndianStructure):
        _fields_ = BITS

    class Inner(BigEndianStructure):
        _fields_ = INNER

    assert big_endian.validate("struct bits", Bits) is Bits
    assert big_endian.validate("struct inner", Inner) is Inner


def test_native_class_differs_from_a_source_of_the_other_byte_order(
    big_endian: uapigen.Loaded,
) -> None:
    with pytest.raises(uapigen.ValidationError) as caught:
        big_endian.validate("struct bits", struct(BITS))
    assert caught.value.differences[0] == "low: bit 5, 3 wide (source: bit 0, 3 wide)"
    assert caught.value.differences[2] == (
        "high: bits that do not lie side by side (source: bit 8, 20 wide)"
    )
    with pytest.raises(uapigen.ValidationError) as caught:
        big_endian.validate("struct exec_event", struct(EXEC_EVENT))
    said = caught.value.differences
    assert "pid: byte order little (source: big)" in said
    assert "filename: byte order little (source: big)" in said


def test_rows_and_columns_are_told_apart_where_the_source_does(
    k: uapigen.Loaded, gcc: uapigen.Loaded
) -> None:
    transposed = struct(changed(KINDS, "grid", c_uint32 * 2 * 3))
    with pytest.raises(uapigen.ValidationError) as caught:
        k.validate("struct kinds", transposed)
    assert "grid: array of 3 (source: array of 2)" in caught.value.differences
    gcc.validate("struct kinds", transposed)  # pahole 1.24 writes u32[2][3] as u32[6]


def test_generated_class_agrees_with_its_source(
    k: uapigen.Loaded, big_endian: uapigen.Loaded
) -> None:
    for loaded in (k, big_endian):
        for name in ("exec_event", "nested", "kinds", "bits", "packed", "keywords", "message"):
            loaded.validate(f"struct {name}", loaded.ctype(f"struct {name}"))


def test_decorator_returns_the_class(k: uapigen.Loaded) -> None:
    @k.validates("struct inner")
    class Inner(Structure):
        _fields_ = INNER

    @k.validate("struct inner")
    class Again(Structure):
        _fields_ = INNER

    assert issubclass(Inner, Structure)
    assert issubclass(Again, Structure)


def test_decorator_raises_where_the_class_is_defined(k: uapigen.Loaded) -> None:
    with pytest.raises(uapigen.ValidationError, match="second: offset 2"):

        @k.validates("struct inner")
        class Packed(Structure):
            _pack_ = 1
            _fields_ = INNER


@pytest.mark.parametrize("spelling", ["struct exec_evnt", "u32", "enum reason", "on_exec", ""])
def test_what_is_no_struct_of_the_source_is_not_found(k: uapigen.Loaded, spelling: str) -> None:
    with pytest.raises(uapigen.NotFoundError):
        k.validate(spelling, struct(INNER))


@pytest.mark.parametrize("cls", [int, c_int, 7, c_uint8 * 4])
def test_what_is_no_ctypes_structure_is_a_type_error(k: uapigen.Loaded, cls: Any) -> None:
    with pytest.raises(TypeError, match="no ctypes structure or union"):
        k.validate("struct inner", cls)

"""Sizes, alignments and offsets; members of parts without names; embedding."""

from __future__ import annotations

import ctypes
import platform
import sys

from .plain import raises


def test_size_and_alignment_are_cs(k, be, small):
    for bindings in (k, be):
        assert ctypes.sizeof(bindings.numbers) == 80
        assert ctypes.alignment(bindings.numbers) == 8
        assert (ctypes.sizeof(bindings.packed), ctypes.alignment(bindings.packed)) == (17, 1)
        assert (ctypes.sizeof(bindings.aligned), ctypes.alignment(bindings.aligned)) == (8, 8)
        assert ctypes.sizeof(bindings.nothing) == 0
    assert ctypes.sizeof(small.numbers) == 68
    assert ctypes.alignment(small.numbers) == 4
    assert (ctypes.sizeof(small.packed), ctypes.alignment(small.packed)) == (13, 1)


def test_a_size_without_members_is_kept(odd):
    assert ctypes.sizeof(odd.opaque) == 16
    assert ctypes.alignment(odd.opaque) == 8


def test_offsets_are_bytes_from_the_start_of_the_class(k, be):
    for bindings in (k, be):
        assert bindings.embeds.packed.offset == 1
        assert bindings.embeds.aligned.offset == 24
        assert bindings.embeds.after.offset == 32
        assert bindings.node.back.offset == 8
        assert bindings.bits.after.offset == 15


def test_members_of_parts_without_names_belong_to_the_outer_type(k, be):
    for bindings in (k, be):
        nest = bindings.nest
        offsets = {n: getattr(nest, n).offset for n in ("a", "b", "c", "d", "e", "up", "last")}
        assert offsets == {"a": 0, "b": 8, "c": 8, "d": 16, "e": 16, "up": 24, "last": 40}
        assert nest.named.offset == 32
        x = nest(a=1, c=2, e=3, f=5, g=9, up=0x1000, last=4)
        assert (x.a, x.c, x.e, x.f, x.g, x.up, x.last) == (1, 2, 3, 5, 9, 0x1000, 4)
        assert x.up.target is nest
        x.named.y = 7
        assert (x.named.y, type(x.named).y.offset) == (7, 4)


def test_bits_of_parts_without_names_count_from_the_outer_type(k, be):
    for bindings in (k, be):
        assert (bindings.nest.f.bit_offset, bindings.nest.f.bit_width) == (136, 3)
        assert bindings.nest.g.bit_offset == 139


def test_padding_hides_no_member(k):
    x = k.padded_part(_pad_1=1, inner=2, later=3)
    assert (x._pad_1, x.inner, x.later) == (1, 2, 3)
    assert (k.padded_part._pad_1.offset, k.padded_part._pad_1.size) == (0, 4)
    assert k.padded_part.later.offset == 16


def test_unions_share_their_memory(k, be):
    x = k.header(word=0xABCDEF21)
    assert (x.version, x.length, x.rest) == (1, 2, 0xABCDEF)
    y = be.header(word=0x12ABCDEF)
    assert (y.version, y.length, y.rest) == (1, 2, 0xABCDEF)


def test_a_users_structure_may_embed_generated_ones(k):
    class Mine(ctypes.Structure):
        _fields_ = [("x", ctypes.c_uint8), ("p", k.packed), ("y", ctypes.c_uint8),
                    ("a", k.aligned), ("l", k.numbers * 2), ("u", k.either)]  # fmt: skip

    offsets = [getattr(Mine, name).offset for name in ("x", "p", "y", "a", "l", "u")]
    assert offsets == [0, 1, 18, 24, 32, 192]
    mine = Mine()
    mine.p.c = 0x10
    mine.l[1].u8 = 5
    assert mine.p.c.target is k.node
    assert bytes(mine)[10] == 0x10
    assert mine.l[1].u8 == 5


def test_alignment_beyond_8_where_ctypes_can_say_it(k):
    expected = 16 if sys.version_info >= (3, 13) else 8
    assert ctypes.alignment(k.large) == expected
    assert ctypes.sizeof(k.large) == 80


def test_a_users_subclass_adds_methods_and_members(k):
    class Numbered(k.node):
        _fields_ = (("number", ctypes.c_uint32),)

        def twice(self):
            return 2 * self.number

    x = Numbered(1, 2, 3)
    assert (x.next, x.back, x.number, x.twice()) == (1, 2, 3, 6)
    assert (Numbered.number.offset, ctypes.sizeof(Numbered)) == (16, 24)
    assert repr(x) == "(struct node){.next = 0x1, .back = 0x2, .number = 3}"
    assert k.asdict(x) == {"next": 1, "back": 2, "number": 3}


def test_a_users_subclass_may_take_options(k):
    class Base(k.node):
        def __init_subclass__(cls, colour, **options):
            super().__init_subclass__(**options)
            cls.colour = colour

    class Coloured(Base, colour="red"):
        pass

    assert (Coloured.colour, ctypes.sizeof(Coloured)) == ("red", 16)


def test_structs_are_made_from_members_by_place_and_name(k):
    x = k.node(1, back=2)
    assert (x.next, x.back) == (1, 2)
    with raises(TypeError, "node has 2 members, 3 given"):
        k.node(1, 2, 3)
    with raises(TypeError, "node has no member 'front'"):
        k.node(front=1)
    with raises(TypeError, "node has no member 'dtype'"):
        k.node(dtype=1)


def test_scalars_are_ctypes_own_fields(k):
    field = type(vars(k.point)["x"]).__name__
    assert field == "CField"
    for name in ("u8", "i32", "u64", "f64", "flag", "letter", "colour"):
        assert type(vars(k.numbers)[name]).__name__ == "CField"


def test_all_scalars_hold_their_extremes(k, be, small):
    extremes = {
        "i8": -128, "u8": 255, "i16": -(1 << 15), "u16": (1 << 16) - 1, "i32": -(1 << 31),
        "u32": (1 << 32) - 1, "i64": -(1 << 63), "u64": (1 << 64) - 1, "f32": -0.5,
        "f64": 1e300, "flag": True, "letter": b"\xff", "depth": -1, "wide": 1 << 63,
    }  # fmt: skip
    for bindings in (k, be, small):
        x = bindings.numbers(**extremes)
        again = bindings.numbers.from_buffer_copy(bytes(x))
        assert {name: getattr(again, name) for name in extremes} == extremes


def test_the_other_byte_order(k, be):
    assert bytes(k.numbers(u32=0x01020304))[12:16] == bytes([4, 3, 2, 1])
    assert bytes(be.numbers(u32=0x01020304))[12:16] == bytes([1, 2, 3, 4])
    assert bytes(be.numbers(f64=1.0))[40:48] == bytes([0x3F, 0xF0, 0, 0, 0, 0, 0, 0])
    assert bytes(be.node(next=0x0102))[:8] == bytes([0, 0, 0, 0, 0, 0, 1, 2])
    assert bytes(be.arrays(grid=(1,)))[24:28] == bytes([0, 0, 0, 1])
    assert be.arrays.from_buffer_copy(bytes(48) + b"\0\0\0\7" * 12).points[1].y == 7
    assert be.vectors.from_buffer_copy(b"\0" * 15 + b"\5" + bytes(88)).vec[0].iov_base == 5


def test_int128(k, be):
    for bindings, order in ((k, "little"), (be, "big")):
        x = bindings.large(i128=-2, u128=(1 << 128) - 1, pair=(3, 1 << 100))
        assert (x.i128, x.u128, x.pair[:]) == (-2, (1 << 128) - 1, [3, 1 << 100])
        at = bindings.large.i128.offset
        assert bytes(x)[at : at + 16] == (-2).to_bytes(16, order, signed=True)
        x.pair[-1] = 5
        assert x.pair[1] == 5


def test_half_floats(odd):
    x = odd.nested(half=1.5, halves=(0.25, -2.0))
    assert (x.half, x.halves[:]) == (1.5, [0.25, -2.0])
    assert bytes(x)[108:110] == bytes([0, 0x3E])
    assert odd.plain_float.half.offset == 2


def test_this_machines_long_double_is_a_float(k):
    if platform.machine() == "x86_64":
        assert k.real(longest=1.5).longest == 1.5
        assert bytes(k.real(longest=1.5))[16:26] == bytes([0] * 7 + [0xC0, 0xFF, 0x3F])
    assert k.real.longest.size == 16


def test_a_foreign_long_double_is_the_integer_of_its_bytes(be, small):
    for bindings, size in ((be, 16), (small, 12)):
        x = bindings.real(longest=1 << 64)
        assert (x.longest, bindings.real.longest.size) == (1 << 64, size)

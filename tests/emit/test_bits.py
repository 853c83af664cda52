"""Bitfields: each reads and writes exactly its own bits, and says where they are."""

from __future__ import annotations

from .plain import raises

FIELDS = ("low", "middle", "high", "minus", "plus", "yes", "shade", "level", "long_one")


def bits_set(data: bytes, big: bool) -> tuple[int, int]:
    """Offset and number of the bits that are 1, counted as the descriptors count."""
    text = "".join(f"{byte:08b}" if big else f"{byte:08b}"[::-1] for byte in data)
    return text.find("1"), text.count("1")


def test_descriptors_say_bit_offset_and_width(k, be):
    places = [(getattr(k.bits, f).bit_offset, getattr(k.bits, f).bit_width) for f in FIELDS]
    expected = [(0, 3), (3, 20), (23, 9), (32, 5), (37, 27), (64, 1), (65, 4), (69, 8), (77, 40)]
    assert places == expected
    assert be.bits.low.bit_offset == 0
    assert (k.header.spare.bit_offset, k.header.spare.bit_width) == (49, 15)
    assert repr(k.bits.middle) == "<BitMember middle: bit offset 3, width 20>"
    assert (k.bits.middle.name, k.bits.middle.offset, k.bits.middle.size) == ("middle", 0, 4)


def test_each_field_has_exactly_its_own_bits(k, be, small):
    for bindings, big in ((k, False), (be, True), (small, False)):
        for name in FIELDS:
            field = getattr(bindings.bits, name)
            x = bindings.bits(**{name: -1})
            assert bits_set(bytes(x), big) == (field.bit_offset, field.bit_width)
            full = bindings.bits.from_buffer_copy(b"\xff" * len(bytes(x)))
            setattr(full, name, 0)
            assert bytes(full) == bytes(a ^ b for a, b in zip(bytes(x), b"\xff" * 16, strict=True))


def test_signs_booleans_and_enums(k, be):
    for bindings in (k, be):
        full = bindings.bits.from_buffer_copy(b"\xff" * 16)
        assert (full.low, full.middle, full.high) == (7, (1 << 20) - 1, 511)
        assert (full.minus, full.plus, full.level) == (-1, -1, -1)
        assert full.yes is True
        assert (full.shade, type(full.shade)) == (15, int)
        assert bindings.bits().yes is False
        x = bindings.bits(minus=-16, plus=5, yes=2, shade=bindings.colour.BLUE, level=-1)
        assert (x.minus, x.plus, x.yes, x.shade, x.level) == (-16, 5, True, 7, -1)


def test_a_value_that_is_too_large_keeps_its_low_bits(k):
    x = k.bits(low=0b11010, after=9)
    assert (x.low, x.middle, x.after) == (0b010, 0, 9)
    assert k.bits(minus=16).minus == -16
    assert k.bits(long_one=1 << 40).long_one == 0


def test_what_is_no_integer_is_refused(k):
    for value in (1.5, "1", None, b"1"):
        with raises(TypeError, "cannot be interpreted as an integer"):
            k.bits().low = value


def test_bits_of_a_buffer_are_written_in_place(k):
    memory = bytearray(32)
    x = k.bits.from_buffer(memory, 8)
    x.high = 3
    assert memory[8 + 2 : 8 + 4] == bytes([0x80, 0x01])
    memory[8:12] = b"\0\0\x80\xff"
    assert x.high == 511

"""Arrays, flexible ones among them; memory from elsewhere."""

from __future__ import annotations

import ctypes
import gc
import mmap
import weakref

from .plain import raises


def test_arrays_are_ctypes_own(k):
    x = k.arrays(plain=(1, 2, 3), name=b"init")
    assert isinstance(x.plain, ctypes.Array)
    assert (x.plain[:], len(x.plain), x.name) == ([1, 2, 3, 0], 4, b"init")
    x.points[1].y = -5
    assert [p.y for p in x.points] == [0, -5]
    x.flags[2] = True
    assert x.flags[:] == [False, False, True]
    with raises(IndexError):
        x.plain[4]


def test_arrays_of_structs(k, be):
    for bindings in (k, be):
        three = (bindings.point * 3)((1, 2), bindings.point(3, 4))
        assert ctypes.sizeof(three) == 24
        assert [(p.x, p.y) for p in three] == [(1, 2), (3, 4), (0, 0)]
        assert isinstance(three[1], bindings.point)


def test_arrays_of_arrays(odd):
    x = odd.nested()
    assert (len(x.grid), len(x.grid[0])) == (2, 3)
    x.grid[1][2] = 9
    assert bytes(x)[20] == 9
    x.pointers[2][1] = 0x1000
    assert bytes(x)[64:72] == bytes([0, 0x10, 0, 0, 0, 0, 0, 0])
    assert repr(x.pointers[2][1]) == "0x1000"
    assert x.pointers[2][1].target is odd.ctype("unsigned int")
    x.names[3].value = b"last"
    assert x.names[3].value == b"last"
    assert repr(x) == (
        "(struct nested){.grid = {{0, 0, 0}, {0, 0, 9}}, "
        ".pointers = {{0x0, 0x0}, {0x0, 0x0}, {0x0, 0x1000}}, "
        '.names = {"", "", "", "last"}, .halves = {0.0, 0.0}, .half = 0.0}'
    )


def test_a_flexible_array_has_length_0(k):
    assert k.packet.points.offset == 8
    assert k.packet.points.size == 0
    assert len(k.packet().points) == 0
    assert k.line().text == b""


def test_flexible_views_the_elements_of_a_buffer(k, be):
    for bindings, order in ((k, "little"), (be, "big")):
        memory = bytearray(8 + 3 * 8)
        memory[16:20] = (77).to_bytes(4, order)
        packet = bindings.packet.from_buffer(memory)
        points = bindings.flexible(packet, "points", 2)
        assert (len(points), points[1].x) == (2, 77)
        points[0].y = 5
        assert memory[12:16] == (5).to_bytes(4, order)
        assert len(bindings.flexible(packet, "points")) == 3


def test_flexible_may_be_of_characters(k):
    memory = bytearray(b"\5\0hello!")
    line = k.line.from_buffer(memory)
    assert k.flexible(line, "text", line.length).value == b"hello"
    assert k.flexible(line, "text").raw == b"hello!"
    assert k.asdict(k.flexible(line, "text", 2)) == b"he"


def test_flexible_takes_what_lies_behind_the_struct_in_its_buffer(k):
    event = k.event.from_buffer(bytearray(64), 8)
    assert k.event.data.offset == 24
    assert k.flexible(event, "data")[:] == [0] * 32


def test_flexible_refuses_more_than_there_is(k):
    packet = k.packet.from_buffer(bytearray(8 + 3 * 8))
    with raises(ValueError, "4 elements of 8 bytes do not fit into 24 bytes"):
        k.flexible(packet, "points", 4)
    with raises(ValueError, "-1 elements"):
        k.flexible(packet, "points", -1)
    with raises(ValueError, "1 elements of 8 bytes do not fit into 0 bytes"):
        k.flexible(k.packet(), "points", 1)
    with raises(TypeError, "count is not a flexible array"):
        k.flexible(packet, "count")
    with raises(AttributeError, "no member 'rest'"):
        k.flexible(packet, "rest")


def test_flexible_of_memory_without_known_end_wants_a_count(k):
    memory = (ctypes.c_uint8 * 64)()
    packet = k.packet.from_address(ctypes.addressof(memory))
    assert len(k.flexible(packet, "points", 7)) == 7
    with raises(ValueError, "the buffer's end is not known: give count"):
        k.flexible(packet, "points")


def test_flexible_knows_the_end_of_every_sort_of_buffer(k):
    with mmap.mmap(-1, 4096) as memory:
        packet = k.packet.from_buffer(memory, 8)
        assert len(k.flexible(packet, "points")) == 510
        del packet
        gc.collect()
    inside = (k.packet * 2).from_buffer(bytearray(40))[1]
    assert len(k.flexible(inside, "points")) == 3
    part = k.packet.from_buffer(memoryview(bytearray(64))[16:40])
    assert len(k.flexible(part, "points")) == 2
    over = k.packet.from_buffer((ctypes.c_uint32 * 8)())
    assert len(k.flexible(over, "points")) == 3


def test_flexible_keeps_the_memory_alive(k):
    class Memory(bytearray):
        pass

    memory = Memory(64)
    gone = weakref.ref(memory)
    points = k.flexible(k.packet.from_buffer(memory), "points")
    del memory
    gc.collect()
    points[0].x = 1
    assert gone() is not None
    empty = k.flexible(k.packet.from_buffer(gone()), "points", 0)
    del points
    gc.collect()
    assert gone() is not None
    del empty
    gc.collect()
    assert gone() is None


def test_structs_over_a_map_share_its_memory(k):
    with mmap.mmap(-1, 4096) as memory:
        x = k.numbers.from_buffer(memory, 64)
        x.u32 = 0x01020304
        assert memory[76:80] == b"\4\3\2\1"
        memory[65] = 9
        assert x.u8 == 9
        copy = k.numbers.from_buffer_copy(memory, 64)
        x.u8 = 1
        assert copy.u8 == 9
        del x
        gc.collect()


def test_a_buffer_that_is_too_small_is_refused(k):
    with raises(ValueError, "Buffer size too small"):
        k.numbers.from_buffer(bytearray(79))
    with raises(ValueError, "Buffer size too small"):
        k.numbers.from_buffer_copy(bytes(79))

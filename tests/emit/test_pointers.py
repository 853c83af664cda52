"""Pointers: addresses that know their target, and keep alive what they are set from."""

from __future__ import annotations

import array
import ctypes
import gc
import os
import weakref

from .plain import raises


class Buffer(bytearray):
    """A buffer that can be watched."""


def watched(make=lambda: Buffer(16)):
    made = make()
    return made, weakref.ref(made)


# Addresses


def test_a_pointer_reads_as_an_int_that_prints_in_hex(k, be, small):
    for bindings in (k, be, small):
        x = bindings.node(next=0x8000_1000)
        assert isinstance(x.next, int)
        assert x.next == 0x8000_1000
        assert (repr(x.next), f"{x.next}", str(x.next)) == ("0x80001000",) * 3
        assert x.next + 8 == 0x8000_1008
        assert (repr(x.back), bool(x.back)) == ("0x0", False)


def test_a_pointer_is_set_from_an_int_or_none(k, be, small):
    for bindings in (k, be, small):
        x = bindings.node(next=5)
        x.next = None
        assert x.next == 0
        x.next = True
        assert x.next == 1
        x.back = x.next
        assert x.back == 1
    assert k.node(next=-1).next == (1 << 64) - 1
    assert small.node(next=-1).next == (1 << 32) - 1


def test_the_target_is_made_on_demand(k):
    assert k.node().next.target is k.node
    assert k.node.next.target == "struct node"
    targets = k.targets()
    assert targets.text.target is k.ctype("char")
    assert targets.shade.target is k.colour
    assert ctypes.sizeof(targets.row.target) == 16
    assert targets.anything.target is None
    assert targets.numbers.target is k.numbers
    assert targets.nameless.target.x.offset == 0
    assert k.node().back.target is k.ctype("struct node *")
    with raises(LookupError, "struct missing is declared but not defined"):
        _ = targets.missing.target


def test_pointers_in_arrays_and_unions(k, be):
    for bindings in (k, be):
        x = bindings.vectors()
        x.each[1] = 0x10
        assert (repr(x.each[1]), x.each[:], x.each[-1]) == ("0x10", [0, 16], 16)
        x.each[:] = (1, None)
        assert x.each[:] == [1, 0]
        with raises(ValueError, "same size"):
            x.each[:] = (1, 2, 3)
        assert x.grid[3].target is bindings.node
        assert bindings.either(number=7).vec == 7
        assert bindings.either().vec.target is bindings.iovec


def test_function_pointers_keep_their_prototype_as_data(k):
    x = k.operations(open=0xFFFF)
    assert (x.open, repr(x.open)) == (0xFFFF, "0xffff")
    opens = x.open.target
    assert opens.returns == "int"
    assert [c_type for _, c_type in opens.params] == ["struct node *", "enum colour"]
    assert opens.argtypes == [k.ctype("struct node *"), k.colour]
    assert (opens.variadic, x.control.target.variadic) == (False, True)
    assert x.control.target.params[-1] == ("", "unsigned int")
    assert (x.close.target.params, x.close.target.restype) == ((), None)
    assert x.compare.target.returns == "int"
    assert x.choose.target.returns == "int (*)(char)"
    assert x.all[2].target.params == (("", "struct point"),)
    assert repr(opens) == "<prototype int (struct node *, enum colour)>"


# What a pointer is set from


def test_a_pointer_is_set_from_whatever_has_an_address(k):
    x = k.iovec()
    point, numbers = k.point(1, 2), (ctypes.c_int * 4)(1, 2, 3, 4)
    for value in (point, numbers, ctypes.c_int(5)):
        x.iov_base = value
        assert x.iov_base == ctypes.addressof(value)
    for pointer in (ctypes.pointer(point), ctypes.cast(numbers, ctypes.c_void_p)):
        x.iov_base = pointer
        assert x.iov_base == ctypes.cast(pointer, ctypes.c_void_p).value
    x.iov_base = ctypes.byref(numbers, 8)
    assert x.iov_base == ctypes.addressof(numbers) + 8
    x.iov_base = b"bytes"
    assert ctypes.string_at(x.iov_base) == b"bytes"
    for buffer in (bytearray(b"array"), memoryview(bytearray(8))[3:], array.array("i", [7])):
        x.iov_base = buffer
        assert x.iov_base == ctypes.addressof(ctypes.c_char.from_buffer(buffer))
    x.iov_base = bytearray()
    function = ctypes.CFUNCTYPE(ctypes.c_int)(lambda: 5)
    operations = k.operations(close=function)
    assert ctypes.CFUNCTYPE(ctypes.c_int)(int(operations.close))() == 5


def test_what_has_no_address_is_refused(k):
    for value, said in ((1.5, "float is no int"), ("text", "str is no int"), ([1], "list is no")):
        with raises(TypeError, said):
            k.iovec().iov_base = value
    with raises(TypeError, "writable buffer, or bytes"):
        k.iovec().iov_base = memoryview(b"read only")


def test_pointers_of_another_machine_take_addresses_only(be, small):
    with raises(TypeError, "pointer of s390x is set from an int or None"):
        be.iovec().iov_base = ctypes.c_int()
    with raises(TypeError, "pointer of i386 is set from an int or None"):
        small.iovec().iov_base = b"x"


# Keeping alive


def test_a_pointer_keeps_alive_what_it_is_set_from(k):
    buffer, gone = watched()
    x = k.iovec(iov_base=buffer)
    del buffer
    gc.collect()
    assert gone() is not None
    x.iov_base = None
    gc.collect()
    assert gone() is None


def test_setting_it_again_lets_the_first_go(k):
    (first, first_gone), (second, second_gone) = watched(), watched()
    x = k.iovec(iov_base=first)
    x.iov_base = second
    del first, second
    gc.collect()
    assert first_gone() is None
    assert second_gone() is not None
    del x
    gc.collect()
    assert second_gone() is None


def test_kept_through_nested_structs_and_arrays(k):
    def through_a_member(buffer):
        x = k.msghdr()
        x.inner.iov_base = buffer
        return x

    def through_an_assigned_struct(buffer):
        x = k.msghdr()
        x.inner = k.iovec(iov_base=buffer)
        return x

    def through_the_constructor(buffer):
        return k.msghdr(inner=k.iovec(iov_base=buffer))

    def through_a_member_that_is_an_array(buffer):
        x = k.vectors()
        x.vec[2].iov_base = buffer
        return x

    def through_an_item_assigned(buffer):
        x = k.vectors()
        x.vec[1] = k.iovec(iov_base=buffer)
        return x

    def through_an_array(buffer):
        x = (k.iovec * 2)()
        x[1].iov_base = buffer
        return x

    def through_an_arrays_constructor(buffer):
        return (k.iovec * 2)((None, 0), (buffer, 16))

    def through_pointer_items(buffer):
        x = k.vectors()
        x.each[1] = buffer
        return x

    def through_all_pointer_items(buffer):
        return k.vectors(each=(None, buffer))

    def through_a_union(buffer):
        x = k.either()
        x.vec = buffer
        return x

    def through_another_pointer(buffer):
        return k.iovec(iov_base=k.iovec(iov_base=buffer).iov_base)

    def through_two_structs(buffer):
        return k.msghdr(msg_iov=k.iovec(iov_base=buffer))

    def through_a_users_structure(buffer):
        class Mine(ctypes.Structure):
            _fields_ = [("x", ctypes.c_uint8), ("vec", k.iovec)]

        mine = Mine()
        mine.vec.iov_base = buffer
        return mine

    for way in [value for name, value in locals().items() if name.startswith("through")]:
        buffer, gone = watched()
        holder = way(buffer)
        del buffer
        gc.collect()
        assert gone() is not None, way
        del holder
        gc.collect()
        assert gone() is None, way


def test_a_struct_used_for_one_item_after_the_other(k):
    watched_ones = [watched() for _ in range(3)]
    array_of, one = (k.iovec * 3)(), k.iovec()
    for at, (buffer, _) in enumerate(watched_ones):
        one.iov_base = buffer
        array_of[at] = one
    alive = [gone for _, gone in watched_ones]
    del watched_ones, buffer, one
    gc.collect()
    assert all(gone() is not None for gone in alive)
    del array_of
    gc.collect()
    assert all(gone() is None for gone in alive)


def test_the_pointer_itself_keeps_alive_too(k):
    buffer, gone = watched()
    pointer = k.iovec(iov_base=buffer).iov_base
    del buffer
    gc.collect()
    assert gone() is not None
    del pointer
    gc.collect()
    assert gone() is None


def test_structs_that_point_to_each_other_are_collected(k):
    a, gone = watched(k.node)
    b = k.node(next=a)
    a.next = b
    a.back = a
    del a, b
    gc.collect()
    assert gone() is None


# Contents


def test_contents_is_the_object_pointed_to(k):
    vec = k.iovec(iov_base=0x10, iov_len=3)
    x = k.msghdr(msg_iov=vec)
    assert isinstance(x.msg_iov.contents, k.iovec)
    assert x.msg_iov.contents.iov_len == 3
    x.msg_iov.contents.iov_len = 4
    assert vec.iov_len == 4
    text = k.targets(text=b"text")
    assert text.text.contents.value == b"t"
    shade = k.targets(shade=ctypes.c_uint32(7))
    assert shade.shade.contents.value == 7


def test_contents_keeps_the_object_alive(k):
    vec, gone = watched(k.iovec)
    contents = k.msghdr(msg_iov=vec).msg_iov.contents
    del vec
    gc.collect()
    contents.iov_len = 1
    assert gone() is not None
    del contents
    gc.collect()
    assert gone() is None


def test_what_is_set_through_contents_is_kept_by_the_object(k):
    buffer, gone = watched()
    vec = k.iovec()
    k.msghdr(msg_iov=vec).msg_iov.contents.iov_base = buffer
    del buffer
    gc.collect()
    assert gone() is not None
    assert vec.iov_base.kept is not None


def test_contents_of_what_is_not_of_this_process_is_refused(k):
    with raises(ValueError, "NULL struct iovec pointer"):
        _ = k.msghdr().msg_iov.contents
    with raises(ValueError, "0xffff888012345678 is not an address in this process"):
        _ = k.msghdr(msg_iov=0xFFFF888012345678).msg_iov.contents
    x = k.iovec(iov_base=bytearray(8))
    with raises(TypeError, "void has no contents"):
        _ = x.iov_base.contents


def test_an_address_that_was_overwritten_is_not_taken_for_what_was_kept(k):
    memory = bytearray(32)
    x = k.msghdr.from_buffer(bytearray(48))
    x.msg_iov = memory
    ctypes.memset(ctypes.addressof(x) + 8, 0xEE, 8)
    assert x.msg_iov.kept is None
    with raises(ValueError, "not an address in this process"):
        _ = x.msg_iov.contents


def test_addresses_of_bindings_for_this_process_have_contents(k):
    abi = k.ctype.__self__.abi
    vec = k.iovec(iov_len=3)
    x = k.msghdr(msg_iov=ctypes.addressof(vec))
    with raises(ValueError):
        _ = x.msg_iov.contents
    abi["user_space"] = True  # as headers for user space say of themselves
    try:
        assert x.msg_iov.contents.iov_len == 3
    finally:
        del abi["user_space"]


def test_structs_go_to_c_functions(k):
    libc = ctypes.CDLL(None, use_errno=True)
    libc.writev.argtypes = [ctypes.c_int, ctypes.POINTER(k.iovec), ctypes.c_int]
    first, second = bytearray(b"hello, "), b"world"
    vec = (k.iovec * 2)((first, 7), (second, 5))
    reading, writing = os.pipe()
    assert libc.writev(writing, vec, 2) == 12
    assert os.read(reading, 100) == b"hello, world"
    room = bytearray(4)
    os.write(writing, b"back")
    assert libc.readv(reading, ctypes.byref(k.iovec(iov_base=room, iov_len=4)), 1) == 4
    assert room == b"back"
    os.close(reading)
    os.close(writing)

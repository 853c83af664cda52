"""Copies, pickles, equality: an instance is its bytes, and otherwise as ctypes has it."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref

from .plain import raises


class Buffer(bytearray):
    pass


def test_copies_have_memory_of_their_own(k, be):
    for bindings in (k, be):
        for make in (copy.copy, copy.deepcopy):
            x = bindings.vectors(count=3, vec=((1, 2),))
            twin = make(x)
            assert bytes(twin) == bytes(x)
            twin.vec[0].iov_len = 9
            assert (x.vec[0].iov_len, type(twin)) == (2, type(x))


def test_a_copy_of_what_lies_in_a_buffer_leaves_the_buffer_alone(k):
    memory = bytearray(64)
    x = k.point.from_buffer(memory)
    twin = copy.copy(x)
    del x
    gc.collect()
    memory.append(1)  # which an export of its memory would forbid
    assert twin.x == 0


def test_a_copys_pointers_keep_alive_what_the_originals_kept(k):
    def of_the_whole(buffer):
        return copy.copy(k.vectors(each=(None, buffer)))

    def of_a_part(buffer):
        x = k.vectors()
        x.vec[1].iov_base = buffer
        return copy.deepcopy(x.vec[1])

    def of_what_was_assigned(buffer):
        x = k.vectors()
        x.vec[1] = k.iovec(iov_base=buffer)
        return copy.copy(copy.copy(x.vec[1]))

    for way in (of_the_whole, of_a_part, of_what_was_assigned):
        buffer = Buffer(8)
        gone = weakref.ref(buffer)
        holder = way(buffer)
        del buffer
        gc.collect()
        assert gone() is not None, way
        del holder
        gc.collect()
        assert gone() is None, way


def test_pickles_are_bytes(k, be, odd):
    for x in (k.numbers(f64=1.5, depth=-1), k.header(version=3), be.bits(minus=-1), odd.nested()):
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            again = pickle.loads(pickle.dumps(x, protocol))
            assert (type(again), bytes(again)) == (type(x), bytes(x))


def test_pickles_of_types_whose_bare_name_is_taken(k, odd):
    for x in (k.ctype("struct twin")(b=5), k.ctype("union clash")(b=5)):
        again = pickle.loads(pickle.dumps(x))
        assert (type(again), again.b) == (type(x), 5)
    x = odd.ctype("struct core::fmt::Formatter<'_>")(flags=1)
    assert pickle.loads(pickle.dumps(x)).flags == 1


def test_pointers_and_functions_pickle_by_name(k):
    pointer = pickle.loads(pickle.dumps(k.node(next=0x10).next))
    assert (pointer, repr(pointer), pointer.target) == (16, "0x10", k.node)
    assert copy.copy(pointer) is copy.deepcopy(pointer) is pointer
    for way in (copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))):
        assert way(k.functions["pick"]).params == k.functions["pick"].params
        assert way(k.operations().open).target.returns == "int"
        assert way(k.variables["a_list"]).type is k.node
        assert len(way(k.functions)) == 3


def test_types_and_enumerators_pickle_by_name(k):
    for x in (k.node, k.colour, k.colour.BLUE):
        assert pickle.loads(pickle.dumps(x)) is x


def test_equality_and_hash_are_ctypes_own(k):
    assert k.point(1, 2) != k.point(1, 2)
    with raises(TypeError, "unhashable"):
        hash(k.point())
    assert {k.node(next=5).next: "by address"}[5] == "by address"


def test_instances_can_be_referenced_weakly(k):
    x = k.node()
    assert weakref.ref(x)() is x

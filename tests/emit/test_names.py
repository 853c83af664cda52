"""Types, typedefs, enumerators and constants by their C names."""

from __future__ import annotations

import ctypes
from enum import IntEnum

from .plain import raises


def test_each_sort_of_name_is_an_attribute(k):
    assert issubclass(k.numbers, ctypes.Structure)
    assert issubclass(k.header, ctypes.Structure)
    assert issubclass(k.either, ctypes.Union)
    assert ctypes.sizeof(k.u64) == 8
    assert issubclass(k.colour, IntEnum)
    assert (k.BLUE, k.NAMELESS, k.WIDE_TOP, k.SHALLOW) == (7, 5, 1 << 63, -1)


def test_a_type_is_made_once(k):
    assert k.node is k.node is k.ctype("struct node")
    assert k.node(next=1).next.target is k.node
    assert k.msghdr(inner=(1, 2)).inner.__class__ is k.iovec


def test_what_is_not_there_is_an_attribute_error(k):
    with raises(AttributeError, f"module '{k.__name__}' has no attribute 'no_such_type'"):
        _ = k.no_such_type
    with raises(AttributeError, "has no attribute 'node_'"):  # only keywords take an underscore
        _ = k.node_
    with raises(AttributeError, "no member 'no_such_member'"):
        _ = k.node.no_such_member
    with raises(AttributeError, "no_such_member"):
        k.node().no_such_member = 1


def test_ctype_takes_exact_spellings(k):
    assert k.ctype("struct node") is k.node
    assert k.ctype("union either") is k.either
    assert k.ctype("enum colour") is k.colour
    assert k.ctype("u64") is k.u64
    assert k.ctype("void") is None
    assert ctypes.sizeof(k.ctype("unsigned int")) == 4
    assert ctypes.sizeof(k.ctype("struct point[3]")) == 24
    assert ctypes.sizeof(k.ctype("u32 (*)[4]")) == 8
    assert ctypes.sizeof(k.ctype("u32[2][3]")) == 24
    assert k.ctype("const struct node") is k.node


def test_base_types_are_known_in_any_order_of_words(k, odd):
    assert k.ctype("unsigned long") is k.ctype("long unsigned int")
    assert k.ctype("unsigned long long int") is k.ctype("long long unsigned int")
    assert k.ctype("unsigned") is k.ctype("unsigned int")
    assert k.ctype("short") is k.ctype("short int")
    assert odd.ctype("long long unsigned int") is odd.ctype("unsigned long long")


def test_ctype_of_what_is_not_there_is_a_lookup_error(k):
    for spelling in ("struct no_such", "union node", "no_such *[2]x", "", "struct", "node"):
        with raises(LookupError, "is not among these bindings"):
            k.ctype(spelling)
    with raises(LookupError, "struct missing is declared but not defined in the source"):
        k.ctype("struct missing")


def test_a_typedef_of_what_is_not_defined_says_so(odd):
    with raises(LookupError, "struct undefined is declared but not defined in the source"):
        odd.ctype("undefined_t")
    with raises(AttributeError, "struct undefined is declared but not defined in the source"):
        _ = odd.undefined_t


def test_ctype_of_what_is_no_c_type_is_a_lookup_error(k):
    for spelling in ("int[", "int[]", "int[four]", "int[-1]", "*", "(*)", "[4]", "int (*", ")("):
        with raises(LookupError):
            k.ctype(spelling)


def test_a_tag_and_a_typedef_of_one_name(k):
    assert k.twin is k.ctype("twin") is k.u64
    assert ctypes.sizeof(k.ctype("struct twin")) == 8
    assert k.ctype("struct twin").b.offset == 4
    assert k.clash is k.ctype("clash")
    assert ctypes.sizeof(k.clash) == 2
    assert ctypes.sizeof(k.ctype("union clash")) == 4


def test_a_tag_whose_bare_name_is_taken_has_another(k):
    assert k.struct_twin is k.ctype("struct twin")
    assert k.union_clash is k.ctype("union clash")
    assert k.struct_functions is k.ctype("struct functions")
    assert k.functions["measure"].name == "measure"
    assert k.struct_like is k.ctype("struct struct_like")


def test_a_second_type_of_one_tag_is_numbered_in_the_sources_order(odd):
    assert odd.ctype("struct again").first.size == 4
    assert odd.ctype("struct again___2").second.size == 1
    assert odd.ctype("struct again___3").third.size == 2
    assert odd.again___2 is odd.ctype("struct again___2")
    with raises(LookupError):  # the identical one is no fourth
        odd.ctype("struct again___4")


def test_a_tag_of_all_three_sorts(odd):
    assert ctypes.sizeof(odd.ctype("union threefold")) == 4
    assert ctypes.sizeof(odd.ctype("struct threefold")) == 8
    assert odd.ctype("enum threefold").THREEFOLD == 3


def test_names_that_are_no_names_are_reached_by_their_spelling(odd):
    formatter = odd.ctype("struct core::fmt::Formatter<'_>")
    assert formatter.flags.offset == 16
    assert repr(formatter()).startswith("(struct core::fmt::Formatter<'_>){.__0 = {}, .flags")
    hostile = odd.ctype('union quote"\n{{name}}\\')
    assert getattr(hostile(**{"__import__('os')": 5}), '"') == 5


def test_keywords_take_an_underscore_and_keep_their_name(k):
    assert k.class_ is k.ctype("struct class") is getattr(k, "class")
    assert k.class_.__name__ == "class_"
    assert (k.None_, k.yield_, getattr(k, "yield")) == (1, 2, 2)
    assert k.class_.from_.offset == 0
    assert k.class_.lambda_.offset == 4
    x = k.class_(from_=1, **{"lambda": 3})
    x.in_ = 5
    assert (getattr(x, "from"), x.from_, x.in_, getattr(x, "in"), x.lambda_) == (1, 1, 5, 5, 3)
    setattr(x, "from", 9)
    assert x.from_ == 9
    assert repr(x) == "(struct class){.from = 9, .in = 5, .is = 0, .lambda = 3}"


def test_enums_are_int_enums_under_their_tag(k):
    assert k.colour.__name__ == "colour"
    assert [*k.colour] == [k.colour.RED, k.colour.GREEN, k.colour.BLUE]
    assert k.colour(7) is k.colour.BLUE
    assert k.depth.SHALLOW == -1
    assert k.wide.WIDE_TOP == 1 << 63
    assert k.ordinal.SECOND == 2
    assert k.words["None"] == 1
    assert k.words["mro"] == 3


def test_fields_of_enum_type_are_plain_ints(k, be):
    for bindings in (k, be):
        x = bindings.numbers(colour=bindings.colour.BLUE, depth=-1, ordinal=bindings.SECOND)
        assert [type(v) for v in (x.colour, x.depth, x.wide, x.ordinal)] == [int] * 4
        assert (x.colour, x.depth, x.ordinal) == (7, -1, 2)
        assert bindings.arrays(shades=(7, 1)).shades[:] == [7, 1]


def test_an_enumerator_about_which_enums_differ_raises_and_names_them(odd):
    assert odd.AGREED == 5
    assert (odd.left.SHARED, odd.right.SHARED) == (1, 2)
    with raises(AttributeError, "SHARED differs between enum left, enum right: ask one"):
        _ = odd.SHARED
    assert not hasattr(odd, "SHARED")


class Inside:
    """Python mangles names with two leading underscores in here."""

    def module_attributes(self, bindings):
        return bindings.__be32

    def members(self, x):
        x.__reserved = 1
        x.__low, x.__high = 2, 3
        x.__inner = 0x40004
        x.__next = 5
        x.__dunder__ = 6
        x.__pad[1] = 7
        return x.__reserved, x.__low, x.__high, x.__inner, int(x.__next), x.__dunder__, x.__pad[1]

    def class_attributes(self, cls):
        return cls.__inner.offset, cls.__low.bit_width, cls.__next.target

    def wrong(self, x):
        x.__no_such = 1


class Inside__Two(Inside):  # noqa: N801
    def module_attributes(self, bindings):
        return bindings.__be32

    def members(self, x):
        x.__reserved = 1
        return x.__reserved, type(x).__high.bit_offset


class __Private_(Inside__Two):  # noqa: N801
    def module_attributes(self, bindings):
        return bindings.__be32

    def members(self, x):
        x.__reserved = 1
        return x.__reserved, type(x).__high.bit_offset


def test_names_with_two_underscores_work_inside_a_class(k, be):
    for bindings in (k, be):
        inside = Inside()
        assert inside.module_attributes(bindings) is bindings.ctype("__be32")
        assert inside.members(bindings.hidden()) == (1, 2, 3, 0x40004, 5, 6, 7)
        assert inside.class_attributes(bindings.hidden) == (12, 5, "struct hidden")
        with raises(AttributeError, "no member '_Inside__no_such'"):
            inside.wrong(bindings.hidden())


def test_any_class_name_may_have_mangled_them(k):
    for inside in (Inside__Two(), __Private_()):
        assert inside.module_attributes(k) is k.ctype("__be32")
        assert inside.members(k.hidden()) == (1, 69)


def test_pythons_own_names_are_not_taken_for_mangled_ones(k):
    assert not hasattr(k.hidden(), "__dict__")
    assert not hasattr(k.hidden(), "__no_such__")
    assert "_Inside__be32" not in dir(k)


def test_members_that_classes_want_for_themselves_take_an_underscore(k):
    x = k.awkward(_fields_=1, _objects=2, from_buffer=3, __init__=5, __copy__=6, __reduce__=7)
    assert (x._fields__, x._objects_, x.from_buffer_, x.__init___, x.__copy___) == (1, 2, 3, 5, 6)
    x.contents, x.target, x.size, x.offset, x._pad_1 = 1, 2, 3, 4, 5
    assert (x.contents, x.target, x.size, x.offset, x._pad_1) == (1, 2, 3, 4, 5)
    assert k.awkward._fields__.offset == 0
    assert k.hidden(self=1, cls=2, args=3, members=4).self == 1

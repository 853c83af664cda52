"""repr() as C's initialisers, plain data, functions and variables as data, __abi__."""

from __future__ import annotations

import ctypes
import json
from collections.abc import Mapping

from .plain import raises


def test_repr_reads_like_designated_initialisers(k):
    assert repr(k.point(1, -2)) == "(struct point){.x = 1, .y = -2}"
    assert repr(k.either(number=16)) == "(union either){.vec = 0x10, .number = 16}"
    assert repr(k.nothing()) == "(struct nothing){}"
    numbers = k.numbers(f32=0.5, flag=True, letter=b"'", colour=7)
    assert repr(numbers) == (
        "(struct numbers){.i8 = 0, .u8 = 0, .i16 = 0, .u16 = 0, .i32 = 0, .u32 = 0, .i64 = 0, "
        ".u64 = 0, .f32 = 0.5, .f64 = 0.0, .flag = true, .letter = '\\x27', .colour = 7, "
        ".depth = 0, .wide = 0, .ordinal = 0}"
    )
    assert repr(k.event(comm=b'a"b\\c\n', line=0x10)) == (
        '(struct event){.when = 0, .comm = "a\\x22b\\x5cc\\x0a", '
        ".raw = {97, 34, 98, 92, 99, 10, 0, 0}, .line = 0x10, .data = {}}"
    )
    assert repr(k.operations(all=(1, 2))).endswith(", .all = {0x1, 0x2, 0x0}}")


def test_repr_of_members_of_parts_without_names_stands_beside_the_others(k):
    assert repr(k.nest(b=1)) == (
        "(struct nest){.a = 0, .b = 1, .c = 1, .d = 0, .e = 0, .f = 0, .g = 0, .up = 0x0, "
        ".named = {.x = 0, .y = 0}, .last = 0}"
    )


def test_repr_is_bounded_in_depth_and_length(k, odd):
    x = k.msghdr()
    x.msg_iov = x  # a cycle, which pointers do not follow
    assert len(repr(x)) < 200
    assert "{...}" not in repr(k.embeds())
    deep = k.vectors()
    assert repr(deep).count("iov_base") == 3
    assert repr(odd.nested()).count("0x0") == 6


def test_long_arrays_are_cut(k):
    class Many(k.node):
        _fields_ = (("many", ctypes.c_int * 100),)

    assert repr(Many()).endswith(f".many = {{{'0, ' * 16}...}}}}")


def test_str_and_format_are_repr(k):
    x = k.point(1, 2)
    assert f"{x}" == str(x) == repr(x)


def test_asdict_is_plain_data(k, be):
    for bindings in (k, be):
        numbers = bindings.numbers(i8=-1, f64=1.5, flag=True, letter=b"x", colour=7)
        plain = bindings.asdict(numbers)
        assert (plain["i8"], plain["f64"], plain["letter"], plain["colour"]) == (-1, 1.5, b"x", 7)
        assert plain["flag"] is True
        assert {type(value) for value in plain.values()} == {int, float, bool, bytes}
        assert [*plain][:3] == ["i8", "u8", "i16"]
        x = bindings.vectors(count=2, vec=((0x10, 1), (0x20, 2)), each=(0x30,))
        assert bindings.asdict(x) == {
            "count": 2,
            "vec": [{"iov_base": 16, "iov_len": 1}, {"iov_base": 32, "iov_len": 2},
                    {"iov_base": 0, "iov_len": 0}],
            "each": [48, 0],
            "grid": [0, 0, 0, 0],
        }  # fmt: skip
        assert type(bindings.asdict(x)["each"][0]) is int
        assert type(bindings.asdict(x)["vec"][0]["iov_base"]) is int


def test_asdict_of_parts_unions_bitfields_and_flexible_arrays(k):
    header = k.asdict(k.header(version=4, rest=5, port=80))
    assert header == {"word": 0x504, "version": 4, "length": 0, "rest": 5, "port": 80,
                      "flag": 0, "spare": 0}  # fmt: skip
    assert k.asdict(k.nest(e=1))["named"] == {"x": 0, "y": 0}
    assert k.asdict(k.packet(count=1)) == {"count": 1, "kind": 0, "points": []}
    assert k.asdict(k.line()) == {"length": 0, "text": b""}
    assert k.asdict(k.bits(yes=1))["yes"] is True
    assert k.asdict(k.class_(from_=1)) == {"from": 1, "in": 0, "is": 0, "lambda": 0}
    assert k.asdict(k.awkward(_fields_=1))["_fields_"] == 1


def test_asdict_of_arrays_and_numbers(k, odd):
    assert k.asdict((k.point * 2)((1, 2))) == [{"x": 1, "y": 2}, {"x": 0, "y": 0}]
    assert k.asdict(k.large(pair=(1, 2)))["pair"] == [1, 2]
    assert k.asdict(k.u32(5)) == 5
    nested = odd.asdict(odd.nested(half=0.5))
    assert nested["grid"] == [[0, 0, 0], [0, 0, 0]]
    assert nested["names"] == [b"", b"", b"", b""]
    assert nested["pointers"] == [[0, 0], [0, 0], [0, 0]]
    assert nested["half"] == 0.5


def test_asdict_goes_into_json(k):
    x = k.event(when=1, comm=b"init")
    text = json.dumps(k.asdict(x), default=lambda raw: raw.decode())
    assert json.loads(text)["comm"] == "init"
    assert json.loads(json.dumps(k.asdict(k.vectors())))["grid"] == [0] * 4


# Functions and variables


def test_functions_are_data(k):
    assert [*k.functions] == ["announce", "measure", "pick"]
    assert isinstance(k.functions, Mapping)
    assert (len(k.functions), "pick" in k.functions, "no_such" in k.functions) == (3, True, False)
    pick = k.functions["pick"]
    assert (pick.name, pick.returns, pick.variadic) == ("pick", "struct node *", False)
    assert pick.params == (("compare", "compare_fn"), ("node", "struct node *"))
    assert str(pick) == "struct node *pick(compare_fn compare, struct node *node)"
    assert repr(pick) == f"<function {pick}>"
    assert k.functions["measure"].argtypes[2] is k.colour
    assert k.functions["measure"].restype is k.s64
    announce = k.functions["announce"]
    assert (announce.variadic, announce.restype, announce.params) == (
        True, None, (("format", "const char *"),),
    )  # fmt: skip
    with raises(KeyError, "no_such"):
        k.functions["no_such"]
    assert repr(k.functions) == f"<3 functions of {k.__name__}>"


def test_functions_of_one_name_are_numbered_and_keep_their_tags(odd):
    assert [*odd.functions] == ["tagged", "twice", "twice___2"]
    assert odd.functions["twice"].params == (("a", "unsigned int"),)
    assert odd.functions["twice___2"].params == (("", "u8"), ("b", "unsigned int *"))
    assert odd.functions["tagged"].tags == ("bpf_kfunc",)
    assert odd.functions["twice"].tags == ()


def test_variables_are_data(k, be):
    for bindings in (k, be):
        assert sorted(bindings.variables) == ["a_counter", "a_list"]
        a_list = bindings.variables["a_list"]
        assert a_list.type is bindings.node
        assert (a_list.section, a_list.size, a_list.linkage) == (".data..percpu", 16, "global")
        assert a_list.spelling == "struct node"
        assert bindings.variables["a_counter"].spelling == "u32"
        with raises(KeyError, "no_such"):
            bindings.variables["no_such"]
    assert repr(k.variables["a_list"]) == "<variable struct node a_list, .data..percpu+0x10>"


def test_abi_says_what_the_bindings_are_for(k, be, small):
    assert set(k.__abi__) == {
        "arch", "byteorder", "pointer_size", "release", "sources", "uapigen"
    }  # fmt: skip
    told = [(b.__abi__["arch"], b.__abi__["byteorder"], b.__abi__["pointer_size"])
            for b in (k, be, small)]  # fmt: skip
    assert told == [("x86_64", "little", 8), ("s390x", "big", 8), ("i386", "little", 4)]
    (source,) = k.__abi__["sources"]
    assert source["name"] == "types.x86_64.btf"
    assert len(bytes.fromhex(source["sha256"])) == 32
    assert k.__abi__["release"] is None

"""C declarators: what is spelled, and what is refused by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress

import pytest
from btf.builder import Btf

from uapigen.btf.reader import BtfGraph
from uapigen.errors import InputError
from uapigen.ir.spelling import Speller


def speller(btf: Btf, **options: bool) -> Speller:
    return Speller(BtfGraph(btf.dump(), "x"), **options)


def with_ints() -> Btf:
    btf = Btf()
    assert (btf.int(), btf.int("char", 1)) == (INT, CHAR)
    return btf


INT, CHAR = 1, 2
DECLARATIONS: list[tuple[str, str, Callable[[Btf], int]]] = [
    ("int x", "int", lambda _: INT),
    ("int *x", "int *", lambda b: b.ptr(INT)),
    ("int **x", "int **", lambda b: b.ptr(b.ptr(INT))),
    ("int x[4]", "int[4]", lambda b: b.array(INT, 4)),
    ("int x[2][3]", "int[2][3]", lambda b: b.array(b.array(INT, 3), 2)),
    ("int *x[4]", "int *[4]", lambda b: b.array(b.ptr(INT), 4)),
    ("int (*x)[4]", "int (*)[4]", lambda b: b.ptr(b.array(INT, 4))),
    ("int (**x)[4]", "int (**)[4]", lambda b: b.ptr(b.ptr(b.array(INT, 4)))),
    ("const int x", "const int", lambda b: b.const(INT)),
    ("const int *x", "const int *", lambda b: b.ptr(b.const(INT))),
    ("int *const x", "int *const", lambda b: b.const(b.ptr(INT))),
    ("const int x[3]", "const int[3]", lambda b: b.const(b.array(b.const(INT), 3))),
    (
        "volatile const int x[3]",
        "volatile const int[3]",
        lambda b: b.const(b.volatile(b.array(b.const(INT), 3))),
    ),
    ("int *const x[3]", "int *const[3]", lambda b: b.const(b.array(b.const(b.ptr(INT)), 3))),
    ("const int *const x", "const int *const", lambda b: b.const(b.ptr(b.const(INT)))),
    (
        "int *const volatile x[2]",
        "int *const volatile[2]",
        lambda b: b.const(b.array(b.volatile(b.const(b.ptr(INT))), 2)),
    ),
    (
        "int *const volatile x",
        "int *const volatile",
        lambda b: b.volatile(b.const(b.ptr(INT))),
    ),
    ("char *restrict x", "char *restrict", lambda b: b.restrict(b.ptr(CHAR))),
    ("int x(void)", "int (void)", lambda b: b.func_proto(INT)),
    ("void (*x)(int)", "void (*)(int)", lambda b: b.ptr(b.func_proto(0, ("", INT)))),
    (
        "int (*x)(const char *format, ...)",
        "int (*)(const char *format, ...)",
        lambda b: b.ptr(b.func_proto(INT, ("format", b.ptr(b.const(CHAR))), ("", 0))),
    ),
    (
        "int (*x[4])(void)",
        "int (*[4])(void)",
        lambda b: b.array(b.ptr(b.func_proto(INT)), 4),
    ),
    (
        "int (*(*x)(char))(int)",
        "int (*(*)(char))(int)",
        lambda b: b.ptr(b.func_proto(b.ptr(b.func_proto(INT, ("", INT))), ("", CHAR))),
    ),
    (
        "int (*x)(int (*cb)(int a), int v[2])",
        "int (*)(int (*cb)(int a), int v[2])",
        lambda b: b.ptr(
            b.func_proto(INT, ("cb", b.ptr(b.func_proto(INT, ("a", INT)))), ("v", b.array(INT, 2)))
        ),
    ),
    ("struct s *x", "struct s *", lambda b: b.ptr(b.struct("s", 0))),
    ("union u x", "union u", lambda b: b.union("u", 0)),
    ("enum e x[1]", "enum e[1]", lambda b: b.array(b.enum("e"), 1)),
    ("struct f *x", "struct f *", lambda b: b.ptr(b.fwd("f"))),
    ("union f *x", "union f *", lambda b: b.ptr(b.fwd("f", union=True))),
    ("t x", "t", lambda b: b.typedef("t", b.ptr(INT))),
    ("struct {...} x", "struct {...}", lambda b: b.struct("", 0)),
    ("double x", "double", lambda b: b.float("double", 8)),
    ("void *x", "void *", lambda b: b.ptr(0)),
    ("char *x", "char *", lambda b: b.ptr(b.type_tag("user", CHAR))),
]


@pytest.mark.parametrize(
    ("declaration", "alone", "make"), DECLARATIONS, ids=[row[0] for row in DECLARATIONS]
)
def test_type_is_spelled_as_c_has_it(
    declaration: str, alone: str, make: Callable[[Btf], int]
) -> None:
    btf = with_ints()
    type_id = make(btf)
    assert speller(btf).spell(type_id, "x") == declaration
    assert speller(btf).spell(type_id) == alone


def test_type_tags_are_spelled_where_they_are_wanted() -> None:
    btf = with_ints()
    tagged = btf.ptr(btf.type_tag("user", CHAR))
    other = btf.ptr(btf.type_tag("mine", CHAR))
    assert speller(btf, type_tags=True).spell(tagged, "x") == "char __user *x"
    assert speller(btf, type_tags=True).spell(other) == "char /* mine */ *"
    attribute = btf.type_tag("aligned(8)", CHAR, attribute=True)
    assert speller(btf, type_tags=True).spell(attribute) == "char"


def spelled_one_by_one(btf: Btf, type_ids: Iterable[int]) -> dict[int, str]:
    found, spells = {}, speller(btf)
    for type_id in type_ids:
        with suppress(InputError):
            found[type_id] = spells.spell(type_id)
    return found


def test_types_at_once_are_spelled_as_one_by_one() -> None:
    btf = with_ints()
    made = [make(btf) for _, _, make in DECLARATIONS]
    ids = [*range(1, btf.next_id), *(btf.ptr(type_id) for type_id in made)]
    assert speller(btf).spell_all(ids) == spelled_one_by_one(btf, ids)


def test_types_at_once_are_those_that_can_be_spelled() -> None:
    btf = with_ints()
    func = btf.func("f", btf.func_proto(0))
    for bad in (func, 999, btf.next_id):  # no type, nowhere, a pointer to itself
        btf.ptr(bad)
        btf.array(btf.const(bad), 2)
        btf.func_proto(INT, ("a", INT), ("", bad))
        btf.func_proto(bad, ("a", INT))
        btf.typedef("t", bad)
    btf.func_proto(INT, ("a", INT), ("", 0))
    btf.typedef("a", btf.next_id + 1)
    btf.typedef("b", btf.next_id - 1)
    btf.func_proto(0, *((f"p{i}", INT) for i in range(257)))
    btf.func_proto(0, *((f"{i:0500}", INT) for i in range(9)))
    ids = range(1, btf.next_id)
    # Together, and so that what is malformed is asked for beside nothing else.
    assert speller(btf).spell_all(ids) == spelled_one_by_one(btf, ids)
    for type_id in ids:
        assert speller(btf).spell_all([type_id]) == spelled_one_by_one(btf, [type_id])


@pytest.mark.parametrize("at", [0, 1])
def test_types_at_once_may_be_64_levels_deep(at: int) -> None:
    for wrap in WRAPS:
        btf = Btf()
        ids = [btf.int()]
        for _ in range(100):
            ids.append(wrap(btf, ids[-1]))
        spells = speller(btf)
        spells.halves(ids[60 + at])
        assert spells.spell_all(ids).keys() == set(ids[:65])
        of_deepest = [btf.func_proto(0, ("a", type_id)) for type_id in ids[62:67]]
        assert speller(btf).prototypes().keys() & {*of_deepest} == {*of_deepest[:2]}


def test_prototypes_at_once_are_spelled_as_one_by_one() -> None:
    btf = with_ints()
    number, char = INT, CHAR
    table = btf.array(number, 2)
    protos = [
        btf.func_proto(number, ("a", number), ("b", btf.ptr(char))),
        btf.func_proto(0, ("table", table)),
        btf.func_proto(btf.ptr(table), ("a", number)),
        btf.func_proto(number),
        btf.func_proto(number, ("a", number), ("", 0)),
        btf.func_proto(number, ("a.b", number), ("1st", char)),
        btf.func_proto(number, ("bad", 999)),
    ]
    at_once = speller(btf).prototypes()
    assert at_once.keys() == {protos[0], protos[1], protos[2], protos[5]}
    for proto, spelled in at_once.items():
        assert "".join(speller(btf).halves(proto)) == spelled
    assert at_once[protos[5]] == "int (int a_b, char _1st)"


@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        ("long unsigned int", "long unsigned int"),
        ("a.b", "a_b"),
        ('x", 0), ("', "x_0_"),
        ("core::Option<u8>", "core_Option_u8_"),
        ("1st", "1st"),
        ("a\nb", "a_b"),
        ("\u65e5", "_"),
    ],
)
def test_names_that_are_no_words_become_words(name: str, spelled: str) -> None:
    btf = Btf()
    pointer, record = btf.ptr(btf.typedef(name, btf.int())), btf.struct(name, 0)
    assert speller(btf).spell(pointer) == f"{spelled} *"
    assert speller(btf).spell(record) == f"struct {spelled}"


def refusal(btf: Btf, type_id: int) -> str:
    with pytest.raises(InputError) as caught:
        speller(btf).spell(type_id)
    return caught.value.problem


WRAPS: list[Callable[[Btf, int], int]] = [
    lambda b, t: b.ptr(t),
    lambda b, t: b.array(t, 1),
    lambda b, t: b.const(t),
    lambda b, t: b.type_tag("tag", t),
    lambda b, t: b.func_proto(t),
    lambda b, t: b.func_proto(0, ("a", t)),
]


@pytest.mark.parametrize("wrap", WRAPS)
@pytest.mark.parametrize("inner_first", [True, False])
def test_64_levels_are_spelled_and_65_refused(
    wrap: Callable[[Btf, int], int], inner_first: bool
) -> None:
    btf = Btf()
    ids = [btf.int()]
    for _ in range(300):
        ids.append(wrap(btf, ids[-1]))
    spells = speller(btf)
    refused = set()
    for type_id in ids if inner_first else reversed(ids):
        try:
            spells.halves(type_id)
        except InputError:
            refused.add(type_id)
    assert refused == set(ids[65:])


@pytest.mark.parametrize("wrap", WRAPS)
def test_type_around_itself_is_refused_at_once_each_time(wrap: Callable[[Btf, int], int]) -> None:
    btf = Btf()
    itself = wrap(btf, btf.next_id)
    around = [btf.ptr(itself) for _ in range(20_000)]
    spells = speller(btf)
    for type_id in around:
        with pytest.raises(InputError, match="too deep"):
            spells.halves(type_id)


def test_thousands_of_levels_are_refused() -> None:
    btf = Btf()
    inner = btf.int()
    for _ in range(20_000):
        inner = btf.ptr(inner)
    assert refusal(btf, inner) == "types nest too deep to be spelled"


def test_types_that_double_at_each_level_are_refused() -> None:
    btf = Btf()
    inner = btf.int()
    for _ in range(60):
        inner = btf.func_proto(inner, ("a", inner), ("b", inner))
    assert refusal(btf, inner) == "takes more than 4096 characters to spell"


def test_prototype_of_more_than_256_parameters_is_refused() -> None:
    btf = Btf()
    number = btf.int()
    fits = btf.func_proto(0, *((f"p{i}", number) for i in range(256)))
    over = btf.func_proto(0, *((f"p{i}", number) for i in range(257)))
    assert speller(btf).spell(fits).startswith("void (int p0, int p1, ")
    assert refusal(btf, over) == "has more than 256 parameters"
    assert speller(btf).prototypes().keys() == {fits}


def test_endless_typedefs_are_refused() -> None:
    btf = Btf()
    btf.typedef("a", 2)
    btf.typedef("b", 1)
    assert refusal(btf, 1) == "endless chain of typedefs or qualifiers"


def test_what_is_no_type_is_refused() -> None:
    btf = Btf()
    func = btf.func("f", btf.func_proto(0))
    var = btf.var("v", 0)
    section = btf.datasec(".data", 0)
    tag = btf.decl_tag("t", func)
    assert refusal(btf, btf.ptr(func)) == "f is not a type"
    assert refusal(btf, btf.ptr(var)) == "v is not a type"
    assert refusal(btf, section) == "Section is not a type"
    assert refusal(btf, tag) == "DeclTag is not a type"


def test_kind_that_is_only_described_is_refused_where_it_is_used() -> None:
    btf = Btf()
    unknown = btf.record(40, "new", 0)
    around = btf.ptr(unknown)
    graph = BtfGraph(btf.dump(header_size=32, layout=btf.described({40: (0, 0)})), "x")
    with pytest.raises(InputError, match=r"type 1: has a kind \(40\) that is not known"):
        Speller(graph).spell(around)

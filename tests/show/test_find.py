"""Which types a name finds, and what is said of a name that finds none."""

from __future__ import annotations

import pytest

from uapigen.btf.reader import BtfGraph
from uapigen.errors import NotFoundError
from uapigen.show.find import find

from .btf import BtfWriter

TYPEDEF, FORWARD, FUNC, FUNC_PROTO, ENUM, VAR = 8, 7, 12, 13, 6, 14


def _source() -> BtfWriter:
    """Every kind of thing that is called ``both``, and some that are called otherwise."""
    writer = BtfWriter()
    number = writer.int("int")
    writer.struct("both", 4, ("a", number, 0))
    writer.struct("both", 8, ("a", number, 0), ("b", number, 32))
    writer.struct("both", 4, ("a", number, 0))  # the first one again
    writer.struct("both", 4, ("u", number, 0), union=True)
    writer.add(ENUM, "both", 4, writer.name("BOTH_ONE"), 1, vlen=1)
    writer.add(TYPEDEF, "both", number)
    proto = writer.add(FUNC_PROTO, "", number, writer.name("x"), number, vlen=1)
    writer.add(FUNC, "both", proto)
    other = writer.add(FUNC_PROTO, "", number, writer.name("x"), number, 0, 0, vlen=2)
    writer.add(FUNC, "both", other)
    writer.add(VAR, "counter", number, 1)
    writer.add(FORWARD, "both", 0)
    writer.add(FORWARD, "elsewhere", 0)
    writer.add(ENUM, "", 4, writer.name("NAMELESS"), 1, vlen=1)
    writer.struct("flavour___2", 4, ("a", number, 0))
    writer.struct("task_struct", 4, ("a", number, 0))
    return writer


GRAPH = BtfGraph(_source().bytes(), "both.btf")


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (
            "both",
            [
                "struct both",
                "struct both___2",
                "union both",
                "enum both",
                "both",
                "both",
                "both___2",
            ],
        ),
        ("struct both", ["struct both", "struct both___2"]),
        ("  struct   both ", ["struct both", "struct both___2"]),
        ("struct both___2", ["struct both___2"]),
        ("both___2", ["struct both___2", "both___2"]),
        ("union both", ["union both"]),
        ("enum both", ["enum both"]),
        ("flavour___2", ["struct flavour___2"]),
        ("counter", ["counter"]),
        ("int", ["int"]),
        ("elsewhere", ["struct elsewhere"]),
        ("struct elsewhere", ["struct elsewhere"]),
        ("BOTH_ONE", ["enum both"]),
        ("NAMELESS", [""]),
    ],
)
def test_name_finds_all_that_it_names(wanted, expected):
    assert [found.spelling for found in find(GRAPH, wanted)] == expected


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ("task_strcut", "did you mean struct task_struct?"),
        ("TASK_STRUCT", "did you mean struct task_struct?"),
        ("task", "did you mean struct task_struct?"),
        ("union task_struct", "no union is called 'task_struct'; did you mean struct task_struct?"),
        ("struct counter", "did you mean counter?"),
        ("struct both___9", "no struct is called 'both___9'"),
        ("zzz", "both.btf: no struct, union, enum, typedef, function or variable is called 'zzz'"),
        ("", "is called ''"),
        ("struct", "is called 'struct'"),
        ("no\x1b[2Jsuch\nname", "is called 'no\\x1b[2Jsuch name'"),
    ],
)
def test_unknown_name_is_refused_with_what_is_like_it(wanted, sentence):
    with pytest.raises(NotFoundError) as caught:
        find(GRAPH, wanted)
    assert sentence in str(caught.value)
    assert str(caught.value).startswith("both.btf: no ")


def test_name_that_a_module_lacks_is_found_in_its_base():
    base = BtfGraph(_source().bytes(), "vmlinux")
    writer = BtfWriter(first_id=len(base), first_string=len(base.strings.data))
    writer.struct("both", 4, ("mine", 1, 0))
    module = BtfGraph(writer.bytes(), "module.btf", base=base)
    assert [found.type_id for found in find(module, "struct both")] == [len(base)]
    assert [found.spelling for found in find(module, "counter")] == ["counter"]
    with pytest.raises(NotFoundError, match="did you mean struct task_struct"):
        find(module, "task_strct")

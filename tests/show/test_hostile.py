"""Sources that nobody's compiler made: hostile names, types that cannot be laid out."""

from __future__ import annotations

import json

import pytest

from .btf import BtfWriter

ESCAPE = "\x1b]0;owned\x07\x1b[2J"
INT, PTR, ARRAY, ENUM, FORWARD, TYPEDEF = 1, 2, 3, 6, 7, 8
FUNC, FUNC_PROTO, VAR, FLOAT, DECL_TAG, TYPE_TAG = 12, 13, 14, 16, 17, 18


def test_names_reach_the_terminal_as_printable_text_only(show, tmp_path):
    writer = BtfWriter()
    number = writer.int(f"in{ESCAPE}t")
    tagged = writer.add(PTR, "", writer.add(TYPE_TAG, f"tag{ESCAPE}", number))
    inner = writer.struct("", 4, (f"m{ESCAPE}", number, 0))
    outer = writer.struct(
        "outer",
        24,
        (f"a\r{ESCAPE}", number, 0),
        ("b\u202ereversed\n", tagged, 64),
        (b"\xff\x9b31m", inner, 128),
    )
    writer.add(DECL_TAG, f"*/ {ESCAPE}\n", outer, 0xFFFFFFFF)
    proto = writer.add(FUNC_PROTO, "", number, writer.name(f"p{ESCAPE}"), number, vlen=1)
    writer.add(FUNC, "function", proto)
    path = writer.write(tmp_path)
    for name in ("outer", "function"):
        for options in ((), ("--expand",), ("--json",)):
            text = show(*options, name, path)
            assert all(c.isprintable() or c in "\n\t" for c in text)
    text = show("outer", path)
    assert "\\x1b]0;owned\\x07" in text
    assert text.splitlines()[0] == "/* tags: * / \\x1b]0;owned\\x07\\x1b[2J\\n */"
    members = json.loads(show("--json", "outer", path))["types"][0]["members"]
    assert members[0]["name"] == f"a\r{ESCAPE}"  # JSON has the name itself, escaped its own way


def test_unknown_hostile_name_is_refused_in_one_printable_line(show, tmp_path):
    writer = BtfWriter()
    writer.struct(f"nam{ESCAPE}", 0)
    refusal = show(f"nam{ESCAPE}e", writer.write(tmp_path), exit_code=1)
    assert refusal.count("\n") == 1
    assert "\x1b" not in refusal


def test_type_that_cannot_be_laid_out_is_shown_with_the_reason(show, tmp_path):
    writer = BtfWriter()
    number = writer.int()
    missing = writer.add(FORWARD, "missing", 0)
    writer.struct("broken", 12, ("a", number, 0), ("b", missing, 32), ("c", number, 64))
    path = writer.write(tmp_path)
    text = show("broken", path)
    assert "cannot be laid out: member b: struct missing is declared but not defined" in text
    assert "struct missing b;" in text
    record = json.loads(show("--json", "broken", path))["types"][0]
    assert record["byte_align"] is None
    assert "struct missing" in record["problem"]
    assert [m["byte_size"] for m in record["members"]] == [4, None, 4]


def test_struct_that_contains_itself_is_shown_once(show, tmp_path):
    writer = BtfWriter()
    itself = writer.next_id
    writer.struct("itself", 4, ("inner", itself, 0))
    anonymous = writer.next_id
    writer.struct("", 4, ("inner", anonymous, 0))
    writer.struct("outer", 4, ("first", anonymous, 0))
    path = writer.write(tmp_path)
    for options in ((), ("--expand",)):
        assert "contains itself by value" in show(*options, "itself", path)
        assert "contains itself by value" in show(*options, "outer", path)


@pytest.mark.parametrize("options", [(), ("--expand",)])
def test_types_that_double_at_each_level_are_shown_to_a_bound(show, tmp_path, options):
    writer = BtfWriter()
    inner = writer.int("char", 1)
    for level in range(31):
        name = f"level{level}" if options else ""
        inner = writer.struct(name, 0, ("a", inner, 0), ("b", inner, 0))
    writer.struct("top", 0, ("all", inner, 0))
    text = show(*options, "top", writer.write(tmp_path))
    assert 1_000 < text.count(";") < 100_000


def test_all_types_of_a_name_are_shown_to_one_bound(show, tmp_path):
    writer = BtfWriter()
    inner = writer.int("char", 1)
    for _ in range(31):
        inner = writer.struct("", 0, ("a", inner, 0), ("b", inner, 0))
    for index in range(300):
        writer.struct("top", 0, (f"all{index}", inner, 0))
    text = show("top", writer.write(tmp_path))
    assert "\t} all0;" in text
    assert all(f"struct {{...}} all{index};" in text for index in range(1, 300))
    assert text.count(";") < 100_000


def test_nesting_is_shown_to_a_bounded_depth(show, tmp_path):
    writer = BtfWriter()
    inner = writer.int("char", 1)
    for _ in range(200):
        inner = writer.struct("", 1, ("a", inner, 0))
    writer.struct("top", 1, ("all", inner, 0))
    text = show("top", writer.write(tmp_path))
    assert "struct {...} a;" in text
    assert max(line.count("\t") for line in text.splitlines()) < 60


def test_endless_chain_of_typedefs_is_refused(show, tmp_path):
    writer = BtfWriter()
    writer.add(TYPEDEF, "endless", writer.next_id + 1)
    writer.add(TYPEDEF, "again", writer.next_id - 1)
    refusal = show("endless", writer.write(tmp_path), exit_code=3)
    assert refusal.count("\n") == 1


def test_typedef_of_what_has_no_size_is_shown_without(show, tmp_path):
    writer = BtfWriter()
    number = writer.int()
    proto = writer.add(FUNC_PROTO, "", number, 0, number, vlen=1)
    writer.add(TYPEDEF, "function_t", proto)
    writer.add(TYPEDEF, "nothing_t", 0)
    path = writer.write(tmp_path)
    assert show("function_t", path) == "typedef int function_t(int);\n"
    assert show("nothing_t", path) == "typedef void nothing_t;\n"


def test_fields_in_any_order_are_shown_as_they_lie(show, tmp_path):
    """Rust's compiler reorders fields."""
    writer = BtfWriter()
    number = writer.int("u32", signed=False)
    writer.struct("core::Reordered<u32>", 8, ("second", number, 32), ("first", number, 0))
    text = show("struct core::Reordered<u32>", writer.write(tmp_path))
    assert text.index("first") < text.index("second")
    assert "hole" not in text


def test_unnamed_members_are_shown_as_c_has_them(show, tmp_path):
    writer = BtfWriter()
    number = writer.int("u32", signed=False)
    named = writer.struct("named", 4, ("inside", number, 0))
    writer.struct("top", 8, ("", named, 0), ("", number, 32 | 5 << 24), bitfields=True)
    path = writer.write(tmp_path)
    lines = [line.split("  ")[0].strip() for line in show("top", path).splitlines()]
    assert lines[1:3] == ["struct named;", "u32 :5;"]
    assert "u32 inside;" in show("-E", "top", path)


def test_parts_of_a_prototype_without_a_name_are_abridged(show, tmp_path):
    writer = BtfWriter()
    number = writer.int()
    anonymous = writer.struct("", 4, ("a", number, 0))
    pointer = writer.add(PTR, "", anonymous)
    proto = writer.add(FUNC_PROTO, "", number, writer.name("x"), pointer, vlen=1)
    call = writer.add(PTR, "", proto)
    writer.struct("top", 8, ("call", call, 0))
    assert "int (*call)(struct {...} *x);" in show("top", writer.write(tmp_path))


def test_returned_type_without_a_name_is_defined_in_place(show, tmp_path):
    writer = BtfWriter()
    number = writer.int()
    returned = writer.struct("", 4, ("a", number, 0))
    passed = writer.struct("", 4, ("b", number, 0))
    proto = writer.add(FUNC_PROTO, "", returned, writer.name("x"), passed, vlen=1)
    writer.struct("top", 8, ("call", writer.add(PTR, "", proto), 0))
    lines = show("top", writer.write(tmp_path)).splitlines()
    assert [line.split("/*")[0].strip() for line in lines[1:4]] == [
        "struct {",
        "int a;",
        "} (*call)(struct {...} x);",
    ]


def test_tag_on_a_definition_in_place_is_looked_through(show, tmp_path):
    writer = BtfWriter()
    inner = writer.struct("", 4, ("a", writer.int(), 0))
    writer.struct("top", 4, ("m", writer.add(TYPE_TAG, "user", inner), 0))
    assert "\tstruct {\n\t\tint a;" in show("top", writer.write(tmp_path))


def test_function_without_a_prototype_is_refused(show, tmp_path):
    writer = BtfWriter()
    writer.add(FUNC, "odd", writer.int())
    assert "is a function without a prototype" in show("odd", writer.write(tmp_path), exit_code=3)


@pytest.mark.parametrize(
    ("name", "kind", "size", "words", "expected"),
    [
        ("double", FLOAT, 8, (), "/* double: 8 bytes, align: 8, floating point */\n"),
        ("_Bool", INT, 1, (4 << 24 | 8,), "/* _Bool: 1 byte, align: 1, boolean */\n"),
    ],
)
def test_base_type_is_shown_by_its_facts(show, tmp_path, name, kind, size, words, expected):
    writer = BtfWriter()
    writer.add(kind, name, size, *words)
    assert show("--arch", "x86_64", name, writer.write(tmp_path)) == expected


def test_variable_of_no_section_is_shown(show, tmp_path):
    writer = BtfWriter()
    writer.add(VAR, "counter", writer.int(), 2)
    assert show("counter", writer.write(tmp_path)) == "extern int counter;  /* 4 bytes */\n"


def test_enum_of_seventy_thousand_constants_is_shown(show, tmp_path):
    writer = BtfWriter()
    words = [word for i in range(70_000) for word in (writer.name(f"C{i}"), i)]
    writer.add(ENUM, "many", 4, *words, vlen=70_000)
    text = show("many", writer.write(tmp_path))
    assert text.count(" = ") == 70_000
    assert "constants: 70000" in text

"""The text of `show`: pinned by golden files, and compiled back into the same types."""

from __future__ import annotations

import re

import pytest

from .btf import compile_c

C_TYPES = (
    "struct holes",
    "struct bits",
    "struct packed_bits",
    "struct packed",
    "struct cachelines",
    "struct nested",
    "struct embeds",
    "struct operations",
    "union value",
    "struct empty",
    "struct wide",
    "enum small",
    "enum plain",
    "enum huge",
    "enum lowest",
    "struct with_enums",
    "pid_t",
    "nested_p",
    "guid_t",
    "holes_pair_t",
    "callback_t",
    "undefined_t",
    "struct undefined",
    "struct refers",
    "long unsigned int",
)
BPF_TYPES = (
    "struct task",
    "task_ref",
    "total",
    "limit",
    "absent",
    "read_task",
    "helper",
    "program",
)
IN_ORDER_OF_DEFINITION = (
    *("u8", "u16", "u32", "u64", "bool_t", "list_head", "atomic_t", "guid_t"),
    *("holes", "bits", "packed_bits", "packed", "cachelines", "nested", "embeds", "operations"),
    *("value", "empty", "wide", "small", "plain", "huge", "lowest", "with_enums"),
)


def _file(name: str) -> str:
    return f"show/{name.removeprefix('struct ').replace(' ', '_')}"


@pytest.mark.parametrize("name", C_TYPES)
def test_c_type_is_shown_as_pinned(show, golden, c_types, name):
    golden(f"{_file(name)}.txt", show(name, c_types))


@pytest.mark.parametrize("name", BPF_TYPES)
def test_bpf_type_is_shown_as_pinned(show, golden, bpf_object, name):
    golden(f"{_file(name)}.bpf.txt", show(name, bpf_object))


@pytest.mark.parametrize("name", ["struct embeds", "struct refers"])
def test_expanded_type_is_shown_as_pinned(show, golden, c_types, name):
    golden(f"{_file(name)}.expanded.txt", show("--expand", name, c_types))


def test_coloured_type_is_shown_as_pinned(show, golden, c_types):
    golden("show/cachelines.colour.txt", show("--color", "always", "cachelines", c_types))


def test_colour_changes_nothing_but_colour(show, c_types):
    coloured = show("--color=always", "nested", c_types)
    assert re.sub("\x1b\\[[0-9;]*m", "", coloured) == show("nested", c_types)


def test_shown_text_compiles_to_the_types_that_were_shown(show, c_types, tmp_path):
    """gcc lays the text out, pahole describes that: the same must be shown of it again."""
    texts = {name: show(name, c_types) for name in IN_ORDER_OF_DEFINITION}
    source = tmp_path / "again.c"
    source.write_text("\n".join(texts.values()), encoding="utf-8")
    again = compile_c(source, tmp_path)
    assert {name: show(name, again) for name in IN_ORDER_OF_DEFINITION} == texts


@pytest.mark.parametrize(
    ("cacheline", "boundaries"), [("64", [128]), ("16", [128, 144]), ("128", [128]), ("0", [])]
)
def test_boundary_is_the_last_one_before_a_member(show, c_types, cacheline, boundaries):
    text = show("--cacheline", cacheline, "cachelines", c_types)
    assert [int(at) for at in re.findall(r"boundary \((\d+) bytes\)", text)] == boundaries
    assert ("cachelines: " in text) == bool(boundaries)


def test_each_member_of_a_union_crosses_the_same_boundaries(show, tmp_path, needs):
    needs("gcc", "pahole")
    source = tmp_path / "both.c"
    source.write_text(
        "struct both { union {"
        " struct { char a[64]; int b; } one; struct { char c[64]; int d; } two; }; int e; } both;"
    )
    text = show("both", compile_c(source, tmp_path))
    assert text.count("cacheline 1 boundary") == 3  # before b, before d, before e

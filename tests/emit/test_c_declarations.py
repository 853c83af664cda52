"""C declarations of a source's types: compilers take them, and come to the source's layout."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path

import pytest
from conftest import Golden
from hostile.test_structure import SOUND
from hypothesis import example, given, settings
from hypothesis import strategies as st
from kitchen.oracle import build
from kitchen.targets import TARGETS
from show.btf import BtfWriter

from uapigen.emit.c_declarations import c_declarations
from uapigen.errors import UapigenError
from uapigen.show.find import find
from uapigen.sources import open_sources

from .c_units import Unit, compile_c, compiled_bits, expected_bits, unit
from .inputs import btf
from .inputs.odd import FUNC_PROTO, PTR, odd

# Real kernels, each with the compilers of its own architecture and of others that lay out likewise.
KERNELS = (
    ("amd64-6.1", "x86_64"),
    ("amd64-7.1-layout-section", "x86_64"),
    ("amd64-7.3rc7-cloud", "x86_64"),
    ("arm64-6.1", "aarch64"),
    ("arm64-6.1", "riscv64"),
    ("arm64-6.1", "ppc64le"),
    ("armhf-6.12-armmp-pahole132", "arm"),
    ("armhf-6.12-armmp-pahole132", "mipsel"),
    ("i386-6.1-686pae-pahole132", "i386"),
    ("s390x-6.12", "s390x"),
    ("amd64-6.1+ext4", "x86_64"),
    ("amd64-6.1+kvm", "x86_64"),
)
QUICK = ("x86_64", "i386", "s390x")


def assert_same_layout(arch: str, made: Unit, directory: Path, bitfields: int) -> None:
    """The architecture's gcc comes to the source's layout, to the bit of at least so many."""
    assert made.made.failures == []
    assert made.text.count("_Static_assert(sizeof(struct") > 0
    said = compile_c(arch, made.text)
    assert not said, said[:2000]
    expected = expected_bits(made)
    assert len(expected) >= bitfields
    assert compiled_bits(arch, made, directory) == expected


@pytest.mark.parametrize("arch", QUICK)
def test_hard_types_come_to_the_layout_of_their_source(arch: str, tmp_path: Path) -> None:
    assert_same_layout(arch, unit(btf("types", arch), arch), tmp_path, 10)


@pytest.mark.slow
@pytest.mark.parametrize("arch", TARGETS)
def test_kitchen_comes_to_the_layout_that_the_same_compiler_gave_it(
    arch: str, tmp_path: Path
) -> None:
    built = build(TARGETS[arch], tmp_path)
    assert_same_layout(arch, unit(built.btf_path, arch), tmp_path, 10)


@pytest.mark.slow
@pytest.mark.parametrize(("kernel", "arch"), KERNELS)
def test_every_type_of_a_kernel_comes_to_the_layout_of_its_source(
    kernel: str, arch: str, corpus: Path, tmp_path: Path
) -> None:
    whole, _, module = kernel.partition("+")
    base = corpus / f"{whole}.btf.xz"
    source = corpus / "modules" / f"{kernel}.btf.xz" if module else base
    assert_same_layout(
        arch, unit(source, arch, base if module else None), tmp_path, 0 if module else 1000
    )


@pytest.mark.slow
def test_every_type_of_this_kernel_comes_to_its_layout(
    running_kernel: Path, tmp_path: Path
) -> None:
    made = unit(running_kernel)
    assert made.opened.model.arch in TARGETS, "no compiler for this machine in the tests"
    assert_same_layout(made.opened.model.arch, made, tmp_path, 1000)


def test_odd_names_and_types_of_one_tag_are_kept_apart() -> None:
    made = unit(odd(), "x86_64")
    said = compile_c("x86_64", made.text)
    assert not said, said


def test_an_assert_fails_where_a_size_an_alignment_or_an_offset_is_another() -> None:
    text = unit(btf("types", "x86_64"), "x86_64").text
    for what in ("sizeof", "_Alignof", "__builtin_offsetof"):
        match = re.search(rf"_Static_assert\({what}\(.*\) == (\d+), ", text)
        assert match
        at, end = match.span(1)
        changed = f"{text[:at]}{int(match[1]) + 1}{text[end:]}"
        assert "static assertion failed" in compile_c("x86_64", changed)


@pytest.mark.parametrize("arch", ["x86_64", "s390x"])
def test_text_is_as_pinned(arch: str, golden: Golden) -> None:
    golden(f"emit/declarations.{arch}.txt", unit(btf("reference", arch), arch).text)


# What comes along


def declared(source: bytes, *wanted: str) -> str:
    """Declarations of these types, without asserts."""
    opened = open_sources([source], arch="x86_64")
    roots = [found.type_id for name in wanted for found in find(opened.graph, name)]
    text = c_declarations(opened.graph, opened.model, roots, asserts=False).text
    said = compile_c("x86_64", text)
    assert not said, said
    return text


def test_struct_that_is_pointed_to_is_declared_and_one_that_is_contained_is_defined() -> None:
    b = BtfWriter()
    number = b.int("int")
    far, near = b.struct("far", 4, ("a", number, 0)), b.struct("near", 4, ("b", number, 0))
    b.struct("root", 16, ("there", b.add(PTR, "", far), 0), ("here", near, 64))
    text = declared(b.bytes(), "struct root")
    assert "struct far;" in text
    assert "struct far {" not in text
    assert text.index("struct near {") < text.index("struct root {")


def test_struct_that_is_an_argument_by_value_is_defined() -> None:
    b = BtfWriter()
    number = b.int("int")
    value = b.struct("value", 4, ("a", number, 0))
    call = b.add(PTR, "", b.add(FUNC_PROTO, "", value, 0, value, vlen=1))
    b.struct("root", 8, ("call", call, 0))
    text = declared(b.bytes(), "struct root")
    assert "struct value {" in text
    assert "struct value (*call)(struct value);" in text


def test_gap_that_no_alignment_explains_becomes_padding() -> None:
    b = BtfWriter()
    char, number = b.int("char", 1), b.int("int")
    b.struct("root", 12, ("a", char, 0), ("__padding", char, 24), ("b", number, 64))
    assert declared(b.bytes(), "struct root").endswith(
        "struct root {\n\tchar a;\n\tunsigned char __padding___2[2];\n\tchar __padding;\n"
        "\tunsigned char __padding___3[4];\n\tint b;\n};\n"
    )


def test_type_that_cannot_be_laid_out_is_named_and_what_contains_it_too() -> None:
    b = BtfWriter()
    number = b.int("int")
    bad = b.struct("bad", 4, ("a", number, 0), ("b", number, 16))
    b.struct("outer", 8, ("inner", bad, 0))
    b.struct("good", 8, ("pointer", b.add(PTR, "", bad), 0))
    made = unit(b.bytes(), "x86_64")
    assert [failure.spelling for failure in made.made.failures] == ["struct bad", "struct outer"]
    assert "struct good {" in made.text
    assert not compile_c("x86_64", made.text)


def test_members_of_one_c_name_are_left_out_with_what_contains_them() -> None:
    b = BtfWriter()
    number = b.int("int")
    hidden = b.struct("", 4, ("twice", number, 0))
    twice = b.struct("bad", 8, ("twice", number, 0), ("", hidden, 32))
    b.struct("outer", 8, ("inner", twice, 0))
    made = unit(b.bytes(), "x86_64")
    assert [*map(tuple, made.made.failures)] == [
        ("struct bad", "two members would be called twice"),
        ("struct outer", "needs struct bad, which is left out"),
    ]
    assert not compile_c("x86_64", made.text)


def test_a_struct_of_many_members_takes_time_in_proportion() -> None:
    b = BtfWriter()
    number = b.int("int")
    b.struct("many", 8 * 30_000, *((f"m{at}", number, 64 * at) for at in range(30_000)))
    start = time.process_time()
    assert "int m29999;" in unit(b.bytes(), "x86_64").text
    assert time.process_time() - start < (20 if "coverage" in sys.modules else 5)


@example(changes=[(192, 0)])  # a member of a union that has lost its name
@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, len(SOUND) - 1), st.integers(0, 255)), min_size=1, max_size=6)
)
def test_changed_bytes_are_refused_or_make_c_that_compiles(changes: list[tuple[int, int]]) -> None:
    data = bytearray(SOUND)
    for at, value in changes:
        data[at] = value
    try:
        made = unit(bytes(data), "x86_64")
    except UapigenError:
        return
    said = compile_c("x86_64", made.text)
    assert not said, f"{said}\n{made.text}"

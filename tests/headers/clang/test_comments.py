"""Documentation comments."""

from __future__ import annotations

from pathlib import Path

import pytest

from uapigen.headers.comments import Comments, comments_of
from uapigen.ir.declarations import Doc

from .reading import find, read

KERNEL_DOC = """
/**
 * struct attr - what a file has
 * @ino: inode number,
 *   of 64 bits
 * @size: in bytes
 *
 * More about it.
 */
struct attr {
	unsigned long ino;
	unsigned long size; /* not this */
	int mode; /* of access */
};
"""


def test_kernel_doc_says_what_a_struct_and_its_members_are() -> None:
    assert comments_of(KERNEL_DOC).types == {
        "struct attr": Doc(
            "what a file has\n\nMore about it.",
            {"ino": "inode number,\nof 64 bits", "size": "in bytes", "mode": "of access"},
        )
    }


# A text, what of it is a type's and what a constant's.
CASES: list[tuple[str, dict[str, Doc], dict[str, str]]] = [
    ("/* a pair */\nstruct pair {\n\tint a;\n};\n", {"struct pair": Doc("a pair", {})}, {}),
    ("/* far away */\n\nstruct pair {\n\tint a;\n};\n", {}, {}),
    (
        "typedef struct {\n\tint a; /* first */\n} pair_t;\n",
        {"pair_t": Doc("", {"a": "first"})},
        {},
    ),
    (
        "struct s\n{\n\tint a[4]; /* four */\n\tint b:3; /* three\n\t\t* bits */\n};\n",
        {"struct s": Doc("", {"a": "four", "b": "three\nbits"})},
        {},
    ),
    (
        "enum e {\n\tA, /* first */\n\tB = 4, /**< second */\n\tC /* last */\n};\n",
        {"enum e": Doc("", {"A": "first", "B": "second", "C": "last"})},
        {"A": "first", "B": "second", "C": "last"},
    ),
    ("#define A 1 /* one */\n#define B 2\n", {}, {"A": "one"}),
    ("#define F(x) (x) /* itself */\n", {}, {"F": "itself"}),
    (
        "struct s {\n\t/** @a: inline */\n\tint a;\n};\n",
        {"struct s": Doc("", {"a": "inline"})},
        {},
    ),
    (
        "/**\n * s - without keyword\n */\nstruct s {\n\tint a;\n};\n",
        {"struct s": Doc("without keyword", {})},
        {},
    ),
    ("/**\n * do_it() - does it\n * @how: so\n */\nint do_it(int how);\n",
     {"do_it": Doc("does it", {"how": "so"})}, {}),
    ("/* SPDX-License-Identifier: MIT */\nstruct s {\n\tint a;\n};\n", {}, {}),
    ("/**\n * DOC: a chapter\n */\n", {}, {}),
    ("struct s { int a; }; /* flat */\nstruct t {\n\tint b; /* mine */\n};\n",
     {"struct t": Doc("", {"b": "mine"})}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("source", "types", "constants"), CASES)
def test_comment_counts_where_it_is_clear_what_it_is_about(
    source: str, types: dict[str, Doc], constants: dict[str, str]
) -> None:
    assert comments_of(source) == Comments(types, constants)


def test_comments_belong_to_the_types_of_their_file(tmp_path: Path) -> None:
    unit = read(tmp_path, KERNEL_DOC + "#define LIMIT 3 /* no more */\n")
    assert unit.docs[find(unit, "struct attr")].text == "what a file has\n\nMore about it."
    assert unit.constant_docs == {"LIMIT": "no more"}


def test_time_stays_in_proportion_to_the_text() -> None:
    import time

    start = time.process_time()
    comments_of("struct a {\n" * 30_000 + "struct b { int c; };\n" * 30_000)
    comments_of("#define X " + "/" * 200_000)
    comments_of("int a; " * 50_000)
    assert time.process_time() - start < 3

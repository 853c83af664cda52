"""Prototypes as data: a parameter's name and type, told apart in C's declarations."""

from __future__ import annotations

import pytest

from uapigen.emit.support.functions import split_param


@pytest.mark.parametrize(
    ("declaration", "name", "spelling"),
    [
        ("int", "", "int"),
        ("int by", "by", "int"),
        ("struct file *", "", "struct file *"),
        ("struct file *file", "file", "struct file *"),
        ("char *const", "", "char *const"),
        ("char *const text", "text", "char *const"),
        ("const int *restrict", "", "const int *restrict"),
        ("const int *restrict volatile p", "p", "const int *restrict volatile"),
        ("int const", "", "int const"),
        ("int (*)(int)", "", "int (*)(int)"),
        ("int (*each)(int)", "each", "int (*)(int)"),
        ("int (*const )(int)", "", "int (*const )(int)"),
        ("int (*const each)(int)", "each", "int (*const )(int)"),
        ("u8 bytes[4]", "bytes", "u8[4]"),
    ],
)
def test_a_qualifier_is_no_name(declaration: str, name: str, spelling: str) -> None:
    assert split_param(declaration) == (name, spelling)

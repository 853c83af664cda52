"""``uapigen.parse_type``."""

from __future__ import annotations

import pytest

import uapigen
from uapigen.ir.types import Forward, FuncProto, Pointer, Struct


@pytest.mark.parametrize(
    ("text", "name", "spelling"),
    [
        ("int (*)(struct file *, loff_t)", "", "int (*)(struct file *, loff_t)"),
        ("ssize_t (*read)(struct file *, char __user *, size_t, loff_t *);", "read",
         "ssize_t (*)(struct file *, char *, size_t, loff_t *)"),
        ("unsigned long", "", "long unsigned int"),
        ("u32 reg", "reg", "u32"),
        ("const char *const names[2][3]", "names", "const char *const[2][3]"),
        ("int (*(*f)(a_t, const b_t))(c_t)", "f", "int (*(*)(a_t, const b_t))(c_t)"),
        ("void f(int a, size_t n)", "f", "void (int a, size_t n)"),
        ("int (strcmp)(const char *a, const char *b)", "strcmp",
         "int (const char *a, const char *b)"),
        ("int buffer[1 << 4]", "buffer", "int[16]"),
        ("char x[sizeof(long long)]", "x", "char[8]"),
        ("__typeof__(long *) p", "p", "long int *"),
        ("typedef struct pair { int a, b; } pair_t;", "pair_t", "pair_t"),
        ("void", "", "void"),
    ],
)  # fmt: skip
def test_declarations_and_names_of_types(text: str, name: str, spelling: str) -> None:
    parsed = uapigen.parse_type(text)
    assert (parsed.name, parsed.spelling, str(parsed)) == (name, spelling, spelling)


def test_result_is_a_graph() -> None:
    parsed = uapigen.parse_type("int (*)(struct file *, loff_t)")
    pointer = parsed.graph[parsed.type_id]
    assert isinstance(pointer, Pointer)
    proto = parsed.graph[pointer.target]
    assert isinstance(proto, FuncProto)
    assert parsed.graph[proto.params[1].type] == Forward("loff_t", "typedef")


@pytest.mark.parametrize(("arch", "size"), [("x86_64", 16), ("i386", 12)])
def test_struct_is_laid_out_for_the_target(arch: str, size: int) -> None:
    parsed = uapigen.parse_type("struct { char a; long long b; }", arch=arch)
    struct = parsed.graph[parsed.type_id]
    assert isinstance(struct, Struct)
    assert struct.byte_size == size


class Known:
    """Bindings that know everything."""

    def ctype(self, spelling: str) -> object:
        return f"<{spelling}>"


def test_ctype_is_asked_of_the_bindings() -> None:
    assert uapigen.parse_type("unsigned int *p", Known()).ctype == "<unsigned int *>"
    with pytest.raises(uapigen.UsageError, match="without bindings"):
        uapigen.parse_type("int").ctype  # noqa: B018


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is empty"),
        ("int a, b", "has 2 declarations"),
        ("int int x y", "."),
        ("struct s { foo_t x; }", "'foo_t' is not declared"),
        ("int f(int)(int)", "a function that returns a function"),
        ("int x __attribute__((aligned(8)))", "aligned is no part of a type"),
        ("}", "without its"),
        ("((((", "without its|before"),
        ("int x[-1]", "an array of -1 elements"),
        ("int " + "*" * 5000 + "p", "too deep"),
        ("x" * 100_000, "is longer than"),
        ("#include <stdio.h>", "."),
    ],
)
def test_what_is_no_declaration_is_refused(text: str, problem: str) -> None:
    with pytest.raises(uapigen.InputError, match=problem):
        uapigen.parse_type(text)


def test_unknown_target_is_refused() -> None:
    with pytest.raises(uapigen.UsageError, match="vax"):
        uapigen.parse_type("int", arch="vax")

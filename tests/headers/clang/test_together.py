"""Headers read together say what each says alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from uapigen.headers.options import HeaderOptions
from uapigen.headers.pairs import read_pair, read_tree
from uapigen.headers.read import Headers, read_headers
from uapigen.ir.types import Struct
from uapigen.ir.units import join
from uapigen.layout.targets import find_target

OPTIONS = HeaderOptions(find_target("x86_64"))


def tree(folder: Path, **texts: str) -> list[str]:
    """Headers ``linux/NAME.h`` of a tree."""
    (folder / "linux").mkdir(parents=True)
    for name, text in texts.items():
        (folder / "linux" / f"{name}.h").write_text(text)
    return [str(folder / "linux" / f"{name}.h") for name in texts]


def constants(headers: Headers) -> dict[str, set[object]]:
    found: dict[str, set[object]] = {}
    for unit in headers.units:
        for constant in unit.constants:
            found.setdefault(constant.name, set()).add(constant.value)
    return found


def sizes(headers: Headers) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for unit in headers.units:
        for type_id in unit.owners:
            node = unit.graph[type_id]
            if isinstance(node, Struct):
                found.setdefault(node.name, set()).add(node.byte_size)
    return found


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("#define X 1", "#define X 2"),
        ("#define X 1", "#ifdef X\n#define Y 5\n#else\n#define Y 6\n#endif"),
        ("#define x y", "struct s { int x; };\n#define N sizeof(struct s)"),
        ("#define WIDE 1\n", "struct s {\n#if defined(WIDE)\nlong a;\n#else\nint a;\n#endif\n};"),
        ("struct s { int a; };", "struct s { long a; };"),
        ("typedef int t;\n#define A sizeof(t)", "typedef char t;\n#define B sizeof(t)"),
        ("enum { E = 1 };\n#define A E", "enum { E = 2 };\n#define B E"),
        ("#pragma pack(1)\nstruct p { char a; int b; };", "struct q { char a; int b; };"),
        ("#define X 1", "#undef X\n#define Y 1"),
        ("#include <linux/nowhere.h>\n#define X 1", "#define Y 1"),
        ("#define f(x) ((x) + 1)\n#define A f(1)", "#define f(x) ((x) + 2)\n#define B f(1)"),
        ("#ifndef X\n#define X 1\n#endif", "#ifndef X\n#define X 2\n#endif"),
    ],
)
def test_what_is_at_odds_is_read_as_if_alone(tmp_path: Path, a: str, b: str) -> None:
    for order in ({"a": a, "b": b}, {"b": a, "a": b}):
        names = tree(tmp_path / "-".join(order), **order)
        together = read_tree(names, OPTIONS)
        alone = read_headers(names, OPTIONS, keep_going=True)
        assert constants(together) == constants(alone)
        assert sizes(together) == sizes(alone)
        assert [one.header for one in together.failed] == [one.header for one in alone.failed]


def test_what_agrees_is_one_unit(tmp_path: Path) -> None:
    texts = {f"h{i}": f"struct s{i} {{ int a[{i}]; }};\n#define N{i} {i}" for i in range(1, 9)}
    headers = read_tree(tree(tmp_path, **texts), OPTIONS)
    assert len(headers.units) == 1
    assert constants(headers) == {f"N{i}": {i} for i in range(1, 9)}
    assert sizes(headers) == {f"s{i}": {4 * i} for i in range(1, 9)}


def test_macros_of_the_same_text_are_not_evaluated_in_a_pair(tmp_path: Path) -> None:
    common = "#pragma once\n#define SAME (1 << 3)\n#define MOVED {}\n#define ON_TOP (MOVED + 1)\n"
    sides = []
    for side, number in (("old", 1), ("new", 2)):
        names = tree(
            tmp_path / side,
            a=common.format(number) + f"struct s {{ int a[{number}]; }};",
            b="#include <linux/a.h>\n#define ENDS sizeof(struct s)\n",
        )
        sides.append((names, OPTIONS))
    old, new = map(constants, read_pair(*sides))
    assert old["SAME"] == new["SAME"] != {8}
    assert [(side["MOVED"], side["ON_TOP"], side["ENDS"]) for side in (old, new)] == [
        ({1}, {2}, {4}),
        ({2}, {3}, {8}),
    ]


def test_a_header_that_clang_gives_up_on_costs_only_itself(tmp_path: Path) -> None:
    endless = "#define A0 1 1\n" + "".join(
        f"#define A{i} A{i - 1} A{i - 1}\n" for i in range(1, 45)
    )
    names = tree(tmp_path, a=endless + "int x[] = { A44 };", b="#define N 1\nstruct s { int a; };")
    headers = read_tree(names, OPTIONS)
    assert [one.header for one in headers.failed] == [names[0]]
    assert constants(headers)["N"] == {1}
    assert join(headers.units).constants["N"].value == 1


@pytest.mark.parametrize(
    ("declared", "macro", "before", "after"),
    [
        ("struct s {{ int a[{}]; }};", "sizeof(struct s)", 4, 8),
        ("typedef int t[{}];", "sizeof(t)", 4, 8),
        ("typedef int t[{}];\nstruct s {{ char a; t b; }};", "sizeof(struct s)", 8, 12),
        ("struct s {{ char a[{}]; char b; }};", "__builtin_offsetof(struct s, b)", 1, 2),
        ("struct i {{ int a[{}]; }};\nstruct s {{ struct i *p; }};",
         "sizeof(*((struct s *)0)->p)", 4, 8),
        ("enum e {{ E = {} }};", "E + 1", 2, 3),
        ("enum {{ A = {}, E }};", "E", 2, 3),
        ("struct s {{ union {{ char a; char b[{}]; }}; }};", "sizeof(struct s)", 1, 2),
    ],
)  # fmt: skip
def test_macros_of_types_are_evaluated_in_a_pair_where_these_differ(
    tmp_path: Path, declared: str, macro: str, before: int, after: int
) -> None:
    common = f"{declared}\n#define ITS ({macro})\n"
    sides = [
        (tree(tmp_path / side, a=common.format(number), b="#define B 1\n"), OPTIONS)
        for side, number in (("old", 1), ("new", 2), ("again", 1))
    ]
    old, new = map(constants, read_pair(*sides[:2]))
    assert (old["ITS"], new["ITS"]) == ({before}, {after})
    old, again = map(constants, read_pair(sides[0], sides[2]))
    assert old["ITS"] == again["ITS"] != {before}

"""Headers that cannot be read fail by name, soon, and with clang's words."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from uapigen.errors import InputError, SystemRefusalError
from uapigen.headers import bounds
from uapigen.headers.clang import read_header
from uapigen.headers.read import read_headers

from .reading import OPTIONS, read

BROKEN = [
    ("struct s {\n  int a b;\n};", r"sample\.h:2: expected ';' at end of declaration list"),
    ("\n#include <no/such/file.h>\n", r"sample\.h:2: 'no/such/file\.h' file not found"),
    ("#error not for you\n", r"sample\.h:1: not for you"),
    ("#if 1\n", r"sample\.h:1: unterminated conditional directive"),
    ("struct s { struct s inner; };", r"sample\.h:1: field has incomplete type 'struct s'"),
    ("int a[-1];", r"sample\.h:1: 'a' declared as an array with a negative size"),
    ('#include "sample.h"\n', r"sample\.h:1: #include nested too deeply"),
    ("int a;\ntypedef\n", r"sample\.h:2: expected identifier"),
    (
        '\nstruct s { int a; } __attribute__((scalar_storage_order("big-endian")));',
        r"sample\.h:2: libclang does not know the attribute scalar_storage_order",
    ),
    ("/* no end", r"sample\.h:1: unterminated /\* comment"),
]


@pytest.mark.parametrize(("text", "message"), BROKEN)
def test_error_is_file_line_and_text(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(tmp_path, text)


def test_error_behind_many_warnings_is_seen(tmp_path: Path) -> None:
    silent = "".join(f"struct a{n} {{ struct b{n} {{ int x; }}; }};\n" for n in range(200))
    with pytest.raises(InputError, match=r"sample\.h:201: expected"):
        read(tmp_path, f"{silent}int x y;\n")


def test_error_in_an_included_file_names_that(tmp_path: Path) -> None:
    (tmp_path / "part.h").write_text("int x[;\n")
    with pytest.raises(InputError, match=r"part\.h:1: expected expression"):
        read(tmp_path, '#include "part.h"\n')


def test_binary_is_no_header(tmp_path: Path) -> None:
    path = tmp_path / "program.h"
    path.write_bytes(bytes(range(256)) * 400)
    with pytest.raises(InputError, match=r"program\.h:"):
        read_header(str(path), OPTIONS)


def bomb(levels: int) -> str:
    """Macros that stand for 2 to the power of ``levels`` tokens."""
    doubled = "".join(f"#define A{n + 1} A{n} A{n}\n" for n in range(levels))
    return f"#define A0 1+\n{doubled}"


def test_macro_bomb_ends_within_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "_BYTES", 200 << 20)
    monkeypatch.setattr(bounds, "_SECONDS", 3)
    start = time.monotonic()
    with pytest.raises(InputError, match=r"without end|cannot parse"):
        read(tmp_path, bomb(40) + "enum { X = A40 0 };\n")
    assert time.monotonic() - start < 60


def test_macro_bomb_that_nothing_uses_costs_only_itself(tmp_path: Path) -> None:
    unit = read(tmp_path, bomb(40) + "#define ALL (A40 0)\n#define NEXT 1\n")
    assert [constant.name for constant in unit.constants] == ["NEXT"]
    reasons = {omission.name: omission.reason for omission in unit.omissions}
    assert reasons["ALL"] == "expands without end, or to more than 2,000 tokens"


def test_child_that_ends_silently_is_an_error() -> None:
    with pytest.raises(InputError, match="takes more than"):
        bounds.in_bounds("a.h", lambda: os._exit(3))


def test_child_raises_in_the_parent() -> None:
    def job() -> None:
        raise InputError("a.h", "line 3", "is bad")

    with pytest.raises(InputError) as caught:
        bounds.in_bounds("a.h", job)
    assert (caught.value.source, caught.value.place, caught.value.problem) == (
        "a.h",
        "line 3",
        "is bad",
    )


def test_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemRefusalError, match="no such file"):
        read_header(str(tmp_path / "absent.h"), OPTIONS)


@pytest.mark.parametrize("name", ["with\nbreak.h", 'with"quote.h'])
def test_name_that_c_cannot_include_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="quotation mark or a line break"):
        read(tmp_path, "typedef int t;", name=name)


def test_keep_going_names_what_failed_and_reads_the_rest(tmp_path: Path) -> None:
    (tmp_path / "linux").mkdir()
    paths = []
    for name, content in (("a", "typedef int a;"), ("b", "typedef"), ("c", "typedef int c;")):
        path = tmp_path / f"linux/{name}.h"
        path.write_text(content)
        paths.append(str(path))
    with pytest.raises(InputError, match=r"b\.h:1:"):
        read_headers(paths, OPTIONS)
    headers = read_headers(paths, OPTIONS, keep_going=True)
    assert [unit.header for unit in headers.units] == [paths[0], paths[2]]
    assert [(o.name, o.kind, o.header) for o in headers.failed] == [
        ("linux/b.h", "header", paths[1])
    ]

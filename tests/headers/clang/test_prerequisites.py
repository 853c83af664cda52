"""Headers that expect others to have been included."""

from __future__ import annotations

from pathlib import Path

import pytest

from uapigen.errors import InputError
from uapigen.headers.clang import read_header

from .reading import OPTIONS, find, read

NEEDED = [
    ("__u32 a; typedef __u32 t;", ("linux/types.h",)),
    ("typedef size_t t;", ("stddef.h",)),
    ("struct s { struct sockaddr a; }; typedef uint32_t t;", ("sys/socket.h", "stdint.h")),
    ("struct s { struct timespec a; }; typedef pid_t t;", ("sys/time.h", "sys/types.h")),
    ("typedef char t[IFNAMSIZ];", None),
    ("typedef int t;", ()),
]


@pytest.mark.parametrize(("text", "expected"), NEEDED)
def test_what_clang_misses_is_included_before(
    tmp_path: Path, text: str, expected: tuple[str, ...] | None
) -> None:
    unit = read(tmp_path, text)
    assert find(unit, "t")
    if expected is None:
        assert unit.prerequisites
    else:
        assert set(unit.prerequisites) <= set(expected)
        assert bool(unit.prerequisites) == bool(expected)


def test_definition_is_looked_for_in_the_same_tree(tmp_path: Path) -> None:
    (tmp_path / "linux").mkdir()
    (tmp_path / "linux/peculiar.h").write_text("struct peculiar { int a; };")
    (tmp_path / "linux/user.h").write_text("struct user { struct peculiar p; };")
    unit = read_header(str(tmp_path / "linux/user.h"), OPTIONS)
    assert unit.prerequisites == ("linux/peculiar.h",)
    assert unit.files[unit.owners[find(unit, "struct peculiar")]].module == "linux/peculiar.h"


def test_header_that_refuses_direct_inclusion_is_read_through_another(tmp_path: Path) -> None:
    (tmp_path / "part.h").write_text(
        '#ifndef INDIRECT\n#error "part.h included directly"\n#endif\n'
        "struct part { int a; };\n#define PART 4\n"
    )
    (tmp_path / "whole.h").write_text(
        '#define INDIRECT\n#include "part.h"\n#undef INDIRECT\nstruct whole { struct part p; };\n'
    )
    unit = read_header(str(tmp_path / "part.h"), OPTIONS)
    assert unit.files[unit.header].module == "part.h"
    assert find(unit, "struct part")
    assert not unit.graph.ids_named("whole")
    assert [constant.name for constant in unit.constants] == ["PART"]


def test_headers_of_one_name_do_not_disturb_each_other(tmp_path: Path) -> None:
    """The C library's <sys/types.h> cannot follow a header that defines struct timeval."""
    unit = read(tmp_path, "struct timeval { long s; long u; };\ntypedef u_short t;")
    assert unit.prerequisites == ("uapigen-bsd-types.h",)


def test_nothing_that_helps_is_the_header_s_own_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"sample\.h:2: unknown type name 'found_nowhere'"):
        read(tmp_path, "typedef size_t t;\nstruct s { found_nowhere a; };")

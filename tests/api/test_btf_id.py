"""``Loaded.btf_id``: the ids by which bpf(2) knows a kernel's types."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from kitchen.targets import require, run
from show.btf import BtfWriter

import uapigen

_SHOWN = re.compile(r"^\[(\d+)\] (STRUCT|UNION|ENUM|TYPEDEF|FUNC|VAR|INT) '([^(']+)'", re.MULTILINE)


def assert_as_bpftool_shows(source: Path, loaded: uapigen.Loaded) -> None:
    """Every id of a name that only one type has."""
    require("bpftool")
    shown: dict[str, list[int]] = {}
    for number, kind, name in _SHOWN.findall(run(["bpftool", "btf", "dump", "file", source])):
        tag = f"{kind.lower()} " if kind in ("STRUCT", "UNION", "ENUM") else ""
        shown.setdefault(f"{tag}{name}", []).append(int(number))
    assert len(shown) > 10
    for spelling in list(shown)[:: len(shown) // 50 + 1]:
        numbers = shown[spelling]
        assert loaded.btf_id(spelling) in numbers
        assert len(numbers) > 1 or loaded.btf_id(spelling) == numbers[0]


def test_is_the_one_that_bpftool_shows(bpf_object: Path, k: uapigen.Loaded) -> None:
    assert_as_bpftool_shows(bpf_object, k)


def test_is_the_running_kernel_s(running_kernel: Path) -> None:
    assert_as_bpftool_shows(running_kernel, uapigen.load(running_kernel))


def test_of_split_btf_goes_on_where_its_base_ends() -> None:
    base, module = BtfWriter(), BtfWriter(first_id=2, first_string=5)
    number = base.int("int")
    module.struct("own", 4, ("member", number, 0))
    loaded = uapigen.load(module.bytes(), base=base.bytes())
    assert (loaded.btf_id("int"), loaded.btf_id("struct own")) == (1, 2)


@pytest.mark.parametrize(
    ("spelling", "sentence"),
    [
        ("struct nothing", "no struct is called 'nothing'"),
        ("inner", "'inner' is not exact; it may mean struct inner"),
        ("DENIED", "'DENIED' is not exact; it may mean enum reason"),
    ],
)
def test_of_an_inexact_spelling_is_refused(k: uapigen.Loaded, spelling: str, sentence: str) -> None:
    with pytest.raises(uapigen.NotFoundError, match=sentence):
        k.btf_id(spelling)


def test_of_several_sources_is_refused(bpf_object: Path) -> None:
    several = uapigen.load([bpf_object, bpf_object])
    with pytest.raises(uapigen.UsageError, match="is not one BTF source"):
        several.btf_id("struct exec_event")


def test_a_member_s_index_counts_unnamed_members() -> None:
    writer = BtfWriter()
    number = writer.int("int")
    inner = writer.struct("", 8, ("first", number, 0), ("second", number, 32))
    members = [("a", number, 0), ("", number, 32), ("", inner, 64), ("z", number, 128)]
    writer.struct("outer", 20, *members)
    loaded = uapigen.load(writer.bytes())
    found = [
        loaded.btf_member_index("struct outer", name) for name in ("a", "first", "second", "z")
    ]
    assert found == [0, 2, 2, 3]
    with pytest.raises(uapigen.NotFoundError, match="struct outer has no member 'b'"):
        loaded.btf_member_index("struct outer", "b")
    with pytest.raises(uapigen.NotFoundError, match="int has no member 'b'"):
        loaded.btf_member_index("int", "b")

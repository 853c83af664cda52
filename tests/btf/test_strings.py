"""BTF's string section: names by offset, and names that are not names."""

from __future__ import annotations

import pytest

from uapigen.btf.reader import BtfGraph
from uapigen.btf.strings import StringTable
from uapigen.errors import InputError

from .builder import Btf


def table(data: bytes, base: StringTable | None = None) -> StringTable:
    return StringTable(data, "x", base)


def test_names_are_sliced_by_offset_also_from_their_middle() -> None:
    strings = table(b"\0task_struct\0u64\0")
    assert [strings[0], strings[1], strings[6], strings[13]] == ["", "task_struct", "struct", "u64"]


def test_names_of_split_btf_go_on_where_its_base_ends() -> None:
    base = table(b"\0inode\0")
    split = table(b"page\0slab\0", base)
    assert [split[1], split[7], split[12]] == ["inode", "page", "slab"]
    over_split = table(b"x\0", split)
    assert [over_split[1], over_split[12], over_split[17]] == ["inode", "slab", "x"]


@pytest.mark.parametrize("data", [b"\0int\0u64\0", b"\0int\0\xc3\xa9\0", b"\0int\0", b"\0", b""])
@pytest.mark.parametrize("base", [b"", b"\0page\0", b"\0" + b"n" * 1024 + b"\0"])
def test_names_at_once_are_those_one_by_one(
    base: bytes, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("uapigen.btf.strings._MANY", 1)
    whole = base + data
    strings = table(data, table(base)) if base else table(data)
    offsets = [*range(len(whole)), *range(len(whole))]
    # A name of the base ends in it.
    names = [
        whole[offset:].split(b"\0")[0].decode("utf-8", "backslashreplace") for offset in offsets
    ]
    own = [(o, n) for o, n in zip(offsets, names, strict=True) if o >= len(base)]
    for found in (strings.cut, strings.each, strings.cut):
        assert found([offset for offset, _ in own]) == [name for _, name in own]
        assert found(offsets) == names
    assert [strings[offset] for offset in offsets] == names


def test_bytes_that_are_no_utf8_come_out_escaped() -> None:
    strings = table(b"\0a\xffb\0\xed\xa0\x80\0\xc3\xa9\0")
    assert [strings[1], strings[5], strings[9]] == ["a\\xffb", "\\xed\\xa0\\x80", "é"]


def test_empty_section_has_the_empty_name() -> None:
    assert table(b"")[0] == ""


@pytest.mark.parametrize(
    ("data", "offset", "problem"),
    [
        (b"\0int\0", 5, "offset 5 is past its end (5)"),
        (b"\0int\0", 0xFFFFFFFF, "offset 4294967295 is past its end (5)"),
        (b"", 1, "offset 1 is past its end (0)"),
        (b"\0int", 1, "no NUL after the name at offset 1"),
        (b"\0" + b"n" * 1025 + b"\0", 1, "the name at offset 1 is longer than 1024 bytes"),
        (b"\0" + b"n" * 1025, 1, "no NUL after the name at offset 1"),
    ],
)
def test_name_that_is_not_there_is_refused(
    data: bytes, offset: int, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("uapigen.btf.strings._MANY", 1)
    for ask in (
        table(data).__getitem__,
        lambda at: table(data).cut([at]),
        lambda at: table(data).each([0, at]),
    ):
        with pytest.raises(InputError) as caught:
            ask(offset)
        assert str(caught.value) == f"x: string section: {problem}"


@pytest.mark.parametrize("length", [511, 512, 1023, 1024])
def test_long_names_are_names(length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("uapigen.btf.strings._MANY", 1)
    strings = table(b"\0" + b"n" * length + b"\0m\0")
    assert strings.cut([1, length + 2]) == ["n" * length, "m"]
    assert [strings[1], strings[length + 2]] == ["n" * length, "m"]


def test_names_are_found_wherever_they_are_stored() -> None:
    base = table(b"\0page\0xpage\0page\0")
    split = table(b"page\0pages\0page\0", base)
    assert base.offsets_of("page") == [1, 12]
    assert split.offsets_of("page") == [1, 12, 17, 28]
    assert split.offsets_of("pag") == []
    assert table(b"\0\xff\0").offsets_of("\udcff") == [1]  # as the command line has it


@pytest.mark.parametrize("copies", [1, 3, 20])
def test_types_of_one_name_are_found_whatever_copies_of_it_they_use(copies: int) -> None:
    btf = Btf()
    ids = []
    for _ in range(copies):
        at = len(btf.strings)
        btf.strings += b"page\0"
        ids.append(btf.record(4, at, 0))
        btf.record(4, "pages", at)  # the same number, but no name
    assert BtfGraph(btf.dump(), "x").ids_named("page") == ids

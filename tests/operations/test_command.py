"""``uapigen ops``, and ``--ops`` of the main job."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from btf.builder import Btf
from conftest import Uapigen

from .sources import device_source


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "device.btf"
    path.write_bytes(device_source())
    return path


def test_without_a_pattern_each_table_is_a_line(source: Path, uapigen: Uapigen) -> None:
    shown = uapigen("ops", source, "--arch", "x86_64").stdout
    assert shown.splitlines()[1:] == ["   160   17  struct device_ops"]


def test_candidates_are_called_so(source: Path, uapigen: Uapigen) -> None:
    shown = uapigen("ops", "device_*", source, "--arch", "x86_64", "--implementations").stdout
    lines = shown.splitlines()
    at = lines.index("     8  int (*open)(struct device *dev);")
    assert lines[at + 1].strip() == "candidates: disk_open net_open other_open"


def test_json_has_all_members(source: Path, uapigen: Uapigen) -> None:
    told = json.loads(uapigen("ops", "*", source, "--arch", "x86_64", "--json").stdout)
    (table,) = told["tables"]
    assert (told["arch"], table["spelling"], table["byte_size"]) == (
        "x86_64",
        "struct device_ops",
        160,
    )
    assert [member["name"] for member in table["data"]] == ["owner", "level"]
    read = next(one for one in table["operations"] if one["name"] == "read")
    assert read == {
        "name": "read",
        "byte_offset": 16,
        "declaration": "ssize_t (*read)(struct device *dev, char *buf, long int len)",
        "parameters": ["dev", "buf", "len"],
        "named_by": "disk_read",
        "named_closely": True,
        "variadic": False,
    }


def test_a_pattern_that_fits_nothing_is_exit_code_1(source: Path, uapigen: Uapigen) -> None:
    done = uapigen("ops", "nonesuch", source, "--arch", "x86_64", exit_code=1)
    assert done.stdout == ""
    assert "no operation table called nonesuch" in done.stderr
    uapigen("ops", "a", "b", "c", exit_code=2)


def test_a_struct_is_made_a_table_by_hand(tmp_path: Path, uapigen: Uapigen) -> None:
    btf = Btf()
    number = btf.int()
    function = btf.ptr(btf.func_proto(number))
    rest = [(f"m{at}", number, 64 + 32 * at) for at in range(4)]
    btf.struct("thing", 24, ("call", function, 0), *rest)
    path = btf.write(tmp_path / "thing.btf")
    for options, expected in (((), False), (("--ops", "struct thi*"), True)):
        out = tmp_path / f"out{expected}"
        uapigen(path, "--arch", "x86_64", *options, "-o", out)
        assert ('"thing"' in (out / "operations.py").read_text()) == expected
        assert ("class thing(" in (out / "ops.pyi").read_text()) == expected
        uapigen("verify", "--arch", "x86_64", *options, out, path)

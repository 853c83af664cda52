"""What bindings must offer, worked out from types written by hand; and their shapes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import EXHAUSTIVE
from show.btf import BtfWriter

from uapigen.cli import main
from uapigen.ir.selection import select
from uapigen.layout.plan import Plan
from uapigen.sources import open_sources
from uapigen.verify.expectations import expectations
from uapigen.verify.shapes import Shape, leaves, shape_of

PTR, ARRAY, UNION, ENUM, FWD, TYPEDEF, CONST, FUNC, PROTO, FLOAT = 2, 3, 5, 6, 7, 8, 10, 12, 13, 16
BOOL = 4 << 24
CHAR = 2 << 24


def expected(writer: BtfWriter, *only: str) -> dict[str, Any]:
    opened = open_sources([writer.bytes()], arch="x86_64")
    return expectations(Plan(opened.graph, opened.model, select(opened.graph, only)))


def test_shape_is_what_lies_behind_typedefs_and_qualifiers() -> None:
    writer = BtfWriter()
    number = writer.int("int")
    enum = writer.add(ENUM, "e", 1, writer.name("A"), 1, vlen=1)
    forward = writer.add(FWD, "f", 0)
    proto = writer.add(PROTO, "", number)
    struct = writer.struct("s", 4, ("a", number, 0))
    cases = {
        number: Shape("int", 4, True),
        writer.int("u8", 1, signed=False): Shape("int", 1),
        writer.int("char", 1): Shape("char", 1, True),
        writer.add(1, "_Bool", 1, BOOL | 8): Shape("bool", 1),
        writer.int("double", 8, signed=False): Shape("float", 8),
        writer.add(FLOAT, "float", 4): Shape("float", 4),
        enum: Shape("enum", 1, False, enum),
        forward: Shape("incomplete", 0, False, forward),
        proto: Shape("function", 0, False, proto),
        struct: Shape("struct", 4, False, struct),
        0: Shape("void", 0),
    }
    pointer = writer.add(PTR, "", struct)
    cases[pointer] = Shape("pointer", 8, False, struct)
    row = writer.add(ARRAY, "", 0, number, number, 3)
    cases[writer.add(ARRAY, "", 0, writer.add(TYPEDEF, "row_t", row), number, 2)] = Shape(
        "array", 24, False, 0, 2, Shape("array", 12, False, 0, 3, cases[number])
    )
    cases[writer.add(CONST, "", writer.add(TYPEDEF, "s_t", struct))] = cases[struct]
    graph = open_sources([writer.bytes()]).graph
    for type_id, shape in cases.items():
        assert shape_of(graph, 8, type_id) == shape


def test_leaves_are_the_members_within_reach() -> None:
    writer = BtfWriter()
    number = writer.int("int")
    inner = writer.struct("", 8, ("b", number, 0), ("c", number, 32))
    named = writer.add(TYPEDEF, "inner_t", inner)
    outer = writer.struct("outer", 24, ("a", number, 0), ("", named, 32), ("d", inner, 96))
    graph = open_sources([writer.bytes()]).graph
    found = [(leaf.name, leaf.bit_offset) for leaf in leaves(graph, outer)]
    assert found == [("a", 0), ("b", 32), ("c", 64), ("d", 96)]


def test_second_type_of_a_name_is_numbered_and_identical_ones_are_one(tmp_path: Path) -> None:
    writer = BtfWriter()
    number = writer.int("int")
    long = writer.int("long int", 8)
    for target in (number, long, long):
        writer.add(TYPEDEF, "twice", target)
        writer.struct("s", 8, ("m", target, 0))
        proto = writer.add(PROTO, "", target)
        writer.add(FUNC, "f", proto)
    found = expected(writer)
    assert [record[0] for record in found["records"]] == ["struct s", "struct s___2"]
    assert set(found["typedefs"]) == {"twice", "twice___2"}
    assert set(found["functions"]) == {"f", "f___2"}
    source = writer.write(tmp_path)
    assert main([str(source), "-o", str(tmp_path / "bindings"), "--quiet"]) == 0
    assert main(["verify", str(tmp_path / "bindings"), str(source), "--quiet"]) == 0


def test_constants_carry_each_value_they_have() -> None:
    writer = BtfWriter()
    for name, value in (("one", 1), ("two", 2), ("again", 1)):
        writer.add(ENUM, name, 4, writer.name("SAME"), value, writer.name(name), value, vlen=2)
    found = expected(writer)
    assert found["constants"]["SAME"] == [1, 2]
    assert found["constants"]["again"] == [1]
    assert [enum[0] for enum in found["enums"]] == ["enum again", "enum one", "enum two"]


def test_pointer_to_what_was_not_chosen_has_no_target() -> None:
    writer = BtfWriter()
    number = writer.int("int")
    far = writer.struct("far", 4, ("m", number, 0))
    far_t = writer.add(TYPEDEF, "far_t", far)
    targets = [writer.add(PTR, "", target) for target in (far, far_t, number, 0)]
    members = [(f"m{at}", target, 64 * at) for at, target in enumerate(targets)]
    writer.struct("near", 32, *members)

    def known(*only: str) -> list[bool]:
        found = expected(writer, *only)
        (record,) = [record for record in found["records"] if record[0] == "struct near"]
        return [found["shapes"][member[3]][3] for member in record[4]]

    assert known("struct near") == [False, False, True, True]
    assert known() == [True, True, True, True]


def test_name_that_two_anonymous_parts_share_is_out_of_reach() -> None:
    writer = BtfWriter()
    number = writer.int("int")
    first = writer.struct("", 4, ("same", number, 0))
    second = writer.struct("", 8, ("same", number, 0), ("other", number, 32))
    writer.struct("outer", 12, ("", first, 0), ("", second, 32))
    (outer,) = [record for record in expected(writer)["records"] if record[0] == "struct outer"]
    assert [member[0] for member in outer[4]] == ["other"]


@pytest.mark.parametrize("spoil", ["pointer to a function's name", "argument of no type"])
def test_type_that_cannot_be_spelled_is_not_expected(spoil: str, tmp_path: Path) -> None:
    writer = BtfWriter()
    number = writer.int("int")
    proto = writer.add(PROTO, "", 0)
    func = writer.add(FUNC, "func", proto)
    pointer = writer.add(PTR, "", func)
    if spoil.startswith("pointer"):
        writer.struct("spoilt", 8, ("m", pointer, 0))
        writer.add(TYPEDEF, "spoilt_t", pointer)
    else:
        bad = writer.add(PROTO, "", 0, writer.name("x"), pointer, vlen=1)
        writer.add(FUNC, "spoilt", bad)
    writer.struct("sound", 4, ("m", number, 0))
    found = expected(writer)
    assert [record[0] for record in found["records"]] == ["struct sound"]
    assert "spoilt_t" not in found["typedefs"]
    assert set(found["functions"]) == {"func"}
    source = writer.write(tmp_path)
    assert main([str(source), "-o", str(tmp_path / "bindings"), "--quiet"]) == 0
    assert main(["verify", str(tmp_path / "bindings"), str(source), "--quiet"]) == 0


def test_names_that_a_module_has_for_itself_are_found_by_spelling(tmp_path: Path) -> None:
    writer = BtfWriter()
    number = writer.int("int")
    for name in ("__abi__", "__class__", "_support", "_facts", "_RECORDS", "ctype", "functions"):
        writer.struct(name, 4, ("m", number, 0))
    source = writer.write(tmp_path)
    for out in (tmp_path / "package", tmp_path / "module.py"):
        assert main([str(source), "-o", str(out), "--quiet"]) == 0
        assert main(["verify", str(out), str(source), "--quiet"]) == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["armhf-6.12-armmp-pahole132", "s390x-6.12"]
    + EXHAUSTIVE
    * [
        "amd64-6.1",
        "amd64-7.1-layout-section",
        "amd64-7.3rc7-cloud",
        "arm64-6.1",
        "i386-6.1-686pae-pahole132",
    ],
)
def test_whole_kernels_verify(corpus: Path, tmp_path: Path, name: str) -> None:
    source, out = corpus / f"{name}.btf.xz", tmp_path / "bindings"
    assert main([str(source), "-o", str(out), "--quiet"]) == 0
    assert main(["verify", str(out), str(source)]) == 0

"""What the probe finds in bindings that are right, and in bindings that are not."""

from __future__ import annotations

import gc
import io
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kitchen import interpreters

from uapigen.verify import probe
from uapigen.verify.probe.context import Context
from uapigen.verify.probe.names import check_names
from uapigen.verify.probe.operations import check_operations
from uapigen.verify.probe.records import check_records
from uapigen.verify.run import run_probe

from .conftest import Sample

Corrupt = Callable[[str, str, str], list[str]]


def look(package: Path, expected: dict[str, Any]) -> list[str]:
    """What the probe finds, in this interpreter."""
    forget_bindings()
    said: list[tuple[Any, ...]] = []
    context = Context(probe.load(str(package)), expected, lambda *what: said.append(what))
    probe.check_abi(context)
    check_records(context)
    check_names(context)
    check_operations(context)
    return [what[1] for what in said if what[0] == "differs"]


def forget_bindings() -> None:
    """Otherwise another package's modules are found."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "bindings"]:
        del sys.modules[name]


@pytest.fixture
def corrupted(sample: Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Corrupt:
    """Replaces text in a file of a copy of the package, and looks at the copy."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def corrupt(name: str, old: str, new: str) -> list[str]:
        package = tmp_path / "bindings"
        shutil.copytree(sample.package, package)
        path = package / name
        text = path.read_text()
        assert text.count(old) == 1, f"{name} has {old!r} {text.count(old)} times"
        path.write_text(text.replace(old, new))
        return look(package, sample.expected)

    return corrupt


@pytest.mark.parametrize("version", interpreters.VERSIONS)
@pytest.mark.parametrize("which", ["sample", "big_endian_sample"])
def test_sound_bindings_have_no_differences(
    request: pytest.FixtureRequest, which: str, version: str
) -> None:
    sample: Sample = request.getfixturevalue(which)
    outcome = run_probe(sample.package, sample.expected, interpreters.python(version))
    assert outcome.differences == []
    assert outcome.python.startswith(f"{version}.")
    counts = outcome.counts
    assert counts["structs and unions"] >= 10
    assert counts["members"] >= 40
    assert counts["bitfields"] == 6
    assert counts["enumerators"] == 4
    assert counts["functions"] == 1
    assert (counts["operation tables"], counts["function pointers"]) == (1, 2)


@pytest.mark.parametrize(
    ("name", "old", "new", "differences"),
    [
        pytest.param(
            "records.py", '("number", 0, "s32")', '("number", 0, "u32")',
            ["struct sample: number: reads 2172814212 from bytes 84 83 82 81,"
             " in the source -2122153084"], id="signedness",
        ),
        pytest.param(
            "records.py", '("value", 1, "u32")', '("value", 2, "u32")',
            ["struct packed: "], id="offset beyond the size",
        ),
        pytest.param(
            "records.py", '("high", 2, "u16")', '("high", 1, "u16")',
            ["struct sample__anon1__anon1: is 6 bytes large, in the source 4",
             "struct sample: class: lies at byte 156, in the source at 152"],
            id="overlap in an anonymous part",
        ),
        pytest.param(
            "records.py", '("x", 0, "s32"),\n        ("y", 4, "s32")',
            '("y", 0, "s32"),\n        ("x", 4, "s32")',
            ["struct point: x: lies at byte 4, in the source at 0",
             "struct point: y: lies at byte 0, in the source at 4"], id="offset",
        ),
        pytest.param(
            "records.py", "class packed(Struct, size=5,", "class packed(Struct, size=6,",
            ["struct packed: is 6 bytes large, in the source 5"], id="size",
        ),
        pytest.param(
            "records.py", "class aligned(Struct, size=16, align=16",
            "class aligned(Struct, size=16, align=4",
            ["struct aligned: is aligned to 4 bytes, in C to 16"], id="alignment",
        ),
        pytest.param(
            "records.py", '("letter", 6, "char")', '("letter", 6, "u8")',
            ["struct sample: letter: reads 129 from bytes 81, in the source b'\\x81'"], id="char",
        ),
        pytest.param(
            "records.py", '("flag", 7, "bool")', '("flag", 7, "u8")',
            ["struct sample: flag: reads 1 from bytes 01, in the source True"], id="bool",
        ),
        pytest.param(
            "records.py", '("real", 16, "double")', '("real", 16, "u64")',
            ["struct sample: real: reads 13832806255468478464"], id="float",
        ),
        pytest.param(
            "records.py", '("name", 24, "char[16]")', '("name", 24, "char[15]")',
            ["struct sample: name: is 15 bytes large, in the source 16"], id="array length",
        ),
        pytest.param(
            "records.py", '("grid", 40, "u32[2][3]")', '("grid", 40, "u32[3][2]")',
            ["struct sample: grid: is no array of 2 elements"], id="array shape",
        ),
        pytest.param(
            "records.py", '"struct point[4]")', '"pair_t[4]")',
            ["struct sample: corners[3]: is a pair_t, in the source struct point"],
            id="array element",
        ),
        pytest.param(
            "records.py", '"struct point")', '"pair_t")',
            ["struct sample: corner: is a pair_t, in the source struct point"], id="inner struct",
        ),
        pytest.param(
            "records.py", '"struct sample *")', '"struct point *")',
            ["struct sample: next: points to <class 'bindings.point'>, in the source to"
             " struct sample"], id="pointer target",
        ),
        pytest.param(
            "records.py", '("a", 0, "u32", 3)', '("a", 0, "u32", 2)',
            ["struct bits: a: has 2 bits from bit 0 on, in the source 3 from bit 0 on"],
            id="bit width",
        ),
        pytest.param(
            "records.py", '("d", 32, "bool", 1)', '("d", 33, "bool", 1)',
            ["struct bits: d: has 1 bits from bit 33 on, in the source 1 from bit 32 on"],
            id="bit offset",
        ),
        pytest.param(
            "records.py", '("b", 3, "s32", 5)', '("b", 3, "u32", 5)',
            ["struct bits: b: reads 16 where just its highest bit is set"], id="bit signedness",
        ),
        pytest.param(
            "records.py", '        ("small", 4, "u16"),\n', "",
            ["struct sample: small: is missing"], id="member left out",
        ),
        pytest.param(
            "records.py", '("small", 4, "u16")', '("little", 4, "u16")',
            ["struct sample: small: is missing",
             "struct sample: little: is no member in the source"], id="member renamed",
        ),
        pytest.param(
            "records.py", "\n\n\nclass point(Struct", "\n\n\nclass paint(Struct",
            ["struct point: is missing ('struct point' is not among these bindings)",
             "paint: is not in the source"], id="struct renamed",
        ),
        pytest.param(
            "enums.py", '"GREEN": 2', '"GREEN": 3',
            ["enum colour: GREEN: is 3, in the source 2"], id="enumerator",
        ),
        pytest.param(
            "enums.py", '        "GREEN": 2,\n', "",
            ["enum colour: GREEN: is missing, in the source 2"], id="enumerator left out",
        ),
        pytest.param(
            "enums.py", "size=4, signed=False", "size=4, signed=True",
            ["struct sample: colour: reads -2122153084"], id="enum signedness",
        ),
        pytest.param(
            "constants.py", '"GREEN": 2', '"GREEN": 3',
            ["enumerator GREEN: is 3, in the source 2"], id="bare constant",
        ),
        pytest.param(
            "constants.py", '    "GREEN": 2,\n', "",
            ["enumerator GREEN: is missing"], id="bare constant left out",
        ),
        pytest.param(
            "typedefs.py", '"u16": "unsigned short"', '"u16": "unsigned int"',
            ["typedef u16: is 4 bytes large, in the source 2"], id="typedef",
        ),
        pytest.param(
            "typedefs.py", '"colour_t": "enum colour"', '"colour_t": "enum wide"',
            ["typedef colour_t: is <enum 'wide'>, in the source enum colour"], id="typedef of enum",
        ),
        pytest.param(
            "functions.py", "(const struct point *where", "(struct point *where",
            ["function paint_it: is ['int', [['where', 'struct point *']"], id="prototype",
        ),
        pytest.param(
            "functions.py", '"paint_it"', '"paint_at"',
            ["function paint_it: is missing", "function paint_at: is not in the source"],
            id="function renamed",
        ),
        pytest.param(
            "variables.py", '"struct sample", ".data..sample", 0', '"struct sample", ".data", 0',
            ["variable a_sample: is ['struct sample', '.data'"], id="section",
        ),
        pytest.param(
            "operations.py", '"sample_ops"', '"sample_operations"',
            ["ops.sample_operations: is no operation table in the source",
             "ops.sample_ops: is missing"], id="operation table renamed",
        ),
        pytest.param(
            "operations.py", '        ("seek", "packed arg2", ""),\n', "",
            ["ops.sample_ops.seek: is missing"], id="operation left out",
        ),
        pytest.param(
            "operations.py", '"packed arg2"', '"packed"',
            ["ops.sample_ops.seek: has 1 names for 2 parameters"], id="parameter without a name",
        ),
        pytest.param(
            "records.py", '"long (*)(struct packed *restrict, long)"',
            '"long (*)(struct packed *, int)"',
            ["ops.sample_ops.seek: is ['long', ['struct packed *', 'int'], False],"
             " in the source ['long', ['struct packed *restrict', 'long'], False]"],
            id="signature",
        ),
        pytest.param(
            "records.py", '("each", 16, "void (*[2])(struct bits *)")',
            '("each", 24, "void (*[1])(struct bits *)")',
            ["ops.sample_ops.each: is at [24, 8, 1], (byte, bytes, elements) in the source"
             " [16, 16, 2]"], id="place of an operation",
        ),
        pytest.param(
            "__init__.py", '"pointer_size": 8', '"pointer_size": 4',
            ['__abi__["pointer_size"]: 4, in the source 8'], id="abi",
        ),
        pytest.param(
            "_support/members.py", "(value ^ self._sign) - self._sign", "value",
            ["struct bits: b: reads 16 where just its highest bit is set"],
            id="support code reads",
        ),
        pytest.param(
            "records.py", "class point(Struct", "class point(Union",
            ["struct point: is missing"], id="union for a struct",
        ),
        pytest.param(
            "records.py", '("small", 4, "u16")', '("small", 32, "u16", 16)',
            ["struct sample: small: is a bitfield, but not in the source"], id="bitfield",
        ),
        pytest.param(
            "records.py", '"const char *"', '"u64"',
            ["struct sample: text: is no pointer"], id="no pointer",
        ),
        pytest.param(
            "records.py", '("corners", 72, "struct point[4]")', '("corners", 72, "u64[4]")',
            ["struct sample: corners[3]: is a int, in the source struct point"],
            id="numbers for structs",
        ),
        pytest.param(
            "records.py", '("grid", 40, "u32[2][3]")', '("grid", 40, "u64[3]")',
            ["struct sample: grid: is no array of 2 elements"], id="fewer dimensions",
        ),
        pytest.param(
            "records.py", '("points", 4, "struct point[0]")', '("points", 4, "u32[0]")',
            ["struct flexible: points: has elements of 4 bytes, in the source of 8"],
            id="element size",
        ),
        pytest.param(
            "typedefs.py", '"s32": "int"', '"s32": "unsigned int"',
            ["typedef s32: reads 2172814212, in the source -2122153084"], id="typedef's sign",
        ),
        pytest.param(
            "typedefs.py", '    "s32": "int",\n', "",
            ["typedef s32: is missing"], id="typedef left out",
        ),
        pytest.param(
            "variables.py", '"a_packed"', '"b_packed"',
            ["variable a_packed: is missing", "variable b_packed: is not in the source"],
            id="variable renamed",
        ),
        pytest.param(
            "enums.py", "class colour(Enum", "class color(Enum",
            ["enum colour: is missing", "color: is not in the source"], id="enum renamed",
        ),
        pytest.param(
            "_support/members.py", "rest | (number", "(number",
            ["struct bits: a: clears other bits than its own"], id="support code clears",
        ),
        pytest.param(
            "_support/members.py", "self._mask = (1 << bit_width) - 1", "self._mask = 1",
            ["struct bits: b: writes other bits than its own"], id="support code writes",
        ),
    ],
)  # fmt: skip
def test_corruption_is_named(
    corrupted: Corrupt, name: str, old: str, new: str, differences: list[str]
) -> None:
    found = corrupted(name, old, new)
    for expected in differences:
        assert any(line.startswith(expected) for line in found), "\n".join(found)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [("records.py", "class bits(Struct", "class bits(Struct,,"), ("enums.py", '"RED"', "RED")],
)
def test_unreadable_record_is_a_difference_of_its_type_alone(
    corrupted: Corrupt, name: str, old: str, new: str
) -> None:
    found = corrupted(name, old, new)
    assert found
    assert [line for line in found if "bits" not in line and "colour" not in line] == []


def test_probe_answers_line_by_line(
    sample: Sample, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    for path, last in ((sample.package, "done"), (sample.source.parent / "nothing", "refused")):
        stdin = io.TextIOWrapper(io.BytesIO(json.dumps(sample.expected).encode()))
        monkeypatch.setattr(sys, "stdin", stdin)
        out = os.dup(1)
        forget_bindings()
        try:
            probe.main(str(path))
        finally:
            os.dup2(out, 1)
            gc.enable()
        answer = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
        assert answer[-1][0] == last
        assert "differs" not in {line[0] for line in answer}

"""Snapshots are as the published schema has them."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from conftest import ROOT, Golden

from tests.snapshot.snapshots import sample, snapshot_of
from uapigen.snapshot.shapes import KEYS

SCHEMA = json.loads((ROOT / "docs" / "snapshot.schema.json").read_text("utf-8"))


def test_the_reader_knows_the_keys_of_the_schema() -> None:
    assert KEYS[""] == SCHEMA["properties"].keys()
    assert KEYS["headers"] == SCHEMA["properties"]["headers"]["properties"].keys()
    for keyword in ("struct", "union", "enum"):
        assert KEYS[keyword] == SCHEMA["$defs"][keyword]["properties"].keys()
    assert KEYS["units"] == SCHEMA["properties"]["units"]["items"]["properties"].keys()
    for sort in ("typedefs", "functions", "variables", "files"):
        about = SCHEMA["properties"][sort]["items"]["prefixItems"][-1]
        assert KEYS[sort] == about["properties"].keys()


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    return jsonschema.Draft202012Validator(SCHEMA)


def test_text_of_a_snapshot(golden: Golden) -> None:
    golden("snapshot/sample.json", snapshot_of(sample()))


def test_text_of_a_selection(golden: Golden) -> None:
    golden("snapshot/class.json", snapshot_of(sample(), ["struct class", "call", "counter"]))


@pytest.mark.parametrize("only", [(), ("struct class",)])
def test_small_source(validator: jsonschema.Draft202012Validator, only: tuple[str, ...]) -> None:
    validator.validate(json.loads(snapshot_of(sample(), only)))


def test_kernel(validator: jsonschema.Draft202012Validator, kernel: Path) -> None:
    only = ["struct task_struct", "*_operations", "vfs_*", "runqueues", "enum bpf_*"]
    validator.validate(json.loads(snapshot_of(kernel, only)))


@pytest.mark.parametrize("headers", [["linux/fuse.h"], ["linux/bpf.h", "linux/videodev2.h"]])
def test_headers(validator: jsonschema.Draft202012Validator, headers: list[str]) -> None:
    validator.validate(json.loads(snapshot_of(headers)))


@pytest.mark.slow
def test_whole_kernel(validator: jsonschema.Draft202012Validator, kernel: Path) -> None:
    validator.validate(json.loads(snapshot_of(kernel)))


def test_schema_is_of_the_format_that_is_written() -> None:
    from uapigen.snapshot.text import FORMAT, LISTS

    assert SCHEMA["properties"]["uapigen_snapshot"]["const"] == FORMAT
    assert set(LISTS) <= SCHEMA["properties"].keys()


def test_the_guides_example_is_a_snapshot(validator: jsonschema.Draft202012Validator) -> None:
    guide = (ROOT / "docs" / "snapshot.md").read_text("utf-8")
    text = guide.partition("```json\n")[2].partition("```")[0]
    validator.validate(json.loads(text))
    assert snapshot_of(text.encode()) == text

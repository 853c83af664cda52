"""The JSON of `show`: what docs/show.md says of it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

DOCUMENT = Path(__file__).parents[2] / "docs" / "show.md"


@pytest.mark.parametrize("name", ["bits", "nested", "union value", "enum plain", "pid_t", "guid_t"])
def test_c_type_is_pinned_as_json(show, golden, c_types, name):
    text = show("--json", "--arch", "x86_64", name, c_types)
    # The same types come in other bytes from another compiler.
    text = re.sub('"sha256": "[0-9a-f]{64}"', '"sha256": "…"', text)
    golden(f"show/{name.replace(' ', '_')}.json", text)


@pytest.mark.parametrize("name", ["read_task", "total", "struct task"])
def test_bpf_type_is_pinned_as_json(show, golden, bpf_object, name):
    text = show("--json", "--arch", "x86_64", name, bpf_object)
    text = re.sub('"sha256": "[0-9a-f]{64}"', '"sha256": "…"', text)
    golden(f"show/{name.replace(' ', '_')}.bpf.json", text)


def test_every_key_is_documented(show, c_types, bpf_object):
    documented = set(re.findall(r"`(\w+)`", DOCUMENT.read_text("utf-8")))
    used: set[str] = set()

    def collect(value: object) -> None:
        if isinstance(value, dict):
            used.update(value)
            for inner in value.values():
                collect(inner)
        elif isinstance(value, list):
            for inner in value:
                collect(inner)

    for name in ("bits", "embeds", "pid_t", "enum plain", "undefined", "long unsigned int"):
        collect(json.loads(show("--json", name, c_types)))
    for name in ("read_task", "total"):
        collect(json.loads(show("--json", name, bpf_object)))
    assert used - documented == set()


def test_json_says_in_numbers_what_the_text_says(show, c_types):
    record = json.loads(show("--json", "struct nested", c_types))["types"][0]
    union = record["members"][1]
    inner = union["definition"]["members"][0]["definition"]["members"][1]
    assert (union["name"], union["type"]) == (None, "union {...}")
    assert (inner["name"], inner["byte_offset"], inner["bit_offset"]) == ("high", 16, 128)
    table = record["members"][3]
    assert (table["type"], table["by_value"]) == ("const struct {...} *[2]", False)
    assert table["definition"]["members"][0]["bit_offset"] == 0

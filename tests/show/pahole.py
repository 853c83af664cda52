"""What pahole says of structs: another program's word on holes, padding and cache lines."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import NamedTuple

__all__ = ["Summary", "summaries"]

_STRUCT = re.compile(r"^struct (\w+) \{\n(.*?)^\}", re.M | re.S)
_FACTS = re.compile(r"^\t/\* ((?:size|sum \w+|padding|bit_padding|paddings)[^\n]*) \*/$", re.M)
_FACT = re.compile(r"([a-z_ ]+): (\d+)")


class Summary(NamedTuple):
    """The comments at the end of a struct; bytes unless the name says bits."""

    size: int
    cachelines: int
    members: int
    holes: int
    hole_bytes: int
    bit_holes: int
    bit_hole_bits: int
    padding_bytes: int
    padding_bits: int
    member_bytes: int | None
    """None where pahole does not say it."""
    bitfield_bits: int | None


def summaries(btf: Path) -> dict[str, Summary]:
    """Each struct of which pahole prints one definition, by its tag."""
    done = subprocess.run(["pahole", str(btf)], capture_output=True, text=True, check=False)
    found: dict[str, Summary] = {}
    twice: set[str] = set()
    for tag, body in _STRUCT.findall(done.stdout):
        facts = {
            name.strip(): int(value)
            for line in _FACTS.findall(body)
            for name, value in _FACT.findall(line)
        }
        if tag in found:
            twice.add(tag)
        if "size" in facts:
            found[tag] = Summary(
                facts["size"],
                facts["cachelines"],
                facts["members"],
                facts.get("holes", 0),
                facts.get("sum holes", 0),
                facts.get("bit holes", 0),
                facts.get("sum bit holes", 0),
                facts.get("padding", 0),
                facts.get("bit_padding", 0),
                facts.get("sum members"),
                facts.get("sum bitfield members"),
            )
    return {tag: summary for tag, summary in found.items() if tag not in twice}

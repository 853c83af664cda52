"""bpftool's raw dump of BTF, in the form of the corpus's layout oracles."""

from __future__ import annotations

import gzip
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

__all__ = ["write_oracle"]


def _name(entry: dict[str, Any]) -> str:
    return "" if entry["name"] == "(anon)" else str(entry["name"])


def _struct(entry: dict[str, Any]) -> dict[str, Any]:
    members = [
        [_name(m), m["bits_offset"], m.get("bitfield_size", 0), m["type_id"]]
        for m in entry["members"]
    ]
    kind = entry["kind"].lower()
    return {
        "id": entry["id"],
        "kind": kind,
        "name": _name(entry),
        "size": entry["size"],
        "members": members,
    }


def _enum(entry: dict[str, Any]) -> dict[str, Any]:
    # bpftool 7.1 widens unsigned 32-bit constants by their sign, in JSON only.
    mask = (1 << 8 * entry["size"]) - 1 if entry["encoding"] == "UNSIGNED" else -1
    values = [[value["name"], value["val"] & mask] for value in entry["values"]]
    return {"id": entry["id"], "name": _name(entry), "size": entry["size"], "values": values}


def write_oracle(path: Path, btf: Path, *, base: Path | None = None) -> Path:
    """What bpftool says of little-endian 64-bit BTF, as ``{structs, enums, ...}`` in ``path``."""
    over: Sequence[str | Path] = [] if base is None else ["-B", base]
    dump = subprocess.run(
        ["bpftool", "-j", *over, "btf", "dump", "file", btf], capture_output=True, check=True
    )
    types = json.loads(dump.stdout)["types"]
    oracle = {
        "name": btf.name,
        "pointer_size": 8,
        "endianness": "little",
        "structs": [_struct(t) for t in types if t["kind"] in ("STRUCT", "UNION")],
        "enums": [_enum(t) for t in types if t["kind"] in ("ENUM", "ENUM64")],
    }
    with gzip.open(path, "wt", compresslevel=1) as file:
        json.dump(oracle, file)
    return path

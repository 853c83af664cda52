"""The kitchen's BTF as bpftool reads it: a reader that is not uapigen's, to prove the oracle by."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .oracle import Facts
from .targets import require, run

__all__ = ["BtfDump"]

TRANSPARENT = {"TYPEDEF", "CONST", "VOLATILE", "RESTRICT", "TYPE_TAG"}


class BtfDump:
    """The types of one BTF file, in the terms of `Facts`: records by spelling, members by path."""

    def __init__(self, btf: Path) -> None:
        require("bpftool")
        types = json.loads(run(["bpftool", "-j", "btf", "dump", "file", btf]))["types"]
        self._by_id = {found["id"]: found for found in types}

    def records(self) -> Iterator[tuple[str, int, dict[str, tuple[int, int]]]]:
        """Each named record: spelling, size, and its members as path -> (bit offset, width).

        A width of 0 says that the member is no bitfield. Indices are left out of the paths.
        """
        for found in self._by_id.values():
            record = found
            spelling = f"{found['kind'].lower()} {found['name']}"
            if found["kind"] == "TYPEDEF":
                record, spelling = self._resolve(found["type_id"]), found["name"]
            if record["kind"] in ("STRUCT", "UNION") and found["name"] != "(anon)":
                yield spelling, record["size"], dict(self._members(record))

    def enums(self) -> Iterator[tuple[str, dict[str, int]]]:
        """Each enum by its spelling, with its enumerators.

        Debian's bpftool 7.1 sign-extends to 64 bits what it prints as unsigned.
        """
        for found in self._by_id.values():
            if found["kind"] in ("ENUM", "ENUM64"):
                spelling = "" if found["name"] == "(anon)" else f"enum {found['name']}"
                mask = -1 if found["encoding"] == "SIGNED" else (1 << 8 * found["size"]) - 1
                yield spelling, {entry["name"]: entry["val"] & mask for entry in found["values"]}

    def _resolve(self, type_id: int) -> dict[str, Any]:
        found = self._by_id.get(type_id, {"kind": "VOID"})
        while found["kind"] in TRANSPARENT:
            found = self._by_id.get(found["type_id"], {"kind": "VOID"})
        return found

    def _members(
        self, record: dict[str, Any], prefix: str = "", base: int = 0
    ) -> Iterator[tuple[str, tuple[int, int]]]:
        for member in record["members"]:
            inner = self._resolve(member["type_id"])
            offset = base + member["bits_offset"]
            if member["name"] == "(anon)":
                if inner["kind"] in ("STRUCT", "UNION"):
                    yield from self._members(inner, prefix, offset)
                continue
            path = prefix + member["name"]
            yield path, (offset, member.get("bitfield_size", 0))
            elements = 1
            while inner["kind"] == "ARRAY":
                elements *= inner["nr_elems"]
                inner = self._resolve(inner["type_id"])
            if elements and inner["kind"] in ("STRUCT", "UNION"):
                last = offset + 8 * inner["size"] * (elements - 1)
                yield from self._members(inner, path + ".", last)

    @staticmethod
    def path_of(path: str) -> str:
        """A path of `Facts` as this class spells it."""
        return "".join(part.split("]")[-1] for part in path.split("["))

    def differences(self, facts: dict[str, Facts]) -> Iterator[str]:
        """Where sizes and offsets differ from `facts`, bitfields aside."""
        records = {spelling: (size, members) for spelling, size, members in self.records()}
        for spelling, fact in facts.items():
            if fact["align"] is None:
                continue
            if spelling not in records:
                yield f"{spelling}: not in the BTF"
                continue
            size, members = records[spelling]
            if size != fact["size"]:
                yield f"{spelling}: size {size} in the BTF, {fact['size']} in C"
            for path, offset in fact["fields"].items():
                if path.endswith("]"):
                    continue
                found = members.get(self.path_of(path))
                if found != (8 * offset, 0):
                    yield f"{spelling}.{path}: {found} in the BTF, byte {offset} in C"

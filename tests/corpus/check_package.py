"""Hold a generated package against a layout oracle; runs on any CPython from 3.10 on.

    check_package.py PACKAGE ORACLE.json.gz

Imports the package and compares every named struct, union and enum with what
the oracle says: presence, size, each member's offset (those of anonymous parts
from the outermost type), each bitfield's bits by writing and reading them.
Prints one line a difference and exits 1 if there is one.
"""

from __future__ import annotations

import ctypes
import gzip
import importlib
import json
import os
import sys
from collections import defaultdict
from typing import Any

MAX_DIFFERENCES = 50


class Checker:
    def __init__(self, package: Any, oracle: dict[str, Any]) -> None:
        self.package = package
        self.oracle = oracle
        self.big = oracle["endianness"] == "big"
        self.by_id = {record["id"]: record for record in oracle["structs"]}
        self.differences: list[str] = []
        self.counts: dict[str, int] = defaultdict(int)

    def differ(self, what: str) -> None:
        self.differences.append(what)

    def members(self, record: dict[str, Any], base: int = 0) -> list[tuple[str, int, int]]:
        """(name, bit offset, bitfield width), anonymous parts opened up."""
        found = []
        for name, bit_offset, width, type_id in record["members"]:
            if name:
                found.append((name, base + bit_offset, width))
            elif type_id in self.by_id and not width:
                found += self.members(self.by_id[type_id], base + bit_offset)
        return found

    def candidates(self, spelling: str) -> list[Any]:
        found = []
        for suffix in ("", *(f"___{n}" for n in range(2, 20))):
            try:
                found.append(self.package.ctype(spelling + suffix))
            except LookupError:
                break
        return found

    def check_records(self) -> None:
        for record in self.oracle["structs"]:
            if not record["name"]:
                continue
            spelling = f"{record['kind']} {record['name']}"
            problems: list[list[str]] = []
            for cls in self.candidates(spelling):
                problems.append(self.compare(cls, record))
                if not problems[-1]:
                    break
            else:
                best = min(problems, key=len, default=["missing"])
                self.differ(f"{spelling} (type {record['id']}): {'; '.join(best[:4])}")
            self.counts["records"] += 1

    def compare(self, cls: Any, record: dict[str, Any]) -> list[str]:
        problems = []
        if ctypes.sizeof(cls) != record["size"]:
            problems.append(f"size {ctypes.sizeof(cls)}, oracle {record['size']}")
        members = self.members(record)
        if len({name for name, _, _ in members}) != len(members):
            problems.append("the oracle has two members of one name")
        for name, bit_offset, width in members:
            field = getattr(cls, name, None)
            if field is None or not hasattr(field, "offset"):
                problems.append(f"no member {name}")
            elif width:
                problems += self.compare_bits(cls, name, field, bit_offset, width)
            elif field.offset * 8 != bit_offset:
                problems.append(f"{name} at {field.offset}, oracle {bit_offset / 8}")
            self.counts["bitfields" if width else "members"] += 1
        return problems

    def compare_bits(
        self, cls: Any, name: str, field: Any, bit_offset: int, width: int
    ) -> list[str]:
        problems = []
        if (field.bit_offset, field.bit_width) != (bit_offset, width):
            problems.append(f"{name} says {field.bit_offset}:{field.bit_width}")
        size = ctypes.sizeof(cls)
        expected = ((1 << width) - 1) << (8 * size - bit_offset - width if self.big else bit_offset)
        image = expected.to_bytes(size, "big" if self.big else "little")
        instance = cls()
        ones = -1 if not isinstance(getattr(instance, name), bool) else True
        setattr(instance, name, ones)
        if bytes(instance) != image:
            problems.append(f"{name} writes other bits")
        full = cls.from_buffer_copy(b"\xff" * size)
        setattr(full, name, 0)
        if bytes(full) != bytes(b ^ 0xFF for b in image):
            problems.append(f"{name} clears other bits")
        read = getattr(cls.from_buffer_copy(image), name)
        if read not in (-1, True, (1 << width) - 1) or getattr(full, name) != 0:
            problems.append(f"{name} reads {read}")
        return problems

    def check_enums(self) -> None:
        everywhere: dict[str, set[int]] = defaultdict(set)
        for enum in self.oracle["enums"]:
            for name, value in enum["values"]:
                everywhere[name].add(value)
        for enum in self.oracle["enums"]:
            values = dict(enum["values"])
            if enum["name"]:
                found = self.candidates(f"enum {enum['name']}")
                if not any({m: int(v) for m, v in e.__members__.items()} == values for e in found):
                    self.differ(f"enum {enum['name']}: differs")
            self.counts["enumerators"] += len(values)
        for name, known in everywhere.items():
            try:
                value = getattr(self.package, name)
            except AttributeError as error:
                if len(known) == 1 or "differs between" not in str(error):
                    self.differ(f"enumerator {name}: {error}")
            else:
                if isinstance(value, int) and known != {value}:
                    self.differ(f"enumerator {name}: {value}, oracle {known}")


def main(package_path: str, oracle_path: str) -> int:
    sys.path.insert(0, os.path.dirname(os.path.abspath(package_path)))
    package = importlib.import_module(os.path.basename(package_path))
    with gzip.open(oracle_path) as file:
        checker = Checker(package, json.load(file))
    checker.check_records()
    checker.check_enums()
    for line in checker.differences[:MAX_DIFFERENCES]:
        print(line)
    print(dict(checker.counts), len(checker.differences), "differences")
    return 1 if checker.differences or not checker.counts["records"] else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

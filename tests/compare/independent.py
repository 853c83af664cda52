"""Holds a JSON report against two kernels' layouts as another reader dumped them.

Knows nothing of uapigen: it reads the report and the corpus's ``*.layout.json.gz``. Run as
``python independent.py REPORT.json OLD.layout.json.gz NEW.layout.json.gz``.

Every fact of a report about a member's place, a type's size or an enumerator's value must be
what the dumps say; and every difference of these between the dumps must be in the report.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Dump:
    """One kernel: by spelling, the versions of a type as {path: (bit offset, width)} or values."""

    sizes: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    members: dict[str, list[dict[str, tuple[int, int]]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    values: dict[str, list[dict[str, int]]] = field(default_factory=lambda: defaultdict(list))
    partial: set[str] = field(default_factory=set)
    """Records with an unnamed part that the dump cannot name, as it is qualified."""


def read(path: Path) -> Dump:
    with gzip.open(path) as file:
        raw = json.load(file)
    by_id = {record["id"]: record for record in raw["structs"]}
    dump = Dump()
    for record in raw["structs"]:
        if record["name"]:
            spelling = f"{record['kind']} {record['name']}"
            members: dict[str, tuple[int, int]] = {}
            if any(not m[0] and not m[2] and m[3] not in by_id for m in record["members"]):
                dump.partial.add(spelling)
            for name, place in flat(record, by_id, "", 0, 0):
                members.setdefault(name, place)
            if (record["size"], members) not in zip(
                dump.sizes[spelling], dump.members[spelling], strict=True
            ):
                dump.sizes[spelling].append(record["size"])
                dump.members[spelling].append(members)
    for enum in raw["enums"]:
        if enum["name"]:
            spelling = f"enum {enum['name']}"
            values = dict(enum["values"])
            if values not in dump.values[spelling]:
                dump.values[spelling].append(values)
                dump.sizes[spelling].append(enum["size"])
    return dump


def flat(
    record: dict[str, Any], by_id: dict[int, Any], prefix: str, base: int, level: int
) -> Iterator[tuple[str, tuple[int, int]]]:
    for name, bit_offset, width, type_id in record["members"]:
        at = base + bit_offset
        if name:
            yield prefix + name, (at, width)
        inner = by_id.get(type_id)
        if inner is not None and not inner["name"] and level < 40:
            deeper = f"{prefix}{name}." if name else prefix
            yield from flat(inner, by_id, deeper, at, level + 1)


@dataclass
class Verdict:
    wrong: list[str] = field(default_factory=list)
    """Facts of the report that the dumps contradict."""
    missed: list[str] = field(default_factory=list)
    """Differences between the dumps that the report lacks."""
    checked: Counter[str] = field(default_factory=Counter)


def changes(report: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for finding in report["findings"]:
        yield finding
        yield from finding["effects"]
        for reached in finding["reached"]:
            yield from reached["changes"]


def hold(report: dict[str, Any], old: Dump, new: Dump) -> Verdict:
    verdict = Verdict()
    by_subject: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for change in changes(report):
        by_subject[change["subject"]].append(change)
        for side, dump in (("before", old), ("after", new)):
            if change[side] is not None:
                check_fact(change, side, dump, verdict)
    for spelling in sorted({*old.sizes, *new.sizes}):
        check_complete(spelling, old, new, by_subject[spelling], verdict)
    return verdict


def check_fact(change: dict[str, Any], side: str, dump: Dump, verdict: Verdict) -> None:
    subject, kind, fact = change["subject"], change["kind"], change[side]
    subject = subject.partition("___")[0]
    if kind == "keyword-changed" or subject not in dump.sizes:
        return
    where = f"{kind} {subject}.{change['place']} {side} {fact}"
    if kind.startswith("size-"):
        verdict.checked["sizes"] += 1
        if fact["value"] not in dump.sizes[subject]:
            verdict.wrong.append(f"{where}: dump has {dump.sizes[subject]}")
    elif subject.startswith("enum ") and "value" in fact and kind != "enum-resized":
        verdict.checked["enumerators"] += 1
        name = fact["text"].partition(" = ")[0]
        if not any(values.get(name) == fact["value"] for values in dump.values[subject]):
            verdict.wrong.append(f"{where}: dump has no such value")
    elif "bit_offset" in fact and "[]" not in change["place"]:
        path = fact.get("value", change["place"])
        found = [members[path] for members in dump.members[subject] if path in members]
        if not found:
            roots = {p.partition(".")[0] for members in dump.members[subject] for p in members}
            if subject in dump.partial or ("." in path and path.partition(".")[0] in roots):
                verdict.checked["members behind typedefs or qualifiers, not in the dump"] += 1
            elif path.partition("[")[0] not in roots:
                verdict.wrong.append(f"{where}: dump has no such member")
            return
        verdict.checked["members"] += 1
        width = fact["bit_size"] if ":" in fact["text"] else 0
        if (fact["bit_offset"], width) not in found:
            verdict.wrong.append(f"{where}: dump has {found}")


def check_complete(
    spelling: str, old: Dump, new: Dump, told: list[dict[str, Any]], verdict: Verdict
) -> None:
    kinds = {change["kind"] for change in told}
    before, after = len(old.sizes.get(spelling, ())), len(new.sizes.get(spelling, ()))
    if not before or not after:
        verdict.checked["types of one side only"] += 1
        if kinds.isdisjoint(
            {"type-added", "type-removed", "tag-removed", "type-defined", "type-undefined"}
        ):
            other = spelling.replace("struct ", "union ", 1)
            other = spelling.replace("union ", "struct ", 1) if other == spelling else other
            if not (new.sizes.get(other) or old.sizes.get(other)):
                verdict.missed.append(f"{spelling}: only one side has it")
        return
    if before > 1 or after > 1:
        verdict.checked["names with several types, whose facts alone are checked"] += 1
        return
    verdict.checked["types of both sides"] += 1
    if old.sizes[spelling] != new.sizes[spelling] and not any(
        kind.startswith(("size-", "enum-resized", "keyword-")) for kind in kinds
    ):
        verdict.missed.append(f"{spelling}: size {old.sizes[spelling]} {new.sizes[spelling]}")
    was = {change["place"] for change in told if change["before"]}
    now = {change["after"].get("value", change["place"]) for change in told if change["after"]}
    if spelling.startswith("enum "):
        compare(spelling, old.values[spelling][0], new.values[spelling][0],
                was, names_after(told), verdict)  # fmt: skip
    else:
        compare(spelling, old.members[spelling][0], new.members[spelling][0], was, now, verdict)


def names_after(told: list[dict[str, Any]]) -> set[str]:
    return {change["after"]["text"].partition(" = ")[0] for change in told if change["after"]}


def compare(
    spelling: str, old: dict[str, Any], new: dict[str, Any], was: set[Any], now: set[Any],
    verdict: Verdict,
) -> None:  # fmt: skip
    for path in {*old, *new}:
        before, after = old.get(path), new.get(path)
        if before == after:
            continue
        verdict.checked["differences"] += 1
        if before is not None and after is not None:
            told = path in was or path in now
        else:
            told = reported(path, was if after is None else now)
        if not told:
            verdict.missed.append(f"{spelling}.{path}: {before} {after}")


def reported(path: str, places: set[Any]) -> bool:
    """Whether a path, one that it is under, or one under it (a part without a tag that came to
    be around a member) is in the report."""
    if any(place.startswith(f"{path}.") for place in places if isinstance(place, str)):
        return True
    while path:
        if path in places:
            return True
        path = path.rpartition(".")[0]
    return False


def main() -> int:
    report_path, old_path, new_path = sys.argv[1:]
    report = json.loads(Path(report_path).read_text("utf-8"))
    verdict = hold(report, read(Path(old_path)), read(Path(new_path)))
    for sort, lines in (("wrong", verdict.wrong), ("missed", verdict.missed)):
        for line in lines:
            print(f"{sort}: {line}")
    print(
        f"{len(verdict.wrong)} wrong, {len(verdict.missed)} missed; checked", dict(verdict.checked)
    )
    return 1 if verdict.wrong or verdict.missed else 0


if __name__ == "__main__":
    sys.exit(main())

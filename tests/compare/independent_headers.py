"""Holds a JSON report of two trees of kernel headers against what gcc says of both.

Knows nothing of uapigen: gcc is asked about each header by itself (``tests/headers/oracle``):
sizes, alignments and places of members from its debug information, values of macros and
enumerators from what it compiles. In ``tests``: ``python -m compare.independent_headers
REPORT.json OLD/usr/include NEW/usr/include``.

Every fact of the report about these must be what gcc says, and every difference that gcc sees must
be in the report.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeAlias

from headers.oracle.answers import Answers, ask_about
from headers.oracle.targets import Header, Target

from compare.independent import Dump, Verdict, changes, check_complete, check_fact

__all__ = ["Tree", "hold", "read"]

Value: TypeAlias = int | float | str

_TRIPLET = "x86_64-linux-gnu"


@dataclass
class Tree:
    """What gcc says of a tree: types as in a dump, and what has values."""

    dump: Dump = field(default_factory=Dump)
    aligns: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    typedefs: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    values: dict[str, set[Value]] = field(default_factory=lambda: defaultdict(set))
    """Of macros, and of enumerators of enums without a tag."""
    untagged: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """By an enumerator of an enum without a tag: the enumerators that come first in such."""
    others: set[str] = field(default_factory=set)
    """Macros that gcc finds no value for."""
    inner: dict[str, str] = field(default_factory=dict)
    """By an enumerator of an enum without a tag, which a record may hold: its header."""
    headers: set[str] = field(default_factory=set)
    failed: list[str] = field(default_factory=list)
    """Headers that gcc takes in no context that was tried."""

    def values_of(self, name: str) -> set[Value]:
        """What a name is worth, as a macro or an enumerator of any enum."""
        return self.values.get(name, set()) | self._of_tagged.get(name, set())

    @cached_property
    def _of_tagged(self) -> dict[str, set[Value]]:
        found: dict[str, set[Value]] = {}
        for versions in self.dump.values.values():
            for values in versions:
                for name, value in values.items():
                    found.setdefault(name, set()).add(value)
        return found


def read(include: Path) -> Tree:
    """Ask about all headers of a tree, ``asm/`` among them."""
    include = include.resolve()
    own = include / _TRIPLET
    names = [os.path.relpath(path, own) for path in sorted(own.rglob("*.h"))]
    for folder in sorted(include.iterdir()):
        if "-linux-" not in folder.name:
            names += [os.path.relpath(path, include) for path in sorted(folder.rglob("*.h"))]
    target = Target(
        "x86_64",
        f"{_TRIPLET}-gcc",
        ("/usr/include", f"/usr/include/{_TRIPLET}", str(include / _TRIPLET), str(include)),
    )
    headers = [
        Header(name, os.path.realpath((own if name.startswith("asm/") else include) / name))
        for name in names
    ]
    with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        tree = Tree()
        for answers in pool.map(partial(_ask, target), headers, chunksize=8):
            _add(tree, answers)
    return tree


def _ask(target: Target, header: Header) -> Answers:
    with tempfile.TemporaryDirectory() as directory:
        return ask_about(target, header, Path(directory))


def _add(tree: Tree, answers: Answers) -> None:
    if answers["failure"] is not None:
        tree.failed.append(answers["header"])
        return
    dump = tree.dump
    tree.headers.add(answers["header"])
    for spelling, facts in answers["records"].items():
        if " " not in spelling:
            continue  # by its typedef
        members = {path: (8 * at, 0) for path, (at, _) in facts["members"].items()}
        members |= facts["bitfields"]
        if (facts["size"], members) not in zip(
            dump.sizes[spelling], dump.members[spelling], strict=True
        ):
            dump.sizes[spelling].append(facts["size"])
            dump.members[spelling].append(members)
        tree.aligns[spelling].add(facts["align"])
    for spelling, values in answers["enums"]:
        if spelling and values not in dump.values[spelling]:
            dump.values[spelling].append(values)
            dump.sizes[spelling].append(4)
        if not spelling:
            for name, value in values.items():
                tree.values[name].add(value)
                tree.untagged[name].add(next(iter(values)))
            if answers["records"]:
                tree.inner.update(dict.fromkeys(values, answers["header"]))
    for name, size in answers["typedefs"].items():
        tree.typedefs[name].add(size)
    for table in ("integers", "reals", "strings", "addresses"):
        for name, value in answers[table].items():  # type: ignore[literal-required]
            tree.values[name].add(value)
    tree.others |= answers["others"].keys()


def hold(report: dict[str, Any], old: Tree, new: Tree) -> Verdict:
    verdict = Verdict()
    by_subject: dict[str, list[dict[str, Any]]] = defaultdict(list)
    told: set[str] = set()
    for change in changes(report):
        by_subject[change["subject"]].append(change)
        told |= set(_names(change))
        for side, tree in (("before", old), ("after", new)):
            if change[side] is not None:
                check_fact(change, side, tree.dump, verdict)
                _check_value(change, side, tree, verdict)
        if change["kind"] == "tag-removed":
            _check_constants_are_there(change["subject"], old, new, verdict)
    for spelling in sorted({*old.dump.sizes, *new.dump.sizes}):
        check_complete(spelling, old.dump, new.dump, by_subject[spelling], verdict)
    # An enum without a tag is called by what is in it: "enum {A, B, C, …}".
    begun = {name[6:].partition(",")[0].rstrip("}") for name in told if name.startswith("enum {")}
    for tree in (old, new):
        told |= {name for name, firsts in tree.untagged.items() if firsts & begun}
    # A record that came stands for all that is in it; so does its header.
    for tree, other in ((old, new), (new, old)):
        told |= {name for name, header in tree.inner.items() if header not in other.headers}
    for what, before, after in (
        ("values", old.values, new.values),
        ("typedefs", old.typedefs, new.typedefs),
        ("alignments", old.aligns, new.aligns),
    ):
        for name in sorted({*before, *after}):
            was, now = before.get(name), after.get(name)
            if what == "values":  # which are not gone with a tag, nor new without one
                was, now = was or old.values_of(name), now or new.values_of(name)
            _check_told(what, name, was, now, told, verdict)
    return verdict


def _check_constants_are_there(spelling: str, old: Tree, new: Tree, verdict: Verdict) -> None:
    for values in old.dump.values[spelling]:
        for name, value in values.items():
            verdict.checked["constants whose enum lost its tag"] += 1
            if value not in new.values_of(name):
                verdict.wrong.append(f"tag-removed {spelling}: {name} = {value} is gone")


def _names(change: dict[str, Any]) -> Iterator[str]:
    """What a change is about; an enumerator's name is in what is shown of it."""
    yield change["subject"]
    yield change["place"]
    for side in ("before", "after"):
        if change[side] is not None:
            yield change[side]["text"].partition(" = ")[0]


def _check_value(change: dict[str, Any], side: str, tree: Tree, verdict: Verdict) -> None:
    kind, fact, name = change["kind"], change[side], change["subject"]
    if not kind.startswith(("constant-", "ioctl-")) or "value" not in fact:
        return
    verdict.checked["constants"] += 1
    if name not in tree.values:
        if name in tree.others or not tree.failed:
            verdict.wrong.append(f"{kind} {name} {side} {fact}: gcc knows none")
        else:
            verdict.checked["constants of headers that gcc does not take"] += 1
    elif fact["value"] not in tree.values[name]:
        verdict.wrong.append(f"{kind} {name} {side} {fact}: gcc says {tree.values[name]}")


def _check_told(
    what: str, name: str, before: set[Any] | None, after: set[Any] | None, told: set[str],
    verdict: Verdict,
) -> None:  # fmt: skip
    if before and after and (before == after or len(before) > 1 or len(after) > 1):
        return
    verdict.checked[f"differences of {what}"] += 1
    if name.startswith("__NR_") and f"syscall {name[5:]}" in told:
        return
    if name not in told:
        verdict.missed.append(f"{what} of {name}: {before} {after}")


def main(arguments: Sequence[str]) -> int:
    report, old, new = map(Path, arguments)
    trees = read(old), read(new)
    verdict = hold(json.loads(report.read_text("utf-8")), *trees)
    for sort, lines in (("wrong", verdict.wrong), ("missed", verdict.missed)):
        for line in lines:
            print(f"{sort}: {line}")
    for tree in trees:
        print(f"gcc does not take {len(tree.failed)}: {' '.join(tree.failed)}")
    checked: Counter[str] = verdict.checked
    print(f"{len(verdict.wrong)} wrong, {len(verdict.missed)} missed; checked", dict(checked))
    return 1 if verdict.wrong or verdict.missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Type stubs: what an editor completes and a type checker accepts.

A stub needs names and kinds but no layout, so it can be made beside the tables;
types that turned out to have no layout (``Plan.failed``) are left out.

A stub's class has the members as annotations. Inside a class body an
annotation that names a type is looked up among the members first, so a type
whose name is also a member's is reached by an alias, ``_t_name``.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping
from enum import EnumMeta, IntEnum
from itertools import accumulate, compress, count, repeat
from operator import add, not_

from uapigen.emit.columns import Made, long_lines, woven
from uapigen.emit.record_stubs import RecordStubs
from uapigen.emit.stub_names import API, OPS, StubNames, unsayable
from uapigen.emit.text import assigned, class_line
from uapigen.ir.types import (
    TypeId,
)
from uapigen.layout.plan import Plan

__all__ = ["api_stub", "constants_stub", "types_stub"]

# What an IntEnum class has already.
_ENUM_OWN = frozenset([*dir(IntEnum), *dir(EnumMeta), "name", "value"])


def api_stub(prefix: str) -> str:
    """The names that all bindings have."""
    return "".join(f"{name}: {prefix}{kind}\n" for name, kind in API.items())


def constants_stub(
    plan: Plan, prefix: str, api: str | None = None, names: StubNames | None = None
) -> str:
    """The package's own names, the constants and the enums.

    ``prefix`` stands before the names of ``typing.pyi``; ``api`` is what is said
    of the package's own names, if that is something else than what they are.
    """
    names = names or StubNames(plan)
    api = api_stub(prefix) if api is None else api
    not_said = unsayable(plan.constants)
    taken = (names.taken | API.keys()) & plan.constants.keys()
    lines = _constant_lines(plan, prefix, taken | not_said)
    # Type checkers take _x_ for Python's own and __x for a private name.
    reserved = compress(plan.constants, map(str.startswith, plan.constants, repeat("_")))
    left_out = {name for name in reserved if name[:2] == "__" or name[-1:] == "_"}
    enums = _enums(plan, prefix, names.enums, left_out | not_said | _ENUM_OWN)
    return "\n".join(part for part in (api + lines, enums) if part)


def _enums(
    plan: Plan, prefix: str, enum_names: Mapping[str, str], left_out: Collection[str]
) -> str:
    """The enums' classes, without constants of these names."""
    _, _, counts, names, values = plan.enum_columns
    said = {value: f" = {value}\n" for value in set(values)}
    columns = ["    "] * len(names), [*names], list(map(said.__getitem__, values))
    keys = map(plan.keys.of.__getitem__, plan.enum_ids)
    called = list(map(enum_names.__getitem__, keys))
    stops = list(accumulate(counts))
    odd = set(compress(count(), map(left_out.__contains__, names)))
    unnamed = unsayable(called)
    for at in compress(count(), map(unnamed.__contains__, called)):
        odd.update(range(stops[at] - counts[at], stops[at]))
    left = list(counts)
    for line in odd:
        left[bisect_right(stops, line)] -= 1
        for column in columns:
            column[line] = ""
    heads = [
        class_line(name, [f"{prefix}Enum"]) if shown else assigned(f"{name}: ", f"{prefix}Any")
        for name, shown in zip(called, left, strict=True)
    ]
    blocks, previous = [], None
    for at, head in enumerate(heads):
        if called[at] in unnamed:
            head = ""
        else:
            # Blank lines around those with a body, as black sets them in a stub.
            short = not left[at] and head.count("\n") == 1
            if previous is not None and not (short and previous):
                head = f"\n{head}"
            previous = short
        blocks.append((head, counts[at], ""))
    return woven(blocks, *columns)


def _constant_lines(plan: Plan, prefix: str, left_out: Collection[str]) -> str:
    """A line for each constant; none where enums differ about it."""
    constants, ioctls = plan.constants, plan.ioctl_arguments
    names = [name for name in sorted(constants) if name not in left_out]
    said = Made[type](lambda kind: "" if kind is tuple else f": {prefix}{kind.__name__}\n")
    kinds = list(map(said.__getitem__, map(type, map(constants.__getitem__, names))))
    odd = {*long_lines(names, kinds), *compress(count(), map(not_, kinds))}
    if ioctls:
        odd.update(compress(count(), map(ioctls.__contains__, names)))
    lines = list(map(add, names, kinds))
    for at in odd:
        kind = "Ioctl" if names[at] in ioctls else kinds[at].removeprefix(f": {prefix}").strip()
        lines[at] = assigned(f"{names[at]}: ", f"{prefix}{kind}") if kinds[at] else ""
    return "".join(lines)


def types_stub(
    plan: Plan,
    prefix: str,
    foreign: Callable[[TypeId], str] | None = None,
    names: StubNames | None = None,
) -> str:
    """The structs, unions and typedefs; goes behind ``constants_stub``.

    ``foreign`` gives the name of a struct or union that is not the plan's, or "".
    """
    names = names or StubNames(plan)
    stubs = RecordStubs(plan, prefix, foreign, names)
    records = stubs.classes()
    typedefs = _typedef_lines(names, prefix)
    aliases = [assigned(f"_t_{name} = ", name) for name in sorted(stubs.aliased)]
    return "\n".join(part for part in (records, "".join(typedefs + aliases)) if part)


def _typedef_lines(names: StubNames, prefix: str) -> list[str]:
    """Typedefs of records and enums as aliases, of anything else as ctypes' types."""
    typedefs, lines = names.typedefs, []
    left_out = {*unsayable(typedefs), *API, OPS}
    for name in sorted(typedefs):
        if name in left_out:
            continue
        target = typedefs[name]
        if target in typedefs:
            target = _final_target(typedefs, target)
        word, _, key = target.partition(" ")
        found = ""
        if key and word in _TAGGED:
            found = (names.enums if word == "enum" else names.records).get(key, "")
            if found == name or (not found and key.isidentifier()):
                continue
        if found:
            lines.append(assigned(f"{name} = ", found))
        else:
            lines.append(assigned(f"{name}: ", f"{prefix}Any"))
    return lines


_TAGGED = frozenset({"struct", "union", "enum"})


def _final_target(typedefs: dict[str, str], c_type: str) -> str:
    for _ in range(64):
        if c_type not in typedefs:
            break
        c_type = typedefs[c_type]
    return c_type

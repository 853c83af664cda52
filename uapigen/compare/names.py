"""Functions, variables, constants, ioctls, macros and syscalls of two sources, by name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from uapigen.compare.causes import Root, Sources
from uapigen.compare.conventions import is_mask_grown, is_sentinel, is_version
from uapigen.compare.facts import Facts
from uapigen.compare.findings import Change, Fact
from uapigen.compare.functions import parameter_changes
from uapigen.compare.types import type_change
from uapigen.ir.types import Func, FuncProto, TypeId, Var

if TYPE_CHECKING:
    from uapigen.ir.declarations import Value

__all__ = [
    "compare_constants",
    "compare_functions",
    "compare_macros",
    "compare_syscalls",
    "compare_variables",
]

_ENTRY = re.compile(
    r"__(x64|ia32|x32|arm64|s390x?|riscv|powerpc|se|do)_((?:compat_)?)sys_(\w+)", re.ASCII
)
"""The functions that the kernel makes of a syscall (``arch/*/include/asm/syscall_wrapper.h``)."""
_PROTOTYPED = ("do", "se")
"""Those that have its parameters; ``__do_sys_`` as they are written, but it is often inlined."""
_SYSCALL = "__NR_"
_COUNTS = frozenset({"syscalls", "arch_specific_syscall"})
"""Names behind ``__NR_`` that are no syscalls."""


def compare_functions(sources: Sources, *, known_only: bool = False) -> Iterator[Root]:
    """Changes of functions; with ``known_only`` without those that are new."""
    old, new = sources.old.facts, sources.new.facts
    for name in sorted({*old.functions, *(() if known_only else new.functions)}):
        if _ENTRY.fullmatch(name):
            continue  # compare_syscalls has it
        before = _ids(old, name, old.functions, Func)
        after = _ids(new, name, new.functions, Func)
        if not before or not after:
            kind = "function-added" if after else "function-removed"
            yield _present(kind, name, old, before, new, after, _prototype)
            continue
        for a, b in _unequal(old, before, new, after):
            yield from _function_changes(sources, name, a, b)


def _function_changes(sources: Sources, name: str, a: TypeId, b: TypeId) -> Iterator[Root]:
    old, new = sources.old.facts, sources.new.facts
    first, second = old.graph.nodes[a], new.graph.nodes[b]
    assert isinstance(first, Func)
    assert isinstance(second, Func)
    protos = old.graph.nodes[first.proto], new.graph.nodes[second.proto]
    if isinstance(protos[0], FuncProto) and isinstance(protos[1], FuncProto):
        for change in parameter_changes(sources.old, protos[0], sources.new, protos[1], name):
            yield Root(change)
    told = [getattr(facts.graph, "says_linkage", True) for facts in (old, new)]
    if all(told) and first.linkage != second.linkage:
        said = Fact(first.linkage), Fact(second.linkage)
        yield Root(Change("linkage-changed", name, "", *said))


def _prototype(facts: Facts, func_id: TypeId) -> Fact:
    node = facts.graph.nodes[func_id]
    assert isinstance(node, Func)
    return Fact(facts.spell(node.proto, node.name))


def compare_syscalls(sources: Sources, *, known_only: bool = False) -> Iterator[Root]:
    """Changes of syscalls, told by the functions that a kernel has for each."""
    old, new = sources.old.facts, sources.new.facts
    before, after = _entries(old.functions), _entries(new.functions)
    if not new.selection.whole:
        for name, entries in before.items():
            found = {form: f for form, f in entries.items() if new.find(f, Func)}
            after.setdefault(name, {}).update(found)
    if not old.selection.whole and not known_only:
        for name, entries in after.items():
            found = {form: f for form, f in entries.items() if old.find(f, Func)}
            before.setdefault(name, {}).update(found)
    for name in sorted({*before, *(() if known_only else after)}):
        was, now = before.get(name), after.get(name)
        if not was or not now:
            kind = "syscall-removed" if was else "syscall-added"
            facts = Fact(_entry(was)) if was else None, Fact(_entry(now)) if now else None
            yield Root(Change(kind, f"syscall {name}", "", *facts))
            continue
        form = next((form for form in _PROTOTYPED if form in was and form in now), "")
        if form:
            pairs = _unequal(
                old, _ids(old, was[form], old.functions, Func),
                new, _ids(new, now[form], new.functions, Func),
            )  # fmt: skip
            for a, b in pairs:
                yield from _function_changes(sources, f"syscall {name}", a, b)


def _entries(functions: Iterable[str]) -> dict[str, dict[str, str]]:
    """By a syscall's name: its functions by what their names begin with."""
    found: dict[str, dict[str, str]] = {}
    for function in functions:
        matched = _ENTRY.fullmatch(function)
        if matched:
            form, compat, name = matched.groups()
            found.setdefault(compat + name, {})[form] = function
    return found


def _entry(entries: Mapping[str, str]) -> str:
    return next((entries[form] for form in _PROTOTYPED if form in entries), "") or min(
        entries.values()
    )


def compare_variables(sources: Sources, *, known_only: bool = False) -> Iterator[Root]:
    """Changes of variables; with ``known_only`` without those that are new."""
    old, new = sources.old.facts, sources.new.facts
    for name in sorted({*old.variables, *(() if known_only else new.variables)}):
        before = _ids(old, name, old.variables, Var)
        after = _ids(new, name, new.variables, Var)
        if not before or not after:
            kind = "variable-added" if after else "variable-removed"
            yield _present(kind, name, old, before, new, after, _declaration)
            continue
        for a, b in _unequal(old, before, new, after):
            first, second = old.graph.nodes[a], new.graph.nodes[b]
            assert isinstance(first, Var)
            assert isinstance(second, Var)
            said = _declaration(old, a), _declaration(new, b)
            if what := type_change(sources.old, first.type, sources.new, second.type):
                yield Root(Change(f"variable-{what}", name, "", *said))
            if first.linkage != second.linkage:
                facts = Fact(first.linkage), Fact(second.linkage)
                yield Root(Change("linkage-changed", name, "", *facts))
            sections = Fact(old.section(a)), Fact(new.section(b))
            if sections[0] != sections[1]:
                yield Root(Change("section-changed", name, "", *sections))


def _declaration(facts: Facts, var_id: TypeId) -> Fact:
    node = facts.graph.nodes[var_id]
    assert isinstance(node, Var)
    size = facts.byte_size(node.type)
    return Fact(facts.spell(node.type, node.name), bit_size=None if size is None else 8 * size)


def _ids(facts: Facts, name: str, chosen: Mapping[str, list[TypeId]], kind: type) -> list[TypeId]:
    """The things of a name, also where only the other source's was chosen."""
    found = chosen.get(name, [])
    return found or ([] if facts.selection.whole else facts.find(name, kind))


def _unequal(
    old: Facts, before: list[TypeId], new: Facts, after: list[TypeId]
) -> list[tuple[TypeId, TypeId]]:
    """Of the things of one name, those that differ, in the sources' order."""
    first, second = old.distinct(before), new.distinct(after)
    gone = [type_id for outline, type_id in first.items() if outline not in second]
    come = [type_id for outline, type_id in second.items() if outline not in first]
    return list(zip(gone, come, strict=False))


def _present(
    kind: str,
    name: str,
    old: Facts,
    before: list[TypeId],
    new: Facts,
    after: list[TypeId],
    fact: object,
) -> Root:
    """What only one source has."""
    assert callable(fact)
    return Root(
        Change(
            kind,
            name,
            "",
            fact(old, before[0]) if before else None,
            fact(new, after[0]) if after else None,
        )
    )


# Constants


def compare_constants(sources: Sources, *, known_only: bool = False) -> Iterator[Root]:
    """Changes of macros that are constants, ioctl numbers and syscall numbers among them."""
    old, new = sources.old.facts, sources.new.facts
    for name in sorted({*old.constants, *(() if known_only else new.constants)}):
        before, after = old.constants.get(name), new.constants.get(name)
        arguments = old.ioctls.get(name), new.ioctls.get(name)
        subject, sort = name, "constant"
        if name.startswith(_SYSCALL) and name.removeprefix(_SYSCALL) not in _COUNTS:
            subject, sort = f"syscall {name.removeprefix(_SYSCALL)}", "syscall"
        elif arguments != (None, None):
            sort = "ioctl"
        if before == after and type(before) is type(after):
            if sort == "ioctl" and None not in arguments and arguments[0] != arguments[1]:
                said = Fact(arguments[0] or "none"), Fact(arguments[1] or "none")
                yield Root(Change("ioctl-argument-changed", subject, "", *said))
            continue
        kind = _constant_kind(sort, name, before, after, new)
        yield Root(Change(kind, subject, "", _value(before), _value(after)))


def _constant_kind(
    sort: str, name: str, before: Value | None, after: Value | None, new: Facts
) -> str:
    if before is None:
        return f"{sort}-added"
    if after is None:
        moved = sort != "syscall" and new.has_value(name, before)
        return "constant-regrouped" if moved else f"{sort}-removed"
    if sort != "constant":
        return f"{sort}-renumbered"
    if is_version(name):
        return "version-changed"
    if isinstance(before, int) and isinstance(after, int):
        if is_sentinel(name) and after > before:
            return "sentinel-changed"
        if is_mask_grown(name, before, after):
            return "mask-changed"
    return "constant-changed"


def _value(value: Value | None) -> Fact | None:
    if value is None:
        return None
    if isinstance(value, bytes):
        return Fact(repr(value)[1:], value=value.decode("latin-1"))
    if isinstance(value, int) and value > 0xFFFF:
        return Fact(hex(value), value=value)
    return Fact(repr(value) if isinstance(value, str) else str(value), value=value)


def compare_macros(sources: Sources, *, known_only: bool = False) -> Iterator[Root]:
    """Changes of macro functions, by what they compute."""
    old, new = sources.old.facts.macros, sources.new.facts.macros
    for name in sorted({*old, *(() if known_only else new)}):
        before, after = old.get(name), new.get(name)
        if before != after and (not before or not after or _numbered(before) != _numbered(after)):
            kind = "added" if before is None else "removed" if after is None else "changed"
            was = None if before is None else Fact(before)
            now = None if after is None else Fact(after)
            yield Root(Change(f"macro-{kind}", name, "", was, now))


def _numbered(macro: str) -> str:
    """What a macro function computes, with numbers for its parameters."""
    listed, _, expression = macro.partition(": ")
    names = {name.lstrip("*"): f"${i}" for i, name in enumerate(listed.split(", "))}
    return f"{len(names)}: {_WORD.sub(lambda word: names.get(word[0], word[0]), expression)}"


_WORD = re.compile(r"(?<![\w.])[A-Za-z_]\w*", re.ASCII)

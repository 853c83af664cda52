"""Names: enums and constants, typedefs, functions, variables, and what ``dir()`` lists."""

from __future__ import annotations

import ctypes
from typing import Any

from .context import Context, describe

__all__ = ["check_names"]


def check_names(context: Context) -> None:
    """Look at everything that is no struct or union."""
    expected = context.expected
    for facts in expected["enums"]:
        context.say("at", facts[0])
        with context.looking_at(facts[0]):
            check_enum(context, *facts)
    for name, row in expected["typedefs"].items():
        with context.looking_at(f"typedef {name}"):
            check_typedef(context, name, context.shapes[row])
    for check in (check_listing, check_constants, check_macros, check_bare_names):
        context.say("at", "names")
        with context.looking_at("names"):
            check(context)
    for name, row in expected["functions"].items():
        with context.looking_at(f"function {name}"):
            check_function(context, name, row)
    for name, facts in expected["variables"].items():
        with context.looking_at(f"variable {name}"):
            check_variable(context, name, facts)
    for table in ("functions", "variables"):
        for name in sorted({*getattr(context.bindings, table)} - {*expected[table]}):
            context.differs(f"{table[:-1]} {name}", "is not in the source")


def check_listing(context: Context) -> None:
    """``__all__`` has every name but those that raise, as ``import *`` asks for each."""
    constants, typedefs = context.expected["constants"], context.expected["typedefs"]
    raising = {name for name, values in constants.items() if len(values) > 1}
    raising -= type_names(context)
    raising |= {name for name, row in typedefs.items() if context.shapes[row][0] == "missing"}
    listed = {*context.bindings.__all__}
    expected = {*context.expected["listed"]} - raising
    refused = {spelling.partition(" ")[2] for spelling in context.expected["refused"]}
    for name in sorted(listed - expected - refused):
        context.differs(name, "is not in the source")
    for name in sorted(expected - listed):
        context.differs(name, "is not among the names in __all__")


def type_names(context: Context) -> set[str]:
    expected = context.expected
    types = {key for _, key, *_ in (*expected["enums"], *expected["records"])}
    return types | {*expected["typedefs"]}


def check_bare_names(context: Context) -> None:
    """A bare name means the typedef, else the struct or union, else the enum."""
    winners = {key: spelling for spelling, key, *_ in context.expected["enums"]}
    winners.update((key, spelling) for spelling, key, *_ in context.expected["records"])
    winners.update((name, name) for name in context.expected["typedefs"])
    for name, spelling in winners.items():
        try:
            made = context.bindings.ctype(spelling)
        except Exception:  # noqa: BLE001  # said already
            continue
        if context.takes(name):
            continue
        if getattr(context.bindings, name, NotImplemented) is not made:
            context.differs(name, f"does not mean {spelling}")


def check_enum(context: Context, spelling: str, _key: str, constants: dict[str, int]) -> None:
    try:
        made = context.bindings.ctype(spelling)
    except LookupError as error:
        context.differs(spelling, f"is missing ({error})")
        return
    context.counted("enums")
    actual = {name: int(value) for name, value in made.__members__.items()}
    if actual == constants:
        return
    for name in sorted(actual.keys() | constants.keys()):
        ours, theirs = actual.get(name, "missing"), constants.get(name, "missing")
        if ours != theirs:
            context.differs(f"{spelling}: {name}", f"is {ours}, in the source {theirs}")


def check_constants(context: Context) -> None:
    """Enumerators by their bare names, wherever no type of that name goes first."""
    types = type_names(context)
    for name, values in context.expected["constants"].items():
        if name in types or context.takes(name):
            continue
        context.counted("enumerators")
        try:
            value = getattr(context.bindings, name)
        except AttributeError as error:
            if len(values) == 1 or "differs between" not in str(error):
                context.differs(f"enumerator {name}", f"is missing ({error})")
        else:
            if [value] != values:
                theirs = " or ".join(map(str, values))
                context.differs(f"enumerator {name}", f"is {value}, in the source {theirs}")


def check_macros(context: Context) -> None:
    """Constants of headers, by value and Python type, and macro functions."""
    types = type_names(context)
    for name, theirs in context.expected.get("macros", {}).items():
        if name in types or context.takes(name):
            continue
        context.counted("constants")
        with context.looking_at(f"constant {name}"):
            value = getattr(context.bindings, name)
            ours = repr(int(value) if isinstance(value, int) else value)
            if ours != theirs:
                context.differs(f"constant {name}", f"is {ours}, in the source {theirs}")
    for name in context.expected.get("macro_functions", ()):
        context.counted("macro functions")
        with context.looking_at(f"macro function {name}"):
            if name not in types and not callable(getattr(context.bindings, name)):
                context.differs(f"macro function {name}", "cannot be called")


def check_typedef(context: Context, name: str, shape: list[Any]) -> None:
    where = f"typedef {name}"
    kind = shape[0]
    try:
        made = context.bindings.ctype(name)
    except LookupError as error:
        if kind != "missing":
            context.differs(where, f"is missing ({error})")
        return
    context.counted("typedefs")
    if kind in ("record", "enum", "function"):
        if made is not context.bindings.ctype(shape[-1]):
            context.differs(where, f"is {made!r}, in the source {shape[-1]}")
    elif kind in ("missing", "void"):
        if made is not None:
            context.differs(where, f"is {made!r}, in the source {shape[-1]}")
    elif ctypes.sizeof(made) != shape[1]:
        context.differs(where, f"is {ctypes.sizeof(made)} bytes large, in the source {shape[1]}")
    elif kind == "array":
        if getattr(made, "_length_", None) != shape[2]:
            context.differs(where, f"is no array of {shape[2]} elements")
    elif (sample := context.sample(shape)) is not None:
        value = made.from_buffer_copy(sample[0]).value
        if value != sample[1]:
            context.differs(where, f"reads {value!r}, in the source {sample[1]!r}")


def check_function(context: Context, name: str, row: int) -> None:
    try:
        found = context.bindings.functions[name]
    except KeyError as error:
        context.differs(f"function {name}", f"is missing ({describe(error)})")
        return
    context.counted("functions")
    actual = [found.returns, [list(param) for param in found.params], found.variadic]
    if actual != context.expected["prototypes"][row]:
        expected = context.expected["prototypes"][row]
        context.differs(f"function {name}", f"is {actual}, in the source {expected}")


def check_variable(context: Context, name: str, facts: list[Any]) -> None:
    try:
        found = context.bindings.variables[name]
    except KeyError as error:
        context.differs(f"variable {name}", f"is missing ({describe(error)})")
        return
    context.counted("variables")
    actual = [found.spelling, found.section, found.offset, found.size, found.linkage]
    if actual != facts:
        context.differs(f"variable {name}", f"is {actual}, in the source {facts}")

"""Operation tables: which there are, and each function pointer's place and signature."""

from __future__ import annotations

from typing import Any

from .context import Context

__all__ = ["check_operations"]


def check_operations(context: Context) -> None:
    """Look at every interface; modules of a package of headers have none."""
    expected = context.expected["operations"]
    if context.expected.get("module") is not None:
        return
    interfaces = getattr(context.bindings, "ops", ())
    for name in sorted({*interfaces} - {*expected}):
        context.differs(f"ops.{name}", "is no operation table in the source")
    for name, rows in expected.items():
        context.say("at", f"ops.{name}")
        with context.looking_at(f"ops.{name}"):
            check_table(context, name, rows)


def check_table(context: Context, key: str, rows: list[list[Any]]) -> None:
    """Places in the struct, and what is called there."""
    where = f"ops.{key}"
    try:
        interface = context.bindings.ops[key]
    except (AttributeError, KeyError):
        context.differs(where, "is missing")
        return
    context.counted("operation tables")
    struct = context.bindings.ctype(f"struct {key}")
    if interface._struct_ is not struct:
        context.differs(where, f"is of {interface._struct_!r}, in the source of struct {key}")
    found = {operation.name: operation for operation in interface.__operations__}
    for name in sorted({*found} - {row[0] for row in rows}):
        context.differs(f"{where}.{name}", "is no function pointer in the source")
    for name, offset, size, count, row in rows:
        operation = found.get(name)
        if operation is None:
            context.differs(f"{where}.{name}", "is missing")
            continue
        context.counted("function pointers")
        actual: Any = [operation.offset, operation.size, operation.count]
        if actual != [offset, size, count]:
            theirs = f"(byte, bytes, elements) in the source {[offset, size, count]}"
            context.differs(f"{where}.{name}", f"is at {actual}, {theirs}")
        check_signature(context, f"{where}.{name}", operation, row)


def check_signature(context: Context, where: str, operation: Any, row: int | None) -> None:
    """Types of the result and the parameters, and that each has a name."""
    if row is None:
        return
    returns, params, variadic = context.expected["prototypes"][row]
    prototype = operation.prototype
    if prototype is None:
        context.differs(where, "has no signature")
        return
    expected = [returns, [spelling for _, spelling in params], variadic]
    actual = [
        prototype.returns,
        [spelling for _, spelling in prototype.params],
        prototype.variadic,
    ]
    if actual != expected:
        context.differs(where, f"is {actual}, in the source {expected}")
    elif len(operation.parameters) != len(params):
        names = f"{len(operation.parameters)} names for {len(params)} parameters"
        context.differs(where, f"has {names}")

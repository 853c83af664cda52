"""The signatures of syscall functions, as stubs have them; for ``make syscalls``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from uapigen.emit.support.calls import OMITTED, WORDS, is_descriptor
from uapigen.emit.support.pointers import is_string
from uapigen.emit.support.syscalls import Param, Syscall, Table

__all__ = ["signatures"]


def signatures(about: Mapping[str, object], registers: Sequence[str], text: str) -> dict[str, str]:
    """By name, ``(parameters) -> result`` of all functions of a table."""
    told = {**about, "registers": tuple(registers)}
    table = Table(told, lambda: text, "syscalls", None)
    return {name: _signature(call) for name, call in table.items()}


def _signature(call: Syscall) -> str:
    if call.params is None:
        return "(*args: _Any) -> _NoReturn"
    required = len(call.params) - OMITTED.get(call.name, 0)
    listed = [
        f"{param.python_name}: {_type(call, param)}{' = ...' if at >= required else ''}"
        for at, param in enumerate(call.params)
    ]
    result = "_NoReturn" if call.returns == "never" else "int"
    return f"({', '.join(listed)}) -> {result}"


def _type(call: Syscall, param: Param) -> str:
    if param.kind != "p":
        either = call.name in WORDS and param.kind == f"u{call._table.pointer_size}"
        return "_Pointer" if either else "_Descriptor" if is_descriptor(param) else "_Int"
    if is_string(param):
        return "_String"
    return "_Strings" if "char" in param.c_type and "*const *" in param.c_type else "_Pointer"

"""The ``syscalls`` module that every package of a known architecture has."""

from __future__ import annotations

from uapigen.emit.syscalls import syscalls_abi, syscalls_module, table_text
from uapigen.layout.targets import DataModel
from uapigen.syscalls.abis import ABIS
from uapigen.syscalls.join import syscall_table

__all__ = ["syscalls_files"]


def syscalls_files(model: DataModel) -> dict[str, str]:
    """Path below the package -> text; nothing for an architecture without a known ABI."""
    abi = ABIS.get(model.arch)
    if abi is None:
        return {}
    table = syscall_table(abi.name)
    text = table_text(table, model, abi.argument_registers)
    about = syscalls_abi(table, model)
    return {"syscalls.py": syscalls_module(about, abi.argument_registers, text)}

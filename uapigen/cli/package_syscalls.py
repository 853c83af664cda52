"""The ``syscalls`` module that every package of a known architecture has.

``python -m uapigen.cli.package_syscalls`` (``make syscalls``) writes the tables anew that it
is made of.
"""

from __future__ import annotations

import sys

from uapigen.emit.packed_syscalls import Ready, pack, packed_path, unpack
from uapigen.emit.syscalls import syscalls_abi, syscalls_module, table_text
from uapigen.layout.targets import DataModel, find_target

__all__ = ["main", "packed", "syscalls_files"]


def syscalls_files(model: DataModel) -> dict[str, str]:
    """Path below the package -> text; nothing for an architecture without a known ABI."""
    found = unpack(model.arch)
    if found is None:
        return {}
    about = syscalls_abi(model, found.sources)
    return {"syscalls.py": syscalls_module(about, found.registers, found.table)}


def packed() -> str:
    """All ABIs' tables by the join's defaults, packed."""
    from uapigen.syscalls.abis import ABIS
    from uapigen.syscalls.join import syscall_table
    from uapigen.syscalls.sources import package

    tables = {}
    for abi in ABIS.values():
        table = syscall_table(abi.name)
        text = table_text(table, find_target(abi.name), abi.argument_registers)
        sources = (f"{package.SOURCE} {package.kernel_version()}", *table.sources[1:])
        tables[abi.name] = Ready(abi.argument_registers, sources, text)
    return pack(tables)


def main() -> int:
    """Write the file; the exit code."""
    with open(packed_path(), "w", encoding="utf-8") as file:
        file.write(packed())
    return 0


if __name__ == "__main__":
    sys.exit(main())

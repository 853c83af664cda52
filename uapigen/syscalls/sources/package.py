"""Numbers from the ``system-calls`` package of PyPI.

It has the tables of every architecture that Linux has or had, made from kernel
headers. Calls that no kernel implements (``tuxcall``) are not in them.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from uapigen.errors import InputError, SystemRefusalError
from uapigen.syscalls.abis import find_abi

__all__ = ["SOURCE", "kernel_version", "numbers"]

SOURCE = "system-calls"

_TABLES = {
    # By our name, its; where they differ. Byte orders share numbers.
    "aarch64": "arm64",
    "ppc64le": "powerpc64",
    "ppc64": "powerpc64",
    "ppc": "powerpc",
    "mips64el": "mips64",
    "mipsn32el": "mips64n32",
    "mipsn32": "mips64n32",
    "mipsel": "mipso32",
    "mips": "mipso32",
}


def numbers(abi: str) -> dict[str, int]:
    """The full number of each syscall of an ABI, by name, in the order of the numbers.

    Raises :class:`UsageError` for an ABI that is not in the table, :class:`SystemRefusalError`
    where the package is not installed, :class:`InputError` where it lacks the ABI or what it has
    is no table of numbers.
    """
    name = find_abi(abi).name
    table = _TABLES.get(name, name)
    module = _module(f"tables.{table}")
    found = getattr(module, f"syscalls_{table}", None)
    if not isinstance(found, dict) or not all(
        isinstance(key, str) and isinstance(value, int) for key, value in found.items()
    ):
        raise InputError(SOURCE, f"tables/{table}.py", "not a table of numbers by name")
    return dict(sorted(found.items(), key=lambda item: (item[1], item[0])))


def kernel_version() -> str:
    """The release of the kernel that the package's tables were made from: ``7.2.0``."""
    return str(_module("linux_version").linux_version)


def _module(name: str) -> ModuleType:
    try:
        return import_module(f"system_calls.{name}")
    except ModuleNotFoundError as error:
        if error.name == "system_calls":
            raise SystemRefusalError(
                "numbers of syscalls come from the package system-calls, which is not installed: "
                "pip install system-calls"
            ) from None
        raise InputError(SOURCE, f"{name.replace('.', '/')}.py", "the package lacks it") from error

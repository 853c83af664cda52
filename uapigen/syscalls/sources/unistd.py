"""Numbers from the target's own ``asm/unistd.h``, by the headers front end.

Every name that a program may use is there, also those of calls that no kernel
implements any more (``tuxcall``), and a second name for the same number
(alpha's ``getpid`` for ``getxpid``).
"""

from __future__ import annotations

import os
from dataclasses import replace

from uapigen.errors import InputError
from uapigen.headers.options import HeaderOptions
from uapigen.headers.read import read_headers
from uapigen.headers.targets import include_directories
from uapigen.layout.targets import TARGETS
from uapigen.syscalls.abis import find_abi

__all__ = ["SOURCE", "find_header", "numbers", "numbers_in"]

SOURCE = "asm/unistd.h"

_STAND_INS = {
    # libclang does not know these ABIs. Numbers are plain integers: another target with the same
    # size of long reads them, if the header asks for no more than that.
    "alpha": "loongarch64",
    "m68k": "ppc",
    "parisc": "ppc",
    "s390": "ppc",
    "sh": "riscv32",
}
_HEADERS = {
    # asm/unistd.h chooses by macros that only the target's own compiler defines
    "s390": "asm/unistd_32.h",
}
_PREFIXES = ("__NR_", "__ARM_NR_")
_NO_CALLS = frozenset(
    # Bounds, bases and masks, and where they are
    {
        "__ARM_NR_BASE",  # arch/arm/include/uapi/asm/unistd.h
        "__NR_OABI_SYSCALL_BASE",
        "__NR_SYSCALL_BASE",
        "__NR_SYSCALL_MASK",
        "__NR_Linux",  # arch/mips, arch/parisc
        "__NR_Linux_syscalls",
        "__NR_64_Linux",
        "__NR_64_Linux_syscalls",
        "__NR_N32_Linux",
        "__NR_N32_Linux_syscalls",
        "__NR_O32_Linux",
        "__NR_O32_Linux_syscalls",
        "__NR_arch_specific_syscall",  # include/uapi/asm-generic/unistd.h
        "__NR_syscalls",
    }
)


def find_header(abi: str, options: HeaderOptions | None = None) -> str | None:
    """Where the target's header with the numbers lies; None where it is not installed."""
    name = find_abi(abi).name
    options = options or HeaderOptions(TARGETS[name])
    below = _HEADERS.get(name, "asm/unistd.h")
    for directory in include_directories(options):
        path = os.path.join(directory, below)
        if os.path.isfile(path):
            return path
    return None


def numbers(abi: str, options: HeaderOptions | None = None) -> dict[str, int]:
    """The full number of each syscall of an ABI, by name, in the header's order.

    ``options`` say where headers lie and which front end reads them; the default is this
    machine's for the ABI's target. Raises :class:`UsageError` for an ABI that is not in the table,
    :class:`InputError` where the header is not installed, cannot be read or has no numbers.
    """
    name = find_abi(abi).name
    options = options or HeaderOptions(TARGETS[name])
    header = find_header(name, options)
    if header is None:
        raise InputError(
            _HEADERS.get(name, "asm/unistd.h"), "", f"no kernel headers for {name} are installed"
        )
    return numbers_in(header, name, options)


def numbers_in(header: str, abi: str, options: HeaderOptions | None = None) -> dict[str, int]:
    """What one header says, which must be of this ABI's; as ``numbers``."""
    name = find_abi(abi).name
    options = options or HeaderOptions(TARGETS[name])
    if name in _STAND_INS and options.frontend != "pycparser":
        directories = include_directories(options)
        model = TARGETS[_STAND_INS[name]]
        options = replace(options, model=model, include_dirs=tuple(directories))
    (unit,) = read_headers([header], options).units
    found = {}
    for constant in unit.constants:
        for prefix in _PREFIXES:
            call = constant.name.removeprefix(prefix)
            if call != constant.name and constant.name not in _NO_CALLS:
                if not isinstance(constant.value, int):
                    raise InputError(header, constant.name, f"{constant.value!r} is no number")
                found[call] = constant.value
    if not found:
        raise InputError(header, "", "defines no __NR_ numbers")
    return found

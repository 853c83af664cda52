"""Which entry symbol a syscall's number leads to, from a kernel tree's own tables.

Most architectures have a ``*.tbl`` file; the younger ones take ``asm-generic/unistd.h`` (until
6.10) or ``scripts/syscall.tbl``. A headers package has what a build makes of these. A row has the
entry of the ABI's own kernel and, where it is another, that of a 64-bit kernel for its 32-bit
programs.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from uapigen.errors import InputError, SystemRefusalError
from uapigen.headers.pycparser_tokens import tokenize
from uapigen.syscalls.abis import find_abi
from uapigen.syscalls.entries import NOT_IMPLEMENTED, TableEntry
from uapigen.syscalls.sources import generated, tbl
from uapigen.syscalls.sources.grammars import read_text
from uapigen.syscalls.sources.kernels import find_kernel

__all__ = ["own", "rows"]

_ONLY_COMPAT = frozenset({"s390"})
"""Only 64-bit kernels have these ABIs: their own entries are those for compat."""
_OTHER_ABI = frozenset({"arm"})
"""Whose last column is about another ABI (arm's OABI)."""
_MARK = "UAPIGEN_ENTRY"


def rows(tree: Path, abi: str) -> dict[int, TableEntry]:
    """Where each number of an ABI leads, by the full number; nothing if the tree does not say.

    Raises :class:`InputError` for a malformed table, :class:`SystemRefusalError` where a file
    cannot be read or the preprocessor not run.
    """
    table = tbl.find_table(str(tree), abi)
    if table is not None:
        lines = tbl.entries(table, abi)
    else:
        built = generated.find_generated(str(tree), abi)
        if built is None:
            return _of_header(tree, abi) if _has_generic_numbers(tree, abi) else {}
        lines = generated.entries(built, abi)
    return {line.nr: own(line, abi) for line in lines}


def own(line: TableEntry, abi: str) -> TableEntry:
    """A table's line as the ABI has it: without what says ENOSYS or is for other ABIs' programs."""
    entry, compat = line.entry, line.compat_entry
    if abi in _ONLY_COMPAT:
        entry, compat = compat or entry, ""
    if abi in _OTHER_ABI or compat == entry or not find_kernel(abi).has_compat:
        compat = ""
    entry, compat = ("" if symbol in NOT_IMPLEMENTED else symbol for symbol in (entry, compat))
    return line._replace(entry=entry, compat_entry=compat)


def _has_generic_numbers(tree: Path, abi: str) -> bool:
    """Whether ``asm/unistd.h`` says where they lead: others include what a build makes."""
    header = _uapi(tree, abi) / "asm" / "unistd.h"
    return header.is_file() and "asm-generic/unistd.h" in read_text(str(header))


def _uapi(tree: Path, abi: str) -> Path:
    return tree / "arch" / find_kernel(abi).directory / "include" / "uapi"


def _of_header(tree: Path, abi: str) -> dict[int, TableEntry]:
    base = find_abi(abi).number_base
    kernel = find_kernel(abi)
    entries = _preprocessed(tree, abi)
    compat = _preprocessed(tree, abi, "-D__SYSCALL_COMPAT") if kernel.has_compat else entries
    found = {}
    for number, entry in entries.items():
        other = compat.get(number, entry)
        found[base + number] = own(TableEntry(base + number, "", entry, other), abi)
    return found


def _preprocessed(tree: Path, abi: str, *options: str) -> dict[int, str]:
    """What ``asm/unistd.h`` says by ``__SYSCALL``, which its user defines."""
    kernel = find_kernel(abi)
    uapi = _uapi(tree, abi)
    with tempfile.TemporaryDirectory() as directory:
        made = Path(directory, "asm")
        made.mkdir()
        if not (uapi / "asm" / "bitsperlong.h").exists():
            made.joinpath("bitsperlong.h").write_text("#include <asm-generic/bitsperlong.h>\n")
        command = [
            "cc", "-E", "-P", "-nostdinc", f"-m{kernel.bits}", *options, "-I", str(uapi),
            "-I", str(tree / "include" / "uapi"), "-I", directory, "-",
        ]  # fmt: skip
        text = f"#define __SYSCALL(nr, entry) {_MARK}(nr, entry)\n#include <asm/unistd.h>\n"
        try:
            done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
        except OSError as error:
            raise SystemRefusalError(f"cc: {error.strerror or error}") from None
        except subprocess.CalledProcessError as error:
            raise InputError(str(uapi / "asm/unistd.h"), "", error.stderr.strip()) from None
    tokens = tokenize(done.stdout)
    # Each is the mark, a bracket, the number (perhaps a sum in brackets), a comma, the entry.
    found = {}
    for at, token in enumerate(tokens):
        if token == _MARK:
            comma = tokens.index(",", at)
            number = sum(int(t, 0) for t in tokens[at + 2 : comma] if t[0].isdigit())
            found[number] = tokens[comma + 1]
    return found

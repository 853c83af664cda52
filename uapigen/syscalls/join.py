"""A syscall table of its parts: numbers, entry symbols, prototypes, what a result means.

The order of trust: the sources that the caller names, in the order given; the BTF that the caller
gives; the table that uapigen ships, which has an order of its own (``docs/syscalls.md``). The
first that knows an entry is believed, and what the others say otherwise is reported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from uapigen.errors import InputError
from uapigen.ir.graph import TypeGraph
from uapigen.ir.syscalls import Disagreement, Lowered, Syscall, SyscallTable
from uapigen.layout.targets import find_target
from uapigen.syscalls.abis import SyscallAbi, find_abi
from uapigen.syscalls.aliases import target
from uapigen.syscalls.entries import TableEntry
from uapigen.syscalls.lowering import lower
from uapigen.syscalls.prototypes import Params, Prototypes
from uapigen.syscalls.semantics import directed, returns
from uapigen.syscalls.sources import package, shipped
from uapigen.syscalls.sources.kernels import Kernel, find_kernel
from uapigen.syscalls.sources.leads import own
from uapigen.syscalls.sources.shipped import Entry

__all__ = ["syscall_table"]

_NOT_IMPLEMENTED = "not implemented: the number is taken, and every kernel answers ENOSYS"
_PRIVATE = "private to the architecture: no entry of the kernel's table"
_INDIRECT = {
    "sys_syscall": "indirect: makes the call whose number is its first argument",
    "alpha_syscall_zero": "indirect: makes the call whose number is its first argument",
    "sunos_execv": "assembler: no source has its prototype",
}
_UNKNOWN = "newer than the kernels that the sources are of, or not in their configurations"


def syscall_table(
    abi: str,
    *,
    sources: Sequence[Prototypes] = (),
    btf: TypeGraph | None = None,
    numbers: Mapping[str, int] | None = None,
    numbers_source: str = package.SOURCE,
    entries: Mapping[str, TableEntry] | None = None,
) -> SyscallTable:
    """All syscalls of an ABI, by number.

    ``sources`` have prototypes of this ABI, and are believed before ``btf`` (of a kernel of this
    ABI) and the shipped table. ``numbers`` are the full numbers by name, from the package
    system-calls where not given; ``numbers_source`` names who they are from. ``entries`` say by
    name where numbers lead, from the same source, and are believed before the shipped table's.

    Raises :class:`~uapigen.errors.UsageError` for an unknown ABI,
    :class:`~uapigen.errors.SystemRefusalError` where the numbers' package is not installed.
    """
    known = find_abi(abi)
    if numbers is None:
        numbers = package.numbers(known.name)
    trusted = list(sources)
    if btf is not None:
        from uapigen.syscalls.sources.btf import prototypes

        trusted.append(prototypes(btf))
    trusted.append(shipped.prototypes(known.name))
    join = _Join(known, trusted, numbers_source, entries or {})
    table = SyscallTable(
        known.name,
        tuple(
            join.syscall(name, number)
            for name, number in sorted(numbers.items(), key=lambda item: (item[1], item[0]))
        ),
        (numbers_source, *(source.source for source in trusted)),
    )
    table.disagreements += join.disagreements
    return table


class _Join:
    """The sources of one table, and what they do not agree on."""

    def __init__(
        self,
        abi: SyscallAbi,
        sources: Sequence[Prototypes],
        numbers_source: str,
        given: Mapping[str, TableEntry],
    ) -> None:
        """``sources`` end with the shipped one; ``given`` are entries from the numbers' source."""
        self._abi = abi
        self._sources = sources
        self._numbers_source = numbers_source
        self._given = given
        self._model = find_target(abi.name)
        self._kernel: Kernel = find_kernel(abi.name)
        self._shipped = shipped.entries(abi.name)
        self._disbelieved = shipped.others(abi.name)
        self.disagreements: list[Disagreement] = []

    def _entry(self, name: str) -> Entry | None:
        """Where a name leads: as given, as shipped, or else to the entry that is called like it."""
        found = self._shipped.get(name)
        row = self._given.get(name)
        if row is not None:
            ours = own(row, self._abi.name)
            if found and found.own and found.symbol != ours.entry:
                believed = f"{self._numbers_source}: {ours.entry or 'none'}"
                other = f"{shipped.SOURCE}: {found.symbol or 'none'}"
                self.disagreements.append(Disagreement(name, "entry", believed, other))
            return Entry(ours.entry, ours.compat_entry, True, found.since if found else "")
        symbol = f"sys_{name}"
        *others, _ = self._sources  # the shipped one has said what it knows
        if found is None and any(symbol in source.params for source in others):
            return Entry(symbol, "", True, "")
        return found

    def syscall(self, name: str, number: int) -> Syscall:
        """One syscall; parts that no source has are empty, and the reason says so."""
        entry = self._entry(name)
        source = self._numbers_source
        since = entry.since if entry else ""
        made = Syscall(number, name, "", None, returns(name), since, provenance=(source,))
        if entry is None:
            private = self._abi.private_base
            if private is not None and number >= private:
                return made._replace(reason=_PRIVATE)
            return made._replace(reason=_UNKNOWN)
        if not entry.symbol:
            return made._replace(reason=_NOT_IMPLEMENTED)
        prefixed = self._prefixed(entry.symbol) if entry.own else ""
        made = made._replace(entry=prefixed, compat=self._compat(entry.compat))
        symbol = target(self._kernel.directory, entry.symbol)
        said = [(s, s.params[symbol]) for s in self._sources if symbol in s.params]
        if not said:
            return made._replace(reason=_INDIRECT.get(entry.symbol, _UNKNOWN))
        believed, params = said[0]
        others = [(other.source, its) for other, its in said[1:]]
        others += self._disbelieved.get(symbol, {}).items()
        for other, its in others:
            found = _differences(name, believed.source, params, other, its)
            self.disagreements += (each for each in found if each not in self.disagreements)
        params = directed(name, params)
        lowering, reason = self._lowered(name, params)
        provenance = (source, *believed.provenance(symbol))
        return made._replace(params=params, lowering=lowering, reason=reason, provenance=provenance)

    def _lowered(self, name: str, params: Params) -> tuple[tuple[Lowered, ...], str]:
        try:
            return lower(self._abi, name, params, self._model), ""
        except InputError as error:
            return (), error.problem

    def _prefixed(self, symbol: str) -> str:
        """The kernel's own name of an entry symbol."""
        if symbol.startswith("compat_sys_"):
            return self._compat(symbol)
        if symbol.startswith("sys_"):
            return self._abi.entry_prefix + symbol.removeprefix("sys_")
        return symbol

    def _compat(self, symbol: str) -> str:
        if symbol.startswith("compat_sys_") and self._abi.compat_prefix:
            return self._abi.compat_prefix + symbol.removeprefix("compat_sys_")
        return symbol


def _differences(
    name: str, source: str, params: Params, other: str, its: Params
) -> Iterator[Disagreement]:
    """What two sources do not agree on."""
    if len(params) != len(its):
        yield Disagreement(
            name, "parameters", f"{source}: {_shown(params)}", f"{other}: {_shown(its)}"
        )
        return
    for at, (ours, theirs) in enumerate(zip(params, its, strict=True), 1):
        if ours.name != theirs.name:
            yield Disagreement(
                name, f"name of parameter {at}", f"{source}: {ours.name}", f"{other}: {theirs.name}"
            )
        if ours.c_type != theirs.c_type:
            yield Disagreement(
                name,
                f"type of {ours.name}",
                f"{source}: {ours.c_type}",
                f"{other}: {theirs.c_type}",
            )


def _shown(params: Params) -> str:
    return ", ".join(f"{param.c_type} {param.name}" for param in params) or "none"

"""The table that uapigen ships: entries and prototypes of all ABIs.

``shipped.json`` is made by ``python -m uapigen.syscalls.extract`` and holds facts alone, a line
for each: names, types, numbers of releases. In it,

- ``sources`` are the sources' names; what follows refers to them by index;
- an entry's line is ``[name, first release, {"entry": ABIs, "entry compat": ABIs}]``, where the
  second symbol is that of a 64-bit kernel. No entry: the number has no implementation. ``~`` before
  an entry: the parameters are its, what the ABI's own is called is not known.
- a prototype's line is ``[entry, ABIs, parameters, sources, {source: other parameters}]``.

``*`` for ABIs is all that no other line or key of the same name lists.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, NamedTuple, TypeVar

from uapigen.ir.syscalls import SyscallParam
from uapigen.syscalls.prototypes import Params, Prototypes

__all__ = ["SOURCE", "Entry", "entries", "others", "prototypes", "read_param", "write_param"]

SOURCE = "shipped"
_T = TypeVar("_T")
FILE = "shipped.json"
EVERY = "*"
LIKE = "~"


class Entry(NamedTuple):
    """Where a name leads on one ABI, without the architecture's prefix."""

    symbol: str
    """The entry with the parameters; "" for a number without an implementation."""
    compat: str
    """That of a 64-bit kernel, where it is another."""
    own: bool
    """Whether that is the ABI's own symbol; if not, what that is called is not known."""
    since: str
    """The first kernel release that has the call on any architecture; "" where not known."""


class _Prototype(NamedTuple):
    params: Params
    sources: tuple[str, ...]
    others: dict[str, Params]


def write_param(param: SyscallParam) -> str:
    """A parameter as the file has it."""
    return f"{param.c_type} {param.name}"


def read_param(text: str) -> SyscallParam:
    """A parameter from the file."""
    c_type, _, name = text.rpartition(" ")
    return SyscallParam(name, c_type)


def entries(abi: str) -> dict[str, Entry]:
    """Where the names of syscalls lead on an ABI."""
    found = {}
    for name, since, symbols in _file()["entries"]:
        key = _of_abi({abis: symbols_ for symbols_, abis in symbols.items()}, abi)
        if key is not None:
            symbol, _, compat = key.partition(" ")
            found[name] = Entry(
                symbol.removeprefix(LIKE), compat, not symbol.startswith(LIKE), since
            )
    return found


def prototypes(abi: str) -> Prototypes:
    """The shipped prototypes for an ABI, by the entry symbol."""
    found = _prototypes(abi)
    return Prototypes(
        SOURCE,
        {entry: said.params for entry, said in found.items()},
        {entry: said.sources for entry, said in found.items()},
    )


def others(abi: str) -> dict[str, dict[str, Params]]:
    """What sources say who were not believed when the table was made: by entry, by source."""
    return {entry: said.others for entry, said in _prototypes(abi).items() if said.others}


@functools.cache
def _prototypes(abi: str) -> dict[str, _Prototype]:
    data = _file()
    names = data["sources"]
    lines: dict[str, dict[str, tuple[list[str], list[int], dict[str, list[str]]]]] = {}
    for entry, abis, params, sources, other in data["prototypes"]:
        lines.setdefault(entry, {})[abis] = params, sources, other
    found = {}
    for entry, by_abis in lines.items():
        line = _of_abi(by_abis, abi)
        if line is not None:
            params, sources, other = line
            found[entry] = _Prototype(
                tuple(map(read_param, params)),
                tuple(names[index] for index in sources),
                {names[int(i)]: tuple(map(read_param, said)) for i, said in other.items()},
            )
    return found


def _of_abi(by_abis: Mapping[str, _T], abi: str) -> _T | None:
    for abis, value in by_abis.items():
        if abi in abis.split():
            return value
    return by_abis.get(EVERY)


@functools.cache
def _file() -> dict[str, Any]:
    text = files(__package__).joinpath(FILE).read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found

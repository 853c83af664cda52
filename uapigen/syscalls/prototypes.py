"""What a source of prototypes hands over: parameters by entry symbol, for one ABI.

An entry symbol is the kernel's function that a syscall's number leads to, without what the
architecture puts before it: ``sys_newfstat``, ``compat_sys_newfstat``. C types are spelled as
``ir/spelling.py`` does, so that two sources that say the same say it in the same words.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeAlias

from uapigen.errors import InputError
from uapigen.ir.syscalls import SyscallParam

__all__ = ["Params", "Prototypes", "c_type", "make_param", "params"]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

Params: TypeAlias = tuple[SyscallParam, ...]


class Prototypes(NamedTuple):
    """All that one source knows of one ABI's prototypes."""

    source: str
    """The source's name in a provenance: ``tracefs 6.18.44``."""
    params: Mapping[str, Params]
    """By entry symbol."""
    origins: Mapping[str, tuple[str, ...]] = {}
    """Where the source got an entry's prototype, if it has it from others."""

    def provenance(self, entry: str) -> tuple[str, ...]:
        """Who says so: the source, and whom it has it from."""
        return (self.source, *self.origins.get(entry, ()))


@functools.lru_cache(maxsize=4096)
def c_type(declaration: str) -> str:
    """A type's name as ``ir/spelling.py`` spells it, without ``__user`` and its like.

    Raises :class:`~uapigen.errors.InputError` for what is no type.
    """
    from uapigen.headers.parse import parse_type

    return parse_type(declaration).spelling


def make_param(name: str, spelling: str) -> SyscallParam:
    """A parameter of a type that is spelled as it should be.

    Raises :class:`~uapigen.errors.InputError` for a name that C does not know as one: sources may
    be anybody's.
    """
    if not _NAME.fullmatch(name):
        raise InputError("", "", f"{name!r} is no parameter's name")
    return SyscallParam(name, spelling)


def params(pairs: Iterable[tuple[str, str]]) -> Params:
    """Parameters of (type, name), the types in any spelling; raises as the two above."""
    return tuple(make_param(name, c_type(declaration)) for declaration, name in pairs)

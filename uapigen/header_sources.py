"""From the headers a user names to what they say, with BTF beside them or without."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn

from uapigen.errors import InputError, SystemRefusalError, UsageError
from uapigen.headers.options import HeaderOptions
from uapigen.ir.declarations import Omission
from uapigen.ir.graph import TypeGraph
from uapigen.ir.units import Joined, join
from uapigen.layout.targets import DataModel, find_target, host_arch

__all__ = ["OpenedHeaders", "header_paths", "header_target", "open_headers", "refuse_nothing"]


class OpenedHeaders(NamedTuple):
    """Headers, joined with BTF if there is some."""

    joined: Joined
    failed: list[Omission]
    """Headers that could not be read, where that does not end the run."""


def header_target(headers: Sequence[str], arch: str | None) -> DataModel:
    """The target that headers are read for: ``arch``, where they lie, or this machine."""
    from uapigen.headers.targets import target_of_path

    found = arch or target_of_path(headers[0]) or host_arch()
    if found is None:
        raise UsageError("this machine's architecture is unknown: name one with --arch")
    return find_target(found)


def header_paths(names: Sequence[str], options: HeaderOptions) -> list[str]:
    """The files of headers named by path, or as C includes them (``linux/fuse.h``).

    Raises :class:`SystemRefusalError` for one that is neither.
    """
    from uapigen.headers.targets import include_directories

    found = []
    for name in names:
        path = name
        if not os.path.lexists(name) and not os.path.isabs(name):
            tried = (os.path.join(folder, name) for folder in include_directories(options))
            path = next(filter(os.path.isfile, tried), name)
        if not os.path.lexists(path):
            raise SystemRefusalError(f"{name}: No such file, nor is it in an include directory")
        found.append(path)
    return found


def open_headers(
    names: Sequence[str],
    model: DataModel,
    btf: TypeGraph | None = None,
    *,
    keep_going: bool = False,
    **said: Any,
) -> OpenedHeaders:
    """Read headers for a target; ``said`` as in :class:`HeaderOptions`.

    Raises :class:`~uapigen.errors.InputError` for one that cannot be parsed
    (unless ``keep_going``, and something is left), :class:`SystemRefusalError` for
    one that is not there.
    """
    from uapigen.headers.read import read_headers

    options = HeaderOptions(model, **said)
    read = read_headers(header_paths(names, options), options, keep_going=keep_going)
    if btf is None and not read.units:
        refuse_nothing(read.failed)
    return OpenedHeaders(join(read.units, btf), read.failed)


def refuse_nothing(failed: Sequence[Omission]) -> NoReturn:
    """Raise the :class:`InputError` of a run in which no header could be read."""
    others = len(failed) - 1
    more = f"; and the other {others} headers cannot be read, either" if others else ""
    raise InputError("", "", failed[0].reason + more)

"""Reading many headers: each is a unit of its own, in two processes where that pays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from uapigen.errors import InputError
from uapigen.headers.files import FileNames
from uapigen.headers.options import HeaderOptions
from uapigen.ir.declarations import Omission, Unit

__all__ = ["Headers", "read_each", "read_headers"]


@dataclass
class Headers:
    """What was read of the headers given."""

    units: list[Unit] = field(default_factory=list)
    """In the order of the headers."""
    failed: list[Omission] = field(default_factory=list)
    """Headers that could not be read, each with the reason."""


def read_each(
    paths: Sequence[str], options: HeaderOptions, *, keep_going: bool = False
) -> Iterator[Unit | Omission]:
    """Read headers one after the other; what one of them defines is in its own unit alone.

    A header that cannot be read raises :class:`InputError` or, with
    ``keep_going``, is an omission of the kind ``header``.
    """
    from uapigen.headers.clang import read_header

    paths = list(dict.fromkeys(paths))
    names = FileNames(paths, options)
    for path in paths:
        try:
            yield read_header(path, options, names)
        except InputError as error:
            if not keep_going:
                raise
            yield Omission(names.module(path), "header", path, str(error))


def read_headers(
    paths: Sequence[str], options: HeaderOptions, *, keep_going: bool = False
) -> Headers:
    """Read headers; raises :class:`InputError` for the first that fails, unless ``keep_going``."""
    headers = Headers()
    for read in read_each(paths, options, keep_going=keep_going):
        if isinstance(read, Unit):
            headers.units.append(read)
        else:
            headers.failed.append(read)
    return headers

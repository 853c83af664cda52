"""Reading headers, each as a unit of its own, by the front end that there is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from uapigen.errors import InputError, SystemRefusalError
from uapigen.headers.files import FileNames
from uapigen.headers.options import HeaderOptions
from uapigen.ir.declarations import Omission, Unit

__all__ = ["Headers", "front_end", "read_each", "read_headers"]


@dataclass
class Headers:
    """What was read of the headers given."""

    units: list[Unit] = field(default_factory=list)
    """In the order of the headers."""
    failed: list[Omission] = field(default_factory=list)
    """Headers that could not be read, each with the reason."""


class _Reader(Protocol):
    """A front end."""

    def __call__(
        self, path: str, options: HeaderOptions, names: FileNames | None = None
    ) -> Unit: ...


def front_end(options: HeaderOptions) -> _Reader:
    """The front end that the options name, or the first that works here.

    That is libclang; where it cannot load, pycparser.
    """
    if options.frontend != "pycparser":
        from uapigen.headers.clang import read_header
        from uapigen.headers.clang_library import library

        if options.frontend == "clang":
            return read_header
        with suppress(SystemRefusalError):
            library()
            return read_header
    from uapigen.headers import pycparser_frontend

    return pycparser_frontend.read_header


def read_each(
    paths: Iterable[str],
    options: HeaderOptions,
    *,
    keep_going: bool = False,
    given: Sequence[str] | None = None,
    told: Collection[str] = (),
) -> Iterator[Unit | Omission]:
    """Read headers one after the other; what one of them defines is in its own unit alone.

    ``given`` are all headers of the run, where others are read elsewhere; ``told`` as in
    :class:`FileNames`. A header that cannot be read raises :class:`InputError` or, with
    ``keep_going``, is an omission of the kind ``header``.
    """
    read_header = front_end(options)
    if given is None:
        given = paths = list(dict.fromkeys(paths))
    names = FileNames(given, options, told)
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

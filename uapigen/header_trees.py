"""From a directory of headers to what they say, each by itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from uapigen.errors import UsageError
from uapigen.header_sources import header_target, open_headers, refuse_nothing
from uapigen.headers.options import HeaderOptions
from uapigen.headers.read import Headers
from uapigen.headers.targets import is_of_other_target, tree_of_header
from uapigen.ir.declarations import Omission
from uapigen.ir.units import join
from uapigen.layout.targets import DataModel
from uapigen.sources import Opened

__all__ = ["HeaderTree", "OpenedTree"]

OpenedTree = tuple[Opened, list[Omission]]
"""What was read, and headers that could not be."""


class HeaderTree:
    """The headers below a directory; ``said`` as in :class:`HeaderOptions`."""

    def __init__(self, folder: str, arch: str | None, said: dict[str, Any]) -> None:
        self.names = sorted(_headers(folder))
        if not self.names:
            raise UsageError(f"{folder}: neither generated bindings nor a directory with headers")
        # What lies below may be for several targets: the directory's own place tells, or nothing.
        self.model: DataModel = header_target([os.path.join(folder, "any.h")], arch)
        self.names = [
            name
            for name in self.names
            if not is_of_other_target(os.path.relpath(name, folder), self.model.arch)
        ]
        self.options = HeaderOptions(self.model, **said)
        if tree_of_header(self.names[0]) is None:
            # C includes them as sub/name.h: from the directory that has these, or from above it.
            within = any(entry.is_dir() for entry in os.scandir(folder))
            root = folder if within else os.path.dirname(os.path.abspath(folder))
            dirs = (*self.options.include_dirs, root)
            self.options = replace(self.options, include_dirs=dirs)

    def open(self) -> OpenedTree:
        """Read all that the headers say."""
        said = {name: getattr(self.options, name) for name in _SAID}
        read = open_headers(self.names, self.model, keep_going=True, **said)
        return Opened(read.joined.graph, self.model, read.joined), read.failed

    def open_facts(self) -> OpenedTree:
        """Read what a comparison needs of the headers."""
        from uapigen.headers.pairs import read_tree

        return self._opened(read_tree(self.names, self.options))

    def open_facts_beside(self, other: HeaderTree) -> tuple[OpenedTree, OpenedTree]:
        """Read what a comparison with another tree needs of both."""
        from uapigen.headers.pairs import read_pair

        old, new = read_pair((self.names, self.options), (other.names, other.options))
        return self._opened(old), other._opened(new)

    def _opened(self, headers: Headers) -> OpenedTree:
        if not headers.units:
            refuse_nothing(headers.failed)
        joined = join(headers.units)
        return Opened(joined.graph, self.model, joined), headers.failed


_SAID = ("sysroot", "include_dirs", "defines", "undefines", "includes", "frontend", "cpp")


def _headers(folder: str) -> Iterator[str]:
    for path, _, files in os.walk(folder):
        yield from (os.path.join(path, file) for file in files if file.endswith(".h"))

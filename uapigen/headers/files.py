"""The files of a reading: how C includes each of them, and whose it is.

A file is the kernel's (or the user's own), and what it defines is emitted; or
it belongs to the system's C library or compiler, and only what others need of
it is.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache

from uapigen.headers.options import HeaderOptions
from uapigen.headers.targets import (
    BUILTIN,
    UAPI_DIRECTORIES,
    include_directories,
    tree_of_header,
)

__all__ = ["FileNames", "reachable", "read_source"]


@lru_cache(maxsize=8192)
def _realpath(path: str) -> str:
    return os.path.realpath(path)


class FileNames:
    """Names the files of one reading; ``given`` are the headers that the user named.

    ``told`` are paths of others of which enough is known, from another header that
    includes them; it may grow while headers are read.
    """

    def __init__(
        self, given: Sequence[str], options: HeaderOptions, told: Collection[str] = ()
    ) -> None:
        self._told = told
        self._given = {_realpath(path): path for path in given}
        own = [_realpath(directory) for directory in options.include_dirs]
        found = dict.fromkeys(own)
        for tree in {tree_of_header(path): path for path in given}.values() or ("",):
            found |= dict.fromkeys(map(_realpath, include_directories(options, tree)))
        builtin = str(BUILTIN)
        system = {_realpath(d) for d in include_directories(options)} - set(own) | {builtin}
        # What lies below one of these is the user's.
        self._own = set(found) - system
        self._directories = sorted({*found, *system}, key=len, reverse=True)
        for path in self._given:
            directory = self._directory(path)
            if directory not in system:
                self._own.add(directory or os.path.dirname(path))

    def canonical(self, path: str) -> str:
        """The one path that stands for a file: as the user gave it, else absolute."""
        real = _realpath(path)
        return self._given.get(real, real)

    def elsewhere(self, path: str) -> bool:
        """Whether what an included file defines is said elsewhere, by its canonical path."""
        return path in self._told or self.system(path) or self._given.get(_realpath(path)) == path

    def module(self, path: str) -> str:
        """The path below its include directory: ``linux/fuse.h``."""
        for whole in (_realpath(path), os.path.abspath(path)):
            directory = self._directory(whole)
            if directory is not None:
                return os.path.relpath(whole, directory)
        return os.path.basename(path)

    def system(self, path: str) -> bool:
        """Whether it is the C library's or the compiler's."""
        real = _realpath(path)
        if real in self._given:
            return False
        directory = self._directory(real)
        if directory in self._own or os.path.dirname(real) in self._own:
            return False
        head, _, tail = self.module(path).partition("/")
        return not (tail and head in UAPI_DIRECTORIES)

    def _directory(self, path: str) -> str | None:
        """The include directory that a file lies below, the innermost of several."""
        for directory in self._directories:
            if path.startswith(directory + os.sep):
                return directory
        return tree_of_header(path)


def reachable(first: str, includes: Mapping[str, Iterable[str]]) -> set[str]:
    """A file and all that it includes, directly or not."""
    found = {first}
    todo = [first]
    while todo:
        new = [file for file in includes.get(todo.pop(), ()) if file not in found]
        found.update(new)
        todo += new
    return found


def read_source(path: str) -> bytes:
    """A header's bytes; kept for the next one that includes it, as long as the file is the same."""
    status = os.stat(path)
    return _read(path, status.st_ino, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=4096)  # more than a tree has, which is read in turns
def _read(path: str, _inode: int, _modified: int, _size: int) -> bytes:
    with open(path, "rb") as file:
        return file.read()

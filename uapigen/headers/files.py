"""The files of a unit: how C includes each of them, and whose it is.

A file is the kernel's (or the user's own), and what it defines is emitted; or
it belongs to the system's C library or compiler, and only what others need of
it is.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence

from uapigen.headers.targets import BUILTIN, UAPI_DIRECTORIES, tree_of_header

__all__ = ["FileNames", "reachable"]


class FileNames:
    """Names the files of one reading; ``given`` are the headers that the user named.

    ``directories`` are the include directories, of which the first ``own`` are
    the user's: what lies there is never the system's.
    """

    def __init__(self, given: Iterable[str], directories: Sequence[str], own: int) -> None:
        self._given = {os.path.realpath(path): path for path in given}
        whole = [os.path.realpath(directory) for directory in directories]
        self._own = set(whole[:own])
        self._directories = sorted({*whole, str(BUILTIN)}, key=len, reverse=True)
        system = {*whole[own:], str(BUILTIN)}
        for path in self._given:
            directory = self._directory(path) or os.path.dirname(path)
            if directory not in system:
                self._own.add(directory)

    def canonical(self, path: str) -> str:
        """The one path that stands for a file: as the user gave it, else absolute."""
        real = os.path.realpath(path)
        return self._given.get(real, real)

    def module(self, path: str) -> str:
        """The path below its include directory: ``linux/fuse.h``."""
        for whole in (os.path.realpath(path), os.path.abspath(path)):
            directory = self._directory(whole)
            if directory is not None:
                return os.path.relpath(whole, directory)
        return os.path.basename(path)

    def system(self, path: str) -> bool:
        """Whether it is the C library's or the compiler's."""
        real = os.path.realpath(path)
        if real in self._given:
            return False
        if self._directory(real) in self._own:
            return False
        head, _, tail = self.module(path).partition("/")
        return not (tail and head in UAPI_DIRECTORIES)

    def _directory(self, path: str) -> str | None:
        """The include directory that a file lies below, the innermost of several."""
        for directory in self._directories:
            if path.startswith(directory + os.sep):
                return directory
        return tree_of_header(path)


def reachable(first: int, includes: Mapping[int, Iterable[int]]) -> set[int]:
    """A file and all that it includes, directly or not."""
    found = {first}
    todo = [first]
    while todo:
        new = [file for file in includes.get(todo.pop(), ()) if file not in found]
        found.update(new)
        todo += new
    return found

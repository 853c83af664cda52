"""Reporting an exception that nobody can catch, as the interpreter does it."""

from __future__ import annotations

import ctypes
import sys

__all__ = ["report"]

_REPORTER = ctypes.CFUNCTYPE(None)


class _Raiser:
    """Raises where the interpreter hands what is raised to ``sys.unraisablehook``.

    Nothing in Python makes the arguments of the hook; ctypes does, of what leaves a callback.
    """

    def __init__(self, error: BaseException, where: str) -> None:
        self.error, self.where = error, where

    def __call__(self) -> None:
        raise self.error

    def __repr__(self) -> str:
        return self.where


def report(error: BaseException, where: str) -> None:
    """Hand an error to ``sys.unraisablehook``; ``where`` is the text for its ``object``."""
    _REPORTER(_Raiser(error, where))()
    sys.stderr.flush()

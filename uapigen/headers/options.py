"""What a user says of how headers are to be read."""

from __future__ import annotations

from dataclasses import dataclass

from uapigen.layout.targets import DataModel

__all__ = ["HeaderOptions"]


@dataclass(frozen=True)
class HeaderOptions:
    """For which target, with which directories and definitions, by which front end."""

    model: DataModel
    sysroot: str | None = None
    """Directory that stands for ``/`` when the target's own headers are looked for."""
    include_dirs: tuple[str, ...] = ()
    """``-I``: looked into before the target's own."""
    defines: tuple[str, ...] = ()
    """``-D``: ``NAME`` or ``NAME=VALUE``."""
    undefines: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()
    """``--include``: headers to be read first, as C includes them or by path."""
    frontend: str | None = None
    """``clang`` or ``pycparser``; None for the first that works here."""
    cpp: str = "cc -E"
    """The preprocessor's command, for pycparser."""

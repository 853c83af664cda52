"""One line on a terminal that says what a longer run is doing; nothing in a pipe."""

from __future__ import annotations

import sys

__all__ = ["Progress"]


class Progress:
    """Shows steps on standard error while it is a terminal."""

    def __init__(self, *, enabled: bool) -> None:
        self._enabled = enabled and sys.stderr.isatty()

    def step(self, what: str) -> None:
        """Replace the line."""
        if self._enabled:
            print(f"\r\x1b[Kuapigen: {what} …", end="", file=sys.stderr, flush=True)

    def done(self) -> None:
        """Take the line away."""
        if self._enabled:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

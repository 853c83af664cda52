"""A file system that cannot be mounted."""

from __future__ import annotations

from typing import Any


class Unmountable:
    name = b"unmountable"

    def fill_super(self, sb: Any) -> None:  # noqa: ARG002
        raise RuntimeError("it has no root")

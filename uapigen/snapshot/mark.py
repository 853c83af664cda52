"""How a snapshot is told from other files; apart, for every run asks."""

from __future__ import annotations

__all__ = ["MARK", "is_snapshot"]

MARK = "uapigen_snapshot"
"""A snapshot's first key."""
_SPACE = b" \t\r\n"


def is_snapshot(data: bytes | bytearray) -> bool:
    """Whether a file that begins so is a snapshot: its first key says so."""
    if data[:1] not in b"{ \t\r\n" or not data:
        return False
    begin = bytes(data[:4096]).lstrip(_SPACE)
    return begin[:1] == b"{" and begin[1:].lstrip(_SPACE).startswith(f'"{MARK}"'.encode())

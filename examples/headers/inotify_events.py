"""Watch a directory: what inotify says when a file is written, renamed and removed in it.

    python inotify_events.py

Events of any length follow each other in one read; the name is a flexible array.
"""

from __future__ import annotations

import ctypes
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from uapi import bindings, syscall

m = bindings("linux/inotify.h", "asm/unistd.h")

EVENTS = ("IN_CREATE", "IN_CLOSE_WRITE", "IN_MOVED_FROM", "IN_MOVED_TO", "IN_DELETE")


def events(data: bytes) -> Iterator[tuple[Any, str]]:
    """Each event and the name of the file that it is about."""
    buffer = bytearray(data)
    at = 0
    while at < len(buffer):
        event = m.inotify_event.from_buffer(buffer, at)
        name = bytes(m.flexible(event, "name", event.len))
        yield event, os.fsdecode(name.rstrip(b"\0"))
        at += ctypes.sizeof(event) + event.len


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        inotify = syscall(m.__NR_inotify_init1, m.IN_CLOEXEC)
        mask = sum(getattr(m, name) for name in EVENTS)
        syscall(m.__NR_inotify_add_watch, inotify, os.fsencode(directory), mask)
        Path(directory, "draft").write_text("text")
        Path(directory, "draft").rename(Path(directory, "final"))
        Path(directory, "final").unlink()
        renames: dict[int, int] = {}
        for event, name in events(os.read(inotify, 4096)):
            (what,) = (what for what in EVENTS if event.mask & getattr(m, what))
            number = renames.setdefault(event.cookie, len(renames) + 1) if event.cookie else 0
            print(what, name, *([f"of rename {number}"] if number else []))
        os.close(inotify)


if __name__ == "__main__":
    main()

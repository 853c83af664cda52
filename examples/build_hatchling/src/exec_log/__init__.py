"""Events of a BPF program that reports each exec, decoded."""

from __future__ import annotations

from exec_log import events

__all__ = ["describe"]


def describe(data: bytes) -> str:
    """An event as the ring buffer hands it over, in words."""
    event = events.exec_event.from_buffer_copy(data)
    kind = events.exec_kind(event.kind).name
    return f"{event.comm.decode()} ({event.pid}): {kind}"

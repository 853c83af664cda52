"""Read a BPF object's events without typing their struct again.

    clang -target bpf -g -O2 -c exec_event.bpf.c
    python read_events.py exec_event.bpf.o < events

The compiled object carries BTF, which describes ``struct exec_event`` as the program in the
kernel sees it: padding, bitfields, the anonymous union and the flexible array at its end. Events
come from standard input here, each behind its length in 4 bytes; with a ring buffer the body of
:func:`show` is the callback.
"""

from __future__ import annotations

import sys
from typing import Any, BinaryIO

import uapigen


def show(bpf: Any, data: bytearray) -> None:
    """Print one event; ``data`` is what the ring buffer hands over."""
    event = bpf.exec_event.from_buffer(data)
    path = bytes(bpf.flexible(event, "path")).split(b"\0")[0].decode()
    if event.kind == bpf.EXEC_FAILED:
        outcome = f"failed: error {event.error}"
    else:
        outcome = "by root" if event.is_root else f"by uid {event.uid}"
    print(f"{event.timestamp} {event.comm.decode()}[{event.pid}] {path} {outcome}")


def main(object_path: str, stream: BinaryIO) -> None:
    bpf = uapigen.load(object_path)
    while length := stream.read(4):
        show(bpf, bytearray(stream.read(int.from_bytes(length, sys.byteorder))))


if __name__ == "__main__":
    main(sys.argv[1], sys.stdin.buffer)

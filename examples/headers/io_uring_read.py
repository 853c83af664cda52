"""Read a file through io_uring: map its rings, submit a NOP and a read, take the completions.

    python io_uring_read.py [FILE]

The rings are memory shared with the kernel: ctypes objects laid over it, no copies.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
from collections.abc import Iterator
from typing import Any

from uapi import bindings, syscall

m = bindings("linux/io_uring.h", "asm/unistd.h")

NOP, READ = 1, 2
"""What comes back in ``user_data``."""


class Ring:
    """One io_uring of a few entries; prepare() some, then submit()."""

    def __init__(self, entries: int) -> None:
        params = m.io_uring_params()
        self.fd = syscall(m.__NR_io_uring_setup, entries, params)
        if not params.features & m.IORING_FEAT_SINGLE_MMAP:
            raise SystemExit("needs Linux 5.4")
        sq, cq = params.sq_off, params.cq_off
        size = max(
            sq.array + params.sq_entries * ctypes.sizeof(ctypes.c_uint32),
            cq.cqes + params.cq_entries * ctypes.sizeof(m.io_uring_cqe),
        )
        rings = mmap.mmap(self.fd, size, offset=m.IORING_OFF_SQ_RING)
        self.sq_tail = ctypes.c_uint32.from_buffer(rings, sq.tail)
        self.sq_array = (ctypes.c_uint32 * params.sq_entries).from_buffer(rings, sq.array)
        self.cq_head = ctypes.c_uint32.from_buffer(rings, cq.head)
        self.cq_tail = ctypes.c_uint32.from_buffer(rings, cq.tail)
        self.cqes = (m.io_uring_cqe * params.cq_entries).from_buffer(rings, cq.cqes)
        sqes = m.io_uring_sqe * params.sq_entries
        memory = mmap.mmap(self.fd, ctypes.sizeof(sqes), offset=m.IORING_OFF_SQES)
        self.sqes = sqes.from_buffer(memory)
        self.prepared = 0

    def prepare(self, **members: Any) -> None:
        """Fill in the next entry."""
        index = (self.sq_tail.value + self.prepared) % len(self.sqes)
        self.sqes[index] = m.io_uring_sqe(**members)
        self.sq_array[index] = index
        self.prepared += 1

    def submit(self) -> Iterator[Any]:
        """Hand over what was prepared, wait for all of it, and yield the completions."""
        count, self.prepared = self.prepared, 0
        self.sq_tail.value += count  # the system call orders memory
        enter = m.__NR_io_uring_enter
        syscall(enter, self.fd, count, count, m.IORING_ENTER_GETEVENTS, None, 0)
        while self.cq_head.value != self.cq_tail.value:
            yield self.cqes[self.cq_head.value % len(self.cqes)]
            self.cq_head.value += 1


def main(path: str = "/proc/version") -> None:
    ring = Ring(4)
    buffer = ctypes.create_string_buffer(4096)
    file = os.open(path, os.O_RDONLY)
    ring.prepare(opcode=m.IORING_OP_NOP, user_data=NOP)
    ring.prepare(
        opcode=m.IORING_OP_READ,
        fd=file,
        addr=ctypes.addressof(buffer),
        len=ctypes.sizeof(buffer),
        user_data=READ,
    )
    for completion in sorted(ring.submit(), key=lambda c: c.user_data):
        if completion.res < 0:
            raise OSError(-completion.res, os.strerror(-completion.res))
        if completion.user_data == NOP:
            print("the NOP is done")
        else:
            print(completion.res, "bytes read:", buffer.raw[: completion.res].decode().strip())
    os.close(file)
    os.close(ring.fd)


if __name__ == "__main__":
    main(*sys.argv[1:])

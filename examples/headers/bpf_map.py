"""Share data with BPF programs: make a hash map, update it, look in it, and walk through it.

    python bpf_map.py        (as root)

Keys and values are any structs; ``union bpf_attr`` is told their sizes and addresses.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
from collections.abc import Iterator
from typing import Any

from uapi import bindings, syscall

m = bindings("linux/bpf.h", "linux/in.h", "asm/unistd.h")


class Flow(ctypes.Structure):
    _fields_ = [("address", m.in_addr), ("port", m.__be16), ("protocol", m.__u16)]


def bpf(command: int, **members: Any) -> int:
    """bpf(2) with these members of ``union bpf_attr``."""
    attr = m.bpf_attr(**members)
    return syscall(m.__NR_bpf, command, attr, ctypes.sizeof(attr))


def keys(table: int) -> Iterator[Flow]:
    """Each key of a map, in the kernel's order."""
    at = 0  # no key yet: begin
    while True:
        key = Flow()
        try:
            bpf(m.BPF_MAP_GET_NEXT_KEY, map_fd=table, key=at, next_key=ctypes.addressof(key))
        except OSError as error:
            if error.errno == errno.ENOENT:
                return
            raise
        at = ctypes.addressof(key)
        yield key


def main() -> None:
    table = bpf(
        m.BPF_MAP_CREATE,
        map_type=m.BPF_MAP_TYPE_HASH,
        key_size=ctypes.sizeof(Flow),
        value_size=ctypes.sizeof(ctypes.c_uint64),
        max_entries=100,
        map_name=b"example",
    )
    count = ctypes.c_uint64()
    for last in range(1, 4):
        address = m.in_addr.from_buffer_copy(socket.inet_aton(f"192.0.2.{last}"))
        flow = Flow(address, socket.htons(80), m.IPPROTO_TCP)
        count.value = 100 * last
        where = {"key": ctypes.addressof(flow), "value": ctypes.addressof(count)}
        bpf(m.BPF_MAP_UPDATE_ELEM, map_fd=table, flags=m.BPF_NOEXIST, **where)
    for flow in keys(table):
        where = {"key": ctypes.addressof(flow), "value": ctypes.addressof(count)}
        bpf(m.BPF_MAP_LOOKUP_ELEM, map_fd=table, **where)
        address = socket.inet_ntoa(bytes(flow.address))
        print(f"{address} port {socket.ntohs(flow.port)}: {count.value} bytes")
    os.close(table)


if __name__ == "__main__":
    main()

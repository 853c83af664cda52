"""Decode a struct out of bytes: what this kernel knows about a TCP connection.

    python decode_struct.py

``getsockopt(TCP_INFO)`` fills in a ``struct tcp_info``, as much of it as this kernel has. Its
layout is asked of the kernel itself, so it fits whatever kernel this runs on; the usual format
string for ``struct.unpack`` fits the kernel that its author had, and says nothing of bitfields.
"""

from __future__ import annotations

import ctypes
import socket

import uapigen

kernel = uapigen.load("/sys/kernel/btf/vmlinux", only=["struct tcp_info", "enum tcp_ca_state"])


def tcp_info(connection: socket.socket) -> object:
    """The connection's ``struct tcp_info``."""
    size = ctypes.sizeof(kernel.tcp_info)
    data = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, size)
    return kernel.tcp_info.from_buffer_copy(data.ljust(size, b"\0"))


def main() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        peer, _ = server.accept()
        with client, peer:
            client.sendall(b"x" * 1000)
            peer.recv(1000, socket.MSG_WAITALL)
            info = tcp_info(client)
    print("window scale, sent and received:", info.tcpi_snd_wscale, info.tcpi_rcv_wscale)
    print("bytes sent:", info.tcpi_bytes_sent, "round trip:", info.tcpi_rtt, "us")
    print("congestion control:", kernel.tcp_ca_state(info.tcpi_ca_state).name)


if __name__ == "__main__":
    main()

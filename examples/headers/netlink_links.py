"""List the network interfaces: an RTM_GETLINK dump over netlink.

    python netlink_links.py

A netlink answer is a row of messages, each with a row of attributes behind a struct; all of them
are C structs, aligned by the headers' own macros (``NLMSG_ALIGN``).
"""

from __future__ import annotations

import ctypes
import os
import socket
from collections.abc import Iterator
from typing import Any

from uapi import bindings

m = bindings("linux/rtnetlink.h", "linux/if.h")


class Request(ctypes.Structure):
    """Generated structs go into structures of one's own like ctypes' types."""

    _fields_ = [("header", m.nlmsghdr), ("link", m.ifinfomsg)]


def messages(netlink: socket.socket) -> Iterator[tuple[Any, memoryview]]:
    """Header and payload of each message, until the dump is done."""
    while True:
        data = memoryview(netlink.recv(1 << 16))
        while data:
            header = m.nlmsghdr.from_buffer_copy(data)
            if header.nlmsg_type == m.NLMSG_DONE:
                return
            payload = data[ctypes.sizeof(m.nlmsghdr) : header.nlmsg_len]
            if header.nlmsg_type == m.NLMSG_ERROR:
                error = -m.nlmsgerr.from_buffer_copy(payload).error
                raise OSError(error, os.strerror(error))
            yield header, payload
            data = data[m.NLMSG_ALIGN(header.nlmsg_len) :]


def attributes(data: memoryview) -> dict[int, bytes]:
    """Attribute type -> its bytes."""
    found = {}
    while data:
        attribute = m.rtattr.from_buffer_copy(data)
        found[attribute.rta_type] = bytes(data[ctypes.sizeof(m.rtattr) : attribute.rta_len])
        data = data[m.RTA_ALIGN(attribute.rta_len) :]
    return found


def main() -> None:
    request = Request()
    request.header.nlmsg_len = ctypes.sizeof(request)
    request.header.nlmsg_type = m.RTM_GETLINK
    request.header.nlmsg_flags = m.NLM_F_REQUEST | m.NLM_F_DUMP
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, m.NETLINK_ROUTE) as netlink:
        netlink.send(request)
        for _, payload in messages(netlink):
            link = m.ifinfomsg.from_buffer_copy(payload)
            known = attributes(payload[m.NLMSG_ALIGN(ctypes.sizeof(link)) :])
            name = known[m.IFLA_IFNAME].rstrip(b"\0").decode()
            mtu = int.from_bytes(known[m.IFLA_MTU], m.__abi__["byteorder"])
            # A newer kernel's struct is longer, an older one's shorter.
            size = ctypes.sizeof(m.rtnl_link_stats64)
            stats = m.rtnl_link_stats64.from_buffer_copy(known[m.IFLA_STATS64].ljust(size, b"\0"))
            state = "up" if link.ifi_flags & m.IFF_UP else "down"
            print(f"{link.ifi_index} {name} {state} mtu {mtu} received {stats.rx_bytes} bytes")


if __name__ == "__main__":
    main()

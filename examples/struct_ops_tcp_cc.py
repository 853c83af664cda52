"""A TCP congestion control of one's own in the running kernel: BPF struct_ops, from Python.

    python struct_ops_tcp_cc.py        (as root)

The kernel's table of a congestion control, ``struct tcp_congestion_ops``, is filled with BPF
programs. They keep the congestion window at what this process says in a map that both see.
Where members lie, which one is which, and by what ids the kernel knows its types, is in the
kernel's own BTF; there is no C compiler and no libbpf.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from bpf_asm import R0, R1, R2, R3, Program
from running_kernel import VMLINUX, bindings

import uapigen

NAME = b"uapigen_window"
TABLE = "struct tcp_congestion_ops"
WRAPPER = "struct bpf_struct_ops_tcp_congestion_ops"  # what user space fills: the table, and more
LOG_SIZE = 1 << 16

k = bindings("linux/bpf.h")
kernel = uapigen.load(VMLINUX)


# bpf(2)


def bpf(what: str, command: int, attr: Any = None, **members: Any) -> int:
    """bpf(2) with a ``union bpf_attr``, or with one of these members."""
    attr = attr or k.bpf_attr(**members)
    try:
        return k.syscalls.bpf(command, attr, ctypes.sizeof(attr))
    except OSError as error:
        raise type(error)(error.errno, f"{what}: {error.strerror}") from None


def load_btf(encoded: bytes) -> int:
    """What maps hold, in BTF; its file descriptor."""
    data = ctypes.create_string_buffer(encoded, len(encoded))
    return bpf("load BTF", k.BPF_BTF_LOAD, btf=ctypes.addressof(data), btf_size=len(encoded))


def load_program(member: str, program: Program) -> int:
    """Load what is called through a member of the table; if refused, with the verifier's words."""
    code, license_ = program.code(), ctypes.create_string_buffer(b"GPL")
    log = ctypes.create_string_buffer(LOG_SIZE)
    try:
        return bpf(
            f"load {member}",
            k.BPF_PROG_LOAD,
            prog_type=k.BPF_PROG_TYPE_STRUCT_OPS,
            attach_btf_id=kernel.btf_id(TABLE),
            expected_attach_type=kernel.btf_member_index(TABLE, member),
            insns=ctypes.addressof(code),
            insn_cnt=len(code),
            license=ctypes.addressof(license_),
            log_buf=ctypes.addressof(log),
            log_size=LOG_SIZE,
            log_level=1,
            prog_name=member.encode(),
        )
    except OSError as error:
        error.add_note(log.value.decode())
        raise


@contextmanager
def registered(programs: dict[str, int], own_btf: int) -> Iterator[None]:
    """Until the block ends, the kernel knows the table with these programs in it."""
    with ExitStack() as stack:
        key, value = ctypes.c_uint32(0), k.ctype(WRAPPER)()
        value.data.name = NAME
        for member, program in programs.items():
            setattr(value.data, member, program)  # in whose place the kernel puts its address
        table = bpf(
            "make a map for the table",
            k.BPF_MAP_CREATE,
            map_type=k.BPF_MAP_TYPE_STRUCT_OPS,
            map_flags=k.BPF_F_LINK,
            key_size=ctypes.sizeof(key),
            value_size=ctypes.sizeof(value),
            max_entries=1,
            btf_fd=own_btf,  # some BTF it must be, though the type is the kernel's
            btf_vmlinux_value_type_id=kernel.btf_id(WRAPPER),
            map_name=NAME,
        )
        stack.callback(os.close, table)
        where = {"key": ctypes.addressof(key), "value": ctypes.addressof(value)}
        bpf("fill the table", k.BPF_MAP_UPDATE_ELEM, map_fd=table, **where)
        attr = k.bpf_attr()
        attr.link_create.map_fd = table
        attr.link_create.attach_type = k.BPF_STRUCT_OPS
        link = bpf("register the table", k.BPF_LINK_CREATE, attr)
        stack.callback(os.close, link)  # which also happens if this process dies
        yield


# The algorithm


class Shared(ctypes.Structure):
    """The value of a map: this process reads and writes it, and so do the programs."""

    _fields_ = [("window", ctypes.c_uint32), ("acks", ctypes.c_uint32)]


def shared_map(own_btf: int, key_id: int, value_id: int) -> tuple[int, Shared]:
    """A map's file descriptor, and the value in it."""
    size = ctypes.sizeof(Shared)
    fd = bpf(
        "make a map",
        k.BPF_MAP_CREATE,
        map_type=k.BPF_MAP_TYPE_ARRAY,
        map_flags=k.BPF_F_MMAPABLE,
        key_size=4,
        value_size=size,
        max_entries=1,
        btf_fd=own_btf,
        btf_key_type_id=key_id,
        btf_value_type_id=value_id,
        map_name=NAME,
    )
    return fd, Shared.from_buffer(mmap.mmap(fd, size))


def cong_control(shared: int) -> Program:
    """On each acknowledgment: set the window, unless it is to be 0, and count."""
    program = Program(k)
    program.argument(R2, R1, 0)  # struct sock *sk, which the verifier knows as a tcp_sock
    program.map_value(R1, shared)
    program.load(R3, R1, Shared.window)
    program.jump_if_equal(R3, 0, "count")
    program.store(R2, k.tcp_sock.snd_cwnd, R3)
    program.label("count")
    program.move(R3, 1)
    program.atomic_add(R1, Shared.acks, R3)
    program.move(R0, 0)
    program.exit()
    return program


def window_now() -> Program:
    """After a loss, and if it was none: the window stays as it is."""
    program = Program(k)
    program.argument(R1, R1, 0)
    program.load(R0, R1, k.tcp_sock.snd_cwnd)
    program.exit()
    return program


# Sending


def send(byte_count: int) -> Any:
    """Send so much over loopback; the sender's ``struct tcp_info`` after it."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        receiver = threading.Thread(target=receive, args=(server, byte_count))
        receiver.start()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1000)  # many small segments
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, NAME)
        client.connect(server.getsockname())
        client.sendall(bytes(byte_count))
        receiver.join()
        size = ctypes.sizeof(k.tcp_info)
        data = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, size)
        return k.tcp_info.from_buffer_copy(data.ljust(size, b"\0"))


def receive(server: socket.socket, byte_count: int) -> None:
    connection, _ = server.accept()
    with connection:
        while byte_count:
            byte_count -= len(connection.recv(byte_count))


def is_selectable() -> bool:
    """Whether the kernel knows an algorithm of that name."""
    with socket.socket() as client:
        try:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, NAME)
        except FileNotFoundError:
            return False
        return True


def main() -> None:
    types = uapigen.btf.encode([ctypes.c_uint32, Shared])
    own_btf = load_btf(types)
    fd, shared = shared_map(own_btf, types.id(ctypes.c_uint32), types.id(Shared))
    programs = {
        "cong_control": load_program("cong_control", cong_control(fd)),
        "ssthresh": load_program("ssthresh", window_now()),
        "undo_cwnd": load_program("undo_cwnd", window_now()),
    }
    with registered(programs, own_btf):
        print("selectable:", is_selectable())
        for shared.window in (7, 23):
            shared.acks = 0
            info = send(100_000)
            segments = info.tcpi_data_segs_out
            print(
                f"window {info.tcpi_snd_cwnd}: {segments} segments, {shared.acks} acknowledgments"
            )
    for opened in (*programs.values(), fd, own_btf):
        os.close(opened)
    print("selectable:", is_selectable())


if __name__ == "__main__":
    main()

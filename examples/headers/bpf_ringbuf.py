"""Run a program in the kernel: load some BPF, run it on a packet, read the record that it sends.

    python bpf_ringbuf.py        (as root)

The program sends the length of the packet that it sees through a ring buffer.
"""

from __future__ import annotations

import ctypes
import mmap
import os
from typing import Any

from uapi import bindings, syscall

m = bindings("linux/bpf.h", "asm/unistd.h")

PAGE = mmap.PAGESIZE
R0, R1, R2, R3, R4, R10 = 0, 1, 2, 3, 4, 10
LOAD = m.BPF_LDX | m.BPF_MEM | m.BPF_W
STORE = m.BPF_STX | m.BPF_MEM | m.BPF_DW
SUB, MOVE = m.BPF_ALU64 | m.BPF_SUB | m.BPF_X, m.BPF_ALU64 | m.BPF_MOV | m.BPF_X
ADD_NUMBER, MOVE_NUMBER = m.BPF_ALU64 | m.BPF_ADD | m.BPF_K, m.BPF_ALU64 | m.BPF_MOV | m.BPF_K
LOAD_MAP = m.BPF_LD | m.BPF_DW | m.BPF_IMM


def bpf(command: int, attr: Any) -> int:
    return syscall(m.__NR_bpf, command, attr, ctypes.sizeof(attr))


def insn(code: int, dst: int = 0, src: int = 0, off: int = 0, imm: int = 0) -> Any:
    return m.bpf_insn(code=code, dst_reg=dst, src_reg=src, off=off, imm=imm)


def program(ring: int) -> list[Any]:
    """``n = xdp->data_end - xdp->data; bpf_ringbuf_output(ring, &n, 8, 0); return XDP_PASS;``"""
    return [
        insn(LOAD, R2, R1, off=m.xdp_md.data_end.offset),
        insn(LOAD, R3, R1, off=m.xdp_md.data.offset),
        insn(SUB, R2, R3),
        insn(STORE, R10, R2, off=-8),
        insn(LOAD_MAP, R1, m.BPF_PSEUDO_MAP_FD, imm=ring),
        insn(0),  # the second half of the map's address
        insn(MOVE, R2, R10),
        insn(ADD_NUMBER, R2, imm=-8),
        insn(MOVE_NUMBER, R3, imm=8),
        insn(MOVE_NUMBER, R4, imm=0),
        insn(m.BPF_JMP | m.BPF_CALL, imm=m.BPF_FUNC_ringbuf_output),
        insn(MOVE_NUMBER, R0, imm=m.XDP_PASS),
        insn(m.BPF_JMP | m.BPF_EXIT),
    ]


def load(insns: list[Any]) -> int:
    code, licence = (m.bpf_insn * len(insns))(*insns), ctypes.create_string_buffer(b"GPL")
    attr = m.bpf_attr(prog_type=m.BPF_PROG_TYPE_XDP, insn_cnt=len(code))
    attr.insns, attr.license = ctypes.addressof(code), ctypes.addressof(licence)
    return bpf(m.BPF_PROG_LOAD, attr)


def first_record(ring: int) -> bytes:
    """What was sent first, behind its header; the page before the records is the producer's."""
    with mmap.mmap(ring, PAGE + 2 * PAGE, prot=mmap.PROT_READ, offset=PAGE) as produced:
        length = ctypes.c_uint32.from_buffer_copy(produced, PAGE).value
        if length & (m.BPF_RINGBUF_BUSY_BIT | m.BPF_RINGBUF_DISCARD_BIT):
            raise RuntimeError("no record yet")
        start = PAGE + m.BPF_RINGBUF_HDR_SZ
        return produced[start : start + length]


def main() -> None:
    ring = bpf(m.BPF_MAP_CREATE, m.bpf_attr(map_type=m.BPF_MAP_TYPE_RINGBUF, max_entries=PAGE))
    loaded = load(program(ring))
    packet = ctypes.create_string_buffer(77)
    attr = m.bpf_attr()
    attr.test.prog_fd, attr.test.data_size_in = loaded, len(packet)
    attr.test.data_in = ctypes.addressof(packet)
    bpf(m.BPF_PROG_TEST_RUN, attr)
    print("the program answers", m.xdp_action(attr.test.retval).name)
    record = first_record(ring)
    print("it sent", len(record), "bytes:", int.from_bytes(record, m.__abi__["byteorder"]))
    os.close(loaded)
    os.close(ring)


if __name__ == "__main__":
    main()

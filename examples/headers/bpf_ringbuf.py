"""Run a program in the kernel: bpf(2) with a map, some BPF, and a ring buffer.

    python bpf_ringbuf.py        (as root)

The program counts its runs in an array map, and sends each count through the ring buffer.
"""

from __future__ import annotations

import ctypes
import mmap
import os
from collections.abc import Iterator
from typing import Any

from uapi import bindings, syscall

m = bindings("linux/bpf.h", "asm/unistd.h")

PAGE = mmap.PAGESIZE


def bpf(command: int, **members: Any) -> int:
    """bpf(2) with these members of ``union bpf_attr``."""
    attr = m.bpf_attr(**members)
    return syscall(m.__NR_bpf, command, attr, ctypes.sizeof(attr))


def insn(code: int, dst: int = 0, src: int = 0, off: int = 0, imm: int = 0) -> Any:
    return m.bpf_insn(code=code, dst_reg=dst, src_reg=src, off=off, imm=imm)


def load_map(register: int, fd: int) -> list[Any]:
    """Put a map's address into a register: an instruction of two."""
    code = m.BPF_LD | m.BPF_DW | m.BPF_IMM
    return [insn(code, register, m.BPF_PSEUDO_MAP_FD, imm=fd), insn(0)]


def counting_program(counts: int, ring: int) -> list[Any]:
    """What a C compiler makes of ``count = ++counts[0]; bpf_ringbuf_output(ring, &count, 8, 0)``."""
    move, move_imm = m.BPF_ALU64 | m.BPF_MOV | m.BPF_X, m.BPF_ALU64 | m.BPF_MOV | m.BPF_K
    add_imm = m.BPF_ALU64 | m.BPF_ADD | m.BPF_K
    call, exit_ = m.BPF_JMP | m.BPF_CALL, m.BPF_JMP | m.BPF_EXIT
    r0, r1, r2, r3, r4, r10 = 0, 1, 2, 3, 4, 10
    return [
        insn(m.BPF_ST | m.BPF_MEM | m.BPF_W, r10, off=-4, imm=0),
        *load_map(r1, counts),
        insn(move, r2, r10),
        insn(add_imm, r2, imm=-4),
        insn(call, imm=m.BPF_FUNC_map_lookup_elem),
        insn(m.BPF_JMP | m.BPF_JEQ | m.BPF_K, r0, off=11, imm=0),
        insn(m.BPF_LDX | m.BPF_MEM | m.BPF_DW, r1, r0),
        insn(add_imm, r1, imm=1),
        insn(m.BPF_STX | m.BPF_MEM | m.BPF_DW, r0, r1),
        insn(m.BPF_STX | m.BPF_MEM | m.BPF_DW, r10, r1, off=-16),
        *load_map(r1, ring),
        insn(move, r2, r10),
        insn(add_imm, r2, imm=-16),
        insn(move_imm, r3, imm=8),
        insn(move_imm, r4, imm=0),
        insn(call, imm=m.BPF_FUNC_ringbuf_output),
        insn(move_imm, r0, imm=m.XDP_PASS),
        insn(exit_),
    ]


def load(program: list[Any]) -> int:
    insns = (m.bpf_insn * len(program))(*program)
    licence, log = ctypes.create_string_buffer(b"GPL"), ctypes.create_string_buffer(1 << 16)
    try:
        return bpf(
            m.BPF_PROG_LOAD,
            prog_type=m.BPF_PROG_TYPE_XDP,
            insns=ctypes.addressof(insns),
            insn_cnt=len(insns),
            license=ctypes.addressof(licence),
            log_level=1,
            log_buf=ctypes.addressof(log),
            log_size=len(log),
        )
    except OSError as error:
        if log.value:  # the verifier's reasons
            raise SystemExit(log.value.decode()) from error
        raise


def records(ring: int, size: int) -> Iterator[bytes]:
    """What lies in the ring buffer; linux/bpf.h says how in the comment on its constants."""
    consumed = ctypes.c_uint64.from_buffer(mmap.mmap(ring, PAGE))
    shared = mmap.mmap(ring, PAGE + 2 * size, prot=mmap.PROT_READ, offset=PAGE)
    produced = int.from_bytes(shared[:8], m.__abi__["byteorder"])
    while consumed.value < produced:
        at = PAGE + consumed.value % size
        length = int.from_bytes(shared[at : at + 4], m.__abi__["byteorder"])
        if length & m.BPF_RINGBUF_BUSY_BIT:
            return
        data = at + m.BPF_RINGBUF_HDR_SZ
        size_ = length & ~m.BPF_RINGBUF_DISCARD_BIT
        if not length & m.BPF_RINGBUF_DISCARD_BIT:
            yield shared[data : data + size_]
        consumed.value += m.BPF_RINGBUF_HDR_SZ + (size_ + 7 & -8)


def main() -> None:
    create = m.BPF_MAP_CREATE
    counts = bpf(create, map_type=m.BPF_MAP_TYPE_ARRAY, key_size=4, value_size=8, max_entries=1)
    ring = bpf(create, map_type=m.BPF_MAP_TYPE_RINGBUF, max_entries=PAGE)
    key, value = ctypes.c_uint32(0), ctypes.c_uint64(40)
    where = {"map_fd": counts, "key": ctypes.addressof(key), "value": ctypes.addressof(value)}
    bpf(m.BPF_MAP_UPDATE_ELEM, **where, flags=m.BPF_ANY)
    program = load(counting_program(counts, ring))
    packet = ctypes.create_string_buffer(64)
    test = m.bpf_attr()
    test.test.prog_fd, test.test.repeat = program, 2
    test.test.data_in, test.test.data_size_in = ctypes.addressof(packet), len(packet)
    syscall(m.__NR_bpf, m.BPF_PROG_TEST_RUN, test, ctypes.sizeof(test))
    print("the program answers", m.xdp_action(test.test.retval).name)
    bpf(m.BPF_MAP_LOOKUP_ELEM, **where)
    print("it has counted from 40 to", value.value)
    for record in records(ring, PAGE):
        print("record:", int.from_bytes(record, m.__abi__["byteorder"]))
    for fd in (program, ring, counts):
        os.close(fd)


if __name__ == "__main__":
    main()

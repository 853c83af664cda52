"""A small assembler for BPF: each method adds an instruction, ``code()`` gives them to the kernel.

Opcodes and ``struct bpf_insn`` are those of the bindings it is given (``linux/bpf.h``). Memory is
named by members: a ctypes field knows its offset and size.

    program = Program(bindings)
    program.load(R2, R1, bindings.__sk_buff.mark)
    program.jump_if_equal(R2, 0, "done")
    ...
    program.label("done")
    program.move(R0, 0)
    program.exit()
"""

from __future__ import annotations

import ctypes
from typing import Any


class Register(int):
    """A register, where a plain number would be a constant."""

    def __repr__(self) -> str:
        return f"r{int(self)}"


R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10 = map(Register, range(11))


class Program:
    """Instructions, in their order."""

    def __init__(self, bindings: Any) -> None:
        self._k = bindings
        self._instructions: list[Any] = []
        self._labels: dict[str, int] = {}
        self._jumps: dict[int, str] = {}
        k = bindings
        self._sizes = {1: k.BPF_B, 2: k.BPF_H, 4: k.BPF_W, 8: k.BPF_DW}

    def move(self, to: Register, value: int) -> None:
        """``to = value``, 64 bits; a constant's 32 are sign-extended."""
        self._compute(self._k.BPF_MOV, to, value)

    def add(self, to: Register, value: int) -> None:
        """``to += value``, 64 bits."""
        self._compute(self._k.BPF_ADD, to, value)

    def load(self, to: Register, base: Register, member: Any) -> None:
        """``to = base->member``; what is smaller than 64 bits is zero-extended."""
        code = self._k.BPF_LDX | self._k.BPF_MEM | self._sizes[member.size]
        self._add(code, dst_reg=to, src_reg=base, off=member.offset)

    def store(self, base: Register, member: Any, value: Register) -> None:
        """``base->member = value``."""
        code = self._k.BPF_STX | self._k.BPF_MEM | self._sizes[member.size]
        self._add(code, dst_reg=base, src_reg=value, off=member.offset)

    def atomic_add(self, base: Register, member: Any, value: Register) -> None:
        """``base->member += value``, whoever else adds at that moment."""
        code = self._k.BPF_STX | self._k.BPF_ATOMIC | self._sizes[member.size]
        self._add(code, dst_reg=base, src_reg=value, off=member.offset, imm=self._k.BPF_ADD)

    def argument(self, to: Register, context: Register, number: int) -> None:
        """An argument of a kernel function that the program stands for or hooks: 64 bits each."""
        code = self._k.BPF_LDX | self._k.BPF_MEM | self._k.BPF_DW
        self._add(code, dst_reg=to, src_reg=context, off=8 * number)

    def map_value(self, to: Register, map_fd: int) -> None:
        """The address of an array map's first value. A 64-bit constant takes two instructions."""
        code = self._k.BPF_LD | self._k.BPF_IMM | self._k.BPF_DW
        self._add(code, dst_reg=to, src_reg=self._k.BPF_PSEUDO_MAP_VALUE, imm=map_fd)
        self._add(0)

    def jump_if_equal(self, left: Register, right: int, label: str) -> None:
        """Go on at a label further down if the two are equal."""
        self._jumps[len(self._instructions)] = label
        self._operate(self._k.BPF_JMP | self._k.BPF_JEQ, left, right)

    def label(self, name: str) -> None:
        """The place where jumps to that name lead."""
        self._labels[name] = len(self._instructions)

    def exit(self) -> None:
        """Return what is in R0."""
        self._add(self._k.BPF_JMP | self._k.BPF_EXIT)

    def code(self) -> Any:
        """An array of ``struct bpf_insn``; raises KeyError for a label that is nowhere."""
        for at, name in self._jumps.items():
            self._instructions[at].off = self._labels[name] - at - 1
        return (self._k.bpf_insn * len(self._instructions))(*self._instructions)

    def _compute(self, operation: int, to: Register, value: int) -> None:
        self._operate(self._k.BPF_ALU64 | operation, to, value)

    def _operate(self, code: int, left: Register, right: int) -> None:
        if isinstance(right, Register):
            self._add(code | self._k.BPF_X, dst_reg=left, src_reg=right)
        else:
            self._add(code | self._k.BPF_K, dst_reg=left, imm=ctypes.c_int32(right).value)

    def _add(self, code: int, **members: int) -> None:
        self._instructions.append(self._k.bpf_insn(code=code, **members))

"""The assembler of the examples, against clang's."""

from __future__ import annotations

import ctypes
import importlib.util
import io
from pathlib import Path
from types import ModuleType

import pytest
from conftest import ROOT, Needs, run_uapigen
from elftools.elf.elffile import ELFFile
from kitchen.targets import run

ASSEMBLY = """
        r2 = *(u64 *)(r1 + 8)
        r3 = *(u8 *)(r2 + 3)
        r4 = *(u16 *)(r2 + 6)
        r5 = *(u32 *)(r2 - 4)
        if r3 == 0 goto done
        if r3 == r4 goto done
        r5 += -7
        r5 += r3
        *(u32 *)(r2 + 4) = r5
        lock *(u64 *)(r2 + 16) += r3
        r6 = r2
done:
        r0 = 0
        exit
"""


def imported(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Member(ctypes.Structure):
    """Members at the offsets of ``ASSEMBLY``."""

    _fields_ = [
        ("pad", ctypes.c_uint8 * 3),
        ("byte", ctypes.c_uint8),
        ("word", ctypes.c_uint32),
        ("pad_8", ctypes.c_uint64),
        ("quad", ctypes.c_uint64),
    ]


class Half(ctypes.Structure):
    _fields_ = [("pad", ctypes.c_uint8 * 6), ("half", ctypes.c_uint16)]


class Before:
    """A member that lies before what a register points to, as a stack's variables do."""

    offset, size = -4, 4


@pytest.fixture(scope="module")
def bindings(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    if not Path("/usr/include/linux/bpf.h").exists():
        pytest.skip("needs /usr/include/linux")
    out = tmp_path_factory.mktemp("bindings") / "bpf.py"
    run_uapigen("linux/bpf.h", "-o", out)
    return imported(out)


def test_instructions_are_clang_s(needs: Needs, bindings: ModuleType, tmp_path: Path) -> None:
    needs("clang")
    asm = imported(ROOT / "examples" / "bpf_asm.py")
    program = asm.Program(bindings)
    program.argument(asm.R2, asm.R1, 1)
    program.load(asm.R3, asm.R2, Member.byte)
    program.load(asm.R4, asm.R2, Half.half)
    program.load(asm.R5, asm.R2, Before)
    program.jump_if_equal(asm.R3, 0, "done")
    program.jump_if_equal(asm.R3, asm.R4, "done")
    program.add(asm.R5, -7)
    program.add(asm.R5, asm.R3)
    program.store(asm.R2, Member.word, asm.R5)
    program.atomic_add(asm.R2, Member.quad, asm.R3)
    program.move(asm.R6, asm.R2)
    program.label("done")
    program.move(asm.R0, 0)
    program.exit()
    source, out = tmp_path / "program.s", tmp_path / "program.o"
    source.write_text(ASSEMBLY)
    run(["clang", "-target", "bpf", "-c", source, "-o", out])
    text = ELFFile(io.BytesIO(out.read_bytes())).get_section_by_name(".text").data()
    assert bytes(program.code()) == text


def test_address_of_a_map_s_value_takes_two_instructions(bindings: ModuleType) -> None:
    asm = imported(ROOT / "examples" / "bpf_asm.py")
    program = asm.Program(bindings)
    program.map_value(asm.R1, 5)
    first, second = program.code()
    assert (first.code, first.dst_reg, first.src_reg, first.imm) == (0x18, 1, 2, 5)
    assert bytes(second) == bytes(8)


def test_label_that_is_nowhere_is_refused(bindings: ModuleType) -> None:
    asm = imported(ROOT / "examples" / "bpf_asm.py")
    program = asm.Program(bindings)
    program.jump_if_equal(asm.R1, 0, "nowhere")
    with pytest.raises(KeyError, match="nowhere"):
        program.code()

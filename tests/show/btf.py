"""BTF for the tests: compiled from C, or written by hand where no compiler would."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

__all__ = ["BtfWriter", "compile_bpf", "compile_c"]

_HEADER = struct.Struct("=HBBIIIII")
_GCC = ("gcc", "-g", "-O0", "-c", "-fms-extensions", "-fno-eliminate-unused-debug-types", "-w")
_CLANG = ("clang", "-target", "bpf", "-g", "-O2", "-c", "-w")


def compile_c(source: Path, directory: Path) -> Path:
    """Raw BTF of a C file's types, by way of gcc's DWARF and pahole."""
    program, btf = directory / f"{source.stem}.o", directory / f"{source.stem}.btf"
    _run(*_GCC, "-o", program, source)
    _run("pahole", "--btf_gen_all", f"--btf_encode_detached={btf}", program)
    return btf


def compile_bpf(source: Path, directory: Path) -> Path:
    """A BPF object, whose BTF is clang's own."""
    program = directory / f"{source.stem}.bpf.o"
    _run(*_CLANG, "-o", program, source)
    return program


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


class BtfWriter:
    """Writes little records; each method gives the id of the type it wrote."""

    def __init__(self, first_id: int = 1, first_string: int = 0) -> None:
        self.types = bytearray()
        self.names: dict[bytes, int] = {}
        self.strings = bytearray(b"" if first_string else b"\0")
        self.next_id = first_id
        self.first_string = first_string

    def name(self, text: str | bytes) -> int:
        raw = text.encode() if isinstance(text, str) else text
        if not raw:
            return 0
        if raw not in self.names:
            self.names[raw] = self.first_string + len(self.strings)
            self.strings += raw + b"\0"
        return self.names[raw]

    def add(self, kind: int, name: str | bytes, size_or_type: int, *words: int, vlen: int = 0,
            flag: bool = False) -> int:  # fmt: skip
        info = kind << 24 | vlen | flag << 31
        record = (self.name(name), info, size_or_type, *words)
        self.types += struct.pack(f"={len(record)}I", *record)
        self.next_id += 1
        return self.next_id - 1

    def int(self, name: str = "int", size: int = 4, *, signed: bool = True) -> int:
        return self.add(1, name, size, signed << 24 | 8 * size)

    def struct(self, name: str | bytes, size: int, *members: tuple[str | bytes, int, int],
               union: bool = False, bitfields: bool = False) -> int:  # fmt: skip
        """Members are (name, type id, bit offset); with bitfields, width << 24 is in the offset."""
        words = [word for m in members for word in (self.name(m[0]), m[1], m[2])]
        kind = 5 if union else 4
        return self.add(kind, name, size, *words, vlen=len(members), flag=bitfields)

    def bytes(self) -> bytes:
        sizes = (0, len(self.types), len(self.types), len(self.strings))
        return _HEADER.pack(0xEB9F, 1, 0, _HEADER.size, *sizes) + self.types + self.strings

    def write(self, directory: Path, name: str = "hand.btf") -> Path:
        path = directory / name
        path.write_bytes(self.bytes())
        return path

"""Look at memory of a machine with another byte order: the first page of an s390x dump.

    python cross_endian.py VMLINUX DUMP

Every s390x CPU keeps its ``struct lowcore`` at address 0: what it was doing when an interrupt
came, and where it goes next. VMLINUX is that kernel or its BTF, DUMP a file that begins with the
8 KiB from there. The structs are big-endian wherever this runs.
"""

from __future__ import annotations

import sys
from pathlib import Path

import uapigen


def main(vmlinux: str, dump: str) -> None:
    kernel = uapigen.load(vmlinux, only=["struct lowcore"])
    print(kernel.__abi__["arch"], kernel.__abi__["byteorder"])
    lowcore = kernel.lowcore.from_buffer_copy(Path(dump).read_bytes())
    for name in ("external", "svc", "program", "mcck", "io"):
        old, new = getattr(lowcore, f"{name}_old_psw"), getattr(lowcore, f"{name}_new_psw")
        print(f"{name:8} came from {old.addr:#018x}, goes to {new.addr:#018x}")
    print("program interruption code", lowcore.pgm_code, "length", lowcore.pgm_ilc)


if __name__ == "__main__":
    main(*sys.argv[1:])

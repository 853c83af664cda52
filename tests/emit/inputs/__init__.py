"""The sources behind the tests: BTF that lies beside the C it was once compiled from.

Tests read the .btf files, so that what they see does not depend on a compiler.
`python -m tests.emit.inputs` compiles them again, with gcc, its cross compilers and pahole.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

__all__ = ["COMPILERS", "HERE", "btf"]

HERE = Path(__file__).parent
FLAGS = ("-std=gnu11", "-ffreestanding", "-fno-eliminate-unused-debug-types", "-w", "-g", "-O1")
LINK = ("-static", "-nostdlib", "-Wl,-e,0", "-Wl,--unique=.data..percpu")
COMPILERS = {
    "x86_64": "x86_64-linux-gnu-gcc",
    "i386": "i686-linux-gnu-gcc",
    "s390x": "s390x-linux-gnu-gcc",
}


def btf(arch: str) -> Path:
    """The types of types.c as that architecture's compiler laid them out."""
    return HERE / f"types.{arch}.btf"


def main() -> None:
    for arch, compiler in COMPILERS.items():
        with tempfile.TemporaryDirectory() as directory:
            program = Path(directory) / "types"
            subprocess.run([compiler, *FLAGS, *LINK, HERE / "types.c", "-o", program], check=True)
            encode = ["pahole", "--btf_gen_all", f"--btf_encode_detached={btf(arch)}", program]
            subprocess.run(encode, check=True)
        btf(arch).chmod(0o644)


if __name__ == "__main__":
    main()

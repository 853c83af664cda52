"""The sources behind the tests: BTF that lies beside the C it was once compiled from.

Tests read the .btf files, so that what they see does not depend on a compiler.
`python -m tests.emit.inputs` compiles them again, with gcc, its cross compilers and pahole.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

__all__ = ["ARCHS", "GOLDEN", "HERE", "btf"]

HERE = Path(__file__).parent
FLAGS = ("-std=gnu11", "-ffreestanding", "-fno-eliminate-unused-debug-types", "-w", "-g", "-O1")
LINK = ("-static", "-nostdlib", "-Wl,-e,0", "-Wl,--unique=.data..percpu")
COMPILERS = {
    "x86_64": "x86_64-linux-gnu-gcc",
    "i386": "i686-linux-gnu-gcc",
    "s390x": "s390x-linux-gnu-gcc",
}
ARCHS = tuple(COMPILERS)
"""What types.c is compiled for."""
GOLDEN = (
    ("layout", "x86_64"),
    ("layout", "i386"),
    ("bits", "x86_64"),
    ("bits", "s390x"),
    ("names", "x86_64"),
    ("pointers", "x86_64"),
)
"""Sources whose generated text is pinned in tests/golden/emit, and for what they are compiled."""


def btf(source: str, arch: str) -> Path:
    """The types of a source as that architecture's compiler laid them out."""
    return HERE / f"{source}.{arch}.btf"


def main() -> None:
    everything = [("types", arch) for arch in ARCHS]
    everything += [("reference", "x86_64"), ("reference", "s390x")]
    everything += [(f"golden/{source}", arch) for source, arch in GOLDEN]
    for source, arch in everything:
        with tempfile.TemporaryDirectory() as directory:
            program = Path(directory) / "program"
            command = [COMPILERS[arch], *FLAGS, *LINK, HERE / f"{source}.c", "-o", program]
            subprocess.run(command, check=True)
            encode = ["--btf_gen_all", f"--btf_encode_detached={btf(source, arch)}", program]
            subprocess.run(["pahole", *encode], check=True)
        btf(source, arch).chmod(0o644)


if __name__ == "__main__":
    main()

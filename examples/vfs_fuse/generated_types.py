"""The generated bindings: this kernel's types and operation tables, and the FUSE protocol.

``python generated_types.py`` (or ``make`` here) generates them, into ``generated/`` or
$BINDINGS_DIR; the other modules import ``kernel`` and ``uapi`` from here.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

SOURCE = "/sys/kernel/btf/vmlinux"
TYPES = (
    "struct *_operations",
    "struct xattr_handler",
    *(f"struct {name}" for name in ("super_block", "inode", "dentry", "file", "path", "iattr")),
    *(
        f"struct {name}"
        for name in ("kstat", "kstatfs", "kiocb", "iov_iter", "dir_context", "delayed_call")
    ),
    "enum iter_type",
)
HEADERS = (
    "linux/fuse.h",
    "linux/fs.h",
    "linux/magic.h",
    "linux/falloc.h",
    "linux/mount.h",
    "linux/sched.h",
    "linux/stat.h",
    "linux/xattr.h",
)
FOLDER = Path(os.environ.get("BINDINGS_DIR") or Path(__file__).with_name("generated"))


def generate() -> None:
    """Write ``kernel/`` of the running kernel and ``uapi/`` of the C headers."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    only = [f"--only={pattern}" for pattern in TYPES]
    uapigen = [sys.executable, "-m", "uapigen", "--quiet"]
    subprocess.run([*uapigen, SOURCE, *only, "-o", FOLDER / "kernel"], check=True)
    subprocess.run([*uapigen, *HEADERS, "-o", FOLDER / "uapi"], check=True)


def _load(name: str) -> Any:
    if not (FOLDER / name).is_dir():
        raise SystemExit(f"{FOLDER / name} is not there yet: make -C {Path(__file__).parent}")
    if str(FOLDER) not in sys.path:
        sys.path.insert(0, str(FOLDER))
    return importlib.import_module(name)


if __name__ == "__main__":
    generate()
else:
    kernel: Any = _load("kernel")
    uapi: Any = _load("uapi")
    for module in ("kernel.ops", "kernel.syscalls"):
        importlib.import_module(module)

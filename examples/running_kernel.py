"""What examples begin with that need the running kernel: its types, with headers' constants.

A project makes its package once, by the same command, and imports it:

    uapigen /sys/kernel/btf/vmlinux linux/bpf.h -o kernel

Here it goes to a temporary directory, or to $BINDINGS_DIR, where it can be looked at.
"""

from __future__ import annotations

import atexit
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
from typing import Any

VMLINUX = "/sys/kernel/btf/vmlinux"


def bindings(*headers: str) -> Any:
    """A package of the kernel's types and these headers; ``.syscalls`` makes calls."""
    folder = os.environ.get("BINDINGS_DIR")
    if folder is None:
        folder = tempfile.mkdtemp()
        atexit.register(shutil.rmtree, folder)
    if not os.access(VMLINUX, os.R_OK):
        raise SystemExit(f"needs {VMLINUX}")
    command = [sys.executable, "-m", "uapigen", VMLINUX, *headers, "-o", f"{folder}/kernel"]
    subprocess.run([*command, "--quiet"], check=True)
    sys.path.insert(0, folder)
    importlib.import_module("kernel.syscalls")
    return importlib.import_module("kernel")

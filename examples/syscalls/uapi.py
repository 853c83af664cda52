"""What the other examples begin with: a package of C headers, with the syscalls beside them.

A project makes its package once, by the same command, and imports it:

    uapigen linux/seccomp.h linux/ptrace.h -o kernel

Here it goes to a temporary directory, or to $BINDINGS_DIR, where it can be looked at.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import tempfile
from typing import Any


def bindings(*headers: str) -> Any:
    """A package of these headers; ``bindings(...).syscalls`` makes calls."""
    folder = os.environ.get("BINDINGS_DIR") or tempfile.mkdtemp()
    command = [sys.executable, "-m", "uapigen", *headers, "-o", f"{folder}/kernel", "--quiet"]
    subprocess.run(command, check=True)
    sys.path.insert(0, folder)
    importlib.import_module("kernel.syscalls")
    return importlib.import_module("kernel")

"""What the other examples begin with: bindings of C headers, made when they are asked for.

A project makes its bindings once, by the same command, and imports the file:

    uapigen /usr/include/linux/fs.h -o fs.py

Here they go to a temporary directory, or to $BINDINGS_DIR, where they can be looked at.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

INCLUDE = ("/usr/include", f"/usr/include/{sysconfig.get_config_var('MULTIARCH')}")

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def bindings(*headers: str) -> Any:
    """One module of these headers, which are named as C includes them ("linux/fs.h")."""
    name = "_".join(Path(header).stem for header in headers)
    paths = [_path(header) for header in headers]
    with tempfile.TemporaryDirectory() as temporary:
        module_file = Path(os.environ.get("BINDINGS_DIR", temporary), f"{name}.py")
        command = [sys.executable, "-m", "uapigen", *paths, "-o", module_file, "--quiet"]
        subprocess.run(command, check=True)
        spec = importlib.util.spec_from_file_location(name, module_file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module


def _path(header: str) -> Path:
    found = [path for folder in INCLUDE if (path := Path(folder, header)).exists()]
    if not found:
        raise SystemExit(f"needs the C header {header}")
    return found[0]


def syscall(number: int, *arguments: object) -> int:
    """A system call by its number; ctypes objects are passed by address. Raises OSError."""
    result = _libc.syscall(ctypes.c_long(number), *map(_argument, arguments))
    if result == -1:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


def _argument(value: object) -> object:
    if isinstance(value, (bytes, type(None))):
        return ctypes.c_char_p(value)
    return ctypes.c_long(value) if isinstance(value, int) else ctypes.byref(value)

"""The Pythons that generated code promises to run on, where they are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

__all__ = ["CURRENT", "VERSIONS", "python"]

CURRENT = f"{sys.version_info.major}.{sys.version_info.minor}"
VERSIONS = ("3.10", "3.11", "3.12", "3.13", "3.14")


@cache
def _find(version: str) -> str | None:
    if version == CURRENT:
        return sys.executable
    candidates = [found for found in (shutil.which(f"python{version}"),) if found]
    candidates += sorted(
        map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python")), reverse=True
    )
    for candidate in candidates:  # a pyenv shim is on PATH also for versions it will not run
        asked = subprocess.run(
            [candidate, "-c", "import ctypes, sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True,
            text=True,
            check=False,
        )
        if asked.stdout.strip() == version:
            return candidate
    return None


def python(version: str) -> str:
    """The path of a working Python of that version; skips the test where there is none."""
    found = _find(version)
    if found is None:
        # The newest is not everywhere yet, so that even CI may do without it.
        if os.environ.get("CI") and version != VERSIONS[-1]:
            pytest.fail(f"needs python{version}, which CI must have")
        pytest.skip(f"needs python{version}")
    return found

"""Generated syscalls on every Python that generated code promises to run on."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from kitchen.interpreters import VERSIONS, python

from . import plain


@pytest.mark.parametrize("version", VERSIONS)
def test_calls_are_made_on(version: str, k: Any) -> None:
    folder = Path(k.__file__).parent.parent
    command = [python(version), "-B", plain.__file__, folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

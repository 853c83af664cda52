"""The same tests on every Python that generated code promises to run on."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from kitchen.interpreters import CURRENT, VERSIONS, python

from . import plain

EVERY = [
    pytest.param(version, marks=[] if version == CURRENT else pytest.mark.slow)
    for version in VERSIONS
]


@pytest.mark.parametrize("version", EVERY)
def test_generated_code_keeps_its_promises_on(version: str, generated: Path) -> None:
    command = [python(version), "-B", plain.__file__, generated]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["failed"] == {}, "\n".join(told["failed"].values())
    assert told["count"] > 150

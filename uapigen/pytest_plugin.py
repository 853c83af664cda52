"""A pytest fixture that holds a source against a golden file: ``uapigen check`` in a test.

    def test_abi(uapigen_abi):
        uapigen_abi.check("abi.json")

``pytest --uapigen-update`` rewrites the golden files instead.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

__all__ = ["GoldenAbi", "pytest_addoption", "uapigen_abi"]

_SOURCE_BREAK = 5
"""``uapigen check``'s exit code for what breaks only when compiled anew."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--uapigen-update``."""
    parser.getgroup("uapigen").addoption(
        "--uapigen-update",
        action="store_true",
        help="rewrite the golden files of uapigen_abi instead of comparing with them",
    )


class GoldenAbi:
    """Checks golden files, which lie beside the test or below."""

    def __init__(self, folder: Path, update: bool) -> None:
        self._folder, self._update = folder, update

    def check(
        self,
        golden: str,
        *sources: str,
        policy: str = "kernel",
        allow_source_break: bool = False,
        options: Sequence[str] = (),
    ) -> None:
        """Fail the test, with the report, if a source broke what a golden file says.

        Paths are relative to the test's directory. Without ``sources`` it is the
        running kernel. ``options`` are more of ``uapigen check``'s.
        """
        command = [sys.executable, "-m", "uapigen", "check", f"--policy={policy}", *options]
        command += ["--update"] * self._update + ["--", golden, *sources]
        done = subprocess.run(
            command,
            cwd=self._folder,
            capture_output=True,
            text=True,
            errors="backslashreplace",
            check=False,
        )
        fine = {0, _SOURCE_BREAK} if allow_source_break else {0}
        if done.returncode not in fine:
            pytest.fail(f"{golden}: {(done.stdout + done.stderr).rstrip()}", pytrace=False)


@pytest.fixture
def uapigen_abi(request: pytest.FixtureRequest) -> GoldenAbi:
    """``uapigen_abi.check("abi.json")``: see :class:`GoldenAbi`."""
    return GoldenAbi(request.path.parent, bool(request.config.getoption("--uapigen-update")))

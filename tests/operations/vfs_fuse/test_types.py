"""mypy holds the file system against the generated interfaces."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import EXAMPLE, MEMFS


def mypy(path: Path, bindings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    options = ("--config-file=", "--cache-dir=/dev/null", "--follow-imports=silent")
    environment = {**bindings, "MYPYPATH": f"{bindings['BINDINGS_DIR']}:{EXAMPLE}"}
    return subprocess.run(
        [sys.executable, "-m", "mypy", *options, path],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_right_file_system_is_accepted(bindings: dict[str, str]) -> None:
    done = mypy(MEMFS, bindings)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("def unlink(self, dir: Any, dentry: Any) -> int:", "def unlink(self, dir: Any) -> int:"),
        ("whence: int) -> int:", "whence: int) -> str:"),
        ("mode: int, rdev: int) -> int:", "mode: int, rdev: bytes) -> int:"),
    ],
    ids=["too few parameters", "another result", "another parameter"],
)
def test_wrong_method_is_refused(
    bindings: dict[str, str], tmp_path: Path, right: str, wrong: str
) -> None:
    text = MEMFS.read_text()
    assert text.count(right) == 1
    (tmp_path / "wrong.py").write_text(text.replace(right, wrong))
    done = mypy(tmp_path / "wrong.py", bindings)
    assert done.returncode == 1
    assert "incompatible with" in done.stdout
    assert "[override]" in done.stdout

"""docs/generated.md: its C is that of the bindings, its sessions give what they show."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from conftest import ROOT

from .conftest import generate
from .inputs import HERE, btf

PAGE = ROOT / "docs" / "generated.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)


def test_the_c_is_that_of_the_bindings() -> None:
    (shown,) = blocks("c")
    assert shown in (HERE / "reference.c").read_text("utf-8")


def test_sessions_give_what_they_show(tmp_path: Path) -> None:
    generate(btf("reference", "x86_64"), "--arch", "x86_64", "-o", tmp_path / "bindings")
    generate(btf("reference", "s390x"), "--arch", "s390x", "-o", tmp_path / "on_s390x")
    session = tmp_path / "session.txt"
    session.write_text("\n".join(blocks("pycon")), "utf-8")
    script = f"""
import doctest, sys
sys.path.insert(0, {str(tmp_path)!r})
failed, attempted = doctest.testfile({str(session)!r}, False)
assert attempted > 50
sys.exit(bool(failed))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_type_checkers_say(tmp_path: Path) -> None:
    from mypy import api

    generate(btf("reference", "x86_64"), "-o", tmp_path / "bindings.py")
    (example,) = blocks("python")
    (tmp_path / "use.py").write_text(example, "utf-8")
    options = ["--config-file=", f"--cache-dir={tmp_path / 'cache'}"]
    out, _, _ = api.run([*options, str(tmp_path / "use.py"), str(tmp_path / "bindings.pyi")])
    said = re.findall(r"use\.py:(\d+): error: (.*?)(?: \(|  \[)", out)
    expected = [
        (str(number), line.partition("# error: ")[2])
        for number, line in enumerate(example.splitlines(), 1)
        if "# error: " in line
    ]
    assert said == expected

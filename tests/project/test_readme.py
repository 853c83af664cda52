"""The README and the guide tell the truth: their commands run, their sessions give what they show.

A section's ``console`` blocks are run by a shell, its ``pycon`` blocks by Python, in a directory
where the section finds what it speaks of. Numbers may differ from kernel to kernel.
"""

from __future__ import annotations

import lzma
import os
import re
import shutil
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import ROOT, require, run_uapigen

from .session import NUMBER

SESSION = Path(__file__).with_name("session.py")
PAGES = ("README.md", "docs/guide.md", "docs/headers.md", "docs/operations.md")


@dataclass(frozen=True)
class Section:
    """What stands under one heading."""

    page: str
    title: str
    text: str

    def blocks(self, language: str) -> list[str]:
        return re.findall(rf"^```{language}\n(.*?)^```$", self.text, re.M | re.S)


def sections() -> list[Section]:
    found = []
    for page in PAGES:
        text = (ROOT / page).read_text("utf-8") if (ROOT / page).is_file() else ""
        for part in re.split(r"^(?=## )", text, flags=re.M):
            title, _, body = part.partition("\n")
            section = Section(page, title.lstrip("# "), body)
            if section.blocks("console") or section.blocks("pycon"):
                found.append(section)
    return found


@pytest.fixture(scope="module")
def bindings(running_kernel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("generated") / "bindings"
    run_uapigen(running_kernel, "-o", out)
    return out


def first_page() -> bytes:
    """The beginning of an s390x dump, by z/Architecture: new PSWs, and a program check."""
    page = bytearray(8192)
    for number, offset in enumerate((0x1B0, 0x1C0, 0x1D0, 0x1E0, 0x1F0)):
        struct.pack_into(">QQ", page, offset, 0x0404C00180000000, 0x20000 + 0x10000 * number)
    struct.pack_into(">HH", page, 0x8C, 6, 17)
    return bytes(page)


@pytest.fixture
def place(bindings: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A directory with what a section speaks of, and the commands it uses on PATH."""
    section: Section = request.getfixturevalue("section")
    (tmp_path / "bindings").symlink_to(bindings)
    if "vmlinux-s390x" in section.text:
        corpus: Path = request.getfixturevalue("corpus")
        blob = lzma.decompress((corpus / "s390x-6.12.btf.xz").read_bytes())
        (tmp_path / "vmlinux-s390x").write_bytes(blob)
        (tmp_path / "dump").write_bytes(first_page())
    if "exec_event" in section.text:
        require("clang")
        for path in (ROOT / "examples" / "bpf_event").iterdir():
            if path.is_file():
                shutil.copy(path, tmp_path)
    return tmp_path


def run(command: list[str | Path], place: Path) -> subprocess.CompletedProcess[str]:
    programs = place / ".bin"
    programs.mkdir(exist_ok=True)
    (programs / "uapigen").write_text(f'#!/bin/sh\nexec {sys.executable} -m uapigen "$@"\n')
    (programs / "uapigen").chmod(0o755)
    path = os.pathsep.join([os.fspath(programs), os.environ["PATH"]])
    env = {
        **os.environ,
        "PATH": path,
        "PYTHONPATH": os.fspath(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return subprocess.run(
        command, cwd=place, env=env, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.parametrize(
    "section",
    [
        pytest.param(
            section,
            id=f"{section.page}: {section.title}",
            marks=[pytest.mark.slow] if "uapigen verify" in section.text else [],
        )
        for section in sections()
    ],
)
def test_section_does_what_it_shows(section: Section, place: Path) -> None:
    for block in section.blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, shown = part.partition("\n")
            done = run(["sh", "-c", command], place)
            assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
            told = done.stdout + done.stderr
            assert NUMBER.sub("#", told.strip()) == NUMBER.sub("#", shown.strip()), command
    session = place / "session.txt"
    session.write_text("\n".join(section.blocks("pycon")), "utf-8")
    if session.stat().st_size:
        done = run([sys.executable, SESSION, session], place)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "page", ["README.md", *sorted(f"docs/{p.name}" for p in ROOT.glob("docs/*.md"))]
)
def test_links_lead_somewhere(page: str) -> None:
    path = ROOT / page
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text("utf-8")):
        assert (path.parent / target).exists(), target


def test_guide_names_every_option() -> None:
    told = run_uapigen("--help").stdout
    options = set(re.findall(r"--[a-z]+", told)) - {"--help"}
    guide = (ROOT / "docs" / "guide.md").read_text("utf-8")
    assert [option for option in sorted(options) if f"`{option}" not in guide] == []

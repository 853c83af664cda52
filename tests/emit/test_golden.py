"""Generated text, pinned for small sources, each of which shows one sort of thing.

`make golden` writes it anew; the change is reviewed as a diff.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import black
import pytest
from kitchen.oracle import build
from kitchen.targets import TARGETS

import uapigen
from uapigen.cli.generate import make_plan
from uapigen.emit.package import module_files, package_files
from uapigen.layout.plan import Plan
from uapigen.sources import open_sources

from .inputs import GOLDEN, btf
from .inputs.odd import odd

COPIED = re.compile(r"_support/.*|_typing\.pyi|py\.typed")
"""Files whose text is the same in every package."""


@pytest.fixture(autouse=True)
def _any_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uapigen, "__version__", "VERSION")


def plan_of(source: Path, arch: str) -> Plan:
    return make_plan(open_sources([str(source)], base=None, arch=arch), [], [])


def shown(files: Mapping[str, str]) -> str:
    """All files in one text, but for empty tables and what is copied."""
    parts = [
        f"==> {name} <==\n\n{text}"
        for name, text in sorted(files.items())
        if not COPIED.fullmatch(name) and not text.endswith(" = {}\n")
    ]
    return "\n".join(parts)


@pytest.mark.parametrize(("source", "arch"), GOLDEN)
def test_package_text(golden: Callable[[str, str], None], source: str, arch: str) -> None:
    files = package_files(plan_of(btf(f"golden/{source}", arch), arch))
    golden(f"emit/{source}.{arch}.txt", shown(files))


def test_package_text_of_an_odd_source(golden: Callable[[str, str], None], tmp_path: Path) -> None:
    source = tmp_path / "odd.btf"
    source.write_bytes(odd())
    golden("emit/odd.x86_64.txt", shown(package_files(plan_of(source, "x86_64"))))


def test_module_text(golden: Callable[[str, str], None]) -> None:
    files = module_files(plan_of(btf("golden/pointers", "x86_64"), "x86_64"), "bindings")
    copied = re.compile(r"(?<=_SUPPORT = r''')\n.*?(?=''')", re.DOTALL)
    parts = {name: copied.sub(" ... ", text) for name, text in files.items()}
    golden("emit/pointers.module.txt", shown(parts))


def formatted(plan: Plan) -> None:
    """Hold all files but the support code against black."""
    for files in (package_files(plan), module_files(plan, "bindings")):
        for name, text in files.items():
            if not name.startswith("_support/"):
                mode = black.Mode(is_pyi=name.endswith(".pyi"))
                assert text == black.format_str(text, mode=mode), name


@pytest.mark.parametrize(("source", "arch"), GOLDEN)
def test_text_is_as_black_would_leave_it(source: str, arch: str) -> None:
    formatted(plan_of(btf(f"golden/{source}", arch), arch))


@pytest.mark.parametrize("target", ["x86_64", "s390x"])
def test_text_of_the_kitchen_is_as_black_would_leave_it(target: str, tmp_path: Path) -> None:
    formatted(plan_of(build(TARGETS[target], tmp_path).btf_path, target))


def test_support_code_is_as_black_would_leave_it() -> None:
    files = package_files(plan_of(btf("golden/layout", "x86_64"), "x86_64"))
    support = {name: text for name, text in files.items() if name.startswith("_support/")}
    assert len(support) > 10
    for name, text in support.items():
        assert text == black.format_str(text, mode=black.Mode()), name

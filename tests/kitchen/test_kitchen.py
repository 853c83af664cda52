"""Generated bindings of the kitchen, against what the C compilers say of the same types."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from . import interpreters
from .oracle import BPF_OBJECT, KitchenBuild, build
from .targets import BPF_TARGETS, TARGETS, run

ROOT = Path(__file__).parents[2]
CHECKER = Path(__file__).with_name("check_package.py")
QUICK = ("x86_64", "i386", "s390x")

# Types whose alignment no reader of BTF can know, by target ("" is all of them): BTF has neither
# packed nor aligned, and neither their size nor their place in another type gives these away.
ALIGNMENT_UNKNOWN: dict[str, dict[str, str]] = {
    "": {
        "struct packed_and_natural_alone": "packed moves nothing in it, and nothing embeds it",
        "struct packed_aligned_2_even": "its size is even anyway, and nothing embeds it",
        "struct under_aligned_member": "packed alone gives the same offsets and size",
        "union odd_aligned_lone": "3 bytes padded to 4: aligned(2) would do that, too",
    },
    "i386": {
        "struct packed_by_accident_of_size": "u64 aligns to 4 here, so that packed moves nothing",
        "struct lone_ops_table": "100 bytes padded to 128: aligned(32) would do that, too",
    },
    "arm": {"struct lone_ops_table": "100 bytes padded to 128, as on i386"},
    "mipsel": {"struct lone_ops_table": "100 bytes padded to 128, as on i386"},
}


Prepare = Callable[[str, str], tuple[Path, Path]]


@pytest.fixture(scope="module")
def prepare(tmp_path_factory: pytest.TempPathFactory) -> Prepare:
    """Gives a target's bindings, under the name asked for, and what must be in them.

    Each target is compiled once and generated from once.
    """

    @cache
    def compiled(name: str) -> tuple[KitchenBuild, Path]:
        directory = tmp_path_factory.mktemp(name)
        if name in BPF_TARGETS:
            built = build(BPF_TARGETS[name], directory, BPF_OBJECT)
        else:
            built = build(TARGETS[name], directory)
        expected = {
            "byte_order": built.target.byte_order,
            "facts": built.facts,
            "enums": built.enums,
            # clang before 15 does not say which enums are signed
            "enum_mask": 0xFFFFFFFF if name in BPF_TARGETS else -1,
            "alignment_unknown": [*ALIGNMENT_UNKNOWN[""], *ALIGNMENT_UNKNOWN.get(name, ())],
        }
        path = directory / "expected.json"
        path.write_text(json.dumps(expected), encoding="utf-8")
        return built, path

    @cache
    def generated(name: str, out: str) -> tuple[Path, Path]:
        built, expected = compiled(name)
        bindings = expected.with_name(out)
        arch = ["--arch", built.target.arch] if built.target.arch else []
        python_path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        run(
            [sys.executable, "-m", "uapigen", built.btf_path, "-o", bindings, *arch],
            env={**os.environ, "PYTHONPATH": python_path},
        )
        return bindings, expected

    return generated


def differences(python: str, bindings: Path, expected: Path) -> str:
    """What `check_package.py` finds wrong when that Python runs it, line by line."""
    return "\n".join(json.loads(run([python, "-B", CHECKER, bindings, expected])))


def cases() -> list[object]:
    """Every target on every Python; only a few of them in the quick run."""
    return [
        pytest.param(
            target,
            version,
            id=f"{target}-{version}",
            marks=[] if target in QUICK and version == interpreters.CURRENT else pytest.mark.slow,
        )
        for target in (*TARGETS, *BPF_TARGETS)
        for version in interpreters.VERSIONS
    ]


@pytest.mark.parametrize(("target", "version"), cases())
def test_package_agrees_with_the_compiler(prepare: Prepare, target: str, version: str) -> None:
    python = interpreters.python(version)
    assert differences(python, *prepare(target, "bindings")) == ""


@pytest.mark.slow
@pytest.mark.parametrize("version", interpreters.VERSIONS)
def test_single_file_agrees_with_the_compiler(prepare: Prepare, version: str) -> None:
    python = interpreters.python(version)
    assert differences(python, *prepare("s390x", "bindings.py")) == ""

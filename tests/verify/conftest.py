"""A small source, its package and what must be in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from kitchen.targets import BPF_TARGETS, Target, require, run

from uapigen.cli import main
from uapigen.ir.selection import select
from uapigen.layout.plan import Plan
from uapigen.sources import open_sources
from uapigen.verify.expectations import expectations

SAMPLE = Path(__file__).with_name("sample.c")


@dataclass(frozen=True)
class Sample:
    """A compiled source, the package generated from it, and its expectations."""

    source: Path
    package: Path
    expected: dict[str, Any]


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """The sample of this machine's byte order."""
    return make_sample(BPF_TARGETS["bpfel"], tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="session")
def big_endian_sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return make_sample(BPF_TARGETS["bpfeb"], tmp_path_factory.mktemp("big_endian_sample"))


def make_sample(target: Target, directory: Path) -> Sample:
    require(target.compiler[0])
    source, package = directory / "sample.o", directory / "bindings"
    run([*target.compiler, "-c", SAMPLE, "-o", source])
    assert main([str(source), "-o", str(package)]) == 0
    opened = open_sources([source])
    plan = Plan(opened.graph, opened.model, select(opened.graph))
    return Sample(source, package, expectations(plan))

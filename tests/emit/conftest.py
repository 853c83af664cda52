"""Bindings of the tests' own sources, generated once."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from uapigen.cli import main

from .inputs import ARCHS, btf
from .inputs.odd import odd as odd_types
from .plain import BINDINGS


def generate(*arguments: object) -> None:
    """Run the command line in this process."""
    assert main([*map(str, arguments)]) == 0


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory with all bindings of `plain.BINDINGS`."""
    directory = tmp_path_factory.mktemp("generated")
    for arch in ARCHS:
        generate(btf("types", arch), "--arch", arch, "-o", directory / f"types_{arch}")
    generate(btf("types", "x86_64"), "--arch", "x86_64", "-o", directory / "types_one_file.py")
    source = directory / "odd.btf"
    source.write_bytes(odd_types())
    generate(source, "--arch", "x86_64", "-o", directory / "types_odd")
    return directory


@pytest.fixture(scope="session")
def importable(generated: Path) -> Iterator[Path]:
    """`generated`, from which the tests' own process imports."""
    sys.path.insert(0, str(generated))
    yield generated
    sys.path.remove(str(generated))


@pytest.fixture(params=BINDINGS["k"])
def k(importable: Path, request: pytest.FixtureRequest) -> ModuleType:  # noqa: ARG001
    """The types of types.c for x86_64: a package, and a single file."""
    return importlib.import_module(request.param)


@pytest.fixture
def be(importable: Path) -> ModuleType:  # noqa: ARG001
    """The same for s390x, which is big-endian."""
    return importlib.import_module("types_s390x")


@pytest.fixture
def small(importable: Path) -> ModuleType:  # noqa: ARG001
    """The same for i386, whose pointers are not this machine's."""
    return importlib.import_module("types_i386")


@pytest.fixture
def odd(importable: Path) -> ModuleType:  # noqa: ARG001
    """What no C compiler here writes."""
    return importlib.import_module("types_odd")

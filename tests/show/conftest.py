"""The sources that the tests of `show` look into, each made once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

import pytest

from uapigen.cli import main

from .btf import compile_bpf, compile_c

HERE = Path(__file__).parent


class Show(Protocol):
    """Runs ``uapigen show`` in this process; its standard output."""

    def __call__(self, *arguments: str | os.PathLike[str], exit_code: int = 0) -> str: ...


@pytest.fixture
def show(capsys: pytest.CaptureFixture[str]) -> Show:
    def run(*arguments: str | os.PathLike[str], exit_code: int = 0) -> str:
        assert main(["show", *map(os.fspath, arguments)]) == exit_code
        captured = capsys.readouterr()
        return captured.err if exit_code else captured.out

    return run


@pytest.fixture(scope="session")
def c_types(needs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The types of types.c, by gcc and pahole."""
    needs("gcc", "pahole")
    return compile_c(HERE / "types.c", tmp_path_factory.mktemp("show"))


@pytest.fixture(scope="session")
def bpf_object(needs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The BPF object of bpf.c, by clang."""
    needs("clang")
    return compile_bpf(HERE / "bpf.c", tmp_path_factory.mktemp("show"))

"""Callbacks from threads that C started: right results, flat memory, no crash."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import Needs, run_uapigen
from kitchen import interpreters
from show.btf import compile_c

from uapigen.emit.c_declarations import c_declarations
from uapigen.sources import open_sources

HERE = Path(__file__).parent
GROWTH = 2048  # kB that may come after the first tenth of the calls


@pytest.fixture(scope="session")
def threads(needs: Needs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the bindings and the shared object."""
    needs("gcc", "pahole")
    directory = tmp_path_factory.mktemp("threads")
    source = compile_c(HERE / "classes.c", directory)
    opened = open_sources([source])
    made = c_declarations(opened.graph, opened.model, opened.graph.ids_named("class_operations"))
    program, library = directory / "threads.c", directory / "threads.so"
    program.write_text(made.text + (HERE / "threads.c").read_text("utf-8"), encoding="utf-8")
    command = ["gcc", "-std=gnu11", "-O2", "-fPIC", "-shared", "-pthread", program, "-o", library]
    subprocess.run(command, check=True)
    run_uapigen(source, "-o", directory / "bindings")
    return directory


def run(version: str, directory: Path, calls: int) -> dict[str, Any]:
    """The report of ``threads.py`` on that Python."""
    arguments = [directory, "bindings", directory / "threads.so", str(calls)]
    command = [interpreters.python(version), "-B", HERE / "threads.py", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=550)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def assert_right(found: dict[str, Any], calls: int) -> None:
    stress = found["stress"]
    assert stress["calls"] == calls
    assert stress["wrong"] == 0
    assert stress["tables made"] > 0
    _, warm, *_, last = stress["memory"]
    assert last - warm <= GROWTH, stress["memory"]
    assert found["drop"]["wrong"] == 0
    assert found["drop"]["reported"] in ([], ["DroppedOperationError"])


def test_calls_from_threads_come_across(threads: Path) -> None:
    assert_right(run(interpreters.CURRENT, threads, 40_000), 40_000)


@pytest.mark.slow
@pytest.mark.parametrize("version", interpreters.VERSIONS)
def test_calls_from_threads_come_across_on(version: str, threads: Path) -> None:
    assert_right(run(version, threads, 400_000), 400_000)


@pytest.mark.slow
def test_ten_million_calls_from_threads_leak_nothing(threads: Path) -> None:
    assert_right(run(interpreters.CURRENT, threads, 10_000_000), 10_000_000)

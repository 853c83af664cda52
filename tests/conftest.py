"""What all tests share: the corpus, tools that may be missing, golden files, running uapigen.

A test that cannot run here says so by a skip whose reason starts with
"needs ". On a developer's machine that is fine; where ``CI`` is set, the
machine promises everything, and such a skip is a failure, but for
:data:`ABSENT_IN_CI`. What a running kernel or a file system refuses nobody can
install: such a skip says who refuses, and is one everywhere.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[1]
CORPUS = ROOT.parent / "shared" / "corpus"
GOLDEN = ROOT / "tests" / "golden"
RUNNING_KERNEL = Path("/sys/kernel/btf/vmlinux")

EXHAUSTIVE = os.environ.get("UAPIGEN_TESTS") == "all"
"""Every kernel, header and target where a slow test takes some: an hour instead of a quarter."""

ABSENT_IN_CI = frozenset(
    {
        "needs python3.14",  # newer than what the CI machine has; the promise is 3.10 to 3.13
    }
)

# What CI says of one commit is the same each time; who looks for more runs the tests without CI.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

Needs = Callable[..., None]
Uapigen = Callable[..., "Run"]
Golden = Callable[[str, str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write the golden files instead of comparing with them (`make golden`)",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "golden" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.golden)


# A skip for want of something is a failure where CI promises all


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, Any, Any]:
    return _without_lame_excuse((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, Any, Any]:
    return _without_lame_excuse((yield))


def _without_lame_excuse(report: Any) -> Any:
    """The report, failed if it is a skip that CI does not allow."""
    if os.environ.get("CI") and report.skipped and isinstance(report.longrepr, tuple):
        reason = report.longrepr[2].removeprefix("Skipped: ")
        if reason.startswith("needs ") and reason not in ABSENT_IN_CI:
            report.outcome = "failed"
            report.longrepr = f"{reason}, which CI must have"
    return report


def require(*tools: str) -> None:
    """Skip the calling test unless these programs are on PATH."""
    for tool in tools:
        if not shutil.which(tool):
            pytest.skip(f"needs {tool}")


@pytest.fixture(scope="session")
def needs() -> Needs:
    """``needs("clang", "bpftool")``: skips the test unless the programs are on PATH."""
    return require


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The directory with real kernels' BTF and its oracles, which only CI has."""
    if not CORPUS.is_dir():
        pytest.skip("needs the corpus (../shared/corpus)")
    return CORPUS


@pytest.fixture(scope="session")
def running_kernel() -> Path:
    """This machine's own BTF."""
    if not os.access(RUNNING_KERNEL, os.R_OK):
        pytest.skip(f"needs {RUNNING_KERNEL}")
    return RUNNING_KERNEL


@pytest.fixture(scope="session")
def kernel() -> Path:
    """A whole kernel's BTF: this machine's, or one of the corpus."""
    for path in (RUNNING_KERNEL, CORPUS / "amd64-7.3rc7-cloud.btf.xz"):
        if os.access(path, os.R_OK):
            return path
    pytest.skip("needs a kernel's BTF (/sys/kernel/btf/vmlinux or ../shared/corpus)")


# Running uapigen as a user does


@dataclass(frozen=True)
class Run:
    """A process that ended."""

    returncode: int
    stdout: str
    stderr: str


@functools.cache
def python_path() -> str:
    """The checkout first, so that what is tested is this tree whatever is installed."""
    return os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))


def run_uapigen(
    *arguments: str | os.PathLike[str],
    exit_code: int | None = 0,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> Run:
    """Run the command line in a process of its own; its exit code must be the one given."""
    command = [sys.executable, "-m", "uapigen", *map(os.fspath, arguments)]
    environment = {**os.environ, "PYTHONPATH": python_path(), **(env or {})}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=cwd, env=environment
    )
    if exit_code is not None and done.returncode != exit_code:
        shown = " ".join(command[1:])
        raise AssertionError(
            f"{shown}\nexit {done.returncode}, not {exit_code}\n{done.stdout}{done.stderr}"
        )
    return Run(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def uapigen() -> Uapigen:
    """Runs the command line: :func:`run_uapigen`."""
    return run_uapigen


# Golden files


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """``golden(name, text)``: the text must be that of ``tests/golden/name``.

    ``make golden`` writes the files instead; git shows what changed.
    """

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            return
        assert path.is_file(), f"no {path.relative_to(ROOT)} yet: make golden"
        assert text == path.read_text(encoding="utf-8")

    return compare

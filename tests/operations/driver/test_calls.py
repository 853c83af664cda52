"""Tables of operations across the boundary to C, as gcc makes it, in both directions."""

from __future__ import annotations

import json
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import Needs, run_uapigen
from kitchen import interpreters
from show.btf import compile_c

from uapigen import load
from uapigen.ir.selection import select
from uapigen.ir.types import Struct
from uapigen.layout.plan import Plan
from uapigen.sources import open_sources

from .program import compile_program

HERE = Path(__file__).parent
VERSIONS = [
    pytest.param(version, marks=[] if version == interpreters.CURRENT else pytest.mark.slow)
    for version in interpreters.VERSIONS
]


def prepare(source: Path, tables: Sequence[str], directory: Path) -> None:
    """Bindings, a program and the facts about it, in that directory."""
    opened = open_sources([source])
    plan = Plan(opened.graph, opened.model, select(opened.graph, (), ()))
    records = {
        key: type_id
        for type_id, key in plan.keys.of.items()
        if isinstance(opened.graph[type_id], Struct)
    }
    facts = compile_program(opened, {name: records[name] for name in tables}, directory)
    (directory / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
    run_uapigen(source, "-o", directory / "bindings")


def check(version: str, directory: Path) -> dict[str, Any]:
    """What the checker says on that Python."""
    arguments = [directory, "bindings", directory / "program.so", directory / "facts.json"]
    command = [interpreters.python(version), "-B", HERE / "checker.py", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    found: dict[str, Any] = json.loads(done.stdout)
    return found


KNOWN = (
    "address_space_operations",
    "block_device_operations",
    "dentry_operations",
    "ethtool_ops",
    "file_operations",
    "inode_operations",
    "net_device_ops",
    "platform_driver",
    "proto_ops",
    "quotactl_ops",
    "super_operations",
    "tcp_congestion_ops",
    "tty_operations",
)


@pytest.fixture(scope="session")
def known_tables(
    needs: Needs, running_kernel: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The directory of tables that every kernel has."""
    needs("gcc")
    directory = tmp_path_factory.mktemp("known_tables")
    graph = open_sources([running_kernel]).graph
    prepare(running_kernel, [name for name in KNOWN if graph.ids_named(name)], directory)
    return directory


@pytest.fixture(scope="session")
def every_table(
    needs: Needs, running_kernel: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The directory of all tables of this kernel."""
    needs("gcc")
    directory = tmp_path_factory.mktemp("every_table")
    prepare(running_kernel, list(load(running_kernel).ops), directory)
    return directory


@pytest.fixture(scope="session")
def classes(needs: Needs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the table in ``classes.c``."""
    needs("gcc", "pahole")
    directory = tmp_path_factory.mktemp("classes")
    source = compile_c(HERE / "classes.c", directory)
    prepare(source, ["class_operations"], directory)
    return directory


LEFT_OUT = {
    "value_9": "it returns struct nine, 9 bytes, by value",
    "value_12": "it returns struct twelve, 12 bytes, by value",
    "value_16": "it returns struct sixteen, 16 bytes, by value",
    "value_nested": "it returns struct nested, 12 bytes, by value",
    "value_packed": "struct packed by value has unaligned members",
    "value_packed_words": "struct packed_words by value has unaligned members",
    "late_packed": "struct packed by value has unaligned members",
    "late_packed_words": "struct packed_words by value has unaligned members",
    "late_aligned": "struct aligned by value is aligned to 16 bytes",
    "late_quarter": "struct quarter by value is aligned to 16 bytes",
    "point": "struct point by value has floating point members",
    "sample": "struct sample by value has floating point members",
    "int128": "__int128 is an integer of 16 bytes",
    "long_double": "long double is a float of 16 bytes",
    "print": "it is variadic: its arguments differ from call to call",
}
"""What neither ctypes nor its callbacks can pass, on x86_64."""


@pytest.mark.parametrize("version", VERSIONS)
def test_every_class_of_a_calling_convention_comes_across(version: str, classes: Path) -> None:
    if platform.machine() != "x86_64":
        pytest.skip("needs x86_64")
    found = check(version, classes)
    assert found["wrong"] == []
    assert found["left_out"] == {
        f"class_operations.{name}": reason for name, reason in LEFT_OUT.items()
    }
    assert found["calls"]["from C"] > 150
    assert found["calls"]["from Python"] > 100


@pytest.mark.slow
@pytest.mark.parametrize("version", interpreters.VERSIONS)
def test_every_function_pointer_of_this_kernel_comes_across(
    version: str, every_table: Path
) -> None:
    found = check(version, every_table)
    assert found["wrong"] == []
    assert {*found["left_out"].values()} <= {LEFT_OUT["print"]}
    assert found["calls"]["from C"] > 6000
    assert found["calls"]["from Python"] > 6000


@pytest.mark.slow
@pytest.mark.parametrize("kernel", ["amd64-6.1", "amd64-7.3rc7-cloud"])
def test_every_function_pointer_of_another_kernel_comes_across(
    kernel: str, needs: Needs, corpus: Path, tmp_path: Path
) -> None:
    needs("gcc")
    if platform.machine() != "x86_64":
        pytest.skip("needs x86_64")
    source = corpus / f"{kernel}.btf.xz"
    prepare(source, list(load(source).ops), tmp_path)
    found = check(interpreters.CURRENT, tmp_path)
    assert found["wrong"] == []
    assert {*found["left_out"].values()} <= {LEFT_OUT["print"]}
    assert found["calls"]["from C"] > 6000


def test_function_pointers_of_well_known_tables_come_across(known_tables: Path) -> None:
    found = check(interpreters.CURRENT, known_tables)
    assert found["wrong"] == []
    assert found["left_out"] == {}

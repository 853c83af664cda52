"""The types of ``events.c``, of either byte order."""

from __future__ import annotations

from pathlib import Path

import pytest
from kitchen.targets import BPF_TARGETS, TARGETS, require, run

import uapigen

EVENTS = Path(__file__).with_name("events.c")


def compile_events(target_name: str, directory: Path) -> Path:
    target = BPF_TARGETS[target_name]
    require(target.compiler[0])
    out = directory / "events.bpf.o"
    run([*target.compiler, "-c", EVENTS, "-o", out])
    return out


@pytest.fixture(scope="session")
def bpf_object(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_events("bpfel", tmp_path_factory.mktemp("events"))


@pytest.fixture(scope="session")
def k(bpf_object: Path) -> uapigen.Loaded:
    """The types, little-endian."""
    return uapigen.load(bpf_object)


@pytest.fixture(scope="session")
def big_endian(tmp_path_factory: pytest.TempPathFactory) -> uapigen.Loaded:
    return uapigen.load(compile_events("bpfeb", tmp_path_factory.mktemp("big_endian_events")))


@pytest.fixture(scope="session")
def gcc(tmp_path_factory: pytest.TempPathFactory) -> uapigen.Loaded:
    """The types as gcc and pahole tell them: with the signs of enums, unlike clang 14."""
    target = TARGETS["x86_64"]
    require(target.compiler[0])
    require("pahole")
    program = tmp_path_factory.mktemp("gcc") / "events.o"
    run([*target.compiler, "-g", "-c", EVENTS, "-o", program])
    run(["pahole", "--btf_gen_all", f"--btf_encode_detached={program}.btf", program])
    return uapigen.load(f"{program}.btf", arch=target.arch)

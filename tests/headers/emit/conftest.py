"""Bindings of units made by hand, generated and imported."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from uapigen.emit.headers import header_module_files, header_plan
from uapigen.emit.linked import Linked, linked_files, merged
from uapigen.emit.parts import Given, parts_of
from uapigen.ir.declarations import Unit
from uapigen.ir.units import choose, join
from uapigen.layout.targets import find_target

from .units import demo

MODEL = find_target("x86_64")


@pytest.fixture
def importing(tmp_path: Path) -> Iterator[Path]:
    """A directory from which modules are imported."""
    place = tmp_path / "importing"
    place.mkdir()
    before = set(sys.modules)
    sys.path.insert(0, str(place))
    importlib.invalidate_caches()
    yield place
    sys.path.remove(str(place))
    for module in set(sys.modules) - before:
        del sys.modules[module]


def module_of(unit: Unit, naming: str = "") -> dict[str, str]:
    """The files of the module of one header."""
    joined = join([unit])
    plan = header_plan(joined, MODEL, choose(joined))
    return header_module_files(plan, joined, "bindings", naming)


def package_of(*units: Unit, naming: str = "") -> dict[str, str]:
    """The files of the package of several headers."""
    given = Given(MODEL, frozenset(unit.header for unit in units), naming=naming)
    parts, includes = [], {}
    for index, unit in enumerate(units):
        parts += parts_of(unit, index, given, {})[0]
        includes |= {path: file.includes for path, file in unit.files.items()}
    about = {"arch": "x86_64", "byteorder": "little", "pointer_size": 8, "user_space": True}
    linked = Linked(merged(parts)[0], includes)
    return dict(linked_files(linked, MODEL, about, "C types."))


def write(files: dict[str, str], place: Path) -> None:
    for name, text in files.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.fixture
def bindings(importing: Path, tmp_path: Path) -> ModuleType:
    """The module of the demonstration header."""
    write(module_of(demo(tmp_path / "include")), importing)
    return importlib.import_module("bindings")


@pytest.fixture
def packaged(importing: Path) -> Callable[..., ModuleType]:
    """Writes the package of units and imports it."""

    def make(*units: Unit, naming: str = "") -> ModuleType:
        write(package_of(*units, naming=naming), importing / "uapi")
        return importlib.import_module("uapi")

    return make

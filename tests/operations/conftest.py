"""Bindings of the hand-made table, in each form that bindings have."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import Uapigen
from hostile.cli import imported

import uapigen

from .sources import device_source


@pytest.fixture(scope="module", params=["memory", "package", "module"])
def k(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The bindings, in each form."""
    arch = {"amd64": "x86_64"}.get(os.uname().machine, os.uname().machine)
    if request.param == "memory":
        yield uapigen.load(device_source(), arch=arch)
        return
    place = tmp_path_factory.mktemp("interfaces")
    source = place / "device.btf"
    source.write_bytes(device_source())
    out = place / ("device" if request.param == "package" else "device.py")
    run: Uapigen = request.getfixturevalue("uapigen")
    run(source, "--arch", arch, "-o", out)
    with imported(out) as bindings:
        yield bindings


@pytest.fixture
def ops(k: Any) -> Any:
    return k.ops.device_ops


@pytest.fixture
def reported(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is handed to ``sys.unraisablehook``."""
    found: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: found.append(args.exc_value))
    return found

"""What an editor completes of interfaces, from the stubs alone."""

from __future__ import annotations

from pathlib import Path

import jedi
import pytest
from conftest import Uapigen

from .sources import device_source


@pytest.fixture(scope="module", params=["bound", "bound.py"])
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, uapigen: Uapigen
) -> Path:
    folder = tmp_path_factory.mktemp("completed")
    (folder / "device.btf").write_bytes(device_source())
    uapigen(folder / "device.btf", "--arch", "x86_64", "-o", folder / request.param)
    return folder


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ops.dev", {"device_ops", "device_ops_calls", "device_ops_protocol"}),
        ("ops.device_ops.rea", {"read", "ready"}),
        ("ops.device_ops.vta", {"vtable", "vtable_"}),
        ("ops.device_ops.vtable(rea", {"read=", "ready="}),
        ("ops.device_ops.wrap(1).rea", {"read", "ready"}),
        ("ops.device_ops.wrap(1).lev", {"level"}),
        ("class Mine(ops.device_ops):\n    def f(self): self.rea", {"read", "ready"}),
    ],
)
def test_names_are_completed(place: Path, code: str, expected: set[str]) -> None:
    source = f"from bound import ops\n{code}"
    script = jedi.Script(source, path=place / "x.py", project=jedi.Project(place))
    assert expected <= {found.name for found in script.complete()}


def test_a_method_s_parameters_and_c_type_are_shown(place: Path) -> None:
    source = "from bound import ops\nops.device_ops.read("
    script = jedi.Script(source, path=place / "x.py", project=jedi.Project(place))
    (signature,) = script.get_signatures()
    assert [param.name for param in signature.params][-3:] == ["dev", "buf", "len"]
    assert "Byte 16: ssize_t (*)(struct device *, char *, long int)" in signature.docstring()

"""What type checkers say of implementations of an interface."""

from __future__ import annotations

import ast
import re
import textwrap
from pathlib import Path

import black
import pytest
from conftest import Uapigen
from mypy import api

from .sources import device_source

RIGHT = {
    "inherited": """
        class Mine(ops.device_ops):
            def read(
                self, dev: Pointer[k.device], buf: Pointer[object], size: int, /
            ) -> int:
                return dev.contents.flags

            def release(self, dev: Pointer[k.device], /) -> None: ...

            def find(self, dev: Pointer[k.device], name: object, /) -> k.device | None:
                return None

        table: k.device_ops = ops.device_ops.vtable(Mine(), level=3)
        table.level = 4
    """,
    "keyword": """
        def read(dev: Pointer[k.device], buf: object, size: int) -> int:
            return size

        ops.device_ops.vtable(read=read, handlers=[None, lambda dev: dev.contents.flags])
    """,
    "mapping": "ops.device_ops.vtable({'read': lambda dev, buf, size: size})",
    "protocol": """
        def use(whole: ops.device_ops.Protocol, calls: ops.device_ops) -> None:
            ops.device_ops.vtable(whole)
            use(calls, calls)
            use(ops.device_ops.wrap(ops.device_ops.vtable(whole)), calls)
    """,
    "duck": """
        class Whole:
{methods}

        whole: ops.device_ops.Protocol = Whole()
        ops.device_ops.vtable(Whole())
    """,
}
RIGHT["calls"] = """
    calls = ops.device_ops.wrap(ops.device_ops.vtable())
    got: int = calls.read(None, bytearray(9), 9) + calls.read(0x1000, b"text", 4)
    found: Pointer[k.device] = calls.find(k.device(), None)
    calls.find(found, ctypes.byref(k.pair()))
    calls.find(ctypes.pointer(k.device()), ctypes.create_string_buffer(9))
    calls.each((k.device * 2)(), lambda dev: 1)
    calls.swap(k.pair()).a += 1
    one = calls.handlers[0]
    if one is not None:
        calls.level = one(None)
    same: ops.device_ops_calls = ops.device_ops.wrap(calls.find(1, None))
    ops.device_ops.wrap(ctypes.pointer(ops.device_ops.vtable()))
    places = [(one.name, one.offset, one.declaration) for one in ops.device_ops.__operations__]
"""
WRONG = {
    "argument": (
        """
        class Mine(ops.device_ops):
            def open(self, dev: Pointer[k.pair], /) -> int:
                return 1
        """,
        "override",
    ),
    "result": (
        """
        class Mine(ops.device_ops):
            def open(self, dev: Pointer[k.device], /) -> str:
                return ""
        """,
        "override",
    ),
    "keyword": ("ops.device_ops.vtable(opne=lambda dev: 1)", "call-arg"),
    "function": (
        """
        def read(dev: Pointer[k.device], buf: object, size: str) -> int:
            return 1

        ops.device_ops.vtable(read=read)
        """,
        "arg-type",
    ),
    "protocol": (
        """
        class Duck:
            def open(self, dev: Pointer[k.device], /) -> str:
                return ""

        whole: ops.device_ops.Protocol = Duck()
        """,
        "assignment",
    ),
    "duck": (
        """
        class Duck:
            def open(self, dev: int, /) -> int:
                return 1

        ops.device_ops.vtable(Duck())
        """,
        "arg-type",
    ),
    "passed": ("ops.device_ops.wrap(0).open(k.pair())", "arg-type"),
    "passed text": ("ops.device_ops.wrap(0).open('text')", "arg-type"),
    "missing": ("ops.device_ops.wrap(0).read(None, None)", "call-arg"),
    "wrapped": ("ops.device_ops.wrap(k.pair())", "arg-type"),
    "data": ("ops.device_ops.wrap(0).nonesuch", "attr-defined"),
    "left out": ("ops.device_ops.vtable(log=lambda text: 1)", "call-arg"),
}


def methods(stub: str, indent: int) -> str:
    """The protocol's methods as a class that inherits nothing."""
    for node in ast.walk(ast.parse(stub)):
        if isinstance(node, ast.ClassDef) and node.name == "device_ops_protocol":
            text = "\n".join(ast.unparse(item) for item in node.body)
            text = text.replace("_s.", "s.").replace("_t_", "k.").replace("s.int", "int")
            return textwrap.indent(text, " " * indent)
    raise AssertionError("no protocol")


@pytest.fixture(scope="module", params=["package", "module"])
def told(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, uapigen: Uapigen
) -> dict[str, list[str]]:
    """File -> mypy's error codes."""
    place = tmp_path_factory.mktemp("checked")
    (place / "device.btf").write_bytes(device_source())
    package = request.param == "package"
    out = place / ("bound" if package else "bound.py")
    uapigen(place / "device.btf", "--arch", "x86_64", "-o", out)
    if package:
        head = (
            "import ctypes, bound as k\nfrom bound import _typing as s, ops\nPointer = s.Pointer\n"
        )
        stub = (out / "ops.pyi").read_text()
        body = methods(stub, 12)
    else:
        head = "import ctypes\nimport bound as k\nfrom bound import ops, _s_Pointer as Pointer\n"
        body = ""
    for name, text in RIGHT.items():
        if name == "duck":
            if not package:
                continue
            text = text.replace("{methods}", body)
        (place / f"right_{name}.py").write_text(head + textwrap.dedent(text))
    for name, (text, _) in WRONG.items():
        (place / f"wrong_{name.replace(' ', '_')}.py").write_text(head + textwrap.dedent(text))
    files = sorted(str(path.name) for path in place.glob("*_*.py"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        output, err, _ = api.run(
            ["--strict", "--config-file=", "--cache-dir=cache", *files, *(["bound"] * package)]
        )
    assert not err
    found: dict[str, list[str]] = {Path(file).stem: [] for file in files}
    for file, code in re.findall(r"^([^:]+):\d+: error: .*\[(.*)\]$", output, re.M):
        found.setdefault(Path(file).stem, []).append(code)
    return found


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_implementation_is_accepted(told: dict[str, list[str]], name: str) -> None:
    assert told.get(f"right_{name}", []) == []


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_implementation_is_rejected(told: dict[str, list[str]], name: str) -> None:
    assert set(told[f"wrong_{name.replace(' ', '_')}"]) == {WRONG[name][1]}


def test_the_stub_itself_is_clean(told: dict[str, list[str]]) -> None:
    assert [file for file in told if not file.startswith(("right_", "wrong_"))] == []


@pytest.mark.slow
def test_the_stub_of_a_kernel_is_as_black_would_leave_it(
    running_kernel: Path, tmp_path: Path, uapigen: Uapigen
) -> None:
    uapigen(running_kernel, "-o", tmp_path / "bindings")
    for name in ("ops.pyi", "ops.py", "operations.py"):
        text = (tmp_path / "bindings" / name).read_text()
        assert text == black.format_str(text, mode=black.Mode(is_pyi=name.endswith("i"))), name

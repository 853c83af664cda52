"""One header as one self-contained module."""

from __future__ import annotations

import ctypes
import math
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import black
import pytest
from mypy import api

from .conftest import module_of, write
from .units import demo


def test_importing_makes_nothing(bindings: ModuleType) -> None:
    assert "ctype" not in vars(bindings)
    assert bindings.__abi__["user_space"] is True


def test_types_of_the_header_and_of_what_it_includes_and_needs(bindings: ModuleType) -> None:
    assert ctypes.sizeof(bindings.demo) == 40
    assert bindings.demo.name.offset == 16
    assert bindings.ctype("struct base").value.size == 4
    assert bindings.uint32_t is ctypes.c_uint32
    assert "uint_least32_t" not in dir(bindings)  # the C library's, and nobody needs it


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEMO_VERSION", 7),
        ("DEMO_NAME", 'a "demo"\\\n'),
        ("DEMO_BYTES", b"\xff\0"),
        ("DEMO_RATIO", 0.5),
        ("DEMO_HUGE", math.inf),
        ("BASE_ONE", 1),
        ("GREEN", 2),
        ("class_", 3),
    ],
)
def test_constant_has_its_value_and_python_type(
    bindings: ModuleType, name: str, value: object
) -> None:
    found = getattr(bindings, name)
    assert (found, type(found)) == (value, type(value))


def test_macro_functions_compute_and_show_their_c(bindings: ModuleType) -> None:
    assert bindings.DEMO_ALIGN(9) == 16
    assert bindings.DEMO_TWICE(4, 1) == 9
    assert bindings.DEMO_ALIGN.__doc__ == "DEMO_ALIGN(x) …"
    assert bindings.DEMO_ALIGN is bindings.DEMO_ALIGN
    assert {"DEMO_ALIGN", "DEMO_TWICE"} <= set(dir(bindings))


def test_macro_that_is_no_python_is_left_out_by_name(tmp_path: Path) -> None:
    unit = demo(tmp_path)
    unit.macros[0] = unit.macros[0]._replace(expression="import os")
    unit.macros[1] = unit.macros[1]._replace(params=("x): pass\nimport os\ndef f(x",))
    text = module_of(unit)["bindings.py"]
    assert "def DEMO_" not in text
    assert "import os\ndef" not in text


def test_comments_become_docstrings(bindings: ModuleType) -> None:
    assert bindings.demo.__doc__ == (
        "A demonstration.\n\n    With \"\"\"quotes''' and a \\ in it.\n\n"
        "    size: how large\n        it is\n    name: what it is called\n    "
    )
    assert bindings.colour.__doc__ == "What it looks like."
    assert bindings.base.__doc__ is None


def test_ioctl_number_knows_its_argument(bindings: ModuleType) -> None:
    number = bindings.DEMO_GET
    assert number == 0x80286401
    assert (number.dir, chr(number.type), number.nr, number.size) == (2, "d", 1, 40)
    assert number.argument is bindings.demo
    assert (number.reads, number.writes) == (True, False)
    assert pickle.loads(pickle.dumps(number)).argument is bindings.demo


def test_ioctl_refuses_an_argument_of_another_size(bindings: ModuleType) -> None:
    with pytest.raises(
        TypeError, match="DEMO_GET = 0x80286401> wants struct demo of 40 bytes, not 3"
    ):
        bindings.ioctl(0, bindings.DEMO_GET, bytearray(3))


def test_ioctl_raises_what_the_kernel_says(bindings: ModuleType) -> None:
    with open("/dev/null", "rb") as file, pytest.raises(OSError, match="Inappropriate ioctl"):
        bindings.ioctl(file, bindings.DEMO_GET)


def test_macro_that_names_a_type_is_that_type(bindings: ModuleType) -> None:
    assert bindings.old_demo is bindings.demo
    assert bindings.ctype("struct old_demo") is bindings.demo


def test_pointers_have_contents_as_they_are_this_process_own(bindings: ModuleType) -> None:
    base = bindings.base(value=5)
    made = bindings.demo(next=base)
    assert made.next.contents.value == 5
    address = ctypes.addressof(base)
    assert bindings.demo(next=address).next.contents.value == 5


def test_functions_are_data(bindings: ModuleType) -> None:
    function = bindings.functions["demo_call"]
    assert str(function) == "int demo_call(struct demo *d)"


def test_abi_tells_the_sources_and_what_was_included_before(tmp_path: Path) -> None:
    unit = demo(tmp_path)
    unit.prerequisites = ("sys/socket.h",)
    text = module_of(unit)["bindings.py"]
    space: dict[str, object] = {"__name__": "x", "__file__": "x"}
    exec(text, space)
    about = space["__abi__"]
    assert isinstance(about, dict)
    assert [source["name"] for source in about["sources"]] == ["linux/demo.h", "linux/base.h"]
    assert all(len(source["sha256"]) == 64 for source in about["sources"])
    assert about["prerequisites"] == ["sys/socket.h"]
    assert str(tmp_path) not in text


@pytest.mark.parametrize("naming", ["ctypesgen", "clang2py"])
def test_names_of_other_tools(importing: Path, tmp_path: Path, naming: str) -> None:
    write(module_of(demo(tmp_path / "include"), naming), importing)
    space: dict[str, object] = {}
    exec("from bindings import struct_demo, enum_colour, demo, colour", space)
    assert space["struct_demo"] is space["demo"]
    assert space["enum_colour"] is space["colour"]
    assert {"struct_demo", "struct_base", "enum_colour"} <= set(dir(sys.modules["bindings"]))


def test_clang2py_has_a_dict_of_each_enums_values(importing: Path, tmp_path: Path) -> None:
    write(module_of(demo(tmp_path / "include"), "clang2py"), importing)
    space: dict[str, object] = {}
    exec("from bindings import colour__enumvalues", space)
    assert space["colour__enumvalues"] == {1: "RED", 2: "GREEN"}


def test_text_is_as_black_would_leave_it(tmp_path: Path) -> None:
    for naming in ("", "clang2py"):
        for name, text in module_of(demo(tmp_path), naming).items():
            mode = black.Mode(is_pyi=name.endswith(".pyi"))
            assert text == black.format_str(text, mode=mode), name


_USE = """\
import bindings as k

version: int = k.DEMO_VERSION
name: str = k.DEMO_NAME
data: bytes = k.DEMO_BYTES
ratio: float = k.DEMO_RATIO
made = k.demo(size=1)
size: int = made.size + made.base.value
made.next = k.base()
value: int = made.next.contents.value
k.DEMO_ALIGN(made.size)
number: int = k.DEMO_GET.size
k.ioctl(0, k.DEMO_GET, made)
same: k.demo = k.struct_demo()
wrong: str = k.DEMO_VERSION  # E
made.nothing  # E
"""


def test_stub_tells_a_type_checker_what_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "checked"
    write(module_of(demo(tmp_path), "ctypesgen") | {"use.py": _USE}, place)
    monkeypatch.chdir(place)
    out, err, _ = api.run(["--strict", "--config-file=", "--cache-dir=cache", "use.py"])
    assert not err
    expected = [n for n, line in enumerate(_USE.splitlines(), 1) if line.endswith("# E")]
    told = [line.split(":")[1] for line in out.splitlines() if ": error:" in line]
    assert [int(line) for line in told] == expected, out


def test_golden_text(tmp_path: Path, golden: Callable[[str, str], None],
                     monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr("uapigen.__version__", "VERSION")
    files = module_of(demo(tmp_path))
    text, stub = files["bindings.py"], files["bindings.pyi"]
    tables = text[: text.index("_CVALUES =")]
    types = stub[stub.index("__abi__: ") :]
    golden("headers/demo.module.txt", f"{tables}\n==> stub <==\n\n{types}")

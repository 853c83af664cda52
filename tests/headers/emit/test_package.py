"""Many headers as a package whose modules ask each other."""

from __future__ import annotations

import ctypes
import importlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import black
import pytest
from mypy import api

from uapigen.emit.linked import Linked, differing, merged, module_path
from uapigen.emit.parts import Given, copies_of, parts_of
from uapigen.ir.declarations import Unit
from uapigen.ir.types import Enum, Enumerator, Pointer, Typedef

from .conftest import MODEL, package_of, write
from .units import Builder, demo

Packaged = Callable[..., ModuleType]


@pytest.mark.parametrize(
    ("header", "module"),
    [
        ("linux/fuse.h", "linux.fuse"),
        ("linux/in.h", "linux.in_"),
        ("asm-generic/int-ll64.h", "asm_generic.int_ll64"),
        ("linux/const.h", "linux.const"),
        ("linux/8021q.h", "linux._8021q"),
        ("linux/netfilter/xt_TCPMSS.h", "linux.netfilter.xt_TCPMSS"),
        ("../up.h", "up"),
        ("a.b.h", "a_b"),
        ("_support.h", "_support_"),
        ("linux/x\"; import os; \".h", "linux.x_import_os_"),
    ],
)  # fmt: skip
def test_module_is_called_as_c_includes_the_header(header: str, module: str) -> None:
    assert ".".join(module_path(header)) == module


def using(folder: Path, header: str, *, size: int = 4) -> Unit:
    """A header that embeds ``struct base`` of linux/base.h, which it includes."""
    made = Builder(folder, header)
    made.file(header, "linux/base.h")
    made.file("linux/base.h")
    base = made.struct("base", "linux/base.h", ("value", made.uint, size))
    pointer = made.graph.add(Pointer(base))
    name = Path(header).stem
    made.struct(f"user_{name}", header, ("base", base, size), ("next", pointer, 8))
    made.constant(f"IN_{name}", 1, header)
    return made.unit


def test_a_type_exists_once(packaged: Packaged, tmp_path: Path) -> None:
    uapi = packaged(using(tmp_path, "linux/a.h"), using(tmp_path, "linux/b.h"))
    a, b = uapi.linux.a, uapi.linux.b
    assert a.base is b.base is uapi.linux.base.base
    assert type(a.user_a().base) is type(b.user_b().base) is uapi.linux.base.base
    assert a.user_a(next=4096).next.target is a.base
    assert a.ctype("struct base *[2]") is not None
    assert uapi.ctype("struct base") is a.base


def test_the_top_has_its_own_names_from_the_first_touch(packaged: Packaged, tmp_path: Path) -> None:
    uapi = packaged(demo(tmp_path))
    assert ctypes.sizeof(uapi.ctype("struct demo")) == 40
    assert {"__abi__", "ctype", "asdict", "flexible", "ioctl", "linux"} <= set(dir(uapi))
    assert uapi.__abi__["arch"] == "x86_64"


def test_what_is_included_is_reached_and_nothing_else(packaged: Packaged, tmp_path: Path) -> None:
    uapi = packaged(demo(tmp_path), using(tmp_path, "linux/b.h"))
    assert uapi.linux.demo.BASE_ONE == 1
    assert uapi.linux.demo.DEMO_ALIGN(1) == 8
    with pytest.raises(AttributeError, match="demo' has no attribute 'IN_b'"):
        _ = uapi.linux.demo.IN_b
    with pytest.raises(LookupError, match="'struct user_b' is not among these bindings"):
        uapi.linux.demo.ctype("struct user_b")
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = uapi.linux.nothing
    with pytest.raises(LookupError, match="'struct nothing' is not among"):
        uapi.ctype("struct nothing")


def test_headers_that_include_each_other_end(packaged: Packaged, tmp_path: Path) -> None:
    first, second = Builder(tmp_path, "linux/a.h"), Builder(tmp_path, "linux/b.h")
    for made in (first, second):
        made.file("linux/a.h", "linux/b.h")
        made.file("linux/b.h", "linux/a.h")
    first.constant("A", 1, "linux/a.h")
    second.constant("B", 2, "linux/b.h")
    uapi = packaged(first.unit, second.unit)
    assert (uapi.linux.a.B, uapi.linux.b.A) == (2, 1)
    assert not hasattr(uapi.linux.a, "C")


def test_stubs_do_not_import_all_of_each_other(tmp_path: Path) -> None:
    first, second = Builder(tmp_path, "linux/a.h"), Builder(tmp_path, "linux/b.h")
    for made in (first, second):
        made.file("linux/a.h", "linux/b.h")
        made.file("linux/b.h", "linux/a.h")
    files = package_of(first.unit, second.unit)
    assert "from ..linux.b import *\n" in files["linux/a.pyi"]
    assert "import *" not in files["linux/b.pyi"]


def test_only_what_is_touched_is_imported(tmp_path: Path) -> None:
    write(package_of(demo(tmp_path), using(tmp_path, "linux/b.h")), tmp_path / "place" / "uapi")
    script = """
import sys
import uapi.linux.demo as demo
loaded = {name for name in sys.modules if name.startswith("uapi")}
assert loaded == {"uapi", "uapi.linux", "uapi.linux.demo"}, loaded
assert demo.DEMO_VERSION == 7
assert "uapi.linux.base" not in sys.modules
demo.demo
assert "uapi.linux.base" in sys.modules and "uapi.linux.b" not in sys.modules
"""
    subprocess.run([sys.executable, "-S", "-c", script], check=True, cwd=tmp_path / "place")


def test_header_and_directory_of_one_name(packaged: Packaged, tmp_path: Path) -> None:
    outer, inner = Builder(tmp_path, "linux/can.h"), Builder(tmp_path, "linux/can/raw.h")
    frame = outer.struct("can_frame", "linux/can.h", ("can_id", outer.uint, 4))
    outer.own(Typedef("frame_t", frame), "linux/can.h")
    inner.file("linux/can/raw.h", "linux/can.h")
    inner.file("linux/can.h")
    inner.constant("CAN_RAW_FILTER", 1, "linux/can/raw.h")
    uapi = packaged(outer.unit, inner.unit)
    assert uapi.linux.can.frame_t is uapi.linux.can.can_frame
    assert uapi.linux.can.raw.CAN_RAW_FILTER == 1
    assert uapi.linux.can.raw.can_frame is uapi.linux.can.can_frame
    assert {"raw", "can_frame"} <= set(dir(uapi.linux.can))


def test_of_system_files_there_is_what_others_need(packaged: Packaged, tmp_path: Path) -> None:
    uapi = packaged(demo(tmp_path))
    assert uapi.stdint.uint32_t is ctypes.c_uint32
    assert not hasattr(uapi.stdint, "uint_least32_t")
    assert "unused" not in dir(uapi)


def test_own_unit_is_believed_about_a_header(packaged: Packaged, tmp_path: Path) -> None:
    own = Builder(tmp_path, "linux/base.h")
    own.struct("base", "linux/base.h", ("value", own.uint, 4))
    own.constant("OWN", 1, "linux/base.h")
    uapi = packaged(demo(tmp_path), own.unit)
    assert uapi.linux.base.OWN == 1
    assert not hasattr(uapi.linux.base, "BASE_ONE")  # from the unit that only includes it


def linked(*units: Unit) -> tuple[Linked, list[str]]:
    """The parts of units, with the copies that they need; and what differed."""
    given = Given(MODEL, frozenset(unit.header for unit in units))
    parts = [p for i, unit in enumerate(units) for p in parts_of(unit, i, given, {})[0]]
    found, notes = merged(parts)
    made = Linked(found, {p: f.includes for u in units for p, f in u.files.items()})
    for index, wanted in differing(made).items():
        for copy in copies_of(units[index], index, given, wanted):
            made.parts[copy.file.path].merge(copy)
    return made, notes


def test_a_type_that_is_another_one_for_a_header_is_copied_into_it(tmp_path: Path) -> None:
    made, notes = linked(using(tmp_path, "linux/a.h"), using(tmp_path, "linux/b.h", size=8))
    a, b = (made.parts[str(tmp_path / f"linux/{name}.h")] for name in "ab")
    assert "base" not in a.records
    assert "size=8" in b.records["base"]
    assert notes == ["struct base of linux/base.h differs where another header includes it"]
    assert not differing(made)


def test_nothing_differs_where_units_agree(tmp_path: Path) -> None:
    made, notes = linked(using(tmp_path, "linux/a.h"), using(tmp_path, "linux/b.h"))
    assert (differing(made), notes) == ({}, [])


def test_name_that_two_headers_define_differently_is_asked_of_one(
    packaged: Packaged, tmp_path: Path
) -> None:
    units = []
    for name, size in (("a", 4), ("b", 8)):
        made = Builder(tmp_path, f"linux/{name}.h")
        made.struct("same", f"linux/{name}.h", ("value", made.uint, size))
        units.append(made.unit)
    uapi = packaged(*units)
    assert (ctypes.sizeof(uapi.linux.a.same), ctypes.sizeof(uapi.linux.b.same)) == (4, 8)
    with pytest.raises(LookupError, match=r"differs between uapi\.linux\.a, uapi\.linux\.b"):
        uapi.ctype("struct same")


def test_enum_and_typedef_of_another_module(packaged: Packaged, tmp_path: Path) -> None:
    made = Builder(tmp_path, "linux/a.h")
    made.file("linux/a.h", "linux/b.h")
    made.file("linux/b.h")
    enum = made.own(Enum("which", 2, True, (Enumerator("ONE", 1),)), "linux/b.h")
    alias = made.own(Typedef("which_t", enum), "linux/b.h")
    pointer = made.own(Typedef("pointer_t", made.graph.add(Pointer(made.int))), "linux/b.h")
    made.struct("holder", "linux/a.h", ("p", pointer, 8), ("e", enum, 2), ("t", alias, 2))
    uapi = packaged(made.unit)
    holder = uapi.linux.a.holder(p=16, e=-1, t=1)
    assert (holder.p, holder.e, holder.t) == (16, -1, 1)
    assert repr(holder.p) == "0x10"
    assert uapi.linux.a.ONE == 1


def test_package_works_under_another_name(importing: Path, tmp_path: Path) -> None:
    write(package_of(demo(tmp_path)), importing / "outer" / "inner")
    (importing / "outer" / "__init__.py").write_text("", encoding="utf-8")
    module = importlib.import_module("outer.inner.linux.demo")
    assert module.demo().base.value == 0
    assert module.DEMO_ALIGN(1) == 8


def test_loaded_again_a_module_forgets(packaged: Packaged, tmp_path: Path) -> None:
    module = packaged(demo(tmp_path)).linux.demo
    before = module.demo
    assert importlib.reload(module).demo is not before


def test_text_is_as_black_would_leave_it(tmp_path: Path) -> None:
    for name, text in package_of(demo(tmp_path), using(tmp_path, "linux/b.h")).items():
        if name.endswith((".py", ".pyi")):
            mode = black.Mode(is_pyi=name.endswith(".pyi"))
            assert text == black.format_str(text, mode=mode), name


def test_same_units_give_the_same_bytes(tmp_path: Path) -> None:
    assert package_of(demo(tmp_path)) == package_of(demo(tmp_path))
    assert not [t for t in package_of(demo(tmp_path)).values() if str(tmp_path) in t]


_USE = """\
import uapi
from uapi.linux.demo import demo, BASE_ONE, __abi__
from uapi.linux.base import base

made = demo(size=1)
size: int = made.size + made.base.value + BASE_ONE
same: base = made.base
module: int = uapi.linux.demo.DEMO_VERSION
uapi.linux.demo.ioctl(0, uapi.linux.demo.DEMO_GET, made)
wrong: str = made.base.value  # E
uapi.linux.nothing  # E
"""


def test_stubs_know_types_of_other_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "checked"
    write(package_of(demo(tmp_path)), place / "uapi")
    write({"use.py": _USE}, place)
    monkeypatch.chdir(place)
    out, err, _ = api.run(["--strict", "--config-file=", "--cache-dir=cache", "use.py", "uapi"])
    assert not err
    expected = [n for n, line in enumerate(_USE.splitlines(), 1) if line.endswith("# E")]
    told = [line for line in out.splitlines() if ": error:" in line]
    assert [int(line.split(":")[1]) for line in told] == expected, out

"""The ``syscalls`` module of packages: there, cheap, and what the join makes now."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import black
import pytest
from conftest import Uapigen

from uapigen.cli.package_syscalls import packed, syscalls_files
from uapigen.emit.packed_syscalls import packed_path, unpack
from uapigen.emit.syscalls import kind_of
from uapigen.layout.targets import TARGETS
from uapigen.syscalls.abis import ABIS
from uapigen.syscalls.join import syscall_table
from uapigen.syscalls.sources import package

HEADER = """
#include <linux/types.h>
struct statx_timestamp { __s64 tv_sec; __u32 tv_nsec; __s32 __reserved; };
struct statfs { long f_type; long f_bsize; };
"""


@pytest.fixture(scope="module")
def headers(uapigen: Uapigen, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A package of two headers."""
    folder = tmp_path_factory.mktemp("packages")
    (folder / "one.h").write_text(HEADER)
    (folder / "two.h").write_text("#define TWO 2\n")
    uapigen("one.h", "two.h", "-o", "of_headers", "--arch", "x86_64", "--quiet", cwd=folder)
    sys.path.insert(0, str(folder))
    yield importlib.import_module("of_headers.syscalls")
    sys.path.remove(str(folder))


def test_ready_tables_are_what_the_join_makes() -> None:
    """``make syscalls`` writes them anew."""
    ready = unpack("x86_64")
    assert ready is not None
    if ready.sources[0] != f"system-calls {package.kernel_version()}":
        pytest.skip(f"needs {ready.sources[0]}")  # numbers of another release of the package
    assert Path(packed_path()).read_text("utf-8") == packed()


@pytest.mark.parametrize("abi", sorted(ABIS))
def test_every_abi_has_a_module(abi: str) -> None:
    (text,) = syscalls_files(TARGETS[abi]).values()
    namespace: dict[str, Any] = {"__name__": f"of_{abi}", "__package__": ""}
    exec(compile(text, "syscalls.py", "exec"), namespace)
    from uapigen.emit.support.syscalls import open_syscalls

    open_syscalls(namespace)
    table = namespace["TABLE"]
    assert table.numbers == package.numbers(abi)
    for name, expected in zip(table, syscall_table(abi).syscalls, strict=True):
        record = table[name]
        assert (record.nr, record.entry, record.returns, record.since) == (
            expected.nr,
            expected.entry,
            expected.returns,
            expected.since,
        )
        if expected.params is None:
            assert record.params is None
            assert record.reason
            continue
        assert [(p.name, p.c_type) for p in record.params] == [
            (p.name, p.c_type) for p in expected.params
        ]
        assert record.lowering == tuple(one.registers for one in expected.lowering)
        assert all(kind_of(p.c_type, TARGETS[abi]) == p.kind for p in record.params)


def test_unknown_architectures_have_none() -> None:
    assert syscalls_files(TARGETS["x86_64"]._replace(arch="pdp11")) == {}


def test_structs_come_from_the_package(headers: Any) -> None:
    package_of = sys.modules["of_headers"]
    param = headers.TABLE["statfs"].params[1]
    assert param.target is package_of.ctype("struct statfs")
    assert param.ctype._type_ is param.target
    assert headers.TABLE["statx"].params[4].target is None
    found = param.target()
    if headers.TABLE.callable:
        with pytest.raises(TypeError, match=r"is a struct statfs, .* not struct statx_timestamp"):
            headers.statfs("/", package_of.ctype("struct statx_timestamp")())
        with pytest.raises(ValueError, match="buf has 4 bytes, not the 16 of struct statfs"):
            headers.statfs("/", bytearray(4))
        with pytest.raises(TypeError, match="not str"):
            headers.statfs("/", "text")
        assert headers.TABLE["statfs"].params[1].ctype(found).contents is not None


def test_a_header_of_that_name_keeps_it(uapigen: Uapigen, tmp_path: Path) -> None:
    (tmp_path / "syscalls.h").write_text("#define MINE 1\n")
    (tmp_path / "two.h").write_text("#define TWO 2\n")
    uapigen("syscalls.h", "two.h", "-o", "out", "--quiet", cwd=tmp_path)
    assert "_SYSCALLS" not in (tmp_path / "out" / "syscalls.py").read_text("utf-8")


def test_check_knows_the_module(uapigen: Uapigen, tmp_path: Path) -> None:
    (tmp_path / "one.h").write_text(HEADER)
    (tmp_path / "two.h").write_text("#define TWO 2\n")
    command = ("one.h", "two.h", "-o", "out", "--quiet")
    uapigen(*command, cwd=tmp_path)
    uapigen(*command, "--check", cwd=tmp_path)
    (tmp_path / "out" / "syscalls.py").write_text("")
    assert "syscalls.py" in uapigen(*command, "--check", cwd=tmp_path, exit_code=1).stdout


def test_import_compiles_nothing_and_loads_nothing(headers: Any) -> None:
    folder = Path(headers.__file__).parent.parent
    code = (
        "import sys; before = set(sys.modules); import of_headers.syscalls;"
        "print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.stdout.strip() == "['of_headers', 'of_headers.syscalls']"


# The command


def test_listing(uapigen: Uapigen) -> None:
    lines = uapigen("syscalls", "--arch", "aarch64").stdout.splitlines()
    assert " 56  openat(int dfd, const char *filename, int flags, umode_t mode)" in lines
    assert len(lines) == len(package.numbers("aarch64"))
    assert "'pdp11'" in uapigen("syscalls", "--arch", "pdp11", exit_code=2).stderr


def test_json(uapigen: Uapigen, tmp_path: Path) -> None:
    uapigen("syscalls", "--arch", "i386", "-o", tmp_path / "table.json")
    found = json.loads((tmp_path / "table.json").read_text("utf-8"))
    assert found["abi"] == "i386"
    (pread,) = (one for one in found["syscalls"] if one["name"] == "pread64")
    assert pread["nr"] == 180
    assert [name for param in pread["params"] for name in param["registers"]] == [
        "ebx",
        "ecx",
        "edx",
        "esi",
        "edi",
    ]
    assert pread["provenance"]


def test_single_file_needs_nothing_else(uapigen: Uapigen, tmp_path: Path) -> None:
    uapigen("syscalls", "-o", tmp_path / "s.py")
    text = (tmp_path / "s.py").read_text("utf-8")
    head, tail = text.split('_SYSCALLS = r"""')
    framed = head + '_SYSCALLS = r"""' + tail[tail.index('"""') :]
    support = framed.index("_SUPPORT = r'''")
    framed = framed[:support] + framed[framed.index("'''\n", support + 15) + 4 :]
    assert black.format_str(framed, mode=black.Mode()) == framed
    code = "import s; print(s.TABLE['read'].nr, s.NR.read, s.getppid() > 0, len(s.Handlers()))"
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, '.'); {code}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.split()[2:] == ["True", "0"]
    uapigen("syscalls", "-o", tmp_path / "s.txt", exit_code=2)
    uapigen("syscalls", "-o", tmp_path / "not-a-name.py", exit_code=2)

"""The sources of ``uapigen syscalls``, told apart by what they are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from conftest import Uapigen

from uapigen.errors import InputError, UsageError
from uapigen.syscall_sources import open_table

TABLE = "0\tcommon\tread\tsys_read\n1\tcommon\twrite\tsys_write\n999\tcommon\tbrand_new\tsys_new\n"
GENERATED = "__SYSCALL(0, sys_read)\n__SYSCALL(999, sys_brand_new)\n"
HEADER = "#define __NR_read 0\n#define __NR_brand_new 999\n"


def numbers(path: Path) -> dict[str, int]:
    return {call.name: call.nr for call in open_table("x86_64", [str(path)]).syscalls}


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("syscall_64.tbl", TABLE, {"read": 0, "write": 1, "brand_new": 999}),
        ("syscalls_64.h", GENERATED, {"read": 0, "brand_new": 999}),
        ("unistd.h", HEADER, {"read": 0, "brand_new": 999}),
    ],
)
def test_numbers_are_the_sources(
    tmp_path: Path, name: str, text: str, expected: dict[str, int]
) -> None:
    path = tmp_path / name
    path.write_text(text)
    table = open_table("x86_64", [str(path)])
    assert {call.name: call.nr for call in table.syscalls} == expected
    assert name in table.sources
    by_name = {call.name: call for call in table.syscalls}
    assert [param.name for param in by_name["read"].params or ()] == ["fd", "buf", "count"]
    assert by_name["brand_new"].params is None
    assert by_name["brand_new"].reason


def test_the_first_source_is_believed(tmp_path: Path) -> None:
    first, second = tmp_path / "a.tbl", tmp_path / "b.tbl"
    first.write_text("7 common read sys_read\n")
    second.write_text("8 common read sys_read\n")
    (call,) = open_table("x86_64", [str(first), str(second)]).syscalls
    assert call.nr == 7


def test_btf_gives_prototypes(running_kernel: Path) -> None:
    table = open_table(os.uname().machine, [str(running_kernel)])
    assert len(table.syscalls) > 300
    assert any(str(running_kernel) in source or "btf" in source for source in table.sources)


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("x.tbl", "0 common\n", "x.tbl: line 1: "),
        ("x.h", "__SYSCALL(0, )\n", "x.h: line 1: "),
        ("unistd.h", "#define OTHER 1\n", "unistd.h: defines no __NR_ numbers"),
    ],
)
def test_malformed_source_is_refused(tmp_path: Path, name: str, text: str, problem: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(InputError, match=problem):
        open_table("x86_64", [str(path)])


def test_directory_that_is_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"neither tracefs .* nor a kernel's source tree"):
        open_table("x86_64", [str(tmp_path)])


@pytest.mark.parametrize("declared", [True, False])
def test_headers_package_is_a_directory(tmp_path: Path, declared: bool) -> None:
    """Some distributions have the declarations in it, others in a package of their own."""
    below = tmp_path / "arch/x86/include/generated/asm"
    below.mkdir(parents=True)
    (below / "syscalls_64.h").write_text(GENERATED)
    (below / "syscalls_32.h").write_text("__SYSCALL_WITH_COMPAT(3, sys_read, compat_sys_read)\n")
    if declared:
        (tmp_path / "Makefile").write_text("VERSION = 9\nPATCHLEVEL = 8\nSUBLEVEL = 7\n")
        header = tmp_path / "include/linux/syscalls.h"
        header.parent.mkdir(parents=True)
        header.write_text("asmlinkage long sys_brand_new(int one, char __user *two);\n")
    table = open_table("x86_64", [str(tmp_path)])
    assert {call.name: call.nr for call in table.syscalls} == {"read": 0, "brand_new": 999}
    params = table.syscalls[1].params
    assert [param.name for param in params or ()] == (["one", "two"] if declared else [])
    (read,) = open_table("i386", [str(tmp_path)]).syscalls
    assert (read.nr, read.entry, read.compat) == (3, "__ia32_sys_read", "__ia32_compat_sys_read")


def test_declarations_alone_have_no_numbers(tmp_path: Path) -> None:
    """Debian's headers package for all flavours: its ``asm/unistd.h`` includes generated ones."""
    (tmp_path / "Makefile").write_text("VERSION = 9\nPATCHLEVEL = 8\nSUBLEVEL = 7\n")
    for name, text in {
        "include/linux/syscalls.h": "asmlinkage long sys_read(int one, char __user *two);\n",
        "arch/x86/include/uapi/asm/unistd.h": "#include <asm/unistd_64.h>\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text)
    table = open_table("x86_64", [str(tmp_path)])
    read = next(call for call in table.syscalls if call.name == "read")
    assert [param.name for param in read.params or ()] == ["one", "two"]
    assert read.provenance == ("system-calls", "tree 9.8.7")
    assert len(table.syscalls) > 360


def test_number_without_a_name_or_an_entry_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "syscalls_64.h"
    path.write_text(f"{GENERATED}__SYSCALL(174, sys_ni_syscall)\n__SYSCALL(335, sys_ni_syscall)\n")
    table = open_table("x86_64", [str(path)])
    found = {call.name: call for call in table.syscalls}
    assert found.keys() == {"read", "brand_new", "uretprobe"}  # 174 was create_module's
    assert found["uretprobe"].reason.startswith("not implemented")


def test_command_line_takes_sources(tmp_path: Path, uapigen: Uapigen) -> None:
    table = tmp_path / "t.tbl"
    table.write_text(TABLE)
    told = uapigen("syscalls", "--arch", "x86_64", table).stdout.splitlines()
    assert [line.split()[0] for line in told if line.strip()][:3] == ["0", "1", "999"]

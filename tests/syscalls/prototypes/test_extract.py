"""The shipped table's making: merging by trust, the text, the command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from uapigen.syscalls import abis
from uapigen.syscalls.extract import __main__ as command
from uapigen.syscalls.extract import table as made
from uapigen.syscalls.extract.documented import DOCUMENTED
from uapigen.syscalls.extract.merging import Said, merge
from uapigen.syscalls.extract.since import ADDED, of_manual
from uapigen.syscalls.prototypes import Prototypes, params
from uapigen.syscalls.sources import package
from uapigen.syscalls.sources.leads import rows

from .conftest import Plant

INT, LONG = params([("int", "a")]), params([("long", "a")])


def said(source: str, abi: str, shared: set[str] | None = None, **entries: object) -> Said:
    found = Prototypes(source, entries)  # type: ignore[arg-type]
    return Said(found, abi, None if shared is None else frozenset(shared))


# Merging


def test_first_is_believed_and_others_are_kept() -> None:
    sources = [said("new", "arm", sys_a=INT), said("old", "arm", sys_a=LONG),
               said("agrees", "arm", sys_a=INT)]  # fmt: skip
    found = merge(sources, [("arm", "sys_a")])["arm", "sys_a"]
    assert found.params == INT
    assert found.sources == ["new", "agrees"]
    assert found.others == {"old": LONG}


def test_shared_entry_is_told_of_by_every_architectures_kernel() -> None:
    tree = said("tree", "arm", {"sys_a"}, sys_a=INT)
    btf = said("btf", "x86_64", sys_a=LONG, sys_new=INT)
    found = merge([btf, tree], [("arm", "sys_a"), ("arm", "sys_new")])
    assert found["arm", "sys_a"].params == LONG
    assert found["arm", "sys_new"].params == INT


def test_architectures_own_entry_is_not() -> None:
    tree = said("tree", "arm", set(), sys_a=INT)
    found = merge([said("btf", "x86_64", sys_a=LONG), tree], [("arm", "sys_a")])
    assert found["arm", "sys_a"].params == INT
    assert found["arm", "sys_a"].others == {}


def test_entry_with_two_prototypes_is_not() -> None:
    trees = [said("tree", "arm", {"sys_a"}, sys_a=INT), said("tree", "sh", {"sys_a"}, sys_a=LONG)]
    found = merge([said("btf", "x86_64", sys_a=()), *trees], [("arm", "sys_a"), ("sh", "sys_a")])
    assert found["arm", "sys_a"].params == INT
    assert found["sh", "sys_a"].params == LONG


# Entries


def test_rows_of_a_table(plant: Plant) -> None:
    tree = plant(
        {
            "arch/arm/tools/syscall.tbl": "1\tcommon\texit\tsys_exit\n"
            "4\toabi\told\tsys_old\n180\teabi\tpread64\tsys_pread64\tsys_oabi_pread64\n",
            "arch/s390/kernel/syscalls/syscall.tbl": "1 common open sys_open compat_sys_open\n"
            "2 32 old - compat_sys_old\n3 64 wide sys_wide -\n",
        }
    )
    arm = {nr: (row.name, row.entry, row.compat_entry) for nr, row in rows(tree, "arm").items()}
    assert arm == {1: ("exit", "sys_exit", ""), 180: ("pread64", "sys_pread64", "")}
    s390 = {nr: (row.name, row.entry, row.compat_entry) for nr, row in rows(tree, "s390").items()}
    assert s390 == {1: ("open", "compat_sys_open", ""), 2: ("old", "compat_sys_old", "")}


def test_rows_of_a_header(plant: Plant, needs: object) -> None:
    needs("cc")  # type: ignore[operator]
    header = """
#include <asm/bitsperlong.h>
#if __BITS_PER_LONG == 32 || defined(__SYSCALL_COMPAT)
#define __SC_3264(nr, narrow, wide) __SYSCALL(nr, narrow)
#else
#define __SC_3264(nr, narrow, wide) __SYSCALL(nr, wide)
#endif
#define __NR_open 5
__SC_3264(__NR_open, sys_open32, sys_open)
__SYSCALL((244 + 14), sys_riscv_hwprobe)
"""
    bits = "#pragma once\n#ifdef __LP64__\n#define __BITS_PER_LONG 64\n#else\n" \
        "#define __BITS_PER_LONG 32\n#endif\n"  # fmt: skip
    tree = plant(
        {
            "arch/riscv/include/uapi/asm/unistd.h": "#include <asm-generic/unistd.h>\n",
            "include/uapi/asm-generic/unistd.h": header,
            "include/uapi/asm-generic/bitsperlong.h": bits,
        }
    )
    wide = {nr: row.entry for nr, row in rows(tree, "riscv64").items()}
    assert wide == {5: "sys_open", 258: "sys_riscv_hwprobe"}
    assert {nr: row.entry for nr, row in rows(tree, "riscv32").items()}[5] == "sys_open32"


# First releases


def test_releases_are_read_from_the_manual(tmp_path: Path) -> None:
    page = tmp_path / "syscalls.2"
    page.write_text(
        '\\fBaccept4\\fP(2)\t2.6.28\n.\\" \\fBno\\fP(2)\t1.0\n\\fBpipe2\\fP(2)\t2.6.27\tNote\n'
        "\\fBpread64\\fP(2)\t\tT{\n\\fBsendfile64\\fP(2)\t2.6; 2.4.19\n"
    )
    assert of_manual(page) == {"accept4": "2.6.28", "pipe2": "2.6.27", "sendfile64": "2.6"}


def test_added_releases_are_of_calls_that_there_are() -> None:
    names = {name for abi in abis.ABIS for name in package.numbers(abi)}
    assert ADDED.keys() <= names


# The whole


_TABLE_64 = "0\tcommon\tread\tsys_read\n5\t64\tfstat\tsys_newfstat\n184\t64\ttuxcall\n"
_TABLE_32 = "3 i386 read sys_read\n108 i386 fstat sys_newfstat compat_sys_newfstat\n"
_TREE = {
    "arch/x86/entry/syscalls/syscall_64.tbl": _TABLE_64,
    "arch/x86/entry/syscalls/syscall_32.tbl": _TABLE_32,
    "fs/a.c": "SYSCALL_DEFINE2(read, unsigned int, fd, char __user *, buf)\n{}\n"
    "SYSCALL_DEFINE1(newfstat, struct stat __user *, statbuf)\n{}\n",
}


def test_command_writes_the_table(
    plant: Plant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = {abi: abis.ABIS[abi] for abi in ("x86_64", "i386")}
    monkeypatch.setattr(made, "ABIS", chosen)
    output = tmp_path / "out.json"
    assert command.main(["--tree", str(plant(_TREE)), "-o", str(output)]) == 0
    data = json.loads(output.read_text())
    assert data["sources"] == ["tree 9.8.7", DOCUMENTED[0].prototypes.source]
    entries = {name: symbols for name, _, symbols in data["entries"]}
    assert entries["fstat"] == {
        "sys_newfstat": "x86_64",
        "sys_newfstat compat_sys_newfstat": "i386",
    }
    assert entries["tuxcall"] == {"": "x86_64"}
    assert "openat" not in entries  # neither the tree nor a kernel has it
    assert ["sys_read", "*", ["unsigned int fd", "char * buf"], [0], {}] in data["prototypes"]


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        ([], 2, "no kernel tree given (--tree DIR)"),
        (["--tree", "/nowhere"], 4, "/nowhere/Makefile: No such file or directory"),
        (["--btf", "/nowhere"], 4, "/nowhere: No such file or directory"),
        (["--tracefs", "/nowhere"], 4, "/nowhere/events/syscalls: No such file or directory"),
    ],
)
def test_refusals(
    arguments: list[str], code: int, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(arguments) == code
    assert capsys.readouterr().err == f"error: {problem}\n"


def test_order_of_options_is_the_order_of_trust(plant: Plant) -> None:
    tree = str(plant(_TREE))
    parsed = command.parser().parse_args(["--btf", "a", "--tree", tree, "--btf", "b"])
    assert parsed.sources == [("--btf", "a"), ("--tree", tree), ("--btf", "b")]


def test_help_tells_what_it_is() -> None:
    done = subprocess.run([sys.executable, "-m", "uapigen.syscalls.extract", "--help"],
                          capture_output=True, text=True, check=True)  # fmt: skip
    assert "--tracefs DIR" in done.stdout

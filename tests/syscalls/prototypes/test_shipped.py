"""The shipped table: complete for every ABI, and in the form that its docstring says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from uapigen.ir.syscalls import SyscallTable
from uapigen.syscalls.abis import ABIS
from uapigen.syscalls.join import syscall_table
from uapigen.syscalls.prototypes import c_type
from uapigen.syscalls.sources import package, shipped

REASONS = ("not implemented", "private to the architecture", "indirect", "assembler")
NEWEST = {"cachestat", "mseal", "setxattrat", "file_getattr", "listns", "rseq_slice_yield"}


@pytest.fixture(scope="module")
def text() -> str:
    return Path(shipped.__file__).with_name(shipped.FILE).read_text("utf-8")


def table_names(table: SyscallTable) -> set[str]:
    return {call.name for call in table.syscalls}


def called(abi: str, name: str) -> str:
    call = next(call for call in syscall_table(abi).syscalls if call.name == name)
    assert call.params is not None
    return ", ".join(f"{param.c_type} {param.name}" for param in call.params)


@pytest.mark.parametrize("abi", ABIS)
def test_every_number_has_a_prototype_or_a_reason(abi: str) -> None:
    table = syscall_table(abi)
    assert {call.name: call.nr for call in table.syscalls} == package.numbers(abi)
    without = {call.name: call.reason for call in table.syscalls if call.params is None}
    assert {name: why for name, why in without.items() if not why.startswith(REASONS)} == {}
    assert len(without) < 25
    with_both = [call.name for call in table.syscalls if call.params is not None and call.reason]
    assert with_both == []
    if abi != "s390":  # no kernel has it any more
        assert NEWEST.isdisjoint(without)
        assert table_names(table) >= NEWEST


@pytest.mark.parametrize("abi", ABIS)
def test_each_argument_has_its_registers(abi: str) -> None:
    for call in syscall_table(abi).syscalls:
        assert len(call.lowering) == len(call.params or ()), call.name


@pytest.mark.parametrize("abi", ABIS)
def test_each_prototype_says_where_it_is_from(abi: str) -> None:
    for call in syscall_table(abi).syscalls:
        if call.params is not None:
            assert call.provenance[:2] == ("system-calls", "shipped")
            assert len(call.provenance) > 2, call.name


@pytest.mark.parametrize("abi", ABIS)
def test_only_known_changes_are_disagreements(abi: str) -> None:
    assert {(d.name, d.what) for d in syscall_table(abi).disagreements} <= {
        ("name_to_handle_at", "type of mnt_id"),  # 6.13: also 64 bits
        ("mmap", "type of offset"),  # of riscv and loongarch, since 6.12 at the latest
        ("mmap2", "type of offset"),
    }


@pytest.mark.parametrize(
    ("abi", "name", "wanted"),
    [
        ("x86_64", "fstat", "unsigned int fd, struct stat * statbuf"),
        ("i386", "fstat64", "long unsigned int fd, struct stat64 * statbuf"),
        ("i386", "pread64", "unsigned int fd, char * buf, size_t count, loff_t pos"),
        ("i386", "mmap", "struct mmap_arg_struct * arg"),
        ("i386", "umount", "char * name"),
        ("x86_64", "umount2", "char * name, int flags"),
        ("x86_64", "uname", "struct new_utsname * name"),
        ("arm", "arm_fadvise64_64", "int fd, int advice, loff_t offset, loff_t len"),
        ("mips", "pipe", ""),
        ("x32", "ioctl", "unsigned int fd, unsigned int cmd, compat_ulong_t arg"),
        (
            "mipsn32",
            "rt_sigaction",
            "int sig, const struct compat_sigaction * act, "
            "struct compat_sigaction * oact, compat_size_t sigsetsize",
        ),
        ("ppc", "ftruncate64", "unsigned int fd, loff_t length"),
        (
            "riscv64",
            "riscv_flush_icache",
            "uintptr_t start, uintptr_t end, uintptr_t flags",
        ),
        ("sparc", "clone3", "struct clone_args * uargs, size_t size"),
        ("x86_64", "rseq_slice_yield", ""),
    ],
)
def test_prototype(abi: str, name: str, wanted: str) -> None:
    assert called(abi, name) == wanted


_POINTERS = ["parent_tidptr", "child_tidptr"]


@pytest.mark.parametrize(
    ("abi", "wanted"),
    [
        ("x86_64", "clone_flags newsp parent_tidptr child_tidptr tls"),
        ("aarch64", "clone_flags newsp parent_tidptr tls child_tidptr"),
        ("s390x", "newsp clone_flags parent_tidptr child_tidptr tls"),
        ("s390", "newsp clone_flags parent_tidptr child_tidptr tls"),
        ("m68k", "clone_flags newsp parent_tidptr child_tidptr tls"),
        ("sparc64", "clone_flags newsp parent_tidptr tls child_tidptr"),
        ("loongarch64", "clone_flags newsp parent_tidptr child_tidptr tls"),
    ],
)
def test_clone_has_the_architectures_order(abi: str, wanted: str) -> None:
    call = next(call for call in syscall_table(abi).syscalls if call.name == "clone")
    assert [param.name for param in call.params or ()] == wanted.split()
    assert [p.name for p in call.params or () if p.direction == "out"] == _POINTERS


@pytest.mark.parametrize(
    ("abi", "name", "entry", "compat"),
    [
        ("x86_64", "fstat", "__x64_sys_newfstat", ""),
        ("i386", "fstat64", "__ia32_sys_fstat64", "__ia32_compat_sys_ia32_fstat64"),
        ("i386", "openat", "__ia32_sys_openat", "__ia32_compat_sys_openat"),
        ("i386", "read", "__ia32_sys_read", ""),
        ("x32", "ioctl", "__x64_compat_sys_ioctl", ""),
        ("aarch64", "fstat", "__arm64_sys_newfstat", ""),
        ("arm", "mmap2", "sys_mmap2", ""),
        ("s390x", "mmap", "__s390x_sys_old_mmap", ""),
        ("parisc", "pread64", "parisc_pread64", ""),
        ("sparc", "clone3", "", ""),
    ],
)
def test_entry_symbol(abi: str, name: str, entry: str, compat: str) -> None:
    call = next(call for call in syscall_table(abi).syscalls if call.name == name)
    assert (call.entry, call.compat) == (entry, compat)


def test_first_releases_are_told() -> None:
    since = {call.name: call.since for call in syscall_table("x86_64").syscalls}
    assert since["accept4"] == "2.6.28"
    assert since["openat2"] == "5.6"
    assert since["statmount"] == "6.8"
    assert since["listns"] == "6.19"
    assert {name for name, release in since.items() if not release} == {
        "epoll_ctl_old",  # never implemented
        "epoll_wait_old",
    }


# The file


def test_lines_are_facts_and_sorted(text: str) -> None:
    data = json.loads(text)
    assert len(text.splitlines()) == 7 + sum(map(len, data.values())) + 1
    names = [line[0] for line in data["entries"]]
    assert names == sorted(set(names))
    entries = [line[0] for line in data["prototypes"]]
    assert entries == sorted(entries)


def test_types_are_spelled_as_everywhere(text: str) -> None:
    spelled = {
        shipped.read_param(param).c_type
        for line in json.loads(text)["prototypes"]
        for param in line[2]
    }
    assert {spelling for spelling in spelled if c_type(spelling) != spelling} == set()


def test_every_source_is_referred_to(text: str) -> None:
    data = json.loads(text)
    used = {index for line in data["prototypes"] for index in line[3]}
    assert used == set(range(len(data["sources"])))


def test_small_enough_to_ship(text: str) -> None:
    assert len(text) < 200_000

"""Numbers, entries and prototypes as one table: who is believed, and what is reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from uapigen.errors import UsageError
from uapigen.ir.syscalls import Disagreement, Syscall, SyscallParam, SyscallTable
from uapigen.layout.targets import host_arch
from uapigen.syscall_sources import open_table
from uapigen.syscalls.entries import TableEntry
from uapigen.syscalls.join import syscall_table
from uapigen.syscalls.prototypes import Prototypes, params
from uapigen.syscalls.sources.kernels import find_kernel

from .conftest import Plant

NUMBERS = {"openat": 257, "fstat": 5, "tuxcall": 184, "brand_new": 900}


def only(table: SyscallTable, name: str) -> Syscall:
    return next(call for call in table.syscalls if call.name == name)


def source(name: str, *pairs: tuple[str, str], entry: str = "sys_openat") -> Prototypes:
    return Prototypes(name, {entry: params(pairs)})


def test_sources_are_believed_in_their_order() -> None:
    first = source("first", ("int", "fd"))
    second = source("second", ("long", "fd"))
    table = syscall_table("x86_64", sources=[first, second], numbers=NUMBERS, numbers_source="mine")
    assert only(table, "openat").params == (SyscallParam("fd", "int"),)
    assert only(table, "openat").provenance == ("mine", "first")
    assert table.sources == ("mine", "first", "second", "shipped")


def test_disagreements_name_both() -> None:
    ours = source("live", ("int", "dfd"), ("const char *", "path"), ("unsigned", "flags"),
                  ("umode_t", "mode"))  # fmt: skip
    table = syscall_table("x86_64", sources=[ours], numbers={"openat": 257})
    assert table.disagreements == [
        Disagreement("openat", "name of parameter 2", "live: path", "shipped: filename"),
        Disagreement("openat", "type of flags", "live: unsigned int", "shipped: int"),
    ]


def test_other_count_of_parameters_is_one_disagreement() -> None:
    table = syscall_table("x86_64", sources=[source("live")], numbers={"openat": 257})
    (found,) = table.disagreements
    assert (found.what, found.believed) == ("parameters", "live: none")
    assert found.other.startswith("shipped: int dfd, const char * filename, ")


def test_agreement_is_no_disagreement() -> None:
    ours = source("live", ("unsigned", "fd"), ("struct stat *", "statbuf"), entry="sys_newfstat")
    table = syscall_table("x86_64", sources=[ours], numbers=NUMBERS)
    assert table.disagreements == []
    assert only(table, "fstat").provenance == ("system-calls", "live")


def test_names_lead_to_entries() -> None:
    """A prototype of ``sys_fstat`` is another call's: fstat leads to ``sys_newfstat``."""
    ours = source("live", ("struct __old_kernel_stat *", "statbuf"), entry="sys_fstat")
    call = only(syscall_table("x86_64", sources=[ours], numbers=NUMBERS), "fstat")
    assert "live" not in call.provenance
    assert call.entry == "__x64_sys_newfstat"


def test_whole_prototype_is_asked_for_where_an_entry_takes_halves() -> None:
    halves = source("live", ("u32", "poslo"), ("u32", "poshi"), entry="sys_ia32_pread64")
    call = only(syscall_table("i386", sources=[halves], numbers={"pread64": 180}), "pread64")
    assert [param.name for param in call.params or ()] == ["fd", "buf", "count", "pos"]
    assert call.entry == "__ia32_sys_ia32_pread64"
    assert call.lowering[3].registers == ("esi", "edi")


def test_given_entry_is_believed_and_the_difference_told() -> None:
    rows = {"fstat": TableEntry(5, "fstat", "sys_fstat"), "openat": TableEntry(257, "openat", "")}
    ours = source("live", ("struct old *", "statbuf"), entry="sys_fstat")
    table = syscall_table(
        "x86_64", sources=[ours], numbers=NUMBERS, numbers_source="my.tbl", entries=rows
    )
    assert only(table, "fstat").entry == "__x64_sys_fstat"
    assert only(table, "fstat").params == (SyscallParam("statbuf", "struct old *"),)
    assert only(table, "openat").reason.startswith("not implemented")
    assert [each for each in table.disagreements if each.what == "entry"] == [
        Disagreement("fstat", "entry", "my.tbl: sys_fstat", "shipped: sys_newfstat"),
        Disagreement("openat", "entry", "my.tbl: none", "shipped: sys_openat"),
    ]


def test_new_call_leads_to_the_entry_that_is_called_like_it() -> None:
    ours = source("live", ("int", "fd"), entry="sys_brand_new")
    call = only(syscall_table("x86_64", sources=[ours], numbers=NUMBERS), "brand_new")
    assert (call.entry, call.params) == ("__x64_sys_brand_new", (SyscallParam("fd", "int"),))


def test_tree_gives_numbers_entries_and_prototypes(plant: Plant) -> None:
    tree = plant(
        {
            "include/linux/syscalls.h": "",
            "arch/x86/entry/syscalls/syscall_32.tbl": "3 i386 read sys_read\n"
            "180 i386 pread64 sys_ia32_pread64\n900 i386 brand sys_brand compat_sys_brand\n",
            "fs/a.c": "SYSCALL_DEFINE1(brand, char __user *, name)\n{}\n"
            "SYSCALL_DEFINE2(pread64, int, fd, loff_t, position)\n{}\n",
        }
    )
    table = open_table("i386", [str(tree)])
    brand, pread = only(table, "brand"), only(table, "pread64")
    assert (brand.nr, brand.entry, brand.compat) == (
        900,
        "__ia32_sys_brand",
        "__ia32_compat_sys_brand",
    )
    assert brand.provenance == (tree.name, "tree 9.8.7")
    assert [param.name for param in pread.params or ()] == ["fd", "position"]
    assert pread.entry == "__ia32_sys_ia32_pread64"
    assert only(table, "read").provenance[:2] == (tree.name, "shipped")


@pytest.mark.parametrize(
    ("abi", "name", "reason"),
    [
        ("x86_64", "tuxcall", "not implemented"),
        ("x86_64", "brand_new", "newer than the kernels"),
        ("arm", "cacheflush", "private to the architecture"),
        ("mips", "syscall", "indirect"),
    ],
)
def test_want_of_a_prototype_has_a_reason(abi: str, name: str, reason: str) -> None:
    numbers = NUMBERS if abi == "x86_64" else None
    call = only(syscall_table(abi, numbers=numbers), name)
    assert call.params is None
    assert call.reason.startswith(reason)


def test_calls_are_in_the_order_of_numbers() -> None:
    table = syscall_table("x86_64", numbers=NUMBERS)
    assert [call.nr for call in table.syscalls] == [5, 184, 257, 900]


@pytest.mark.parametrize(
    ("name", "returns"),
    [("mmap", "address"), ("brk", "address"), ("shmat", "address"), ("getpid", "always"),
     ("exit_group", "never"), ("rt_sigreturn", "never"), ("read", "int"), ("execve", "int"),
     ("map_shadow_stack", "address"), ("umask", "always")],
)  # fmt: skip
def test_results(name: str, returns: str) -> None:
    assert only(syscall_table("x86_64"), name).returns == returns


@pytest.mark.parametrize(
    ("abi", "name", "directions"),
    [
        ("x86_64", "read", "fd - buf out count -"),
        ("x86_64", "write", "fd - buf in count -"),
        ("x86_64", "stat", "filename in statbuf out"),
        ("x86_64", "execve", "filename in argv in envp in"),
        ("x86_64", "accept", "fd - upeer_sockaddr out upeer_addrlen inout"),
        ("x86_64", "capset", "header inout data in"),
        ("x86_64", "ioctl", "fd - cmd - arg -"),
        ("x86_64", "shmat", "shmid - shmaddr - shmflg -"),
        ("x86_64", "rt_sigaction", "sig - act in oact out sigsetsize -"),
        ("sparc", "rt_sigaction", "sig - act in oact out restorer - sigsetsize -"),
        ("i386", "clock_gettime64", "which_clock - tp out"),
        ("arm", "clone", "clone_flags - newsp - parent_tidptr out tls - child_tidptr out"),
    ],
)
def test_directions(abi: str, name: str, directions: str) -> None:
    found = only(syscall_table(abi), name).params or ()
    assert " ".join(f"{param.name} {param.direction or '-'}" for param in found) == directions


def test_no_pointer_to_const_is_written() -> None:
    for call in syscall_table("x86_64").syscalls:
        for param in call.params or ():
            if param.c_type.startswith("const ") and param.c_type.endswith(" *"):
                assert param.direction == "in", (call.name, param)


@pytest.mark.parametrize(
    ("kernel", "abi", "serves"),
    [
        ("x86_64", "x86_64", True),
        ("x86_64", "x32", True),  # no other kernel has it
        ("s390x", "s390", True),
        ("x86_64", "i386", False),  # that one's types are for compat
        ("x86_64", "aarch64", False),
        ("mips64", "mips64el", False),
    ],
)
def test_kernel_serves_abi(kernel: str, abi: str, serves: bool) -> None:
    assert find_kernel(kernel).serves(find_kernel(abi)) is serves


@pytest.mark.parametrize("name", ["amd64-6.1", "s390x-6.12"])
def test_kernel_of_another_architecture_is_refused(corpus: Path, name: str) -> None:
    path = str(corpus / f"{name}.btf.xz")
    with pytest.raises(UsageError, match=r"is for (x86_64|s390x), not for aarch64"):
        open_table("aarch64", [path])


def test_tracefs_of_another_architecture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "events" / "syscalls").mkdir(parents=True)
    foreign = "mips" if host_arch() != "mips" else "arm"
    with pytest.raises(UsageError, match=f"is for {host_arch()}, not for {foreign}"):
        open_table(foreign, [str(tmp_path)])


def test_unknown_abi_is_refused() -> None:
    with pytest.raises(UsageError, match="vax"):
        syscall_table("vax")

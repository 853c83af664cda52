"""Tables of a kernel's tree and of a headers package, by their grammars."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uapigen.errors import InputError, SystemRefusalError
from uapigen.sources import open_sources
from uapigen.syscalls.abis import ABIS
from uapigen.syscalls.entries import TableEntry
from uapigen.syscalls.sources import generated, package, tbl

# Lines as the kernel's tables have them: tabs and blanks, three to six fields, comments
X86 = """\
#
# The format is: <number> <abi> <name> <entry point> [<compat entry point> [noreturn]]
#
0\tcommon\tread\t\t\tsys_read
5 common  fstat   sys_newfstat   # a remark
13\t64\trt_sigaction\tsys_rt_sigaction

60\tcommon\texit\t\t\tsys_exit\t\t\t-\t\t\tnoreturn
134\t64\tuselib
512\tx32\trt_sigaction\tcompat_sys_rt_sigaction
"""
GENERIC = """\
4\ttime32\tio_getevents\t\tsys_io_getevents_time32
4\t64\tio_getevents\t\tsys_io_getevents
25\t32\tfcntl64\t\t\tsys_fcntl64\t\t\tcompat_sys_fcntl64
25\t64\tfcntl\t\t\tsys_fcntl
38\trenameat renameat\t\tsys_renameat
163\trlimit\tgetrlimit\t\tsys_getrlimit\t\tcompat_sys_getrlimit
222\t32\tmmap2\t\t\tsys_mmap2
222\t64\tmmap\t\t\tsys_mmap
244\tarc\tcacheflush\t\tsys_cacheflush
258\triscv\triscv_hwprobe\t\tsys_riscv_hwprobe
447\tmemfd_secret\tmemfd_secret\tsys_memfd_secret
"""
S390 = """\
13   32\t\ttime\t\t-\t\tsys_time32
22   common\tumount\t\tsys_oldumount\tsys_oldumount
142  32\t\t_newselect\t-\t\tcompat_sys_select
142  64\t\tselect\t\tsys_select\t-
"""
POWER = """\
82\t32\tselect\tsys_old_select\tcompat_sys_old_select
82\t64\tselect\tsys_ni_syscall
82\tspu\tselect\tsys_ni_syscall
120\tnospu\tclone\tsys_clone
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "syscall.tbl"


SELECTIONS = [
    (X86, "x86_64", "read=0 fstat=5 rt_sigaction=13 exit=60 uselib=134"),
    (X86, "x32", "read=0 fstat=5 exit=60 rt_sigaction=512"),
    (GENERIC, "aarch64",
     "io_getevents=4 fcntl=25 renameat=38 getrlimit=163 mmap=222 memfd_secret=447"),
    (GENERIC, "riscv64",
     "io_getevents=4 fcntl=25 getrlimit=163 mmap=222 riscv_hwprobe=258 memfd_secret=447"),
    (GENERIC, "riscv32", "fcntl64=25 mmap2=222 riscv_hwprobe=258 memfd_secret=447"),
    (GENERIC, "loongarch64", "io_getevents=4 fcntl=25 mmap=222"),
    (S390, "s390x", "umount=22 select=142"),
    (S390, "s390", "time=13 umount=22 _newselect=142"),
    (POWER, "ppc64le", "select=82 clone=120"),
    (POWER, "ppc", "select=82 clone=120"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "abi", "selected"), SELECTIONS)
def test_selectors_make_up_the_abi(table: Path, text: str, abi: str, selected: str) -> None:
    table.write_text(text)
    found = tbl.entries(str(table), abi)
    base = ABIS[abi].number_base
    assert " ".join(f"{entry.name}={entry.nr - base}" for entry in found) == selected


ENTRIES = [
    (X86, "x86_64", TableEntry(5, "fstat", "sys_newfstat")),
    (X86, "x86_64", TableEntry(60, "exit", "sys_exit", "", False)),
    (X86, "x86_64", TableEntry(134, "uselib", "")),
    (X86, "x32", TableEntry(0x40000200, "rt_sigaction", "compat_sys_rt_sigaction")),
    (S390, "s390", TableEntry(13, "time", "", "sys_time32")),
    (S390, "s390x", TableEntry(142, "select", "sys_select")),
    (POWER, "ppc", TableEntry(82, "select", "sys_old_select", "compat_sys_old_select")),
]


@pytest.mark.parametrize(("text", "abi", "entry"), ENTRIES)
def test_fields_are_number_name_and_entry_points(
    table: Path, text: str, abi: str, entry: TableEntry
) -> None:
    table.write_text(text)
    assert entry in tbl.entries(str(table), abi)


@pytest.mark.parametrize(
    ("entry", "implemented"),
    [
        (TableEntry(0, "read", "sys_read"), True),
        (TableEntry(13, "time", "", "sys_time32"), True),
        (TableEntry(134, "uselib", ""), False),
        (TableEntry(82, "select", "sys_ni_syscall"), False),
        (TableEntry(11, "execv", "sys_nis_syscall"), False),
    ],
)
def test_number_without_a_function_is_not_implemented(entry: TableEntry, implemented: bool) -> None:
    assert entry.implemented is implemented


@pytest.mark.parametrize("end", ["", "\n", "\n\n", "\r\n", "\n# the end", " # the end"])
def test_last_line_may_end_in_any_way(table: Path, end: str) -> None:
    table.write_bytes(b"0\tcommon\tread\tsys_read" + end.encode())
    assert tbl.entries(str(table), "m68k") == (TableEntry(0, "read", "sys_read"),)


MALFORMED = [
    ("0 common read\nread common 0\n", "line 2: 'read common 0' is not NUMBER ABI NAME"),
    ("0 common\n", "line 1: '0 common' is not NUMBER ABI NAME"),
    ("0\n1 common exit\n", "line 1: '0' is not"),
    ("0 common read sys_read - maybe\n", "line 1: .* is not"),
    ("0 common read sys_read compat_sys_read noreturn more\n", "line 1: .* is not"),
    ("0 common re-ad sys_read\n", "line 1: .* is not"),
    ("0x10 common read sys_read\n", "line 1: .* is not"),
    ("0 common read sys_read -noreturn\n", "line 1: .* is not"),
    ("99999999999 common read sys_read\n", "line 1: .* is not"),
    ("0 common read " + "x" * 500 + "!\n", r"line 1: .{60,80}\.\.\.' is not"),
    ("0 common read\n\n0 64 write\n", "line 3: number 0 is also on line 1"),
    ("0 common read\n1 64 read\n", "line 2: read is also on line 1"),
    ("0 i386 read\n1 x32 write\n", r"has nothing for x86_64 \(64, common\), but i386, x32"),
    ("# nothing\n", "has nothing for x86_64 .*, but nothing at all"),
    ("", "has nothing for x86_64"),
]


@pytest.mark.parametrize(("text", "problem"), MALFORMED)
def test_malformed_table_is_refused_with_file_line_and_cause(
    table: Path, text: str, problem: str
) -> None:
    table.write_text(text)
    with pytest.raises(InputError, match=rf"syscall\.tbl: {problem}") as caught:
        tbl.entries(str(table), "x86_64")
    assert caught.value.source == str(table)
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text_are_refused(table: Path) -> None:
    table.write_bytes(b"0 common \xff\n")
    with pytest.raises(InputError, match="byte 0x9: not UTF-8"):
        tbl.entries(str(table), "x86_64")


def test_absent_table_is_the_systems_refusal(table: Path) -> None:
    with pytest.raises(SystemRefusalError, match="No such file"):
        tbl.entries(str(table), "x86_64")


FIELDS = st.sampled_from(
    ["0", "1", "134", "common", "64", "x32", "read", "sys_read", "-", "noreturn", "#", "\n", " ",
     "\t", "\r\n", "0x1", "é", "\0"]
)  # fmt: skip


@given(st.lists(FIELDS).map("".join))
def test_any_text_is_a_table_or_an_input_error(text: str) -> None:
    try:
        lines = tbl.parse_table(text, "any.tbl")
    except InputError as error:
        number = int(error.place.removeprefix("line "))
        assert 0 <= number <= len(text.splitlines())
    else:
        assert all(line.name.isidentifier() for line in lines)
        assert len(lines) == sum(bool(line.partition("#")[0].strip()) for line in text.split("\n"))


TREES = [
    ("x86_64", ["arch/x86/entry/syscalls/syscall_64.tbl"], 0),
    ("arm", ["arch/arm/tools/syscall.tbl"], 0),
    ("riscv64", ["scripts/syscall.tbl"], 0),
    ("aarch64", ["scripts/syscall.tbl"], 0),
    ("aarch64", ["scripts/syscall.tbl", "arch/arm64/tools/syscall_64.tbl"], 1),
    ("mipsn32el", ["arch/mips/kernel/syscalls/syscall_n32.tbl"], 0),
    ("riscv64", ["arch/x86/entry/syscalls/syscall_64.tbl"], None),
]


@pytest.mark.parametrize(("abi", "there", "expected"), TREES)
def test_table_is_found_in_a_kernels_tree(
    tmp_path: Path, abi: str, there: list[str], expected: int | None
) -> None:
    for below in there:
        path = tmp_path / below
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = tbl.find_table(str(tmp_path), abi)
    assert found == (None if expected is None else str(tmp_path / there[expected]))


@pytest.mark.parametrize("abi", ABIS)
def test_every_abi_has_a_place_in_the_tree(tmp_path: Path, abi: str) -> None:
    assert tbl.find_table(str(tmp_path), abi) is None


GENERATED = """\
__SYSCALL(0, sys_restart_syscall)
__SYSCALL_NORETURN(1, sys_exit)
__SYSCALL_WITH_COMPAT(5, sys_open, compat_sys_open)
__SYSCALL_COMPAT_NORETURN(252, sys_exit_group, sys_exit_group)
"""


def test_generated_table_has_numbers_and_entry_points(tmp_path: Path) -> None:
    path = tmp_path / "syscalls_32.h"
    path.write_text(GENERATED)
    assert generated.entries(str(path), "mips") == (
        TableEntry(4000, "", "sys_restart_syscall"),
        TableEntry(4001, "", "sys_exit", "", False),
        TableEntry(4005, "", "sys_open", "compat_sys_open"),
        TableEntry(4252, "", "sys_exit_group", "sys_exit_group", False),
    )


MALFORMED_GENERATED = [
    ("__SYSCALL(0, sys_read)\n__SYSCALL(1)\n", r"line 2: '__SYSCALL\(1\)' is not __SYSCALL"),
    ("__SYSCALL_64(0, sys_read, )\n", "line 1: .* is not __SYSCALL"),
    ("__SYSCALL(0, sys_read)\n__SYSCALL(0, sys_write)\n", "line 2: number 0 is also on line 1"),
    ("__SYSCALL(0, sys_read", "line 1: .* is not __SYSCALL"),
    ("\n\n", "has no __SYSCALL"),
]


@pytest.mark.parametrize(("text", "problem"), MALFORMED_GENERATED)
def test_malformed_generated_table_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "syscalls_64.h"
    path.write_text(text)
    with pytest.raises(InputError, match=rf"syscalls_64\.h: {problem}"):
        generated.entries(str(path), "x86_64")


# A headers package of this machine's distribution


def generated_table(ending: str) -> str:
    below = f"arch/x86/include/generated/asm/syscalls_{ending}.h"
    paths = sorted(Path("/usr/src").glob(f"linux-headers-*/{below}"))
    if not paths:
        pytest.skip("needs linux-headers-amd64")
    return str(paths[0])


@pytest.mark.parametrize(("abi", "ending"), [("x86_64", "64"), ("x32", "x32"), ("i386", "32")])
def test_headers_package_has_the_numbers_of_the_python_package(abi: str, ending: str) -> None:
    names = {nr: name for name, nr in package.numbers(abi).items()}
    found = [
        entry
        for entry in generated.entries(generated_table(ending), abi)
        if entry.implemented and entry.entry != "sys_uselib"  # gone since
    ]
    assert [entry for entry in found if entry.nr not in names] == []
    # Most functions are called like the number (sys_ia32_, _time32 and the like are not)
    like = [entry for entry in found if entry.entry.endswith(f"sys_{names[entry.nr]}")]
    assert len(like) > 0.7 * len(found) > 200


def test_headers_package_names_functions_that_the_kernel_has(running_kernel: Path) -> None:
    found = generated.entries(generated_table("64"), "x86_64")
    graph = open_sources([str(running_kernel)]).graph
    symbols = {ABIS["x86_64"].symbol(entry.entry) for entry in found if entry.implemented}
    known = {symbol for symbol in symbols if graph.ids_named(symbol)}
    assert len(known) > 0.8 * len(symbols)  # others are configured out, or gone since

"""Numbers: the package's against every kernel header that there is, and their own rules."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from uapigen.errors import InputError, SystemRefusalError, UsageError
from uapigen.headers.options import HeaderOptions
from uapigen.layout.targets import TARGETS
from uapigen.syscalls.abis import ABIS
from uapigen.syscalls.sources import package, unistd

# Numbers that headers have and no kernel of the 7 series answers; the package drops them
GONE = {
    "uselib", "_sysctl", "create_module", "get_kernel_syms", "query_module", "nfsservctl",
    "getpmsg", "putpmsg", "afs_syscall", "tuxcall", "security", "vserver", "break", "stty", "gtty",
    "ftime", "prof", "lock", "mpx", "ulimit", "profil", "idle", "bdflush", "reserved177",
    "reserved193", "reserved82", "reserved221", "unused18", "unused28", "unused59", "unused84",
    "unused109", "unused150",
}  # fmt: skip
# What the package has by another name
ALIASES = {"arm": {"arm_sync_file_range": "sync_file_range2"}}

# What the kernels between the headers' (6.1) and the package's (7.2) have below the numbers that
# all architectures share
ADDED = {
    "x86_64": {"uretprobe", "uprobe"},
    "x32": {"uretprobe", "uprobe"},
    "riscv64": {"riscv_hwprobe"},
    "riscv32": {"riscv_hwprobe"},
    "s390x": {"memfd_secret"},
    "s390": {"memfd_secret"},
    "alpha": {"clone3"},
    "sparc64": {"clone3"},
    "sparc": {"clone3"},
    "sh": {"sync_file_range2"},
    "parisc": {"cacheflush"},
}
COMMON = 451
"""cachestat, the first call after 6.1."""


@pytest.mark.parametrize("abi", [name for name in ABIS if name != "loongarch64"])
def test_package_has_the_numbers_of_the_targets_kernel_headers(abi: str) -> None:
    if unistd.find_header(abi) is None:
        pytest.skip(f"needs linux-libc-dev's headers for {abi}")
    header, found = unistd.numbers(abi), package.numbers(abi)
    both = header.keys() & found.keys()
    assert {name: header[name] for name in both} == {name: found[name] for name in both}
    lacking = {name for name in header.keys() - found.keys() - GONE if not name.startswith("osf_")}
    aliases = ALIASES.get(abi, {})
    assert lacking == aliases.keys()
    assert {header[name] for name in lacking} == {found[name] for name in aliases.values()}
    base = ABIS[abi].number_base + (110 if abi == "alpha" else 0)
    older = {name for name, nr in found.items() if nr - base < COMMON}
    bound = ABIS[abi].private_base
    private = {name for name, nr in found.items() if bound and nr >= bound}
    assert (older | private) - header.keys() == ADDED.get(abi, set())
    assert len(header) > 290


# asm/unistd.h of those whose numbers are the generic ones is little more than this
GENERIC = """
#define __ARCH_WANT_SYS_CLONE
#define __ARCH_WANT_SYS_CLONE3
#include <asm-generic/unistd.h>
"""


def test_loongarch_has_the_generic_numbers(tmp_path: Path) -> None:
    header = tmp_path / "asm/unistd.h"
    header.parent.mkdir()
    header.write_text(GENERIC)
    generic = unistd.find_header("riscv64")
    if generic is None:
        pytest.skip("needs linux-libc-dev's headers for riscv64")
    options = HeaderOptions(
        TARGETS["loongarch64"], include_dirs=(str(tmp_path), str(Path(generic).parents[1]))
    )
    header_numbers, found = unistd.numbers("loongarch64", options), package.numbers("loongarch64")
    assert unistd.find_header("loongarch64", options) == str(header)
    both = header_numbers.keys() & found.keys()
    assert {name: header_numbers[name] for name in both} == {name: found[name] for name in both}
    assert len(both) > 295
    # Since 6.11, fstat and newfstatat
    later = {"fstat", "newfstatat", "memfd_secret"}
    assert {name for name in found.keys() - both if found[name] < COMMON} == later


NEW = {
    # Since 6.1, on all architectures
    "cachestat": 451,
    "fchmodat2": 452,
    "map_shadow_stack": 453,
    "futex_wake": 454,
    "statmount": 457,
    "listmount": 458,
    "lsm_get_self_attr": 459,
    "mseal": 462,
    "setxattrat": 463,
    "open_tree_attr": 467,
    "file_getattr": 468,
    "file_setattr": 469,
    "listns": 470,
    "rseq_slice_yield": 471,
}
OF_7 = {"listns", "rseq_slice_yield"}
"""31-bit s390 ended before them."""


@pytest.mark.parametrize("abi", ABIS)
def test_new_calls_have_the_numbers_that_all_architectures_share(abi: str) -> None:
    found = package.numbers(abi)
    base = ABIS[abi].number_base + (110 if abi == "alpha" else 0)
    absent = {name for name in NEW if name not in found}
    # map_shadow_stack is x86's and arm64's
    assert absent <= {"map_shadow_stack"} | (OF_7 if abi == "s390" else set())
    for name in NEW.keys() - absent:
        assert found[name] == NEW[name] + base, name


FULL = [
    ("x86_64", "read", 0),
    ("x32", "read", 0x40000000),
    ("x32", "preadv2", 0x40000000 + 546),
    ("i386", "read", 3),
    ("mips", "read", 4003),
    ("mips64el", "read", 5000),
    ("mipsn32", "read", 6000),
    ("arm", "cacheflush", 0xF0002),
    ("arm", "set_tls", 0xF0005),
    ("alpha", "getxpid", 20),
    ("aarch64", "openat", 56),
    ("s390x", "mmap", 90),
]


@pytest.mark.parametrize(("abi", "name", "nr"), FULL)
def test_numbers_are_the_abis_full_ones(abi: str, name: str, nr: int) -> None:
    assert package.numbers(abi)[name] == nr


@pytest.mark.parametrize("abi", ABIS)
def test_numbers_lie_where_the_abi_has_them(abi: str) -> None:
    record = ABIS[abi]
    found = list(package.numbers(abi).values())
    assert found == sorted(found)
    private = [nr for nr in found if record.private_base and nr >= record.private_base]
    assert all(
        record.number_base <= nr < record.number_base + 1000
        for nr in found[: -len(private) or None]
    )
    assert bool(private) == (abi == "arm")


def test_byte_orders_share_numbers() -> None:
    for little, big in (("mipsel", "mips"), ("mips64el", "mips64"), ("ppc64le", "ppc64")):
        assert package.numbers(little) == package.numbers(big)


def test_tables_are_of_a_kernel_of_this_decade() -> None:
    major, *_ = package.kernel_version().split(".")
    assert int(major) >= 7


def test_unknown_abi_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="'vax'"):
        package.numbers("vax")


def test_absent_package_is_said_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "system_calls"]:
        monkeypatch.delitem(sys.modules, name)

    class Absent:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "system_calls":
                raise ModuleNotFoundError(name=name)

    monkeypatch.setattr(sys, "meta_path", [Absent(), *sys.meta_path])
    with pytest.raises(SystemRefusalError, match="pip install system-calls"):
        package.numbers("x86_64")


MALFORMED = [
    ("#define NO_NUMBERS 1\n", "asm/unistd.h: defines no __NR_ numbers"),
    ('#define __NR_read "three"\n', "asm/unistd.h: __NR_read: 'three' is no number"),
]


@pytest.mark.parametrize(("text", "problem"), MALFORMED)
def test_header_without_numbers_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "asm").mkdir()
    (tmp_path / "asm/unistd.h").write_text(text)
    options = HeaderOptions(TARGETS["x86_64"], include_dirs=(str(tmp_path),))
    with pytest.raises(InputError, match=problem):
        unistd.numbers("x86_64", options)


def test_absent_header_is_refused_by_the_abis_name(tmp_path: Path) -> None:
    options = HeaderOptions(TARGETS["ppc"], sysroot=str(tmp_path))
    with pytest.raises(InputError, match=r"asm/unistd\.h: no kernel headers for ppc"):
        unistd.numbers("ppc", options)

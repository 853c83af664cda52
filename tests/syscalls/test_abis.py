"""The table of ABIs and its quirks, held against kernel headers and kernels' own BTF."""

from __future__ import annotations

from pathlib import Path

import pytest

from uapigen.errors import UsageError
from uapigen.headers.options import HeaderOptions
from uapigen.headers.read import read_headers
from uapigen.headers.targets import include_directories
from uapigen.ir.types import Func, FuncProto
from uapigen.layout.targets import ALIASES, TARGETS, find_target
from uapigen.sources import open_sources
from uapigen.syscalls.abis import ABIS, find_abi
from uapigen.syscalls.quirks import (
    ARGUMENT_BLOCKS,
    ARGUMENT_ORDERS,
    CLONE_ORDERS,
    MULTIPLEXED,
    PAIR_STARTS,
    SECOND_RESULTS,
)
from uapigen.syscalls.sources.package import numbers

NAMES = [
    "x86_64", "x32", "i386", "aarch64", "arm", "riscv64", "riscv32", "s390x", "s390",
    "ppc64le", "ppc64", "ppc", "mips64el", "mips64", "mipsn32el", "mipsn32", "mipsel", "mips",
    "loongarch64", "m68k", "sh", "parisc", "sparc64", "sparc", "alpha",
]  # fmt: skip
WIDE_REGISTERS = {"x32", "mipsn32el", "mipsn32"}
"""32-bit pointers in 64-bit registers."""


def test_abis_have_the_documented_names_and_a_data_model_each() -> None:
    assert sorted(ABIS) == sorted(NAMES)
    assert [name for name in NAMES if find_target(name).arch != name] == []


@pytest.mark.parametrize("name", NAMES)
def test_record_is_consistent(name: str) -> None:
    abi = ABIS[name]
    assert abi.name == name
    assert len(set(abi.argument_registers)) == len(abi.argument_registers) >= 6
    assert abi.number_register not in abi.argument_registers
    assert abi.register_size == (8 if name in WIDE_REGISTERS else TARGETS[name].pointer_size)
    assert abi.entry_prefix.endswith("sys_")
    assert abi.clone in CLONE_ORDERS
    assert abi.splits_64_bits or not abi.aligned_pairs


@pytest.mark.parametrize("name", [*NAMES, *ALIASES])
def test_abi_is_found_by_name_and_alias(name: str) -> None:
    assert find_abi(name).name == find_target(name).arch


def test_unknown_abi_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"'vax'.*x86_64"):
        find_abi("vax")


def constants(header: str) -> dict[str, object]:
    """The constants of one of this machine's kernel headers."""
    options = HeaderOptions(TARGETS["x86_64"])
    for directory in include_directories(options):
        path = Path(directory, header)
        if path.is_file():
            (unit,) = read_headers([str(path)], options).units
            return {constant.name: constant.value for constant in unit.constants}
    pytest.skip("needs linux-libc-dev's headers")


def test_seccomps_architectures_are_those_of_audit_h() -> None:
    spelled = {
        "mips64el": "MIPSEL64",
        "mipsn32el": "MIPSEL64N32",
        "mipsn32": "MIPS64N32",
        "sh": "SHEL",
        "x32": "X86_64",
    }
    audit = constants("linux/audit.h")
    for name, abi in ABIS.items():
        assert abi.audit_arch == audit[f"AUDIT_ARCH_{spelled.get(name, name.upper())}"], name


def test_calls_behind_multiplexers_have_the_numbers_of_net_h_and_ipc_h() -> None:
    net = constants("linux/net.h")
    sockets = {
        name.removeprefix("SYS_").lower(): value
        for name, value in net.items()
        if name.startswith("SYS_")
    }
    ipc = constants("linux/ipc.h")
    assert MULTIPLEXED["socketcall"] == sockets
    assert MULTIPLEXED["ipc"] == {name: ipc[name.upper()] for name in MULTIPLEXED["ipc"]}
    kinds = ("SEM", "MSG", "SHM")
    calls = {name for name in ipc if name.startswith(kinds)}
    assert calls == {name.upper() for name in MULTIPLEXED["ipc"]}


@pytest.mark.parametrize("name", NAMES)
def test_multiplexers_are_those_that_have_a_number(name: str) -> None:
    assert [call for call in MULTIPLEXED if call in numbers(name)] == list(ABIS[name].multiplexers)


@pytest.mark.parametrize("table", [ARGUMENT_BLOCKS, ARGUMENT_ORDERS, PAIR_STARTS, SECOND_RESULTS])
def test_quirks_are_of_calls_that_the_abi_has(table: dict[str, object]) -> None:
    for name, calls in table.items():
        assert set(calls) <= numbers(name).keys(), name  # type: ignore[call-overload]


SYMBOLS = [
    ("x86_64", "sys_newfstat", "__x64_sys_newfstat"),
    ("x32", "compat_sys_ioctl", "__x64_compat_sys_ioctl"),
    ("i386", "sys_newfstat", "__ia32_sys_newfstat"),
    ("i386", "compat_sys_ioctl", "__ia32_compat_sys_ioctl"),
    ("aarch64", "sys_newfstat", "__arm64_sys_newfstat"),
    ("arm", "sys_fstat64", "sys_fstat64"),
    ("arm", "compat_sys_ioctl", "__arm64_compat_sys_ioctl"),
    ("s390x", "sys_newfstat", "__s390x_sys_newfstat"),
    ("s390", "compat_sys_s390_read", "__s390_compat_sys_s390_read"),
    ("riscv64", "sys_newfstat", "__riscv_sys_newfstat"),
    ("mips", "compat_sys_ioctl", "compat_sys_ioctl"),
    ("alpha", "alpha_clone", "alpha_clone"),
]


@pytest.mark.parametrize(("name", "entry", "symbol"), SYMBOLS)
def test_entry_symbol_is_what_the_kernel_calls_it(name: str, entry: str, symbol: str) -> None:
    assert ABIS[name].symbol(entry) == symbol


KERNELS = [
    ("amd64-7.3rc7-cloud", "x86_64", ["sys_newfstat", "sys_openat2"]),
    ("amd64-6.1", "i386", ["compat_sys_ioctl", "sys_ia32_pread64"]),
    ("i386-6.1-686pae-pahole132", "i386", ["sys_newfstat", "sys_ia32_pread64"]),
    ("arm64-6.1", "aarch64", ["sys_newfstat", "sys_openat2"]),
    ("arm64-6.1", "arm", ["compat_sys_ioctl"]),
    ("armhf-6.12-armmp-pahole132", "arm", ["sys_arm_fadvise64_64"]),
    ("s390x-6.12", "s390x", ["sys_newfstat", "sys_openat2"]),
]


@pytest.mark.parametrize(("kernel", "name", "entries"), KERNELS)
def test_kernel_has_the_entry_symbols(
    corpus: Path, kernel: str, name: str, entries: list[str]
) -> None:
    graph = open_sources([str(corpus / f"{kernel}.btf.xz")]).graph
    for entry in entries:
        assert graph.ids_named(ABIS[name].symbol(entry)), entry


ORDERS = [
    ("amd64-7.3rc7-cloud", "x86_64", "__do_sys_clone", CLONE_ORDERS[""]),
    ("amd64-7.3rc7-cloud", "i386", "__do_compat_sys_ia32_clone", CLONE_ORDERS["CLONE_BACKWARDS"]),
    ("arm64-6.1", "aarch64", "__do_sys_clone", CLONE_ORDERS["CLONE_BACKWARDS"]),
    ("armhf-6.12-armmp-pahole132", "arm", "__se_sys_clone", CLONE_ORDERS["CLONE_BACKWARDS"]),
    ("s390x-6.12", "s390x", "__do_sys_clone", CLONE_ORDERS["CLONE_BACKWARDS2"]),
    (
        "armhf-6.12-armmp-pahole132",
        "arm",
        "sys_arm_fadvise64_64",
        ARGUMENT_ORDERS["arm"]["arm_fadvise64_64"],
    ),
]


@pytest.mark.parametrize(("kernel", "name", "function", "order"), ORDERS)
def test_kernel_has_the_parameters_in_the_abis_order(
    corpus: Path, kernel: str, name: str, function: str, order: tuple[str, ...]
) -> None:
    graph = open_sources([str(corpus / f"{kernel}.btf.xz")]).graph
    (found,) = (graph[type_id] for type_id in graph.ids_named(function))
    assert isinstance(found, Func)
    proto = graph[found.proto]
    assert isinstance(proto, FuncProto)
    assert tuple(param.name.removesuffix("_val") for param in proto.params) == order
    if function.endswith("clone"):
        assert order == CLONE_ORDERS[ABIS[name].clone]

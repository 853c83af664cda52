"""Prototypes in BTF: which functions tell, and the corpus's kernels beside the shipped table."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.btf.builder import Btf
from uapigen.btf.reader import BtfGraph
from uapigen.sources import open_sources
from uapigen.syscalls.aliases import target
from uapigen.syscalls.join import syscall_table
from uapigen.syscalls.prototypes import Params
from uapigen.syscalls.sources import btf as source
from uapigen.syscalls.sources import shipped
from uapigen.syscalls.sources.kernels import find_kernel

KERNELS = {
    # BTF of the corpus, and the ABI that its own entries are of
    "amd64-6.1": "x86_64",
    "amd64-7.1-layout-section": "x86_64",
    "amd64-7.3rc7-cloud": "x86_64",
    "arm64-6.1": "aarch64",
    "armhf-6.12-armmp-pahole132": "arm",
    "i386-6.1-686pae-pahole132": "i386",
    "s390x-6.12": "s390x",
}
# An entry's prototype changes for good reason only. 6.13 let mnt_id point to 64 bits, too.
CHANGED = {"sys_name_to_handle_at"}


def named(params: Params) -> list[tuple[str, str]]:
    return [(param.c_type, param.name) for param in params]


@pytest.fixture
def small() -> BtfGraph:
    blob = Btf()
    number, wide = blob.int(), blob.int("long int", 8)
    char = blob.int("char", 1, char=True)
    path = blob.ptr(blob.const(blob.type_tag("user", char)))
    registers = blob.ptr(blob.const(blob.struct("pt_regs", 8, ("sp", wide, 0))))
    for name, *params in (
        ("__do_sys_openat", ("dfd", number), ("filename", path)),
        ("__do_compat_sys_open", ("filename", path)),
        ("__se_sys_openat", ("dfd", wide), ("filename", wide)),
        ("__x64_sys_openat", ("regs", registers)),
        ("__do_sys_getpid", ("__unused", registers)),
        ("__ia32_compat_sys_open", ("regs", registers)),
        ("sys_arm_fadvise64_64", ("fd", number)),
        ("sys_info", ("fd", number)),
        ("__do_sys_hostile", ("a b", number)),
        ("__do_sys_printf", ("format", path), ("", 0)),
    ):
        blob.func(name, blob.func_proto(wide, *params))
    return BtfGraph(blob.dump(), "small", release="9.8.7")


def test_bodies_are_prototypes_and_wrappers_are_not(small: BtfGraph) -> None:
    found = source.prototypes(small)
    assert found.source == "btf 9.8.7"
    assert {entry: named(params) for entry, params in found.params.items()} == {
        "sys_openat": [("int", "dfd"), ("const char *", "filename")],
        "compat_sys_open": [("const char *", "filename")],
        "sys_getpid": [],
    }


def test_plain_functions_are_entries_where_asked_for(small: BtfGraph) -> None:
    found = source.prototypes(small, ["sys_arm_fadvise64_64", "sys_openat"])
    assert named(found.params["sys_arm_fadvise64_64"]) == [("int", "fd")]
    assert "sys_info" not in found.params


def test_widened_functions_tell_names(small: BtfGraph) -> None:
    assert source.widened(small) == {"sys_openat": ("dfd", "filename")}


def test_entry_symbols_are_those_of_all_wrappers(small: BtfGraph) -> None:
    assert source.entry_symbols(small) >= {
        "sys_openat",
        "compat_sys_open",
        "sys_getpid",
        "sys_arm_fadvise64_64",
    }


@pytest.mark.parametrize("name", KERNELS)
def test_shipped_table_agrees_with_kernel(corpus: Path, name: str) -> None:
    graph = open_sources([str(corpus / f"{name}.btf.xz")]).graph
    abi = KERNELS[name]
    ours = shipped.prototypes(abi).params
    theirs = source.prototypes(graph, ["sys_arm_fadvise64_64"]).params
    common = ours.keys() & theirs.keys()
    assert len(common) >= 20
    assert {
        entry: (named(ours[entry]), named(theirs[entry]))
        for entry in common
        if named(ours[entry]) != named(theirs[entry])
    }.keys() <= CHANGED
    # Names alone are told of many more where the architecture has no wrappers
    for entry, params in source.widened(graph).items():
        if entry in ours:
            assert tuple(param.name for param in ours[entry]) == params, entry


@pytest.mark.parametrize("name", KERNELS)
def test_entry_symbols_are_the_kernels_own(corpus: Path, name: str) -> None:
    graph = open_sources([str(corpus / f"{name}.btf.xz")]).graph
    # SYSCALL_DEFINE0's wrappers are aliases of the body, and have no BTF of their own
    functions = {function.replace("__do_sys_", "sys_") for function in graph.functions()[1]}
    functions |= {function.replace("__se_sys_", "sys_") for function in functions}
    table = syscall_table(KERNELS[name])
    absent = {
        call.name
        for call in table.syscalls
        if call.entry and not {call.entry, f"sys_{call.entry.partition('sys_')[2]}"} & functions
    }
    release = tuple(map(int, name.split("-")[1].partition("rc")[0].split(".")))
    newer = {
        call.name
        for call in table.syscalls
        if call.since and tuple(map(int, call.since.split("."))) > release
    }
    assert absent - newer <= NOT_CONFIGURED | GONE


# Of the kernels above, some are built without these, or have them in assembler; and pahole leaves
# out functions whose arguments lie otherwise than it expects, as 64-bit ones do on arm.
NOT_CONFIGURED = frozenset({
    "ftruncate64", "get_mempolicy", "kexec_file_load", "kexec_load", "map_shadow_stack",
    "mbind", "memfd_secret", "migrate_pages", "move_pages", "mseal", "pciconfig_iobase",
    "pkey_alloc", "pkey_free", "pkey_mprotect", "readahead", "rseq_slice_yield", "rt_sigreturn",
    "set_mempolicy", "set_mempolicy_home_node", "sigreturn", "sysfs", "truncate64",
})  # fmt: skip


GONE = frozenset({"lookup_dcookie"})  # 6.7


def test_given_kernel_is_believed_before_the_shipped_table(small: BtfGraph) -> None:
    table = syscall_table("x86_64", btf=small)
    call = next(call for call in table.syscalls if call.name == "openat")
    assert call.provenance == ("system-calls", "btf 9.8.7")
    assert call.params is not None
    assert len(call.params) == 2
    found = [(d.what, d.believed) for d in table.disagreements if d.name == "openat"]
    assert found == [("parameters", "btf 9.8.7: int dfd, const char * filename")]


def test_target_of_an_alias_is_what_sources_are_asked_for() -> None:
    assert target(find_kernel("i386").directory, "sys_ia32_pread64") == "sys_pread64"
    assert target(find_kernel("x86_64").directory, "sys_read") == "sys_read"

"""Where the interfaces say that function pointers lie, before the compilers of eight targets."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest
from emit.c_units import compile_c

from uapigen import load
from uapigen.emit.c_declarations import c_declarations
from uapigen.emit.c_names import member_name
from uapigen.ir.selection import select
from uapigen.ir.types import Struct
from uapigen.layout.plan import Plan
from uapigen.sources import open_sources

# A kernel of that architecture; or, where the corpus has none, of one that lays out likewise.
KERNELS = (
    ("amd64-7.3rc7-cloud", "x86_64"),
    ("arm64-6.1", "aarch64"),
    ("armhf-6.12-armmp-pahole132", "arm"),
    ("i386-6.1-686pae-pahole132", "i386"),
    ("s390x-6.12", "s390x"),
    ("arm64-6.1", "riscv64"),
    ("arm64-6.1", "ppc64le"),
    ("armhf-6.12-armmp-pahole132", "mipsel"),
)


@pytest.mark.slow
@pytest.mark.parametrize(("kernel", "arch"), KERNELS)
def test_every_function_pointer_lies_where_the_target_s_compiler_puts_it(
    kernel: str, arch: str, corpus: Path
) -> None:
    source = corpus / f"{kernel}.btf.xz"
    opened = open_sources([source], arch=arch)
    plan = Plan(opened.graph, opened.model, select(opened.graph, (), ()))
    records = {
        key: type_id
        for type_id, key in plan.keys.of.items()
        if isinstance(opened.graph[type_id], Struct)
    }
    operations = load(source, arch=arch).ops
    tables = {name: records[name] for name in operations}
    made = c_declarations(opened.graph, opened.model, tables.values(), asserts=False)
    assert made.failures == []
    asserts = []
    for name, type_id in tables.items():
        table, interface = made.names[type_id], operations[name]
        asserts.append((f"sizeof({table})", ctypes.sizeof(interface._struct_)))
        for operation in interface._operations_:
            member = member_name(operation.name)
            asserts.append((f"__builtin_offsetof({table}, {member})", operation.offset))
            asserts.append((f"sizeof((({table} *)0)->{member})", operation.size))
    assert len(asserts) > 4000
    text = "".join(f'_Static_assert({what} == {value}, "");\n' for what, value in asserts)
    said = compile_c(arch, f"{made.text}\n{text}")
    assert not said, said[:2000]

"""Which structs are operation tables, and what is said of them, against a second reader."""

from __future__ import annotations

import lzma
import re
from collections import Counter
from pathlib import Path
from typing import cast

import pytest

from uapigen.ir.graph import resolve
from uapigen.ir.operations import EACH_TYPE, ParameterNames
from uapigen.ir.prototypes import Prototype, in_columns
from uapigen.ir.types import (
    Array,
    FuncProto,
    Pointer,
    Qualifier,
    Struct,
    Typedef,
    TypeTag,
    Union,
)
from uapigen.operations import find_tables, name_parameters
from uapigen.operations.implementations import implementations
from uapigen.operations.listing import Listed, as_data, as_text
from uapigen.sources import open_sources

from .sources import Raw, device_source

VFS = {
    "file_operations",
    "inode_operations",
    "dentry_operations",
    "super_operations",
    "address_space_operations",
}
BLOBS = [
    "amd64-6.1",
    "amd64-7.1-layout-section",
    "amd64-7.3rc7-cloud",
    "arm64-6.1",
    "armhf-6.12-armmp-pahole132",
    "i386-6.1-686pae-pahole132",
    "s390x-6.12",
]


@pytest.fixture(scope="module")
def graph():  # type: ignore[no-untyped-def]
    return open_sources([device_source()]).graph


@pytest.fixture(scope="module")
def named(graph) -> dict[str, ParameterNames]:  # type: ignore[no-untyped-def]
    (table,) = find_tables(graph, graph.ids_of(Struct))
    (names,) = name_parameters(graph, [table])
    return {o.name: n for o, n in zip(table.operations, names, strict=True)}


def test_a_struct_of_function_pointers_is_a_table_and_its_other_members_are_data(graph) -> None:  # type: ignore[no-untyped-def]
    (table,) = find_tables(graph, graph.ids_of(Struct))
    assert [member.name for member in table.data] == ["owner", "level"]
    offsets = {operation.name: operation.byte_offset for operation in table.operations}
    assert (offsets["open"], offsets["probe"], offsets["attach"]) == (8, 96, 96)
    assert [o.nelems for o in table.operations if o.name == "handlers"] == [3]


def test_a_table_with_few_functions_is_named_by_hand() -> None:
    from btf.builder import Btf

    btf = Btf()
    number = btf.int()
    function = btf.ptr(btf.func_proto(number))
    rest = [(f"m{at}", number, 64 + 32 * at) for at in range(4)]
    btf.struct("thing", 24, ("call", function, 0), *rest)
    graph = open_sources([btf.dump()]).graph
    assert list(find_tables(graph, graph.ids_of(Struct))) == []
    assert len(list(find_tables(graph, graph.ids_of(Struct), ["th*"]))) == 1
    assert list(find_tables(graph, graph.ids_of(Struct), ["other"])) == []


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        ("open", ParameterNames(("dev",), "disk_open")),
        ("read", ParameterNames(("dev", "buf", "len"), "disk_read")),
        ("find", ParameterNames(("parent", "name"), "find_child", closely=False)),
        ("ready", ParameterNames(("device",), "")),
        ("grow", ParameterNames(("large", "arg2"), "")),
        ("swap", ParameterNames(("pair",), "")),
        ("each", ParameterNames(("device", "walk_fn"), "")),
    ],
)
def test_parameters_are_named_as_most_functions_of_the_member_name_them(
    named: dict[str, ParameterNames], member: str, expected: ParameterNames
) -> None:
    assert named[member] == expected


def test_functions_whose_names_have_the_members_words_name_parameters() -> None:
    from btf.builder import Btf

    btf = Btf()
    number = btf.int()
    inode = btf.ptr(btf.struct("inode", 0))
    protos = {
        name: btf.func_proto(0, ("", inode), ("", number))
        for name in ("dirty_inode", "inode", "inode_dirt")
    }
    placed = [(name, btf.ptr(proto), 64 * at) for at, (name, proto) in enumerate(protos.items())]
    btf.struct("some_ops", 24, *placed)
    for name in ("__mark_inode_dirty", "inode_dirtied", "dirty_page", "clean_page"):
        btf.func(name, btf.func_proto(0, ("in_" + name, inode), ("flags", number)))
    graph = open_sources([btf.dump()]).graph
    (table,) = find_tables(graph, graph.ids_of(Struct))
    (names,) = name_parameters(graph, [table])
    words = ParameterNames(("in___mark_inode_dirty", "flags"), "__mark_inode_dirty", closely=False)
    assert names == [
        words,
        ParameterNames(("inode", "arg2"), ""),
        ParameterNames(("inode", "arg2"), ""),
    ]


def test_parameters_are_named_as_most_name_those_of_their_types() -> None:
    from btf.builder import Btf

    btf = Btf()
    number = btf.int()
    file, page = btf.ptr(btf.struct("file", 0)), btf.ptr(btf.struct("page", 0))
    # Nothing but types in common with the functions.
    clear = btf.func_proto(0, ("", page), ("", file))
    number_too = btf.func_proto(0, ("", page), ("", number), ("", file))
    twice = btf.func_proto(0, ("", file), ("", file))
    protos = {"clear": clear, "number": number_too, "twice": twice}
    placed = [(name, btf.ptr(proto), 64 * at) for at, (name, proto) in enumerate(protos.items())]
    btf.struct("odd_ops", 24, *placed)
    for at, (kind, name) in enumerate(
        [(file, "filp"), (file, "filp"), (file, "f"), (page, "pg"), (page, "pg")]
    ):
        # Another number of parameters each, lest a function be one of a table's prototypes.
        others = [(f"n{index}", number) for index in range(at + 3)]
        btf.func(f"function{at}", btf.func_proto(number, (name, kind), *others))
    graph = open_sources([btf.dump()]).graph
    (table,) = find_tables(graph, graph.ids_of(Struct))
    (names,) = name_parameters(graph, [table])
    assert names == [
        ParameterNames(("pg", "filp"), EACH_TYPE),
        ParameterNames(("page", "arg2", "file"), ""),
        ParameterNames(("file", "file2"), ""),
    ]


def test_prototypes_are_found_and_counted_as_one_by_one(kernel: Path) -> None:
    graph = open_sources([str(kernel)]).graph
    prototypes = graph.prototypes()
    rows = list(prototypes.rows())
    types = set(sorted({target for row in rows for target in row.types})[::3])
    counted: Counter[tuple[str, int]] = Counter()
    for names, targets in {
        (row.returns, *zip(row.names, row.types, strict=True)): (row.names, row.types)
        for row in rows
    }.values():
        counted.update(pair for pair in zip(names, targets, strict=True) if pair[1] in types)
    assert prototypes.parameters_of(types) == counted
    shapes = {(row.returns, *row.types) for row in rows[::7]}
    alike = {
        row.id: ((row.returns, *row.types), tuple(row.names))
        for row in rows
        if (row.returns, *row.types) in shapes
    }
    assert prototypes.like(shapes) == alike
    assert len(alike) > len(shapes)
    pairs = list(zip(*graph.functions()[1:], strict=True))
    # A few are searched for in another way.
    for wanted in [shapes, *({shape} for shape in sorted(shapes)[::50])]:
        found = graph.functions_like(wanted)
        assert found.alike == {i: one for i, one in alike.items() if one[0] in wanted}
        functions = [(name, proto) for name, proto in pairs if proto in found.alike]
        assert list(zip(found.names, found.protos, strict=True)) == functions


def test_prototypes_that_are_there_twice_count_once() -> None:
    rows = [
        Prototype(1, 7, ("file", "count"), (8, 9)),
        Prototype(2, 7, ("file", "count"), (8, 9)),
        Prototype(3, 7, ("file", "len"), (8, 9)),
        Prototype(4, 9, ("file",), (8,)),
    ]
    assert in_columns(rows).parameters_of({8}) == {("file", 8): 3}
    assert in_columns(rows[1:]).parameters_of({8}) == {("file", 8): 3}
    assert in_columns(rows).only([False, True, True, False]) == in_columns(rows[1:3])


def test_structs_are_found_with_how_many_members_lead_to_a_type(kernel: Path) -> None:
    graph = open_sources([str(kernel)]).graph
    wanted = set(graph.ids_of(FuncProto))
    members = [
        (struct, member.type)
        for struct in graph.ids_of(Struct, Union)
        for member in cast("Struct", graph[struct]).members
    ]

    def leads(type_id: int) -> bool:
        while type_id not in wanted:
            node = graph[type_id]
            if isinstance(node, Array):
                type_id = node.element
            elif isinstance(node, (Pointer, Typedef, Qualifier, TypeTag)):
                type_id = node.target
            else:
                return False
        return True

    leading = {target for target in {target for _, target in members} if leads(target)}
    counted = Counter(struct for struct, target in members if target in leading)
    assert graph.holders(wanted, 64, typedefs=True) == counted
    parts = [
        (struct, resolve(graph, member.type))
        for struct in graph.ids_of(Struct, Union)
        for member in cast("Struct", graph[struct]).members
        if not member.name
    ]
    inside: dict[int, int] = {}
    while more := {outer for outer, part in parts if part in {*counted, *inside}} - {
        *counted,
        *inside,
    }:
        inside |= dict.fromkeys(more, 0)
    assert inside
    assert graph.holders(wanted, 64, typedefs=True, parts=True) == counted | inside


def test_tables_are_the_same_found_at_once_and_one_by_one(kernel: Path) -> None:
    graph = open_sources([str(kernel)]).graph
    ids = list(graph.ids_of(Struct))
    for patterns in ([], ["task_*", "device"]):
        one_by_one = [t for type_id in ids for t in find_tables(graph, [type_id], patterns)]
        assert list(find_tables(graph, ids, patterns)) == one_by_one


def test_a_kernel_and_its_module_have_the_tables_of_both(corpus: Path) -> None:
    """Also those of the module whose function pointers are the kernel's types."""

    def tables(*sources: Path, base: Path | None = None) -> Counter[str]:
        graph = open_sources(sources, base=base).graph
        found = find_tables(graph, graph.ids_of(Struct))
        return Counter(graph[table.type].name for table in found)  # type: ignore[union-attr]

    kernel, module = corpus / "amd64-6.1.btf.xz", corpus / "modules" / "amd64-6.1+kvm.btf.xz"
    assert tables(kernel, module) == tables(kernel) + tables(module, base=kernel)


def test_candidates_have_the_prototype_and_the_members_name(graph) -> None:  # type: ignore[no-untyped-def]
    (table,) = find_tables(graph, graph.ids_of(Struct))
    (found,) = implementations(graph, [table])
    by_name = dict(zip([o.name for o in table.operations], found, strict=True))
    assert by_name["open"] == ["disk_open", "net_open", "other_open"]
    assert by_name["probe"] == []


def test_a_listing_declares_each_member_at_its_byte(graph) -> None:  # type: ignore[no-untyped-def]
    (table,) = find_tables(graph, graph.ids_of(Struct))
    (names,) = name_parameters(graph, [table])
    text = as_text(graph, [Listed("struct device_ops", table, names, None)])
    lines = text.splitlines()
    assert lines[0] == "struct device_ops {  /* 160 bytes, 17 function pointers */"
    assert "     0  void *owner;" in lines
    assert "    16  ssize_t (*read)(struct device *dev, char *buf, long int len);" in lines
    assert "   128  unsigned int (*handlers[3])(struct device *device);" in lines


def test_a_listing_has_the_names_of_c_where_python_has_keywords() -> None:
    from btf.builder import Btf

    btf = Btf()
    number, proto = btf.int(), btf.func_proto(1, ("", 1), ("", 1), ("", 1))
    btf.struct("copy_ops", 8, ("copy", btf.ptr(proto), 0))
    btf.func("fast_copy", btf.func_proto(number, ("from", 1), ("self", 1), ("by", 1)))
    graph = open_sources([btf.dump()]).graph
    (table,) = find_tables(graph, graph.ids_of(Struct))
    (names,) = name_parameters(graph, [table])
    assert names[0].names == ("from_", "self_", "by")
    listed = [Listed("struct copy_ops", table, names, None)]
    assert "(*copy)(int from, int self, int by);" in as_text(graph, listed)
    assert as_data(graph, listed)[0]["operations"][0]["parameters"] == ["from", "self", "by"]


def blob(path: Path) -> bytes:
    return lzma.open(path).read() if path.suffix == ".xz" else path.read_bytes()


def recovered(made: ParameterNames) -> bool:
    """Whether somebody has these names, or each is that of its type, which only one is of."""
    return bool(made.named_by) or not any(name[-1].isdigit() for name in made.names)


def held(path: Path) -> tuple[int, int]:
    """Hold every table of a source against the second reader; (tables, pointers)."""
    data = blob(path)
    graph = open_sources([data]).graph
    tables = {table.type: table for table in find_tables(graph, graph.ids_of(Struct))}
    raw = {table.type_id: table for table in Raw(data).tables()}
    expected = {
        type_id
        for type_id, table in raw.items()
        if 2 * len(table.functions) >= table.members
        or re.search(r"(^|_)(ops|operations|driver)$", table.name)
    }
    assert tables.keys() == expected
    for type_id, table in tables.items():
        said = []
        for operation in table.operations:
            proto = graph[operation.proto]
            assert isinstance(proto, FuncProto)
            types = [param.type for param in proto.params] + [0] * proto.variadic
            said.append((operation.name, operation.byte_offset, proto.returns, tuple(types)))
        assert sorted(said) == sorted(raw[type_id].functions)
    names = list(name_parameters(graph, tables.values()))
    for table, listed in zip(tables.values(), names, strict=True):
        for operation, made in zip(table.operations, listed, strict=True):
            assert len(made.names) == len(graph[operation.proto].params)  # type: ignore[union-attr]
            assert len(set(made.names)) == len(made.names)
            assert all(name.isidentifier() and name != "self" for name in made.names)
    for chosen, least, least_of_somebody in ((None, 0.6, 0.6), (VFS, 0.9, 0.89)):
        parameters = [
            made
            for table, listed in zip(tables.values(), names, strict=True)
            if chosen is None or graph[table.type].name in chosen  # type: ignore[union-attr]
            for made in listed
            if made.names
        ]
        assert sum(map(recovered, parameters)) >= least * len(parameters) > 0
        of_somebody = [made for made in parameters if made.named_by]
        assert len(of_somebody) >= least_of_somebody * len(parameters)
    return len(tables), sum(len(table.operations) for table in tables.values())


def test_every_table_of_the_running_kernel_is_what_a_second_reader_sees(
    running_kernel: Path,
) -> None:
    tables, pointers = held(running_kernel)
    assert tables > 300
    assert pointers > 2000


@pytest.mark.slow
@pytest.mark.parametrize("name", BLOBS)
def test_every_table_of_the_corpus_is_what_a_second_reader_sees(corpus: Path, name: str) -> None:
    held(corpus / f"{name}.btf.xz")


def test_few_structs_have_the_tables_that_they_have_among_all(kernel: Path) -> None:
    graph = open_sources([str(kernel)]).graph
    ids = list(graph.ids_of(Struct))
    parts = [ids[at : at + 900] for at in range(0, len(ids), 900)]
    few = [table for part in parts for table in find_tables(graph, part)]
    assert few == list(find_tables(graph, ids))
    assert len(few) > 100

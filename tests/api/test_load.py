"""``uapigen.load``: the API of a generated package, without files."""

from __future__ import annotations

import copy
import ctypes
import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from show.btf import BtfWriter

import uapigen
from uapigen.cli import main
from uapigen.ir.selection import select
from uapigen.layout.plan import Plan
from uapigen.sources import open_sources
from uapigen.verify.expectations import expectations
from uapigen.verify.probe.context import Context
from uapigen.verify.probe.names import check_names
from uapigen.verify.probe.records import check_records


def generate(source: Path, directory: Path) -> ModuleType:
    """The package of a source, imported."""
    assert main([str(source), "-o", str(directory / "generated"), "--quiet"]) == 0
    place = directory / "generated"
    spec = importlib.util.spec_from_file_location(
        "generated", place / "__init__.py", submodule_search_locations=[str(place)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["generated"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tables_of(bindings: Any) -> dict[str, Any]:
    """Everything that bindings know, as their support code asks for it."""
    if isinstance(bindings, uapigen.Loaded):
        tables = bindings._bindings.tables
    else:
        tables = bindings.ctype.__self__.tables
    found: dict[str, Any] = {}
    for kind in ("record", "enum"):
        for key in tables.keys(kind):
            keyword, members, facts = tables.statement(kind, key)
            known = {"name": f"{keyword} {key}", **facts}
            found[f"{kind} {key}"] = (keyword, members, known if kind == "record" else None)
            if kind == "enum":
                heading = tables.heading(key)
                found[f"heading {key}"] = (heading["size"], heading["signed"])
    for table in ("typedefs", "constants", "functions", "variables"):
        for name in tables.names(table):
            found[f"{table} {name}"] = tables.entry(table, name)
    return found


def test_knows_exactly_what_the_package_knows(
    k: uapigen.Loaded, bpf_object: Path, tmp_path: Path
) -> None:
    package = generate(bpf_object, tmp_path)
    assert tables_of(k) == tables_of(package)
    assert k.__all__ == package.__all__
    assert k.__abi__ == package.__abi__
    assert set(package.__all__) <= set(dir(k))


@pytest.mark.slow
def test_knows_of_a_kernel_what_the_package_knows(running_kernel: Path, tmp_path: Path) -> None:
    loaded, package = uapigen.load(running_kernel), generate(running_kernel, tmp_path)
    assert tables_of(loaded) == tables_of(package)


def test_types_agree_with_the_source(bpf_object: Path, k: uapigen.Loaded) -> None:
    opened = open_sources([bpf_object])
    expected = expectations(Plan(opened.graph, opened.model, select(opened.graph)))
    said: list[tuple[Any, ...]] = []
    context = Context(k, expected, lambda *what: said.append(what))
    check_records(context)
    check_names(context)
    assert [what for what in said if what[0] == "differs"] == []
    assert context.counts["structs and unions"] > 10


def test_attributes_are_c_names(k: uapigen.Loaded) -> None:
    assert ctypes.sizeof(k.exec_event) == 48
    assert k.exec_event is k.ctype("struct exec_event")
    assert k.u64 is ctypes.c_uint64
    assert k.DENIED == 5
    assert k.reason.DENIED is k.reason(5)
    assert k.functions["on_exec"].params == (("event", "struct exec_event *"), ("flags", "u32"))
    assert k.functions["on_exec"].tags == ()
    assert k.variables["exec_event"].type is k.exec_event
    with pytest.raises(AttributeError, match="no attribute 'exec_evnt'"):
        _ = k.exec_evnt
    with pytest.raises(LookupError, match="struct exec_evnt"):
        k.ctype("struct exec_evnt")


def test_values_are_seen_through_the_helpers(k: uapigen.Loaded) -> None:
    raw = bytearray(b"\x03\0\0\0abc")
    message = k.message.from_buffer(raw)
    assert k.asdict(message) == {"length": 3, "data": []}
    assert bytes(k.flexible(message, "data")) == b"abc"
    assert repr(k.inner(1, 2)) == "(struct inner){.first = 1, .second = 2}"


def test_name_that_a_class_body_mangles_is_found() -> None:
    writer = BtfWriter()
    writer.add(8, "__be32", writer.int("unsigned int", signed=False))
    loaded = uapigen.load(writer.bytes())

    class User:
        kind = loaded.__be32

    assert User.kind is loaded.ctype("__be32")
    assert "_User__be32" not in vars(loaded)


def test_source_may_be_a_path_its_content_or_several(bpf_object: Path, k: uapigen.Loaded) -> None:
    for source in (str(bpf_object), bpf_object.read_bytes(), [bpf_object], (bpf_object,)):
        loaded = uapigen.load(source)
        assert ctypes.sizeof(loaded.exec_event) == ctypes.sizeof(k.exec_event)
    both = uapigen.load([bpf_object, bpf_object.read_bytes()])
    assert [source["name"] for source in both.__abi__["sources"]] == ["events.bpf.o", "<bytes>"]
    assert set(k.__all__) <= set(both.__all__)


def test_split_btf_lies_over_a_base_given_as_bytes() -> None:
    base, module = BtfWriter(), BtfWriter(first_id=2, first_string=5)
    number = base.int("int")
    assert len(base.strings) == 5
    module.struct("own", 4, ("member", number, 0))
    loaded = uapigen.load(module.bytes(), base=base.bytes())
    assert loaded.own.member.size == 4
    with pytest.raises(uapigen.UapigenError):
        uapigen.load(module.bytes(), base=module.bytes())


def test_only_and_exclude_choose(bpf_object: Path) -> None:
    loaded = uapigen.load(bpf_object, only=["struct nested"])
    assert {"nested", "inner", "atomic_t"} <= set(loaded.__all__)
    assert "exec_event" not in loaded.__all__
    assert uapigen.load(bpf_object, only="struct nested").__all__ == loaded.__all__
    loaded = uapigen.load(bpf_object, exclude=["struct exec_*"])
    assert "exec_event" not in loaded.__all__
    assert "nested" in loaded.__all__


@pytest.mark.parametrize(
    ("source", "options", "error"),
    [
        (b"\x9f\xeb\1\0", {}, uapigen.InputError),
        (b"not BTF", {}, uapigen.InputError),
        (b"", {}, uapigen.InputError),
        ("/does/not/exist", {}, uapigen.SystemRefusalError),
        ([], {}, uapigen.UsageError),
        (None, {"arch": "pdp11"}, uapigen.UsageError),
        (None, {"arch": "s390x"}, uapigen.UsageError),
        (None, {"only": ["struct nowhere"]}, uapigen.UsageError),
    ],
)
def test_refusal_is_of_the_errors_hierarchy(
    bpf_object: Path, source: Any, options: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        uapigen.load(bpf_object if source is None else source, **options)
    assert isinstance(caught.value, uapigen.UapigenError)
    assert "\n" not in str(caught.value)


def test_type_that_is_not_there_is_told_from_one_that_cannot_be() -> None:
    writer = BtfWriter()
    number = writer.int("int")
    writer.struct("overlapping", 4, ("a", number, 0), ("b", number, 16))
    forward = writer.add(7, "declared", 0)
    writer.struct("points", 8, ("to", writer.add(2, "", forward), 0))
    loaded = uapigen.load(writer.bytes(), arch="x86_64")
    loaded.ctype("struct points")  # a declaration is known once something refers to it
    for spelling, sentence in (
        ("struct overlapping", "struct overlapping cannot be laid out: member b overlaps"),
        ("struct declared", "struct declared is declared but not defined in the source"),
        ("struct unknown", "'struct unknown' is not among these bindings"),
    ):
        with pytest.raises(LookupError, match=sentence):
            loaded.ctype(spelling)
    with pytest.raises(AttributeError):
        _ = loaded.overlapping


def test_other_byte_order_reads_right(big_endian: uapigen.Loaded) -> None:
    inner = big_endian.inner.from_buffer_copy(b"\0\1\0\0\0\0\0\2")
    assert (inner.first, inner.second) == (1, 2)
    assert big_endian.__abi__["byteorder"] == "big"


def test_loading_decodes_hardly_anything(running_kernel: Path) -> None:
    loaded = uapigen.load(running_kernel)
    assert len(loaded._opened.graph.nodes) < 1000
    assert ctypes.sizeof(loaded.ctype("struct list_head")) == 16


def test_copies_and_pickling_probes_do_not_recurse(k: uapigen.Loaded) -> None:
    made = k.exec_event
    assert copy.copy(k).exec_event is made
    with pytest.raises(AttributeError):
        _ = uapigen.Loaded.__new__(uapigen.Loaded).anything


def test_repr_names_source_and_target(k: uapigen.Loaded) -> None:
    assert repr(k) == "<uapigen.load: C types of events.bpf.o for x86_64>"


def test_importing_uapigen_imports_nothing_else() -> None:
    program = "import sys; import uapigen; print([m for m in sys.modules if 'uapigen' in m])"
    command = [sys.executable, "-S", "-c", program]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=Path(uapigen.__file__).parents[1]
    )
    assert done.stdout.strip() == "['uapigen']"


def test_what_is_exported_is_there_and_nothing_else() -> None:
    assert set(uapigen.__all__) <= set(dir(uapigen))
    for name in uapigen.__all__:
        assert getattr(uapigen, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        _ = uapigen.lode

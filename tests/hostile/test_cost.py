"""What little input can ask for: time and memory stay in proportion to it."""

from __future__ import annotations

import gc
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from btf.builder import Btf
from conftest import ROOT

from .cli import FORMS, generate, imported, refusal, run

COUNTING = 3 if "coverage" in sys.modules else 1
"""Counting lines is no part of what a user pays for, and takes longer than the work itself."""


def pace() -> float:
    """How many times slower this machine is, at the moment, than one that the limits are for."""
    start = time.process_time()
    found = {}
    for number in range(150_000):
        found[str(number)] = number, [number]
    return max(1.0, (time.process_time() - start) / 0.1)


def limit() -> float:
    """Seconds of processor time for making bindings, or for touching what is in them."""
    return 2 * COUNTING * pace()


MEBIBYTES = 100

Make = Callable[[Btf], object]


@pytest.fixture(autouse=True)
def _no_others_garbage() -> Iterator[None]:
    """Let no collector look through what the tests before have left in this process."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def same_tag(btf: Btf) -> None:
    for size in range(4000):
        btf.struct("s", size)


def same_tag_and_outline(btf: Btf) -> None:
    number = btf.int()
    for length in range(3000):
        btf.struct("s", 4, ("a", btf.ptr(btf.ptr(btf.array(number, length))), 0))


def same_tag_and_type(btf: Btf) -> None:
    number = btf.int()
    for _ in range(10_000):
        btf.struct("s", 4, ("a", number, 0))


def same_enum(btf: Btf) -> None:
    for value in range(4000):
        btf.enum("e", ("A", value))


def chains_of_the_same_tags(btf: Btf) -> None:
    number = btf.int()
    for chain in range(60):
        for link in range(60):
            btf.struct(f"s{link}", 8, ("next", btf.next_id + 1, 0))
            btf.ptr(btf.next_id + 1)
        btf.struct("end", 4, (f"x{chain}", number, 0))


def rings_of_one_tag(btf: Btf) -> None:
    for _ in range(100):
        first = btf.next_id
        for link in range(50):
            btf.struct("s", 8, ("next", btf.next_id + 1, 0))
            btf.ptr(first if link == 49 else btf.next_id + 1)


def same_typedef(btf: Btf) -> None:
    number = btf.int()
    for length in range(5000):
        btf.typedef("t", btf.ptr(btf.array(number, length)))


def same_function(btf: Btf) -> None:
    number = btf.int()
    for length in range(20_000):
        btf.func("f", btf.func_proto(btf.ptr(btf.array(number, length))))


def same_variable(btf: Btf) -> None:
    number = btf.int()
    for _ in range(20_000):
        btf.var("v", number)


def tags_of_one_function(btf: Btf) -> None:
    func = btf.func("f", btf.func_proto(0))
    for index in range(20_000):
        btf.decl_tag(f"tag{index}", func)


def anonymous_in_one_struct(btf: Btf) -> None:
    number = btf.int()
    inner = [btf.struct("", 4, (f"a{i}", number, 0)) for i in range(9000)]
    btf.struct("s", 4 * len(inner), *(("", t, 32 * i) for i, t in enumerate(inner)))


def anonymous_in_many_structs(btf: Btf) -> None:
    inner = btf.struct("", 4, ("a", btf.int(), 0))
    for index in range(5000):
        btf.struct(f"s{index}", 4, ("x", inner, 0))


def anonymous_in_anonymous(btf: Btf) -> None:
    inner = btf.struct("", 4, ("a", btf.int(), 0))
    for _ in range(5000):
        inner = btf.struct("", 4, ("member", inner, 0))
    btf.struct("s", 4, ("member", inner, 0))


def embedded_in_many_places(btf: Btf) -> None:
    number = btf.int()
    inner = [btf.struct(f"s{i}", 8, ("a", number, 0)) for i in range(4000)]
    for apart, first in ((128, 0), (128, 8)):
        members = [(f"m{i}", t, apart * i + first) for i, t in enumerate(inner)]
        btf.struct(f"outer{first}", 16 * len(inner), *members)


def forms_of_one_struct(btf: Btf) -> None:
    record = btf.struct("s", 4, ("a", btf.int(), 0))
    for index in range(15_000):
        btf.typedef(f"t{index}", record)


def doubling_structs(btf: Btf) -> None:
    inner, size = btf.int(), 4
    for level in range(60):
        at = 8 * size & 0xFFFFFFFF
        size = 2 * size & 0xFFFFFFFF
        inner = btf.struct(f"s{level}", size, ("x", inner, 0), ("y", inner, at))


def doubling_empty_structs(btf: Btf) -> None:
    inner = btf.struct("empty", 0)
    for level in range(64):
        inner = btf.struct(f"s{level}", 0, ("x", inner, 0), ("y", inner, 0))


def doubling_anonymous(btf: Btf) -> None:
    inner = btf.int()
    for _ in range(64):
        inner = btf.union("", 4, ("", inner, 0), ("", inner, 0))
    btf.struct("s", 4, ("", inner, 0))


def doubling_anonymous_among_many(btf: Btf) -> None:
    """As many that the stub is made by a process of its own."""
    doubling_anonymous(btf)
    for index in range(6000):
        btf.struct(f"t{index}", 0)


def unnamed_in_many_structs(btf: Btf) -> None:
    number = btf.int()
    inner = btf.struct("", 36_000, *((f"m{i}", number, 32 * i) for i in range(4000)))
    for index in range(6000):
        btf.struct(f"s{index}", 36_000, ("", inner, 0))


def unnamed_in_unnamed_in_many_structs(btf: Btf) -> None:
    number = btf.int()
    inner = btf.struct("", 36_000, *((f"m{i}", number, 32 * i) for i in range(9000)))
    for _ in range(90):
        inner = btf.struct("", 36_000, ("", inner, 0))
    for index in range(6000):
        btf.struct(f"s{index}", 36_000, ("", inner, 0))


def unnamed_without_end_in_many_structs(btf: Btf) -> None:
    """In more levels than there may be, so that all of them are left out."""
    inner = btf.int()
    for index in range(3000):
        inner = btf.struct("", 4, ("" if index else "m", inner, 0))
    for index in range(6000):
        btf.struct(f"s{index}", 4, ("", inner, 0))


def doubling_functions(btf: Btf) -> None:
    inner = btf.int()
    for _ in range(64):
        inner = btf.ptr(btf.func_proto(inner, ("x", inner), ("y", inner)))
    btf.struct("s", 8, ("m", inner, 0))
    btf.func("f", inner - 1)


def long_list_of_parameters(btf: Btf) -> None:
    number = btf.int()
    proto = btf.func_proto(number, *((f"p{i}", number) for i in range(20_000)))
    for index in range(2000):
        btf.func(f"f{index}", proto)


def long_names(btf: Btf) -> None:
    record = btf.struct("n" * 1000, 4, ("m" * 1000, btf.int("i" * 1000), 0))
    btf.struct("s", 4 * 2000, *((f"m{i}", record, 32 * i) for i in range(2000)))
    for index in range(500):
        btf.func(f"f{index}", btf.func_proto(record, *((f"p{i}", record) for i in range(3))))


def pointers_in_a_row(btf: Btf) -> None:
    target = btf.int()
    for index in range(20_000):
        target = btf.ptr(target)
        btf.typedef(f"t{index}", target)


def pointers_around_a_ring(btf: Btf) -> None:
    btf.ptr(2)
    btf.const(1)
    for index in range(20_000):
        btf.typedef(f"t{index}", btf.ptr(1))


def declared_only(btf: Btf) -> None:
    for index in range(10_000):
        btf.typedef(f"t{index}", btf.ptr(btf.fwd(f"f{index}")))


def base_types(btf: Btf) -> None:
    for index in range(10_000):
        btf.int("i", 4, bits=index % 32 + 1)
        btf.int(f"i{index}", 4)


def one_long_enum(btf: Btf) -> None:
    btf.enum("e", *((f"E{value}", value) for value in range(70_000)))


def one_long_struct(btf: Btf) -> None:
    number = btf.int()
    btf.struct("s", 4 * 60_000, *((f"m{i}", number, 32 * i) for i in range(60_000)))


COSTS: list[Make] = [
    same_tag,
    same_tag_and_outline,
    same_tag_and_type,
    same_enum,
    chains_of_the_same_tags,
    rings_of_one_tag,
    same_typedef,
    same_function,
    same_variable,
    tags_of_one_function,
    anonymous_in_one_struct,
    anonymous_in_many_structs,
    anonymous_in_anonymous,
    embedded_in_many_places,
    forms_of_one_struct,
    doubling_structs,
    doubling_empty_structs,
    doubling_anonymous,
    doubling_anonymous_among_many,
    unnamed_in_many_structs,
    unnamed_in_unnamed_in_many_structs,
    unnamed_without_end_in_many_structs,
    doubling_functions,
    long_list_of_parameters,
    long_names,
    pointers_in_a_row,
    pointers_around_a_ring,
    declared_only,
    base_types,
    one_long_enum,
    one_long_struct,
]


SLOW = {
    anonymous_in_one_struct,
    unnamed_in_unnamed_in_many_structs,
    one_long_enum,
    one_long_struct,
}
"""Many members, which take their time in proportion."""


def each(makes: list[Make]) -> pytest.MarkDecorator:
    slow = pytest.mark.slow
    return pytest.mark.parametrize(
        "make",
        [
            pytest.param(make, id=make.__name__, marks=slow if make in SLOW else ())
            for make in makes
        ],
    )


def processor_seconds() -> float:
    """That this process and its children have used so far."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


@each(COSTS)
def test_bindings_are_made_and_touched_soon(tmp_path: Path, make: Make) -> None:
    btf = Btf()
    make(btf)
    out = tmp_path / "package"
    start = processor_seconds()
    assert generate(btf, out).code == 0
    assert processor_seconds() - start < limit()
    start = processor_seconds()
    with imported(out) as made:
        names = [name for name in dir(made) if not name.startswith("_")]
        for name in [*names[:50], *names[-50:]]:
            getattr(made, name, None)
        for name in list(made.functions)[:100]:
            made.functions[name].params  # noqa: B018
    # Of many members touching takes its time in proportion.
    assert processor_seconds() - start < (5 if make in SLOW else 2) * limit()


# Runs the command line, and prints the exit code and the memory that it took in MiB, with that of
# its child, beyond what a run over next to nothing takes.
WEIGH = """
import resource, sys
from uapigen.cli import main

def peak():
    with open("/proc/self/status") as status:
        return int(status.read().partition("VmHWM:")[2].split()[0]) / 1024

assert main([sys.argv[1], "-o", sys.argv[2] + "0.py", "--quiet"]) == 0
idle = peak()
code = main([sys.argv[3], "-o", sys.argv[2], "--quiet"])
print(code, peak() - idle)
"""
HEAVY: list[Make] = [
    same_tag_and_outline,
    chains_of_the_same_tags,
    anonymous_in_anonymous,
    doubling_structs,
    doubling_anonymous,
    doubling_functions,
    long_list_of_parameters,
    long_names,
    pointers_in_a_row,
    one_long_enum,
    one_long_struct,
]


@each(HEAVY)
def test_memory_is_bounded(tmp_path: Path, make: Make) -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("needs /proc")
    btf = Btf()
    make(btf)
    source = btf.write(tmp_path / "source.btf")
    nothing = Btf().write(tmp_path / "nothing.btf")
    command = [sys.executable, "-c", WEIGH, nothing, tmp_path / "out", source]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=60
    )
    assert not done.stderr
    code, mebibytes = done.stdout.split()
    assert code == "0"
    assert float(mebibytes) < MEBIBYTES + 100 * source.stat().st_size / (1 << 20)


@FORMS
def test_what_claims_more_than_it_has_is_refused_at_once(tmp_path: Path, out_name: str) -> None:
    for kind in (4, 5, 6, 13, 15, 19):
        btf = Btf()
        btf.record(kind, "s", 4, vlen=0xFFFFFF)
        start = processor_seconds()
        line = refusal(btf, tmp_path / out_name)
        assert processor_seconds() - start < 0.5
        assert line == "SOURCE: type 1: its record runs past the type section"


@each([doubling_structs, doubling_anonymous, anonymous_in_anonymous, one_long_struct])
@pytest.mark.parametrize("options", [(), ("--expand",), ("--json",)], ids=str)
def test_shown_soon(tmp_path: Path, make: Make, options: tuple[str, ...]) -> None:
    btf = Btf()
    make(btf)
    source = btf.write(tmp_path / "source.btf")
    name = "s59" if make is doubling_structs else "s"
    start = processor_seconds()
    assert run("show", *options, name, source).code == 0
    assert processor_seconds() - start < (2 if make in SLOW else 1) * limit()


@each([doubling_structs, doubling_anonymous, anonymous_in_anonymous, one_long_struct])
def test_declared_soon(tmp_path: Path, make: Make) -> None:
    btf = Btf()
    make(btf)
    source = btf.write(tmp_path / "source.btf")
    name = "s59" if make is doubling_structs else "s"
    start = processor_seconds()
    assert run("show", "--c", name, source).code in (0, 3)
    assert processor_seconds() - start < limit()

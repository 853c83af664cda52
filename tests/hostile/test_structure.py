"""Structures that contain themselves, lie, overflow or explode: refused or left out, and soon."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from btf.builder import Btf, packed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .cli import bindings, generate, left_out, refusal

SECONDS = 2.0
"""Of processor time: the longest that any bad input may take."""


def _self_typedef(btf: Btf) -> None:
    btf.struct("holder", 4, ("m", btf.next_id + 1, 0))
    btf.typedef("loop", btf.next_id)


def _const_chain(btf: Btf) -> None:
    btf.struct("holder", 4, ("m", btf.next_id + 1, 0))
    btf.const(btf.next_id + 1)
    btf.volatile(btf.next_id - 1)


def _array_of_itself(btf: Btf) -> None:
    btf.struct("holder", 4, ("m", btf.next_id + 1, 0))
    btf.array(btf.next_id, 4)


def _struct_in_itself(btf: Btf) -> None:
    btf.struct("holder", 8, ("m", btf.next_id, 0))


def _mutual_structs(btf: Btf) -> None:
    btf.struct("holder", 8, ("m", btf.next_id + 1, 0))
    btf.struct("other", 8, ("m", btf.next_id - 1, 0))


def _overlap(btf: Btf) -> None:
    word = btf.int()
    btf.struct("holder", 8, ("a", word, 0), ("b", word, 16))


def _beyond_its_size(btf: Btf) -> None:
    btf.struct("holder", 4, ("a", btf.int() and 1, 64))


def _inside_a_byte(btf: Btf) -> None:
    btf.struct("holder", 8, ("a", btf.int() and 1, 3))


def _wider_than_its_type(btf: Btf) -> None:
    btf.struct("holder", 8, ("a", btf.int() and 1, 0, 40))


def _bitfield_of_a_pointer(btf: Btf) -> None:
    btf.struct("holder", 8, ("a", btf.ptr(0), 0, 3))


def _incomplete(btf: Btf) -> None:
    btf.struct("holder", 8, ("a", btf.fwd("missing"), 0))


def _void(btf: Btf) -> None:
    btf.struct("holder", 8, ("a", 0, 0))


def _function(btf: Btf) -> None:
    btf.struct("holder", 8, ("a", btf.func_proto(0), 0))


def _huge_array(btf: Btf) -> None:
    word = btf.int()
    inner = btf.array(btf.array(word, 0xFFFFFFFF), 0xFFFFFFFF)
    btf.struct("holder", 8, ("a", inner, 0))


def _two_of_one_name(btf: Btf) -> None:
    word = btf.int()
    btf.struct("holder", 8, ("a", word, 0), ("a", word, 32))


UNREALISABLE: list[Callable[[Btf], None]] = [
    _self_typedef,
    _const_chain,
    _array_of_itself,
    _struct_in_itself,
    _mutual_structs,
    _overlap,
    _beyond_its_size,
    _inside_a_byte,
    _wider_than_its_type,
    _bitfield_of_a_pointer,
    _incomplete,
    _void,
    _function,
    _huge_array,
    _two_of_one_name,
]


@pytest.mark.parametrize("make", UNREALISABLE, ids=lambda make: make.__name__.strip("_"))
def test_type_that_cannot_be_realised_is_left_out_by_name_and_alone(
    tmp_path: Path, make: Callable[[Btf], None]
) -> None:
    btf = Btf()
    make(btf)
    word = btf.int("sound")
    btf.struct("bystander", 8, ("x", word, 0), ("y", word, 32))
    start = time.process_time()
    reasons = left_out(btf, tmp_path / "package")
    assert time.process_time() - start < SECONDS
    assert "struct holder" in reasons
    assert "struct bystander" not in reasons
    with bindings(btf, tmp_path / "again") as module:
        assert module.bystander.y.offset == 4
        with pytest.raises(LookupError):
            module.ctype("struct holder")


@pytest.mark.parametrize("depth", [1_000, 20_000])
@pytest.mark.parametrize("kind", ["ptr", "typedef", "const", "array"])
def test_deep_nests_are_refused_or_right(tmp_path: Path, kind: str, depth: int) -> None:
    btf = Btf()
    at = btf.int()
    for level in range(depth):
        if kind == "typedef":
            at = btf.typedef(f"t{level}", at)
        elif kind == "array":
            at = btf.array(at, 1)
        else:
            at = getattr(btf, kind)(at)
    btf.struct("holder", 8, ("m", at, 0))
    start = time.process_time()
    done = generate(btf, tmp_path / "package")
    assert time.process_time() - start < SECONDS
    assert done.code in (0, 3)
    assert "Traceback" not in done.err


def test_structs_that_contain_each_other_twice_do_not_explode(tmp_path: Path) -> None:
    btf = Btf()
    size, at = 4, btf.int()
    for level in range(28):
        at = btf.struct(f"s{level}", 2 * size, ("x", at, 0))
        size *= 2
    for level in range(64):
        at = btf.struct(f"e{level}", 0, ("x", at, 0), ("y", at, 0))
    start = time.process_time()
    assert generate(btf, tmp_path / "package").code in (0, 3)
    assert time.process_time() - start < SECONDS


def test_large_but_honest_types_are_fine(tmp_path: Path) -> None:
    btf = Btf()
    word = btf.int()
    btf.enum("many", *((f"E{value}", value) for value in range(70_000)))
    btf.struct("wide", 4 * 20_000, *((f"m{i}", word, 32 * i) for i in range(20_000)))
    with bindings(btf, tmp_path / "package") as module:
        assert module.E69999 == 69_999
        assert module.wide.m19999.offset == 4 * 19_999


def test_counts_beyond_the_bytes_are_refused(tmp_path: Path) -> None:
    """One KiB that claims sixteen million members."""
    btf = Btf()
    btf.record(4, "liar", 4, vlen=0xFFFFFF)
    start = time.process_time()
    assert "runs past the type section" in refusal(btf, tmp_path / "package")
    assert time.process_time() - start < SECONDS


def test_failed_run_leaves_out_as_it_was(tmp_path: Path) -> None:
    good, out = Btf(), tmp_path / "package"
    good.struct("kept", 4, ("x", good.int() and 1, 0))
    assert generate(good, out).code == 0
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert generate(packed(b"\1" * 12, b"\0"), out).code == 3
    after = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert after == before


def _sound() -> bytes:
    """Some of everything."""
    btf = Btf()
    word = btf.int()
    long = btf.int("long unsigned int", 8, signed=False)
    node = btf.struct(
        "node",
        32,
        ("next", btf.next_id + 1, 0),
        ("n", word, 64),
        ("f", word, 96, 3),
        ("a", long, 128),
    )
    btf.ptr(node)
    kind = btf.enum("kind", ("ONE", 1), ("TWO", 2))
    btf.enum64("wide", ("BIG", 1 << 40))
    btf.union(
        "either", 8, ("i", word, 0), ("k", kind, 0), ("", btf.struct("", 8, ("z", long, 0)), 0)
    )
    proto = btf.func_proto(word, ("node", node + 1), ("n", word))
    btf.func("walk", proto)
    btf.datasec(".data", 4, (btf.var("count", word), 0, 4))
    btf.typedef("words", btf.array(btf.const(word), 4))
    btf.decl_tag("bpf_kfunc", node)
    btf.fwd("unseen")
    btf.float("double", 8)
    return btf.dump()


def _survives(data: bytes, out: Path) -> None:
    start = time.process_time()
    done = generate(data, out)
    assert time.process_time() - start < SECONDS
    assert done.code in (0, 3)
    assert done.err.count("\n") <= 12
    if done.code:
        assert not out.exists()
    else:
        compile((out / "__init__.py").read_text(), "__init__", "exec")


SOUND = _sound()
_MUTATIONS = st.lists(
    st.tuples(st.integers(0, len(SOUND) - 1), st.integers(0, 255)), min_size=1, max_size=6
)
_QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck)}


def test_truncated_at_every_boundary(tmp_path: Path) -> None:
    for length in range(0, len(SOUND), 3):
        _survives(SOUND[:length], tmp_path / f"p{length}")


@settings(max_examples=150, **_QUIET)  # type: ignore[arg-type]
@given(changes=_MUTATIONS)
def test_changed_bytes_are_refused_or_right(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]]
) -> None:
    data = bytearray(SOUND)
    for at, value in changes:
        data[at] = value
    _survives(bytes(data), tmp_path_factory.mktemp("m") / "package")


@pytest.mark.slow
@settings(max_examples=3_000, **_QUIET)  # type: ignore[arg-type]
@given(changes=_MUTATIONS, cut=st.integers(1, len(SOUND)))
def test_fuzzed_for_a_bounded_time(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]], cut: int
) -> None:
    data = bytearray(SOUND)
    for at, value in changes:
        data[at] = value
    _survives(bytes(data[:cut] if cut % 3 == 0 else data), tmp_path_factory.mktemp("f") / "package")

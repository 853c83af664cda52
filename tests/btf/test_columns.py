"""Decoding a whole source at once gives what decoding its types one by one gives."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest

from uapigen.btf.reader import BtfGraph
from uapigen.errors import InputError
from uapigen.ir.types import Type

from .builder import Btf


def _nodes(graph: BtfGraph) -> list[Type | str]:
    found: list[Type | str] = []
    for type_id in range(graph.first_id, len(graph)):
        try:
            found.append(graph[type_id])
        except InputError as error:
            found.append(str(error))
    return found


def _both_ways(data: bytes, base: bytes | None = None) -> tuple[list[Type | str], ...]:
    ways = []
    for preload in (False, True):
        below = None if base is None else BtfGraph(base, "base")
        graph = BtfGraph(data, "some", base=below)
        if preload:
            graph.preload()
        ways.append(_nodes(graph))
    return tuple(ways)


@pytest.mark.parametrize("name", ["s390x-6.12", "amd64-7.1-layout-section"])
def test_preloading_changes_no_type_of_a_kernel(corpus: Path, name: str) -> None:
    one_by_one, at_once = _both_ways(lzma.decompress((corpus / f"{name}.btf.xz").read_bytes()))
    assert one_by_one == at_once


def test_preloading_changes_no_type_of_split_btf(corpus: Path) -> None:
    module = min((corpus / "modules").glob("amd64-6.1+*.btf.xz"))
    base = lzma.decompress((corpus / "amd64-6.1.btf.xz").read_bytes())
    one_by_one, at_once = _both_ways(lzma.decompress(module.read_bytes()), base)
    assert one_by_one == at_once


def _all_forms(bad: int) -> Btf:
    """One of each kind that is decoded at once; type ``bad`` among what they refer to."""
    btf = Btf()
    number = btf.int("int", 4)
    for target in (number, bad):
        btf.ptr(target)
        btf.array(target, 3)
        btf.typedef("alias", target)
        btf.const(target)
        btf.volatile(target)
        btf.restrict(target)
        btf.struct("s", 8, ("a", target, 0), ("", number, 32))
        btf.ptr(btf.func_proto(target, ("a", target), ("", number)))
        btf.ptr(btf.func_proto(number, ("", target), ("", 0)))
    return btf


@pytest.mark.parametrize("bad", [1, 0, 23, 24, 0x7FFFFFFF])
def test_preloading_leaves_a_malformed_reference_to_be_found(bad: int) -> None:
    one_by_one, at_once = _both_ways(_all_forms(bad).dump())
    assert one_by_one == at_once
    assert any(isinstance(node, str) for node in at_once) == (bad > 23)


def test_preloading_leaves_a_malformed_name_to_be_found() -> None:
    btf = Btf()
    btf.int("int", 4)
    btf.typedef(0x10000, 1)
    btf.struct("s", 4, (0x10000, 1, 0))
    btf.ptr(btf.record(13, 0, 1, 0x10000, 1, vlen=1))
    one_by_one, at_once = _both_ways(btf.dump())
    assert one_by_one == at_once
    assert sum(isinstance(node, str) for node in at_once) == 3


def test_preloading_keeps_bitfields_of_either_encoding() -> None:
    btf = Btf()
    btf.int("int", 4)
    btf.int("old", 4, offset=3, bits=5)
    btf.struct("new", 4, ("a", 1, 3 << 24 | 1), flag=True)
    btf.struct("old", 4, ("a", 2, 8))
    one_by_one, at_once = _both_ways(btf.dump())
    assert one_by_one == at_once

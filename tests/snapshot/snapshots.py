"""Snapshots of small sources, and bindings of both, for the tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.btf.builder import Btf
from uapigen.emit.headers import header_module_files, header_plan
from uapigen.emit.package import package_files
from uapigen.ir.selection import select
from uapigen.ir.units import choose
from uapigen.layout.plan import Plan
from uapigen.snapshot.write import write_snapshot
from uapigen.sources import Opened, Source, open_sources

__all__ = ["bindings", "sample", "snapshot_of"]


def snapshot_of(
    source: Source | Sequence[Source],
    only: Sequence[str] = (),
    arch: str | None = None,
    base: str | None = None,
) -> str:
    """The text of a snapshot."""
    sources = [source] if isinstance(source, (str, bytes, Path)) else list(source)
    opened = open_sources(sources, arch=arch, base=base)
    if opened.headers is not None:
        selection = choose(opened.headers, only)
    else:
        selection = select(opened.graph, only)
    written = write_snapshot(*opened[:2], selection, opened.headers)
    assert not written.failures
    return written.text


def bindings(
    source: Source | Sequence[Source],
    only: Sequence[str] = (),
    arch: str | None = None,
    base: str | None = None,
) -> dict[str, str]:
    """All files of the bindings."""
    sources = [source] if isinstance(source, (str, bytes, Path)) else list(source)
    return _files(open_sources(sources, arch=arch, base=base), only)


def _files(opened: Opened, only: Sequence[str]) -> dict[str, str]:
    graph, model, joined = opened
    if joined is None:
        return package_files(Plan(graph, model, select(graph, only)))
    plan = header_plan(joined, model, choose(joined, only))
    return header_module_files(plan, joined, "m")


def sample(*, unrelated: bool = False) -> bytes:
    """BTF with a bit of everything; ``unrelated``: and with types that nothing else uses."""
    btf = Btf()
    if unrelated:
        btf.enum("aardvark", ("AARDVARK", 1))
    number = btf.int("int")
    btf.int("long unsigned int", 8, signed=False)
    byte = btf.int("unsigned char", 1, signed=False)
    if unrelated:
        btf.struct("middle", 4, ("x", number, 0))
    u8 = btf.typedef("u8", byte)
    part = btf.union("", 8, ("word", number, 0), ("bytes", btf.array(u8, 8), 0))
    text = btf.ptr(btf.type_tag("user", btf.const(byte)))
    far = btf.struct("far", 4, ("x", number, 0))
    hidden = btf.typedef("far_t", far)
    btf.struct("zebra", 8, ("", part, 0))
    btf.struct("class", 48, ("low", number, 0, 3), ("high", number, 3, 29), ("", part, 64),
               ("text", text, 128), ("far", btf.ptr(hidden), 192), ("other", btf.ptr(far), 256),
               ("gone", btf.ptr(btf.fwd("gone")), 320))  # fmt: skip
    btf.enum("colour", ("RED", 0), ("BLUE", -1), signed=True)
    btf.struct("twin", 4, ("a", number, 0))
    btf.struct("twin", 4, ("b", number, 0))
    btf.struct("core::Option<u8>", 1, ("0", byte, 0))
    proto = btf.func_proto(number, ("c", btf.ptr(far)), ("", 0))
    btf.decl_tag("kfunc", btf.func("call", proto))
    btf.datasec(".data", 8, (btf.var("counter", number), 4, 4))
    if unrelated:
        btf.typedef("zoo_t", btf.struct("zoo", 8, ("x", number, 0)))
    return btf.dump()

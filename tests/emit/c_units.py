"""C made of a source's types, put before a target's compiler."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from elftools.elf.elffile import ELFFile
from kitchen.targets import TARGETS, require

from uapigen.emit.c_declarations import CDeclarations, c_declarations
from uapigen.emit.c_names import member_name
from uapigen.ir.graph import TypeGraph, resolve
from uapigen.ir.types import Enum, Int, Struct, Typedef, Union
from uapigen.sources import Opened, open_sources

__all__ = ["Unit", "compile_c", "compiled_bits", "expected_bits", "unit"]


class Unit(NamedTuple):
    """Declarations of all named types of a source."""

    opened: Opened
    made: CDeclarations

    @property
    def text(self) -> str:
        return self.made.text


def unit(source: Path | bytes, arch: str | None = None, base: Path | None = None) -> Unit:
    """C for everything in a source."""
    opened = open_sources([source], arch=arch, base=base)
    graph = opened.graph
    roots = [i for i in graph.ids_of(Struct, Union, Enum, Typedef) if getattr(graph[i], "name", "")]
    return Unit(opened, c_declarations(graph, opened.model, roots))


def compile_c(arch: str, text: str, *options: str) -> str:
    """What the architecture's gcc says against a text; empty where it takes it."""
    compiler = TARGETS[arch].compiler
    require(compiler[0])
    done = subprocess.run(
        [*compiler, *(options or ("-fsyntax-only",)), "-x", "c", "-"],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr if done.returncode else ""


# Bitfields: C has no constant expression for where they are, but data shows it.


class _Bitfield(NamedTuple):
    spelled: str
    member: str
    byte_size: int
    bit_offset: int
    bit_width: int


def _bitfields(unit: Unit) -> Iterator[_Bitfield]:
    graph = unit.opened.graph
    failed = {failure.spelling for failure in unit.made.failures}
    for type_id, spelled in unit.made.names.items():
        node = graph[type_id]
        if isinstance(node, (Struct, Union)) and node.name and spelled not in failed:
            for name, bit_offset, bit_width in _bits_in(graph, node, 0):
                yield _Bitfield(spelled, name, node.byte_size, bit_offset, bit_width)


def _bits_in(graph: TypeGraph, node: Struct | Union, begin: int) -> Iterator[tuple[str, int, int]]:
    for name, target, bit_offset, bit_width in node.members:
        inner = graph[resolve(graph, target)]
        if name and bit_width:
            if bit_width == 1 or not (isinstance(inner, Int) and inner.boolean):
                yield member_name(name), begin + bit_offset, bit_width
        elif not name and isinstance(inner, (Struct, Union)):
            yield from _bits_in(graph, inner, begin + bit_offset)


def expected_bits(unit: Unit) -> dict[str, bytes]:
    """By struct and member, the bytes of a struct in which all bits of the member are set."""
    found = {}
    for spelled, member, byte_size, bit_offset, bit_width in _bitfields(unit):
        mask = (1 << bit_width) - 1
        if unit.opened.model.big_endian:
            number = mask << 8 * byte_size - bit_offset - bit_width
            found[f"{spelled}.{member}"] = number.to_bytes(byte_size, "big")
        else:
            found[f"{spelled}.{member}"] = (mask << bit_offset).to_bytes(byte_size, "little")
    return found


def compiled_bits(arch: str, unit: Unit, directory: Path) -> dict[str, bytes]:
    """The same, as the architecture's gcc initialises such structs."""
    fields = {f"{b.spelled}.{b.member}": b for b in _bitfields(unit)}
    probes = [
        f"const {b.spelled} probe_{number} = {{ .{b.member} = -1 }};\n"
        for number, b in enumerate(fields.values())
    ]
    program = directory / "bits.o"
    said = compile_c(arch, f"{unit.text}\n{''.join(probes)}", "-c", "-o", str(program))
    assert not said, said[:2000]
    elf = ELFFile(io.BytesIO(program.read_bytes()))
    data = [section.data() for section in elf.iter_sections()]
    symbols = {s.name: s for s in elf.get_section_by_name(".symtab").iter_symbols()}
    found = {}
    for number, name in enumerate(fields):
        symbol = symbols[f"probe_{number}"]
        start, size = symbol["st_value"], symbol["st_size"]
        found[name] = data[symbol["st_shndx"]][start : start + size]
    return found

"""What the compiler itself says about the types of the kitchen.

For each target the kitchen is compiled twice. One program carries debug information, from which
pahole makes the BTF that uapigen reads (clang's BPF objects bring theirs along). The other, the
probe, is data only: an array of sizeof, _Alignof and offsetof, and for every bitfield and number
an object in which just that member is set. The compiler has laid these out for its target, so
reading them from the object file gives its answer, and nothing has to run on that target.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from elftools.elf.elffile import ELFFile

from .dwarf import Definitions, Record, definitions
from .targets import Target, require, run

__all__ = [
    "BPF_OBJECT",
    "KITCHEN",
    "Facts",
    "KitchenBuild",
    "bit_span",
    "build",
    "spellings_in_source",
]

KITCHEN = Path(__file__).with_name("kitchen.c")
BPF_OBJECT = Path(__file__).with_name("bpf_obj.c")


class Facts(TypedDict):
    """One type as the compiler laid it out. Images are hexadecimal, of the whole object.

    A path that ends in an index, or goes through one, means the last element of that array.
    `fields` are byte offsets and `sizes` byte sizes, of all members but bitfields.
    `bitfields` are images with just that field's bits set, `ones` with just that number set to 1.
    `all_ones` is what the bitfield of that path then reads as.
    `align` is None for a typedef of no record: ctypes has no say in it.
    """

    size: int
    align: int | None
    fields: dict[str, int]
    sizes: dict[str, int]
    bitfields: dict[str, str]
    all_ones: dict[str, int]
    ones: dict[str, str]


@dataclass(frozen=True)
class KitchenBuild:
    """One target's answer: the input for uapigen, and what must come out."""

    target: Target
    btf_path: Path
    object_path: Path
    facts: dict[str, Facts]
    enums: dict[str, dict[str, int]]


def build(target: Target, directory: Path, source: Path = KITCHEN) -> KitchenBuild:
    """Compile `source` for `target` below `directory` and collect the compiler's answers."""
    require(target.compiler[0])
    if target.name.startswith("bpf"):
        program = btf = _compile_bpf(target, source, directory)
    else:
        require("pahole")
        program, btf = _compile_elf(target, source, directory)
    defined = definitions(program)
    probe = _compile_probe(target, source, defined, directory)
    return KitchenBuild(target, btf, program, _facts(probe, defined), defined.enums)


def _compile_elf(target: Target, source: Path, directory: Path) -> tuple[Path, Path]:
    """Link, since Debian's libdw relocates the debug sections of few targets' object files.

    `--unique` keeps the per-CPU section, the only one whose variables pahole describes.
    """
    program = directory / f"{source.stem}.elf"
    btf = directory / f"{source.stem}.btf"
    link = ("-static", "-nostdlib", "-Wl,-e,0", "-Wl,--unique=.data..percpu")
    run([*target.compiler, "-g", *link, source, "-o", program])
    run(["pahole", "--btf_gen_all", f"--btf_encode_detached={btf}", program])
    return program, btf


def _compile_bpf(target: Target, source: Path, directory: Path) -> Path:
    program = directory / f"{source.stem}.o"
    run([*target.compiler, "-c", source, "-o", program])
    return program


# The probe


def _compile_probe(target: Target, source: Path, defined: Definitions, directory: Path) -> Path:
    text = directory / "probe.c"
    text.write_text(_probe_text(source, defined), encoding="utf-8")
    program = directory / "probe.o"
    run([*target.compiler, "-c", text, "-o", program])
    return program


def _probe_text(source: Path, defined: Definitions) -> str:
    numbers: list[str] = []
    images: list[str] = []
    for record in defined.records:
        name = record.spelling
        numbers += [f"sizeof({name})", f"_Alignof({name})"]
        for member in record.members:
            if not member.bitfield:
                numbers.append(f"__builtin_offsetof({name}, {member.path})")
                at = f"(({name} *)0)->{member.path}"
                numbers.append("0" if member.flexible else f"sizeof({at})")
            if member.bitfield or member.number:
                value = "-1" if member.bitfield else "1"
                cast = f"(__typeof__((({name} *)0)->{member.path}))" if member.number else ""
                images.append(
                    f'__attribute__((used, section(".probe.images"))) const {name} '
                    f"image_{len(images)} = {{ .{member.path} = {cast}{value} }};"
                )
    numbers += [f"sizeof({name})" for name in defined.scalar_typedefs]
    return "\n".join(
        [
            f'#include "{source}"',
            *images,
            '__attribute__((used, section(".probe.numbers")))',
            "const unsigned long long numbers[] = {",
            *(f"\t{number}," for number in numbers),
            "};\n",
        ]
    )


def _facts(probe: Path, defined: Definitions) -> dict[str, Facts]:
    numbers, images = _read_probe(probe)
    facts = {record.spelling: _facts_of(record, numbers, images) for record in defined.records}
    for name in defined.scalar_typedefs:
        facts[name] = _no_facts(next(numbers), None)
    assert next(numbers, None) is None, "the probe has more numbers than were asked for"
    assert next(images, None) is None, "the probe has more images than were asked for"
    return facts


def _facts_of(record: Record, numbers: Iterator[int], images: Iterator[bytes]) -> Facts:
    facts = _no_facts(next(numbers), next(numbers))
    for member in record.members:
        if not member.bitfield:
            facts["fields"][member.path] = next(numbers)
            facts["sizes"][member.path] = next(numbers)
        if member.bitfield or member.number:
            image = next(images)
            assert len(image) == facts["size"], (record.spelling, member.path, len(image))
            facts["bitfields" if member.bitfield else "ones"][member.path] = image.hex()
        if member.bitfield:
            width = int.from_bytes(image, "big").bit_count()
            facts["all_ones"][member.path] = -1 if member.signed else (1 << width) - 1
    return facts


def _no_facts(size: int, align: int | None) -> Facts:
    return Facts(size=size, align=align, fields={}, sizes={}, bitfields={}, all_ones={}, ones={})


def _read_probe(probe: Path) -> tuple[Iterator[int], Iterator[bytes]]:
    """The numbers of the probe, and its initialised objects, both in the order written."""
    with probe.open("rb") as stream:
        elf = ELFFile(stream)
        code = "<" if elf.little_endian else ">"
        data = elf.get_section_by_name(".probe.numbers").data()
        numbers = struct.unpack(f"{code}{len(data) // 8}Q", data)
        data = elf.get_section_by_name(".probe.images").data()
        images = {
            int(symbol.name.removeprefix("image_")): data[symbol["st_value"] :][: symbol["st_size"]]
            for symbol in elf.get_section_by_name(".symtab").iter_symbols()
            if symbol.name.startswith("image_")
        }
    return iter(numbers), (image for _, image in sorted(images.items()))


# Reading what was found


def bit_span(image: bytes, byte_order: str) -> tuple[int, int]:
    """Where the set bits of `image` begin, counted the way the byte order counts, and how many.

    Little-endian targets count from the least significant bit of byte 0, big-endian ones from
    the most significant. The bits must lie side by side.
    """
    if byte_order == "big":
        image = bytes(int(f"{byte:08b}"[::-1], 2) for byte in image)
    bits = int.from_bytes(image, "little")
    width = bits.bit_count()
    start = (bits & -bits).bit_length() - 1
    assert bits >> start == (1 << width) - 1, f"scattered bits: {image.hex()}"
    return start, width


_DEFINES_TAG = re.compile(r"^(?:typedef )?((?:struct|union|enum) \w+)[^;{]*\{", re.M)
_DEFINES_TYPEDEF = re.compile(r"^(?:typedef (?:const )?(?:struct|union) \{.*)?\} (\w+);$", re.M)


def spellings_in_source(target: Target, source: Path = KITCHEN) -> set[str]:
    """The structs, unions and enums that `source` defines for `target`, as a reader lists them.

    This looks at the preprocessed text alone, so that a type which got lost on its way through
    debug information is missed by name.
    """
    text = run([*target.compiler, "-E", "-P", source])
    return {*_DEFINES_TAG.findall(text), *_DEFINES_TYPEDEF.findall(text)}

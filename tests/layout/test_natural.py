"""The natural layout against the C compilers of eight targets.

Hypothesis makes structs, each compiler lays them out, and its answer is read from the object
file: sizes, alignments and offsets as data, and for each bitfield an object in which just that
one is set. Nothing runs on the target.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest
from conftest import EXHAUSTIVE
from elftools.elf.elffile import ELFFile
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from kitchen.targets import TARGETS, Target, require, run

from uapigen.errors import LayoutError
from uapigen.layout.natural import DeclaredMember, NaturalLayout, lay_out
from uapigen.layout.targets import DataModel, find_target


@dataclass(frozen=True)
class Scalar:
    """A C type; its size in bytes (0: a pointer's, -1: a long double's), its widest bitfield."""

    spelling: str
    byte_size: int
    widest: int = 0
    byte_align: int = 0


# Aligned typedefs, and enums of each size, as the preamble of each program declares them.
PREAMBLE = """
enum plain { PLAIN };
enum small { SMALL } __attribute__((packed));
enum large { LARGE = 0x123456789 };
typedef int over __attribute__((aligned(16)));
typedef long long under __attribute__((aligned(2)));
typedef long long wide __attribute__((aligned(8)));
"""
SCALARS = (
    Scalar("char", 1, 8),
    Scalar("short", 2, 16),
    Scalar("int", 4, 32),
    Scalar("unsigned", 4, 32),
    Scalar("long", 0, 32),
    Scalar("long long", 8, 64),
    Scalar("_Bool", 1, 1),
    Scalar("enum plain", 4, 32),
    Scalar("enum small", 1, 8),
    Scalar("enum large", 8, 64),
    Scalar("over", 4, 0, 16),
    Scalar("under", 8, 64, 2),
    Scalar("wide", 8, 64, 8),
    Scalar("float", 4),
    Scalar("double", 8),
    Scalar("long double", -1),
    Scalar("void *", 0),
    Scalar("__int128", 16),
)


@dataclass(frozen=True)
class Member:
    type: Scalar | int
    """A number refers to a struct before this one."""
    dims: tuple[int, ...] = ()
    bit_width: int | None = None
    named: bool = True
    aligned: int = 0
    packed: bool = False


@dataclass(frozen=True)
class Record:
    members: tuple[Member, ...]
    union: bool
    packed: bool
    aligned: int
    pack: int
    flexible: Scalar | None


def alignments() -> st.SearchStrategy[int]:
    return st.sampled_from((0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32))


@st.composite
def members(draw: st.DrawFn, records_before: int) -> Member:
    kind = draw(st.sampled_from("ppbbbbr"))
    aligned, packed = draw(alignments()), draw(st.sampled_from((False, False, True)))
    if kind == "r" and records_before:
        return Member(draw(st.integers(0, records_before - 1)), (), None, True, aligned, packed)
    if kind == "b":
        scalar = draw(st.sampled_from([s for s in SCALARS if s.widest]))
        width = draw(st.integers(0, scalar.widest) | st.sampled_from((0, 1, 8, 16, 32)))
        width = min(width, scalar.widest)
        named = width > 0 and draw(st.sampled_from((True, True, True, False)))
        return Member(scalar, (), width, named, aligned if named else 0, packed and named)
    scalar = draw(st.sampled_from(SCALARS))
    dims = draw(st.lists(st.integers(0, 3), max_size=2)) if not scalar.byte_align else []
    return Member(scalar, tuple(dims), None, True, aligned, packed)


@st.composite
def programs(draw: st.DrawFn, longest: int) -> list[Record]:
    records: list[Record] = []
    for index in range(draw(st.integers(longest // 2, longest))):
        own = tuple(draw(st.lists(members(index), min_size=1, max_size=6)))
        union = draw(st.sampled_from((False, False, False, True)))
        flexible = not union and any(m.named for m in own) and draw(st.integers(0, 5)) == 0
        records.append(
            Record(
                own,
                union,
                draw(st.sampled_from((False, False, False, True))),
                draw(alignments()),
                draw(st.sampled_from((0, 0, 0, 0, 0, 1, 2, 4))),
                draw(st.sampled_from([s for s in SCALARS if s.byte_size > 0 and not s.byte_align]))
                if flexible
                else None,
            )
        )
    return records


def without_int128(records: list[Record], model: DataModel) -> list[Record]:
    """32-bit targets have none."""
    if model.pointer_size == 8:
        return records
    return [
        Record(
            tuple(m for m in r.members if m.type != SCALARS[-1]) or (Member(SCALARS[0]),),
            r.union,
            r.packed,
            r.aligned,
            r.pack,
            None if r.flexible == SCALARS[-1] else r.flexible,
        )
        for r in records
    ]


# As C


def c_members(record: Record) -> Iterator[str]:
    for index, member in enumerate(record.members):
        spelled = f"struct r{member.type}" if isinstance(member.type, int) else member.type.spelling
        name = f"m{index}" if member.named else ""
        dims = "".join(f"[{n}]" for n in member.dims)
        width = "" if member.bit_width is None else f" : {member.bit_width}"
        packed = " __attribute__((packed))" if member.packed else ""
        aligned = f" __attribute__((aligned({member.aligned})))" if member.aligned else ""
        yield f"{spelled} {name}{dims}{width}{packed}{aligned};"
    if record.flexible:
        yield f"{record.flexible.spelling} flexible[];"


def c_program(records: list[Record]) -> str:
    lines = [PREAMBLE]
    facts = []
    for index, record in enumerate(records):
        attributes = ["packed"] * record.packed + [f"aligned({record.aligned})"] * bool(
            record.aligned
        )
        body = " ".join(c_members(record))
        pack = f"{record.pack}" if record.pack else ""
        lines.append(f"#pragma pack({pack})")
        keyword = "union" if record.union else "struct"
        # A struct around a union, so that all are referred to alike.
        lines.append(f"{keyword} u{index} {{ {body} }} __attribute__(({', '.join(attributes)}));")
        lines.append("#pragma pack()")
        lines.append(f"struct r{index} {{ {keyword} u{index} u; }};")
        facts += [f"sizeof(struct r{index})", f"_Alignof(struct r{index})"]
        for number, member in enumerate(record.members):
            if member.bit_width is None:
                facts.append(f"__builtin_offsetof(struct r{index}, u.m{number})")
            elif member.named:
                lines.append(
                    f"struct r{index} bits_{index}_{number} = {{.u = {{.m{number} = -1}}}};"
                )
    lines.append(f"unsigned long long facts[] = {{{', '.join(facts)}}};")
    return "\n".join(lines)


def compiled(target: Target, source: str, directory: Path) -> dict[str, bytes]:
    """Each object of the program: its bytes."""
    path, out = directory / "natural.c", directory / "natural.o"
    path.write_text(source)
    run((*target.compiler, "-c", "-fno-common", "-fdata-sections", path, "-o", out))
    elf = ELFFile(BytesIO(out.read_bytes()))
    sections = [s.data() if s["sh_type"] == "SHT_PROGBITS" else b"" for s in elf.iter_sections()]
    found = {}
    for symbol in elf.get_section_by_name(".symtab").iter_symbols():
        if symbol["st_info"]["type"] == "STT_OBJECT":
            at, size = symbol["st_value"], symbol["st_size"]
            data = sections[symbol["st_shndx"]]
            found[symbol.name] = data[at : at + size] if data else bytes(size)
    return found


# As this project has it


def size_align(scalar: Scalar, model: DataModel) -> tuple[int, int]:
    size = {0: model.pointer_size, -1: model.long_double_size}.get(
        scalar.byte_size, scalar.byte_size
    )
    return size, scalar.byte_align or model.aligns[size]


def laid_out(records: list[Record], model: DataModel) -> list[NaturalLayout]:
    done: list[NaturalLayout] = []
    for record in records:
        declared = []
        for member in record.members:
            if isinstance(member.type, int):
                size, align, _ = done[member.type]
            else:
                size, align = size_align(member.type, model)
            for n in member.dims:
                size *= n
            packed = member.packed or record.packed
            declared.append(
                DeclaredMember(
                    size,
                    align,
                    member.bit_width,
                    "m" if member.named else "",
                    member.aligned,
                    packed,
                    record.pack,
                )
            )
        if record.flexible:
            align = size_align(record.flexible, model)[1]
            declared.append(DeclaredMember(0, align, packed=record.packed, max_align=record.pack))
        done.append(lay_out("struct", declared, model, union=record.union, aligned=record.aligned))
    return done


def bit_span(image: bytes, big_endian: bool) -> tuple[int, int]:
    """First bit that is set, and how many are; counted as ``ir/types.py`` has it."""
    number = int.from_bytes(image, "big" if big_endian else "little")
    low, high = (number & -number).bit_length() - 1, number.bit_length()
    assert number == (1 << high) - (1 << low), "not one run of bits"
    return (8 * len(image) - high if big_endian else low), high - low


def check(target: Target, records: list[Record], directory: Path) -> None:
    model = find_target(target.name)
    records = without_int128(records, model)
    objects = compiled(target, c_program(records), directory)
    order = ">" if model.big_endian else "<"
    facts = iter(struct.unpack(f"{order}{len(objects['facts']) // 8}Q", objects["facts"]))
    wrong = []
    for index, (record, ours) in enumerate(zip(records, laid_out(records, model), strict=True)):
        expected = {"size": next(facts), "align": next(facts)}
        actual = {"size": ours.byte_size, "align": ours.byte_align}
        for number, member in enumerate(record.members):
            place = ours.bit_offsets[number], member.bit_width
            if member.bit_width is None:
                expected[f"m{number}"] = 8 * next(facts), None
                actual[f"m{number}"] = place
            elif member.named:
                image = objects[f"bits_{index}_{number}"]
                expected[f"m{number}"] = bit_span(image, model.big_endian)
                actual[f"m{number}"] = place
        if actual != expected:
            differ = {k: (actual[k], v) for k, v in expected.items() if actual[k] != v}
            about = f"union={record.union} packed={record.packed} {record.aligned=} {record.pack=}"
            wrong.append(f"{' '.join(c_members(record))} {about}: (ours, theirs) {differ}")
    assert not wrong, "\n".join(wrong)


# No shrinking: a compiler would run for each step, and what is wrong is told struct by struct.
HOW = settings(
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
    phases=[Phase.generate],
)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_random_structs_are_laid_out_as_the_compiler_does(target: Target, tmp_path: Path) -> None:
    require(target.compiler[0])

    @settings(HOW, max_examples=3, derandomize=True)
    @given(programs(60))
    def held(records: list[Record]) -> None:
        check(target, records, tmp_path)

    held()


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_thousands_of_random_structs_are_laid_out_as_the_compiler_does(
    target: Target, tmp_path: Path
) -> None:
    require(target.compiler[0])

    @settings(HOW, max_examples=60 if EXHAUSTIVE else 20)
    @given(programs(100))
    def held(records: list[Record]) -> None:
        check(target, records, tmp_path)

    held()


def test_bitfield_of_a_type_aligned_beyond_its_size_is_refused_by_name() -> None:
    """GCC places it by its own bookkeeping: not always at a multiple of that alignment."""
    members = [DeclaredMember(1, 1), DeclaredMember(4, 16, 3, "flags")]
    with pytest.raises(
        LayoutError, match=r"struct odd: bitfield flags: .* aligned beyond its size"
    ):
        lay_out("struct odd", members, find_target("x86_64"))


CHAR = DeclaredMember(1, 1)


def bits(width: int, name: str = "b") -> DeclaredMember:
    """A bitfield of type ``int`` on m68k."""
    return DeclaredMember(4, 2, width, name)


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ([bits(3)], (1, 1, [0])),
        ([CHAR, bits(20)], (4, 1, [0, 8])),
        ([CHAR, bits(16)], (3, 1, [0, 8])),
        ([bits(16)], (2, 2, [0])),
        ([bits(3), bits(0, ""), bits(3)], (4, 2, [0, 16, 16])),
        ([CHAR, DeclaredMember(4, 2)], (6, 2, [0, 16])),
    ],
)
def test_declared_types_of_bitfields_mean_nothing_on_m68k(
    declared: list[DeclaredMember], expected: tuple[int, int, list[int]]
) -> None:
    """No compiler for it here: after GCC, where m68k-linux has no PCC_BITFIELD_TYPE_MATTERS."""
    assert lay_out("struct s", declared, find_target("m68k")) == expected

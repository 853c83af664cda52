"""Sizes, alignments, offsets and bits of hard C, against each target's GCC."""

from __future__ import annotations

from dataclasses import replace

import pytest
from kitchen.oracle import KITCHEN, Facts, KitchenBuild, bit_span, build
from kitchen.targets import TARGETS as COMPILERS

from uapigen.headers.clang import read_header
from uapigen.ir.declarations import Unit
from uapigen.ir.types import Enum, Qualifier, Struct, Typedef, TypeId, Union
from uapigen.layout.targets import TARGETS

from .reading import OPTIONS, byte_size, find, node, place

# A member that is a named struct without a name of its own is no C; the kitchen is compiled with
# -fms-extensions, which headers for user space cannot count on.
NOT_C = "struct ms_outer"


@pytest.fixture(scope="module", params=COMPILERS)
def answers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[KitchenBuild, Unit]:
    name = request.param
    options = replace(OPTIONS, model=TARGETS[name])
    return build(COMPILERS[name], tmp_path_factory.mktemp(name)), read_header(str(KITCHEN), options)


def test_records_are_laid_out_as_the_compiler_does(answers: tuple[KitchenBuild, Unit]) -> None:
    built, unit = answers
    wrong = []
    for spelling, facts in _facts(built):
        found = find(unit, spelling)
        if byte_size(unit, found) != facts["size"]:
            wrong.append(f"sizeof({spelling}): {byte_size(unit, found)}, not {facts['size']}")
        for path, offset in facts["fields"].items():
            at = place(unit, spelling, path)
            if (at.bit_offset, at.bit_width) != (8 * offset, 0):
                wrong.append(f"{spelling}.{path}: {at}, not at byte {offset}")
        for path, image in facts["bitfields"].items():
            at = place(unit, spelling, path)
            span = bit_span(bytes.fromhex(image), built.target.byte_order)
            if (at.bit_offset, at.bit_width) != span:
                wrong.append(f"{spelling}.{path}: {at}, not at {span}")
    assert not wrong
    assert len(built.facts) > 200


def test_alignments_are_the_compilers(answers: tuple[KitchenBuild, Unit]) -> None:
    built, unit = answers
    expected = {name: facts["align"] for name, facts in _facts(built) if facts["align"] is not None}
    assert {name: align(unit, find(unit, name)) for name in expected} == expected


def _facts(built: KitchenBuild) -> list[tuple[str, Facts]]:
    return [(spelling, facts) for spelling, facts in built.facts.items() if spelling != NOT_C]


def align(unit: Unit, type_id: TypeId) -> int | None:
    """The alignment of a record or of a typedef of one."""
    found = unit.graph[type_id]
    while isinstance(found, Qualifier) or (isinstance(found, Typedef) and not found.byte_align):
        found = unit.graph[found.target]
    assert isinstance(found, (Struct, Union, Typedef))
    return found.byte_align


def test_enums_have_the_compilers_values(answers: tuple[KitchenBuild, Unit]) -> None:
    built, unit = answers
    for spelling, values in built.enums.items():
        if spelling:
            enum = node(unit, spelling)
            assert isinstance(enum, Enum)
            assert dict(enum.enumerators) == values

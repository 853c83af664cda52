"""Hard C, read without libclang and laid out by our own rules, against each target's GCC."""

from __future__ import annotations

from dataclasses import replace

import pytest
from kitchen.oracle import KITCHEN, KitchenBuild, bit_span, build
from kitchen.targets import TARGETS as COMPILERS

from uapigen.headers.pycparser_frontend import read_header
from uapigen.ir.declarations import Unit
from uapigen.ir.types import Enum
from uapigen.layout.targets import TARGETS

from ..clang.reading import OPTIONS, byte_size, find, node, place
from ..clang.test_layout import NOT_C, align


@pytest.fixture(scope="module", params=COMPILERS)
def answers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[KitchenBuild, Unit]:
    target = COMPILERS[request.param]
    options = replace(OPTIONS, model=TARGETS[target.name], cpp=f"{target.compiler[0]} -E")
    built = build(target, tmp_path_factory.mktemp(target.name))
    return built, read_header(str(KITCHEN), options)


def test_records_are_laid_out_as_the_compiler_does(answers: tuple[KitchenBuild, Unit]) -> None:
    built, unit = answers
    wrong = []
    for spelling, facts in built.facts.items():
        if spelling == NOT_C:
            continue
        found = find(unit, spelling)
        if byte_size(unit, found) != facts["size"]:
            wrong.append(f"sizeof({spelling}): {byte_size(unit, found)}, not {facts['size']}")
        if facts["align"] is not None and align(unit, found) != facts["align"]:
            wrong.append(f"_Alignof({spelling}): {align(unit, found)}, not {facts['align']}")
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


def test_enums_have_the_compilers_values(answers: tuple[KitchenBuild, Unit]) -> None:
    built, unit = answers
    for spelling, values in built.enums.items():
        if spelling:
            enum = node(unit, spelling)
            assert isinstance(enum, Enum)
            assert dict(enum.enumerators) == values


def test_nothing_of_the_kitchen_is_left_out(answers: tuple[KitchenBuild, Unit]) -> None:
    _, unit = answers
    lost = [o for o in unit.omissions if o.kind in ("struct", "union", "enum", "typedef")]
    assert not lost

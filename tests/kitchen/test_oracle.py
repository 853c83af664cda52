"""The oracle itself: that it misses no type, and that an independent reader of BTF agrees."""

from __future__ import annotations

import pytest

from .btf_dump import BtfDump
from .oracle import BPF_OBJECT, KITCHEN, KitchenBuild, bit_span, build, spellings_in_source
from .targets import BPF_TARGETS, TARGETS

QUICK = ("x86_64", "i386", "s390x")
ALL = [
    pytest.param(target, marks=[] if target.name in QUICK else pytest.mark.slow, id=target.name)
    for target in (*TARGETS.values(), *BPF_TARGETS.values())
]


@pytest.fixture(params=ALL, scope="module")
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> KitchenBuild:
    target = request.param
    source = BPF_OBJECT if target.name in BPF_TARGETS else KITCHEN
    return build(target, tmp_path_factory.mktemp(target.name), source)


def test_every_type_of_the_source_is_probed(built: KitchenBuild) -> None:
    source = BPF_OBJECT if built.target.name in BPF_TARGETS else KITCHEN
    assert spellings_in_source(built.target, source) <= {*built.facts, *built.enums}


def test_every_record_with_members_has_its_members_probed(built: KitchenBuild) -> None:
    empty = {
        spelling
        for spelling, facts in built.facts.items()
        if facts["align"] is not None and not facts["fields"] and not facts["bitfields"]
    }
    nothing = {"struct nothing", "struct aligned_nothing", "union nothing_at_all"}
    assert empty == (set() if built.target.name in BPF_TARGETS else nothing)


def test_sizes_and_offsets_are_those_of_the_btf(built: KitchenBuild) -> None:
    assert list(BtfDump(built.btf_path).differences(built.facts)) == []


def test_images_have_the_bits_that_the_btf_says(built: KitchenBuild) -> None:
    records = {spelling: members for spelling, _, members in BtfDump(built.btf_path).records()}
    for spelling, facts in built.facts.items():
        for path, image in facts["bitfields"].items():
            span = bit_span(bytes.fromhex(image), built.target.byte_order)
            assert records[spelling][BtfDump.path_of(path)] == span, (spelling, path)


def test_enumerators_are_those_of_the_btf(built: KitchenBuild) -> None:
    in_btf: dict[str, dict[str, int]] = {}
    for spelling, values in BtfDump(built.btf_path).enums():
        in_btf.setdefault(spelling, {}).update(values)
    for spelling, values in built.enums.items():
        for name, value in values.items():
            if built.target.name in BPF_TARGETS:  # clang before 15 does not say what is signed
                value &= 0xFFFFFFFF
                in_btf[spelling][name] &= 0xFFFFFFFF
            assert in_btf[spelling][name] == value, (spelling, name)


def test_a_bitfield_is_counted_from_the_end_its_byte_order_begins_at() -> None:
    assert bit_span(b"\x06\x00", "little") == (1, 2)
    assert bit_span(b"\x06\x00", "big") == (5, 2)
    assert bit_span(b"\x01\x80", "big") == (7, 2)

"""ctypes classes as BTF: what the kernel, bpftool and our own reader make of it."""

from __future__ import annotations

import ctypes
import enum
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from ctypes import c_char, c_int, c_uint8, c_uint16, c_uint32, c_uint64
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Needs

import uapigen
from tests.btf.bpf import load_btf, lookup, make_map, map_info, update
from uapigen.btf.reader import BtfGraph
from uapigen.ir.spelling import Speller
from uapigen.ir.types import Enum, Forward, Member, Struct, Type, Union

HASH = 1  # BPF_MAP_TYPE_HASH


class Place(ctypes.Structure):
    _fields_ = [("x", c_int), ("y", c_int)]


class Part(ctypes.Union):
    _fields_ = [("word", c_uint64), ("place", Place)]


class Event(ctypes.Structure):
    _anonymous_ = ("part",)
    _fields_ = [
        ("part", Part),
        ("comm", c_char * 16),
        ("grid", (c_uint16 * 3) * 2),
        ("low", c_uint32, 3),
        ("high", c_uint32, 29),
        ("next", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
        ("call", ctypes.CFUNCTYPE(c_int, ctypes.POINTER(Place))),
    ]


class Packed(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = [("flag", c_uint8), ("value", c_uint64)]


class Derived(Place):
    _fields_ = [("z", c_int)]


class Node(ctypes.Structure):
    pass


Node._fields_ = [("next", ctypes.POINTER(Node)), ("value", ctypes.c_double)]


class Wire(
    ctypes.BigEndianStructure if sys.byteorder == "little" else ctypes.LittleEndianStructure
):
    _fields_ = (("port", c_uint16), ("address", c_uint32))


class Colour(enum.IntEnum):
    RED = 0
    BLUE = 7


class Wide(enum.IntEnum):
    LOW = -1
    HIGH = 1 << 40


def encoded(*classes: Any) -> tuple[BtfGraph, dict[Any, int]]:
    data = uapigen.btf.encode(classes)
    return BtfGraph(data, "encoded"), dict(data.ids)


def declared(*classes: Any) -> tuple[Type, dict[str, tuple[str, int, int]]]:
    """The last class's node, and its members: name -> (C type, bit offset, bit width)."""
    graph, ids = encoded(*classes)
    node = graph[ids[classes[-1]]]
    spell = Speller(graph).spell
    members: tuple[Member, ...] = getattr(node, "members", ())
    return node, {m.name: (spell(m.type), m.bit_offset, m.bit_width) for m in members}


def test_a_structure_keeps_names_places_and_types() -> None:
    node, members = declared(Event)
    assert isinstance(node, Struct)
    assert (node.name, node.byte_size) == ("Event", ctypes.sizeof(Event))
    bits = (288, 3), (291, 29)
    if sys.byteorder == "little":
        assert (members.pop("low")[1:], members.pop("high")[1:]) == bits
    assert members == {
        "": ("union Part", 0, 0),
        "comm": ("char[16]", 64, 0),
        "grid": ("short unsigned int[2][3]", 192, 0),
        "next": ("void *", 320, 0),
        "name": ("char *", 384, 0),
        "call": ("int (*)(struct Place *)", 448, 0),
    }


@pytest.mark.parametrize(
    ("cls", "members"),
    [
        (Packed, {"flag": ("unsigned char", 0, 0), "value": ("long unsigned int", 8, 0)}),
        (Derived, {"x": ("int", 0, 0), "y": ("int", 32, 0), "z": ("int", 64, 0)}),
        (Node, {"next": ("struct Node *", 0, 0), "value": ("double", 64, 0)}),
        (Part, {"word": ("long unsigned int", 0, 0), "place": ("struct Place", 0, 0)}),
    ],
)
def test_members_of(cls: Any, members: dict[str, tuple[str, int, int]]) -> None:
    node, found = declared(cls)
    assert found == members
    assert isinstance(node, Union if issubclass(cls, ctypes.Union) else Struct)


def test_numbers_of_the_other_byte_order_are_typedefs_that_say_so() -> None:
    order = "be" if sys.byteorder == "little" else "le"
    _, members = declared(Wire)
    assert [c_type for c_type, *_ in members.values()] == [f"__{order}16", f"__{order}32"]


@pytest.mark.parametrize(("cls", "size", "signed"), [(Colour, 4, False), (Wide, 8, True)])
def test_enums_are_as_wide_as_their_constants_need(cls: Any, size: int, signed: bool) -> None:
    node, _ = declared(cls)
    assert node == Enum(cls.__name__, size, signed, tuple((m.name, m.value) for m in cls))


@pytest.mark.parametrize("no_type", [3, "int", str, ctypes.py_object, object()])
def test_what_is_no_ctypes_type_is_a_type_error(no_type: Any) -> None:
    with pytest.raises(TypeError):
        uapigen.btf.encode([no_type])


def test_a_name_that_the_kernel_would_refuse_is_an_error_that_names_it() -> None:
    odd: Any = type("Größe", (ctypes.Structure,), {"_fields_": [("x", c_int)]})
    with pytest.raises(uapigen.InputError, match="struct Größe: the kernel takes identifiers only"):
        uapigen.btf.encode([odd])


def test_the_same_classes_give_the_same_bytes_and_ids() -> None:
    first, second = (uapigen.btf.encode([Event, c_uint32, Place]) for _ in range(2))
    assert first == second
    assert first.ids == second.ids
    assert first.id(Place) != first.id(c_uint32)


def test_a_class_of_a_base_type_is_that_type() -> None:
    assert declared(c_uint32)[0].name == "unsigned int"  # type: ignore[union-attr]


def test_a_generated_class_says_what_its_source_said(running_kernel: Path) -> None:
    k = uapigen.load(running_kernel, only=["struct bpf_map_info", "struct hrtimer"])
    node, members = declared(k.ctype("struct hrtimer"))
    source = {m.name: m for m in _members_of(running_kernel, "hrtimer")}
    assert isinstance(node, Struct)
    assert {name: place[1:] for name, place in members.items()} == {
        name: (m.bit_offset, m.bit_width) for name, m in source.items()
    }
    assert members["_softexpires"][0] == "ktime_t"
    assert members["base"][0] == "struct hrtimer_clock_base *"
    graph, _ = encoded(k.ctype("struct hrtimer"))
    assert Forward("hrtimer_clock_base", "struct") in [graph[i] for i in range(1, len(graph))]


def _members_of(source: Path, tag: str) -> tuple[Member, ...]:
    from uapigen.sources import open_sources

    graph = open_sources([source]).graph
    node = next(graph[i] for i in graph.ids_named(tag) if isinstance(graph[i], Struct))
    assert isinstance(node, Struct)
    return node.members


# The kernel


@pytest.fixture
def descriptors() -> Iterator[list[int]]:
    opened: list[int] = []
    yield opened
    for fd in opened:
        os.close(fd)


@pytest.mark.parametrize(
    "classes",
    [(Event,), (Packed, Derived), (Node,), (Wire,), (Colour, Wide), (c_char * 3, c_uint8)],
)
def test_the_kernel_loads(classes: tuple[Any, ...], descriptors: list[int]) -> None:
    descriptors.append(load_btf(uapigen.btf.encode(classes)))


def test_generated_classes_are_loaded_by_the_kernel(
    running_kernel: Path, descriptors: list[int]
) -> None:
    names = ("task_struct", "bpf_map_info", "sk_buff", "inode")
    k = uapigen.load(running_kernel, only=[f"struct {name}" for name in names])
    classes = [k.ctype(f"struct {name}") for name in names]
    descriptors.append(load_btf(uapigen.btf.encode(classes)))


def test_a_map_with_typed_keys_and_values(descriptors: list[int], needs: Needs) -> None:
    btf = uapigen.btf.encode([Place, Event])
    descriptors.append(load_btf(btf))
    ids = btf.id(Place), btf.id(Event)
    sizes = ctypes.sizeof(Place), ctypes.sizeof(Event)
    descriptors.append(make_map(HASH, sizes, (descriptors[0], *ids)))
    event = Event(comm=b"bash", low=5, high=77, next=0x1000)
    event.grid[1][2] = 9
    update(descriptors[1], bytes(Place(3, -4)), bytes(event))
    assert lookup(descriptors[1], bytes(Place(3, -4)), sizes[1]) == bytes(event)
    map_id, btf_id, *type_ids = map_info(descriptors[1])
    assert (btf_id > 0, tuple(type_ids)) == (True, ids)
    needs("bpftool")
    shown = subprocess.run(
        ["bpftool", "--json", "map", "dump", "id", str(map_id)],
        check=True,
        capture_output=True,
    )
    (element,) = json.loads(shown.stdout)
    assert element["formatted"]["key"] == {"x": 3, "y": -4}
    value = element["formatted"]["value"]
    assert value["grid"] == [[0, 0, 0], [0, 0, 9]]
    assert {value["low"], value["high"]} == {"0x5", "0x4d"}
    assert value["comm"][:4] == ["b", "a", "s", "h"] or value["comm"] == "bash"


def test_the_guides_example_is_true(descriptors: list[int], needs: Needs) -> None:
    guide = (ROOT / "docs" / "btf.md").read_text("utf-8")
    code = guide.partition("```python\n")[2].partition("```")[0]
    names: dict[str, Any] = {}
    exec(code, names)
    btf, key, event = names["btf"], names["Key"], names["Event"]
    assert f"# {(btf.id(key), btf.id(event))}" in code
    needs("bpftool")
    descriptors.append(load_btf(btf))
    ids = btf.id(key), btf.id(event)
    sizes = ctypes.sizeof(key), ctypes.sizeof(event)
    descriptors.append(make_map(HASH, sizes, (descriptors[0], *ids)))
    update(descriptors[1], bytes(key(4711, 0)), bytes(event(123456789, b"bash")))
    map_id = map_info(descriptors[1])[0]
    shown = subprocess.run(
        ["bpftool", "map", "dump", "id", str(map_id)], check=True, capture_output=True, text=True
    ).stdout
    assert "".join(shown.split()) in "".join(guide.split())

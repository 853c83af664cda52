"""numpy takes the classes as dtypes of the same bytes."""

from __future__ import annotations

import ctypes
from types import ModuleType
from typing import Any

import pytest

numpy = pytest.importorskip("numpy", reason="needs numpy")


def records(bindings: ModuleType) -> list[Any]:
    made = (getattr(bindings, name) for name in bindings.__all__)
    return [cls for cls in made if hasattr(cls, "_leaves_")]


def test_offsets_and_sizes_are_the_same(k: ModuleType, be: ModuleType, small: ModuleType) -> None:
    for bindings in (k, be, small):
        for cls in records(bindings):
            dtype = numpy.dtype(cls)
            assert dtype.itemsize == ctypes.sizeof(cls)
            for name in dtype.names:
                if not name.startswith("_bits_") and "dtype" not in dtype.names:
                    attribute = name if hasattr(getattr(cls, name), "offset") else f"{name}_"
                    assert dtype.fields[name][1] == getattr(cls, attribute).offset, (cls, name)


def test_values_are_the_same(k: ModuleType, be: ModuleType) -> None:
    for bindings in (k, be):
        x = bindings.numbers(i8=-1, u16=500, i64=-5, f64=0.25, flag=True, letter=b"x", colour=7)
        (row,) = numpy.frombuffer(bytes(x), dtype=bindings.numbers)
        for name, value in bindings.asdict(x).items():
            assert row[name] == value, name


def test_frombuffer_of_many(be: ModuleType) -> None:
    points = (be.point * 1000)(*((i, -i) for i in range(1000)))
    rows = numpy.frombuffer(points, dtype=be.point)
    assert rows["x"].sum() == 499500
    assert (rows["y"] == -rows["x"]).all()
    assert numpy.asarray((be.point * 2)((1, 2)))["y"].tolist() == [2, 0]


def test_nested_structs_arrays_and_pointers(k: ModuleType) -> None:
    x = k.vectors(count=1, vec=((0x10, 5), (0x20, 6)), each=(7, 8))
    (row,) = numpy.frombuffer(bytes(x), dtype=k.vectors)
    assert row["vec"]["iov_len"].tolist() == [5, 6, 0]
    assert row["vec"]["iov_base"].tolist() == [0x10, 0x20, 0]
    assert row["each"].tolist() == [7, 8]
    assert row["grid"].shape == (4,)


def test_arrays_of_arrays_keep_their_shape(odd: ModuleType) -> None:
    dtype = numpy.dtype(odd.nested)
    assert dtype["grid"].shape == (2, 3)
    assert dtype["pointers"].shape == (3, 2)
    assert numpy.zeros(1, odd.nested)["half"].dtype.itemsize == 2


def test_unions_share_their_memory(k: ModuleType) -> None:
    rows = numpy.zeros(2, dtype=k.either)
    rows["number"][1] = 5
    assert rows["vec"].tolist() == [0, 5]


def test_bitfields_are_the_bytes_they_lie_in(k: ModuleType, be: ModuleType) -> None:
    assert numpy.dtype(k.bits).names == ("after", "_bits_0")
    assert numpy.dtype(k.bits)["_bits_0"].shape == (15,)
    x = be.bits(low=5)
    (row,) = numpy.frombuffer(bytes(x), dtype=be.bits)
    assert bytes(row["_bits_0"]) == bytes(x)[:15]
    assert numpy.dtype(k.header).names == ("word", "port", "_bits_6")


def test_a_member_called_dtype_is_no_dtype(k: ModuleType) -> None:
    assert k.hidden.dtype.offset == 36
    assert numpy.dtype(k.hidden).itemsize == ctypes.sizeof(k.hidden)


def test_numbers_that_numpy_lacks_are_bytes(k: ModuleType, be: ModuleType) -> None:
    assert numpy.dtype(k.large)["i128"] == numpy.dtype("V16")
    assert numpy.dtype(k.large)["pair"].shape == (2,)
    assert numpy.dtype(be.real)["longest"] == numpy.dtype("V16")


def test_pointers_are_set_from_arrays_and_numbers(k: ModuleType) -> None:
    values = numpy.arange(4, dtype="u4")
    x = k.iovec(iov_base=values, iov_len=values.nbytes)
    assert x.iov_base == values.ctypes.data
    x.iov_base = values[2:]
    assert x.iov_base == values.ctypes.data + 8
    x.iov_base = numpy.uint64(5)
    assert x.iov_base == 5


def test_a_bitfield_is_set_from_a_number_of_numpys(k: ModuleType) -> None:
    assert k.bits(low=numpy.uint8(3)).low == 3

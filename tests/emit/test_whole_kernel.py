"""Every type of the running kernel as text, as data, copied, pickled, as a dtype."""

from __future__ import annotations

import copy
import ctypes
import importlib
import json
import pickle
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import generate

numpy = pytest.importorskip("numpy", reason="needs numpy")
LARGE = 1 << 14


@pytest.fixture(scope="module")
def classes(running_kernel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Any]]:
    place = tmp_path_factory.mktemp("kernel")
    generate(running_kernel, "-o", place / "kernel_bindings")
    sys.path.insert(0, str(place))
    bindings = importlib.import_module("kernel_bindings")
    made = (getattr(bindings, name) for name in bindings.__all__)
    yield [cls for cls in made if hasattr(cls, "_leaves_")]
    sys.path.remove(str(place))
    for name in [name for name in sys.modules if name.startswith("kernel_bindings")]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def instances(classes: list[Any]) -> list[Any]:
    """One of each, of bytes by chance."""
    chance = random.Random(1)
    sizes = [(cls, ctypes.sizeof(cls)) for cls in classes]
    return [cls.from_buffer_copy(chance.randbytes(size)) for cls, size in sizes if size < LARGE]


@pytest.mark.slow
def test_repr_and_asdict_of_any_bytes(instances: list[Any]) -> None:
    for x in instances:
        assert repr(x).startswith(f"({type(x)._spelling_}){{")
        plain = sys.modules[type(x).__module__].asdict(x)
        json.dumps(plain, default=lambda raw: raw.decode("latin-1"))


@pytest.mark.slow
def test_copies_and_pickles_have_the_same_bytes(instances: list[Any]) -> None:
    for x in instances:
        for twin in (copy.copy(x), pickle.loads(pickle.dumps(x))):
            assert (type(twin), bytes(twin)) == (type(x), bytes(x))


@pytest.mark.slow
def test_dtypes_have_the_same_offsets_and_sizes(classes: list[Any]) -> None:
    for cls in classes:
        dtype = numpy.dtype(cls)
        assert dtype.itemsize == ctypes.sizeof(cls), cls
        offsets = {name: offset for name, storage, offset, _ in cls._leaves_ if storage}
        for name in set(dtype.names or ()) & set(offsets):
            assert dtype.fields[name][1] == offsets[name], (cls, name)

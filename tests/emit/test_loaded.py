"""What `uapigen.load` gives passes the same tests as the files."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from typing import Any

import pytest

import uapigen

from .inputs import btf
from .inputs.odd import odd
from .plain import MODULES

NEEDS_A_MODULE = {
    "test_what_is_not_there_is_an_attribute_error",
    "test_functions_are_data",
    "test_addresses_of_bindings_for_this_process_have_contents",
    "test_ctype_of_what_is_not_there_is_a_lookup_error",
}
"""Tests that look at a module's name or file, or ask before all types were spelled."""


def every_test() -> list[Any]:
    found = []
    for name in set(MODULES) - {"copies", "modules"}:  # only modules can be pickled by name
        for test in vars(importlib.import_module(f"emit.test_{name}")).values():
            title = getattr(test, "__name__", "")
            if title.startswith("test_") and title not in NEEDS_A_MODULE:
                found.append(pytest.param(test, id=f"{name}: {title}"))
    return sorted(found, key=lambda param: param.id)


@pytest.fixture(scope="module")
def loaded() -> dict[str, Any]:
    archs = {"k": "x86_64", "be": "s390x", "small": "i386"}
    made = {name: uapigen.load(btf("types", arch), arch=arch) for name, arch in archs.items()}
    return {**made, "odd": uapigen.load(odd(), arch="x86_64")}


@pytest.mark.parametrize("test", every_test())
def test_loaded_types_do_the_same(test: Callable[..., None], loaded: dict[str, Any]) -> None:
    test(**{name: loaded[name] for name in inspect.signature(test).parameters})

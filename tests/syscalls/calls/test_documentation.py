"""What docs/calls.md shows is what happens."""

from __future__ import annotations

import doctest
import sys
from typing import Any

import pytest
from conftest import ROOT


@pytest.mark.usefixtures("calls")
def test_documentation(k: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bindings", k)
    failed, tried = doctest.testfile(
        str(ROOT / "docs" / "calls.md"), module_relative=False, optionflags=doctest.ELLIPSIS
    )
    assert tried > 20
    assert failed == 0

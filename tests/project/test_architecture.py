"""The rooms of docs/architecture.md import in one direction."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from conftest import ROOT

PACKAGE = ROOT / "uapigen"

# Room -> the rooms that it may know; `errors` is everybody's
KNOWS = {
    "ir": set(),
    "btf": {"ir"},
    "headers": {"ir", "layout"},
    "layout": {"ir"},
    "syscalls": {"ir", "layout", "headers", "btf"},
    "operations": {"ir"},
    "emit": {"ir", "layout", "operations"},
    "show": {"ir", "layout"},
    "verify": {"ir", "layout", "operations"},
    "compare": {"ir", "layout", "syscalls"},
    "report": {"compare", "emit"},
    "build": {"cli", "emit", "layout"},
    "snapshot": {"ir", "layout", "operations", "emit"},
}


def imported(path: Path) -> set[str]:
    """The rooms that a module imports anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        # The code that generated packages carry knows nobody, and anybody may use it.
        names = [name for name in names if not name.startswith("uapigen.emit.support.")]
        found |= {name.split(".")[1] for name in names if name.startswith("uapigen.")}
    return found


@pytest.mark.parametrize("room", KNOWS)
def test_room_knows_only_rooms_to_its_left(room: str) -> None:
    allowed = KNOWS[room] | {room, "errors", "__version__"}
    for path in (PACKAGE / room).rglob("*.py"):
        assert imported(path) <= allowed, path.relative_to(ROOT)


def test_every_room_is_in_the_table() -> None:
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert rooms == {*KNOWS, "cli"}
    told = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    assert [room for room in rooms if f"| `{room}/` |" not in told] == []


@pytest.mark.parametrize(
    "path", sorted((PACKAGE / "emit" / "support").glob("*.py")), ids=lambda p: p.name
)
def test_support_code_imports_only_itself_and_the_standard_library(path: Path) -> None:
    text = path.read_text("utf-8")
    assert "import uapigen" not in text
    assert "from uapigen" not in text

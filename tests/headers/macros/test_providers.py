"""Which headers define a name: what is seen around it is what a search of all text would see."""

from __future__ import annotations

from pathlib import Path

import pytest

from uapigen.headers import context
from uapigen.headers.context import Need, providers

TEXTS = {
    "first": "#define LEVEL 1\nint other;\n",
    "words": "int MY_LEVEL, LEVELS;\n#define LEVEL_TOO 3\n",
    "used": "int a = LEVEL;\nint b[LEVEL];\n# \t define  LEVEL\t(1 + \\\n 2)\n",
    "typedef": "struct s { int a; };\ntypedef unsigned\n  long\n  LEVEL\n ;\n",
    "array": "typedef int\nLEVEL [3];",
    "closing": "typedef struct {\n\tint a;\n}\n  LEVEL ;\n",
    "constant": "enum {\n  OTHER = 1,\n  LEVEL = 7,\n};\n",
    "last": "enum { OTHER,\n LEVEL }\n;",
    "end": "enum x {\nLEVEL\n};\nLEVEL",
    "tag": "struct LEVEL;\nint f(struct LEVEL *);\nstruct\tLEVEL\n{ int a;\n int b; } x;\n",
    "other_tag": "union LEVEL { int a; };\n",
    "prose": "/* the LEVEL of it,\n * LEVEL; */\n",
}


@pytest.fixture
def directory(tmp_path: Path) -> str:
    (tmp_path / "linux").mkdir()
    for name, text in TEXTS.items():
        (tmp_path / "linux" / f"{name}.h").write_text(text)
    return str(tmp_path)


@pytest.mark.parametrize(
    ("need", "expected"),
    [
        (
            Need("", "LEVEL"),
            {"first", "used", "typedef", "array", "closing", "constant", "last", "end"},
        ),
        (Need("struct", "LEVEL"), {"tag"}),
        (Need("union", "LEVEL"), {"other_tag"}),
        (Need("", "LEVEL_TOO"), {"words"}),
        (Need("", "NOWHERE"), set()),
    ],
)
def test_all_definitions_are_found_by_either_way(
    directory: str, monkeypatch: pytest.MonkeyPatch, need: Need, expected: set[str]
) -> None:
    found = context._definitions.__wrapped__(need, (directory,))
    assert {module for _, module, _ in found} == {f"linux/{name}.h" for name in expected}
    monkeypatch.setattr(context, "_FEW", -1)  # by an index, and with all text searched
    assert context._definitions.__wrapped__(need, (directory,)) == found


def test_headers_that_define_it_differently_are_none(directory: str) -> None:
    assert providers(Need("", "LEVEL"), "", (directory,)).disagree
    (header,) = providers(Need("struct", "LEVEL"), "", (directory,)).headers
    assert header == "linux/tag.h"

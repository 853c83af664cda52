"""``tables.json`` is what lark makes of ``grammar.lark``."""

from __future__ import annotations

from pathlib import Path

from uapigen.headers.expressions.tables import TABLES, tables


def test_tables_are_those_of_the_grammar() -> None:
    assert Path(TABLES).read_text(encoding="utf-8") == tables(), "make grammar"

"""Headers made to be expensive: soon over, and the culprits named."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.headers.macros.definitions import evaluate_text
from uapigen.headers.expansion import Expansion
from uapigen.headers.macros import MacroDefinition

pytest.importorskip("clang", reason="needs libclang")

_SECONDS = 2.0
_ENDLESS = "expands without end, or to more than 2,000 tokens"


def _doubling(count: int) -> str:
    lines = ["#define B0 1 +"]
    lines += [f"#define B{i} B{i - 1} B{i - 1}" for i in range(1, count)]
    return "\n".join([*lines, f"#define BOMB (B{count - 1} 1)"])


def _everyone_names_everyone(count: int) -> str:
    names = [f"B{i}" for i in range(count)]
    lines = [f"#define {name} {' + '.join(n for n in names if n != name)}" for name in names]
    return "\n".join([*lines, "#define BOMB B0"])


_BOMBS = {
    "each names the one before twice": _doubling(60),
    "calls within calls": "#define TWICE(x) x x\n#define BOMB (1 "
    + "TWICE(" * 60
    + "+ 1"
    + ")" * 60
    + ")",
    "calls of calls": "#define F0(x) x x\n"
    + "\n".join(f"#define F{i}(x) F{i - 1}(F{i - 1}(x))" for i in range(1, 12))
    + "\n#define BOMB (1 F11(+ 1))",
    "a variadic's rest": "#define ALL(...) __VA_ARGS__ __VA_ARGS__\n#define BOMB "
    + "ALL(" * 60
    + "1, 2"
    + ")" * 60,
    "in a circle": _everyone_names_everyone(20),
    "a million tokens": "#define BOMB (1" + " + 1" * 500_000 + ")",
    "a long chain": "\n".join(f"#define C{i} C{i + 1}" for i in range(50_000))
    + "\n#define BOMB C0",
    "casts": "#define BOMB " + "(int)" * 50_000 + "1",
    "brackets": "#define BOMB " + "(" * 100_000 + "1" + ")" * 100_000,
    "nested calls without end": "#define F(x) x\n#define BOMB "
    + "F(" * 50_000
    + "1"
    + ")" * 50_000,
}


@pytest.mark.parametrize("text", _BOMBS.values(), ids=_BOMBS.keys())
def test_a_bomb_is_named_and_costs_only_itself(tmp_path: Path, text: str) -> None:
    start = time.process_time()
    found = evaluate_text(tmp_path, f"#define BEFORE 1\n{text}\n#define BEHIND 2\n")
    assert time.process_time() - start < _SECONDS
    values = {constant.name: constant.value for constant in found.constants}
    assert values["BEFORE"] == 1
    assert values["BEHIND"] == 2
    reasons = {omission.name: omission.reason for omission in found.omissions}
    assert reasons["BOMB"] == _ENDLESS


def test_brackets_within_the_limit_do_not_end_the_run(tmp_path: Path) -> None:
    text = "#define DEEP " + "(" * 900 + "1" + ")" * 900 + "\n#define NEXT 2\n"
    found = evaluate_text(tmp_path, text)
    assert [constant.value for constant in found.constants] == [1, 2]


def test_a_name_of_hostile_bytes_harms_nobody(tmp_path: Path) -> None:
    text = '#define ODD "\\x22 \udcff */ \\\\"\n#define TRI ??/\n#define NEXT 2\n'
    found = evaluate_text(tmp_path, text)
    assert {constant.name for constant in found.constants} == {"ODD", "NEXT"}
    assert found.constants[0].value == b'" \xff */ \\'


def _exceeds(limit: int, **bodies: str | tuple[tuple[str, ...], str]) -> bool:
    definitions = {}
    for name, body in bodies.items():
        params, text = body if isinstance(body, tuple) else (None, body)
        definitions[name] = MacroDefinition(name, params, text, "x.h", 1)
    return Expansion(definitions, limit).exceeds("M")


def test_lengths_are_counted_to_the_token() -> None:
    assert not _exceeds(5, M="( 1 + 2 )")
    assert _exceeds(4, M="( 1 + 2 )")
    assert not _exceeds(6, M="A A", A="1 + 1")
    assert _exceeds(5, M="A A", A="1 + 1")
    # F(1 + 1, 2) is (1 + 1) * (1 + 1) - 2
    twice = (("x", "y"), "(x) * (x) - y")
    assert not _exceeds(13, M="F(1 + 1, 2)", F=twice)
    assert _exceeds(12, M="F(1 + 1, 2)", F=twice)
    assert not _exceeds(2, M="M M")
    assert not _exceeds(1, M="'('")
    assert not _exceeds(1, M="F", F=twice)

"""The stub of a package's ``syscalls`` module: what editors and type checkers know of the calls."""

from __future__ import annotations

from collections.abc import Iterable
from keyword import iskeyword

from uapigen.emit.text import LINE_LENGTH

__all__ = ["function_stub", "number_stub"]


def function_stub(name: str, signature: str) -> str:
    """The ``def`` statement, as black would set it."""
    if iskeyword(name):
        name = f"{name}_"
    line = f"def {name}{signature}: ...\n"
    if len(line) <= LINE_LENGTH + 1:
        return line
    inside, _, result = signature[1:].partition(") -> ")
    inner = f"    {inside}\n"
    if len(inner) > LINE_LENGTH + 1:
        inner = "".join(f"    {param},\n" for param in inside.split(", "))
    return f"def {name}(\n{inner}) -> {result}: ...\n"


def number_stub(numbers: Iterable[tuple[int, str]]) -> str:
    """The members of ``NR``."""
    return "".join(
        f"    {name}_ = {number}\n" if iskeyword(name) else f"    {name} = {number}\n"
        for number, name in numbers
    )

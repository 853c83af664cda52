"""Macro functions as a table of ``def`` statements, each with its C text."""

from __future__ import annotations

import ast
import keyword
from collections.abc import Iterable, Sequence

from uapigen.emit.docs import docstring
from uapigen.emit.text import LINE_LENGTH
from uapigen.ir.declarations import MacroFunction

__all__ = ["is_function", "macro_stubs", "macro_text", "macros_text"]


def macro_text(macro: MacroFunction) -> str:
    """One ``def`` statement."""
    body = f"    return {macro.expression}\n"
    if len(body) > LINE_LENGTH + 1:
        body = f"    return (\n        {macro.expression}\n    )\n"
    return (
        f"def {_heading(macro.name, macro.params)}:\n"
        f"{docstring(' '.join(macro.c_text.split()), 4, _APOSTROPHES)}{body}"
    )


_APOSTROPHES = "'''"


def _heading(name: str, params: Sequence[str], kind: str = "", returns: str = "") -> str:
    """``name(params)``, one parameter a line where a line does not hold them."""
    shown = [f"{param}{kind}" for param in params]
    line = f"{name}({', '.join(shown)}){returns}"
    if len(f"def {line}: ...") <= LINE_LENGTH:
        return line
    inner = ", ".join(shown)
    if len(inner) + 4 <= LINE_LENGTH:
        return f"{name}(\n    {inner}\n){returns}"
    return f"{name}(\n" + "".join(f"    {param},\n" for param in shown) + f"){returns}"


def macros_text(macros: Iterable[MacroFunction]) -> str:
    """All macro functions, sorted by name, each behind two blank lines."""
    return "".join(f"\n\n{macro_text(m)}" for m in sorted(macros, key=lambda m: m.name))


def macro_stubs(macros: Iterable[MacroFunction], prefix: str) -> str:
    """Their signatures, for a stub."""
    return "".join(
        f"def {_heading(m.name, m.params, f': {prefix}Any', f' -> {prefix}Any')}: ...\n"
        for m in sorted(macros, key=lambda m: m.name)
        if not keyword.iskeyword(m.name)
    )


def is_function(macro: MacroFunction) -> bool:
    """Whether a macro function is what it must be: identifiers and one expression.

    What a header says becomes code only through the translator; this holds its
    result against Python's own parser before it is written.
    """
    names = [macro.name, *(param.removeprefix("*") for param in macro.params)]
    if any(not (n.isidentifier() and n.isascii()) for n in names):
        return False
    if any(keyword.iskeyword(n) for n in names[1:]) or "\n" in macro.expression:
        return False
    try:
        ast.parse(macro.expression, mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return True

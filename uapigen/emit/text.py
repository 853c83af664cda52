"""Generated Python as black would leave it, without running black over megabytes.

Only the few shapes that tables and stubs are made of; a test holds samples
against black itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter

from uapigen.emit.support.tables import literal

__all__ = [
    "LINE_LENGTH",
    "assigned",
    "bracketed",
    "class_line",
    "entries",
    "item_tuple",
    "literal",
    "row",
    "text_entries",
]

LINE_LENGTH = 88


def row(items: Sequence[str], indent: int) -> str:
    """A tuple as an element of a list, on one line or one item a line."""
    line = f"{' ' * indent}({', '.join(items)}),\n"
    if len(line) <= LINE_LENGTH + 1:
        return line
    inner = "".join(f"{' ' * (indent + 4)}{item},\n" for item in items)
    return f"{' ' * indent}(\n{inner}{' ' * indent}),\n"


def class_line(name: str, arguments: Sequence[str]) -> str:
    """``class name(arguments):``."""
    line = f"class {name}({', '.join(arguments)}):\n"
    if len(line) <= LINE_LENGTH + 1:
        return line
    inner = f"    {', '.join(arguments)}\n"
    if len(inner) > LINE_LENGTH + 1:
        inner = "".join(f"    {argument},\n" for argument in arguments)
    return f"class {name}(\n{inner}):\n"


def bracketed(text: str, indent: int) -> str:
    """``before[inside]`` as a line of its own; ``inside`` moves to the next line if it must."""
    pad = " " * indent
    line = f"{pad}{text}\n"
    before, bracket, inside = text.partition("[")
    if len(line) <= LINE_LENGTH + 1 or not bracket:
        return line
    inner = bracketed(inside.removesuffix("]"), indent + 4)
    return f"{pad}{before}[\n{inner}{pad}]\n"


def assigned(before: str, value: str) -> str:
    """``name = `` or ``name: `` and a word, which moves to the next line if it must."""
    line = f"{before}{value}\n"
    if len(line) <= LINE_LENGTH + 1 or len(value) + 4 > LINE_LENGTH:
        return line
    return f"{before}(\n    {value}\n)\n"


def item_tuple(key: str, items: Sequence[str]) -> str:
    """A tuple as the value of a dict's entry, on the key's line or one item a line."""
    inside = f"{items[0]}," if len(items) == 1 else ", ".join(items)
    if len(f'    "{literal(key)}": ({inside}),') <= LINE_LENGTH:
        return f"({inside})"
    return "(\n" + "".join([f"        {item},\n" for item in items]) + "    )"


def entries(name: str, pairs: Iterable[tuple[str, str]]) -> str:
    """A dict literal, sorted by key; values are Python expressions.

    Sorted by the literal's own text, which is what a reader bisects.
    """
    keys, values = _columns(pairs)
    return _dict(name, keys, [f'    "{key}": {value},\n' for key, value in zip(keys, values)])  # noqa: B905


def text_entries(name: str, pairs: Iterable[tuple[str, str]]) -> str:
    """The same of values that are the insides of string literals."""
    keys, values = _columns(pairs)
    return _dict(name, keys, [f'    "{key}": "{value}",\n' for key, value in zip(keys, values)])  # noqa: B905


def _columns(pairs: Iterable[tuple[str, str]]) -> tuple[list[str], list[str]]:
    """Literal keys, and values."""
    listed = list(pairs)
    keys, values = list(map(_first, listed)), list(map(_second, listed))
    text = " ".join(keys)
    if literal(text) != text:
        keys = list(map(literal, keys))
    return keys, values


_first, _second = itemgetter(0), itemgetter(1)


def _dict(name: str, keys: Sequence[str], lines: list[str]) -> str:
    # Lines sort as their keys do, since the quote behind a key sorts before all
    # that a C name may hold; two characters sort before the quote.
    text = "\n".join(keys)
    lines.sort(key=_key if " " in text or "!" in text else None)
    return "".join([f"{name} = {{\n", *lines, "}\n"]) if lines else f"{name} = {{}}\n"


def _key(line: str) -> str:
    return line.partition('": ')[0]

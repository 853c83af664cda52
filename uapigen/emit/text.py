"""Generated Python as black would leave it, without running black over megabytes.

Only the few shapes that tables and stubs are made of; a test holds samples
against black itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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
    listed = list(pairs)
    keys = " ".join([key for key, _ in listed])
    if literal(keys) != keys or keys.count(" ") != max(0, len(listed) - 1):
        listed = [(literal(key), value) for key, value in listed]
    lines = [f'    "{key}": {value},\n' for key, value in listed]
    # Lines sort as their keys do, since the quote behind a key sorts before all
    # that a C name may hold; two characters sort before the quote.
    keys = "\n".join([key for key, _ in listed])
    lines.sort(key=_key if " " in keys or "!" in keys else None)
    return "".join([f"{name} = {{\n", *lines, "}\n"]) if lines else f"{name} = {{}}\n"


def _key(line: str) -> str:
    return line.partition('": ')[0]

"""Generated Python as black would leave it, without running black over megabytes.

Only the few shapes that tables and stubs are made of; a test holds samples
against black itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from operator import itemgetter, lt

from uapigen.emit.support.tables import literal

__all__ = [
    "LINE_LENGTH",
    "assigned",
    "bracketed",
    "class_line",
    "entries",
    "expression_entries",
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

    Sorted by the literal's own text, which is what a reader bisects. No key is there twice.
    """
    listed = list(pairs)
    return expression_entries(
        name, list(map(itemgetter(0), listed)), list(map(itemgetter(1), listed))
    )


def expression_entries(name: str, keys: Sequence[str], values: Sequence[str]) -> str:
    """The same of columns."""
    return _dict(name, keys, values, ": ", ",\n")


def text_entries(name: str, keys: Sequence[str], values: Sequence[str]) -> str:
    """The same of values that are the insides of string literals."""
    return _dict(name, keys, values, ': "', '",\n')


def _dict(name: str, keys: Sequence[str], values: Sequence[str], before: str, behind: str) -> str:
    """A dict literal of columns, with what stands before and behind each value."""
    if not keys:
        return f"{name} = {{}}\n"
    text = " ".join(keys)
    if literal(text) != text:
        keys = list(map(literal, keys))
    if not all(map(lt, keys, islice(keys, 1, None))):
        by_key = dict(zip(keys, values, strict=True))
        keys = sorted(by_key)
        values = list(map(by_key.__getitem__, keys))
    # Keys and values are put between what stands around them.
    pieces = [f'{behind}    "', "", f'"{before}', ""] * len(keys)
    pieces[0] = f'{name} = {{\n    "'
    pieces[1::4] = keys
    pieces[3::4] = values
    pieces.append(f"{behind}}}\n")
    return "".join(pieces)

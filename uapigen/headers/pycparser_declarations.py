"""A translation unit as external declarations, and those of them that a header needs.

pycparser is slow, and most of what a header includes is of no use to it. So each
declaration is first looked at as a row of tokens: where it begins and ends, what it
declares, what it uses. A file's own declarations are wanted, and what these use,
directly or not; the rest is never parsed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from uapigen.headers.pycparser_rewrite import MalformedError, closing
from uapigen.headers.pycparser_tokens import PRAGMA

__all__ = ["External", "needed", "split"]

_TAGGED = frozenset({"struct", "union", "enum"})
_QUALIFIERS = frozenset({"const", "volatile", "restrict", "__const", "__restrict"})


@dataclass
class External:
    """An external declaration: the tokens from ``start`` up to ``end``, or a pragma."""

    start: int
    end: int
    declares: list[str]
    """Names, and tags as ``struct foo``."""
    body: int = 0
    """The token that opens a function's body; 0 for a declaration without."""


def split(texts: Sequence[str]) -> list[External]:
    """The external declarations of a translation unit, and ``#pragma pack`` lines among them."""
    found = []
    at, total = 0, len(texts)
    while at < total:
        text = texts[at]
        if text.startswith(PRAGMA):
            found.append(External(at, at + 1, []))
            at += 1
        elif text == ";":
            at += 1
        else:
            end, body = _end(texts, at, total)
            found.append(External(at, end, _declared(texts, at, body or end), body))
            at = end
    return found


def _end(texts: Sequence[str], start: int, total: int) -> tuple[int, int]:
    """The end of the declaration that begins at ``start``, and where its body opens, or 0."""
    at = start
    initialised = False
    while at < total:
        text = texts[at]
        if text == ";":
            return at + 1, 0
        if text == "=":
            initialised = True
        elif text in ("(", "["):
            at = closing(texts, at)
        elif text == "{":
            close = closing(texts, at)
            if not initialised and _is_body(texts, start, at):
                return close + 1, at
            at = close
        at += 1
    raise MalformedError(start, "a declaration without an end")


def _is_body(texts: Sequence[str], start: int, brace: int) -> bool:
    """Whether a brace at the outermost level opens a function's body."""
    at = brace - 1
    # A tag's body comes behind its keyword, with the tag and attributes between them.
    while at >= start:
        text = texts[at]
        if text in _TAGGED:
            return False
        if text == ")":
            opening = _opening(texts, at, start)
            if opening == start or texts[opening - 1] not in ("__attribute__", "__attribute"):
                return True
            at = opening - 2
            continue
        at -= 1
    return False


def _opening(texts: Sequence[str], close: int, start: int) -> int:
    depth = 0
    for index in range(close, start - 1, -1):
        depth += (texts[index] == ")") - (texts[index] == "(")
        if not depth:
            return index
    raise MalformedError(close, "')' without its '('")


def _is_name(text: str) -> bool:
    return text[0].isalpha() or text[0] in "_$"


def _declared(texts: Sequence[str], start: int, end: int) -> list[str]:
    """What a declaration declares, as far as its tokens show it.

    A name too many does no harm: something is parsed that nobody needs.
    """
    found: list[str] = []
    depth = 0  # of parentheses and brackets
    last = ""  # name outside of them
    inner = ""  # name behind "(*"
    in_enum: list[bool] = []
    at = start
    while at < end:
        text = texts[at]
        if text in _TAGGED and at + 1 < end:
            at = _tag(texts, at, end, found)
            opened = at < end and texts[at] == "{"
            if opened:
                in_enum.append(text == "enum")
                if text == "enum" and texts[at + 1] != "}":
                    found.append(texts[at + 1])
                at += 1
            continue
        if text in ("__attribute__", "__attribute"):
            at = closing(texts, at + 1, end)
        elif text in "([":
            if not depth and not inner and texts[at + 1] == "*":
                inner = _behind_stars(texts, at + 1, end)
            depth += 1
        elif text in ")]":
            depth -= 1
        elif text == "{":
            in_enum.append(False)
        elif text == "}":
            if in_enum:
                in_enum.pop()
        elif in_enum:
            if in_enum[-1] and text == "," and not depth and texts[at + 1] != "}":
                found.append(texts[at + 1])
        elif text in ",;" and not depth:
            found += filter(None, [inner or last])
            last = inner = ""
        elif not depth and _is_name(text):
            last = text
        at += 1
    found += filter(None, [inner or last])
    return found


def _behind_stars(texts: Sequence[str], at: int, end: int) -> str:
    """The name that ``(*name`` or ``(*const (*name)`` declares."""
    while at < end and (texts[at] in "*(" or texts[at] in _QUALIFIERS):
        at += 1
    return texts[at] if at < end and _is_name(texts[at]) else ""


def _tag(texts: Sequence[str], at: int, end: int, found: list[str]) -> int:
    """Read ``struct foo`` from ``at`` on; note it if it is a definition; what comes next."""
    keyword, tag = texts[at], ""
    at += 1
    while at < end:
        text = texts[at]
        if text in ("__attribute__", "__attribute"):
            at = closing(texts, at + 1, end) + 1
        elif not tag and _is_name(text):
            tag = text
            at += 1
        else:
            break
    if tag and at < end and texts[at] == "{":
        found.append(f"{keyword} {tag}")
    return at


def needed(
    texts: Sequence[str],
    externals: Sequence[External],
    wanted: Callable[[External], bool],
    names: Iterable[str] = (),
) -> list[External]:
    """The wanted declarations, those that they use, directly or not, and pragmas; in order.

    ``names`` are wanted, too, as far as they are declared; tags as ``struct foo``.
    """
    by_name: dict[str, list[int]] = {}
    for index, external in enumerate(externals):
        for name in external.declares:
            by_name.setdefault(name, []).append(index)
    chosen = {i for i, external in enumerate(externals) if wanted(external)}
    chosen.update(index for name in names for index in by_name.get(name, ()))
    todo = list(chosen)
    while todo:
        external = externals[todo.pop()]
        before = ""
        for text in texts[external.start : external.end]:
            name = f"{before} {text}" if before in _TAGGED else text
            for index in by_name.get(name, ()):
                if index not in chosen:
                    chosen.add(index)
                    todo.append(index)
            before = text
    chosen |= {
        i for i, external in enumerate(externals) if texts[external.start].startswith(PRAGMA)
    }
    return [externals[i] for i in sorted(chosen)]

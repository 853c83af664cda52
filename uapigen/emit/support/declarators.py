"""C's declarators, as the tables spell types: what is outermost, what is behind it."""

from __future__ import annotations

QUALIFIERS = ("const", "volatile", "restrict")
BASE_WORDS = {"char", "short", "int", "long", "signed", "unsigned", "float", "double"}
BASE_WORDS |= {"_Bool", "__int128"}


def unqualified(spelling: str) -> str:
    """A type without its own qualifiers; those of what it points to stay."""
    if not any(c in spelling for c in "*[("):
        words = [word for word in spelling.split() if word not in QUALIFIERS]
        return " ".join(words)
    return untrailed(spelling)


def untrailed(spelling: str) -> str:
    """A declarator without the qualifiers at its end: ``char *const``."""
    spelling = spelling.rstrip()
    for word in QUALIFIERS:
        before = spelling.removesuffix(word)
        if before != spelling and not (before[-1:].isalnum() or before[-1:] == "_"):
            return untrailed(before)
    return spelling


def base_words(spelling: str) -> list[str]:
    """What tells base types apart: the same for ``unsigned`` and ``int unsigned``.

    Nothing for what is no base type. Compilers do not agree on the order.
    """
    words = sorted(spelling.split())
    if not words or not BASE_WORDS.issuperset(words):
        return []
    if "char" in words:
        return words
    return [word for word in words if word not in ("int", "signed")] or ["int"]


def matching(spelling: str, opening: int) -> int:
    """Where the parenthesis opened at ``opening`` closes."""
    depth = 0
    for at in range(opening, len(spelling)):
        if spelling[at] == "(":
            depth += 1
        elif spelling[at] == ")":
            depth -= 1
            if not depth:
                return at
    raise LookupError(f"{spelling!r} is no C type")


def declarator(spelling: str) -> tuple[int, int] | None:
    """Where the innermost ``(*…)`` group starts and ends; None without one."""
    start = spelling.find("(")
    if start < 0 or spelling[start + 1 : start + 2] != "*":
        return None
    while True:
        end = matching(spelling, start)
        nested = spelling.find("(", start + 1, end)
        if nested < 0 or spelling[nested + 1] != "*":
            return start, end
        start = nested


def outermost(spelling: str) -> tuple[int | None, str] | None:
    """Peel a type's outermost layer: (array length, element) or (None, pointee).

    None for a function, and for what has no layer to peel. Reads as C does,
    from the place of the missing name outwards.
    """
    group = declarator(spelling)
    if group is None:
        if "(" in spelling:
            return None
        if spelling.endswith("*"):
            return None, spelling[:-1].rstrip()
        if spelling.endswith("]"):
            opening = spelling.index("[")
            closing = spelling.index("]")
            element = spelling[:opening].rstrip() + spelling[closing + 1 :]
            return int(spelling[opening + 1 : closing]), element
        return None
    start, end = group
    inner = untrailed(spelling[start + 1 : end])
    if inner.endswith("]"):
        opening, closing = inner.index("["), inner.index("]")
        rest = inner[:opening] + inner[closing + 1 :]
        return (
            int(inner[opening + 1 : closing]),
            f"{spelling[: start + 1]}{rest}{spelling[end:]}",
        )
    if inner.endswith("*"):
        rest = inner[:-1].rstrip()
        if rest:
            return None, f"{spelling[: start + 1]}{rest}{spelling[end:]}"
        before, after = spelling[:start], spelling[end + 1 :]
        return None, (before if after.startswith("(") else before.rstrip()) + after
    return None  # a function that returns a pointer to a function or an array

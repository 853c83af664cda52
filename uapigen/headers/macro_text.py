"""What a macro's text tells before or after a compiler has looked at it."""

from __future__ import annotations

import re

__all__ = [
    "CALLED",
    "IDENTIFIER",
    "IncludeGuards",
    "another_name",
    "why_no_expression",
    "why_not_parsed",
]

IDENTIFIER = re.compile(r"\b[A-Za-z_]\w*")
CALLED = re.compile(r"\b([A-Za-z_]\w*)\s*\(")

KEYWORDS = frozenset(
    {
        "sizeof", "_Alignof", "__alignof__", "_Generic", "__typeof__", "typeof", "__attribute__",
        "__extension__", "__asm__", "asm", "defined", "if", "for", "while", "switch", "return",
    }
)  # fmt: skip
"""What may stand before a bracket and is neither a function nor a macro."""

_HARMLESS = re.compile(r"[\w\s+\-*/%<>=!&|^~?:.#]*")
_QUOTED = re.compile(r'"(?:\\.|[^"\\\n])*"' + r"|'(?:\\.|[^'\\\n])*'", re.DOTALL)
_STRUCTURE = re.compile(r"[][(){};,]")
_CLOSING = {")": "(", "]": "[", "}": "{"}
_SPECIFIER = (
    r"(?:extern|static|inline|__inline|__inline__|const|volatile|register|auto|typedef"
    r"|restrict|__restrict|_Noreturn|_Packed)"
)
_SPECIFIERS = re.compile(
    rf"\s*(?:{_SPECIFIER}\b\s*|__attribute__\s*\(.*\)\s*|__declspec\s*\(.*\)\s*)+", re.DOTALL
)
_NAME = re.compile(r"\s*\(?\s*([A-Za-z_]\w*)\s*\)?\s*")
_MEMBER = re.compile(r"\s*[A-Za-z_]\w*\s*(?:(?:\.|->)\s*\w+|\[[^]]*\])[\w\s.\[\]>-]*")
_FIRST_DIRECTIVE = re.compile(
    r"^[ \t]*#[ \t]*(?:ifndef[ \t]+|if[ \t]+!\s*defined[ \t]*\(?[ \t]*)?(\w*)", re.MULTILINE
)


def why_no_expression(body: str) -> str:
    """Why a body cannot be an expression by the look of its tokens; empty where it can.

    What passes can be put into a declaration without doing harm behind its semicolon.
    """
    if _HARMLESS.fullmatch(body):
        return ""
    bare = _QUOTED.sub("0", body)
    if '"' in bare or "'" in bare:
        return "a quotation mark without its other half"
    open_brackets: list[str] = []
    commas = False
    for character in _STRUCTURE.findall(bare):
        if character in "([{":
            open_brackets.append(character)
        elif character in _CLOSING:
            if not open_brackets or open_brackets.pop() != _CLOSING[character]:
                return "brackets that do not match"
        elif character == ";":
            return "statements or declarations, not an expression"
        elif not open_brackets:
            commas = True
    if open_brackets:
        return "brackets that do not match"
    if bare.lstrip().startswith("{"):
        return "an initialiser, not an expression"
    return "a list of values, not an expression" if commas else ""


def why_not_parsed(body: str) -> str:
    """What a body is that looks like an expression and is none; empty where that is not known."""
    return "specifiers or attributes, not an expression" if _SPECIFIERS.fullmatch(body) else ""


def another_name(body: str) -> tuple[str, str]:
    """What a body names that is nothing but a name: its kind, ``member`` or ``name``, and it."""
    if _MEMBER.fullmatch(body):
        return "member", "".join(body.split())
    matched = _NAME.fullmatch(body)
    return ("name", matched[1]) if matched else ("", "")


class IncludeGuards:
    """Tells include guards from other empty macros, by the files in which they are."""

    def __init__(self) -> None:
        self._guards: dict[str, str] = {}

    def __contains__(self, macro: tuple[str, str]) -> bool:
        """Whether a macro, given by path and name, is what its file's first directive asks for."""
        path, name = macro
        if path not in self._guards:
            try:
                with open(path, encoding="utf-8", errors="replace") as file:
                    first = _FIRST_DIRECTIVE.search(file.read())
            except OSError:
                first = None  # gone since it was parsed
            self._guards[path] = first[1] if first else ""
        return self._guards[path] == name

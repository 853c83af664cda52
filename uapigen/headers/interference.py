"""Which headers can be read in one translation unit as if each were read alone.

What one header defines, another one may ask about (``#ifdef``), take away, or use as a word of its
own. Those that would be read otherwise behind others are told here, from macros alone: types that
are at odds are errors of the compiler.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

__all__ = ["FileText", "shown_body", "undisturbed"]

_COMMENT_OR_STRING = re.compile(rb'/\*.*?\*/|//[^\n]*|"(?:[^"\\\n]|\\.)*"', re.DOTALL)
_CONTINUATION = re.compile(rb"\\\r?\n")
_MACRO = re.compile(rb"\s*(\w+)(?:\(([^)]*)\))?(.*)", re.DOTALL)
_DIRECTIVE = re.compile(rb"^[ \t]*#[ \t]*(\w+)((?:[^\n\\]|\\.)*)", re.MULTILINE | re.DOTALL)
_WORD = re.compile(rb"[A-Za-z_]\w*")
_INLINE = re.compile(
    r"(?:\s*(?:__inline__|__inline|inline|__attribute__ \(\(__always_inline__\)\)))+"
)
"""What a function is called inline by; it is one for all of them."""
_CONDITIONS = frozenset({b"if", b"elif", b"ifdef", b"ifndef"})


class FileText(NamedTuple):
    """The words of a file that macros elsewhere could change the meaning of."""

    asked: set[bytes]
    """In conditions."""
    undefined: set[bytes]
    defined: dict[bytes, set[str]]
    """What macros are replaced by wherever they are defined, as by :func:`shown_body`."""
    in_bodies: set[bytes]
    """In what macros are replaced by."""
    in_code: set[bytes]
    code: bytes
    """What is left without comments and directives."""
    packs: bool
    """Whether it has a pragma, which goes on behind its end."""

    @classmethod
    def of(cls, source: bytes) -> FileText:
        plain = _COMMENT_OR_STRING.sub(_without_comment, source)
        asked: set[bytes] = set()
        undefined: set[bytes] = set()
        defined: dict[bytes, set[str]] = {}
        in_bodies: set[bytes] = set()
        packs = False
        for keyword, rest in _DIRECTIVE.findall(plain):
            words = _WORD.findall(rest)
            if keyword in _CONDITIONS:
                asked.update(words)
            elif keyword == b"define":
                in_bodies.update(words[1:])
                macro = _MACRO.match(_CONTINUATION.sub(b"", rest))
                if macro:
                    listed = None if macro[2] is None else macro[2].decode().split(",")
                    body = shown_body(listed, macro[3].decode("utf-8", "surrogateescape"))
                    defined.setdefault(macro[1], set()).add(body)
            elif keyword == b"undef":
                undefined.update(words)
            packs |= keyword == b"pragma" and rest.strip() != b"once"
        code = _DIRECTIVE.sub(b"", plain)
        return cls(
            asked, undefined, defined, in_bodies, set(_WORD.findall(code)), code, packs
        )  # fmt: skip

    def calls(self, name: bytes) -> bool:
        """Whether the code has a bracket behind a name."""
        return re.search(rb"\b%s\s*\(" % name, self.code) is not None


def _without_comment(found: re.Match[bytes]) -> bytes:
    return b" " if found[0].startswith(b"/") else found[0]


def shown_body(params: Sequence[str] | None, body: str) -> str:
    """What a macro is replaced by; its parameters before it in brackets, if it has some."""
    shown = " ".join(body.split())
    return shown if params is None else f"({','.join(map(str.strip, params))}) {shown}"


def undisturbed(
    headers: Iterable[str],
    closures: Mapping[str, Collection[str]],
    definers: Mapping[bytes, Collection[str]],
    bodies: Callable[[bytes], Collection[str]],
    text_of: Callable[[str], FileText],
    is_system: Callable[[str], bool],
) -> list[str]:
    """Those of the headers that do not disturb each other; of two that do, the first.

    ``closures`` are the files that each reads, itself included; ``definers`` the files that define
    a macro, ``bodies`` what it is replaced by in them, as by :func:`shown_body`. The C library's
    headers among themselves may come in any order.
    """
    sensitive: dict[str, dict[bytes, frozenset[str]]] = {}

    def of_file(path: str) -> dict[bytes, frozenset[str]]:
        """Files that a file would be read otherwise behind, by the macro."""
        found = sensitive.get(path)
        if found is None:
            text, system = text_of(path), is_system(path)
            found = sensitive[path] = {}
            for name in _words(text) & definers.keys():
                others = {f for f in definers[name] if f != path and not (system and is_system(f))}
                if others and _matters(name, text, bodies(name)):
                    found[name] = frozenset(others)
        return found

    accepted: list[str] = []
    files: set[str] = set()
    avoided: dict[str, list[Collection[str]]] = {}
    """By a file that would disturb: the closures in which it would not, as it is in them."""
    for header in headers:
        closure = set(closures[header])
        if any(text_of(path).packs for path in closure):
            continue
        foreign: set[str] = set()
        for path in closure:
            for others in of_file(path).values():
                foreign |= others - closure
        if foreign & files:
            continue
        if any(path not in known for path in closure for known in avoided.get(path, ())):
            continue
        accepted.append(header)
        files |= closure
        for path in foreign:
            avoided.setdefault(path, []).append(closure)
    return accepted


def _words(text: FileText) -> set[bytes]:
    return text.asked | text.undefined | text.defined.keys() | text.in_bodies | text.in_code


def _matters(name: bytes, text: FileText, bodies: Collection[str]) -> bool:
    """Whether a file says something else where a macro is defined before it."""
    bodies = {*bodies, *text.defined.get(name, ())}
    if all(map(_INLINE.fullmatch, bodies)):
        return False
    if len(bodies) > 1:
        return True
    if name in text.asked or name in text.undefined:
        # "#ifndef NAME, #define NAME": whoever comes first, it is the same.
        return name not in text.defined
    if name in text.in_code:
        takes_arguments = any(body.startswith("(") for body in bodies)
        return not takes_arguments or text.calls(name)
    return False

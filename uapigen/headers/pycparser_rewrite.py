"""GNU C as plain C that pycparser parses, and beside it all that was taken out.

pycparser knows the C standard and nothing of ``__attribute__``. So each external
declaration is rewritten token by token:

- Attributes are taken out and noted: those of a struct, union or enum in its
  :class:`Definition`, those of a member or name in its :class:`Declared`.
- The tag of a definition becomes ``uapigen_7``, the number of its
  ``Definition``, which knows the tag, the place and the attributes. An anonymous
  struct gets one, too.
- Enumerators, array bounds, widths of bitfields: the expressions are taken out, and their
  numbers left (``[3]``). They are evaluated when they are needed, with
  ``sizeof`` of types that are known by then.
- Bodies of functions and initialisers are taken out.

What comes out is in step with what went in: pycparser makes one node for each
``Declared``, in the same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from uapigen.headers.pycparser_tokens import PRAGMA

__all__ = [
    "BUILTIN_TYPES",
    "PRELUDE",
    "TAG",
    "TYPEOF",
    "Attribute",
    "Declaration",
    "Declared",
    "Definition",
    "MalformedError",
    "Rewriter",
    "closing",
]

TAG = "uapigen_"
TYPEOF = "uapigen_typeof_"

BUILTIN_TYPES = (
    "__builtin_va_list", "__int128_t", "__uint128_t", "uapigen_int128", "uapigen_unsigned_int128",
    "__float128", "_Float128", "_Float64x", "_Float64", "_Float32x", "_Float32", "_Float16",
    "__bf16", "__ibm128", "__ieee128", "char16_t", "char32_t",
)  # fmt: skip
PRELUDE = "".join(f"typedef int {name};\n" for name in BUILTIN_TYPES)
"""Declares the names of a compiler's own types; what they are is said by ``pycparser_types``."""

_DROPPED = frozenset({
    "__extension__", "inline", "__inline", "__inline__", "_Noreturn", "__thread", "_Thread_local",
    "register", "auto",
})  # fmt: skip
_RENAMED = {
    "__signed": "signed", "__signed__": "signed", "__const": "const", "__const__": "const",
    "__volatile": "volatile", "__volatile__": "volatile", "__restrict": "restrict",
    "__restrict__": "restrict", "__complex__": "_Complex", "__complex": "_Complex",
}  # fmt: skip
_ATTRIBUTE = frozenset({"__attribute__", "__attribute"})
_ASM = frozenset({"asm", "__asm", "__asm__"})
_TYPEOF_WORDS = frozenset({"typeof", "__typeof", "__typeof__"})
_STATIC_ASSERT = frozenset({"_Static_assert", "static_assert"})
_TAGGED = frozenset({"struct", "union", "enum"})
_OPENING = {"(": ")", "[": "]", "{": "}"}
_ENDS_DECLARATOR = frozenset({",", ";", "=", ":"})
_BOUND_WORDS = frozenset({"static", "const", "restrict", "volatile", "__restrict", "__restrict__"})


class MalformedError(Exception):
    """Tokens that are no declarations; ``token`` is the index of the one that shows it."""

    def __init__(self, token: int, problem: str) -> None:
        super().__init__(problem)
        self.token = token


class Attribute(NamedTuple):
    """``name(args)``, the name without underscores around it; ``args`` are tokens."""

    name: str
    args: tuple[str, ...] = ()


@dataclass
class Declared:
    """A declarator, or a declaration without any: what was taken out of it."""

    specifiers: list[Attribute]
    """Of its declaration, shared by all that it declares."""
    attributes: list[Attribute] = field(default_factory=list)
    """Its own."""


@dataclass
class Definition:
    """A struct, union or enum with a body."""

    keyword: str
    tag: str
    token: int
    attributes: list[Attribute]
    members: list[Declared] = field(default_factory=list)
    enumerators: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    """Names and expressions; none for the value after the last."""
    pack: int = 0
    """What ``#pragma pack`` said at its end."""


@dataclass
class Declaration:
    """An external declaration, rewritten."""

    text: list[str]
    """Tokens for pycparser."""
    origins: list[int]
    """By token of ``text``, the token that it came from."""
    declared: list[Declared]


def closing(texts: Sequence[str], opening: int, end: int | None = None) -> int:
    """The index of the bracket that closes the one at ``opening``."""
    depth = 0
    opener = texts[opening]
    closer = _OPENING[opener]
    for index in range(opening, len(texts) if end is None else end):
        text = texts[index]
        if text == opener:
            depth += 1
        elif text == closer:
            depth -= 1
            if not depth:
                return index
    raise MalformedError(opening, f"'{opener}' without its '{closer}'")


@dataclass
class _Level:
    """The declarations of a file, or the members of one definition."""

    definition: Definition | None
    specifiers: list[Attribute] = field(default_factory=list)
    declared: list[Declared] = field(default_factory=list)
    depth: int = 0
    """Parentheses that are open."""
    start: int = 0
    """Length of the output where the declaration began."""


class Rewriter:
    """Rewrites declarations of one translation unit; keeps what was taken out of all of them."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self.definitions: list[Definition] = []
        self.expressions: list[tuple[str, ...]] = []
        self.typeofs: list[tuple[str, ...]] = []
        self._pack: list[int] = [0]

    def pragma(self, text: str) -> None:
        """Follow a ``#pragma pack`` line."""
        inside = text.partition("(")[2].partition(")")[0]
        words = [word.strip() for word in inside.split(",") if word.strip()]
        if words[:1] == ["push"]:
            self._pack.append(self._pack[-1])
            words = words[1:]
        elif words[:1] == ["pop"]:
            if len(self._pack) > 1:
                self._pack.pop()
            return
        elif not words:
            self._pack[-1] = 0
        for word in words:
            if word.isdecimal():
                self._pack[-1] = int(word)

    def rewrite(self, start: int, end: int) -> Declaration:
        """The external declaration of the tokens from ``start`` to ``end``."""
        return _Declaration(self, self._texts, start, end).result()

    def rewrite_tokens(self, tokens: Sequence[str]) -> Declaration:
        """A declaration by its tokens, wherever they come from."""
        return _Declaration(self, tokens, 0, len(tokens)).result()

    def expression(self, tokens: Sequence[str]) -> str:
        """Put an expression aside; its number."""
        self.expressions.append(tuple(tokens))
        return str(len(self.expressions) - 1)

    @property
    def pack(self) -> int:
        return self._pack[-1]


class _Declaration:
    """One declaration on its way; ``at`` is the next token."""

    def __init__(self, rewriter: Rewriter, texts: Sequence[str], start: int, end: int) -> None:
        self.rewriter = rewriter
        self.texts = texts
        self.at = start
        self.end = end
        self.out: list[str] = []
        self.origins: list[int] = []
        top = _Level(None)
        top.declared.append(Declared(top.specifiers))
        self.levels = [top]

    def result(self) -> Declaration:
        texts, end = self.texts, self.end
        while self.at < end:
            self._token(texts[self.at])
        if len(self.levels) > 1:
            raise MalformedError(end - 1, "the declaration ends inside of a struct or union")
        return Declaration(self.out, self.origins, self.levels[0].declared)

    def _put(self, text: str) -> None:
        self.out.append(text)
        self.origins.append(self.at)

    def _peek(self, index: int) -> str:
        return self.texts[index] if index < self.end else ""

    def _token(self, text: str) -> None:
        level = self.levels[-1]
        if text in _TAGGED:
            self._tagged(text)
            return
        if text in _ATTRIBUTE:
            self._attach(self._attribute_list())
            return
        special = _SPECIAL.get(text)
        if special is not None:
            special(self, level)
            return
        if not level.depth and text in _ENDS_DECLARATOR:
            self._end_declarator(level, text)
            return
        if text.startswith(PRAGMA):
            self.rewriter.pragma(text)
        elif text in _DROPPED:
            pass
        else:
            self._put(_RENAMED.get(text, text))
        self.at += 1

    # Attributes

    def _attribute_list(self) -> list[Attribute]:
        """Read ``__attribute__((…))``."""
        texts, opening = self.texts, self.at + 1
        if self._peek(opening) != "(":
            raise MalformedError(self.at, "__attribute__ without its '(('")
        end = closing(texts, opening, self.end)
        self.at = end + 1
        found = []
        index = opening + 2
        while index < end - 1:
            name = texts[index]
            if name == ",":
                index += 1
                continue
            args: tuple[str, ...] = ()
            if texts[index + 1] == "(":
                close = closing(texts, index + 1, end)
                args = tuple(texts[index + 2 : close])
                index = close
            found.append(Attribute(name.strip("_"), args))
            index += 1
        return found

    def _attach(self, attributes: list[Attribute]) -> None:
        level = self.levels[-1]
        if level.depth:
            return  # of a parameter, or of what a pointer points to
        while self._peek(self.at) in _ATTRIBUTE:
            attributes += self._attribute_list()
        own = level.declared[-1].attributes
        before = self.out[-1] if len(self.out) > level.start else ""
        after = self._peek(self.at)
        if before == "*" or len(level.declared) > 1 or after in _ENDS_DECLARATOR or after in _ASM:
            own += attributes
        else:
            level.specifiers += attributes

    def _alignas(self, level: _Level) -> None:
        end = closing(self.texts, self.at + 1, self.end)
        level.specifiers.append(Attribute("aligned", tuple(self.texts[self.at + 2 : end])))
        self.at = end + 1

    # Definitions

    def _tagged(self, keyword: str) -> None:
        """``struct``, ``union`` or ``enum``, with or without a body."""
        start = self.at
        self.at += 1
        attributes: list[Attribute] = []
        tag = ""
        while self.at < self.end:
            text = self.texts[self.at]
            if text in _ATTRIBUTE:
                behind = self.at
                attributes += self._attribute_list()
                if tag and self._peek(self.at) not in ("{", *_ATTRIBUTE):
                    self.at = behind  # of what is declared, not of the struct
                    break
            elif not tag and (text[0].isalpha() or text[0] in "_$"):
                tag = text
                self.at += 1
            else:
                break
        if self._peek(self.at) != "{":
            if not tag:
                raise MalformedError(start, f"{keyword} without a tag or a body")
            self.at -= 1
            self._put(keyword)
            self._put(tag)
            self.at += 1
            return
        rewriter = self.rewriter
        definition = Definition(keyword, tag, start, attributes)
        self._put(keyword)
        self._put(f"{TAG}{len(rewriter.definitions)}")
        rewriter.definitions.append(definition)
        if keyword == "enum":
            self._enumerators(definition)
            self._trailing_attributes(definition)
            return
        self._put("{")
        self.at += 1
        inner = _Level(definition, start=len(self.out))
        inner.declared.append(Declared(inner.specifiers))
        self.levels.append(inner)

    def _enumerators(self, definition: Definition) -> None:
        texts = self.texts
        end = closing(texts, self.at, self.end)
        index = self.at + 1
        while index < end:
            name = texts[index]
            index += 1
            stop = self._until(index, end, ",")
            tokens = list(texts[index:stop])
            if tokens[:1] and tokens[0] in _ATTRIBUTE:
                tokens = tokens[closing(tokens, 1) + 1 :]
            if tokens and tokens[0] != "=":
                raise MalformedError(index, f"'{tokens[0]}' behind an enumerator")
            definition.enumerators.append((name, tuple(tokens[1:])))
            index = stop + 1
        self.at = end + 1

    def _end_body(self, _level: _Level) -> None:
        """``}``: of a struct or union, since all other braces are taken out as a whole."""
        if len(self.levels) < 2:
            raise MalformedError(self.at, "'}' without its '{'")
        inner = self.levels.pop()
        assert inner.definition is not None
        self._put("}")
        self.at += 1
        inner.definition.pack = self.rewriter.pack
        self._trailing_attributes(inner.definition)

    def _trailing_attributes(self, definition: Definition) -> None:
        while self._peek(self.at) in _ATTRIBUTE:
            definition.attributes += self._attribute_list()

    # Declarators

    def _end_declarator(self, level: _Level, text: str) -> None:
        if text == ":":
            self._bit_width()
        elif text == "=":
            self.at = self._until(self.at + 1, self.end, ",;")
        elif text == ",":
            level.declared.append(Declared(level.specifiers))
            self._put(text)
            self.at += 1
        else:
            self._semicolon(level)

    def _semicolon(self, level: _Level) -> None:
        definition = level.definition
        if definition is not None:
            if len(self.out) == level.start:
                self.at += 1
                return  # a stray one
            definition.members += level.declared
            level.specifiers = []
            level.declared = [Declared(level.specifiers)]
        self._put(";")
        self.at += 1
        level.start = len(self.out)

    def _bit_width(self) -> None:
        stop = self._until(self.at + 1, self.end, ",;", _ATTRIBUTE)
        self._put(":")
        self._put(self.rewriter.expression(self.texts[self.at + 1 : stop]))
        self.at = stop

    def _bound(self, _level: _Level) -> None:
        """``[…]``."""
        end = closing(self.texts, self.at, self.end)
        tokens = [t for t in self.texts[self.at + 1 : end] if t not in _BOUND_WORDS]
        self._put("[")
        if tokens and tokens != ["*"]:
            self._put(self.rewriter.expression(tokens))
        self.at = end
        self._put("]")
        self.at += 1

    def _open(self, level: _Level) -> None:
        level.depth += 1
        self._put("(")
        self.at += 1

    def _close(self, level: _Level) -> None:
        level.depth -= 1
        self._put(")")
        self.at += 1

    def _brace(self, level: _Level) -> None:
        """``{`` that begins no struct: a function's body, the declaration's end."""
        end = closing(self.texts, self.at, self.end)
        if level.definition is not None or level.depth or end != self.end - 1:
            raise MalformedError(self.at, "'{' where no body can be")
        self._put(";")
        self.at = end + 1

    def _skip_call(self, _level: _Level) -> None:
        """``asm`` behind a name, or a static assertion: the word and its parentheses."""
        word = self.texts[self.at]
        index = self.at + 1
        while self._peek(index) and self._peek(index) != "(":
            index += 1
        self.at = closing(self.texts, index, self.end) + 1
        if word in _STATIC_ASSERT and self._peek(self.at) == ";":
            self.at += 1

    def _typeof(self, _level: _Level) -> None:
        end = closing(self.texts, self.at + 1, self.end)
        self.rewriter.typeofs.append(tuple(self.texts[self.at + 2 : end]))
        self._put(f"{TYPEOF}{len(self.rewriter.typeofs) - 1}")
        self.at = end + 1

    def _int128(self, _level: _Level) -> None:
        """``__int128``, with ``unsigned`` before or behind it."""
        name = "uapigen_int128"
        if self._peek(self.at + 1) in ("unsigned", "signed"):
            name = self._int128_name(self._peek(self.at + 1))
            self.at += 1
        elif self.out and self.out[-1] in ("unsigned", "signed"):
            name = self._int128_name(self.out.pop())
            self.origins.pop()
        self._put(name)
        self.at += 1

    @staticmethod
    def _int128_name(sign: str) -> str:
        return "uapigen_unsigned_int128" if sign == "unsigned" else "uapigen_int128"

    def _until(self, index: int, end: int, stops: str, words: frozenset[str] = frozenset()) -> int:
        """The first token from ``index`` on that is one of ``stops`` outside of brackets."""
        texts = self.texts
        while index < end:
            text = texts[index]
            if text in _OPENING:
                index = closing(texts, index, end)
            elif text in stops or text in words:
                return index
            index += 1
        return end


_SPECIAL = {
    "_Alignas": _Declaration._alignas,
    "alignas": _Declaration._alignas,
    "}": _Declaration._end_body,
    "{": _Declaration._brace,
    "[": _Declaration._bound,
    "(": _Declaration._open,
    ")": _Declaration._close,
    "__int128": _Declaration._int128,
    **dict.fromkeys(_TYPEOF_WORDS, _Declaration._typeof),
    **dict.fromkeys(_ASM | _STATIC_ASSERT, _Declaration._skip_call),
}

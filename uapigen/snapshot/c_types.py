"""Types as a snapshot spells them, and back.

As C does, but so that nothing is lost on the way: qualifiers and tags stand before
a name, from the outermost inwards, or behind the ``*``, the ``[]`` or the parameters
that they are about, from the innermost outwards; a type
tag is ``__tag(user)``, an attribute that is one itself ``__attr(noderef)``. Names of
types are a snapshot's labels, which are words. A parameter's name that would be
taken for something else has its first character as ``%`` and two hexadecimal digits,
and so has any character that no word has.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from uapigen.errors import InputError
from uapigen.ir.graph import TypeGraph
from uapigen.ir.list_graph import ListGraph
from uapigen.ir.types import (
    Array,
    Enum,
    Float,
    Forward,
    FuncProto,
    Int,
    Param,
    Pointer,
    Qualifier,
    Struct,
    Type,
    Typedef,
    TypeId,
    TypeTag,
    Union,
    Void,
)

__all__ = [
    "BASE_WORDS",
    "UNNAMED",
    "Parser",
    "Speller",
    "SpellingError",
    "is_label",
    "is_mentioned",
    "mentioned_tags",
]

BASE_WORDS = frozenset(
    {"char", "short", "int", "long", "signed", "unsigned", "float", "double", "_Bool", "__int128"}
)
"""Words that names of base types are made of; others are one word."""
_QUALIFIERS = ("const", "volatile", "restrict")
_KEYWORDS = ("struct", "union", "enum")
_TAGS = ("__tag(", "__attr(")
_RESERVED = BASE_WORDS | {*_QUALIFIERS, *_KEYWORDS, "void"}
_NAMED = (Struct, Union, Enum, Forward, Typedef, Int, Float)
_MAX_DEPTH = 64
_MAX_LENGTH = 1 << 14
UNNAMED = "{...}"
"""The name of what has none and is only mentioned."""

_Halves = tuple[str, str, bool, int, int]
"""What stands before and after a name, whether what is before ends in a pointer, the depth,
and how many characters of what is after are the outermost array's or function's."""


def is_label(name: str) -> bool:
    """Whether a type's name can be spelled as it is: a word, or words of a base type."""
    if _WORD.fullmatch(name):
        return name not in _RESERVED or name in BASE_WORDS
    words = name.split(" ")
    return len(words) > 1 and BASE_WORDS.issuperset(words)


class Speller:
    """Spells a graph's types; ``namer`` gives a named type its label."""

    def __init__(self, graph: TypeGraph, namer: Callable[[TypeId, Type], str]) -> None:
        self._graph = graph
        self._namer = namer
        self._made: dict[TypeId, _Halves] = {}

    def spell(self, type_id: TypeId) -> str:
        """A type; raises :class:`InputError` for what is none, or nests too deep."""
        try:
            before, after, *_ = self._halves(type_id)
        except RecursionError:
            raise self._refuse(type_id, "types nest too deep to be spelled") from None
        return _joined(before, after)

    def _refuse(self, type_id: TypeId, problem: str) -> InputError:
        return InputError(self._graph.info.name, f"type {type_id}", problem)

    def _halves(self, type_id: TypeId) -> _Halves:
        made = self._made.get(type_id)
        if made is None:
            made = self._build(type_id)
            if made[3] > _MAX_DEPTH or len(made[0]) + len(made[1]) > _MAX_LENGTH:
                raise self._refuse(type_id, "types nest too deep to be spelled")
            self._made[type_id] = made
        return made

    def _build(self, type_id: TypeId) -> _Halves:
        node = self._graph.nodes[type_id]
        if isinstance(node, _NAMED):
            return f"{self._namer(type_id, node)} ", "", False, 0, 0
        if isinstance(node, Void):
            return "void ", "", False, 0, 0
        if isinstance(node, Pointer):
            before, after, _, depth, _ = self._halves(node.target)
            if after[:1] in ("[", "("):
                return f"{before}(*", f"){after}", True, depth + 1, 0
            return f"{before}*", after, True, depth + 1, 0
        if isinstance(node, Array):
            before, after, starred, depth, _ = self._halves(node.element)
            count = f"[{node.nelems}]"
            return before, count + after, starred, depth + 1, len(count)
        if isinstance(node, (Qualifier, TypeTag)):
            word = node.keyword if isinstance(node, Qualifier) else _tag(node)
            before, after, starred, depth, own = self._halves(node.target)
            if own:
                after, own = f"{after[:own]} {word}{after[own:]}", own + 1 + len(word)
            else:
                before = f"{before}{word} " if starred else f"{word} {before}"
            return before, after, starred, depth + 1, own
        if isinstance(node, FuncProto):
            returned, suffix, starred, depth, _ = self._halves(node.returns)
            parts = [(param.name, self._halves(param.type)) for param in node.params]
            listed = [
                _joined(b, f"{_escaped(name)}{a}" if name else a) for name, (b, a, *_) in parts
            ]
            if node.variadic:
                listed.append("...")
            deepest = max([depth, *(halves[3] for _, halves in parts)])
            params = f"({', '.join(listed) or 'void'})"
            return returned, params + suffix, starred, deepest + 1, len(params)
        raise self._refuse(type_id, f"a {type(node).__name__} is no type")


def _joined(before: str, after: str) -> str:
    if after.startswith(("[", ")")):
        return before.rstrip() + after
    return (before + after).rstrip()


def _tag(node: TypeTag) -> str:
    return f"__{'attr' if node.attribute else 'tag'}({_escaped(node.name, reserved=False)})"


_WORD = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_NO_WORD = re.compile(r"[^A-Za-z0-9_]")


def _escaped(name: str, *, reserved: bool = True) -> str:
    """A name as a word in which ``%`` marks a character that is written by its number."""
    if not _WORD.fullmatch(name):
        name = _NO_WORD.sub(lambda found: "".join(f"%{b:02x}" for b in _raw(found[0])), name)
        if name[:1].isdigit():
            name = f"%{ord(name[0]):02x}{name[1:]}"
    elif reserved and (name in _RESERVED or name.startswith(("__tag", "__attr"))):
        name = f"%{ord(name[0]):02x}{name[1:]}"
    return name


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _unescaped(word: str) -> str:
    if "%" not in word:
        return word
    parts = re.split(r"((?:%[0-9a-f]{2})+)", word)
    for at in range(1, len(parts), 2):
        raw = bytes.fromhex(parts[at].replace("%", ""))
        parts[at] = raw.decode("utf-8", "surrogatepass")
    return "".join(parts)


# And back

_TAG = re.compile(r"\b(?:struct|union|enum) (?:\w+|\{\.\.\.\})", re.ASCII)
_TOKEN = re.compile(r"\s*(__(?:tag|attr)\([\w%]*\)|\.\.\.|\{\.\.\.\}|[\w%]+|[*()\[\],])", re.ASCII)
_SIMPLE = re.compile(
    r"((?:struct |union |enum )?\w+(?: \w+)*)(?: (\*+))?((?:\[\d{1,10}\])*)", re.ASCII
)
_FUNCTION = re.compile(r"([\w *]+)\(([\w *,.]+)\)", re.ASCII)
_NAMED_PARAM = re.compile(r"(.*[ *])(\w+)", re.ASCII)


def mentioned_tags(spellings: str) -> set[str]:
    """All of ``struct foo`` and its like in some spellings."""
    return set(_TAG.findall(spellings))


def is_mentioned(graph: ListGraph, type_id: TypeId) -> bool:
    """Whether a type, or what it is a form of, is told by its name alone."""
    node = graph[type_id]
    for _ in range(_MAX_DEPTH):
        if not isinstance(node, (Array, Qualifier, TypeTag, Typedef)):
            break
        node = graph[node.element if isinstance(node, Array) else node.target]
    return isinstance(node, Forward) and node.mentioned


class SpellingError(ValueError):
    """What is spelled is no type; the message says why."""


class Parser:
    """Makes types of what :class:`Speller` spells, in a graph.

    ``labels`` has the ids of named types: "struct foo", "u64".
    """

    def __init__(self, graph: ListGraph, labels: Mapping[str, TypeId]) -> None:
        self._graph = graph
        self._labels = labels
        self.known: dict[str, TypeId] = {"void": 0, **labels}
        self._tokens: list[str] = []
        self._at = 0
        self._depth = 0

    def parse(self, spelling: str) -> TypeId:
        """The type's id; raises :class:`SpellingError`."""
        found = self.known.get(spelling)
        if found is None:
            found = self.known[spelling] = self._simple(spelling)
        return found

    def _simple(self, spelling: str) -> TypeId:
        """Names with pointers and arrays around them, which most types are, without tokens."""
        match = _SIMPLE.fullmatch(spelling)
        if match is not None and match[1] in self.known:
            type_id = self.known[match[1]]
            for _ in match[2] or "":
                type_id = self._graph.add(Pointer(type_id))
            for count in reversed(match[3][1:-1].split("][") if match[3] else ()):
                type_id = self._graph.add(Array(type_id, _count(count)))
            return type_id
        found = self._function(spelling)
        return self._whole(spelling) if found is None else found

    def _function(self, spelling: str) -> TypeId | None:
        """A function of plain types, which most functions are; None for another."""
        match = _FUNCTION.fullmatch(spelling)
        if match is None:
            return None
        params: list[Param] = []
        texts = match[2].split(", ") if match[2] != "void" else []
        variadic = texts[-1:] == ["..."]
        for text in texts[:-1] if variadic else texts:
            type_id = self.known.get(text)
            if type_id is not None:
                params.append(Param("", type_id))
                continue
            named = _NAMED_PARAM.fullmatch(text)
            if named is None or named[2] in _RESERVED or not self._is_simple(named[1]):
                return None
            params.append(Param(named[2], self.parse(named[1].rstrip())))
        if not self._is_simple(match[1]):
            return None
        return self._graph.add(FuncProto(self.parse(match[1].rstrip()), tuple(params), variadic))

    def _is_simple(self, spelling: str) -> bool:
        """Whether what may have a space behind it is a known name with pointers to it."""
        spelling = spelling.rstrip()
        if spelling in self.known:
            return True
        match = _SIMPLE.fullmatch(spelling)
        return match is not None and match[1] in self.known

    def _whole(self, spelling: str) -> TypeId:
        if len(spelling) > 2 * _MAX_LENGTH:
            raise SpellingError("a type of more characters than any has")
        at, tokens = 0, []
        while at < len(spelling):
            match = _TOKEN.match(spelling, at)
            if match is None:
                raise SpellingError(f"{spelling[:100]!r} is no C type")
            tokens.append(match[1])
            at = match.end()
        self._tokens, self._at, self._depth = [*tokens, ""], 0, 0
        try:
            type_id, name = self._declaration()
        except (SpellingError, ValueError) as error:
            raise SpellingError(f"{spelling[:100]!r}: {error}") from None
        if name or self._tokens[self._at]:
            raise SpellingError(f"{spelling[:100]!r} is no C type")
        return type_id

    def _next(self) -> str:
        token = self._tokens[self._at]
        self._at += bool(token)
        return token

    def _expect(self, token: str) -> None:
        if self._next() != token:
            raise SpellingError(f"{token!r} is missing")

    def _declaration(self) -> tuple[TypeId, str]:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise SpellingError("nests too deep")
        prefixes = self._words()
        type_id = self._base()
        for word in reversed(prefixes):
            type_id = self._wrapped(word, type_id)
        found = self._declarator(type_id)
        self._depth -= 1
        return found

    def _wrapped(self, word: str, target: TypeId) -> TypeId:
        if word in _QUALIFIERS:
            return self._graph.add(Qualifier(word, target))
        kind, _, name = word[:-1].partition("(")
        return self._graph.add(TypeTag(_unescaped(name), target, kind == "__attr"))

    def _base(self) -> TypeId:
        label = self._next()
        if label in _KEYWORDS:
            label = f"{label} {self._next()}"
        elif label in BASE_WORDS:
            while self._tokens[self._at] in BASE_WORDS:
                label = f"{label} {self._next()}"
        if label == "void":
            return 0
        found = self._labels.get(label)
        if found is None:
            raise SpellingError(f"{label!r} is no type of this snapshot")
        return found

    def _declarator(self, type_id: TypeId) -> tuple[TypeId, str]:
        self._depth += 1
        if self._depth > 2 * _MAX_DEPTH:
            raise SpellingError("nests too deep")
        while self._tokens[self._at] == "*":
            self._at += 1
            type_id = self._graph.add(Pointer(type_id))
            for word in self._words():
                type_id = self._wrapped(word, type_id)
        if self._tokens[self._at] == "(" and self._tokens[self._at + 1] == "*":
            inside = self._at + 1
            self._at = self._closing(self._at) + 1
            type_id = self._suffixes(type_id)
            end, self._at = self._at, inside
            found = self._declarator(type_id)
            self._expect(")")
            self._at = end
        else:
            name = ""
            token = self._tokens[self._at]
            if token and (token[0].isalnum() or token[0] in "_%"):
                name = _unescaped(self._next())
            found = self._suffixes(type_id), name
        self._depth -= 1
        return found

    def _closing(self, opening: int) -> int:
        depth = 0
        for at in range(opening, len(self._tokens)):
            depth += (self._tokens[at] == "(") - (self._tokens[at] == ")")
            if not depth:
                return at
        raise SpellingError("')' is missing")

    def _suffixes(self, type_id: TypeId) -> TypeId:
        """Arrays and parameters behind a name: the first is the outermost."""
        suffixes: list[tuple[int | tuple[tuple[Param, ...], bool], list[str]]] = []
        while self._tokens[self._at] in ("[", "("):
            if self._next() == "[":
                count = _count(self._next())
                self._expect("]")
                suffixes.append((count, self._words()))
            else:
                suffixes.append((self._params(), self._words()))
        for suffix, words in reversed(suffixes):
            if isinstance(suffix, int):
                type_id = self._graph.add(Array(type_id, suffix))
            else:
                type_id = self._graph.add(FuncProto(type_id, *suffix))
            for word in words:
                type_id = self._wrapped(word, type_id)
        return type_id

    def _words(self) -> list[str]:
        """Qualifiers and tags in a row."""
        words = []
        while (token := self._tokens[self._at]) in _QUALIFIERS or token.startswith(_TAGS):
            words.append(self._next())
        return words

    def _params(self) -> tuple[tuple[Param, ...], bool]:
        if self._tokens[self._at : self._at + 2] == ["void", ")"]:
            self._at += 2
            return (), False
        params: list[Param] = []
        variadic = False
        while not variadic:
            if self._tokens[self._at] == "...":
                self._at += 1
                variadic = True
            else:
                type_id, name = self._declaration()
                params.append(Param(name, type_id))
            if self._tokens[self._at] == ")":
                break
            self._expect(",")
        self._expect(")")
        return tuple(params), variadic


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise SpellingError(f"{text!r} is no number of elements")
    return int(text)

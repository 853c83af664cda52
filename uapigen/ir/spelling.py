"""How C writes a type: declarators.

A C declaration wraps around the name it declares: ``int (*name[4])(void)``.
So a type is spelled as two halves, what comes before the name and what comes
after it, and both are built from the inside out: a pointer adds ``*`` to the
first half, an array ``[n]`` to the front of the second, and a pointer to an
array or a function needs parentheses around both, because in C the second
half binds tighter than ``*``.

    int                    "int "        ""
    int *                  "int *"       ""
    int[4]                 "int "        "[4]"
    int (*)[4]             "int (*"      ")[4]"
    int (*)(void)          "int (*"      ")(void)"

The halves of a type are made once; a first half ends with a space exactly if
a name must be kept apart from it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TypeAlias

from uapigen.errors import InputError
from uapigen.ir.graph import TypeGraph
from uapigen.ir.types import (
    Array,
    Enum,
    Float,
    Forward,
    Func,
    FuncProto,
    Int,
    Pointer,
    Qualifier,
    Struct,
    Typedef,
    TypeId,
    TypeTag,
    Union,
    Unknown,
    Var,
    Void,
)

__all__ = ["Halves", "Named", "Namer", "Speller", "plain_name"]

Halves: TypeAlias = tuple[str, str]
"""What stands before and after the declared name."""

Named: TypeAlias = Struct | Union | Enum | Forward | Typedef | Int | Float
"""The nodes that a declaration names; all else is built around them."""

Namer: TypeAlias = Callable[[TypeId, Named], str]
"""The whole spelling of a named type: "struct foo", "u64"."""

_NAMED = frozenset({Struct, Union, Enum, Forward, Typedef, Int, Float})
_SUFFIXES = ("(", "[")
_KERNEL_TAGS = frozenset({"user", "rcu", "percpu"})


class Speller:
    """Spells the types of one graph; remembers what it has spelled.

    ``namer`` decides what a named type is called, which is where anonymous
    and duplicate ones get their names; ``type_tags`` says whether ``__user``
    and its like are written.
    """

    def __init__(
        self, graph: TypeGraph, namer: Namer | None = None, *, type_tags: bool = False
    ) -> None:
        self.graph = graph
        self.namer = namer or plain_name
        self.type_tags = type_tags
        self._halves = _Made(self._build)
        self._words = _Words()

    def halves(self, type_id: TypeId) -> Halves:
        """The two halves of a declaration of this type."""
        try:
            return self._halves[type_id]
        except RecursionError:
            # Only a type that contains itself without a struct between, or
            # thousands of pointers to pointers; C can say neither.
            raise self._malformed(type_id, "types nest too deep to be spelled") from None

    def spell(self, type_id: TypeId, name: str = "") -> str:
        """A declaration of ``name``, or without one the type alone ("char[16]")."""
        before, after = self.halves(type_id)
        if name:
            return f"{before}{name}{after}"
        if after.startswith("["):
            return before.rstrip() + after
        return (before + after).rstrip()

    def prototypes(self) -> dict[TypeId, str]:
        """The graph's own prototypes, spelled; without those that need a closer look."""
        halves, word = self._halves, self._words.__getitem__
        plain = _Plain(halves)
        spelled = {}
        for proto, returns, names, types in self.graph.prototypes():
            # A parameter with something behind its name, a malformed one: one by one.
            with suppress(_NotPlainError, InputError, RecursionError):
                before, after = halves[returns]
                listed = ", ".join([plain[t] + name for t, name in zip(types, map(word, names))])  # noqa: B905
                spelled[proto] = f"{before}({listed}){after}"
        return spelled

    def params(self, proto: FuncProto) -> str:
        """The parameter list, without its parentheses."""
        halves, words = self._halves, self._words
        spelled = [f"{(h := halves[t])[0]}{words[name]}{h[1]}" for name, t in proto.params]
        for index, (name, type_id) in enumerate(proto.params):
            if not name:
                spelled[index] = self.spell(type_id)
        if proto.variadic:
            spelled.append("...")
        return ", ".join(spelled) or "void"

    def _malformed(self, type_id: TypeId, problem: str) -> InputError:
        return InputError(self.graph.info.name, f"type {type_id}", problem)

    def _build(self, type_id: TypeId) -> Halves:
        node = self.graph.nodes[type_id]
        kind = type(node)
        halves = self._halves
        if kind is Pointer:
            before, after = halves[node.target]  # type: ignore[union-attr]
            return (f"{before}(*", f"){after}") if after[:1] in _SUFFIXES else (f"{before}*", after)
        if kind in _NAMED:
            return self.namer(type_id, node) + " ", ""  # type: ignore[arg-type]
        match node:
            case FuncProto():
                before, after = halves[node.returns]
                return before, f"({self.params(node)}){after}"
            case Array():
                before, after = halves[node.element]
                return before, f"[{node.nelems}]{after}"
            case Qualifier():
                return self._qualified(node)
            case TypeTag():
                before, after = halves[node.target]
                if not self.type_tags or node.attribute:
                    return before, after
                tag = f"__{node.name}" if node.name in _KERNEL_TAGS else f"/* {node.name} */"
                return f"{before}{tag} ", after
            case Void():
                return "void ", ""
            case Func() | Var():
                raise self._malformed(type_id, f"{node.name} is not a type")
            case Unknown():
                raise self._malformed(type_id, f"has a kind ({node.kind}) that is not known")
            case _:
                raise self._malformed(type_id, f"{kind.__name__} is not a type")

    def _qualified(self, node: Qualifier) -> Halves:
        before, after = self._halves[node.target]
        if before.endswith("*"):  # the pointer itself is qualified
            return f"{before}{node.keyword} ", after
        if before.endswith(("const ", "volatile ", "restrict ")) and "*" in before:
            return f"{before}{node.keyword} ", after
        return f"{node.keyword} {before}", after


class _Made(dict[TypeId, Halves]):
    """Halves by type id, made when first asked for."""

    def __init__(self, make: Callable[[TypeId], Halves]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, type_id: TypeId) -> Halves:
        halves = self[type_id] = self._make(type_id)
        return halves


class _NotPlainError(Exception):
    """A declaration has something behind the name."""


class _Plain(dict[TypeId, str]):
    """What stands before a name of that type, where nothing stands behind it."""

    def __init__(self, halves: _Made) -> None:
        super().__init__()
        self._halves = halves

    def __missing__(self, type_id: TypeId) -> str:
        before, after = self._halves[type_id]
        if after:
            raise _NotPlainError
        self[type_id] = before
        return before


class _Words(dict[str, str]):
    """A parameter's name as one ASCII word; names are untrusted, and Rust's need not be words."""

    def __missing__(self, name: str) -> str:
        word = "".join(c if c.isascii() and c.isalnum() else "_" for c in name)
        if word[:1].isdigit():
            word = f"_{word}"
        self[name] = word
        return word


def plain_name(_type_id: TypeId, node: Named) -> str:
    """The name as C has it; ``struct {...}`` for a type without one."""
    if isinstance(node, Int | Float | Typedef):
        return node.name
    keyword = node.keyword if isinstance(node, Forward) else type(node).__name__.lower()
    return f"{keyword} {node.name}" if node.name else f"{keyword} {{...}}"

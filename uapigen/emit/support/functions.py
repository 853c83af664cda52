"""Functions, prototypes and variables as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .declarators import BASE_WORDS, QUALIFIERS, declarator, matching

TYPE_CHECKING = False  # typing itself takes longer to import than all of this
if TYPE_CHECKING:
    from typing import Any

    from .bindings import Bindings

C_WORDS = {"void", "struct", "union", "enum", *BASE_WORDS, *QUALIFIERS}
NOT_TYPES = {"struct", "union", "enum", *QUALIFIERS}


class Prototype:
    """A function's type as data: C spellings, and when asked the types behind them."""

    def __init__(self, bindings: Bindings, spelling: str, name: str = "") -> None:
        self._bindings = bindings
        self.name = name
        self.spelling = spelling
        opening = params_start(spelling)
        closing = matching(spelling, opening)
        self.returns = (spelling[:opening].rstrip() + spelling[closing + 1 :]).strip()
        listed = split_params(spelling[opening + 1 : closing])
        self.variadic = listed[-1:] == ["..."]
        if listed in (["void"], [""]):
            listed = []
        self.params: tuple[tuple[str, str], ...] = tuple(
            split_param(param) for param in (listed[:-1] if self.variadic else listed)
        )

    @property
    def restype(self) -> Any:
        """The type returned; None for void."""
        return self._bindings.resolve(self.returns)

    @property
    def argtypes(self) -> list[Any]:
        """The parameters' types."""
        return [self._bindings.resolve(spelling) for _, spelling in self.params]

    @property
    def tags(self) -> tuple[str, ...]:
        """Declaration tags, such as ``bpf_kfunc``."""
        return self._bindings.function_tags.get(self.name, ())

    def __str__(self) -> str:
        opening = params_start(self.spelling)
        before = self.spelling[:opening]
        return (
            f"{before}{self.name}{self.spelling[opening:]}"
            if self.name
            else self.spelling
        )

    def __repr__(self) -> str:
        return f"<function {self}>" if self.name else f"<prototype {self}>"

    def __reduce__(self) -> Any:
        return self._bindings.prototype, (self.spelling, self.name)


class Variable:
    """A variable of the source: its type, and where in its section it lies (bytes)."""

    def __init__(self, bindings: Bindings, name: str, facts: tuple[Any, ...]) -> None:
        self._bindings = bindings
        self.name = name
        self.spelling, self.section, self.offset, self.size, self.linkage = facts

    @property
    def type(self) -> Any:
        return self._bindings.resolve(self.spelling)

    def __reduce__(self) -> Any:
        return self._bindings.variables.__getitem__, (self.name,)

    def __repr__(self) -> str:
        return (
            f"<variable {self.spelling} {self.name}, {self.section}+{self.offset:#x}>"
        )


class Entries(Mapping[str, "Any"]):
    """Functions or variables by name."""

    def __init__(self, bindings: Bindings, table: str, make: Any) -> None:
        self._bindings, self._table, self._make = bindings, table, make

    def __getitem__(self, name: str) -> Any:
        found = self._bindings.tables.entry(self._table, name)
        if found is None:
            raise KeyError(name)
        return self._make(self._bindings, name, found)

    def __iter__(self) -> Iterator[str]:
        found: Iterator[str] = self._bindings.tables.names(self._table)
        return found

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"<{len(self)} {self._table} of {self._bindings.module}>"

    def __reduce__(self) -> Any:
        return getattr, (self._bindings, self._table)


def params_start(spelling: str) -> int:
    """Where the parameter list of a function type begins."""
    group = declarator(spelling)
    if group is None:
        return spelling.index("(")
    return spelling.index("(", group[0] + 1)


def split_params(listed: str) -> list[str]:
    """The parameters of a list, split at its own commas."""
    found, depth, start = [], 0, 0
    for at, c in enumerate(listed):
        depth += (c == "(") - (c == ")")
        if c == "," and not depth:
            found.append(listed[start:at].strip())
            start = at + 1
    return [*found, listed[start:].strip()]


def split_param(param: str) -> tuple[str, str]:
    """(name or "", type) of a parameter's declaration."""
    group = declarator(param)
    begin, end = (group[0] + 1, group[1]) if group else (0, len(param))
    core = param[begin:end]
    cut = min(
        (at for at in (core.find("["), core.find("(")) if at >= 0), default=len(core)
    )
    name = trailing_word(core[:cut])
    before = core[: cut - len(name)]
    if not name or name in C_WORDS or not set(before.split()) - NOT_TYPES:
        return "", param
    head = param[:begin] + before
    tail = core[cut:] + param[end:]
    return name, (head if tail.startswith("(") or group else head.rstrip()) + tail


def trailing_word(text: str) -> str:
    """The identifier at the end of a text, or ""."""
    start = len(text)
    while start and (text[start - 1].isalnum() or text[start - 1] == "_"):
        start -= 1
    return "" if text[start : start + 1].isdigit() else text[start:]

"""Where generated facts lie: sorted Python text, compiled a record at a time.

A kernel's tables are megabytes that Python would take seconds to compile as a
whole, so a table is read as text, a record is found by bisection, and only
that record is compiled. Records are sorted by their name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

TYPE_CHECKING = False  # typing itself takes longer to import than all of this
if TYPE_CHECKING:
    from typing import Any


def literal(name: str) -> str:
    """The inside of a Python string literal: ASCII, no quotes, no line breaks.

    Names come from untrusted input; only what this lets through reaches text
    that is compiled.
    """
    if name.isascii() and name.isprintable() and '"' not in name and "\\" not in name:
        return name
    return "".join(map(escaped, name))


def escaped(c: str) -> str:
    """One character of a name, as ``literal`` writes it."""
    if c.isascii() and c.isprintable() and c not in '"\\':
        return c
    code = ord(c)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def unescaped(key: str) -> str:
    """The name that ``literal`` wrote so."""
    if "\\" not in key:
        return key
    name: str = eval(f'"{key}"', {"__builtins__": {}})
    return name


class Text:
    """Records of one form: each begins with ``mark``; its key ends with ``stop``."""

    def __init__(self, load: Callable[[], str], mark: str, stop: str) -> None:
        self._load, self.mark, self.stop = load, mark, stop
        self._text: str | None = None

    @property
    def text(self) -> str:
        if self._text is None:
            self._text = self._load()
        return self._text

    def find(self, key: str) -> str | None:
        """The record of that key, from behind its mark to the next one's; or None."""
        text, mark, stop = self.text, self.mark, self.stop
        low, high = 0, len(text)
        while True:
            # The last record that begins in the lower half, else the first of all.
            at = text.rfind(mark, low, min((low + high) // 2 + len(mark), high))
            if at < 0:
                at = text.find(mark, low, high)
                if at < 0:
                    return None
            begin = at + len(mark)
            end = text.index(stop, begin)
            found = text[begin:end]
            if found == key:
                after = text.find(mark, begin)
                return text[begin : after if after >= 0 else len(text)]
            if found < key:
                low = end
            else:
                high = at

    def __iter__(self) -> Iterator[str]:
        text, mark, stop = self.text, self.mark, self.stop
        at = text.find(mark)
        while at >= 0:
            end = text.index(stop, at + len(mark))
            yield text[at + len(mark) : end]
            at = text.find(mark, end)


def evaluated(source: str) -> Any:
    """The value of a dict's entry, given from behind its key's first quote on."""
    entry = source.rstrip().removesuffix("}")  # the table's own, behind its last
    (found,) = eval(f'{{"{entry}}}', {"__builtins__": {}}).values()
    return found


class Statement:
    """The base of a table's ``class`` statements.

    An instance stands where a class would, so Python hands name, body and
    keywords to this class instead of a metaclass, and gets plain facts back.
    """

    def __new__(
        cls, _name: str, bases: Any, body: dict[str, Any], /, **facts: Any
    ) -> Any:
        if "__doc__" in body:
            facts["doc"] = body["__doc__"]
        return bases[0].kind, body["_members_"], facts


def statement_base(kind: str) -> Any:
    made = object.__new__(Statement)
    made.kind = kind  # type: ignore[attr-defined]
    return made


STATEMENT_BASES = {
    kind: statement_base(kind.lower()) for kind in ("Struct", "Union", "Enum")
}


class Tables:
    """A generated package's facts; each question compiles at most one record."""

    def __init__(self, load: Callable[[str], str]) -> None:
        def classes(name: str) -> Text:
            return Text(lambda: load(name), "\n\n\nclass ", "(")

        def entries(name: str) -> Text:
            return Text(lambda: load(name), '\n    "', '": ')

        self._classes = {"record": classes("records"), "enum": classes("enums")}
        self._entries = {
            name: entries(name)
            for name in (
                "typedefs",
                "constants",
                "functions",
                "variables",
                "operations",
            )
        }

    def statement(self, kind: str, key: str) -> tuple[str, Any, dict[str, Any]] | None:
        """("struct", "union" or "enum"; members; keywords) of a class statement."""
        source = self._classes[kind].find(key)
        if source is None:
            return None
        scope: dict[str, Any] = dict(STATEMENT_BASES)
        exec(
            compile(f"class _({source.partition('(')[2]}", f"<{kind} {key}>", "exec"),
            scope,
        )
        found: tuple[str, Any, dict[str, Any]] = scope["_"]
        return found

    def heading(self, key: str) -> dict[str, Any] | None:
        """An enum's keywords alone, without its constants."""
        source = self._classes["enum"].find(key)
        if source is None:
            return None
        heading = source.partition("(")[2].partition("):\n")[0].partition(",")[2]
        found: dict[str, Any] = eval(
            f"dict({heading})", {"dict": dict, "__builtins__": {}}
        )
        return found

    def entry(self, table: str, name: str) -> Any:
        """The value of a table's entry, or None."""
        source = self._entries[table].find(literal(name))
        if source is None:
            return None
        return evaluated(source)

    def names(self, table: str) -> Iterator[str]:
        """The names in a table, in its order."""
        return (unescaped(key) for key in self._entries[table])

    def has(self, kind: str, key: str) -> bool:
        """Whether there is a struct or union ("record"), or an enum, of that key."""
        return self._classes[kind].find(key) is not None

    def keys(self, kind: str) -> Iterator[str]:
        """The keys of all structs and unions ("record") or enums ("enum"), sorted."""
        return iter(self._classes[kind])

    def tags(self, kind: str) -> Iterator[tuple[str, str]]:
        """(``struct``, ``union`` or ``enum``; key) of all of these, sorted by key."""
        for key in self._classes[kind]:
            heading = (self._classes[kind].find(key) or "")[len(key) + 1 :].lstrip()
            yield heading[: min(heading.find(","), 6)].lower(), key


Struct, Union, Enum = (
    STATEMENT_BASES.values()
)  # for a table that is imported as a module

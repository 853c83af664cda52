"""What types are called in a stub's one namespace, and which names a stub can say."""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection, Container, Iterable
from functools import cached_property
from itertools import filterfalse

from uapigen.ir.naming import KEYWORDS
from uapigen.ir.types import Enum
from uapigen.layout.plan import Plan

__all__ = ["API", "OPS", "StubNames", "is_free", "uncommon", "unsayable"]

# What names consist of is seen at once of all of them.
_WORD = bytes([byte for byte in range(128) if chr(byte).isalnum() or chr(byte) == "_"])
_COMMON = re.compile(r"[A-Za-z]\w*", re.ASCII)
_KEYWORDS = frozenset(keyword.kwlist)
OPS = "ops"
"""The module or attribute with the interfaces of operation tables."""
# A package's own names; a C name that is one of them is reached by ctype() alone.
API = {
    "__abi__": "Abi",
    "ctype": "Ctype",
    "asdict": "Asdict",
    "flexible": "Flexible",
    "functions": "Functions",
    "variables": "Variables",
}


class StubNames:
    """Names in a stub's one namespace: typedefs first, then records, enums, constants."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.records: dict[str, str] = {}
        self.enums: dict[str, str] = {}
        class_of, failed, keys = plan.keys.class_of, plan.failed, plan.keys.of
        typedefs = plan.typedefs_called(set(keys.values()))
        taken = {*filter(str.isidentifier, typedefs), *API, OPS}
        for type_id, key in keys.items():
            if type_id in failed:
                continue
            found = class_of[type_id]
            names = self.enums if found is Enum else self.records
            name = key
            if key in taken:
                word = KEYWORDS[found]
                if typedefs.get(key) != f"{word} {key}":
                    name = f"{word}_{key}"
            names[key] = name
            taken.add(name)

    @property
    def typedefs(self) -> dict[str, str]:
        return self._plan.typedefs

    @cached_property
    def taken(self) -> set[str]:
        """All names so far."""
        typedefs = filter(str.isidentifier, self.typedefs)
        return {*typedefs, *API, OPS, *self.records.values(), *self.enums.values()}


def uncommon(names: Collection[str]) -> Iterable[str]:
    """Those that may be no plain word, or a keyword: all but those that are seen to be plain."""
    text = "".join(names)
    if not text.isascii() or text.encode().translate(None, _WORD):
        odd = [name for name in names if not _COMMON.fullmatch(name)]
    else:
        others = filterfalse("a".__le__, names)  # than those that start with a small letter
        odd = [name for name in others if name[:1] <= "9" or name[0] == "_"]
    return [*odd, *_KEYWORDS.intersection(names)]


def unsayable(names: Collection[str]) -> set[str]:
    """Those names that a stub cannot say at all: ``is_free`` for many at once."""
    return {name for name in uncommon(names) if not is_free(name, ())}


def is_free(name: str, taken: Container[str]) -> bool:
    """Whether a stub can say the name: a word, not Python's own (``__doc__``), not taken."""
    return (
        name.isidentifier()
        and not keyword.iskeyword(name)
        and not (name[:2] == "__" == name[-2:])
        and name not in taken
    )

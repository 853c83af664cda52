"""What C headers say beside types: constants, macros, comments, and which file says what.

A header front end makes a :class:`Unit`: one header, read for one target with
all that it includes. BTF has none of this.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from uapigen.ir.graph import TypeGraph
from uapigen.ir.types import TypeId

__all__ = [
    "Constant",
    "Doc",
    "HeaderFile",
    "MacroFunction",
    "Omission",
    "Unit",
    "Value",
    "file_digest",
]

Value: TypeAlias = int | float | str | bytes
"""What a constant is in Python; a C string that is not UTF-8 is ``bytes``."""


class Constant(NamedTuple):
    """A macro without parameters whose value is known; enumerators are in their enums."""

    name: str
    value: Value
    c_type: str
    """The expression's type as C spells it ("unsigned int"), "char *" for a string."""
    header: str
    """Path of the file that defines it: a key of :attr:`Unit.files`."""


class MacroFunction(NamedTuple):
    """A function-like macro, or a static inline function, that is one expression."""

    name: str
    params: tuple[str, ...]
    """Names; the last is ``*name`` for a variadic macro's."""
    c_text: str
    """What C has: for the docstring."""
    expression: str
    """The same in Python, over the names of ``emit/support/cvalues.py`` and the parameters."""
    header: str


class Omission(NamedTuple):
    """Something that a header defines and the output lacks."""

    name: str
    kind: str
    """``macro``, ``function-like macro``, ``struct``, ``union``, ``enum``, ``typedef``,
    ``function``, ``variable`` or ``header``."""
    header: str
    reason: str


class Doc(NamedTuple):
    """A documentation comment: its text, and what it says of each member or parameter."""

    text: str
    members: dict[str, str]


class HeaderFile(NamedTuple):
    """A file of a unit."""

    path: str
    module: str
    """Its path below its include directory, as C includes it: ``linux/fuse.h``."""
    includes: tuple[str, ...]
    """Paths of what it includes itself, in order."""
    system: bool
    """Belongs to the C library or the compiler: only what others need of it is emitted."""
    sha256: str = ""
    """Of the file's content, where the file itself is not at hand."""


@dataclass
class Unit:
    """One header, read for one target."""

    graph: TypeGraph
    header: str
    """The header's path: a key of ``files``."""
    files: dict[str, HeaderFile]
    """By path: the header and what it includes, directly or not."""
    owners: dict[TypeId, str]
    """Path of the file that defines a struct, union, enum, typedef or function."""
    constants: list[Constant] = field(default_factory=list)
    macros: list[MacroFunction] = field(default_factory=list)
    omissions: list[Omission] = field(default_factory=list)
    docs: dict[TypeId, Doc] = field(default_factory=dict)
    constant_docs: dict[str, str] = field(default_factory=dict)
    prerequisites: tuple[str, ...] = ()
    """What had to be included first, as C includes it (``sys/socket.h``)."""
    ioctl_arguments: dict[str, str] = field(default_factory=dict)
    """By the name of an ioctl number, C's spelling of the type that it is made for; "" for none."""
    type_aliases: dict[str, str] = field(default_factory=dict)
    """By the name of a macro, C's spelling of the type that it stands for; an omission as well."""


def file_digest(file: HeaderFile) -> str:
    """A header's SHA-256, in hex."""
    if file.sha256:
        return file.sha256
    from hashlib import sha256

    with open(file.path, "rb") as opened:
        return sha256(opened.read()).hexdigest()

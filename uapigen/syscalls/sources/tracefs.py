"""Prototypes from a live kernel's tracefs: ``events/syscalls/sys_enter_*/format``.

The kernel makes these events of ``SYSCALL_DEFINE``: a field for each parameter, with the
type's text and the name (``kernel/trace/trace_syscalls.c``). They are those of the running
kernel's own ABI; compat entries and those without ``SYSCALL_DEFINE`` have none.
"""

from __future__ import annotations

import functools
import os
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from uapigen.errors import InputError, SystemRefusalError
from uapigen.ir.syscalls import SyscallParam
from uapigen.syscalls.prototypes import Params, Prototypes, c_type

__all__ = ["Event", "Field", "parse_format", "prototypes"]

_ENTER = "sys_enter_"
_NUMBER_FIELD = "__syscall_nr"
"""The last field before the parameters; those before it are every event's."""
_COPIED = "__data_loc "
"""Behind the parameters, newer kernels have copies of what pointers point to."""


class Field(NamedTuple):
    """A field of an event's record; offset and size are bytes."""

    declaration: str
    byte_offset: int
    byte_size: int
    signed: bool


class Event(NamedTuple):
    """An event, as its format file says it."""

    name: str
    id: int
    fields: tuple[Field, ...]
    print_format: str


def parse_format(text: str, source: str) -> Event:
    """Parse a whole format file; ``source`` is its name in messages.

    Raises :class:`InputError` for text that the grammar (``format.lark``) does not have.
    """
    from lark.exceptions import UnexpectedInput

    try:
        tree = _parser().parse(text)
    except UnexpectedInput as error:
        raise InputError(source, f"line {error.line}", "is no trace event's format") from None
    name, event_id, *groups, print_format = tree.children
    fields = tuple(
        Field(str(declaration).strip(), int(offset), int(size), signed == "1")
        for group in groups
        for declaration, offset, size, signed in (field.children for field in group.children)
    )
    return Event(str(name), int(event_id), fields, str(print_format).strip())


@functools.cache
def _parser() -> Any:
    from lark import Lark  # slow to import

    grammar = files(__package__).joinpath("format.lark").read_text("utf-8")
    return Lark(grammar, parser="lalr")


def prototypes(directory: str | os.PathLike[str], release: str = "") -> Prototypes:
    """The prototypes of a mounted tracefs (``/sys/kernel/tracing``).

    ``release`` is the kernel's; the running one's if not given. Raises
    :class:`SystemRefusalError` where the events cannot be read, :class:`InputError` where one is
    malformed.
    """
    events = Path(directory, "events", "syscalls")
    found: dict[str, Params] = {}
    try:
        for path in sorted(events.iterdir()):
            if path.name.startswith(_ENTER):
                entry = "sys_" + path.name.removeprefix(_ENTER)
                file = path / "format"
                found[entry] = _params(parse_format(file.read_text("utf-8"), str(file)), str(file))
    except OSError as error:
        raise SystemRefusalError(f"{events}: {error.strerror or error}") from None
    return Prototypes(f"tracefs {release or os.uname().release}", found)


def _params(event: Event, source: str) -> Params:
    declarations = [field.declaration for field in event.fields]
    number = next((i for i, d in enumerate(declarations) if d.endswith(f" {_NUMBER_FIELD}")), None)
    if number is None:
        raise InputError(source, "", f"has no field {_NUMBER_FIELD}")
    found = []
    for declaration in declarations[number + 1 :]:
        if declaration.startswith(_COPIED):
            break
        kind, _, name = declaration.rpartition(" ")
        found.append(SyscallParam(name, c_type(kind)))
    return tuple(found)

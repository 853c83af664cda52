"""Prototypes from a live kernel's tracefs: ``events/syscalls/sys_enter_*/format``.

The kernel makes these events of ``SYSCALL_DEFINE``: a field for each parameter, with the
type's text and the name (``kernel/trace/trace_syscalls.c``). They are those of the running
kernel's own ABI; compat entries and those without ``SYSCALL_DEFINE`` have none.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from uapigen.errors import InputError, SystemRefusalError
from uapigen.syscalls.prototypes import Params, Prototypes, params
from uapigen.syscalls.sources.grammars import parse, read_text

__all__ = ["Event", "Field", "parse_format", "prototypes"]

_FORM = "a trace event's format: name, ID, fields, print fmt"
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

    Raises :class:`InputError` for text that ``format.lark`` does not have.
    """
    name, event_id, *groups, print_format = parse("format.lark", text, source, _FORM)
    fields = tuple(
        Field(str(declaration).strip(), int(offset), int(size), signed == "1")
        for group in groups
        for declaration, offset, size, signed in (field.children for field in group.children)
    )
    return Event(str(name), int(event_id), fields, str(print_format).strip())


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
                file = str(path / "format")
                found[entry] = _params(parse_format(read_text(file), file), file)
    except OSError as error:
        raise SystemRefusalError(f"{events}: {error.strerror or error}") from None
    return Prototypes(f"tracefs {release or os.uname().release}", found)


def _params(event: Event, source: str) -> Params:
    declarations = [field.declaration for field in event.fields]
    number = next((i for i, d in enumerate(declarations) if d.endswith(f" {_NUMBER_FIELD}")), None)
    if number is None:
        raise InputError(source, "", f"has no field {_NUMBER_FIELD}")
    pairs = []
    for declaration in declarations[number + 1 :]:
        if declaration.startswith(_COPIED):
            break
        kind, _, name = declaration.rpartition(" ")
        pairs.append((kind, name))
    try:
        return params(pairs)
    except InputError as error:
        raise InputError(source, "", error.problem) from None

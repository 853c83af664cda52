"""Every error uapigen raises on purpose, in one hierarchy.

Each class knows the exit code the command line gives it, so that the mapping
is said once, here:

====  =====================================================
code  meaning
====  =====================================================
1     it ran, and the answer is no (a diff, a failed check)
2     the command line or an option is wrong
3     an input is malformed or unsupported
4     the system refused (permission, space, missing file)
====  =====================================================
"""

from __future__ import annotations

__all__ = [
    "BuildError",
    "InputError",
    "LayoutError",
    "NotFoundError",
    "SystemRefusalError",
    "UapigenError",
    "UsageError",
    "ValidationError",
]


class UapigenError(Exception):
    """Base of all errors that uapigen raises on purpose."""

    exit_code = 3


class InputError(UapigenError):
    """An input is malformed or unsupported.

    ``source`` is the file's name as the user gave it, ``place`` where in it
    ("type 17", "byte 0x40", "string section"; may be empty), ``problem`` what
    is wrong there. The message is one line: ``source: place: problem``.
    """

    def __init__(self, source: str, place: str, problem: str) -> None:
        self.source = source
        self.place = place
        self.problem = problem
        super().__init__(": ".join(part for part in (source, place, problem) if part))

    def __reduce__(self) -> tuple[type[InputError], tuple[str, str, str]]:
        return type(self), (self.source, self.place, self.problem)  # from one process to another


class LayoutError(InputError):
    """A single type cannot be laid out as its source says; only it is lost."""


class UsageError(UapigenError):
    """The command line, or an argument of the Python API, makes no sense."""

    exit_code = 2


class NotFoundError(UapigenError, KeyError):
    """A type, function or variable was asked for that the source lacks."""

    exit_code = 1

    def __str__(self) -> str:  # KeyError would print the repr
        return str(self.args[0])


class SystemRefusalError(UapigenError):
    """The operating system refused: permission, space, no such file."""

    exit_code = 4


class ValidationError(UapigenError):
    """A ctypes class written by hand differs from the source.

    ``differences`` has one sentence for each field that differs.
    """

    exit_code = 1

    def __init__(self, spelling: str, differences: list[str]) -> None:
        self.spelling = spelling
        self.differences = differences
        super().__init__(f"{spelling}: " + "; ".join(differences))


class BuildError(UapigenError):
    """Bindings that a project lists could not be made; the message is what the run said."""

    def __init__(self, name: str, message: str, exit_code: int) -> None:
        self.name = name
        self.exit_code = exit_code
        lines = [line.removeprefix("uapigen: ") for line in message.strip().splitlines()]
        super().__init__(f"{name}: {lines[-1] if lines else f'exit code {exit_code}'}")

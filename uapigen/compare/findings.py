"""The result of a comparison: what every report format is made of.

A :class:`Comparison` has :class:`Finding`\\ s, each of which is *one* change at
its root. What follows from it is not another finding but lies below it: other
members of the same type that moved, its size (:attr:`Finding.effects`), and
other types that embed it (:attr:`Finding.reached`). A report that wants two
layouts beside each other asks :meth:`Comparison.layouts`.

Names come from untrusted input: a report escapes them as its format needs.
Units: bit offsets count from the start of the subject, sizes are in bits where
the name says so; a byte offset is ``bit_offset // 8``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, NamedTuple

__all__ = [
    "Change",
    "Comparison",
    "Fact",
    "Finding",
    "Layout",
    "Reached",
    "Row",
    "Severity",
    "Side",
    "Suppression",
]


class Severity(IntEnum):
    """How much a change matters, ascending; ``label`` is how reports write it."""

    NONE = 0
    COMPATIBLE = 1
    SOURCE_BREAK = 2
    """What was compiled goes on working; what is compiled anew may not compile."""
    BINARY_BREAK = 3

    @property
    def label(self) -> str:
        """``none``, ``compatible``, ``source break`` or ``binary break``."""
        return self.name.lower().replace("_", " ")

    @classmethod
    def of_label(cls, label: str) -> Severity:
        """The severity of that label; raises KeyError."""
        return cls[label.upper().replace(" ", "_")]


class Fact(NamedTuple):
    """One side of a change: what one source says there."""

    text: str
    """As a person reads it: a C declaration (``unsigned int flags:4``), a number, a type."""
    bit_offset: int | None = None
    """Of a member, from the start of the subject."""
    bit_size: int | None = None
    """Of a member or a type; a bitfield's width."""
    value: int | float | str | None = None
    """Of an enumerator, a constant, a syscall; size or alignment in bytes; a parameter's number;
    the path of a member that has another one on the other side."""

    def as_json(self) -> dict[str, Any]:
        """The fact as JSON has it: without what does not apply."""
        return {name: value for name, value in self._asdict().items() if value is not None}


class Change(NamedTuple):
    """One fact that differs."""

    kind: str
    """A key of :data:`uapigen.compare.kinds.KINDS`, whose ``title`` says what it means."""
    subject: str
    """What changed, as C spells it: ``struct task_struct``, ``enum pid_type``, ``vfs_read``."""
    place: str
    """Where in it: a member's path (``u.pid``), an enumerator, a parameter; "" for itself."""
    before: Fact | None
    """None for what was added."""
    after: Fact | None
    """None for what was removed."""
    severity: Severity = Severity.NONE
    """Of this change alone, under the policy."""

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "subject": self.subject,
            "place": self.place,
            "before": self.before.as_json() if self.before else None,
            "after": self.after.as_json() if self.after else None,
            "severity": self.severity.label,
        }


class Reached(NamedTuple):
    """Another type that a change reaches, because it embeds the subject by value.

    Also an ioctl whose number changed with the size of its argument.
    """

    subject: str
    via: str
    """The type between: the one that ``subject`` embeds itself."""
    changes: tuple[Change, ...]
    """What differs there; it would not, but for the root."""

    def as_json(self) -> dict[str, Any]:
        return {
            "subject": self.subject,
            "via": self.via,
            "changes": [change.as_json() for change in self.changes],
        }


class Suppression(NamedTuple):
    """An entry of a policy file that takes a finding out of the verdict, not out of the report."""

    reason: str
    expires: str = ""
    """The last day on which it holds, ``2027-01-31``; "" for no end."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One change at its root, all that follows from it, and the verdict."""

    change: Change
    """The root. Its severity is that of its own kind."""
    severity: Severity
    """The worst of the root, its effects and what it reaches."""
    reason: str = ""
    """A sentence, where the kind alone does not say why: "consumes the reserved field pad"."""
    effects: tuple[Change, ...] = ()
    """What else changed in the subject because of it: members that moved, its size."""
    reached: tuple[Reached, ...] = ()
    """Other types, nearest first."""
    suppression: Suppression | None = None
    """Why it does not count, if it does not."""

    @property
    def kind(self) -> str:
        return self.change.kind

    @property
    def subject(self) -> str:
        return self.change.subject

    @property
    def place(self) -> str:
        return self.change.place

    @property
    def before(self) -> Fact | None:
        return self.change.before

    @property
    def after(self) -> Fact | None:
        return self.change.after

    @property
    def counts(self) -> bool:
        """Whether the verdict depends on it: it is not suppressed."""
        return self.suppression is None

    def changes(self) -> Iterable[Change]:
        """The root and all that follows from it."""
        yield self.change
        yield from self.effects
        for reached in self.reached:
            yield from reached.changes

    def as_json(self) -> dict[str, Any]:
        """As the JSON report has it."""
        return {
            **self.change.as_json(),
            "severity": self.severity.label,
            "own_severity": self.change.severity.label,
            "reason": self.reason,
            "effects": [change.as_json() for change in self.effects],
            "reached": [reached.as_json() for reached in self.reached],
            "suppressed": self.suppression._asdict() if self.suppression else None,
        }


class Row(NamedTuple):
    """A member in a layout as it is drawn; the parts of anonymous members follow them."""

    path: str
    """As C reaches it from the outer type: ``u.pid``; "" for an anonymous member.

    The same as the ``place`` of changes that are about it.
    """
    text: str
    """Its declaration: ``unsigned int flags:4``; ``union {...}`` for an anonymous one."""
    level: int
    """0 for the type's own members, 1 for members of anonymous ones in it, and so on."""
    bit_offset: int
    """From the start of the outer type."""
    bit_size: int
    """0 for flexible arrays."""
    group: bool
    """Whether its parts follow as rows of the next level; a drawing shows these instead."""


class Layout(NamedTuple):
    """A struct or union of one source, member by member, in memory order."""

    spelling: str
    byte_size: int
    byte_align: int
    packed: bool
    rows: tuple[Row, ...]


class Side(NamedTuple):
    """One of the two sources."""

    name: str
    """As the user gave it; several are joined by " and "."""
    arch: str
    release: str = ""
    """Kernel release, where known."""
    big_endian: bool = False
    pointer_size: int = 8
    """In bytes."""


Layouts = Callable[[str], tuple[Layout | None, Layout | None]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that a report says."""

    old: Side
    new: Side
    policy: str
    """``kernel``, ``uapi``, ``source``, or the name of a policy file."""
    findings: tuple[Finding, ...]
    """Worst first; suppressed ones last; then by subject and place."""
    compared: dict[str, int] = field(default_factory=dict)
    """How many of each sort both sources have: ``{"structs and unions": 9000, ...}``."""
    notes: tuple[str, ...] = ()
    """What a reader must know beside the findings: different architectures, what was left out."""
    layouts: Layouts = lambda _: (None, None)
    """The two layouts of a struct or union by its spelling; None for a side that lacks it."""

    @property
    def worst(self) -> Severity:
        """The verdict: the worst finding that is not suppressed."""
        return max((f.severity for f in self.findings if f.counts), default=Severity.NONE)

    def count(self, severity: Severity) -> int:
        """Findings of that severity that are not suppressed."""
        return sum(f.severity == severity for f in self.findings if f.counts)

    @property
    def suppressed(self) -> int:
        return sum(not f.counts for f in self.findings)

    def as_json(self) -> dict[str, Any]:
        """The whole comparison for programs; docs/diff.md describes it."""
        return {
            "format": 1,
            "old": self.old._asdict(),
            "new": self.new._asdict(),
            "policy": self.policy,
            "verdict": self.worst.label,
            "counts": {
                **{s.label: self.count(s) for s in reversed(Severity)},
                "suppressed": self.suppressed,
            },
            "compared": self.compared,
            "notes": list(self.notes),
            "findings": [finding.as_json() for finding in self.findings],
        }

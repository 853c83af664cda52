"""Each change once: what embeds a type that changed is listed below the change.

    struct a { int x; long new; };      a member was added: the root
    struct b { struct a a; int y; };    reached: y moved, the size grew
    struct c { struct b b[2]; };        reached, by way of struct b

Only embedding by value carries a change on. A pointer to ``struct a`` has the size that it had,
and a typedef of it is another name for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from uapigen.compare.causes import Cause, RecordChanges, Root
from uapigen.compare.findings import Change, Finding, Reached, Severity
from uapigen.compare.policy import Policy

__all__ = ["Roots"]

_MAX_WAY = 100
"""Types in each other; a kernel's deepest has 32."""


class Roots:
    """Collects the changes of all subjects, then finds the root of each.

    ``explain`` says why a name was found to be a cause, though nothing that changed has
    it: by the name of what it embeds, or by a root for a base type or a type that
    was not compared.
    """

    def __init__(self, explain: Callable[[str], Cause]) -> None:
        self._explain = explain
        self._records: dict[str, RecordChanges] = {}
        self._roots: dict[str, list[Root]] = {}
        self._reached: dict[int, list[tuple[int, Reached]]] = {}

    def add(self, subject: str, roots: Iterable[Root]) -> None:
        """Changes of a subject that nothing else is the cause of."""
        self._roots.setdefault(subject, []).extend(roots)

    def add_record(self, changes: RecordChanges) -> None:
        """What differs between two versions of a record."""
        if changes.roots or changes.embedded:
            self._records[changes.subject] = changes
            self.add(changes.subject, changes.roots)

    def size_root(self, subject: str) -> Root | None:
        """The root of a record's change of size, if its size changed."""
        changes = self._records.get(subject)
        if changes is None or changes.size_cause is None:
            return None
        return self._origin(changes.size_cause)[0]

    def reach(self, root: Root, reached: Reached, way: int = 1) -> None:
        """Note that a change reaches something else."""
        self._reached.setdefault(id(root), []).append((way, reached))

    def link(self) -> None:
        """Follow every embedding to its root; once, when all is collected."""
        for changes in list(self._records.values()):
            for cause, follows in changes.embedded.items():
                root, way = self._origin(cause)
                self.reach(root, Reached(changes.subject, cause, tuple(follows)), way)

    def _origin(self, cause: Cause) -> tuple[Root, int]:
        """(root, number of embeddings on the way to it)."""
        way = 0
        while isinstance(cause, str):
            way += 1
            changes = self._records.get(cause)
            if changes is None or way > _MAX_WAY:
                roots = self._roots.get(cause)
                if roots:
                    return roots[0], way
                explained = self._explain(cause) if way <= _MAX_WAY else Root(_unknown(cause))
                if isinstance(explained, Root):
                    self._roots[cause] = [explained]
                cause = explained
                continue
            following = changes.size_cause or changes.align_cause
            if following is None:
                following = next(iter(changes.roots), None) or next(iter(changes.embedded))
            cause = following
        return cause, way

    def findings(self, policy: Policy) -> tuple[list[Finding], list[str]]:
        """(judged findings, worst first; subjects of suppressions that were for nothing)."""
        unused = {id(rule): rule for rule in policy.suppressions}
        found = []
        for roots in self._roots.values():
            for root in roots:
                finding, rule = self._finding(root, policy)
                if rule is not None:
                    unused.pop(id(rule), None)
                found.append(finding)
        found.sort(key=_order)
        return found, [rule.subject for rule in unused.values()]

    def _finding(self, root: Root, policy: Policy) -> tuple[Finding, object]:
        def judged(change: Change) -> Change:
            return change._replace(severity=policy.severity(change.kind))

        change = judged(root.change)
        effects = tuple(map(judged, root.effects))
        listed = self._reached.get(id(root), ())
        reached = tuple(
            one._replace(changes=tuple(map(judged, one.changes)))
            for _, one in sorted(listed, key=lambda item: (item[0], item[1].subject))
        )
        follows = [*effects, *(inner for one in reached for inner in one.changes)]
        severity = max((c.severity for c in follows), default=Severity.NONE)
        rule = policy.suppression(change)
        suppression = rule.suppression if rule else None
        severity = max(severity, change.severity)
        return Finding(change, severity, root.reason, effects, reached, suppression), rule


def _unknown(cause: str) -> Change:
    """For types that embed each other without end, which malformed sources have."""
    return Change("base-type-changed", cause, "", None, None)


def _order(finding: Finding) -> tuple[bool, int, str, int, str, str]:
    fact = finding.before or finding.after
    offset = fact.bit_offset if fact and fact.bit_offset is not None else -1
    return (
        not finding.counts,
        -finding.severity,
        finding.subject,
        offset,
        finding.place,
        finding.kind,
    )

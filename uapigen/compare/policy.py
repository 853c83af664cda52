"""How much a change matters to whom: the built-in policies, and policy files.

A policy file is TOML. It extends a built-in policy with severities of its own,
names of reserved members and versioned types, and suppressions::

    extends = "uapi"

    [severity]
    "member-renamed" = "compatible"

    [conventions]
    reserved = ["mbz*"]
    versioned = ["struct my_args"]

    [[suppress]]
    subject = "struct foo"
    kind = "member-*"
    place = "scratch"
    reason = "never left the laboratory"
    expires = 2027-01-31

All mistakes in it raise :class:`~uapigen.errors.UsageError`: a policy that is not
understood must not judge.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timezone
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import Any, NamedTuple

from uapigen.compare.conventions import Conventions
from uapigen.compare.findings import Change, Severity, Suppression
from uapigen.compare.kinds import BUILT_IN, KINDS
from uapigen.errors import SystemRefusalError, UsageError

__all__ = ["Policy", "SuppressionRule", "load_policy", "sized_arguments"]

_SIZE_PARAMETERS = frozenset({"size", "usize"})


class SuppressionRule(NamedTuple):
    """Which findings a suppression is for: globs over what they are about."""

    subject: str
    kind: str
    place: str
    suppression: Suppression

    def matches(self, change: Change) -> bool:
        return (
            fnmatchcase(change.subject, self.subject)
            and fnmatchcase(change.kind, self.kind)
            and fnmatchcase(change.place, self.place)
        )


@dataclass(frozen=True)
class Policy:
    """Severities by kind of change, conventions, suppressions."""

    name: str
    severities: Mapping[str, Severity]
    conventions: Conventions = field(default_factory=Conventions)
    suppressions: tuple[SuppressionRule, ...] = ()

    def severity(self, kind: str) -> Severity:
        """Of a kind of change by itself."""
        return self.severities[kind]

    def suppression(self, change: Change) -> SuppressionRule | None:
        """The first rule that takes a finding with this root out of the verdict."""
        return next((rule for rule in self.suppressions if rule.matches(change)), None)


def load_policy(given: str, *, arch: str = "", today: date | None = None) -> Policy:
    """A built-in policy by its name, or one from a TOML file.

    ``arch`` is whose syscalls say which types are passed with their size; ``today`` (UTC)
    is what suppressions expire by. Raises :class:`UsageError` for a policy that is not
    there, a key that is unknown, and a suppression without a reason or past its day.
    """
    conventions = Conventions(sized_arguments=_once(lambda: sized_arguments(arch)))
    if given in BUILT_IN:
        return Policy(given, _severities(given), conventions)
    if not given.endswith(".toml"):
        names = ", ".join(BUILT_IN)
        raise UsageError(f"--policy {given}: is neither {names} nor a .toml file")
    return _read(given, conventions, today or datetime.now(timezone.utc).date())


def sized_arguments(arch: str) -> frozenset[str]:
    """Types that a syscall of an architecture takes together with their size.

    A pointer to one is followed by a parameter called ``size`` or ``usize``, as
    ``copy_struct_from_user`` wants it (``clone3``, ``openat2``, ``bpf``).
    """
    if not arch:
        return frozenset()
    from uapigen.syscalls.join import syscall_table

    found = set()
    for syscall in syscall_table(arch).syscalls:
        params = syscall.params or ()
        for param, size in pairwise(params):
            words = param.c_type.replace("*", " ").split()
            if size.name in _SIZE_PARAMETERS and "*" in param.c_type:
                spelling = " ".join(word for word in words if word != "const")
                found.add(spelling)
    return frozenset(found)


def _once(make: Callable[[], Collection[str]]) -> Callable[[], Collection[str]]:
    made: list[Collection[str]] = []

    def get() -> Collection[str]:
        if not made:
            made.append(make())
        return made[0]

    return get


def _severities(name: str) -> dict[str, Severity]:
    return {kind: getattr(facts, name) for kind, facts in KINDS.items()}


# Policy files

_KEYS = ("extends", "severity", "conventions", "suppress")
_CONVENTIONS = ("reserved", "versioned")
_SUPPRESS = ("subject", "kind", "place", "reason", "expires")
_LABELS = tuple(severity.label for severity in Severity)


def _read(path: str, conventions: Conventions, today: date) -> Policy:
    import tomllib

    try:
        with open(path, "rb") as file:
            said = tomllib.load(file)
    except OSError as error:
        raise SystemRefusalError(f"{path}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: is no TOML: {error}") from None
    _check_keys(path, "", said, _KEYS)
    extends = said.get("extends")
    if extends not in BUILT_IN:
        raise UsageError(f"{path}: extends must be one of {', '.join(BUILT_IN)}, not {extends!r}")
    severities = _severities(extends)
    for kind, label in _table(path, said, "severity").items():
        if kind not in KINDS:
            raise UsageError(f"{path}: severity: no kind of change is called {kind!r}{_like(kind)}")
        if label not in _LABELS:
            raise UsageError(f"{path}: severity.{kind}: {label!r} is none of {', '.join(_LABELS)}")
        severities[kind] = Severity.of_label(label)
    told = _table(path, said, "conventions")
    _check_keys(path, "conventions", told, _CONVENTIONS)
    for key, patterns in told.items():
        if not isinstance(patterns, list) or not all(isinstance(p, str) for p in patterns):
            raise UsageError(f"{path}: conventions.{key}: must be a list of patterns")
    conventions = replace(conventions, **told)
    rules = said.get("suppress", [])
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise UsageError(f"{path}: suppress: must be tables, [[suppress]]")
    return Policy(
        path,
        severities,
        conventions,
        tuple(_rule(f"{path}: suppress {i}", rule, today) for i, rule in enumerate(rules, 1)),
    )


def _table(path: str, said: dict[str, Any], key: str) -> dict[str, Any]:
    found = said.get(key, {})
    if not isinstance(found, dict):
        raise UsageError(f"{path}: {key}: must be a table")
    return found


def _check_keys(path: str, place: str, said: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in said:
        if key not in known:
            where = f"{path}: {place}" if place else path
            raise UsageError(f"{where}: unknown key {key!r}; known are {', '.join(known)}")


def _rule(where: str, said: dict[str, Any], today: date) -> SuppressionRule:
    _check_keys(where, "", said, _SUPPRESS)
    for key in ("subject", "kind", "place", "reason"):
        if not isinstance(said.get(key, ""), str):
            raise UsageError(f"{where}: {key}: must be text")
    subject, reason = said.get("subject", ""), said.get("reason", "")
    if not subject:
        raise UsageError(f"{where}: has no subject; what is it about?")
    if not reason.strip():
        raise UsageError(f"{where}: {subject}: has no reason")
    kind = said.get("kind", "*")
    if not any(fnmatchcase(known, kind) for known in KINDS):
        raise UsageError(f"{where}: no kind of change is called {kind!r}{_like(kind)}")
    expires = said.get("expires")
    if expires is not None:
        if isinstance(expires, datetime) or not isinstance(expires, date):
            raise UsageError(f"{where}: {subject}: expires: must be a date, as 2027-01-31")
        if expires < today:
            raise UsageError(f"{where}: {subject}: expired on {expires}")
    suppression = Suppression(reason, expires.isoformat() if expires else "")
    return SuppressionRule(subject, kind, said.get("place", "*"), suppression)


def _like(kind: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(kind, KINDS, 1)
    return f"; did you mean {close[0]!r}?" if close else ""

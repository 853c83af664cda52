"""Policies: the built-in ones, files, and what is wrong with files."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from conftest import Uapigen

from uapigen.compare.findings import Change, Severity
from uapigen.compare.kinds import BUILT_IN, KINDS
from uapigen.compare.policy import load_policy, sized_arguments
from uapigen.errors import UsageError

TODAY = date(2026, 6, 1)

WRONG = [
    ('extend = "uapi"', "unknown key 'extend'; known are extends"),
    ('extends = "abi"', "extends must be one of kernel, uapi, source, not 'abi'"),
    ("", "extends must be one of"),
    ("extends = uapi", "is no TOML"),
    ('extends = "uapi"\nseverity = 3', "severity: must be a table"),
    (
        'extends = "uapi"\n[severity]\n"member-rename" = "none"',
        "no kind of change is called 'member-rename'; did you mean 'member-renamed'?",
    ),
    (
        'extends = "uapi"\n[severity]\n"member-renamed" = "fine"',
        "severity.member-renamed: 'fine' is none of none, compatible, source break, binary break",
    ),
    ('extends = "uapi"\n[conventions]\nspare = []', "conventions: unknown key 'spare'"),
    ('extends = "uapi"\n[conventions]\nreserved = "x"', "must be a list of patterns"),
    ('extends = "uapi"\nsuppress = 1', "suppress: must be tables"),
    ('extends = "uapi"\n[[suppress]]\nreason = "x"', "suppress 1: has no subject"),
    ('extends = "uapi"\n[[suppress]]\nsubject = "x"', "suppress 1: x: has no reason"),
    ('extends = "uapi"\n[[suppress]]\nsubject = "x"\nreason = " "', "x: has no reason"),
    (
        'extends = "uapi"\n[[suppress]]\nsubject = "x"\nreason = "y"\nexpires = 2026-05-31',
        "x: expired on 2026-05-31",
    ),
    (
        'extends = "uapi"\n[[suppress]]\nsubject = "x"\nreason = "y"\nexpires = "soon"',
        "expires: must be a date",
    ),
    (
        'extends = "uapi"\n[[suppress]]\nsubject = "x"\nreason = "y"\nkind = "membr-*"',
        "no kind of change is called 'membr-*'",
    ),
    ('extends = "uapi"\n[[suppress]]\nsubject = "x"\nwhy = "y"', "unknown key 'why'"),
]


@pytest.mark.parametrize(("text", "sentence"), WRONG)
def test_a_policy_that_is_not_understood_does_not_judge(
    tmp_path: Path, text: str, sentence: str
) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as error:
        load_policy(str(path), today=TODAY)
    assert sentence in str(error.value)
    assert str(error.value).startswith(str(path))


def test_a_policy_file_changes_severities_of_the_one_it_extends(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text('extends = "uapi"\n[severity]\n"member-renamed" = "none"\n')
    policy = load_policy(str(path))
    assert policy.severity("member-renamed") is Severity.NONE
    uapi = load_policy("uapi")
    others = set(KINDS) - {"member-renamed"}
    assert all(policy.severity(kind) is uapi.severity(kind) for kind in others)


def test_a_suppression_holds_on_its_last_day(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(
        'extends = "uapi"\n[[suppress]]\nsubject = "struct a*"\nkind = "member-*"\n'
        'reason = "y"\nexpires = 2026-06-01\n'
    )
    policy = load_policy(str(path), today=TODAY)
    assert policy.suppression(Change("member-moved", "struct ab", "x", None, None))
    assert not policy.suppression(Change("size-grown", "struct ab", "", None, None))
    assert not policy.suppression(Change("member-moved", "struct b", "x", None, None))


def test_source_never_breaks_binaries_and_every_severity_is_used() -> None:
    assert all(kind.source < Severity.BINARY_BREAK for kind in KINDS.values())
    for policy in BUILT_IN[:2]:
        assert {getattr(kind, policy) for kind in KINDS.values()} == set(Severity)


def test_types_passed_with_their_size_are_known_from_the_syscalls() -> None:
    found = sized_arguments("x86_64")
    assert {"struct clone_args", "struct open_how", "union bpf_attr"} <= found
    assert "struct sigaction" not in found  # sigsetsize is another thing's size


def test_an_unknown_policy_is_named(uapigen: Uapigen, tmp_path: Path) -> None:
    done = uapigen("diff", "a.o", "b.o", "--policy", "strict", exit_code=2, cwd=tmp_path)
    assert "--policy strict: is neither kernel, uapi, source nor a .toml file" in done.stderr
    uapigen("check", "a.o", "--policy", "gone.toml", exit_code=4, cwd=tmp_path)

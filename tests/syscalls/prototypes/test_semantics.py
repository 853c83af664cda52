"""Directions and results: the tables speak of calls that there are, and leave out none."""

from __future__ import annotations

import functools

import pytest

from uapigen.ir.syscalls import Syscall
from uapigen.syscalls import semantics
from uapigen.syscalls.abis import ABIS
from uapigen.syscalls.join import syscall_table
from uapigen.syscalls.prototypes import params

# Addresses, and what depends on the request.
UNDIRECTED = {("shmat", "shmaddr"), ("shmdt", "shmaddr"), ("io_uring_register", "arg")}


@functools.cache
def calls() -> dict[str, list[Syscall]]:
    found: dict[str, list[Syscall]] = {}
    for abi in ABIS:
        for call in syscall_table(abi).syscalls:
            found.setdefault(call.name, []).append(call)
    return found


def patterns() -> list[tuple[str, str]]:
    return [(name, one) for name, several in semantics._directions().items() for one in several]


@pytest.mark.parametrize(("name", "pattern"), patterns())
def test_pattern_is_of_a_call_that_there_is(name: str, pattern: str) -> None:
    """Each letter stands on a pointer, and is not that of a pointer to const."""
    assert set(pattern) <= set("iox-")
    candidates = [
        call.params for call in calls()[name] if call.params and len(call.params) == len(pattern)
    ]
    fitting = [found for found in candidates if semantics._fits(pattern, found)]
    assert fitting
    wanted = {"i": "in", "o": "out", "x": "inout"}
    assert any(
        all(
            letter == "-" or param.direction == wanted[letter]
            for letter, param in zip(pattern, found, strict=True)
        )
        for found in fitting
    )


def test_every_pointer_of_this_machines_kind_has_a_direction() -> None:
    undirected = {
        (call.name, param.name)
        for call in syscall_table("x86_64").syscalls
        for param in call.params or ()
        if "*" in param.c_type and not param.direction
    }
    assert undirected == UNDIRECTED


def test_results_are_of_calls_that_there_are() -> None:
    assert semantics._results().keys() <= calls().keys()


@pytest.mark.parametrize(
    ("c_type", "direction"),
    [
        ("const char *", "in"),
        ("const char *const *", "in"),
        ("const void *const", "in"),
        ("const void **", ""),
        ("char *", ""),
        ("const int", ""),
        ("char *const", ""),
    ],
)
def test_pointer_to_const_is_in(c_type: str, direction: str) -> None:
    (param,) = semantics.directed("ioctl", params([(c_type, "a")]))
    assert param.direction == direction

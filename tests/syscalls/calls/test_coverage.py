"""How much of the table the tests here really call."""

from __future__ import annotations

import ast
from pathlib import Path

from uapigen.syscalls.sources.package import numbers

WITHOUT_A_WRAPPER = {
    "cachestat",
    "clone3",
    "close_range",
    "futex_waitv",
    "io_uring_setup",
    "keyctl",
    "landlock_add_rule",
    "landlock_create_ruleset",
    "landlock_restrict_self",
    "memfd_secret",
    "mount_setattr",
    "openat2",
    "pidfd_open",
    "process_madvise",
    "statmount",
}


def called() -> dict[str, set[str]]:
    """Names of calls that a test makes -> "right" and, by ``error_of``, "wrong"."""
    found: dict[str, set[str]] = {}
    for path in Path(__file__).parent.glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            functions = [(node.func, "right")]
            if isinstance(node.func, ast.Name) and node.func.id == "error_of":
                functions = [(node.args[0], "wrong")]
            for function, how in functions:
                match function:
                    case ast.Attribute(value=ast.Name(id="calls"), attr=name):
                        found.setdefault(name, set()).add(how)
    return found


def test_many_different_calls_are_made() -> None:
    found = called()
    assert found.keys() <= numbers("x86_64").keys()
    assert len([name for name, how in found.items() if "right" in how]) >= 120
    assert len([name for name, how in found.items() if "wrong" in how]) >= 60
    for name in WITHOUT_A_WRAPPER:
        assert found[name] == {"right", "wrong"}, name

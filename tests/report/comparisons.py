"""Comparisons made by hand, and one with names that a stranger chose."""

from __future__ import annotations

from uapigen.compare.findings import (
    Change,
    Comparison,
    Fact,
    Finding,
    Layout,
    Reached,
    Row,
    Severity,
    Side,
    Suppression,
)

HOSTILE = "struct a`|<script>alert(1)</script>\n::error::\x1b[31m]]>\"'&%,é\ufffe"


def member(text: str, bit_offset: int, bit_size: int) -> Fact:
    return Fact(text, bit_offset=bit_offset, bit_size=bit_size)


def thing(grown: bool) -> Layout:
    """``int id; [long more;] unsigned low:3, high:5; union { int r; short s; }; char big[300];``"""
    at = 128 if grown else 32
    more = [Row("more", "long more", 0, 64, 64, False)] if grown else []
    rows = [
        Row("id", "int id", 0, 0, 32, False),
        *more,
        Row("low", "unsigned int low:3", 0, at, 3, False),
        Row("high", "unsigned int high:5", 0, at + 3, 5, False),
        Row("", "union {...}", 0, at + 32, 32, True),
        Row("r", "int r", 1, at + 32, 32, False),
        Row("s", "short s", 1, at + 32, 16, False),
        Row("big", "char big[300]", 0, at + 64, 2400, False),
        Row("tail", "long tail[]", 0, at + 64 + 2400, 0, False),
    ]
    return Layout("struct thing", 324 if grown else 312, 8, False, tuple(rows))


GROWN = Finding(
    Change("member-inserted", "struct thing", "more", None, member("long more", 64, 64),
           Severity.BINARY_BREAK),
    Severity.BINARY_BREAK,
    effects=(
        Change("member-moved", "struct thing", "big", member("char big[300]", 96, 2400),
               member("char big[300]", 192, 2400), Severity.BINARY_BREAK),
        Change("size-grown", "struct thing", "", Fact("312 bytes", bit_size=2496, value=312),
               Fact("324 bytes", bit_size=2592, value=324), Severity.COMPATIBLE),
    ),
    reached=(
        Reached("struct user", "struct thing", (
            Change("member-moved", "struct user", "z", member("int z", 2496, 32),
                   member("int z", 2592, 32), Severity.BINARY_BREAK),)),
    ),
)  # fmt: skip
RENAMED = Finding(
    Change("member-renamed", "struct other", "b", member("int a", 32, 32), member("int b", 32, 32),
           Severity.SOURCE_BREAK),
    Severity.SOURCE_BREAK,
)  # fmt: skip
ADDED = Finding(
    Change("function-added", "new_call", "", None, Fact("int new_call(void)"), Severity.COMPATIBLE),
    Severity.COMPATIBLE,
)
SUPPRESSED = Finding(
    Change("enumerator-removed", "enum e", "GONE", Fact("GONE = 3", value=3), None,
           Severity.BINARY_BREAK),
    Severity.BINARY_BREAK,
    suppression=Suppression("nobody has it | nor will", "2031-02-28"),
)  # fmt: skip
STRANGE = Finding(
    Change("member-retyped", HOSTILE, HOSTILE, member(HOSTILE, 0, 32),
           member(HOSTILE + "2", 0, 32), Severity.BINARY_BREAK),
    Severity.BINARY_BREAK,
    reason=HOSTILE,
    reached=(Reached(HOSTILE, HOSTILE, ()),),
    suppression=None,
)  # fmt: skip


def compared(*findings: Finding) -> Comparison:
    """A comparison with these findings; ``struct thing`` has layouts."""
    return Comparison(
        Side("golden/abi.json", "x86_64", "6.1.0"),
        Side("/sys/kernel/btf/vmlinux", "x86_64", "6.18.0"),
        "kernel",
        findings,
        {"structs and unions": 12, "functions": 3},
        ("a note",),
        lambda subject: (thing(False), thing(True)) if subject == "struct thing" else (None, None),
    )


ALL = compared(GROWN, RENAMED, ADDED, SUPPRESSED)

"""The oracle itself, on headers so small that their answers are known without a compiler."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from . import allowed
from .answers import Answers, ask_about
from .compare import module_of
from .run import Tally, hold_against
from .targets import TARGETS, Header

SMALL = """
#ifndef SMALL_H
#define SMALL_H
#include <linux/types.h>

#define SMALL_VERSION 0x80000000
#define SMALL_MASK (~0ULL)
#define SMALL_MINUS -1
#define SMALL_LETTER '\\n'
#define SMALL_OCTAL 0644
#define SMALL_HALF 0.5
#define SMALL_NAME "sm" "all"
#define SMALL_LENGTH (sizeof(SMALL_NAME) - 1)
#define SMALL_EMPTY ""
#define SMALL_POINTER ((void *)-1)
#define SMALL_TYPE struct small
#define SMALL_INITIALISER { 1, 2 }
#define SMALL_OPEN (
#define SMALL_AFTER_OPEN 3
#define SMALL_COMMAND _IOWR('s', 7, struct small)
#define SMALL_ELSEWHERE _IOR('s', 8, struct fuse_in_header)
#define SMALL_NOWHERE _IOR('s', 9, struct nothing_at_all)
#define SMALL_ALIGN(len) (((len) + 7U) & ~7U)
#define SMALL_COUNT(type) (64 / sizeof(type))
#define SMALL_BIT(n) (1 << (n))
#define SMALL_COUNT_TWICE(kind, n) (n * SMALL_COUNT(kind))
#define SMALL_LOOP(x) do { (void)(x); } while (0)
#undef SMALL_GONE
static __inline__ __attribute__((__const__)) __u16 small_half(__u16 x) { return x / 2; }
static inline long small_less(int a, int b) { int c = a - b; return c; }
static inline int small_read(const int *at) { return *at; }
static inline const char *small_text(int x) { return x ? "one" : "none"; }
static inline int small_opaque(int x) { __asm__("" : "+r"(x)); return x; }

enum small_kind { SMALL_A, SMALL_B = -2, SMALL_C = 0x7fffffff };
enum { SMALL_LARGE = 0xffffffffu };

struct small {
	__u8 first;
	__u64 wide;
	__u32 low:3, :5, high:7;
	union {
		__u16 part;
		struct { char inner; long last; };
	};
	struct { int x, y; } points[2];
	__u16 flexible[];
};
struct small_packed { __u8 a; __u32 b; } __attribute__((packed));
typedef struct { char c; } __attribute__((aligned(4))) small_t;
typedef __u16 small_id;
#endif
"""

QUICK = ("x86_64", "i386", "s390x", "mipsel")

INTEGERS = {
    "SMALL_VERSION": 0x80000000,
    "SMALL_MASK": 2**64 - 1,
    "SMALL_MINUS": -1,
    "SMALL_LETTER": 10,
    "SMALL_OCTAL": 420,
    "SMALL_LENGTH": 5,
    "SMALL_AFTER_OPEN": 3,
}
# Alignment of 64-bit integers, size of long: what the layout of struct small depends on
MODELS = {"i386": (4, 4), "arm": (8, 4), "mipsel": (8, 4)}

# How directions are encoded differs on mips and powerpc.
READ_WRITE = {"mipsel": 6, "ppc64le": 6}
DIRECTION_SHIFT = {"mipsel": 29, "ppc64le": 29}
READ = {"mipsel": 2, "ppc64le": 2}


def ask(arch: str, text: str, directory: Path, *options: str) -> Answers:
    """gcc's answers about a header of that text."""
    target = TARGETS[arch]
    if not shutil.which(target.gcc):
        pytest.skip(f"needs {target.gcc}")
    path = directory / "small.h"
    path.write_text(text, encoding="utf-8")
    target = replace(target, options=(*target.options, *options, "-I", str(directory)))
    return ask_about(target, Header(path.name, str(path)), directory)


def expected_record(arch: str) -> dict[str, Any]:
    """struct small by the rules of C, member by member."""
    wide_align, long_size = MODELS.get(arch, (8, 8))
    wide = wide_align
    bits = wide + 8
    union = bits + 4  # the bitfields take 15 bits of a word, and the union aligns to a long
    union = -(-union // long_size) * long_size
    points = union + 2 * long_size
    end = points + 16
    size = -(-end // wide_align) * wide_align
    members = {
        "first": (0, 1),
        "wide": (wide, 8),
        "part": (union, 2),
        "inner": (union, 1),
        "last": (union + long_size, long_size),
        "points": (points, 16),
        "points.x": (points, 4),
        "points.y": (points + 4, 4),
        "flexible": (end, 0),
    }
    bitfields = {"low": (8 * bits, 3), "high": (8 * bits + 8, 7)}
    return {"size": size, "align": wide_align, "members": members, "bitfields": bitfields}


@pytest.mark.parametrize(
    "arch", [pytest.param(a, marks=[] if a in QUICK else pytest.mark.slow) for a in TARGETS]
)
def test_answers_of_a_small_header_are_known(arch: str, tmp_path: Path) -> None:
    answers = ask(arch, SMALL, tmp_path)
    record = expected_record(arch)
    assert answers["failure"] is None
    assert answers["context"] == ("small.h",)
    assert answers["records"] == {
        "struct small": record,
        "struct small_packed": {
            "size": 5,
            "align": 1,
            "members": {"a": (0, 1), "b": (1, 4)},
            "bitfields": {},
        },
        "small_t": {"size": 4, "align": 4, "members": {"c": (0, 1)}, "bitfields": {}},
    }
    assert answers["typedefs"] == {"small_t": 4, "small_id": 2}
    assert answers["enums"] == [
        ("enum small_kind", {"SMALL_A": 0, "SMALL_B": -2, "SMALL_C": 0x7FFFFFFF}),
        ("", {"SMALL_LARGE": 0xFFFFFFFF}),
    ]
    shift = DIRECTION_SHIFT.get(arch, 30)
    both, read = READ_WRITE.get(arch, 3), READ.get(arch, 2)
    integers = {
        **INTEGERS,
        "SMALL_COMMAND": both << shift | record["size"] << 16 | ord("s") << 8 | 7,
        "SMALL_ELSEWHERE": read << shift | 40 << 16 | ord("s") << 8 | 8,
    }
    assert answers["integers"] == integers
    assert answers["ioctls"] == {
        "SMALL_COMMAND": (both, ord("s"), 7, record["size"]),
        "SMALL_ELSEWHERE": (read, ord("s"), 8, 40),
    }
    assert answers["borrowed"] == {"SMALL_ELSEWHERE": ("linux/fuse.h",)}
    assert answers["reals"] == {"SMALL_HALF": 0.5}
    word = 2**32 if arch in MODELS else 2**64
    assert answers["addresses"] == {"SMALL_POINTER": word - 1}
    assert answers["strings"] == {"SMALL_NAME": "small", "SMALL_EMPTY": ""}
    assert sorted(answers["others"]) == [
        "SMALL_INITIALISER",
        "SMALL_NOWHERE",
        "SMALL_OPEN",
        "SMALL_TYPE",
    ]
    calls = answers["calls"]
    assert sorted(calls) == ["SMALL_ALIGN", "SMALL_BIT", "SMALL_COUNT", "SMALL_COUNT_TWICE"]
    assert [arguments for arguments, _ in calls["SMALL_BIT"]] == [(0,), (1,), (7,)]
    assert all(isinstance(arguments[0], str) for arguments, _ in calls["SMALL_COUNT_TWICE"])
    assert ((0x12345678,), 0x12345678) in calls["SMALL_ALIGN"]
    assert ((-1,), 0) in calls["SMALL_ALIGN"]
    assert (("unsigned long long",), 8) in calls["SMALL_COUNT"]
    inline = answers["inline_calls"]
    assert sorted(inline) == ["small_half", "small_less"]
    assert ((0x12345678,), 0x5678 // 2) in inline["small_half"]
    assert ((1, 2), -1) in inline["small_less"]


def test_a_header_that_no_context_helps_is_a_failure(tmp_path: Path) -> None:
    answers = ask("x86_64", "struct lone { nothing_at_all x; };\n", tmp_path)
    assert answers["failure"] is not None
    assert "nothing_at_all" in answers["failure"]


def test_a_header_that_gcc_finds_elsewhere_is_a_failure(tmp_path: Path) -> None:
    first = tmp_path / "first"
    first.mkdir()
    (first / "small.h").write_text("struct lone { int x; };\n", encoding="utf-8")
    text = "struct lone { char x; };\n"
    answers = ask("x86_64", text, tmp_path, "-I", str(first))
    assert answers["failure"] == "is another file than gcc finds by that name"
    assert answers["records"] == {}


def test_a_prerequisite_is_found(tmp_path: Path) -> None:
    answers = ask("x86_64", "struct lone { struct sockaddr address; };\n", tmp_path)
    assert answers["context"] == ("sys/socket.h", "small.h")
    assert answers["records"]["struct lone"]["size"] == 16


def test_macro_that_spoils_its_neighbours_leaves_them_alone(tmp_path: Path) -> None:
    spoilers = ["}", "{", ")", "(", "; int x", "do {", "} while (0)", "struct {", "= 5 }, {", "["]
    lines = [f"#define BAD_{n} {text}\n#define GOOD_{n} {n}" for n, text in enumerate(spoilers)]
    answers = ask("x86_64", "\n".join([*lines, ""]), tmp_path)
    assert answers["integers"] == {f"GOOD_{n}": n for n in range(len(spoilers))}
    assert len(answers["others"]) == len(spoilers)


# Comparing

BY_HAND = """
import ctypes as c, enum
class Bits:
    def __init__(self, bit_offset, bit_width):
        self.offset, self.bit_offset, self.bit_width = bit_offset // 32 * 4, bit_offset, bit_width
class Pair(c.Structure):
    _fields_ = [("a", c.c_uint8), ("b", c.c_uint32), ("_bits", c.c_uint32)]
    low = Bits(64, 3)
class Kind(enum.IntEnum):
    ZERO, ONE = 0, 1
class Number(int):
    dir, type, nr, size = 2, ord("s"), 7, 12
types = {"struct pair": Pair, "enum kind": Kind, "pair_t": Pair, "int": c.c_int}
def ctype(spelling):
    return types[spelling]
ZERO, ONE, VERSION, NAME, HALF = 0, 1, 7, "pair", 0.5
COMMAND = Number(0x800c7307)
def ALIGN(len):
    return (len + 3) & ~3
def SIZE(type):
    return c.sizeof(type)
def twice(x):
    return 2 * x
"""
GIVEN: dict[str, Any] = {
    "header": "linux/pair.h",
    "path": "/usr/include/linux/pair.h",
    "context": [],
    "failure": None,
    "records": {
        "struct pair": {
            "size": 12,
            "align": 4,
            "members": {"a": [0, 1], "b": [4, 4]},
            "bitfields": {"low": [64, 3]},
        }
    },
    "enums": [["enum kind", {"ZERO": 0, "ONE": 1}]],
    "typedefs": {"pair_t": 12},
    "integers": {"VERSION": 7, "COMMAND": 0x800C7307},
    "ioctls": {"COMMAND": [2, 115, 7, 12]},
    "reals": {"HALF": 0.5},
    "addresses": {},
    "strings": {"NAME": "pair"},
    "calls": {"ALIGN": [[[5], 8]], "SIZE": [[["int"], 4]]},
    "inline_calls": {"twice": [[[4], 8]]},
    "others": {"TYPE": "expected expression"},
    "borrowed": {},
}


def compare(directory: Path, bindings: str, missing: list[dict[str, str]] | None = None) -> Tally:
    """What the comparer finds when bindings of that text are held against GIVEN."""
    module, report = directory / "pair.py", directory / "report.json"
    module.write_text(bindings, encoding="utf-8")
    report.write_text(json.dumps({"missing": missing or []}), encoding="utf-8")
    return hold_against(module, [GIVEN], report, directory)  # type: ignore[list-item]


def test_bindings_that_agree_are_right_in_every_category(tmp_path: Path) -> None:
    tally = compare(tmp_path, BY_HAND)
    assert tally.faults() == {}
    assert tally.right == {
        "records": 1,
        "typedefs": 1,
        "enumerators": 2,
        "integers": 1,
        "ioctls": 1,
        "ioctl parts": 1,
        "reals": 1,
        "strings": 1,
        "calls": 2,
        "inline calls": 1,
        "no constants": 1,
    }


@pytest.mark.parametrize(
    ("was", "becomes", "sentence"),
    [
        ("c.c_uint8)", "c.c_uint8), ('more', c.c_uint64)", "size 24, in C 12"),
        ("    _fields_", "    _pack_ = 1\n    _fields_", "alignment 1, in C 4"),
        ('("b", c.c_uint32)', '("c", c.c_uint32)', "b: no member b"),
        ('("b", c.c_uint32)', '("b", c.c_uint16)', "b: offset and size [2, 2], in C [4, 4]"),
        ("Bits(64, 3)", "Bits(67, 3)", "low: bit offset and width [67, 3], in C [64, 3]"),
        ("low = Bits", "lower = Bits", "low: no member low"),
        ("ZERO, ONE = 0, 1\nclass", "ZERO, ONE = 0, 2\nclass", "ONE: 1 is not among the values"),
        ("HALF = 0, 1, 7", "HALF = 0, 3, 7", "ONE: 3, in C 1"),
        ("0, 1, 7,", "0, 1, 8,", "VERSION: 8, in C 7"),
        ("0, 1, 7,", "0, 1, '7',", "VERSION: '7', in C 7"),
        ('"pair", 0.5', '"pear", 0.5', "NAME: 'pear', in C 'pair'"),
        ('"pair", 0.5', '"pair", 0.25', "HALF: 0.25, in C 0.5"),
        ("Number(0x800c7307)", "Number(0x800c7308)", "COMMAND: 2148299528, in C 2148299527"),
        ("Number(0x800c7307)", "0x800c7307", "dir, type, nr and size [None, None, None, None]"),
        ("7, 12\n", "7, 13\n", "dir, type, nr and size [2, 115, 7, 13], in C [2, 115, 7, 12]"),
        ("(len + 3)", "(len + 7)", "ALIGN(5) is 12, in C 8"),
        ("return c.sizeof(type)", "return type.size", "SIZE(int) raises AttributeError"),
        ("2 * x", "3 * x", "twice(4) is 12, in C 8"),
        ("def SIZE", "TYPE = 3\ndef SIZE", "TYPE: 3, in C no constant"),
        ("def ALIGN(len):", "def align(len):", "ALIGN: module 'pair' has no attribute 'ALIGN'"),
        ('"struct pair": Pair, ', "", "records: linux/pair.h: struct pair: 'struct pair'"),
    ],
)
def test_a_planted_fault_is_told(was: str, becomes: str, sentence: str, tmp_path: Path) -> None:
    assert BY_HAND.count(was) == 1
    faults = compare(tmp_path, BY_HAND.replace(was, becomes)).faults()
    told = [f"{category}: {line}" for category, lines in faults.items() for line in lines]
    assert any(sentence in line for line in told), told


def test_only_what_the_report_gives_an_accepted_reason_for_may_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(allowed, "ACCEPTED", (("calls", "calls a function.*", "for this test"),))
    bindings = BY_HAND.replace("def ALIGN", "def align")
    path = "/usr/include/linux/pair.h"

    def faults(**reported: str) -> list[str]:
        missing = [{"kind": "function-like macro", **reported}]
        return compare(tmp_path, bindings, missing).faults().get("calls", [])

    assert faults(name="ALIGN", header=path, reason="calls a function, f()") == []
    assert "calls no function" in faults(name="ALIGN", header=path, reason="calls no function")[0]
    other = path.replace("pair", "chair")
    assert "silent" in faults(name="ALIGN", header=other, reason="calls a function")[0]
    assert "silent" in faults(name="ALIGN2", header=path, reason="calls a function")[0]


@pytest.mark.parametrize(("category", "pattern", "why"), allowed.ACCEPTED)
def test_accepted_reasons_are_of_a_category_and_explained(
    category: str, pattern: str, why: str
) -> None:
    reason = pattern.replace(".*", " (loop)").replace(r"\w+", "x")
    assert allowed.is_allowed({"category": category, "reason": reason})
    assert not allowed.is_allowed({"category": category, "reason": "because"})
    assert not allowed.is_allowed({"category": category, "reason": None})
    assert category in ("calls", "inline calls")  # nothing else may be missing at all
    assert why


@pytest.mark.parametrize(
    ("header", "module"),
    [
        ("linux/fuse.h", "linux.fuse"),
        ("linux/in.h", "linux.in_"),
        ("linux/a.out.h", "linux.a_out"),
        ("linux/usb/cdc-wdm.h", "linux.usb.cdc_wdm"),
    ],
)
def test_modules_mirror_headers(header: str, module: str) -> None:
    assert module_of(header) == module

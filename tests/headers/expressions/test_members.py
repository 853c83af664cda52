"""Macros that read members and elements, from generated bindings, beside gcc's answers."""

from __future__ import annotations

import ctypes
import importlib.util
import random
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.headers.expressions.tools import ask_gcc

HEADER = r"""
#ifndef SAMPLE_H
#define SAMPLE_H
enum colour { RED, GREEN = 0x7fffffff };
struct inner { signed char tone; unsigned short words[3]; };
struct sample {
    unsigned char small;
    signed char sign;
    short half;
    unsigned int flags;
    int low : 3;
    unsigned int high : 5;
    unsigned int full : 32;
    unsigned long long wide;
    long far;
    enum colour colour;
    char name[8];
    unsigned char raw[4];
    struct inner inner;
    struct inner many[2];
    union { unsigned int as_int; float as_float; };
    int from;
    _Bool yes;
    void *next;
};
#define SMALL_INVERTED(p) (~(p)->small)
#define SIGN(p) ((p)->sign >> 1)
#define HALVES(p) ((p)->half * 2 - (p)->half / 2)
#define FLAG(p, n) (((p)->flags >> (n)) & 1)
#define LOW(p) ((p)->low - 1)
#define LOW_BELOW(p) ((p)->low < 1u)
#define HIGH(p) (-(p)->high)
#define FULL(p) (-(p)->full)
#define WIDE(p) ((p)->wide << 4)
#define FAR(p) (-(p)->far)
#define COLOURED(p) ((p)->colour == GREEN)
#define COLOUR_SIGN(p) ((p)->colour - 1 < 0)
#define NAME(p, i) ((p)->name[i] + 1)
#define RAW16(p) ((p)->raw[0] << 8 | (p)->raw[1])
#define TONE(p) ((p)->inner.tone * 3)
#define WORD(p, i) (~(p)->inner.words[i])
#define MANY(p, i, j) ((p)->many[i].words[j])
#define AS_INT(p) ((p)->as_int + 1)
#define FROM(p) ((p)->from)
#define YES(p) (~(p)->yes)
#define NEXT_SET(p) ((p)->next != 0)
#define SIZES(p) (sizeof(*(p)) * 1000 + sizeof((p)->inner) * 10 + sizeof((p)->name))
#define LENGTH(p) (sizeof((p)->many) / sizeof((p)->many[0]))
#define DOT(s) ((s).flags ^ (s).inner.words[0])
#define SWAP(p) __builtin_bswap32((p)->flags)
static inline unsigned short checksum(const struct sample *sample, int from)
{
    /* a comment; with a semicolon */
    if (from < 0)
        return -1;
    return sample->flags + sample->inner.tone + from;
}
static inline long scaled(unsigned char by) { return by * -2l; }
#endif
"""
CALLS = [
    *(
        f"{name}({{p}})"
        for name in [
            "SMALL_INVERTED",
            "SIGN",
            "HALVES",
            "LOW",
            "LOW_BELOW",
            "HIGH",
            "FULL",
            "WIDE",
            "FAR",
            "COLOURED",
            "COLOUR_SIGN",
            "RAW16",
            "TONE",
            "AS_INT",
            "FROM",
            "YES",
            "NEXT_SET",
            "SIZES",
            "LENGTH",
            "SWAP",
        ]
    ),
    "FLAG({p}, 0)",
    "FLAG({p}, 31)",
    "NAME({p}, 0)",
    "NAME({p}, 7)",
    "WORD({p}, 2)",
    "MANY({p}, 1, 2)",
    "DOT({s})",
    "checksum({p}, 70000)",
    "checksum({p}, -1)",
    "scaled(300)",
]

Bindings = Callable[[Path], ModuleType]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory, uapigen: Any) -> tuple[Path, ModuleType]:
    """The header, and its bindings as a module."""
    pytest.importorskip("clang", reason="needs libclang")
    folder = tmp_path_factory.mktemp("members")
    header = folder / "sample.h"
    header.write_text(HEADER)
    uapigen(header, "-o", folder / "sample.py", "--arch", "x86_64")
    spec = importlib.util.spec_from_file_location("sample", folder / "sample.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return header, module


@pytest.mark.parametrize("seed", range(8))
def test_members_have_gccs_types_and_values(
    sample: tuple[Path, ModuleType], tmp_path: Path, needs: Any, seed: int
) -> None:
    needs("gcc")
    header, module = sample
    size = ctypes.sizeof(module.sample)
    source = random.Random(seed)
    data = bytes(
        source.choice((0, 1, 0x7F, 0x80, 0xFF, source.randrange(256))) for _ in range(size)
    )
    value = module.sample.from_buffer_copy(data)
    value.yes = seed % 2
    before = f'#include "{header}"\nstatic const unsigned char data[] = {{'
    before += ",".join(map(str, bytes(value))) + "};\n"
    before += "static struct sample *p = (struct sample *)data;\n#define s (*p)\n"
    texts = [call.format(p="p", s="s") for call in CALLS]
    theirs = ask_gcc(texts, tmp_path, before)
    scope = {"p": value, "s": value}
    for text, answer in zip(texts, theirs, strict=True):
        name = text.partition("(")[0]
        found = eval(text, scope | {name: getattr(module, name)})
        assert answer is not None, text
        assert found == answer[0], f"{text}: {found} here, {answer} by gcc"


def test_a_pointer_in_bindings_stands_for_what_it_points_to(
    sample: tuple[Path, ModuleType],
) -> None:
    _, module = sample
    value = module.sample(flags=6, next=None)
    assert module.FLAG(ctypes.pointer(value), 1) == 1
    assert module.NEXT_SET(value) == 0
    value.next = value
    assert module.NEXT_SET(value) == 1

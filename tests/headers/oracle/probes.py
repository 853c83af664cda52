"""Questions about macros and alignments as data that gcc lays out, and their answers out of it.

Each question is one line of C, a variable in a section of its own, so that what gcc does not
accept is known by the line of its error and left out the next time.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from .dwarf import Entry, entries
from .elf import read_sections
from .gcc import Failure, compile_object
from .targets import Target

__all__ = ["Answer", "Asked", "ContextError", "Key", "Question", "ask"]

_STRIDE = 64
_NUMBERS, _STRINGS = ".uapi_numbers", ".uapi_strings"
_INTEGER, _POINTER, _REAL = (
    1,
    5,
    8,
)  # of __builtin_classify_type; characters, enums and booleans promote to it

_PREAMBLE = f"""
struct __attribute__((packed, aligned({_STRIDE}))) uapi_number {{
	unsigned index;
	int kind;
	unsigned negative, is_address;
	unsigned dir, type, nr, size;
	unsigned long long value;
	double real;
}};
#define uapi_choose(x, kind, other) \\
	__builtin_choose_expr(__builtin_classify_type(x) == kind, x, other)
#define uapi_address(x) (unsigned long)__builtin_choose_expr( \\
	__builtin_classify_type(x) == 5 && !uapi_is_text(x), x, 0)
#define uapi_number(number, x, d, t, n, s) \\
	__attribute__((section("{_NUMBERS}"), used)) \\
	static const struct uapi_number uapi_number_##number = {{ \\
		number, __builtin_classify_type(x), \\
		(__typeof__(uapi_choose(x, 1, 0)))-1 < 0, \\
		__builtin_constant_p(uapi_address(x)), d, t, n, s, \\
		uapi_choose(x, 1, __builtin_choose_expr( \\
			__builtin_constant_p(uapi_address(x)), uapi_address(x), 0)), \\
		uapi_choose(x, 8, 0.0) }}
#define uapi_is_text(x) __builtin_types_compatible_p(__typeof__(x), char[sizeof(x)])
#define uapi_text(x) __builtin_choose_expr(uapi_is_text(x), x, "")
#define uapi_string(number, x) \\
	__attribute__((section("{_STRINGS}"), used)) \\
	static const struct __attribute__((packed, aligned({_STRIDE}))) {{ \\
		unsigned index, length; char text[sizeof(uapi_text(x))]; \\
	}} uapi_string_##number = {{ number, uapi_is_text(x) ? sizeof(uapi_text(x)) : 0, uapi_text(x) }}
"""
_UNDEFINED = [
    f'#pragma GCC diagnostic error "-W{what}"'
    for what in ("div-by-zero", "overflow", "shift-count-negative", "shift-count-overflow")
]
_NUMBER = "IiIIIIIIQd"


class Key(NamedTuple):
    """What a question is about: a "macro", a "call" of one, or the "align"ment of a record."""

    kind: str
    name: str
    arguments: tuple[int | str, ...] = ()


@dataclass(frozen=True)
class Question:
    """An expression to evaluate."""

    key: Key
    expression: str
    is_ioctl: bool = False
    maybe_string: bool = False
    is_call: bool = False
    """With arguments of our choosing: what C does not define for them is refused."""
    shadowed: str | None = None
    """A macro to be put aside while this is asked: one that has a struct's name."""

    def lines(self, index: int) -> Iterator[str]:
        decoded = "0, 0, 0, 0"
        if self.is_ioctl:
            parts = ("DIR", "TYPE", "NR", "SIZE")
            decoded = ", ".join(f"_IOC_{part}({self.expression})" for part in parts)
        yield f"uapi_number({index}, ({self.expression}), {decoded});"
        if self.maybe_string:
            yield f"uapi_string({index}, {self.expression});"


@dataclass(frozen=True)
class Answer:
    """A constant: exactly one of these is not None, or none where it is no number or string."""

    integer: int | None = None
    real: float | None = None
    string: bytes | None = None
    address: int | None = None
    ioctl: tuple[int, int, int, int] | None = None


@dataclass
class Asked:
    answers: dict[Key, Answer]
    refused: dict[Key, str]
    """What gcc does not take for a constant, with its error."""
    types: list[Entry]
    big_endian: bool


class ContextError(Exception):
    """What comes before the questions does not compile."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.text)


def ask(target: Target, before: str, questions: Sequence[Question], directory: Path) -> Asked:
    """Put the questions behind the C text `before`. Raises ContextError where that is wrong."""
    source, program = directory / "probe.c", directory / "probe.o"
    left = dict(enumerate(sorted(questions, key=lambda question: question.is_call)))
    refused: dict[Key, str] = {}
    while True:
        text, owners = _text(before, left)
        source.write_text(text, encoding="utf-8", errors="surrogateescape")
        failures = compile_object(target, source, program)
        if not failures:
            break
        blamed = {owners[f.line]: f.text for f in reversed(failures) if f.line in owners}
        if not blamed:
            raise ContextError(failures[0])
        for index, error in blamed.items():
            refused[left.pop(index).key] = error
    sections = read_sections(program)
    answers = {}
    strings = dict(_read_strings(sections.data.get(_STRINGS, b""), sections.order))
    for index, answer in _read_numbers(sections.data.get(_NUMBERS, b""), sections.order):
        question = left[index]
        if not question.is_ioctl:
            answer = replace(answer, ioctl=None)
        if index in strings:
            answer = Answer(string=strings[index])
        answers[question.key] = answer
    assert len(answers) == len(left), "not all answers are in the object file"
    return Asked(answers, refused, entries(sections), sections.order == ">")


def _text(before: str, questions: dict[int, Question]) -> tuple[str, dict[int, int]]:
    """The C file, and which question each line is of."""
    lines = (before + _PREAMBLE).split("\n")
    owners = {}
    strict = False
    for index, question in questions.items():
        if question.is_call and not strict:
            lines += _UNDEFINED
            strict = True
        shadowed = question.shadowed
        if shadowed:
            lines += [f'#pragma push_macro("{shadowed}")', f"#undef {shadowed}"]
        for line in question.lines(index):
            lines.append(line)
            owners[len(lines)] = index
        if shadowed:
            lines.append(f'#pragma pop_macro("{shadowed}")')
    return "\n".join([*lines, ""]), owners


def _read_numbers(data: bytes, order: str) -> Iterator[tuple[int, Answer]]:
    for start in range(0, len(data), _STRIDE):
        index, kind, negative, is_address, *ioctl, value, real = struct.unpack_from(
            order + _NUMBER, data, start
        )
        if kind == _INTEGER:
            signed = value - (1 << 64) if negative and value >> 63 else value
            yield index, Answer(integer=signed, ioctl=tuple(ioctl))
        elif kind == _POINTER and is_address:
            yield index, Answer(address=value)
        else:
            yield index, Answer(real=real if kind == _REAL else None)


def _read_strings(data: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Without the NUL behind them; what is no string has a length of 0 there."""
    start = 0
    while start < len(data):
        index, length = struct.unpack_from(order + "II", data, start)
        if length:
            yield index, data[start + 8 : start + 8 + length - 1]
        start += -(-(8 + max(length, 1)) // _STRIDE) * _STRIDE

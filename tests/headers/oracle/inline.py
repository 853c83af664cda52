"""What inline functions return, called with constants.

No initialiser may call a function. But optimising, gcc works such a call out, and then takes it
for an operand of `asm` that must be a constant: what the assembler writes down is the answer. A
function that reads memory, or is assembly itself, gcc refuses.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

from .calls import Argument, argument_lists, spelled
from .elf import read_sections
from .gcc import compile_object
from .targets import Target

__all__ = ["ask_inline", "inline_functions"]

Calls = dict[str, list[tuple[Sequence[Argument], int]]]

_PLAIN = ("riscv64", "s390x")  # where %0 has no sign before the number, and %c is something else
_SECTION = ".uapi_inline"
_ATTRIBUTE = re.compile(r"__attribute__\s*\(\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)\)")
_FUNCTION = re.compile(
    r"\bstatic\b[^;{}()=*]*?\b(?:__)?inline(?:__)?\b[^;{}()=*]*?([A-Za-z_]\w*)\s*\(([^(){};]*)\)\s*\{"
)


def inline_functions(text: str) -> dict[str, int]:
    """The static inline functions of a preprocessed text that take numbers, and how many.

    Those that return pointers are not among them.
    """
    return {
        name: 0 if parameters.strip() in ("", "void") else parameters.count(",") + 1
        for name, parameters in _FUNCTION.findall(_ATTRIBUTE.sub(" ", text))
        if not re.search(r"\*|\[|\.\.\.|\bstruct\b|\bunion\b", parameters)
    }


def ask_inline(target: Target, before: str, functions: Mapping[str, int], directory: Path) -> Calls:
    """The calls that gcc can work out, with what they return."""
    calls = [
        (name, arguments)
        for name, count in functions.items()
        for arguments in argument_lists(count)
        if all(isinstance(argument, int) for argument in arguments)
    ]
    source, program = directory / "inline.c", directory / "inline.o"
    head = before.count("\n") + 1
    left = dict(enumerate(calls))
    while left:
        lines = [_line(target, index, *call) for index, call in left.items()]
        source.write_text("\n".join([before, *lines, ""]), encoding="utf-8")
        failures = compile_object(target, source, program, "-O2")
        if not failures:
            return _answers(program, calls)
        order = list(left)
        blamed = {order[f.line - head - 1] for f in failures if f.line > head}
        assert blamed, failures[0].text
        for index in blamed:
            del left[index]
    return {}


def _line(target: Target, index: int, name: str, arguments: Sequence[Argument]) -> str:
    """A function that leaves behind the call's number, whether its type is signed, its value."""
    call = f"{name}({', '.join(map(spelled, arguments))})"
    bare = "%" if target.arch in _PLAIN else "%c"
    text = f".pushsection {_SECTION}; .4byte {index}, {bare}0; .8byte {bare}1; .popsection"
    signed = f'"i"((__typeof__({call}))-1 < 0)'
    value = f'"i"((unsigned long long)({call}))'
    return f'void uapi_inline_{index}(void) {{ __asm__ volatile("{text}" :: {signed}, {value}); }}'


def _answers(program: Path, calls: Sequence[tuple[str, Sequence[Argument]]]) -> Calls:
    sections = read_sections(program)
    found: Calls = {}
    for index, signed, value in struct.iter_unpack(
        sections.order + "IIQ", sections.data.get(_SECTION, b"")
    ):
        name, arguments = calls[index]
        number = value - (1 << 64) if signed and value >> 63 else value
        found.setdefault(name, []).append((arguments, number))
    return found

"""GCC's opinion of what was evaluated, and of what was left out.

Each macro is put into a function of its own: GCC names the function in front of
its errors, wherever the macro is defined, and reports an undeclared name once in
each.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from uapigen.headers.macros import Evaluated, MacroDefinition
from uapigen.ir.declarations import Constant

_FUNCTION = re.compile(r": In function 'check_(\d+)':$")
_ERROR = re.compile(r": (?:fatal )?error: (.*)$")

# What GCC takes for a constant and is none that Python could have.
_NO_SINGLE_VALUE = ("neither a number nor a string", "depends on where it is used")


@dataclass(frozen=True)
class Opinion:
    """Where GCC disagrees."""

    wrong: list[str]
    """Constants of another value or type, with GCC's complaint."""
    missing: list[str]
    """Omitted macros that are constants, with the reason given."""


def ask(
    gcc: str,
    includes: Sequence[str],
    found: Evaluated,
    definitions: Iterable[MacroDefinition],
) -> Opinion:
    """Hold what was evaluated against GCC, which includes the same headers."""
    names = [definition.name for definition in definitions]
    preamble = [f"#include <{name}>" for name in includes]
    if found.context:
        preamble += [f'#pragma push_macro("{name}")' for name in names]
        preamble += [f"#include <{name}>" for name in found.context]
        preamble += [f'#pragma pop_macro("{name}")' for name in names]
    omitted = [o for o in found.omissions if not o.reason.startswith(_NO_SINGLE_VALUE)]
    errors = _compile(
        gcc,
        preamble,
        [
            *map(_assertion, found.constants),
            *(f"static const __typeof__({o.name}) constant = {o.name};" for o in omitted),
        ],
    )
    split = len(found.constants)
    return Opinion(
        [f"{c}: {errors[i]}" for i, c in enumerate(found.constants) if i in errors],
        [f"{o.name}: {o.reason}" for i, o in enumerate(omitted, split) if i not in errors],
    )


def _assertion(constant: Constant) -> str:
    name, value, c_type, _ = constant
    if isinstance(value, (str, bytes)):
        # A string in Python has no type: its size and bytes are all that there is.
        if c_type != "char *":
            return f"_Static_assert(sizeof({name}) > 0, {c_type!r});".replace("'", '"')
        data = value if isinstance(value, bytes) else value.encode()
        escaped = "".join(f"\\{byte:03o}" for byte in data)
        return (
            f"_Static_assert(sizeof({name}) == {len(data) + 1} && "
            f'!__builtin_memcmp({name}, "{escaped}", {len(data) + 1}), "");'
        )
    typed = f"__builtin_types_compatible_p(__typeof__({name}), {c_type})"
    if isinstance(value, float):
        return f'_Static_assert({typed} && ({name}) == {value!r}, "");'
    if c_type.endswith(("*", ")")):
        return f'_Static_assert((__UINTPTR_TYPE__)({name}) == {value}ULL, "");'
    literal = f"{value}ULL" if value >= 0 else f"({value + 1}LL - 1)"
    sign = f"(({name}) < 0) == {int(value < 0)}"
    return f'_Static_assert(({name}) == {literal} && {sign} && {typed}, "");'


def _compile(gcc: str, preamble: Sequence[str], checks: Sequence[str]) -> dict[int, str]:
    """The first error in each check, by its number."""
    functions = [f"void check_{i}(void) {{ {check} }}" for i, check in enumerate(checks)]
    done = subprocess.run(
        [gcc, "-std=gnu11", "-w", "-fsyntax-only", "-fmax-errors=0", "-x", "c", "-"],
        input="\n".join([*preamble, *functions, ""]),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    )
    errors: dict[int, str] = {}
    current: int | None = None
    for line in done.stderr.splitlines():
        if matched := _FUNCTION.search(line):
            current = int(matched[1])
        elif matched := _ERROR.search(line):
            assert current is not None, f"the headers themselves: {line}"
            errors.setdefault(current, matched[1])
    return errors

"""Macros from C text, the functions made of them, and gcc's answers."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from uapigen.emit.support.cobjects import CMacros
from uapigen.headers.expressions import Expressions, Types
from uapigen.ir.declarations import MacroFunction
from uapigen.layout.targets import find_target


class Definition(NamedTuple):
    """A macro as the front ends hand it over."""

    params: tuple[str, ...] | None
    body: str


_DEFINE = re.compile(r"#define (\w+)(?:\(([^)]*)\))?[ \t]*(.*)")


def macros_of(text: str) -> dict[str, Definition]:
    """The macros that these lines define."""
    found = {}
    for line in text.strip().splitlines():
        matched = _DEFINE.fullmatch(line.strip())
        assert matched is not None, line
        params = matched[2]
        names = None if params is None else tuple(p.strip() for p in params.split(",") if p.strip())
        found[matched[1]] = Definition(names, matched[3])
    return found


def expressions_of(text: str = "", arch: str = "x86_64", types: Types | None = None) -> Expressions:
    return Expressions(macros_of(text) if text else {}, types or Types(None, find_target(arch)))


def runtime(arch: str = "x86_64", bindings: Any = None) -> CMacros:
    """``_C`` of a target."""
    model = find_target(arch)
    return CMacros({"arch": model.arch, "pointer_size": model.pointer_size}, bindings)


def function(macro: MacroFunction, model: CMacros) -> Callable[..., Any]:
    """The Python function of a translated macro."""
    scope: dict[str, Any] = {"_C": model}
    source = f"def made({', '.join(macro.params)}):\n    return {macro.expression}\n"
    exec(compile(source, macro.name, "exec"), scope)
    made: Callable[..., Any] = scope["made"]
    return made


def called(text: str, name: str, *arguments: Any, arch: str = "x86_64") -> Any:
    """What a macro of these lines gives in Python."""
    definition = macros_of(text)[name]
    assert definition.params is not None
    macro = expressions_of(text, arch).translate(name, definition.params, definition.body)
    return function(macro, runtime(arch))(*arguments)


# gcc

_PROBE = """
#include <stdio.h>
#include <stdint.h>
#include <stddef.h>
#define UAPIGEN_NAME(x) _Generic((x), _Bool: "_Bool", char: "char", signed char: "signed char", \\
    unsigned char: "unsigned char", short: "short", unsigned short: "unsigned short", \\
    int: "int", unsigned int: "unsigned int", long: "long", unsigned long: "unsigned long", \\
    long long: "long long", unsigned long long: "unsigned long long", \\
    float: "float", double: "double", default: "?")
#define UAPIGEN_SHOW(x) do {{ const char *name = UAPIGEN_NAME(x); \\
    int floating = name[0] == 'f' || name[0] == 'd'; \\
    if (floating) printf("%a %s\\n", (double)(x), name); \\
    else printf("%s%llu %s\\n", (x) < 0 ? "-" : "", \\
        (x) < 0 ? -(unsigned long long)(x) : (unsigned long long)(x), name); }} while (0)
{before}
int main(void) {{
{body}
return 0; }}
"""


def ask_gcc(
    expressions: Sequence[str],
    directory: Path,
    before: str = "",
    variables: Mapping[str, str] = {},
) -> list[tuple[int | float, str] | None]:
    """Values and types of C expressions by this machine's gcc; None for what it refuses."""
    refused: set[int] = set()
    source, program = directory / "probe.c", directory / "probe"
    while True:
        lines = [f"{declared} = {value};" for declared, value in variables.items()]
        lines += [
            f'#line {at} "question"\nUAPIGEN_SHOW(({expression}));'
            for at, expression in enumerate(expressions, 1)
            if at not in refused
        ]
        source.write_text(_PROBE.format(before=before, body="\n".join(lines)))
        command = ["gcc", "-w", "-fwrapv", "-std=gnu11", "-o", str(program), str(source)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if not done.returncode:
            break
        wrong = {int(line) for line in re.findall(r"^question:(\d+):\d+: error", done.stderr, re.M)}
        assert wrong, done.stderr
        refused |= wrong
    done = subprocess.run([program], check=True, capture_output=True, text=True)
    answers = iter(done.stdout.splitlines())
    return [
        None if at in refused else _answer(next(answers)) for at in range(1, len(expressions) + 1)
    ]


def _answer(line: str) -> tuple[int | float, str]:
    value, name = line.split(" ", 1)
    return float.fromhex(value) if name in ("float", "double") else int(value), name

"""Macro definitions for the tests: of headers written here, and of real ones as GCC sees them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from uapigen.headers.macros import Evaluated, MacroDefinition, evaluate_macros
from uapigen.headers.options import HeaderOptions
from uapigen.headers.targets import clang_arguments
from uapigen.layout.targets import find_target

_DEFINE = re.compile(r"#\s*define\s+(\w+)(\(([^)]*)\))? ?(.*)")
_UNDEF = re.compile(r"#\s*undef\s+(\w+)")
_LINE = re.compile(r'# (\d+) "([^"]*)"')


def options(arch: str = "x86_64", *include_dirs: Path) -> HeaderOptions:
    return HeaderOptions(find_target(arch), include_dirs=tuple(map(str, include_dirs)))


def written(path: Path) -> list[MacroDefinition]:
    """The macros of a header written for a test, which has nothing but plain definitions."""
    found: dict[str, MacroDefinition] = {}
    for number, line in enumerate(path.read_text("utf-8", "surrogateescape").splitlines(), 1):
        if matched := _DEFINE.match(line):
            found[matched[1]] = _definition(matched, str(path), number)
    return list(found.values())


def _definition(matched: re.Match[str], path: str, line: int) -> MacroDefinition:
    params = None
    if matched[2]:
        params = tuple(_param(param.strip()) for param in matched[3].split(",") if param.strip())
    return MacroDefinition(matched[1], params, matched[4].strip(), path, line)


def _param(text: str) -> str:
    return "*" + (text[:-3].strip() or "__VA_ARGS__") if text.endswith("...") else text


def evaluate(path: Path, arch: str = "x86_64", before: Sequence[str] = ()) -> Evaluated:
    """Evaluate a header written for a test; its directory's parent is an include directory."""
    arguments = clang_arguments(options(arch, path.parent.parent))
    return evaluate_macros(str(path), written(path), arguments, before)


def evaluate_text(directory: Path, text: str, arch: str = "x86_64") -> Evaluated:
    """Evaluate a header that is written into ``directory``."""
    (directory / "linux").mkdir(parents=True, exist_ok=True)
    path = directory / "linux" / "sample.h"
    path.write_text(text, "utf-8", "surrogateescape")
    return evaluate(path, arch)


def by_gcc(gcc: str, includes: Sequence[str], header: str) -> list[MacroDefinition] | None:
    """The macros that are defined in a header, when it is included behind others.

    ``header`` is as C includes it. None where GCC does not compile it.
    """
    source = "".join(f"#include <{name}>\n" for name in [*includes, header])
    command = [gcc, "-std=gnu11", "-w", "-x", "c", "-"]
    checked = subprocess.run(
        [*command, "-fsyntax-only"], input=source, capture_output=True, text=True, check=False
    )
    if checked.returncode:
        return None
    done = subprocess.run(
        [*command, "-E", "-dD"], input=source, capture_output=True, text=True, check=True
    )
    found: dict[str, MacroDefinition] = {}
    path, number = "", 0
    for line in done.stdout.splitlines():
        if matched := _LINE.match(line):
            path, number = matched[2], int(matched[1])
            continue
        if matched := _DEFINE.match(line):
            found[matched[1]] = _definition(matched, path, number)
        elif matched := _UNDEF.match(line):
            found.pop(matched[1], None)
        number += 1
    return [macro for macro in found.values() if macro.header.endswith(f"/{header}")]

"""Holds generated bindings against expectations, by ctypes introspection alone.

``uapigen verify`` runs :func:`main` in an interpreter of its own, on any
CPython from 3.10 on: these modules import the bindings by their path, the
standard library, and nothing of uapigen. ``expectations.py`` says what comes
in on standard input. Findings go to standard output, a JSON array a line:

    ["abi", {...}]         what the bindings say they are for
    ["at", "struct foo"]   what is looked at next, lest the interpreter dies of it
    ["differs", "..."]     one difference
    ["refused", "..."]     these are no bindings
    ["done", {"members": 7, ...}, "3.12.1"]
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import json
import os
import sys
from typing import Any

from .context import Context, describe
from .names import check_names
from .operations import check_operations
from .records import check_records

__all__ = ["main"]


def main(path: str) -> None:
    """Look at the bindings at ``path``, a package directory or a module's file."""
    out = os.dup(1)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)  # what the bindings print is none of ours

    def say(*what: Any) -> None:
        os.write(out, json.dumps(what).encode() + b"\n")

    gc.disable()
    expected = json.loads(sys.stdin.buffer.read())
    try:
        bindings = load(path, expected.get("module"))
        say("abi", dict(bindings.__abi__))
        missing = [name for name in ("ctype", "functions", "variables") if not has(bindings, name)]
    except BaseException as error:  # noqa: BLE001  # whatever a stranger's module raises
        say("refused", f"cannot be imported: {describe(error)}")
        return
    if missing:
        say("refused", f"is no generated package: it has no {missing[0]}")
        return
    context = Context(bindings, expected, say)
    check_abi(context)
    check_records(context)
    check_names(context)
    check_operations(context)
    say("done", context.counts, sys.version.split()[0])


def load(path: str, below: str | None = None) -> Any:
    """Import a package or module from its place, whatever its name; or a module below it."""
    folder = os.path.isdir(path)
    spec = importlib.util.spec_from_file_location(
        "bindings",
        os.path.join(path, "__init__.py") if folder else path,
        submodule_search_locations=[path] if folder else None,
    )
    if spec is None or spec.loader is None:
        raise ImportError("is no Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules["bindings"] = module
    spec.loader.exec_module(module)
    return importlib.import_module(f"bindings.{below}") if below else module


def has(bindings: Any, name: str) -> bool:
    return getattr(bindings, name, None) is not None


def check_abi(context: Context) -> None:
    """Architecture, byte order and pointer size."""
    for what, theirs in context.expected["abi"].items():
        ours = context.bindings.__abi__.get(what)
        if ours != theirs:
            context.differs(f'__abi__["{what}"]', f"{ours!r}, in the source {theirs!r}")

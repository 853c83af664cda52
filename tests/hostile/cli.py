"""Runs the command line in this process, and imports what it makes."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from btf.builder import Btf

from uapigen.cli import main

__all__ = ["FORMS", "Outcome", "bindings", "generate", "imported", "left_out", "refusal", "run"]

FORMS = pytest.mark.parametrize("out_name", ["package", "module.py"])
"""Both forms of output."""

_numbers = itertools.count()


class Outcome(NamedTuple):
    """What a run did."""

    code: int
    out: str
    err: str


def run(*arguments: object) -> Outcome:
    """``uapigen`` with these arguments. Whatever it raises, it raises here."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([str(argument) for argument in arguments])
    return Outcome(code, out.getvalue(), err.getvalue())


def generate(source: Btf | bytes, out: Path, *options: object) -> Outcome:
    """Generate ``out`` from BTF, which is written beside it."""
    path = out.with_name(f"{out.name}.btf")
    path.write_bytes(source if isinstance(source, bytes) else source.dump())
    return run(path, "-o", out, *options)


@contextlib.contextmanager
def imported(out: Path) -> Iterator[Any]:
    """The bindings in ``out``, imported under a name of their own and forgotten afterwards."""
    name = f"hostile_{next(_numbers)}"
    folder = None if out.suffix == ".py" else [str(out)]
    location = out if folder is None else out / "__init__.py"
    spec = importlib.util.spec_from_file_location(name, location, submodule_search_locations=folder)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
        yield module
    finally:
        for known in [key for key in sys.modules if key.partition(".")[0] == name]:
            del sys.modules[known]


@contextlib.contextmanager
def bindings(source: Btf | bytes, out: Path, *options: object) -> Iterator[Any]:
    """What ``source`` becomes; it must be accepted."""
    done = generate(source, out, *options)
    assert done.code == 0, done.err
    with imported(out) as module:
        yield module


def refusal(source: Btf | bytes, out: Path, *options: object) -> str:
    """The one line with which a malformed source is refused; nothing else may come of it."""
    done = generate(source, out, *options)
    assert (done.code, done.out) == (3, "")
    line = done.err.removesuffix("\n")
    assert line.startswith("uapigen: ")
    assert line.isprintable()
    assert not out.exists()
    assert [path.name for path in out.parent.iterdir() if path.name.startswith(".")] == []
    return line.removeprefix("uapigen: ").replace(str(out.with_name(f"{out.name}.btf")), "SOURCE")


def left_out(source: Btf | bytes, out: Path) -> dict[str, str]:
    """What a run says of the types that it leaves out: name -> reason."""
    done = generate(source, out, "--verbose")
    assert done.code == 0, done.err
    lines = [line for line in done.err.splitlines() if "left out " in line.partition(":")[2][:10]]
    return dict(line.partition("left out ")[2].split(": ", 1) for line in lines)

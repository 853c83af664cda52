"""Makes the bindings that are out of date, each by the command line that a person would use."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from typing import NamedTuple

from uapigen.build import record
from uapigen.build.config import Binding
from uapigen.cli.depfile import read_depfile
from uapigen.emit.output import check_replaceable, write_module, write_package
from uapigen.errors import BuildError

__all__ = ["Made", "difference", "make"]


class Made(NamedTuple):
    """What became of a binding."""

    binding: Binding
    written: bool
    """Whether the output was touched; not if it would be the same."""
    files: list[str]
    """The output's files, from the root."""
    inputs: list[str]
    """The files that were read, as they are named from the root."""


def make(binding: Binding, output: str | None = None) -> Made:
    """Make one binding, unless it is there already, of the same inputs by the same options.

    ``output`` is for builds out of the tree: it is made there, always, and
    noted nowhere. Raises :class:`BuildError` with what the command line said.
    """
    known = record.is_current(binding) if output is None else None
    if known is not None:
        return Made(binding, False, record.output_files(binding), known)
    here = binding if output is None else binding._replace(output=output)
    with tempfile.TemporaryDirectory(prefix="uapigen-") as folder:
        made = binding._replace(
            output=os.path.join(folder, os.path.basename(os.path.normpath(binding.output)))
        )
        inputs = _generate(made, folder)
        written = _put(made, here)
    if output is None:
        record.keep(binding, inputs)
    return Made(here, written, record.output_files(here), inputs)


def _generate(binding: Binding, folder: str) -> list[str]:
    """Run the command line; the files that it read."""
    depfile = os.path.join(folder, "depfile")
    done = _run(binding, "--depfile", depfile)
    if done.returncode:
        raise BuildError(binding.name, done.stderr, done.returncode)
    sys.stderr.write(done.stderr)
    return read_depfile(depfile)


def _put(made: Binding, wanted: Binding) -> bool:
    """Bring what was made to its place, unless the same is there; whether it was not."""
    new, out = _contents(made), os.path.join(wanted.root, wanted.output)
    if new == _contents(wanted):
        return False
    if out.endswith(".py"):
        write_module(new, os.path.dirname(out))
    else:
        write_package(lambda _: {path: data.decode() for path, data in new.items()}, out)
    return True


def _contents(binding: Binding) -> dict[str, bytes]:
    """An output's files, by their path in the package or beside the module."""
    output = os.path.join(binding.root, binding.output)
    start = os.path.dirname(output) if output.endswith(".py") else output
    found = {}
    for path in record.output_files(binding):
        path = os.path.join(binding.root, path)
        with open(path, "rb") as file:
            found[os.path.relpath(path, start)] = file.read()
    return found


def difference(binding: Binding) -> str:
    """How the output differs from what would be made: the lines of a diff, "" if it does not.

    Raises :class:`BuildError` as :func:`make` does.
    """
    done = _run(binding, "--check")
    if done.returncode not in (0, 1):
        raise BuildError(binding.name, done.stderr, done.returncode)
    return done.stdout


def _run(binding: Binding, *options: str) -> subprocess.CompletedProcess[str]:
    if not binding.output.endswith(".py"):
        check_replaceable(os.path.join(binding.root, binding.output))
    command = [sys.executable, "-m", "uapigen", *options, *binding.arguments()]
    # In the project's directory for its relative paths, but not with its modules.
    return subprocess.run(
        command,
        cwd=binding.root,
        env={**os.environ, "PYTHONSAFEPATH": "1"},
        capture_output=True,
        text=True,
        errors="backslashreplace",
        check=False,
    )

"""Runs the probe over a package or module, and reads what it finds.

The bindings are code, and are imported: in an interpreter of their own, apart
from the user's environment and site packages, but with the user's rights.
"""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from uapigen.errors import InputError, SystemRefusalError, UsageError

__all__ = ["Outcome", "run_probe"]

_PATIENCE = 600
"""Seconds; a whole kernel takes ten."""
_TOO_OLD = 86  # an exit code that no interpreter gives by itself
_START = f"""\
import os, sys
if sys.version_info < (3, 10):
    os._exit({_TOO_OLD})
sys.path.insert(0, sys.argv[1])
import probe
del sys.path[0]
probe.main(sys.argv[2])
os._exit(0)
"""


@dataclass(slots=True)
class Outcome:
    """What the probe found."""

    abi: dict[str, Any] = field(default_factory=dict)
    """The bindings' ``__abi__``."""
    counts: dict[str, int] = field(default_factory=dict)
    """How many of each sort were looked at: ``{"members": 3}``."""
    differences: list[str] = field(default_factory=list)
    """One sentence each, in the probe's order."""
    python: str = ""
    """The interpreter's version."""


def run_probe(bindings: Path, expected: Mapping[str, Any], python: str) -> Outcome:
    """Import the bindings with that interpreter and hold them against expectations.

    Raises :class:`InputError` for what cannot be imported, is no generated
    package, or takes the interpreter down with it; :class:`SystemRefusalError`
    where bindings or interpreter cannot be read or run.
    """
    _check_there(bindings)
    folder = Path(__file__).parent
    command = [python, "-I", "-S", "-B", "-c", _START, str(folder), str(bindings.absolute())]
    try:
        done = subprocess.run(
            command,
            input=json.dumps(expected).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_PATIENCE,
            check=False,
        )
    except OSError as error:
        raise SystemRefusalError(f"{python}: {error.strerror or error}") from None
    except subprocess.TimeoutExpired:
        raise InputError(str(bindings), "", f"did not come to an end in {_PATIENCE} s") from None
    if done.returncode == _TOO_OLD:
        raise UsageError(f"{python} is older than Python 3.10")
    return _read(str(bindings), done.stdout, done.returncode)


def _check_there(bindings: Path) -> None:
    try:
        if bindings.is_dir():
            if not (bindings / "__init__.py").is_file():
                raise InputError(str(bindings), "", "is no generated package: no __init__.py")
        else:
            bindings.open("rb").close()
    except OSError as error:
        raise SystemRefusalError(f"{bindings}: {error.strerror or error}") from None
    except ValueError as error:  # a NUL in the path
        raise SystemRefusalError(f"{str(bindings)!r}: {error}") from None


def _read(bindings: str, output: bytes, returncode: int) -> Outcome:
    outcome = Outcome()
    place = ""
    try:
        for line in output.splitlines():
            what, *rest = json.loads(line)
            if what == "at":
                place = str(rest[0])
            elif what == "differs":
                outcome.differences.append(str(rest[0]))
            elif what == "abi":
                outcome.abi = dict(rest[0])
            elif what == "refused":
                raise InputError(bindings, "", str(rest[0]))
            elif what == "done":
                outcome.counts, outcome.python = dict(rest[0]), str(rest[1])
                return outcome
    except (ValueError, TypeError, IndexError):
        raise InputError(bindings, place, "something else than the probe answered") from None
    if returncode < 0:
        died = f"died of {_signal_name(-returncode)}"
    else:
        died = f"ended with exit code {returncode}"
    raise InputError(bindings, place, f"the interpreter {died}")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"

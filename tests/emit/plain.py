"""What the tests of generated code need of pytest, so that they also run where there is none.

    python plain.py BINDINGS_DIRECTORY

runs them on any Python with its standard library alone, on the bindings that conftest.py
generated, and prints a JSON object: how many ran, and what failed.
"""

from __future__ import annotations

import importlib
import inspect
import json
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

MODULES = ("names", "members", "bits", "arrays", "pointers", "values", "copies", "modules")
BINDINGS = {
    "k": ("types_x86_64", "types_one_file"),
    "be": ("types_s390x",),
    "small": ("types_i386",),
    "odd": ("types_odd",),
}
"""Test parameter -> the generated packages it stands for, one after the other."""


@contextmanager
def raises(error: type[BaseException], match: str = "") -> Iterator[None]:
    """The block must raise that error, with a message in which the pattern is found."""
    try:
        yield
    except error as raised:
        said = str(raised)
    else:
        raise AssertionError(f"did not raise {error.__name__}")
    assert re.search(match, said), f"{said!r} does not match {match!r}"


def calls(module: ModuleType) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Each test of a module, with each combination of the bindings it asks for."""
    for name, test in vars(module).items():
        if name.startswith("test_"):
            wanted = list(inspect.signature(test).parameters)
            for first in BINDINGS[wanted[0]] if wanted else ("",):
                names = [first, *(BINDINGS[other][0] for other in wanted[1:])]
                arguments = {w: importlib.import_module(n) for w, n in zip(wanted, names) if n}  # noqa: B905
                yield f"{module.__name__}.{name}[{first}]", test, arguments


def main(directory: str) -> None:
    sys.path[:0] = [directory, str(Path(__file__).parents[1])]
    count, failed = 0, {}
    for stem in MODULES:
        for where, test, arguments in calls(importlib.import_module(f"emit.test_{stem}")):
            count += 1
            try:
                test(**arguments)
            except Exception:  # noqa: BLE001
                failed[where] = traceback.format_exc()
    json.dump({"count": count, "failed": failed}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])

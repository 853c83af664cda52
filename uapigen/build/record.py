"""What was read and written last time, by digests, so that nothing is made twice.

A record is a file below ``.uapigen/`` in the project. Nothing depends on it:
without one, bindings are compared with what would be written.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import uapigen
from uapigen.build.config import Binding
from uapigen.emit.templates import template_folder

__all__ = ["FOLDER", "is_current", "keep", "output_files"]

FOLDER = ".uapigen"
_FORMAT = 1


def _path(binding: Binding) -> str:
    return os.path.join(binding.root, FOLDER, f"{binding.name}.json")


def is_current(binding: Binding) -> list[str] | None:
    """The inputs of last time, if neither they nor the options nor the output have changed."""
    try:
        with open(_path(binding), encoding="utf-8") as file:
            record = json.load(file)
        inputs: dict[str, str] = record["inputs"]
        current = (
            record["format"] == _FORMAT
            and record["how"] == _how(binding)
            and _digests(binding, inputs) == inputs
            and _digests(binding, output_files(binding)) == record["outputs"]
            and record["outputs"]
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # no record, or none that can be believed: then it is made anew
    return list(inputs) if current else None


def keep(binding: Binding, inputs: Iterable[str]) -> None:
    """Note the inputs and the output as they are now; where that is refused, nothing is noted."""
    record: dict[str, Any] = {
        "format": _FORMAT,
        "how": _how(binding),
        "inputs": _digests(binding, inputs),
        "outputs": _digests(binding, output_files(binding)),
    }
    path = _path(binding)
    # A read-only tree builds as well, only not quicker the next time.
    with suppress(OSError):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        ignore = os.path.join(os.path.dirname(path), ".gitignore")
        if not os.path.exists(ignore):
            _replace(ignore, "*\n")
        _replace(path, json.dumps(record, indent=1) + "\n")


def _replace(path: str, text: str) -> None:
    temporary = f"{path}.{os.getpid()}"
    with open(temporary, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(temporary, path)


def _how(binding: Binding) -> str:
    """A digest of all that says how the output is made, uapigen's own code included."""
    digest = hashlib.sha256(_own_code())
    digest.update(json.dumps(binding.arguments()).encode())
    return digest.hexdigest()


def _own_code() -> bytes:
    """A digest of uapigen: a version is not one state of the code while it is worked on."""
    package = os.path.dirname(uapigen.__file__)
    digest = hashlib.sha256(uapigen.__version__.encode())
    for folder in (package, template_folder()):
        for path in _files_below(folder):
            digest.update(f"{os.path.relpath(path, folder)}\0".encode())
            digest.update(_digest(path).encode())
    return digest.digest()


def _files_below(folder: str) -> Iterator[str]:
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        yield from (os.path.join(here, name) for name in sorted(names))


def output_files(binding: Binding) -> list[str]:
    """The files of an output that are there, from the root: a module's stub is one of them."""
    output = os.path.join(binding.root, binding.output)
    if output.endswith(".py"):
        found = [path for path in (output, f"{output}i") if os.path.isfile(path)]
    else:
        found = list(_files_below(output))
    return [os.path.relpath(path, binding.root) for path in found]


def _digests(binding: Binding, paths: Iterable[str]) -> dict[str, str]:
    """By path, from the root."""
    return {path: _digest(os.path.join(binding.root, path)) for path in paths}


def _digest(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

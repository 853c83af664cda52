"""The command of setuptools: ``build_uapigen``, a part of ``build``.

A project that requires uapigen to build and lists bindings in its
pyproject.toml needs nothing else. An ordinary build writes into the build
directory and leaves the source tree alone; an editable install writes into the
source tree. Follows ``setuptools.command.build.SubCommand``.
"""

from __future__ import annotations

import os
from typing import ClassVar

import tomllib
from setuptools import Command, Distribution
from setuptools.command.build import build
from setuptools.errors import ExecError, SetupError

from uapigen.build.config import Binding, load_bindings
from uapigen.build.run import make
from uapigen.errors import UapigenError

__all__ = ["BuildUapigen", "finalize_distribution"]

COMMAND = "build_uapigen"


def finalize_distribution(distribution: Distribution) -> None:
    """Make the command a part of ``build``, in projects that list bindings."""
    if not _lists_bindings():
        return
    base: type[build] = distribution.get_command_class("build")
    if any(name == COMMAND for name, _ in base.sub_commands):
        return
    # Before build_py, so that an sdist and an editable install find what is made.
    listed = [(COMMAND, None), *base.sub_commands]
    distribution.cmdclass["build"] = type(base.__name__, (base,), {"sub_commands": listed})


def _lists_bindings() -> bool:
    """Whether the project in this directory is one of ours; if it is malformed, others say so."""
    try:
        with open("pyproject.toml", "rb") as file:
            return "bindings" in tomllib.load(file)["tool"]["uapigen"]
    except (OSError, ValueError, KeyError, TypeError):
        return False


class BuildUapigen(Command):
    """Makes the bindings that the project's pyproject.toml lists."""

    description = "make the bindings that [tool.uapigen] lists"
    user_options: ClassVar[list[tuple[str, str | None, str]]] = [
        ("build-lib=", "d", "directory to build into"),
        ("inplace", "i", "write into the source tree"),
    ]
    boolean_options: ClassVar[list[str]] = ["inplace"]
    editable_mode: bool = False

    def initialize_options(self) -> None:
        """Options before anybody sets them."""
        self.build_lib: str | None = None
        self.inplace = False
        self._bindings: list[Binding] | None = None

    def finalize_options(self) -> None:
        """The build directory is that of ``build_py``."""
        self.set_undefined_options("build_py", ("build_lib", "build_lib"))

    @property
    def bindings(self) -> list[Binding]:
        """What the project lists; raises setuptools' own error for a table that is wrong."""
        if self._bindings is None:
            try:
                self._bindings = load_bindings(os.getcwd())
            except UapigenError as error:
                raise SetupError(f"uapigen: {error}") from None
        return self._bindings

    def run(self) -> None:
        """Make what is out of date."""
        for binding in self.bindings:
            in_place = self.inplace or self.editable_mode
            try:
                made = make(binding, None if in_place else os.path.abspath(self._built(binding)))
            except UapigenError as error:
                raise ExecError(f"uapigen: {error}") from None
            what = "made" if made.written else "up to date"
            self.announce(f"uapigen: {binding.name}: {made.binding.output}: {what}", level=2)

    def _built(self, binding: Binding) -> str:
        """Where an output lies in the build directory: at its place in its top-level package."""
        output = os.path.normpath(binding.output)
        roots = dict(self.distribution.package_dir or {})
        for package, folder in sorted(roots.items(), key=lambda item: -len(item[1])):
            folder = os.path.normpath(folder) if folder else "."
            inside = os.path.relpath(output, folder)
            if not inside.startswith(".."):
                return os.path.join(str(self.build_lib), *package.split("."), inside)
        return os.path.join(str(self.build_lib), output)

    # What setuptools asks of a part of ``build``

    def get_source_files(self) -> list[str]:
        """The bindings' sources, which an sdist must have: those in the project."""
        found = []
        for binding in self.bindings:
            base = binding.options.get("base")
            for path in (*binding.options["sources"], *([base] if isinstance(base, str) else [])):  # type: ignore[misc]
                inside = not os.path.isabs(path) and not os.path.normpath(path).startswith("..")
                if inside and os.path.isfile(path):
                    found.append(path)
        return found

    def get_outputs(self) -> list[str]:
        """What an ordinary build has written."""
        found = []
        for binding in self.bindings:
            built = self._built(binding)
            if os.path.isdir(built):
                found += [os.path.join(a, name) for a, _, names in os.walk(built) for name in names]
            else:
                found += [path for path in (built, f"{built}i") if os.path.isfile(path)]
        return found

    def get_output_mapping(self) -> dict[str, str]:
        """No file of a build is a copy of a source file."""
        return {}

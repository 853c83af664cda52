"""The build hook of hatchling: ``[tool.hatch.build.hooks.uapigen]`` in a project.

Before a wheel, an sdist or an editable install is built, the bindings that the
project lists are made where they are out of date, and shipped although git
ignores them. Follows hatchling's plugin reference for build hooks.
"""

from __future__ import annotations

import os
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.plugin import hookimpl

from uapigen.build.config import load_bindings
from uapigen.build.run import make
from uapigen.errors import UapigenError, UsageError

__all__ = ["UapigenBuildHook", "hatch_register_build_hook"]

_OPTIONS = frozenset({"bindings", "dependencies", "require-runtime-dependencies",
                      "require-runtime-features", "enable-by-default"})  # fmt: skip
"""``bindings``: names, of those that this target needs; the rest is hatchling's own."""


class UapigenBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Makes bindings before hatchling collects a project's files."""

    PLUGIN_NAME = "uapigen"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Make what is out of date; ``artifacts`` ships it."""
        try:
            for binding in load_bindings(self.root, self._names()):
                made = make(binding)
                what = "made" if made.written else "up to date"
                self.app.display_info(f"uapigen: {binding.name}: {binding.output}: {what}")
                build_data["artifacts"] += [f"/{path}" for path in map(_posix, made.files)]
        except UapigenError as error:
            self.app.abort(f"uapigen: {error}", code=error.exit_code)

    def _names(self) -> list[str]:
        unknown = sorted(set(self.config) - _OPTIONS)
        if unknown:
            raise UsageError(f"tool.hatch.build.hooks.uapigen: no option {unknown[0]!r}")
        names = self.config.get("bindings", [])
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise UsageError("tool.hatch.build.hooks.uapigen.bindings is no list of names")
        return names


def _posix(path: str) -> str:
    return path.replace(os.sep, "/")


@hookimpl  # type: ignore[untyped-decorator,unused-ignore]
def hatch_register_build_hook() -> type[UapigenBuildHook]:
    """What hatchling's plugin manager asks for."""
    return UapigenBuildHook

"""The bindings that a project's ``pyproject.toml`` lists.

    [tool.uapigen]
    arch = "x86_64"                     # for all bindings

    [[tool.uapigen.bindings]]
    source = "abi/kernel.btf"
    output = "src/tracer/kernel.py"
    only = ["struct task_struct", "enum pid_type"]

Options are the command line's, by the same names; relative paths start at the
file's directory. What is set in the environment goes before the file, what is
set on the command line before both.
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeAlias

import tomllib

from uapigen.errors import SystemRefusalError, UsageError
from uapigen.layout.targets import ALIASES, TARGETS

__all__ = ["Binding", "load_bindings"]

Value: TypeAlias = str | bool | list[str]

_NOT_HERE = frozenset({"check", "depfile", "help", "quiet", "verbose", "version"})
"""Options of the command line that are about one run, not about what is made."""
_LISTS = {"source": "sources"}
"""Other names for options: a binding has most often one source."""
_NAME = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


class Binding(NamedTuple):
    """One output, and how it is made."""

    name: str
    root: str
    """The project's directory: where relative paths start."""
    output: str
    """A ``.py`` file or a package directory, from the root."""
    options: Mapping[str, Value]
    """By the command line's names for them; ``sources`` among them."""

    def arguments(self) -> list[str]:
        """The command line that makes it, in the root."""
        actions = _actions()
        words = ["-o", self.output]
        for name, value in self.options.items():
            if name == "sources":
                continue
            option = actions[name].option_strings[-1]
            if isinstance(value, bool):
                words += [option] * value
            else:
                words += [f"{option}={v}" if option[:2] == "--" else f"{option}{v}"
                          for v in ([value] if isinstance(value, str) else value)]  # fmt: skip
        sources = self.options["sources"]
        assert isinstance(sources, list)
        return [*words, "--", *sources]


@cache
def _actions() -> dict[str, argparse.Action]:
    """The command line's options, by the name that a table has them under."""
    from uapigen.cli.generate import make_parser

    return {a.dest: a for a in make_parser()._actions if a.dest not in _NOT_HERE}


def load_bindings(
    root: str,
    names: Sequence[str] = (),
    *,
    settings: Sequence[str] = (),
    environment: Mapping[str, str] = os.environ,
) -> list[Binding]:
    """The bindings of the project at ``root``, or those of these names.

    ``settings`` are ``OPTION=VALUE``, or ``NAME.OPTION=VALUE`` for one binding;
    the environment has ``UAPIGEN_OPTION`` and ``UAPIGEN_NAME_OPTION``. Raises
    :class:`UsageError` for a table that is wrong, :class:`SystemRefusalError`
    for one that cannot be read.
    """
    path = os.path.join(root, "pyproject.toml")
    tables, defaults = _read(path)
    bindings: dict[str, Binding] = {}
    wanted = [_Setting.parse(text) for text in settings]
    for number, table in enumerate(tables, 1):
        place = f"{path}: [[tool.uapigen.bindings]] {number}"
        binding = _binding(place, root, {**defaults, **table}, wanted, environment)
        if binding.name in bindings:
            raise UsageError(f"{place}: there is another one named {binding.name!r}")
        bindings[binding.name] = binding
    _check_outputs(path, bindings.values())
    for name in (*names, *(setting.binding for setting in wanted if setting.binding)):
        if name not in bindings:
            raise UsageError(f"{path}: no bindings named {name!r}{_meant(name, bindings)}")
    return [binding for binding in bindings.values() if not names or binding.name in names]


def _read(path: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """(the tables of bindings, what holds for all of them)"""
    try:
        with open(path, "rb") as file:
            project = tomllib.load(file)
    except OSError as error:
        raise SystemRefusalError(f"{path}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {error}") from None
    tool = project.get("tool")
    table = tool.get("uapigen") if isinstance(tool, dict) else None
    defaults = dict(table) if isinstance(table, dict) else {}
    tables = defaults.pop("bindings", None)
    for key in defaults:
        _option(f"{path}: [tool.uapigen]", key, "bindings")
    if tables is None:
        raise UsageError(f"{path}: no [[tool.uapigen.bindings]]")
    if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
        raise UsageError(f"{path}: tool.uapigen.bindings is no array of tables")
    for name in ("name", "output"):
        if name in defaults:
            raise UsageError(f"{path}: [tool.uapigen]: {name} is an option of each binding")
    return tables, defaults


class _Setting(NamedTuple):
    """``NAME.OPTION=VALUE`` of a command line."""

    binding: str
    option: str
    value: str

    @classmethod
    def parse(cls, text: str) -> _Setting:
        left, equals, value = text.partition("=")
        binding, _, option = left.rpartition(".")
        if not equals or not option:
            raise UsageError(f"--set {text}: not OPTION=VALUE or NAME.OPTION=VALUE")
        return cls(binding, option, value)


def _binding(
    place: str,
    root: str,
    table: dict[str, Any],
    settings: Iterable[_Setting],
    environment: Mapping[str, str],
) -> Binding:
    options: dict[str, Value] = {}
    for key, value in table.items():
        if key != "name":
            option = _option(place, key)
            options[option] = _checked(place, key, option, value)
    name = table.get("name") or _stem(options.get("output", ""))
    if not name and "output" not in options:
        raise UsageError(f"{place}: it has no output")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise UsageError(f"{place}: name {name!r} is not made of letters, digits, _ and -")
    for what, option, text in _overrides(name, settings, environment):
        options[option] = _checked(what, option, option, _parsed(what, text))
    for needed in ("sources", "output"):
        if not options.get(needed):
            raise UsageError(f"{place}: it has no {needed.removesuffix('s')}")
    output = options.pop("output")
    assert isinstance(output, str)
    return Binding(name, root, output, dict(sorted(options.items())))


def _stem(output: Value) -> str:
    return (
        os.path.basename(output.rstrip("/")).removesuffix(".py") if isinstance(output, str) else ""
    )


def _overrides(
    name: str, settings: Iterable[_Setting], environment: Mapping[str, str]
) -> Iterator[tuple[str, str, str]]:
    """(where it is set, option, text), the weakest first."""
    own = re.sub(r"\W", "_", name).upper()
    for prefix in ("UAPIGEN_", f"UAPIGEN_{own}_"):
        for option in (*_actions(), *_LISTS):
            variable = prefix + option.upper()
            if variable in environment and variable != "UAPIGEN_OUTPUT":  # everybody's
                yield variable, _LISTS.get(option, option), environment[variable]
    for binding, option, value in settings:
        if binding in ("", name):
            yield f"--set {option}", _option("--set", option), value


def _option(place: str, key: str, beside: str = "name") -> str:
    """The command line's name of an option; ``beside`` is a key that is none."""
    option = _LISTS.get(key, key.replace("-", "_"))
    if option not in _actions() and key != "name":
        known = [name.replace("_", "-") for name in (*_actions(), *_LISTS, beside)]
        raise UsageError(f"{place}: no option {key!r}{_meant(key, known)}")
    return option


def _meant(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, known, 1)
    return f"; {close[0]!r}?" if close else ""


def _parsed(place: str, text: str) -> Any:
    """A value as TOML has it; what is no list, string or boolean there is a string as it is."""
    if text[:1] not in ("[", '"', "'") and text not in ("true", "false"):
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{place}: {text}: {error}") from None


def _checked(place: str, key: str, option: str, value: Any) -> Value:
    """A value of the type that the option takes."""
    action = _actions()[option]
    if option == "sources" or isinstance(action.default, list):
        values = [value] if isinstance(value, str) else value
        if isinstance(values, list) and all(isinstance(v, str) for v in values):
            return values
        raise UsageError(f"{place}: {key} is neither a string nor a list of strings")
    if action.nargs == 0:
        if isinstance(value, bool):
            return value
        raise UsageError(f"{place}: {key} is neither true nor false")
    if not isinstance(value, str):
        raise UsageError(f"{place}: {key} is no string")
    if action.choices is not None and value not in action.choices:
        listed = ", ".join(map(str, action.choices))
        raise UsageError(f"{place}: {key} is {value!r}, not one of {listed}")
    if option == "arch" and value not in {*TARGETS, *ALIASES}:
        raise UsageError(f"{place}: {key}: no architecture {value!r}{_meant(value, TARGETS)}")
    return value


def _check_outputs(path: str, bindings: Iterable[Binding]) -> None:
    """Refuse two outputs at one place, or one inside another."""
    seen: dict[str, str] = {}
    for binding in bindings:
        output = os.path.normpath(os.path.join(binding.root, binding.output))
        for other, name in seen.items():
            if output == other or os.path.commonpath((output, other)) in (output, other):
                raise UsageError(f"{path}: {binding.name} and {name} have one output")
        seen[output] = binding.name

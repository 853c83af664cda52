"""The Jinja2 templates: how generated files are framed.

Templates lay out text and decide nothing; the bulk of a file (thousands of
records) is made in ``tables.py`` and ``stubs.py`` and handed over whole.
"""

from __future__ import annotations

import os
import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["render", "template_folder"]

_PLACEHOLDER = re.compile(r"\{\{ (\w+)(?:\.(\w+))? \}\}")


@cache
def template_folder() -> str:
    """Where the templates lie: in the package that a wheel installs, beside it in a checkout."""
    package = os.path.dirname(os.path.dirname(__file__))
    in_wheel = os.path.join(package, "templates")
    return in_wheel if os.path.isdir(in_wheel) else os.path.join(package, os.pardir, "templates")


@cache
def _environment(autoescape: bool) -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(template_folder()),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=autoescape,
        autoescape=autoescape,
    )


def render(template: str, **values: object) -> str:
    """The text of a template with these values.

    A template of nothing but placeholders is filled in here: importing Jinja2
    takes longer than reading a kernel's types.
    """
    with open(os.path.join(template_folder(), f"{template}.j2"), encoding="utf-8") as file:
        text = file.read()
    if "{%" in text or "{#" in text or "|" in "".join(re.findall(r"\{\{.*?\}\}", text)):
        # In Python names are escaped as literals before; HTML escapes all that it is given.
        return _environment(template.endswith(".html")).from_string(text).render(**values)

    def value(match: re.Match[str]) -> str:
        found = values[match[1]]
        return str(found[match[2]] if match[2] else found)  # type: ignore[index]

    return _PLACEHOLDER.sub(value, text)

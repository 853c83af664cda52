"""The Jinja2 templates: how generated files are framed.

Templates lay out text and decide nothing; the bulk of a file (thousands of
records) is made in ``tables.py`` and ``stubs.py`` and handed over whole.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["render"]


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    package = Path(__file__).parent.parent
    folder = package / "templates"  # in a wheel
    if not folder.is_dir():
        folder = package.parent / "templates"  # in a checkout
    return Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        autoescape=False,  # Python, not HTML; names are escaped as literals before
    )


def render(template: str, **values: object) -> str:
    """The text of a template with these values."""
    return _environment().get_template(f"{template}.j2").render(**values)

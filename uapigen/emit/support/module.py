"""Opens bindings that lie in one module."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .bindings import Bindings
from .install import install
from .tables import Tables


def open_module(namespace: dict[str, Any]) -> Callable[[str], Any]:
    """Open the single-file module that has this namespace."""
    facts = {
        "scalars": namespace["_SCALARS"],
        "aliases": namespace["_ALIASES"],
        "incomplete": namespace["_INCOMPLETE"],
        "function_tags": namespace["_FUNCTION_TAGS"],
    }
    tables = Tables(lambda table: str(namespace[f"_{table.upper()}"]))
    return install(
        Bindings(namespace["__abi__"], facts, tables, namespace["__name__"]), namespace
    )

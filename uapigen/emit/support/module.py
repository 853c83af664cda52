"""Opens bindings that lie in one module."""

from __future__ import annotations

from .bindings import Bindings
from .install import install
from .tables import Tables

TYPE_CHECKING = False  # typing itself takes longer to import than all of this
if TYPE_CHECKING:
    from typing import Any


def open_module(namespace: dict[str, Any]) -> None:
    """Open the single-file module that has this namespace."""
    facts = {
        "scalars": namespace["_SCALARS"],
        "aliases": namespace["_ALIASES"],
        "incomplete": namespace["_INCOMPLETE"],
        "function_tags": namespace["_FUNCTION_TAGS"],
    }
    tables = Tables(lambda table: str(namespace[f"_{table.upper()}"]))
    bindings = Bindings(namespace["__abi__"], facts, tables, namespace["__name__"])
    bindings.load_ops = lambda: exec(
        compile(
            namespace["_OPS_SUPPORT"], f"{namespace['__file__']}:_OPS_SUPPORT", "exec"
        ),
        globals(),
    )
    install(bindings, namespace)

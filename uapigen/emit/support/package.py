"""Opens bindings that lie in the files of a package."""

from __future__ import annotations

import os
from collections.abc import Callable

from .bindings import Bindings
from .install import install
from .tables import Tables

TYPE_CHECKING = False  # typing itself takes longer to import than all of this
if TYPE_CHECKING:
    from typing import Any


def open_package(namespace: dict[str, Any]) -> Callable[[str], Any]:
    """Open the package whose ``__init__`` has this namespace."""
    known = __import__(f"{namespace['__name__']}._facts", fromlist=["SCALARS"])
    loader = namespace["__spec__"].loader
    folder = os.path.dirname(namespace["__file__"])

    def load(table: str) -> str:
        data: bytes = loader.get_data(os.path.join(folder, f"{table}.py"))
        return data.decode()

    facts = {
        "scalars": known.SCALARS,
        "aliases": known.ALIASES,
        "incomplete": known.INCOMPLETE,
        "function_tags": known.FUNCTION_TAGS,
    }
    bindings = Bindings(
        namespace["__abi__"], facts, Tables(load), namespace["__name__"]
    )
    return install(bindings, namespace)


def names(namespace: dict[str, Any]) -> list[str]:
    """All names of a package that was not touched yet."""
    open_package(namespace)
    listing: list[str] = namespace["__dir__"]()
    return listing

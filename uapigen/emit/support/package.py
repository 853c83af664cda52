"""Opens bindings that lie in the files of a package."""

from __future__ import annotations

import os
from _thread import RLock

from .bindings import Bindings
from .install import install
from .tables import Tables

TYPE_CHECKING = False  # typing itself takes longer to import than all of this
if TYPE_CHECKING:
    from typing import Any


LOCK = RLock()


def open_package(namespace: dict[str, Any]) -> None:
    """Open the package whose ``__init__`` has this namespace, once."""
    with LOCK:
        if "ctype" not in namespace:
            install(bindings_of(namespace), namespace)


def bindings_of(namespace: dict[str, Any]) -> Bindings:
    """What the files beside a package's ``__init__`` say."""
    module = namespace["__name__"]
    known = __import__(f"{module}._facts", fromlist=["SCALARS"])
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
    return Bindings(namespace["__abi__"], facts, Tables(load), module)

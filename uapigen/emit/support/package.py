"""Opens bindings that lie in the files of a package."""

from __future__ import annotations

import os
from _thread import RLock

from .bindings import Bindings
from .install import install
from .tables import Tables

TYPE_CHECKING = False  # typing itself takes longer to import than all of this
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


LOCK = RLock()


class PackageBindings(Bindings):
    """Bindings of a package, whose interfaces are its module ``ops``."""

    def _opened_ops(self) -> Any:
        return __import__(f"{self.module}.ops", fromlist=["ops"])


def open_package(namespace: dict[str, Any]) -> None:
    """Open the package whose ``__init__`` has this namespace, once."""
    with LOCK:
        if "ctype" not in namespace:
            install(bindings_of(namespace), namespace)


def bindings_of(namespace: dict[str, Any]) -> Bindings:
    """What the files beside a package's ``__init__`` say."""
    facts, load = package_facts(namespace)
    return PackageBindings(
        namespace["__abi__"], facts, Tables(load), namespace["__name__"]
    )


def package_facts(
    namespace: dict[str, Any],
) -> tuple[dict[str, Any], Callable[[str], str]]:
    """The small tables of a package, and what reads a large one's text."""
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
    return facts, load

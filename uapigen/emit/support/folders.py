"""Packages whose modules are imported when they are touched."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # typing itself takes longer to import than all of this
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def open_folder(namespace: dict[str, Any]) -> None:
    """Let a package show what lies in it: ``_MODULES``."""
    install_modules(namespace, namespace["_MODULES"], missing, lambda: list(namespace))


def missing(_: str) -> Any:
    return NotImplemented


def install_modules(
    namespace: dict[str, Any],
    modules: Any,
    lookup: Callable[[str], Any],
    listing: Callable[[], list[str]],
) -> None:
    """Look names up by ``lookup`` first, then among the modules."""
    package = namespace["__name__"]

    def found(name: str) -> Any:
        if name in namespace:  # since the first touch, which this may be
            return namespace[name]
        made = lookup(name)
        if made is not NotImplemented:
            return made
        if name in modules:
            __import__(f"{package}.{name}")
            return sys.modules[f"{package}.{name}"]
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    namespace["__getattr__"] = found
    namespace["__dir__"] = lambda: sorted({*listing(), *modules})


def open_root(namespace: dict[str, Any]) -> None:
    """Open the package at the top: its modules, and ``ctype`` over all of them."""
    from .ioctls import ioctl
    from .tables import Text, evaluated, literal
    from .values import asdict, flexible

    package = namespace["__name__"]
    loader, folder = namespace["__spec__"].loader, namespace["__path__"][0]

    about = __import__(f"{package}._abi", fromlist=["ABI"]).ABI

    def load() -> str:
        data: bytes = loader.get_data(os.path.join(folder, "_index.py"))
        return data.decode()

    index = Text(load, '\n    "', '": ')

    def ctype(spelling: str) -> Any:
        """The type of an exact C spelling: ``struct foo``, ``__u64``.

        Raises LookupError for one that no module has, or that several
        modules have each for itself.
        """
        source = index.find(literal(spelling))
        if source is None:
            raise LookupError(f"{spelling!r} is not among these bindings")
        module = evaluated(source)
        if isinstance(module, tuple):
            listed = ", ".join(f"{package}.{name}" for name in module)
            raise LookupError(f"{spelling} differs between {listed}: ask one")
        name = f"{package}.{module}"
        if name not in sys.modules:
            __import__(name)
        return sys.modules[name].ctype(spelling)

    api = {
        "__abi__": about,
        "ctype": ctype,
        "asdict": asdict,
        "flexible": flexible,
        "ioctl": ioctl,
    }
    namespace.update(api)
    install_modules(namespace, namespace["_MODULES"], missing, lambda: list(namespace))

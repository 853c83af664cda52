"""Puts bindings behind a module's ``__getattr__``."""

from __future__ import annotations

from .bindings import Bindings
from .values import asdict, flexible

TYPE_CHECKING = False  # typing itself takes longer to import than all of this
if TYPE_CHECKING:
    from typing import Any


DATA = ("functions", "variables")


def install(bindings: Bindings, namespace: dict[str, Any], **more: Any) -> None:
    """Make a module's namespace look names up in ``bindings``, and hold ``more``."""

    data = (*DATA, "ops") if bindings.has_ops else DATA

    def lookup(name: str) -> Any:
        if name in namespace:
            return namespace[name]
        if name == "__all__":
            return bindings.clear_names()
        if name in data:
            found = getattr(bindings, name)
        else:
            found = bindings.lookup(name)
        if name[:1] != "_" or "__" not in name[2:]:  # not one that a class body mangled
            namespace[name] = found
            bindings.shown.add(name)
        return found

    def listing() -> list[str]:
        return sorted({*namespace, *data, *bindings.names()})

    api = {
        "ctype": bindings.ctype,
        "asdict": asdict,
        "flexible": flexible,
        **more,
    }
    bindings.shown.update(api)
    namespace.update(api, __getattr__=lookup, __dir__=listing)

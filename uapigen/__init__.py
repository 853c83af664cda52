"""uapigen: Python bindings that match the Linux kernel's ABI byte for byte.

:func:`load` gives a source's types without files, and holds classes written by
hand against them. What is exported here is imported when first asked for, so
that importing uapigen costs nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing itself takes longer to import than all of this
if TYPE_CHECKING:
    from uapigen import btf
    from uapigen.errors import (
        InputError,
        LayoutError,
        NotFoundError,
        SystemRefusalError,
        UapigenError,
        UsageError,
        ValidationError,
    )
    from uapigen.headers.parse import ParsedType, parse_type
    from uapigen.memory import Loaded, load

__all__ = [
    "InputError",
    "LayoutError",
    "Loaded",
    "NotFoundError",
    "ParsedType",
    "SystemRefusalError",
    "UapigenError",
    "UsageError",
    "ValidationError",
    "__version__",
    "btf",
    "load",
    "parse_type",
]

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    if name == "btf":
        return import_module("uapigen.btf")
    if name in ("ParsedType", "parse_type"):
        home = "uapigen.headers.parse"
    else:
        home = "uapigen.errors" if name.endswith("Error") else "uapigen.memory"
    found: object = getattr(import_module(home), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""BTF: read from whatever it comes in, and written."""

from __future__ import annotations

TYPE_CHECKING = False  # typing itself takes longer to import than all of this
if TYPE_CHECKING:
    from uapigen.btf.encoding import EncodedBtf, encode

__all__ = ["EncodedBtf", "encode"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from uapigen.btf import encoding

    found: object = getattr(encoding, name)
    globals()[name] = found
    return found

"""The numpy dtypes of structs and unions."""

from __future__ import annotations

import ctypes

from .members import Opaque

TYPE_CHECKING = False  # typing itself takes longer to import than all of this
if TYPE_CHECKING:
    from typing import Any


def dtype_of(cls: Any) -> Any:
    """The dtype with the same bytes.

    Bitfields are read as the bytes they lie in, ``_bits_<offset of the first>``,
    unless other members of a union lie there already.
    """
    import numpy

    names, formats, offsets = [], [], []
    bits: set[int] = set()
    covered: set[int] = set()
    for name, storage, offset, wrap in cls._leaves_:
        if storage is None:
            bits |= set(range(offset // 8, (offset + wrap[1] + 7) // 8))
            continue
        names.append(name)
        formats.append(format_of(storage))
        offsets.append(offset)
        covered |= set(range(offset, offset + ctypes.sizeof(storage)))
    bits -= covered
    for first in sorted(byte for byte in bits if byte - 1 not in bits):
        stop = next(byte for byte in range(first, max(bits) + 2) if byte not in bits)
        names.append(f"_bits_{first}")
        formats.append(numpy.dtype((numpy.uint8, (stop - first,))))
        offsets.append(first)
    whole: Any = {"names": names, "formats": formats, "offsets": offsets}
    whole["itemsize"] = ctypes.sizeof(cls)
    return numpy.dtype(whole)


def format_of(storage: Any) -> Any:
    """The dtype of a member's storage."""
    import numpy

    if hasattr(storage, "_leaves_"):
        return dtype_of(storage)
    shape: tuple[int, ...] = ()
    while issubclass(storage, ctypes.Array):
        shape += (storage._length_,)
        storage = storage._type_
    if shape:
        return numpy.dtype((format_of(storage), shape))
    if issubclass(storage, Opaque):
        return numpy.dtype((numpy.void, ctypes.sizeof(storage)))
    return numpy.dtype(storage)

"""What all checks share: the bindings, the expectations, and where findings go."""

from __future__ import annotations

import struct
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Context", "Sample", "describe"]

API = frozenset(["ctype", "functions", "variables", "asdict", "flexible", "ioctl"])
FLOAT_CODES = {2: "e", 4: "f", 8: "d"}
Sample = tuple[bytes, object]


def describe(error: BaseException) -> str:
    """An exception in one short line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]


class Context:
    def __init__(self, bindings: Any, expected: dict[str, Any], say: Callable[..., None]) -> None:
        self.bindings, self.expected, self.say = bindings, expected, say
        self.byteorder: Any = expected["abi"]["byteorder"]
        self.shapes: list[list[Any]] = expected["shapes"]
        self.counts: dict[str, int] = {}
        self._of_the_module = {*vars(bindings), *dir(type(bindings))}
        self._samples: dict[tuple[Any, ...], Sample | None] = {}

    def takes(self, name: str) -> bool:
        """Whether a bare name is the module's own; ``ctype()`` still finds types called so."""
        dunder = name[:2] == name[-2:] == "__"
        return name in API or dunder or (name[:1] == "_" and name in self._of_the_module)

    def differs(self, where: str, what: str) -> None:
        self.say("differs", f"{where}: {what}")

    def counted(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1

    @contextmanager
    def looking_at(self, where: str) -> Iterator[None]:
        """Whatever goes wrong inside is a difference of ``where``."""
        try:
            yield
        except Exception as error:  # noqa: BLE001  # tampered bindings raise anything
            self.differs(where, f"cannot be looked at: {describe(error)}")

    def sample(self, shape: list[Any]) -> Sample | None:
        """(bytes, the value they stand for) of a number; None for what cannot be told.

        The topmost bit is set, so that signed and unsigned differ, and no two
        bytes are alike.
        """
        key = tuple(shape[:3])
        if key not in self._samples:
            self._samples[key] = self._make_sample(*key)
        return self._samples[key]

    def _make_sample(self, kind: str, byte_size: int, signed: object = False) -> Sample | None:
        if kind == "float":
            code = FLOAT_CODES.get(byte_size)
            prefix = ">" if self.byteorder == "big" else "<"
            return (struct.pack(prefix + code, -1.5), -1.5) if code else None
        if kind == "bool":
            return b"\1", True
        if kind == "char":
            return b"\x81", b"\x81"
        number = int.from_bytes(bytes(range(0x81, 0x81 + byte_size)), "big")
        raw = number.to_bytes(byte_size, self.byteorder)
        is_signed = kind == "int" and signed is True
        return raw, int.from_bytes(raw, self.byteorder, signed=is_signed)

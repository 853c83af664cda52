"""What an inode of memfs holds, in plain Python: a file's sparse bytes, a directory's entries."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["Entries", "SparseBytes", "pages"]

BLOCK = 1 << 20
"""Bytes that lie in one piece, at most."""
PAGE = 4096


def pages(size: int) -> int:
    """Pages that so many bytes take."""
    return -(-size // PAGE)


class SparseBytes:
    """Bytes of which only those are kept that were written; between them there are zeros.

    ``charge`` is told by how many pages more (or less) are kept, and raises if there are none.
    """

    __slots__ = ("blocks", "charge")

    def __init__(self, charge: Callable[[int], None]) -> None:
        self.blocks: dict[int, bytearray] = {}
        """Each up to the last byte written to it."""
        self.charge = charge

    def parts(self, start: int, end: int) -> Iterator[tuple[memoryview, int]]:
        """What lies there: (bytes, how many zeros come after them), one block after another."""
        while start < end:
            number, at = divmod(start, BLOCK)
            size = min(BLOCK - at, end - start)
            part = memoryview(self.blocks.get(number, b""))[at : at + size]
            yield part, size - len(part)
            start += size

    def store(self, start: int, data: memoryview) -> None:
        """Put bytes somewhere."""
        while data:
            number, at = divmod(start, BLOCK)
            part = data[: BLOCK - at]
            block = self._up_to(number, at, at + len(part))
            inside = min(len(block) - at, len(part))
            if inside:
                memoryview(block)[at : at + inside] = part[:inside]
            block += part[inside:]
            data, start = data[len(part) :], start + len(part)

    def reserve(self, start: int, end: int) -> None:
        """See to it that writing there needs no more room."""
        while start < end:
            number, at = divmod(start, BLOCK)
            size = min(BLOCK - at, end - start)
            self._up_to(number, at + size, at + size)
            start += size

    def _up_to(self, number: int, size: int, charged: int) -> bytearray:
        """A block of at least that size, in which there is room for so many bytes."""
        block = self.blocks.get(number)
        old = 0 if block is None else len(block)
        if charged > old:
            self.charge(pages(charged) - pages(old))
        if block is None:
            block = self.blocks[number] = bytearray()
        if size > old:
            block.extend(bytes(size - old))
        return block

    def zero(self, start: int, end: int) -> None:
        """Let there be zeros, which take no room where a block has nothing else."""
        for number in [n for n in self.blocks if start < (n + 1) * BLOCK and n * BLOCK < end]:
            block, first = self.blocks[number], max(start - number * BLOCK, 0)
            last = end - number * BLOCK
            if last < len(block):
                block[first:last] = bytes(last - first)
            elif first < len(block):
                self.charge(pages(first) - pages(len(block)))
                del block[first:]
                if not block:
                    del self.blocks[number]

    def seek(self, start: int, end: int, *, data: bool) -> int:
        """The next place, before ``end``, where there are bytes (or none); else ``end``."""
        while start < end:
            number, at = divmod(start, BLOCK)
            kept = len(self.blocks.get(number, b""))
            if (at < kept) == data:
                return start
            start = number * BLOCK + (BLOCK if data else kept)
        return end


class Entries:
    """Names and what they lead to, each at a position that it keeps."""

    FIRST = 2
    """The positions before are those of ``.`` and ``..``."""
    __slots__ = ("end", "found", "names", "order")

    def __init__(self) -> None:
        self.found: dict[bytes, tuple[int, Any]] = {}
        self.names: dict[int, bytes] = {}
        self.order: list[int] = []
        """Positions, those that are no more among them."""
        self.end = self.FIRST

    def __len__(self) -> int:
        return len(self.found)

    def get(self, name: bytes) -> Any:
        """What the name leads to, or None."""
        return self.found.get(name, (0, None))[1]

    def add(self, name: bytes, thing: Any) -> None:
        self.found[name] = self.end, thing
        self.names[self.end] = name
        self.order.append(self.end)
        self.end += 1

    def replace(self, name: bytes, thing: Any) -> None:
        """Let an entry lead to something else."""
        self.found[name] = self.found[name][0], thing

    def remove(self, name: bytes) -> None:
        del self.names[self.found.pop(name)[0]]
        if len(self.order) > 2 * len(self.names) + 64:
            self.order = list(self.names)

    def after(self, position: int, end: int) -> Iterator[tuple[int, bytes, Any]]:
        """(position, name, thing) of the entries from one position up to another."""
        order = self.order
        for at in range(bisect.bisect_left(order, position), bisect.bisect_left(order, end)):
            name = self.names.get(order[at])
            if name is not None:
                yield order[at], name, self.found[name][1]

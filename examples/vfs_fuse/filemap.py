"""What files hold: an inode's pages, with the functions of mm/filemap.c and mm/truncate.c.

Those that were written are kept, up to a mebibyte of them in one piece; where there are none there
are zeros. Positions are bytes. An inode's ``charge`` hears how many pages more or less it has.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

from objects import PAGE, Inode

__all__ = [
    "filemap_alloc", "filemap_parts", "filemap_store", "mapping_seek_hole_data",
    "truncate_inode_pages_final", "truncate_inode_pages_range", "truncate_setsize",
]  # fmt: skip

PIECE = 1 << 20
END = 1 << 63


def filemap_parts(inode: Inode, start: int, end: int) -> Iterator[tuple[memoryview, int]]:
    """What lies there: (bytes, how many zeros come after them), one piece after another."""
    while start < end:
        number, at = divmod(start, PIECE)
        size = min(PIECE - at, end - start)
        part = memoryview(inode.pages.get(number, b""))[at : at + size]
        yield part, size - len(part)
        start += size


def filemap_store(inode: Inode, start: int, data: memoryview) -> None:
    """Put bytes somewhere."""
    while data:
        number, at = divmod(start, PIECE)
        part = data[: PIECE - at]
        piece = _up_to(inode, number, at, at + len(part))
        inside = min(len(piece) - at, len(part))
        if inside:
            memoryview(piece)[at : at + inside] = part[:inside]
        piece += part[inside:]
        data, start = data[len(part) :], start + len(part)


def filemap_alloc(inode: Inode, start: int, end: int) -> None:
    """See to it that writing there needs no more pages (shmem_fallocate)."""
    while start < end:
        number, at = divmod(start, PIECE)
        size = min(PIECE - at, end - start)
        _up_to(inode, number, at + size, at + size)
        start += size


def _up_to(inode: Inode, number: int, size: int, charged: int) -> bytearray:
    """A piece of at least that size, in which there is room for so many bytes."""
    piece = inode.pages.get(number)
    old = 0 if piece is None else len(piece)
    if charged > old:
        inode.charge(_pages(charged) - _pages(old))
    if piece is None:
        piece = inode.pages[number] = bytearray()
    if size > old:
        piece.extend(bytes(size - old))
    return piece


def truncate_inode_pages_range(inode: Inode, start: int, end: int) -> None:
    """Let there be zeros, which take no pages where a piece has nothing else."""
    pages = inode.pages
    for number in [n for n in pages if start < (n + 1) * PIECE and n * PIECE < end]:
        piece, first = pages[number], max(start - number * PIECE, 0)
        last = end - number * PIECE
        if last < len(piece):
            piece[first:last] = bytes(last - first)
        elif first < len(piece):
            inode.charge(_pages(first) - _pages(len(piece)))
            del piece[first:]
            if not piece:
                del pages[number]


def truncate_setsize(inode: Inode, size: int) -> None:
    """Another size, with zeros from it on."""
    if inode.pages:
        truncate_inode_pages_range(inode, size, END)
    inode.i_size = size


def truncate_inode_pages_final(inode: Inode) -> None:
    """The end of the inode's pages; ``evict_inode`` has to call it."""
    if inode.pages:
        truncate_inode_pages_range(inode, 0, END)


def mapping_seek_hole_data(inode: Inode, start: int, end: int, whence: int) -> int:
    """The next place before ``end`` with pages (SEEK_DATA) or without (SEEK_HOLE).

    There is a hole at the end. Raises OSError (ENXIO) from the end on, and where no data follow.
    """
    pages, found, data = inode.pages, start, whence == os.SEEK_DATA
    if data:
        spans = ((number * PIECE, len(piece)) for number, piece in pages.items())
        found = min((max(at, start) for at, size in spans if at + size > start), default=end)
    else:
        while found % PIECE < len(piece := pages.get(found // PIECE, b"")):
            found += len(piece) - found % PIECE
    if start >= end or (data and found >= end):
        raise OSError(errno.ENXIO, os.strerror(errno.ENXIO))
    return min(found, end)


def _pages(size: int) -> int:
    """Pages that so many bytes take."""
    return -(-size // PAGE)

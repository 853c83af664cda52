"""What counts what: the parameter of a syscall that says how long another's buffer is.

Prototypes do not say it; the kernel's names of parameters do, and a few names of calls.
"""

from __future__ import annotations

import itertools

TYPE_CHECKING = False  # typing itself takes longer to import than all of this
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .syscalls import Param

BYTE_COUNTS = {
    "addr_len",
    "addrlen",
    "buflen",
    "bufsiz",
    "bufsize",
    "bytecount",
    "count",
    "len",
    "msg_len",
    "msgsz",
    "optlen",
    "plen",
    "rseq_len",
    "size",
    "usize",
}
"""Integers that count the bytes of the buffer before them, by the kernel's names."""
ELEMENT_COUNTS = {
    "liovcnt",
    "maxevents",
    "nfds",
    "nr_futexes",
    "nr_mnt_ids",
    "nr_ns_ids",
    "nr_segs",
    "nsops",
    "riovcnt",
    "vlen",
}
"""Integers that count what the pointer before them points to."""
COUNTS_BEFORE = {"gidsetsize", "nr", "nr_segments"}
"""Integers that count what the pointer behind them points to."""
SIZES_BEFORE = {"sched_getaffinity", "sched_setaffinity"}
"""Calls whose buffer comes behind the integer that counts its bytes."""
PAIRS = {
    "futimesat",
    "pipe",
    "pipe2",
    "socketpair",
    "utimensat",
    "utimensat_time64",
    "utimes",
}
"""Calls whose last pointer points to two of what its type says."""


def is_buffer(param: Param) -> bool:
    """Whether it points to bytes or to a struct: not to an offset (sendfile)."""
    words = param.c_type.replace("*", " ").split()
    bytes_or_struct = {"void", "char", "struct", "union", "u8", "__u8"}
    return param.kind == "p" and not bytes_or_struct.isdisjoint(words)


def find_counts(name: str, params: Sequence[Param]) -> None:
    """Note which parameters of a call count what others point to."""
    for first, second in itertools.pairwise(params):
        if (first.kind == "p") == (second.kind == "p"):
            continue
        pointer, count = (first, second) if first.kind == "p" else (second, first)
        counts = ""
        if count is second:
            if count.name in BYTE_COUNTS and is_buffer(pointer):
                counts = "bytes"
            elif count.name in ELEMENT_COUNTS:
                counts = "elements"
        elif name in SIZES_BEFORE:
            counts = "bytes"
        elif count.name in COUNTS_BEFORE:
            counts = "elements"
        if counts:
            pointer.counted_by, pointer.counts = count, counts
    pointers = [param for param in params if param.kind == "p"]
    if name in PAIRS and pointers:
        pointers[-1].extent = 2

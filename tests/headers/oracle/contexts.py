"""What has to stand before a header so that gcc takes it."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["AFTER", "contexts"]

AFTER = ("stddef.h", "#ifndef _IO", "linux/ioctl.h", "#endif")
"""Behind every header: half of the ioctl macros are in headers that include neither."""

# In the order tried. What the C library has in common with the kernel comes late: its sigset_t is
# larger, and after netinet/in.h linux/in.h is silent.
_PREREQUISITES = (
    ("stddef.h",),
    ("stdint.h",),
    ("linux/types.h",),
    ("linux/time.h",),
    ("asm/signal.h", "asm/sigcontext.h"),
    ("sys/types.h",),
    ("sys/socket.h",),
    ("time.h",),
    ("signal.h",),
    ("linux/if.h",),
    ("netinet/in.h",),
    ("stddef.h", "stdint.h", "sys/types.h", "sys/socket.h", "time.h", "netinet/in.h"),
    # BSD's names of types, but the kernel's timeval
    ("linux/time.h", "#define __timeval_defined 1", "sys/types.h"),
)

# Headers that refuse by #error to be included by others than these
_INCLUDED_BY = {"linux/patchkey.h": "linux/soundcard.h"}


def contexts(header: str) -> Iterator[tuple[str, ...]]:
    """What to include in order to have a header, the most promising first."""
    if header in _INCLUDED_BY:
        yield (_INCLUDED_BY[header],)
        return
    yield (header,)
    for names in _PREREQUISITES:
        yield (*names, header)

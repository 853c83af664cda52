"""What has to stand before a header so that gcc takes it."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["AFTER", "contexts"]

AFTER = ("stddef.h", "linux/ioctl.h")
"""Behind every header: half of the ioctl macros are in headers that include neither."""

# In the order tried, first each alone, then all up to each. What the C library has in common with
# the kernel comes late: its sigset_t is larger, and after netinet/in.h linux/in.h is silent.
_PREREQUISITES = (
    "stddef.h",
    "stdint.h",
    "linux/types.h",
    "asm/signal.h",
    "sys/types.h",
    "sys/socket.h",
    "linux/time.h",
    "time.h",
    "signal.h",
    "linux/if.h",
    "netinet/in.h",
    "asm/sigcontext.h",
    "xen/interface/xen.h",
)

# Headers that refuse by #error to be included by others than these
_INCLUDED_BY = {"linux/patchkey.h": "linux/soundcard.h"}


def contexts(header: str) -> Iterator[tuple[str, ...]]:
    """What to include in order to have a header, the most promising first."""
    if header in _INCLUDED_BY:
        yield (_INCLUDED_BY[header],)
        return
    yield (header,)
    for name in _PREREQUISITES:
        yield (name, header)
    for count in range(2, len(_PREREQUISITES) + 1):
        yield (*_PREREQUISITES[:count], header)

"""What names and prototypes promise: reserved members, counting enumerators, versioned types.

uapi has no attribute for any of this. The criteria are documented in docs/diff.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from uapigen.compare.facts import Slot

__all__ = ["Conventions", "is_mask_grown", "is_sentinel", "is_version"]

_RESERVED = re.compile(
    r"_*(?:android_\w+_|rh_|\w*kabi_)?"
    r"(?:reserved|resv|rsvd|rsv|pad|padding|unused|spare|filler|hole|mbz|must_be_zero)"
    r"(?:_?\d+|_at_[0-9a-fx]+|_?[a-z])?_*|_+align",
    re.ASCII | re.IGNORECASE,
)
_SENTINEL = re.compile(
    r"(?:__)?(?:\w+_)?(?:MAX|LAST|COUNT|CNT|NUM|END|NR|NBITS|MAX_ID|NUM_\w+)_*"
    r"|_*(?:NR|NUM|MAX)_\w+|NSIG[A-Z]+|_*\w+_(?:MAX|NR|NUM|CNT)_\w+",
    re.ASCII | re.IGNORECASE,
)
_VERSION = re.compile(r"(?:\w+_)?(?:SUB)?VERSION(?:_\w+)?", re.ASCII)
_MASK = re.compile(
    r"\w+_(?:MASK|ALL|FLAGS|FEATURES|VALID|SUPPORTED|(?:\w+_)?IOCTLS(?:_\w+)?)", re.ASCII
)
_RESERVED_BITS = re.compile(r"(?:\w+_)?RESERVED(?:_\w+)?", re.ASCII)
_SIZE_NAMES = frozenset({"size", "argsz", "sz", "usize", "struct_size"})
_TOLD_OTHERWISE = frozenset(
    f"struct {name}"
    for name in (
        # getsockopt() and setsockopt() take a length, and these any (net/ipv4/tcp.c,
        # net/mptcp/sockopt.c, net/xdp/xsk.c).
        "tcp_info", "tcp_zerocopy_receive", "mptcp_info",
        "xdp_statistics", "xdp_mmap_offsets", "xdp_umem_reg",
        # States its version, and comes with its length (kernel/taskstats.c).
        "taskstats",
    )
)  # fmt: skip
"""Types whose user says how much of them it knows, which no declaration tells."""
_SIZE_WITHIN_BITS = 64
"""A size member lies in the first eight bytes: what reads it knows no more of the struct."""


def is_sentinel(name: str) -> bool:
    """Whether an enumerator or macro counts others: it is meant to change when one is added."""
    return _SENTINEL.fullmatch(name) is not None


def is_version(name: str) -> bool:
    """Whether a macro states a version: it is meant to change."""
    return _VERSION.fullmatch(name) is not None


def is_mask_grown(name: str, before: int, after: int) -> bool:
    """Whether a constant of all known flags has got more, or one of reserved bits fewer."""
    known, reserved = _MASK.fullmatch(name), _RESERVED_BITS.fullmatch(name)
    kept = before & after
    return (bool(known) and kept == before) or (bool(reserved) and kept == after)


@dataclass
class Conventions:
    """The criteria, with what a policy file adds to them."""

    reserved: Sequence[str] = ()
    """Globs over members' names."""
    versioned: Sequence[str] = ()
    """Globs over types' spellings."""
    sized_arguments: Callable[[], Collection[str]] = field(default=frozenset)
    """Spellings of the types that a syscall takes together with their size."""

    def is_reserved(self, name: str) -> bool:
        """Whether a member is there to be used later."""
        if any(fnmatchcase(name, pattern) for pattern in self.reserved):
            return True
        return _RESERVED.fullmatch(name) is not None

    def is_versioned(self, spelling: str, slots: Sequence[Slot]) -> bool:
        """Whether a type may grow: it says its own size, or is passed with it.

        It says so by an unsigned 32-bit member called ``size``, ``argsz`` or the like
        in its first eight bytes. Few are known by name.
        """
        if any(fnmatchcase(spelling, pattern) for pattern in self.versioned):
            return True
        for slot in slots:
            if slot.bit_offset >= _SIZE_WITHIN_BITS:
                break
            if slot.name in _SIZE_NAMES and slot.bit_size == 32 and not slot.groups:
                return True
        return spelling in _TOLD_OTHERWISE or spelling in self.sized_arguments()

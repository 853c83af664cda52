"""For which reasons something may be missing that gcc has: what a C programmer would accept."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["ACCEPTED", "REFUSED", "is_allowed"]

ACCEPTED: tuple[tuple[str, str, str], ...] = (
    (
        "inline calls",
        r"has statements that do not return.*",
        "a switch, a loop or an assignment is no expression",
    ),
    (
        "calls",
        r"makes a name out of the spelling of \w+",
        "a Python function gets values; there is no text to put ## between",
    ),
    (
        "calls",
        r"takes any number of arguments",
        "what ... stands for goes into an initialiser, whose size is asked for",
    ),
)
"""Category, a pattern of the whole reason, and why that is no fault of the bindings."""

REFUSED = {
    "linux/kfd_ioctl.h": "includes drm/drm.h, which Debian's package for x86-64 does not have",
    "xen/evtchn.h": "needs domid_t, which only Xen's own headers define",
    "xen/gntdev.h": "needs grant_ref_t, which only Xen's own headers define",
    "xen/privcmd.h": "includes xen/interface/xen.h, which is Xen's own",
}
"""Headers about which gcc cannot be asked in any context."""


def is_allowed(verdict: dict[str, Any]) -> bool:
    """Whether what a verdict calls missing has a reason in the report, and one of these."""
    reason = verdict["reason"]
    return reason is not None and any(
        verdict["category"] == category and re.fullmatch(pattern, reason, re.DOTALL)
        for category, pattern, _ in ACCEPTED
    )

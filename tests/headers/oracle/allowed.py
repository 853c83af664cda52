"""For which reasons something may be missing that gcc has: what a C programmer would accept."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["ACCEPTED", "is_allowed"]

ACCEPTED: tuple[tuple[str, str, str], ...] = ()
"""Categories, a pattern of the whole reason, and why that is no fault of the bindings."""


def is_allowed(verdict: dict[str, Any]) -> bool:
    """Whether what a verdict calls missing has a reason in the report, and one of these."""
    reason = verdict["reason"]
    return reason is not None and any(
        verdict["category"] in categories.split() and re.fullmatch(pattern, reason, re.DOTALL)
        for categories, pattern, _ in ACCEPTED
    )

"""Why a macro is left out."""

from __future__ import annotations

__all__ = ["NotAnExpression"]


class NotAnExpression(Exception):  # noqa: N818 - a verdict on one macro, not a failure of a run
    """A macro that is no expression, or one that Python cannot compute as C does.

    The message is the reason as the report gives it: a half sentence about the
    macro (``assigns``, ``uses foo, which is not defined``).
    """

"""What constants of enums are, over all enums."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, compress, count
from operator import ne

from uapigen.ir.columns import Enums

__all__ = ["enumerators"]


def enumerators(enums: Enums, spellings: Sequence[str]) -> dict[str, int | tuple[str, ...]]:
    """Constant -> value, or the spellings of the enums that differ about it.

    In the order in which they come first.
    """
    _, _, counts, names, values = enums
    found: dict[str, int | tuple[str, ...]] = dict.fromkeys(names, 0)
    # With the first of several values.
    found.update(zip(reversed(names), reversed(values), strict=True))
    if len(found) < len(names):
        differing = set(compress(names, map(ne, map(found.__getitem__, names), values)))
        owners: dict[str, list[str]] = {name: [] for name in differing}
        stops = list(accumulate(counts))
        for at in compress(count(), map(differing.__contains__, names)):
            owners[names[at]].append(spellings[bisect_right(stops, at)])
        found.update((name, tuple(listed)) for name, listed in owners.items())
    return found

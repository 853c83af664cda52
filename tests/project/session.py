"""Runs the ``>>>`` examples in a text as doctest does, but numbers may differ.

    session.py TEXT

A README shows what one kernel said; another one, or another moment, gives other sizes, offsets
and ports. What is compared is everything but the digits. Prints what differs; exits 1 then.
"""

from __future__ import annotations

import doctest
import re
import sys
from pathlib import Path

NUMBER = re.compile(r"\b0x[0-9a-f]+\b|\d+")


class AnyNumber(doctest.OutputChecker):
    """Compares texts with their numbers left out."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        return super().check_output(NUMBER.sub("#", want), NUMBER.sub("#", got), optionflags)


def main(path: str) -> int:
    sys.path.insert(0, "")
    text = Path(path).read_text("utf-8")
    test = doctest.DocTestParser().get_doctest(text, {"__name__": "session"}, path, path, 0)
    flags = doctest.ELLIPSIS | doctest.REPORT_NDIFF
    result = doctest.DocTestRunner(AnyNumber(), optionflags=flags).run(test)
    return 1 if result.failed or not result.attempted else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

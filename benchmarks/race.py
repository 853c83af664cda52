"""Process against process, taking turns, so that a machine that is busy is so for all of them."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["MEGABYTE", "ROOT", "UAPIGEN", "Contestant", "race", "table"]

ROOT = Path(__file__).resolve().parents[1]
UAPIGEN = (sys.executable, "-m", "uapigen")
MEGABYTE = 1 << 20


@dataclass
class Contestant:
    """A command to time. ``prepare`` runs before each turn, outside of the time."""

    name: str
    command: Sequence[str]
    stdout: str = os.devnull
    env: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[], None] = lambda: None
    limit: str = ""
    seconds: list[float] = field(default_factory=list)
    processor_seconds: list[float] = field(default_factory=list)  # with those it waited for
    peak_rss: int = 0  # bytes, of the largest of its processes

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def turn(self) -> None:
        self.prepare()
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **self.env}
        with open(self.stdout, "wb") as out:
            start = time.perf_counter()
            process = subprocess.Popen(
                self.command, stdout=out, stderr=subprocess.DEVNULL, env=environment
            )
            _, status, usage = os.wait4(process.pid, 0)
            self.seconds.append(time.perf_counter() - start)
        self.processor_seconds.append(usage.ru_utime + usage.ru_stime)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{self.name}: exit {process.returncode}: {' '.join(self.command)}")
        self.peak_rss = max(self.peak_rss, usage.ru_maxrss * 1024)


def race(contestants: Sequence[Contestant], rounds: int) -> None:
    """Let all take ``rounds`` turns, after one that does not count."""
    for number in range(rounds + 1):
        for contestant in contestants:
            contestant.turn()
            if not number:
                contestant.seconds.clear()


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under a title, the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    print(f"\n{title}\n")
    for row in (head, ["-" * width for width in widths], *rows):
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        print("  ".join(cells).rstrip())

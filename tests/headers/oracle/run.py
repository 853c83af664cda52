"""One target, from its headers to a tally: ask gcc, generate, compare, in two processes each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from .allowed import REFUSED, is_allowed
from .answers import Answers, ask_about
from .targets import Header, Target

__all__ = ["Tally", "ask_all", "check", "hold_against"]

ROOT = Path(__file__).parents[3]
COMPARER = Path(__file__).with_name("compare.py")
PROCESSES = 2
_SHOWN = 12  # faults of each category


@dataclass
class Tally:
    """How bindings stand against gcc."""

    right: Counter[str] = field(default_factory=Counter)
    wrong: list[dict[str, Any]] = field(default_factory=list)
    missing: list[dict[str, Any]] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    """Headers that gcc does not take, with its error."""

    def faults(self) -> dict[str, list[str]]:
        """By category, a line for each that is wrong, or missing without an accepted reason."""
        faults: dict[str, list[str]] = {}
        for verdict in [*self.wrong, *self.missing]:
            if verdict["wrong"]:
                told = "; ".join(verdict["wrong"][:3])
            elif is_allowed(verdict):
                continue
            else:
                reason = verdict["reason"]
                told = f"{verdict['missing']}; "
                told += f"the report says {reason!r}" if reason else "the report is silent"
            line = f"{verdict['header']}: {verdict['name']}: {told}"
            faults.setdefault(verdict["category"], []).append(line)
        for header, failure in self.refused.items():
            if header not in REFUSED:
                faults.setdefault("headers that gcc refuses", []).append(f"{header}: {failure}")
        return faults

    def table(self) -> str:
        """A line a category."""
        rows = [("", "right", "wrong", "missing, accepted", "missing, not accepted")]
        wrong = Counter(verdict["category"] for verdict in self.wrong)
        accepted = Counter(v["category"] for v in self.missing if is_allowed(v))
        unaccepted = Counter(v["category"] for v in self.missing if not is_allowed(v))
        for category in sorted({*self.right, *wrong, *accepted, *unaccepted}):
            columns = (self.right, wrong, accepted, unaccepted)
            rows.append((category, *(str(column[category]) for column in columns)))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return "\n".join(
            "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
            for row in rows
        )

    def __str__(self) -> str:
        lines = [self.table()]
        for category, faults in self.faults().items():
            lines += ["", f"{category}:", *faults[:_SHOWN]]
            if len(faults) > _SHOWN:
                lines.append(f"... and {len(faults) - _SHOWN} more")
        return "\n".join(lines)


def ask_all(target: Target, headers: Sequence[Header], directory: Path) -> list[Answers]:
    """gcc's answers about all these headers; in `directory` are the files of the last ones."""
    if len(headers) < 4 * PROCESSES:
        return [_ask_in(target, directory, header) for header in headers]
    with ProcessPoolExecutor(PROCESSES) as pool:
        return list(pool.map(partial(_ask_in, target, directory), headers, chunksize=4))


def _ask_in(target: Target, directory: Path, header: Header) -> Answers:
    own = directory / f"probe-{os.getpid()}"
    own.mkdir(exist_ok=True)
    try:
        return ask_about(target, header, own)
    except Exception as error:
        error.add_note(f"{header.path} for {target.arch}")
        raise


def check(
    target: Target,
    headers: Sequence[Header],
    directory: Path,
    *,
    out: str = "uapi",
    python: str = sys.executable,
) -> Tally:
    """Ask gcc, generate bindings of the same headers, and compare.

    `out` ends in ".py" for a single file; `python` is who imports the bindings.
    """
    answers = ask_all(target, headers, directory)
    bindings, report = directory / out, directory / "report.json"
    paths = [header.path for header in headers]
    options = ["--arch", target.arch, "--keep-going", "--quiet", "--report", report]
    _run([sys.executable, "-m", "uapigen", *paths, "-o", bindings, *options])
    return hold_against(bindings, answers, report, directory, python)


def hold_against(
    bindings: Path,
    answers: Sequence[Answers],
    report: Path,
    directory: Path,
    python: str = sys.executable,
) -> Tally:
    """Compare in fresh interpreters, each with its share of the headers."""
    known = [one for one in answers if not one["failure"]]
    processes = []
    for number in range(min(PROCESSES, len(known))):
        share = directory / f"answers-{number}.json"
        share.write_text(json.dumps(known[number::PROCESSES]), encoding="utf-8")
        command = [python, "-B", COMPARER, bindings, share, report]
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE))
    tally = Tally(refused={one["header"]: one["failure"] for one in answers if one["failure"]})
    for process in processes:
        output, _ = process.communicate()
        assert process.returncode == 0, f"{COMPARER.name}: exit {process.returncode}"
        for verdict in json.loads(output):
            if verdict["wrong"]:
                tally.wrong.append(verdict)
            elif verdict["missing"]:
                tally.missing.append(verdict)
            else:
                tally.right[verdict["category"]] += 1
    return tally


def _run(command: Sequence[str | Path]) -> None:
    python_path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": python_path},
    )
    if done.returncode:
        raise AssertionError(f"exit {done.returncode}\n{done.stdout}{done.stderr}")

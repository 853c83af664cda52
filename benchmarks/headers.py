"""What generating from the kernel's headers costs, beside ctypesgen doing the same.

ctypesgen is fetched by pip into an environment that is thrown away afterwards. It reads one header
a run, and each header gives a module of its own; uapigen writes all of them as one package.
"""

from __future__ import annotations

import argparse
import glob
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile
import venv
from collections.abc import Sequence
from pathlib import Path

from race import MEGABYTE, UAPIGEN, Contestant, race, table

__all__ = ["bench_headers"]

HEADERS = "/usr/include/linux/*.h"
SINGLE = "/usr/include/linux/bpf.h"
CTYPESGEN = "ctypesgen==1.1.1"
EVERY = 16  # of the headers that a quick run lets ctypesgen read


def bench_headers(work: Path, rounds: int, *, whole: bool) -> None:
    """One header as a file; all of linux/*.h as a package beside ctypesgen, whole or sampled."""
    paths = sorted(glob.glob(HEADERS))
    ctypesgen = _install(work)
    if not Path(SINGLE).exists() or ctypesgen is None:
        why = "ctypesgen cannot be installed" if paths else f"no {HEADERS}"
        print(f"\nheaders: left out: {why}")
        return
    _single(work, rounds, ctypesgen)
    _all(work, ctypesgen, paths, whole=whole)


def _install(work: Path) -> Path | None:
    """The program, in a new environment below `work`; None where pip does not get it."""
    directory = work / "ctypesgen"
    venv.create(directory, with_pip=True)
    pip = (directory / "bin" / "python", "-m", "pip", "install", "--quiet", CTYPESGEN)
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    return None if done.returncode else directory / "bin" / "ctypesgen"


def _single(work: Path, rounds: int, ctypesgen: Path) -> None:
    name = Path(SINGLE).name
    contestants = [
        Contestant(
            f"uapigen {name} -o bpf.py",
            (*UAPIGEN, SINGLE, "-o", str(work / "bpf.py"), "--quiet"),
            limit="400",
        ),
        Contestant(f"ctypesgen {name}", (str(ctypesgen), SINGLE, "-o", str(work / "theirs.py"))),
    ]
    race(contestants, rounds)
    table(
        "A header as one file, with its stub (ctypesgen's is without)",
        ["one header", "ms", "best", "limit", "RSS MB"],
        [
            [
                c.name,
                f"{c.median * 1e3:.0f}",
                f"{min(c.seconds) * 1e3:.0f}",
                c.limit,
                f"{c.peak_rss / MEGABYTE:.0f}",
            ]
            for c in contestants
        ],
    )


def _all(work: Path, ctypesgen: Path, paths: Sequence[str], *, whole: bool) -> None:
    """uapigen takes a turn before and after ctypesgen, whose one turn takes minutes."""
    given = paths if whole else paths[::EVERY]
    theirs = work / "theirs"
    theirs.mkdir()
    ours = Contestant(
        f"uapigen linux/*.h -o uapi/ ({len(paths)} headers)",
        (*UAPIGEN, *paths, "-o", str(work / "uapi"), "--keep-going", "--quiet"),
        limit="0.10",
    )
    name = f"ctypesgen, header by header ({len(given)} headers)"
    peer = Contestant(name, ("sh", "-c", _loop(ctypesgen, given, theirs)))
    ours.turn()
    peer.turn()
    ours.turn()
    scale = len(paths) / len(given)
    theirs_seconds = peer.median * scale
    theirs_processor = statistics.median(peer.processor_seconds) * scale
    processor = statistics.median(ours.processor_seconds)
    rows = [
        [
            ours.name,
            f"{ours.median:.1f}",
            f"{ours.median / theirs_seconds:.3f}",
            ours.limit,
            f"{processor:.1f}",
            f"{processor / theirs_processor:.3f}",
        ],
        [name, f"{peer.median:.1f}", "", "", f"{theirs_processor / scale:.1f}", ""],
    ]
    if not whole:
        at_that_pace = f"... of all {len(paths)}, at that pace"
        rows.append([at_that_pace, f"{theirs_seconds:.1f}", "", "", f"{theirs_processor:.1f}", ""])
    head = ["all headers", "s", "x ctypesgen", "limit", "processor s", "x ctypesgen"]
    table("All headers of a directory; on a busy machine processor time tells more", head, rows)
    written = sum(1 for _ in theirs.glob("*.py"))
    print(f"\nctypesgen wrote {written} of {len(given)} modules")


def _loop(ctypesgen: Path, paths: Sequence[str], out: Path) -> str:
    """A shell's command that goes on where ctypesgen fails."""
    commands = (
        shlex.join([str(ctypesgen), path, "-o", str(out / f"{Path(path).stem}.py")])
        for path in paths
    )
    return "; ".join([*commands, "true"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7, help="turns for each (default: 7)")
    parser.add_argument(
        "--whole",
        action="store_true",
        help=f"let ctypesgen read all headers, which takes minutes, not every {EVERY}th",
    )
    options = parser.parse_args()
    print(f"{platform.platform()}, CPython {sys.version.split()[0]}")
    with tempfile.TemporaryDirectory() as name:
        bench_headers(Path(name), options.rounds, whole=options.whole)


if __name__ == "__main__":
    main()
